-- owner: insight.recommend
-- Trained models: files kept in kernel.files, one of each kind active.
CREATE TABLE model (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,
    file       text NOT NULL,
    facts      jsonb NOT NULL,  -- what it was trained on and how it did
    active     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX model_active ON model (kind) WHERE active;

-- owner: insight.pages
-- A product keeps this place on the home page of all stores.
CREATE TABLE pin (
    merchant_id uuid NOT NULL REFERENCES merchant,
    position    smallint NOT NULL CHECK (position BETWEEN 0 AND 19),  -- rules.MAX_PINS
    product_id  uuid NOT NULL,
    PRIMARY KEY (merchant_id, position),
    UNIQUE (merchant_id, product_id),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE
);
-- The home page takes a few pins, from a place on this circle of merchants that depends on the person.
CREATE INDEX pin_circle ON pin (md5(merchant_id::text), position);
CALL guard('pin');

-- A merchant's store page as it is being written; what shoppers see is a version of it.
CREATE TABLE store_page (
    merchant_id uuid PRIMARY KEY REFERENCES merchant,
    draft       jsonb NOT NULL  -- insight.pages.definition.PageDefinition
);
CALL guard('store_page');

-- What was published or is to be: never changed but in its state.
CREATE TABLE store_page_version (
    merchant_id uuid NOT NULL REFERENCES store_page ON DELETE CASCADE,
    version     int NOT NULL CHECK (version > 0),
    state       text NOT NULL CHECK (state IN ('scheduled', 'live', 'past', 'withdrawn')),
    definition  jsonb NOT NULL,
    publish_at  timestamptz NOT NULL,
    written_by  text NOT NULL,
    PRIMARY KEY (merchant_id, version)
);
CREATE UNIQUE INDEX store_page_live ON store_page_version (merchant_id) WHERE state = 'live';
CREATE UNIQUE INDEX store_page_scheduled ON store_page_version (merchant_id) WHERE state = 'scheduled';
CREATE INDEX store_page_due ON store_page_version (publish_at) WHERE state = 'scheduled';
CALL guard('store_page_version');

-- owner: insight.attribution
-- Which post an order is credited to.
CREATE TABLE attribution (
    order_id    uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    post_id     uuid NOT NULL,
    rule        text NOT NULL,  -- in-post: bought from the post; last-touch: the last post touched within the window
    amount      bigint NOT NULL,
    touched_at  timestamptz NOT NULL,
    ordered_at  timestamptz NOT NULL
);
CREATE INDEX attribution_post ON attribution (merchant_id, post_id);
CREATE INDEX attribution_of_post ON attribution (post_id);  -- of accounts that are no merchant's
CALL guard('attribution', 'SELECT');
INSERT INTO subscription (kind, entrypoint) VALUES ('purchase', 'attribution.attribute');

-- The credited orders, as reports count them.
CREATE VIEW credited_order WITH (security_invoker = true) AS
    SELECT order_id, merchant_id, post_id, amount, ordered_at FROM attribution;
GRANT SELECT ON credited_order TO unwall_merchant;

-- What sold today, and in any other span of time.
CREATE INDEX sales_order_placed ON sales_order (merchant_id, placed_at);

-- owner: insight.reports
-- What was done with each post on each local day of its merchant (of a member's: of UTC), counted from the journal.
CREATE TABLE post_day (
    post_id       uuid NOT NULL,
    day           date NOT NULL,
    merchant_id   uuid,
    impressions   bigint NOT NULL DEFAULT 0,
    opens         bigint NOT NULL DEFAULT 0,
    dwells        bigint NOT NULL DEFAULT 0,  -- impressions whose length was told
    dwell_seconds double precision NOT NULL DEFAULT 0,
    plays         bigint NOT NULL DEFAULT 0,  -- of its videos
    completions   bigint NOT NULL DEFAULT 0,  -- plays that were watched to the end
    product_opens bigint NOT NULL DEFAULT 0,
    adds          bigint NOT NULL DEFAULT 0,
    likes         bigint NOT NULL DEFAULT 0,
    shares        bigint NOT NULL DEFAULT 0,
    saves         bigint NOT NULL DEFAULT 0,
    comments      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (post_id, day)
);
CREATE INDEX post_day_merchant ON post_day (merchant_id, day);
CALL guard('post_day', 'SELECT');

-- Who saw or opened a post on which day: a member, or a browser that is not signed in.
CREATE TABLE post_viewer (
    post_id     uuid NOT NULL,
    day         date NOT NULL,
    person_id   uuid NOT NULL,
    merchant_id uuid,
    PRIMARY KEY (post_id, day, person_id)
);
CREATE INDEX post_viewer_merchant ON post_viewer (merchant_id, day);
CALL guard('post_viewer', 'SELECT');

-- How far the journal is counted: every event that arrived before, and none that arrived since.
CREATE TABLE report_progress (
    report  text PRIMARY KEY,
    arrival bigint NOT NULL,
    at      timestamptz NOT NULL
);
GRANT SELECT ON report_progress TO unwall_merchant;

-- owner: insight.profiles
-- What is known of a member at one merchant, worked out from orders and the journal each night and after each purchase. A
-- merchant never sees what a member does elsewhere; who does not want to be profiled has no row.
CREATE TABLE profile (
    merchant_id               uuid NOT NULL REFERENCES merchant,
    member_id                 uuid NOT NULL REFERENCES member ON DELETE CASCADE,
    lifecycle                 text NOT NULL
        CHECK (lifecycle IN ('prospect', 'new', 'active', 'loyal', 'cooling', 'dormant', 'won-back')),
    first_order_at            timestamptz,
    last_order_at             timestamptz,
    orders                    int NOT NULL CHECK (orders >= 0),
    spent                     bigint NOT NULL,  -- minor units of the merchant's currency, as average_order
    average_order             bigint NOT NULL,
    price_band                text CHECK (price_band IN ('low', 'middle', 'high')),
    favourite_node_id         uuid,
    favourite_hour            smallint CHECK (favourite_hour BETWEEN 0 AND 23),  -- in the merchant's time zone
    follows                   int NOT NULL CHECK (follows >= 0),
    last_seen_at              timestamptz,
    alive_probability         double precision CHECK (alive_probability BETWEEN 0 AND 1),
    next_purchase_probability double precision CHECK (next_purchase_probability BETWEEN 0 AND 1),
    tastes                    jsonb NOT NULL DEFAULT '{}',  -- {category id: share}; the shares add up to 1
    interests                 jsonb NOT NULL DEFAULT '{}',  -- {category id: weight} of what was done beside buying, at computed_at
    computed_at               timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, member_id),
    CHECK ((orders = 0) = (last_order_at IS NULL) AND (orders = 0) = (first_order_at IS NULL))
);
CREATE INDEX profile_member ON profile (member_id);
CALL guard('profile', 'SELECT');

INSERT INTO subscription (kind, entrypoint) VALUES ('purchase', 'profiles.refresh'), ('counter-sale', 'profiles.refresh');

-- What a merchant's profiles were worked out with: the fitted parameters and what others pay (insight.profiles.values.Measures).
CREATE TABLE profile_measures (
    merchant_id uuid PRIMARY KEY REFERENCES merchant,
    measures    jsonb NOT NULL,
    computed_at timestamptz NOT NULL
);
CALL guard('profile_measures', 'SELECT');

-- What lists of members say of each.
CREATE VIEW profile_line WITH (security_invoker = true) AS
    SELECT merchant_id, member_id, lifecycle, orders, spent, last_order_at FROM profile;
GRANT SELECT ON profile_line TO unwall_merchant;

-- owner: insight.segments
-- Groups of a merchant's members. `people` are those of `counted_version` by the profiles and on the day of `counted_from`.
CREATE TABLE segment (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchant,
    name            text NOT NULL CHECK (name <> ''),
    definition      jsonb NOT NULL,  -- insight.segments.values.Definition
    version         int NOT NULL DEFAULT 1 CHECK (version > 0),
    archived        boolean NOT NULL DEFAULT false,
    changed_at      timestamptz NOT NULL,
    people          int CHECK (people >= 0),
    counted_at      timestamptz,
    counted_version int,
    counted_from    text,
    UNIQUE (id, merchant_id)
);
CREATE INDEX segment_merchant ON segment (merchant_id, id DESC);
CALL guard('segment');

CREATE TABLE segment_version (
    segment_id  uuid NOT NULL,
    version     int NOT NULL,
    merchant_id uuid NOT NULL,
    name        text NOT NULL,
    definition  jsonb NOT NULL,
    archived    boolean NOT NULL,
    saved_by    text NOT NULL,
    saved_at    timestamptz NOT NULL,
    PRIMARY KEY (segment_id, version),
    FOREIGN KEY (segment_id, merchant_id) REFERENCES segment (id, merchant_id) ON DELETE CASCADE
);
CALL guard('segment_version', 'SELECT, INSERT');

-- Who is in which segment, as it was counted last.
CREATE TABLE segment_member (
    segment_id  uuid NOT NULL,
    member_id   uuid NOT NULL REFERENCES member ON DELETE CASCADE,
    merchant_id uuid NOT NULL,
    PRIMARY KEY (segment_id, member_id),
    FOREIGN KEY (segment_id, merchant_id) REFERENCES segment (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX segment_member_member ON segment_member (member_id, merchant_id);
CALL guard('segment_member', 'SELECT');
