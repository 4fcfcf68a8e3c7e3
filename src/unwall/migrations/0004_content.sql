-- Who publishes. Its merchant's staff act for it, or the member who owns it; whatever refers to an account also names the
-- account's merchant, so that row-level security guards it as the merchant's own rows.
-- owner: content.accounts
CREATE TABLE account (
    id           uuid PRIMARY KEY,
    merchant_id  uuid REFERENCES merchant,
    member_id    uuid REFERENCES member,
    kind         text NOT NULL CHECK (kind IN ('store', 'brand', 'creator', 'publisher')),
    handle       text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9_]{2,30}$'),
    name         text NOT NULL CHECK (name <> ''),
    bio          text NOT NULL DEFAULT '',
    translations jsonb NOT NULL DEFAULT '{}',
    avatar       text,
    banner       text,
    followers    bigint NOT NULL DEFAULT 0 CHECK (followers >= 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK (merchant_id IS NULL OR member_id IS NULL),
    UNIQUE (id, merchant_id)
);
CREATE INDEX account_merchant ON account (merchant_id);
CREATE INDEX account_member ON account (member_id) WHERE member_id IS NOT NULL;
CALL guard('account');
CALL notify_changes('account', 'account', 'id', 'handle, name, avatar, translations');

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
        OR coalesce((SELECT CASE m.tagging
            WHEN 'everybody' THEN true
            WHEN 'collaborators' THEN
                EXISTS (SELECT FROM tagging_collaborator c WHERE c.merchant_id = $1 AND c.account_id = $2)
            ELSE false END FROM merchant m WHERE m.id = $1), false)
$$;

-- Of these products, those that the account's posts could name: its merchant's own whatever their status, and others'
-- on sale; with whether `may_tag` allows it.
CREATE FUNCTION taggable_products(account uuid, products uuid[])
    RETURNS TABLE (product_id uuid, merchant_id uuid, allowed boolean) LANGUAGE sql STABLE PARALLEL SAFE
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.id, p.merchant_id, may_tag(p.merchant_id, $1) FROM product p
    WHERE p.id = ANY($2)
        AND (p.status = 'active' OR p.merchant_id = (SELECT a.merchant_id FROM account a WHERE a.id = $1))
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
CREATE INDEX follow_account ON follow (account_id);
CALL guard('follow', 'SELECT');

-- Who publishes and who follows, as other packages read it.
CREATE VIEW account_profile WITH (security_invoker = true) AS
    SELECT id, merchant_id, member_id, kind, handle, name, bio, translations, avatar, banner, followers FROM account;
GRANT SELECT ON account_profile TO unwall_merchant;

CREATE VIEW account_follower WITH (security_invoker = true) AS SELECT account_id, follower_id FROM follow;
GRANT SELECT ON account_follower TO unwall_merchant;

-- owner: content.posts
CREATE TABLE post (
    id           uuid PRIMARY KEY,
    merchant_id  uuid,  -- the account's, as in the tables below
    account_id   uuid NOT NULL REFERENCES account,
    kind         text NOT NULL CHECK (kind IN ('note', 'article', 'photo_set', 'lookbook')),
    title        text NOT NULL DEFAULT '',
    body         text NOT NULL DEFAULT '',  -- Markdown as written
    body_html    text NOT NULL DEFAULT '',  -- rendered and sanitised
    translations jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"title", "body", "body_html"}}
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'live', 'removed')),
    likes        bigint NOT NULL DEFAULT 0 CHECK (likes >= 0),
    author       text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,  -- a draft may be removed without ever having been published
    CHECK (CASE state WHEN 'draft' THEN published_at IS NULL WHEN 'live' THEN published_at IS NOT NULL ELSE true END),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id),
    UNIQUE (id, merchant_id),
    UNIQUE (id, account_id)
);
CREATE INDEX post_account ON post (account_id, id DESC);
CREATE INDEX post_merchant ON post (merchant_id, id DESC);
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
    PRIMARY KEY (post_id, position),
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id) ON DELETE CASCADE
);
CALL guard('post_media');
CALL notify_changes('post_media', 'post', 'post_id');

-- A product shown in a post, at a point of one of its pictures (x, y from 0 to 1) or of the post as a whole.
CREATE TABLE post_tag (
    post_id             uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    position            smallint NOT NULL CHECK (position BETWEEN 0 AND 19),  -- content.posts.rules.MAX_TAGS
    merchant_id         uuid,
    product_id          uuid NOT NULL,
    product_merchant_id uuid NOT NULL,
    media               smallint,
    x                   real CHECK (x BETWEEN 0 AND 1),
    y                   real CHECK (y BETWEEN 0 AND 1),
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

CREATE VIEW post_summary WITH (security_invoker = true) AS
    SELECT p.id, p.account_id, p.merchant_id, p.title, left(p.body, 80) AS excerpt, p.translations, p.likes,
        p.published_at, a.handle AS account_handle,
        (SELECT m.file FROM post_media m WHERE m.post_id = p.id ORDER BY m.position LIMIT 1) AS image_file
    FROM post p LEFT JOIN account_profile a ON a.id = p.account_id;
GRANT SELECT ON post_summary TO unwall_merchant;

CREATE VIEW post_liker WITH (security_invoker = true) AS SELECT post_id, person_id FROM post_like;

CREATE VIEW post_product WITH (security_invoker = true) AS
    SELECT t.post_id, t.position, t.product_id, t.product_merchant_id, t.media, t.x, t.y
    FROM post_tag t JOIN post p ON p.id = t.post_id
    WHERE t.product_merchant_id = p.merchant_id OR may_tag(t.product_merchant_id, p.account_id);
GRANT SELECT ON post_product TO unwall_merchant;
