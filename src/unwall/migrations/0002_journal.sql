-- owner: journal
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

-- Make the partitions of these days (UTC) where they are missing, for whoever writes to the journal. A partition is
-- attached rather than created in place, so that writers of other days need not wait for it.
CREATE FUNCTION ensure_journal_days(days date[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    missing CONSTANT text := 'SELECT d FROM unnest($1) d WHERE NOT EXISTS (SELECT FROM pg_class'
        ' WHERE relname = to_char(d, ''"journal_"YYYYMMDD'') AND relnamespace = ''public''::regnamespace) ORDER BY d';
    day date;
BEGIN
    EXECUTE missing INTO day USING days;
    IF day IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('journal partitions'));
    FOR day IN EXECUTE missing USING days LOOP  -- asked again: another writer may have made them meanwhile
        EXECUTE format('CREATE TABLE public.%I (LIKE public.journal INCLUDING ALL)', to_char(day, '"journal_"YYYYMMDD'));
        EXECUTE format('ALTER TABLE public.journal ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            to_char(day, '"journal_"YYYYMMDD'), day || ' 00:00+00', (day + 1) || ' 00:00+00');
    END LOOP;
END $$;

-- What each person touched, one row a product: when last, and the strongest thing ever done to it. The page reads this
-- instead of a partition for every day. person_id is the member where known, else the visitor.
CREATE TABLE trail (
    person_id  uuid NOT NULL,
    product_id uuid NOT NULL,
    kind       text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (person_id, product_id)
);

-- For whoever writes to the journal; no desk reads trails. The arrays name each (person, product) once, in order, so
-- that writers who meet take the rows in the same order.
CREATE FUNCTION lay_trail(persons uuid[], products uuid[], kinds text[], times timestamptz[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO trail AS old (person_id, product_id, kind, at) SELECT * FROM unnest(persons, products, kinds, times)
    ON CONFLICT (person_id, product_id) DO UPDATE SET at = greatest(old.at, excluded.at), kind = CASE
        WHEN array_position('{view,click,add-to-cart,purchase}', excluded.kind)
           > array_position('{view,click,add-to-cart,purchase}', old.kind) THEN excluded.kind ELSE old.kind END
$$;

-- Who wants to hear of which kind of fact: the job is enqueued in the transaction that records the fact.
CREATE TABLE subscription (
    kind       text NOT NULL,
    entrypoint text NOT NULL,
    PRIMARY KEY (kind, entrypoint)
);
GRANT SELECT ON subscription TO unwall_desk;

-- Days written to Parquet, and how many rows went there.
CREATE TABLE journal_export (
    day         date PRIMARY KEY,
    rows        bigint NOT NULL,
    file        text NOT NULL,
    exported_at timestamptz NOT NULL DEFAULT now()
);
