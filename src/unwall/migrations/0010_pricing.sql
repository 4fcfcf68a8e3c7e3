-- owner: commerce.pricing
-- How a merchant charges tax; without a row it charges none.
CREATE TABLE tax_settings (
    merchant_id    uuid PRIMARY KEY REFERENCES merchant,
    country        text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),  -- where it is registered
    region         text NOT NULL DEFAULT '',
    included       boolean NOT NULL DEFAULT true,  -- whether list prices include tax
    rounding       text NOT NULL DEFAULT 'line' CHECK (rounding IN ('line', 'document')),
    oss            boolean NOT NULL DEFAULT false,
    delivery_class text  -- NULL: as the goods
);
CALL guard('tax_settings');
CALL notify_changes('tax_settings', 'pricing', 'merchant_id');

-- The merchant's tax numbers, one for each country where it has one.
CREATE TABLE tax_number (
    merchant_id uuid NOT NULL REFERENCES merchant,
    country     text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    number      text NOT NULL CHECK (number <> ''),
    PRIMARY KEY (merchant_id, country)
);
CALL guard('tax_number');

CREATE TABLE tax_rate (
    merchant_id uuid NOT NULL REFERENCES merchant,
    country     text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    region      text NOT NULL DEFAULT '',  -- '': the whole country
    tax_class   text NOT NULL DEFAULT '',  -- '': whatever has no rate of its own class
    name        text NOT NULL CHECK (name <> ''),
    millionths  int NOT NULL CHECK (millionths BETWEEN 0 AND 1000000),
    PRIMARY KEY (merchant_id, country, region, tax_class, name)
);
CALL guard('tax_rate');
CALL notify_changes('tax_rate', 'pricing', 'merchant_id');

-- Members who are exempt at a merchant, or businesses whose number it has checked.
CREATE TABLE tax_customer (
    merchant_id uuid NOT NULL REFERENCES merchant,
    member_id   uuid NOT NULL REFERENCES member ON DELETE CASCADE,
    code        text NOT NULL,  -- the customer number by which it was written
    exempt      boolean NOT NULL DEFAULT false,
    tax_number  text NOT NULL DEFAULT '',
    PRIMARY KEY (merchant_id, member_id),
    CHECK (exempt OR tax_number <> '')
);
CALL guard('tax_customer');
CALL notify_changes('tax_customer', 'pricing', 'merchant_id');

-- What takes something off prices. `uses` counts the orders that it is on, where they are limited.
CREATE TABLE promotion (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    active      boolean NOT NULL DEFAULT true,
    rule        jsonb NOT NULL,  -- commerce.pricing.values.Promotion
    uses        int NOT NULL DEFAULT 0 CHECK (uses >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, merchant_id)
);
CREATE INDEX promotion_merchant ON promotion (merchant_id, id DESC);
CALL guard('promotion');
CALL notify_changes('promotion', 'pricing', 'merchant_id', 'active, rule');

CREATE TABLE promotion_code (
    merchant_id  uuid NOT NULL,
    code         text NOT NULL CHECK (code ~ '^[A-Z0-9-]{3,40}$'),  -- promotion_rules.CODE_LENGTHS
    promotion_id uuid NOT NULL,
    max_uses     int CHECK (max_uses > 0),  -- NULL: any number
    uses         int NOT NULL DEFAULT 0 CHECK (uses >= 0),
    PRIMARY KEY (merchant_id, code),
    FOREIGN KEY (promotion_id, merchant_id) REFERENCES promotion (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX promotion_code_promotion ON promotion_code (promotion_id, code);
CALL guard('promotion_code');

-- An order that a promotion is on, from the moment when its stock is held; `nth` numbers those of a person where they
-- are limited, so that of two at once the second is refused.
CREATE TABLE promotion_use (
    merchant_id  uuid NOT NULL,
    promotion_id uuid NOT NULL,
    order_id     uuid NOT NULL,
    person_id    uuid,
    code         text,
    nth          int,
    amount       bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (promotion_id, order_id),
    UNIQUE (promotion_id, person_id, nth),
    FOREIGN KEY (promotion_id, merchant_id) REFERENCES promotion (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX promotion_use_order ON promotion_use (order_id);
CALL guard('promotion_use');

-- So many uses more; where that is more than there may be, the statement fails as two equal keys do, and is tried again
-- with what is left.
CREATE FUNCTION used(uses int, more int, most int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF most IS NOT NULL AND uses + more > most THEN
        RAISE EXCEPTION 'a promotion is used up' USING ERRCODE = 'unique_violation';
    END IF;
    RETURN uses + more;
END $$;

-- What the orders that were never paid, or cancelled, had used may be used again.
CREATE FUNCTION release_uses() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    WITH gone AS (DELETE FROM promotion_use WHERE order_id = NEW.id RETURNING *),
    codes AS (
        UPDATE promotion_code c SET uses = c.uses - 1 FROM gone g WHERE c.merchant_id = g.merchant_id AND c.code = g.code
    )
    UPDATE promotion p SET uses = p.uses - 1 FROM gone g
    WHERE p.id = g.promotion_id AND p.uses > 0 AND p.rule #> '{conditions,max_uses}' IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER release_uses AFTER UPDATE OF state ON sales_order FOR EACH ROW
    WHEN (NEW.state IN ('cancelled', 'expired') AND OLD.state NOT IN ('cancelled', 'expired'))
    EXECUTE FUNCTION release_uses();

-- Codes as bags name them.
CREATE VIEW code_left WITH (security_invoker = true) AS
    SELECT merchant_id, code, promotion_id, max_uses - uses AS uses_left FROM promotion_code;
GRANT SELECT ON code_left TO unwall_merchant;
CREATE VIEW code_use WITH (security_invoker = true) AS
    SELECT order_id, merchant_id, code FROM promotion_use WHERE code IS NOT NULL;
GRANT SELECT ON code_use TO unwall_merchant;

-- owner: commerce.orders
-- Codes that were typed for a bag.
CREATE TABLE cart_code (
    cart_id     uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
    merchant_id uuid NOT NULL,
    code        text NOT NULL,
    PRIMARY KEY (cart_id, code)
);
CALL guard('cart_code', 'SELECT');
