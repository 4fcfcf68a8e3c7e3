-- owner: commerce.orders
-- The digits of a contact's telephone number from the last to the first, so that its end can be looked for.
CREATE FUNCTION reversed_phone(contact jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reverse(regexp_replace(coalesce(nullif(contact ->> 'phone_e164', ''), contact ->> 'phone', ''), '[^0-9]', '', 'g'))
$$;
CREATE INDEX sales_order_phone ON sales_order (merchant_id, reversed_phone(contact) text_pattern_ops);
CREATE INDEX sales_order_email ON sales_order (merchant_id, lower(contact ->> 'email'));

CREATE TABLE order_tag (
    order_id    uuid NOT NULL,
    tag         text NOT NULL,
    merchant_id uuid NOT NULL,
    PRIMARY KEY (order_id, tag),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id) ON DELETE CASCADE
);
CREATE INDEX order_tag_merchant ON order_tag (merchant_id, tag);
CALL guard('order_tag');

CREATE TABLE order_note (
    id          uuid PRIMARY KEY,  -- from the key of the form: a note that is sent twice stands once
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    written_at  timestamptz NOT NULL,
    author      text NOT NULL,
    text        text NOT NULL,
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id) ON DELETE CASCADE
);
CREATE INDEX order_note_order ON order_note (order_id, written_at);
CALL guard('order_note');

-- A filter of the list of orders that is kept under a name, for all staff of the merchant.
CREATE TABLE order_filter (
    merchant_id uuid NOT NULL REFERENCES merchant,
    name        text NOT NULL,
    wanted      jsonb NOT NULL,  -- commerce.orders.listing_values.OrderFilter
    PRIMARY KEY (merchant_id, name)
);
CALL guard('order_filter');
