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
-- The merchant's guarantees on a page: this product keeps this place.
CREATE TABLE pin (
    merchant_id uuid NOT NULL REFERENCES merchant,
    page        text NOT NULL CHECK (page IN ('home', 'store')),
    position    smallint NOT NULL CHECK (position BETWEEN 0 AND 19),
    product_id  uuid NOT NULL,
    PRIMARY KEY (merchant_id, page, position),
    UNIQUE (merchant_id, page, product_id),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE
);
CALL guard('pin');

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
CALL guard('attribution', 'SELECT');
INSERT INTO subscription (kind, entrypoint) VALUES ('purchase', 'attribution.attribute');

-- What sold today, and in any other span of time.
CREATE INDEX sales_order_placed ON sales_order (merchant_id, placed_at);
