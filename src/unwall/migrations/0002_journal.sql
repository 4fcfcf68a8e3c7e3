-- owner: journal
-- The journal: what happened, append-only, one partition a day of `at`. A confined connection reads only its own merchant's events.
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
    arrival     bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,  -- the transaction that stored it
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX journal_arrival ON journal USING brin (arrival) WITH (autosummarize = on);
CREATE INDEX journal_merchant ON journal (merchant_id, kind, at) WHERE kind <> 'impression';
CALL guard('journal', 'SELECT, INSERT');

-- Make the partitions of these days (UTC) where they are missing, for all who write to the journal. A partition is
-- attached rather than created in place, so that writers of other days need not wait for it.
CREATE FUNCTION ensure_journal_days(days date[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    name text;
    day date;
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(days) d WHERE to_regclass(to_char(d, '"public.journal_"YYYYMMDD')) IS NULL) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('journal partitions'));
    FOREACH day IN ARRAY days LOOP
        name := to_char(day, '"journal_"YYYYMMDD');
        -- Another writer may have made it while this one waited, which to_regclass would not see: its answers are cached
        -- until a lock is taken, and an advisory lock is none of those.
        IF NOT EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
            EXECUTE format('CREATE TABLE public.%I (LIKE public.journal INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE public.journal ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                name, day || ' 00:00+00', (day + 1) || ' 00:00+00');
        END IF;
    END LOOP;
END $$;

-- What each person touched, one row a product: when last, and the strongest kind ever. The page reads this
-- instead of a partition for every day. person_id is the member where known, else the visitor.
CREATE TABLE trail (
    person_id  uuid NOT NULL,
    product_id uuid NOT NULL,
    kind       text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (person_id, product_id)
);

-- When each person touched which post: what orders are attributed by. Rows older than the attribution window are deleted.
CREATE TABLE touch (
    person_id   uuid NOT NULL,
    at          timestamptz NOT NULL,
    post_id     uuid NOT NULL,
    merchant_id uuid,  -- whose product, post or account the event is about
    PRIMARY KEY (person_id, at, post_id)
);
CREATE INDEX touch_at ON touch USING brin (at);

-- For all who write to the journal; a confined connection reads neither trails nor touches. `products` are rows of trail, each person and
-- product once; `posts` are rows of touch. Both come in the order of their keys, so that writers lock the rows
-- in the same order. A confined connection may only write of its own merchant's products (the catalogue's trigger
-- `own_products_only`) and posts.
CREATE FUNCTION record_touches(products jsonb, posts jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF current_merchant() IS NOT NULL AND EXISTS (SELECT FROM jsonb_populate_recordset(NULL::touch, posts) t
        WHERE t.merchant_id IS DISTINCT FROM current_merchant())
    THEN
        RAISE EXCEPTION 'a touch of another merchant''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO trail AS old SELECT * FROM jsonb_populate_recordset(NULL::trail, products)
    ON CONFLICT (person_id, product_id) DO UPDATE SET at = greatest(old.at, excluded.at), kind = CASE
        WHEN array_position('{view,click,add-to-cart,purchase}', excluded.kind)
           > array_position('{view,click,add-to-cart,purchase}', old.kind) THEN excluded.kind ELSE old.kind END;
    INSERT INTO touch SELECT * FROM jsonb_populate_recordset(NULL::touch, posts) ON CONFLICT DO NOTHING;
END $$;

-- The two tables above, as other packages read them.
CREATE VIEW person_trail WITH (security_invoker = true) AS SELECT person_id, product_id, kind, at FROM trail;
CREATE VIEW person_touch WITH (security_invoker = true) AS SELECT person_id, at, post_id, merchant_id FROM touch;

-- What people did with what they were shown. The condition is that of the index journal_merchant.
CREATE VIEW behaviour WITH (security_invoker = true) AS
    SELECT id, at, kind, merchant_id, visitor_id, member_id, session_id, account_id, post_id, product_id
    FROM journal WHERE kind <> 'impression';
GRANT SELECT ON behaviour TO unwall_merchant;

-- What was done about posts, for those who count events in the order in which they arrived, each once.
CREATE VIEW arrived_event WITH (security_invoker = true) AS
    SELECT arrival, at, kind, visitor_id, member_id, post_id, product_id, (body ->> 'seconds')::float8 AS seconds,
        (body ->> 'quartile')::int AS quartile
    FROM journal WHERE post_id IS NOT NULL;

-- What people did with posts, also that they were shown them. The index finds an hour of a day.
CREATE INDEX journal_at ON journal USING brin (at) WITH (pages_per_range = 32);
CREATE VIEW post_event WITH (security_invoker = true) AS
    SELECT at, kind, post_id, product_id, (body ->> 'seconds')::real AS seconds FROM journal WHERE post_id IS NOT NULL;

-- Which entry points get a job for which kind of fact: the job is enqueued in the transaction that records the fact.
CREATE TABLE subscription (
    kind       text NOT NULL,
    entrypoint text NOT NULL,
    PRIMARY KEY (kind, entrypoint)
);
GRANT SELECT ON subscription TO unwall_merchant;

-- What an event has before anything is known of it: for jsonb_populate_recordset.
CREATE FUNCTION arriving_event() RETURNS journal LANGUAGE sql STABLE AS
    $$ SELECT jsonb_populate_record(NULL::journal, jsonb_build_object('arrival', pg_current_xact_id()::text)) $$;

-- Everything that recording facts takes, in one statement: the days, the rows, the touches. Returns each row that was new
-- with each entry point that subscribes to its kind (NULL where there is none).
CREATE FUNCTION record_events(events jsonb, products jsonb, posts jsonb) RETURNS TABLE (id uuid, entrypoint text)
    LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM ensure_journal_days(ARRAY(
        SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM jsonb_to_recordset(events) e (at timestamptz) ORDER BY 1));
    PERFORM record_touches(products, posts);
    RETURN QUERY
        WITH new AS (
            INSERT INTO journal SELECT * FROM jsonb_populate_recordset(arriving_event(), events)
            ON CONFLICT DO NOTHING RETURNING id, kind
        )
        SELECT new.id, s.entrypoint FROM new LEFT JOIN subscription s USING (kind);
END $$;

-- Days of the journal written to Parquet. A day has one part while its partition is there; what comes after the partition
-- was dropped becomes the next part.
CREATE TABLE journal_export (
    day         date NOT NULL,
    part        int NOT NULL,
    rows        bigint NOT NULL,
    file        text NOT NULL,  -- relative to the export's folder
    checksum    text NOT NULL,  -- over the rows, in the order of (at, id)
    exported_at timestamptz NOT NULL DEFAULT now(),
    dropped_at  timestamptz,  -- when the partition was dropped; the file alone holds these rows since
    PRIMARY KEY (day, part)
);
CREATE UNIQUE INDEX journal_export_open ON journal_export (day) WHERE dropped_at IS NULL;
