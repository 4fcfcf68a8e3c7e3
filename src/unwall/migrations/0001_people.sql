-- The role of every console, counter and API-key request. Row-level security confines it to the merchant named in
-- unwall.merchant_id; without a name it sees nothing.
DO $$ BEGIN
    CREATE ROLE unwall_merchant NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('GRANT unwall_merchant TO %I', current_user);
END $$;
GRANT USAGE ON SCHEMA public TO unwall_merchant;

CREATE FUNCTION current_merchant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT nullif(current_setting('unwall.merchant_id', true), '')::uuid $$;

-- Called by each migration for each merchant-owned table: the one place that says how a table is guarded.
CREATE PROCEDURE guard(guarded regclass, may text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('CREATE POLICY own_merchant ON %s TO unwall_merchant USING (merchant_id = (SELECT current_merchant()))'
        ' WITH CHECK (merchant_id = (SELECT current_merchant()))', guarded);
    EXECUTE format('GRANT %s ON %s TO unwall_merchant', may, guarded);
END $$;

-- The one way to read a translated text: the field of a row in the language, else (also where it is empty) the fallback,
-- which is the row's own column. `translations` is {"zh": {"title": "..."}}; with a key {"zh": {"alts": {"0": "..."}}}.
-- Each is a single expression, so that the planner puts it in place of the call.
CREATE FUNCTION translated(translations jsonb, lang text, field text, fallback text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(translations #>> ARRAY[lang, field], ''), fallback) $$;
CREATE FUNCTION translated(translations jsonb, lang text, field text, key text, fallback text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(translations #>> ARRAY[lang, field, key], ''), fallback) $$;
-- A product's option names, option values and descriptions of pictures: {"zh": {"words": {"Colour": "颜色"}}}.
CREATE FUNCTION translated_words(translations jsonb, lang text, words text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$ SELECT coalesce(array_agg(translated(translations, lang, 'words', word, word) ORDER BY place), '{}')
       FROM unnest(words) WITH ORDINALITY AS list (word, place) $$;

-- Processes keep some rows in memory (unwall.kernel.row_cache). `CALL notify_changes('variant', 'product', 'product_id')`
-- has each change of the table told to them, in the transaction that makes it: channel `changes`, payload `product:ID`.
-- Where `columns` are given, updates that do not set them are not told.
CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('changes', TG_ARGV[0] || ':' || (to_jsonb(OLD) ->> TG_ARGV[1]));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_notify('changes', TG_ARGV[0] || ':' || (to_jsonb(NEW) ->> TG_ARGV[1]));
    END IF;
    RETURN NULL;
END $$;
CREATE PROCEDURE notify_changes(source regclass, kind text, id_column text, columns text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER notify_change AFTER INSERT OR DELETE OR UPDATE %s ON %s FOR EACH ROW'
        ' EXECUTE FUNCTION notify_change(%L, %L)', 'OF ' || columns, source, kind, id_column);
END $$;

-- owner: people
CREATE TABLE merchant (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
    name         text NOT NULL CHECK (name <> ''),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    timezone     text NOT NULL,
    country      text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),  -- where it sells first; '': not said
    locale       text NOT NULL DEFAULT 'en',
    translations jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"name": "..."}}
    tagging      text NOT NULL DEFAULT 'collaborators' CHECK (tagging IN ('everybody', 'collaborators', 'nobody')),
    created_at   timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE merchant ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_merchant ON merchant TO unwall_merchant USING (id = (SELECT current_merchant()));
GRANT SELECT, UPDATE ON merchant TO unwall_merchant;
CALL notify_changes('merchant', 'merchant', 'id');

-- Who may tag a merchant's products. Confined transactions may ask it of every merchant, whose rows they cannot read.
CREATE FUNCTION merchant_tagging(merchant uuid) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$ SELECT tagging FROM merchant m WHERE m.id = $1 $$;

-- Shoppers belong to no merchant: one member may buy from all of them. Merchants see them only through their orders.
CREATE TABLE member (
    id            uuid PRIMARY KEY,
    email         text UNIQUE CHECK (email = lower(email)),
    name          text NOT NULL,
    password_hash text,
    locale        text NOT NULL DEFAULT 'en',
    place         jsonb,  -- that they chose last: label, latitude, longitude
    profiled      boolean NOT NULL DEFAULT true,  -- whether stores may keep a profile of what they do there
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- Where a member has parcels sent. A merchant sees the addresses of its orders only.
CREATE TABLE member_address (
    id        uuid PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member,
    name      text NOT NULL,
    phone     text NOT NULL,
    address   jsonb NOT NULL,  -- kernel.addresses.Address
    preferred boolean NOT NULL DEFAULT false,
    used_at   timestamptz NOT NULL  -- when it was written or ordered to last
);
CREATE INDEX member_address_member ON member_address (member_id, used_at DESC);
CREATE UNIQUE INDEX member_address_preferred ON member_address (member_id) WHERE preferred;

CREATE TABLE visitor (
    id         uuid PRIMARY KEY,
    member_id  uuid REFERENCES member,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX visitor_member ON visitor (member_id) WHERE member_id IS NOT NULL;

-- What a merchant calls a member: a customer number of a till or of an imported file.
CREATE TABLE member_code (
    merchant_id uuid NOT NULL REFERENCES merchant,
    code        text NOT NULL,
    member_id   uuid NOT NULL REFERENCES member,
    PRIMARY KEY (merchant_id, code)
);
CREATE INDEX member_code_member ON member_code (member_id);
CALL guard('member_code', 'SELECT');

CREATE TABLE staff (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchant,
    email         text NOT NULL UNIQUE CHECK (email = lower(email)),
    name          text NOT NULL,
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('owner', 'editor', 'analyst', 'stock', 'node')),
    node_id       uuid,  -- the warehouse or shop of node staff
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((role = 'node') = (node_id IS NOT NULL))
);
CREATE INDEX staff_merchant ON staff (merchant_id);
CALL guard('staff');

CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    audience   text NOT NULL CHECK (audience IN ('member', 'staff')),
    person_id  uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expiry ON session (expires_at);

-- Where people have signed in from: others who guess their password do not keep them out there.
CREATE TABLE known_network (
    audience  text NOT NULL CHECK (audience IN ('member', 'staff')),
    person_id uuid NOT NULL,
    network   text NOT NULL,
    seen_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (audience, person_id, network)
);
CREATE INDEX known_network_age ON known_network (seen_at);

-- A new password, and taking or giving back access, end every session of the person, whoever does it and how.
CREATE FUNCTION end_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    DELETE FROM session WHERE audience = TG_ARGV[0] AND person_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER UPDATE OF password_hash ON member FOR EACH ROW
    WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash) EXECUTE FUNCTION end_sessions('member');
CREATE TRIGGER end_sessions AFTER UPDATE OF password_hash, active ON staff FOR EACH ROW
    WHEN (OLD.password_hash IS DISTINCT FROM NEW.password_hash OR OLD.active <> NEW.active)
    EXECUTE FUNCTION end_sessions('staff');

CREATE TABLE attempt (
    subject text NOT NULL,  -- what is counted, such as member:E-MAIL NETWORK, member@NETWORK, card:VISITOR, pickup:STAFF
    at      timestamptz NOT NULL
);
CREATE INDEX attempt_subject ON attempt (subject, at);

-- Count one attempt of each subject, unless one of them has used up its limit; the attempts that each had before.
CREATE FUNCTION count_attempts(subjects text[], limits int[], moment timestamptz, since timestamptz)
RETURNS TABLE (name text, attempts bigint, oldest timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(s, 0)) FROM (SELECT unnest(subjects) AS s ORDER BY 1) AS sorted;
    RETURN QUERY SELECT a.subject, count(*), min(a.at) FROM attempt a
        WHERE a.subject = ANY(subjects) AND a.at > since GROUP BY a.subject;
    IF NOT EXISTS (SELECT FROM unnest(subjects, limits) AS l (subject, allowed)
        WHERE (SELECT count(*) FROM attempt a WHERE a.subject = l.subject AND a.at > since) >= l.allowed) THEN
        INSERT INTO attempt (subject, at) SELECT unnest(subjects), moment;
    END IF;
END $$;

-- As count_attempts for each of `wanted`, rows of (id, subjects, limits, moment) in their order: since when the refused
-- ones have to wait, NULL for the others.
CREATE FUNCTION count_each_attempt(wanted jsonb, period interval) RETURNS TABLE (id uuid, refused_since timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(s, 0)) FROM (
        SELECT DISTINCT unnest(subjects) AS s FROM jsonb_to_recordset(wanted) AS w (subjects text[]) ORDER BY 1
    ) AS sorted;
    RETURN QUERY
        WITH asked AS (
            SELECT w.id, l.subject, l.allowed, w.moment, row_number() OVER (PARTITION BY l.subject ORDER BY w.n) AS nth
            FROM ROWS FROM (jsonb_to_recordset(wanted) AS (id uuid, subjects text[], limits int[], moment timestamptz))
                WITH ORDINALITY AS w (id, subjects, limits, moment, n),
                unnest(w.subjects, w.limits) AS l (subject, allowed)
        ), judged AS (
            SELECT k.id, max(coalesce(b.oldest, k.moment)) FILTER (WHERE b.attempts + k.nth > k.allowed) AS since
            FROM asked k, LATERAL (SELECT count(*) AS attempts, min(a.at) AS oldest FROM attempt a
                WHERE a.subject = k.subject AND a.at > k.moment - period) AS b GROUP BY k.id
        ), counted AS (
            INSERT INTO attempt (subject, at) SELECT k.subject, k.moment FROM asked k JOIN judged j USING (id)
            WHERE j.since IS NULL
        )
        SELECT j.id, j.since FROM judged j;
END $$;

CREATE TABLE api_key (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchant,
    name         text NOT NULL,
    secret_hash  bytea NOT NULL UNIQUE,
    hint         text NOT NULL,  -- the first characters, to tell keys apart in a list
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz
);
CREATE INDEX api_key_merchant ON api_key (merchant_id);
CALL guard('api_key');

-- Views that other packages read: what they may know of a package's rows. Each asks with the rights of who asks it
-- (security_invoker), and is simple enough to be planned as part of the statement that reads it.
CREATE VIEW merchant_profile WITH (security_invoker = true) AS
    SELECT id, slug, name, translations, currency, timezone, country FROM merchant;
GRANT SELECT ON merchant_profile TO unwall_merchant;

-- The visitors that are known to be a member.
CREATE VIEW member_visitor WITH (security_invoker = true) AS
    SELECT member_id, id AS visitor_id FROM visitor WHERE member_id IS NOT NULL;

-- The numbers by which merchants know their customers.
CREATE VIEW customer_number WITH (security_invoker = true) AS SELECT merchant_id, code, member_id FROM member_code;
GRANT SELECT ON customer_number TO unwall_merchant;

-- The members of whom profiles may be kept.
CREATE VIEW profiled_member WITH (security_invoker = true) AS SELECT id FROM member WHERE profiled;

-- The members who are signed in, by the fingerprint of their session's token.
CREATE VIEW member_session WITH (security_invoker = true) AS
    SELECT s.token_hash, m.id, m.email, m.name, m.locale, m.place FROM session s JOIN member m ON m.id = s.person_id
    WHERE s.audience = 'member' AND s.expires_at > now();

-- Who is signed in, of any audience.
CREATE VIEW live_session WITH (security_invoker = true) AS
    SELECT token_hash, audience, person_id FROM session WHERE expires_at > now();

-- Where a mail to somebody goes, and in which language. Staff have chosen none.
CREATE VIEW mail_address WITH (security_invoker = true) AS
    SELECT id AS person_id, email, name, locale FROM member WHERE email IS NOT NULL
    UNION ALL
    SELECT id, email, name, NULL FROM staff WHERE active;

-- owner: kernel
-- Answers already given, by the caller's Idempotency-Key; an empty answer is a request that died or still runs.
CREATE TABLE idempotency (
    caller     text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    status     int,
    answer     bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

-- The workers that run jobs, as far as they were heard of lately.
CREATE TABLE worker_heartbeat (
    id   uuid PRIMARY KEY,
    host text NOT NULL,
    pid  int NOT NULL,
    at   timestamptz NOT NULL DEFAULT now()
);
