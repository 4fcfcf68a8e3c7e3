-- owner: content.accounts
CREATE TABLE account (
    id           uuid PRIMARY KEY,
    merchant_id  uuid REFERENCES merchant,  -- whose staff speak for it; a creator's or a medium's has none
    kind         text NOT NULL CHECK (kind IN ('store', 'brand', 'creator', 'media')),
    handle       text NOT NULL UNIQUE CHECK (handle ~ '^[a-z0-9_]{2,30}$'),
    name         text NOT NULL CHECK (name <> ''),
    bio          text NOT NULL DEFAULT '',
    translations jsonb NOT NULL DEFAULT '{}',
    avatar       text,
    banner       text,
    followers    bigint NOT NULL DEFAULT 0 CHECK (followers >= 0),
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_merchant ON account (merchant_id);
CALL guard('account');

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

-- owner: content.posts
CREATE TABLE post (
    id           uuid PRIMARY KEY,
    merchant_id  uuid REFERENCES merchant,
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
    CHECK (CASE state WHEN 'draft' THEN published_at IS NULL WHEN 'live' THEN published_at IS NOT NULL ELSE true END)
);
CREATE INDEX post_account ON post (account_id, id DESC);
CREATE INDEX post_merchant ON post (merchant_id, id DESC);
CALL guard('post');

CREATE TABLE post_media (
    post_id     uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    position    smallint NOT NULL,
    merchant_id uuid,
    file        text NOT NULL,
    alt         text NOT NULL DEFAULT '',
    width       int NOT NULL CHECK (width > 0),
    height      int NOT NULL CHECK (height > 0),
    PRIMARY KEY (post_id, position)
);
CALL guard('post_media');

-- A product shown in a post, at a point of one of its pictures (x, y from 0 to 1) or of the post as a whole.
CREATE TABLE post_tag (
    post_id     uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    position    smallint NOT NULL CHECK (position < 20),
    merchant_id uuid,
    product_id  uuid NOT NULL REFERENCES product,
    media       smallint,
    x           real CHECK (x BETWEEN 0 AND 1),
    y           real CHECK (y BETWEEN 0 AND 1),
    PRIMARY KEY (post_id, position),
    UNIQUE (post_id, product_id)
);
CREATE INDEX post_tag_product ON post_tag (product_id);
CALL guard('post_tag');

-- What an account has published, in order; readers merge the outboxes that they follow. `entry` is a time-ordered id.
CREATE TABLE outbox (
    account_id  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    entry       uuid NOT NULL,
    merchant_id uuid,
    post_id     uuid NOT NULL UNIQUE REFERENCES post ON DELETE CASCADE,
    PRIMARY KEY (account_id, entry)
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
