-- The journal: what happened, append-only, one partition a day of `at`. A desk reads only its own merchant's entries.
CREATE TABLE journal (
    id          uuid NOT NULL,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    merchant_id uuid,
    visitor_id  uuid,
    member_id   uuid,
    session_id  uuid,
    account_id  uuid,
    post_id     uuid,
    product_id  uuid,
    variant_id  uuid,
    order_id    uuid,
    node_id     uuid,
    page        text,
    slot        smallint,
    policy      text,
    propensity  real,
    quantity    int,
    amount      bigint,  -- minor units of the merchant's currency
    body        jsonb,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX journal_merchant ON journal (merchant_id, kind, at) WHERE kind <> 'impression';
-- Which posts a person touched lately, for attribution.
CREATE INDEX journal_visitor_post ON journal (visitor_id, at) WHERE post_id IS NOT NULL AND kind <> 'impression';
CREATE INDEX journal_member_post ON journal (member_id, at) WHERE post_id IS NOT NULL AND kind <> 'impression';
CALL guard('journal', 'SELECT, INSERT');

-- What each person touched last, one row a product: the page reads this instead of a partition for every day.
-- person_id is the member where known, else the visitor.
CREATE TABLE trail (
    person_id  uuid NOT NULL,
    product_id uuid NOT NULL,
    kind       text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (person_id, product_id)
);

-- Who wants to hear of which kind of fact: the job is enqueued in the transaction that records the fact.
CREATE TABLE subscription (
    kind       text NOT NULL,
    entrypoint text NOT NULL,
    PRIMARY KEY (kind, entrypoint)
);

-- Days written to Parquet, and how many rows went there.
CREATE TABLE journal_export (
    day         date PRIMARY KEY,
    rows        bigint NOT NULL,
    file        text NOT NULL,
    exported_at timestamptz NOT NULL DEFAULT now()
);
