-- owner: catalogue
CREATE TABLE category (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchant,
    slug         text NOT NULL,
    title        text NOT NULL CHECK (title <> ''),
    translations jsonb NOT NULL DEFAULT '{}',
    UNIQUE (merchant_id, slug),
    UNIQUE (id, merchant_id)
);
CALL guard('category');
CALL notify_changes('category', 'category', 'id');

CREATE TABLE product (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchant,
    category_id  uuid,
    slug         text NOT NULL,  -- Shopify's Handle
    title        text NOT NULL CHECK (title <> ''),
    description  text NOT NULL DEFAULT '',  -- sanitised HTML
    translations jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"title", "description", "words": {"Colour": "颜色"}}}
    vendor       text NOT NULL DEFAULT '',
    taxonomy     text NOT NULL DEFAULT '',  -- Shopify's Product Category, kept as it came
    tax_class    text NOT NULL DEFAULT '',  -- among the merchant's tax rates; '': what has no own
    tags         text[] NOT NULL DEFAULT '{}',
    option_names text[] NOT NULL DEFAULT '{}',
    status       text NOT NULL DEFAULT 'active' CHECK (status IN ('draft', 'active', 'archived')),
    taken_off_from text,  -- the status in which moderation took it off sale; NULL: it did not
    search       tsvector NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT product_off_sale CHECK (taken_off_from IS NULL OR status <> 'active'),
    FOREIGN KEY (category_id, merchant_id) REFERENCES category (id, merchant_id),
    UNIQUE (merchant_id, slug),
    UNIQUE (id, merchant_id)
);
CREATE INDEX product_listing ON product (merchant_id, id DESC) WHERE status = 'active';
CREATE INDEX product_category ON product (category_id, id DESC) WHERE status = 'active';
CREATE INDEX product_search ON product USING gin (search);
CALL guard('product');
CALL notify_changes('product', 'product', 'id');

CREATE TABLE product_image (
    product_id  uuid NOT NULL,
    position    smallint NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    file        text NOT NULL,  -- a key of kernel.files, or an https address from an import
    alt         text NOT NULL DEFAULT '',
    width       int NOT NULL CHECK (width > 0),
    height      int NOT NULL CHECK (height > 0),
    shows       text NOT NULL DEFAULT '',  -- the option value that is seen ("Red"); empty: of every variant
    PRIMARY KEY (product_id, position),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE
);
CALL guard('product_image');
CALL notify_changes('product_image', 'product', 'product_id');

-- How buyers rate a product, for cards and searches; written by content.reviews through an action.
CREATE TABLE product_stars (
    product_id  uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    total       bigint NOT NULL,  -- all stars that were given
    reviews     bigint NOT NULL CHECK (reviews > 0),
    average     numeric(3, 2) NOT NULL GENERATED ALWAYS AS (round(total::numeric / reviews, 2)) STORED,
    -- by which the best rated come first: as if five more people had given three and a half, for few reviews say less
    score       real NOT NULL GENERATED ALWAYS AS ((total + 17.5) / (reviews + 5)) STORED,
    CHECK (average BETWEEN 1 AND 5),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE
);
CALL guard('product_stars');

-- Pictures that a product file named by their web address: waiting, fetched (file) or failed (problem).
CREATE TABLE picture_fetch (
    product_id  uuid NOT NULL,
    source      text NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    file        text NOT NULL DEFAULT '',
    problem     text NOT NULL DEFAULT '',
    PRIMARY KEY (product_id, source),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX picture_fetch_source ON picture_fetch (merchant_id, source);
CALL guard('picture_fetch');

CREATE TABLE variant (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    product_id  uuid NOT NULL,
    position    int NOT NULL,
    sku         text NOT NULL CHECK (sku <> ''),
    barcode     text,
    options     text[] NOT NULL DEFAULT '{}',  -- one value for each of product.option_names
    price       bigint NOT NULL CHECK (price >= 0),  -- minor units of the merchant's currency
    compare_at  bigint CHECK (compare_at > price),
    weight_g    int NOT NULL DEFAULT 0 CHECK (weight_g >= 0),
    active      boolean NOT NULL DEFAULT true,
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id) ON DELETE CASCADE,
    UNIQUE (id, merchant_id),
    UNIQUE (merchant_id, sku) DEFERRABLE  -- a product may swap the SKUs of its variants in one statement
);
-- Search asks for a code as it was typed, in any case.
CREATE INDEX variant_sku ON variant (lower(sku));
CREATE INDEX variant_code ON variant (barcode) WHERE barcode IS NOT NULL;
CREATE INDEX variant_product ON variant (product_id, position);
CREATE INDEX variant_barcode ON variant (merchant_id, barcode) WHERE barcode IS NOT NULL;
CALL guard('variant');
CALL notify_changes('variant', 'product', 'product_id');

-- A set that goes into the bag with one press. It has no price and no stock of its own: its parts' are its own.
CREATE TABLE bundle (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchant,
    slug         text NOT NULL,
    title        text NOT NULL CHECK (title <> ''),
    description  text NOT NULL DEFAULT '',  -- sanitised HTML
    translations jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"title", "description"}}
    active       boolean NOT NULL DEFAULT true,
    taken_off_from boolean,  -- whether it was on sale when moderation took it off; NULL: it did not
    CONSTRAINT bundle_off_sale CHECK (taken_off_from IS NULL OR NOT active),
    UNIQUE (merchant_id, slug),
    UNIQUE (id, merchant_id)
);
CALL guard('bundle');
CALL notify_changes('bundle', 'bundle', 'id');

CREATE TABLE bundle_part (
    bundle_id   uuid NOT NULL,
    position    smallint NOT NULL,
    variant_id  uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchant,
    quantity    int NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (bundle_id, variant_id),
    FOREIGN KEY (bundle_id, merchant_id) REFERENCES bundle (id, merchant_id) ON DELETE CASCADE,
    FOREIGN KEY (variant_id, merchant_id) REFERENCES variant (id, merchant_id)
);
CREATE INDEX bundle_part_variant ON bundle_part (variant_id);
CALL guard('bundle_part');
CALL notify_changes('bundle_part', 'bundle', 'bundle_id');

-- Whose these products are, and whether they are on sale. Confined transactions may ask it of every merchant's.
CREATE FUNCTION product_owners(products uuid[]) RETURNS TABLE (product_id uuid, merchant_id uuid, active boolean)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.id, p.merchant_id, p.status = 'active' FROM product p WHERE p.id = ANY($1)
$$;

-- Trails belong to the journal, which knows no products: here a confined connection is kept to its own merchant's.
CREATE FUNCTION refuse_other_products() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM product p WHERE p.id = NEW.product_id AND p.merchant_id <> current_merchant()) THEN
        RAISE EXCEPTION 'a touch of another merchant''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_products_only BEFORE INSERT ON trail FOR EACH ROW WHEN (current_merchant() IS NOT NULL)
    EXECUTE FUNCTION refuse_other_products();

-- What lists, orders and reports show of a product, and of a variant (of its colour, where
-- a picture shows it). Pictures are subqueries and the product is joined
-- from outside, so that whoever does not ask for them does not pay for them.
CREATE VIEW bundle_summary WITH (security_invoker = true) AS SELECT id, merchant_id, active FROM bundle;
GRANT SELECT ON bundle_summary TO unwall_merchant;

CREATE VIEW product_summary WITH (security_invoker = true) AS
    SELECT p.id, p.merchant_id, p.slug, p.title, p.translations, p.status = 'active' AS active,
        (SELECT i.file FROM product_image i WHERE i.product_id = p.id ORDER BY i.position LIMIT 1) AS image_file,
        (SELECT i.alt FROM product_image i WHERE i.product_id = p.id ORDER BY i.position LIMIT 1) AS image_alt,
        p.category_id, p.created_at
    FROM product p;
GRANT SELECT ON product_summary TO unwall_merchant;

CREATE VIEW variant_summary WITH (security_invoker = true) AS
    SELECT v.id, v.merchant_id, v.product_id, v.position, v.sku, v.barcode, v.options, v.price, v.compare_at,
        v.weight_g, v.active, v.active AND p.status = 'active' AS sellable, p.category_id, p.tax_class,
        p.slug AS product_slug, p.title, p.translations,
        (SELECT i.file FROM product_image i WHERE i.product_id = v.product_id
            ORDER BY i.shows = ANY (v.options) DESC, i.position LIMIT 1) AS image_file,
        (SELECT i.alt FROM product_image i WHERE i.product_id = v.product_id
            ORDER BY i.shows = ANY (v.options) DESC, i.position LIMIT 1) AS image_alt
    FROM variant v LEFT JOIN product p ON p.id = v.product_id;
GRANT SELECT ON variant_summary TO unwall_merchant;
