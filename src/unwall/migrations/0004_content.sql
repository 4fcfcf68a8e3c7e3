-- A video that somebody sent, as it came (`source`, a key of kernel.files that is never served) and as it is shown. A row
-- belongs to a merchant, to a member, or to a visitor who is neither. It can be watched as soon as it has a rendition; the
-- others are added while it is `processing`.
-- owner: media
CREATE TABLE video (
    id            uuid PRIMARY KEY,
    merchant_id   uuid REFERENCES merchant,
    member_id     uuid REFERENCES member,
    visitor_id    uuid,
    state         text NOT NULL DEFAULT 'uploaded' CHECK (state IN ('uploaded', 'processing', 'ready', 'failed', 'blocked')),
    reason        text NOT NULL DEFAULT '',  -- why it failed or is blocked, in words for its owner
    source        text NOT NULL,
    bytes         bigint NOT NULL CHECK (bytes > 0),
    duration_ms   int NOT NULL DEFAULT 0 CHECK (duration_ms >= 0),  -- 0 until it is probed, as its sides
    width         int NOT NULL DEFAULT 0 CHECK (width >= 0),
    height        int NOT NULL DEFAULT 0 CHECK (height >= 0),
    fps           real NOT NULL DEFAULT 0,
    video_codec   text NOT NULL DEFAULT '',
    audio_codec   text NOT NULL DEFAULT '',  -- '': it is silent
    trim_start_ms int NOT NULL DEFAULT 0 CHECK (trim_start_ms >= 0),
    trim_end_ms   int CHECK (trim_end_ms > trim_start_ms),  -- NULL: its end
    cover_ms      int NOT NULL DEFAULT 0 CHECK (cover_ms >= 0),
    poster        text,
    sprite        jsonb,
    renditions    jsonb NOT NULL DEFAULT '[]',  -- the highest first
    captions      jsonb NOT NULL DEFAULT '{}',  -- {"en": WebVTT}
    lease         uuid,  -- of the worker that works on it
    leased_until  timestamptz,
    attempts      smallint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(merchant_id, member_id, visitor_id) = 1),
    UNIQUE (id, merchant_id)
);
CREATE INDEX video_waiting ON video (state, created_at) WHERE state IN ('uploaded', 'processing');
CREATE INDEX video_merchant ON video (merchant_id, id DESC);
CALL guard('video');

-- A video that is being sent, by tus; the bytes are in a file of the data folder until all have come.
CREATE TABLE upload (
    id          uuid PRIMARY KEY,  -- its video has the same
    merchant_id uuid REFERENCES merchant,
    member_id   uuid REFERENCES member,
    visitor_id  uuid,
    network     text NOT NULL,
    bytes       bigint NOT NULL CHECK (bytes > 0),
    received    bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND bytes),
    metadata    text NOT NULL DEFAULT '',  -- as it was sent
    video_id    uuid REFERENCES video,  -- once all bytes have come
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CHECK (num_nonnulls(merchant_id, member_id, visitor_id) = 1),
    FOREIGN KEY (video_id, merchant_id) REFERENCES video (id, merchant_id)
);
CREATE INDEX upload_expiry ON upload (expires_at);
CREATE INDEX upload_owner ON upload (coalesce(merchant_id, member_id, visitor_id), created_at);
CREATE INDEX upload_network ON upload (network, created_at);
CALL guard('upload');

-- What pictures and videos look like (media.fingerprints): of a picture one row, of a video several.
CREATE TABLE fingerprint (
    media       text NOT NULL,  -- a picture's key, or a video's id
    position    smallint NOT NULL,
    look        bigint NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (media, position)
);

-- Media that moderation has blocked on this install, whoever sends them.
CREATE TABLE blocked_look (
    look       bigint PRIMARY KEY,
    reason     text NOT NULL DEFAULT '',
    blocked_by text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Their files, which are served to moderators only: the hash in a file's key, and for which reported subject.
CREATE TABLE blocked_file (
    digest     bytea NOT NULL,
    subject_id uuid NOT NULL,
    media      text NOT NULL,  -- a picture's key, or a video's id
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (digest, subject_id)
);
CREATE INDEX blocked_file_subject ON blocked_file (subject_id);
CREATE INDEX blocked_file_media ON blocked_file (media);
CALL notify_changes('blocked_file', 'blocked-file', 'subject_id');

-- How a video is shown, as other packages read it.
CREATE VIEW video_view WITH (security_invoker = true) AS
    SELECT id, merchant_id, member_id, visitor_id, state, duration_ms, width, height, poster, sprite, renditions,
        ARRAY(SELECT jsonb_object_keys(captions)) AS captions
    FROM video;
GRANT SELECT ON video_view TO unwall_merchant;

-- Who publishes. Its merchant's staff act for it, or the member who owns it; whatever refers to an account also names the
-- account's merchant, so that row-level security guards it as the merchant's own rows.
-- owner: content.accounts
CREATE TABLE account (
    id           uuid PRIMARY KEY,
    merchant_id  uuid REFERENCES merchant,
    member_id    uuid REFERENCES member,
    kind         text NOT NULL CHECK (kind IN ('store', 'brand', 'creator', 'publisher')),
    handle       text NOT NULL UNIQUE CHECK (length(handle) BETWEEN 2 AND 30),  -- rules.HANDLE_CHARACTERS
    name         text NOT NULL CHECK (name <> ''),
    bio          text NOT NULL DEFAULT '',
    translations jsonb NOT NULL DEFAULT '{}',
    avatar       text,
    banner       text,
    followers    bigint NOT NULL DEFAULT 0 CHECK (followers >= 0),
    staff_ids    uuid[],  -- beside the store's owners, who of its staff act for it; NULL: everybody who may publish
    verified_at  timestamptz,  -- when an operator found it to be who it says; ends with another name or handle
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (merchant_id IS NULL OR member_id IS NULL),
    UNIQUE (id, merchant_id)
);
CREATE INDEX account_merchant ON account (merchant_id);
CREATE INDEX account_followers ON account (followers DESC, id);  -- whom to follow
CREATE INDEX account_member ON account (member_id) WHERE member_id IS NOT NULL;
CALL guard('account');
CALL notify_changes('account', 'account', 'id', 'handle, name, avatar, translations, verified_at');

-- Accounts that may tag the merchant's products in their posts, beside the merchant's own, where merchant.tagging is
-- `collaborators`.
CREATE TABLE tagging_collaborator (
    merchant_id uuid NOT NULL REFERENCES merchant,
    account_id  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, account_id)
);
CREATE INDEX tagging_collaborator_account ON tagging_collaborator (account_id);
CALL guard('tagging_collaborator', 'SELECT, INSERT, DELETE');
CALL notify_changes('tagging_collaborator', 'account', 'account_id');

-- Whether posts of an account may show products of a merchant. Confined transactions may ask it of every merchant, whose
-- settings they cannot read.
CREATE FUNCTION may_tag(product_merchant uuid, account uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM account a WHERE a.id = $2 AND a.merchant_id = $1)
        OR CASE merchant_tagging($1)
            WHEN 'everybody' THEN true
            WHEN 'collaborators' THEN
                EXISTS (SELECT FROM tagging_collaborator c WHERE c.merchant_id = $1 AND c.account_id = $2)
            ELSE false END
$$;

-- Of these products, those that the account's posts could name: its merchant's own whatever their status, and others'
-- on sale; with whether `may_tag` allows it.
CREATE FUNCTION taggable_products(account uuid, products uuid[])
    RETURNS TABLE (product_id uuid, merchant_id uuid, allowed boolean) LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.product_id, p.merchant_id, may_tag(p.merchant_id, $1) FROM product_owners($2) p
    WHERE p.active OR p.merchant_id = (SELECT a.merchant_id FROM account a WHERE a.id = $1)
$$;

-- A merchant chooses collaborators by their public name among accounts that row-level security does not show.
CREATE FUNCTION account_of_handle(wanted text) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$ SELECT id FROM account WHERE handle = $1 $$;

-- follower_id is a member, or a visitor who is not one yet.
CREATE TABLE follow (
    account_id  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    follower_id uuid NOT NULL,
    merchant_id uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, account_id)
);
CREATE INDEX follow_account ON follow (account_id, follower_id);  -- the followers of one account are told in this order
CALL guard('follow', 'SELECT, DELETE');  -- an account may end a follow: of people it blocks

-- Processes keep whom their readers follow. A statement that changes the follows of very many, as where an account with
-- millions of followers is deleted, is told as one change.
CREATE FUNCTION notify_followers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people uuid[] := ARRAY(SELECT DISTINCT follower_id FROM changed LIMIT 1001);
BEGIN
    IF cardinality(people) > 1000 THEN
        PERFORM pg_notify('changes', 'follower:');
    ELSE
        PERFORM pg_notify('changes', 'follower:' || person) FROM unnest(people) AS p (person);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_added AFTER INSERT ON follow REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_followers();
CREATE TRIGGER notify_removed AFTER DELETE ON follow REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_followers();
CREATE TRIGGER notify_moved AFTER UPDATE ON follow REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_followers();
CREATE TRIGGER notify_moved_to AFTER UPDATE ON follow REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION notify_followers();

-- Accounts whose posts a person does not want to see (muted), and with which they want nothing to do (blocked). person_id
-- as follower_id. It is the person's own: no merchant reads it.
CREATE TABLE muted_account (
    person_id  uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    blocked    boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, account_id)
);
CREATE INDEX muted_account_account ON muted_account (account_id);

-- People with whom an account wants nothing to do: they do not follow it, comment on it or write to it.
CREATE TABLE blocked_person (
    account_id  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    person_id   uuid NOT NULL,
    merchant_id uuid,
    name        text NOT NULL DEFAULT '',  -- under which they wrote what they are blocked for
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, person_id),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id)
);
CREATE INDEX blocked_person_person ON blocked_person (person_id);
CALL guard('blocked_person', 'SELECT, INSERT, DELETE');

-- Whether account and person may have to do with each other: neither has blocked the other. Confined transactions may ask
-- it too, who cannot read whom a person has blocked. `persons`: the ids of one person.
CREATE FUNCTION may_interact(account uuid, persons uuid[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT NOT EXISTS (SELECT FROM blocked_person WHERE account_id = $1 AND person_id = ANY($2))
        AND NOT EXISTS (SELECT FROM muted_account WHERE account_id = $1 AND person_id = ANY($2) AND blocked)
$$;

-- Who publishes and who follows, as other packages read it.
CREATE VIEW account_profile WITH (security_invoker = true) AS
    SELECT id, merchant_id, member_id, kind, handle, name, bio, translations, avatar, banner, followers,
        verified_at IS NOT NULL AS verified, staff_ids
    FROM account;
GRANT SELECT ON account_profile TO unwall_merchant;

CREATE VIEW account_follower WITH (security_invoker = true) AS SELECT account_id, follower_id FROM follow;
GRANT SELECT ON account_follower TO unwall_merchant;

-- Whose posts a person is not shown: muted and blocked accounts.
CREATE VIEW hidden_account WITH (security_invoker = true) AS SELECT person_id, account_id, blocked FROM muted_account;

-- owner: content.moderation
-- What was reported or waits to be looked at, a row a subject. `merchant_id` says whose moderators decide; without one the
-- install's do. The subject belongs to a package above, so nothing refers to it.
CREATE TABLE moderation_case (
    id                uuid PRIMARY KEY,
    entry             uuid NOT NULL UNIQUE,  -- time-ordered: when it came into the queue last
    kind              text NOT NULL
        CHECK (kind IN ('post', 'account', 'comment', 'review', 'question', 'answer', 'message', 'media', 'product',
            'bundle')),
    subject_id        uuid NOT NULL,
    merchant_id       uuid REFERENCES merchant,
    excerpt           text NOT NULL DEFAULT '',  -- as it was when it was reported
    url               text NOT NULL DEFAULT '',
    state             text NOT NULL CHECK (state IN ('open', 'second_opinion', 'appealed', 'closed')),
    visibility        text NOT NULL DEFAULT 'allow' CHECK (visibility IN ('allow', 'warn', 'drop')),
    decided_by        text NOT NULL DEFAULT '',
    reports           int NOT NULL DEFAULT 0 CHECK (reports >= 0),
    member_reports    int NOT NULL DEFAULT 0 CHECK (member_reports BETWEEN 0 AND reports),
    undecided_reports int NOT NULL DEFAULT 0 CHECK (undecided_reports BETWEEN 0 AND reports),
    opened_at         timestamptz NOT NULL,
    UNIQUE (kind, subject_id),
    UNIQUE (id, merchant_id)
);
CREATE INDEX moderation_case_queue ON moderation_case (merchant_id, reports DESC, entry) WHERE state <> 'closed';
CALL guard('moderation_case');

-- One a person and subject. person_id is a member, or a visitor who is none.
CREATE TABLE moderation_report (
    case_id     uuid NOT NULL REFERENCES moderation_case,
    person_id   uuid NOT NULL,
    merchant_id uuid,  -- the case's
    reason      text NOT NULL CHECK (reason IN ('spam', 'scam', 'false', 'counterfeit', 'rights', 'hate', 'harassment',
        'violence', 'sexual', 'privacy', 'other')),
    words       text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (case_id, person_id),
    FOREIGN KEY (case_id, merchant_id) REFERENCES moderation_case (id, merchant_id)
);
CREATE INDEX moderation_report_person ON moderation_report (person_id, created_at);
CALL guard('moderation_report', 'SELECT');

-- Who decided what and why: nothing is ever changed in it.
CREATE TABLE moderation_decision (
    id          uuid PRIMARY KEY,
    case_id     uuid NOT NULL REFERENCES moderation_case,
    merchant_id uuid,  -- the case's
    at          timestamptz NOT NULL,
    actor       text NOT NULL,  -- staff:E-MAIL, operator:NAME, member:ID, or `reports`: what many of them lead to
    action      text NOT NULL CHECK (action IN ('allow', 'warn', 'drop', 'block', 'restore', 'second_opinion', 'appeal')),
    reason      text,
    words       text NOT NULL DEFAULT '',
    FOREIGN KEY (case_id, merchant_id) REFERENCES moderation_case (id, merchant_id)
);
CREATE INDEX moderation_decision_case ON moderation_decision (case_id, id);
CALL guard('moderation_decision', 'SELECT, INSERT');
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON moderation_decision
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON moderation_decision EXECUTE FUNCTION refuse_change();

CREATE TRIGGER notify_change AFTER UPDATE OF visibility ON moderation_case FOR EACH ROW
    WHEN (NEW.kind = 'post' AND NEW.visibility <> OLD.visibility) EXECUTE FUNCTION notify_change('post', 'subject_id');

-- What is not simply shown: behind a warning (`warn`), or not at all (`drop`).
CREATE VIEW moderated WITH (security_invoker = true) AS
    SELECT kind, subject_id, visibility FROM moderation_case WHERE visibility <> 'allow';
GRANT SELECT ON moderated TO unwall_merchant;

-- How many people reported what, as discovery weighs it.
CREATE VIEW reported WITH (security_invoker = true) AS SELECT kind, subject_id, reports FROM moderation_case;

-- owner: content.posts
CREATE TABLE post (
    id           uuid PRIMARY KEY,
    merchant_id  uuid,  -- the account's, as in the tables below
    account_id   uuid NOT NULL REFERENCES account,
    kind         text NOT NULL CHECK (kind IN ('note', 'article', 'photo_set', 'lookbook', 'video', 'question')),
    title        text NOT NULL DEFAULT '',
    body         text NOT NULL DEFAULT '',  -- as written
    format       text NOT NULL DEFAULT 'plain' CHECK (format IN ('plain', 'markdown')),
    body_html    text NOT NULL DEFAULT '',  -- rendered and sanitised
    translations jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"title", "body", "body_html"}}
    hashtags     text[] NOT NULL DEFAULT '{}',  -- those of its texts, as they are compared
    state        text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'in_review', 'scheduled', 'live', 'missed', 'removed')),
    likes        bigint NOT NULL DEFAULT 0 CHECK (likes >= 0),
    author       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,  -- a draft may be removed without ever having been published
    scheduled_at timestamptz,
    edited_at    timestamptz,  -- when it was changed last while it was live
    CHECK (CASE state WHEN 'live' THEN published_at IS NOT NULL WHEN 'removed' THEN true ELSE published_at IS NULL END),
    CHECK (scheduled_at IS NOT NULL OR state NOT IN ('scheduled', 'missed')),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id),
    UNIQUE (id, merchant_id),
    UNIQUE (id, account_id)
);
CREATE INDEX post_account ON post (account_id, id DESC);
CREATE INDEX post_merchant ON post (merchant_id, id DESC);
CREATE INDEX post_due ON post (scheduled_at) WHERE state = 'scheduled';
CREATE INDEX post_videos ON post (published_at DESC, id DESC) WHERE kind = 'video' AND state = 'live';
CREATE INDEX post_calendar ON post (merchant_id, coalesce(published_at, scheduled_at));
CALL guard('post');
CALL notify_changes('post', 'post', 'id');

CREATE TABLE post_media (
    post_id     uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    position    smallint NOT NULL,
    merchant_id uuid,
    file        text NOT NULL,
    alt         text NOT NULL DEFAULT '',
    width       int NOT NULL CHECK (width > 0),
    height      int NOT NULL CHECK (height > 0),
    video_id    uuid REFERENCES video,  -- of a video, whose cover is `file` until it has a poster; '': none yet
    PRIMARY KEY (post_id, position),
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id) ON DELETE CASCADE,
    FOREIGN KEY (video_id, merchant_id) REFERENCES video (id, merchant_id)
);
CREATE INDEX post_media_video ON post_media (video_id) WHERE video_id IS NOT NULL;
CALL guard('post_media');
CALL notify_changes('post_media', 'post', 'post_id');

-- Posts show how far their videos are, so a change of a video is a change of its posts.
CREATE FUNCTION notify_change_of_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM pg_notify('changes', 'post:' || post_id) FROM post_media WHERE video_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER notify_change AFTER UPDATE OF state, poster, renditions, sprite, captions ON video FOR EACH ROW
    EXECUTE FUNCTION notify_change_of_video();

-- What was changed of a post, by whom: {"title": [before, after]}; nothing is ever changed in it.
CREATE TABLE post_edit (
    id          uuid PRIMARY KEY,
    post_id     uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    merchant_id uuid,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    changes     jsonb NOT NULL,
    note        text NOT NULL DEFAULT '',  -- why, where no person did it
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX post_edit_post ON post_edit (post_id, id DESC);
CALL guard('post_edit', 'SELECT, INSERT');

-- A product shown in a post: at a point of one of its pictures (x, y from 0 to 1), for a while of one of its videos (t0 to t1),
-- or in the post as a whole.
CREATE TABLE post_tag (
    post_id             uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    position            smallint NOT NULL CHECK (position BETWEEN 0 AND 19),  -- content.posts.rules.MAX_TAGS
    merchant_id         uuid,
    product_id          uuid NOT NULL,
    product_merchant_id uuid NOT NULL,
    media               smallint,
    x                   real CHECK (x BETWEEN 0 AND 1),
    y                   real CHECK (y BETWEEN 0 AND 1),
    t0                  real CHECK (t0 >= 0),  -- seconds of a video
    t1                  real CHECK (t1 > t0),
    PRIMARY KEY (post_id, position),
    UNIQUE (post_id, product_id),
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id) ON DELETE CASCADE,
    FOREIGN KEY (product_id, product_merchant_id) REFERENCES product (id, merchant_id)
);
CREATE INDEX post_tag_product ON post_tag (product_id);
CALL guard('post_tag');
CALL notify_changes('post_tag', 'post', 'post_id');

-- What an account has published, in order; readers merge the outboxes that they follow. `entry` is a time-ordered id.
CREATE TABLE outbox (
    account_id  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    entry       uuid NOT NULL,
    merchant_id uuid,
    post_id     uuid NOT NULL UNIQUE,
    PRIMARY KEY (account_id, entry),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id),
    FOREIGN KEY (post_id, account_id) REFERENCES post (id, account_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX outbox_entry ON outbox (entry);
CREATE INDEX outbox_merchant ON outbox (merchant_id, entry DESC);
CALL guard('outbox');
CALL notify_changes('outbox', 'outbox', 'account_id');

-- The posts that can be read under each hashtag, in order. Triggers write it, so that it is as the outbox is.
CREATE TABLE hashtag_entry (
    name        text NOT NULL,
    entry       uuid NOT NULL,
    post_id     uuid NOT NULL REFERENCES outbox (post_id) ON DELETE CASCADE,
    account_id  uuid NOT NULL,
    merchant_id uuid,
    PRIMARY KEY (name, entry)
);
CREATE INDEX hashtag_entry_post ON hashtag_entry (post_id);
CALL guard('hashtag_entry', 'SELECT');

-- How many posts can be read under each hashtag.
CREATE TABLE hashtag (
    name  text PRIMARY KEY CHECK (name <> ''),
    posts bigint NOT NULL CHECK (posts >= 0)
);
CREATE INDEX hashtag_prefix ON hashtag (name text_pattern_ops) WHERE posts > 0;

CREATE FUNCTION note_hashtags() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_TABLE_NAME = 'post' THEN
        DELETE FROM hashtag_entry WHERE post_id = NEW.id AND name <> ALL (NEW.hashtags);
        INSERT INTO hashtag_entry (name, entry, post_id, account_id, merchant_id)
        SELECT name, o.entry, o.post_id, o.account_id, o.merchant_id
        FROM outbox o, unnest(NEW.hashtags) AS name WHERE o.post_id = NEW.id ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO hashtag_entry (name, entry, post_id, account_id, merchant_id)
        SELECT name, NEW.entry, NEW.post_id, NEW.account_id, NEW.merchant_id
        FROM post p, unnest(p.hashtags) AS name WHERE p.id = NEW.post_id ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_hashtags AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION note_hashtags();
CREATE TRIGGER note_hashtags AFTER UPDATE OF hashtags ON post FOR EACH ROW
    WHEN (NEW.state = 'live' AND NEW.hashtags <> OLD.hashtags) EXECUTE FUNCTION note_hashtags();

-- Counted in the order of the names, so that no two transactions wait for each other.
CREATE FUNCTION count_hashtags() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO hashtag (name, posts) SELECT name, count(*) FROM changed GROUP BY name ORDER BY name
        ON CONFLICT (name) DO UPDATE SET posts = hashtag.posts + EXCLUDED.posts;
    ELSE
        PERFORM FROM hashtag WHERE name IN (SELECT name FROM changed) ORDER BY name FOR NO KEY UPDATE;
        UPDATE hashtag h SET posts = posts - n FROM (SELECT name, count(*) AS n FROM changed GROUP BY name) gone
        WHERE h.name = gone.name;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_hashtags AFTER INSERT ON hashtag_entry REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hashtags();
CREATE TRIGGER uncount_hashtags AFTER DELETE ON hashtag_entry REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_hashtags();

CREATE TABLE post_like (
    post_id    uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    person_id  uuid NOT NULL,
    merchant_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (post_id, person_id)
);
CALL guard('post_like', 'SELECT');

-- A merchant also reads what others have published about its products, and its collaborators: for reports, never to
-- write.
CREATE POLICY shows_own_product ON post_tag FOR SELECT TO unwall_merchant
    USING (product_merchant_id = (SELECT current_merchant()));
CREATE POLICY shows_own_product ON post FOR SELECT TO unwall_merchant
    USING (published_at IS NOT NULL AND EXISTS (SELECT FROM post_tag t
        WHERE t.post_id = post.id AND t.product_merchant_id = (SELECT current_merchant())));
CREATE POLICY shows_own_product ON post_media FOR SELECT TO unwall_merchant
    USING (EXISTS (SELECT FROM post p WHERE p.id = post_media.post_id));
CREATE POLICY shows_own_product ON account FOR SELECT TO unwall_merchant
    USING (EXISTS (SELECT FROM post p WHERE p.account_id = account.id)
        OR EXISTS (SELECT FROM tagging_collaborator c WHERE c.account_id = account.id));

-- Posts as other packages read them: what is live, in the order of `entry`; what reports show of a post in any state; and
-- the products that posts may show, which is asked at every read, since merchants may change their minds.
CREATE VIEW published_post WITH (security_invoker = true) AS SELECT account_id, entry, merchant_id, post_id FROM outbox;
GRANT SELECT ON published_post TO unwall_merchant;

CREATE FUNCTION plain_text(body text, format text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN format = 'markdown' THEN
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(body,
            '!?\[([^]]*)\]\([^)]*\)', '\1', 'g'),                             -- links and pictures: their words
            '^[ \t]*(#{1,6}|[-+*>]|[0-9]+[.)])[ \t]+', '', 'gn'),              -- headings, lists, quotations
            '(\*\*|__)(\S|\S.*?\S)\1', '\2', 'g'),
            '(^|[^\w*])\*(\S|\S[^*]*\S)\*(?![\w*])', '\1\2', 'g'),
            '(^|[^\w`])[_`](\S|\S[^_`]*\S)[_`](?!\w)', '\1\2', 'g')
        ELSE body END
$$;

CREATE VIEW post_summary WITH (security_invoker = true) AS
    SELECT p.id, p.account_id, p.merchant_id, p.title, left(plain_text(left(p.body, 400), p.format), 80) AS excerpt, p.translations, p.likes,
        p.published_at, a.handle AS account_handle,
        (SELECT m.file FROM post_media m WHERE m.post_id = p.id ORDER BY m.position LIMIT 1) AS image_file
    FROM post p LEFT JOIN account_profile a ON a.id = p.account_id;
GRANT SELECT ON post_summary TO unwall_merchant;

CREATE VIEW post_liker WITH (security_invoker = true) AS SELECT post_id, person_id FROM post_like;

CREATE VIEW post_product WITH (security_invoker = true) AS
    SELECT t.post_id, t.position, t.product_id, t.product_merchant_id, t.media, t.x, t.y, t.t0, t.t1
    FROM post_tag t JOIN post p ON p.id = t.post_id
    WHERE t.product_merchant_id = p.merchant_id OR may_tag(t.product_merchant_id, p.account_id);
GRANT SELECT ON post_product TO unwall_merchant;

-- owner: content.feed
-- What a person has seen of their feed: the newest entry when they came last, and the time before. One row of who came,
-- written at most once a visit; of a follower who does not come there is none.
CREATE TABLE feed_seen (
    person_id uuid PRIMARY KEY,
    before    uuid NOT NULL,
    newest    uuid NOT NULL,
    at        timestamptz NOT NULL
);
CREATE VIEW feed_position WITH (security_invoker = true) AS SELECT person_id, before, newest, at FROM feed_seen;

-- owner: content.discovery
-- What people did with a post in an hour, counted from the journal; each run of the job counts the last hours anew.
CREATE TABLE post_activity (
    post_id     uuid NOT NULL,
    hour        timestamptz NOT NULL,
    impressions int NOT NULL,
    opens       int NOT NULL,
    dwells      int NOT NULL,
    likes       int NOT NULL,
    saves       int NOT NULL,
    shares      int NOT NULL,
    clicks      int NOT NULL,
    adds        int NOT NULL,
    orders      int NOT NULL,
    hides       int NOT NULL,
    PRIMARY KEY (post_id, hour)
);
CREATE INDEX post_activity_hour ON post_activity (hour);

-- The posts that are ranked beside the newest ones.
CREATE TABLE discovery_candidate (post_id uuid PRIMARY KEY);

-- What an action is worth, where moderators of the install have set it; without the row the setting holds.
CREATE TABLE discovery_weights (
    single     boolean PRIMARY KEY CHECK (single),
    weights    jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
CALL notify_changes('discovery_weights', 'discovery', 'single');

-- Posts, products and bundles that a person does not want to see. person_id is a member, or a visitor who is none.
CREATE TABLE hidden_item (
    person_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('post', 'product', 'bundle')),
    item_id    uuid NOT NULL,
    entry      uuid NOT NULL,  -- a time-ordered id: the order in which they were hidden
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, kind, item_id)
);
CREATE INDEX hidden_item_entry ON hidden_item (person_id, entry DESC);
CREATE VIEW hidden_thing WITH (security_invoker = true) AS SELECT person_id, kind, item_id FROM hidden_item;

-- owner: content.posts
-- The words of live posts in all languages, for search.
CREATE VIEW post_words WITH (security_invoker = true) AS
    SELECT p.id, p.account_id, p.merchant_id,
        ARRAY[p.title] || ARRAY(SELECT jsonb_path_query(p.translations, '$.*.title') #>> '{}') AS titles,
        ARRAY[p.body_html] || ARRAY(SELECT jsonb_path_query(p.translations, '$.*.body_html') #>> '{}') AS texts
    FROM outbox o JOIN post p ON p.id = o.post_id;

-- owner: content.search
-- What is found beside products: the words of live posts and of accounts, as product.search has a product's.
CREATE TABLE search_entry (
    kind        text NOT NULL CHECK (kind IN ('post', 'account')),
    id          uuid NOT NULL,
    account_id  uuid NOT NULL,
    merchant_id uuid,
    search      tsvector NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX search_entry_words ON search_entry USING gin (search);
CALL guard('search_entry', 'SELECT');

-- Whose words have changed since they were taken in, noted by triggers; the job takes them in.
CREATE TABLE search_due (
    kind text NOT NULL,
    id   uuid NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE FUNCTION note_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO search_due (kind, id)
    SELECT TG_ARGV[0], (to_jsonb(coalesce(NEW, OLD)) ->> TG_ARGV[1])::uuid ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_words AFTER INSERT OR DELETE ON outbox FOR EACH ROW
    EXECUTE FUNCTION note_words('post', 'post_id');
CREATE TRIGGER note_words AFTER UPDATE OF title, body_html, translations ON post FOR EACH ROW WHEN (NEW.state = 'live')
    EXECUTE FUNCTION note_words('post', 'id');
CREATE TRIGGER note_words AFTER INSERT OR UPDATE OF name, handle, bio, translations ON account FOR EACH ROW
    EXECUTE FUNCTION note_words('account', 'id');
