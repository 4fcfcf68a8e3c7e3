-- owner: commerce.stock
-- A few ids as rows. The planner takes them for four, whatever they are, so PostgreSQL keeps one plan for the statement;
-- for `id = ANY($1)` it plans anew at every call, which takes longer than the statement itself (0.2 to 0.4 ms).
CREATE FUNCTION few_ids(ids uuid[]) RETURNS SETOF uuid LANGUAGE sql VOLATILE ROWS 4 AS 'SELECT unnest(ids)';

-- A warehouse or a shop: a place that holds stock.
CREATE TABLE node (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchant,
    code           text NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('warehouse', 'shop')),
    name           text NOT NULL CHECK (name <> ''),
    translations   jsonb NOT NULL DEFAULT '{}',  -- {"zh": {"name", "city", "address"}}
    city           text NOT NULL,
    address        text NOT NULL,
    latitude       double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude      double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    timezone       text NOT NULL,
    opening_hours  text NOT NULL,  -- OpenStreetMap syntax
    ships          boolean NOT NULL,
    pickup         boolean NOT NULL,
    pick_minutes   int NOT NULL CHECK (pick_minutes > 0),
    pick_cost      bigint NOT NULL CHECK (pick_cost >= 0),  -- minor units a unit, pick and pack
    open           boolean NOT NULL DEFAULT true,
    UNIQUE (merchant_id, code),
    UNIQUE (merchant_id, id)
);
CALL guard('node');
CALL notify_changes('node', 'node', 'id');
ALTER TABLE staff ADD FOREIGN KEY (merchant_id, node_id) REFERENCES node (merchant_id, id);  -- nobody else's shop

-- How many: on hand is what stands there, held is promised to orders not yet paid, allocated to paid ones.
-- The CHECK is the last guard against overselling. merchant_id is the node's and the variant's.
CREATE TABLE stock_level (
    variant_id   uuid NOT NULL,
    node_id      uuid NOT NULL,
    merchant_id  uuid NOT NULL,
    on_hand      int NOT NULL DEFAULT 0,
    held         int NOT NULL DEFAULT 0 CHECK (held >= 0),
    allocated    int NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    safety_stock int NOT NULL DEFAULT 0 CHECK (safety_stock >= 0),
    -- available-to-promise: the one place in SQL that says what may be promised (its twin: commerce.stock Level)
    available    int NOT NULL GENERATED ALWAYS AS (on_hand - held - allocated - safety_stock) STORED,
    PRIMARY KEY (variant_id, node_id),
    FOREIGN KEY (variant_id, merchant_id) REFERENCES variant (id, merchant_id),
    FOREIGN KEY (merchant_id, node_id) REFERENCES node (merchant_id, id),
    CONSTRAINT never_oversold CHECK (on_hand >= held + allocated)
) WITH (fillfactor = 50);  -- a hot row is rewritten in place, on its own page
CREATE INDEX stock_level_node ON stock_level (node_id);
CREATE INDEX stock_level_merchant ON stock_level (merchant_id);
CALL guard('stock_level', 'SELECT');
GRANT INSERT (variant_id, node_id, merchant_id), UPDATE (safety_stock) ON stock_level TO unwall_merchant;

-- The ledger: every movement, append-only and double entry: `quantity` units leave one bucket and enter another.
CREATE TABLE stock_ledger (
    entry       bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL DEFAULT now(),
    merchant_id uuid NOT NULL,
    variant_id  uuid NOT NULL,
    node_id     uuid NOT NULL,
    quantity    int NOT NULL CHECK (quantity > 0),
    source      text NOT NULL CHECK (source IN ('available', 'held', 'allocated', 'outside')),  -- bucket left
    target      text NOT NULL CHECK (target IN ('available', 'held', 'allocated', 'outside')),  -- bucket entered
    reason      text NOT NULL,
    cause_id    uuid NOT NULL,  -- what made it happen: the hold, the shipment, the receipt
    line        smallint NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (variant_id, node_id, entry),
    CHECK (source <> target)
);
CREATE UNIQUE INDEX stock_ledger_once ON stock_ledger (cause_id, line, reason);
CALL guard('stock_ledger', 'SELECT, INSERT');
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;

-- Levels are the running sums of the ledger, and nothing else changes them: whatever is booked moves them in the same
-- statement. A movement without its level (of the same merchant) is refused.
CREATE FUNCTION move_levels() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    moved boolean;
BEGIN
    WITH sums AS (
        SELECT variant_id, node_id, merchant_id,
            sum(CASE 'outside' WHEN source THEN quantity WHEN target THEN -quantity ELSE 0 END)::int AS on_hand,
            sum(CASE 'held' WHEN target THEN quantity WHEN source THEN -quantity ELSE 0 END)::int AS held,
            sum(CASE 'allocated' WHEN target THEN quantity WHEN source THEN -quantity ELSE 0 END)::int AS allocated
        FROM booked GROUP BY variant_id, node_id, merchant_id
    ), levels AS (
        UPDATE stock_level l SET on_hand = l.on_hand + s.on_hand, held = l.held + s.held,
            allocated = l.allocated + s.allocated
        FROM sums s
        WHERE l.variant_id = s.variant_id AND l.node_id = s.node_id AND l.merchant_id = s.merchant_id
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM sums) = (SELECT count(*) FROM levels) INTO moved;
    IF NOT moved THEN
        RAISE EXCEPTION 'a movement has no level' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER move_levels AFTER INSERT ON stock_ledger
    REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION move_levels();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON stock_ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON stock_ledger EXECUTE FUNCTION refuse_change();

-- Stock promised to one request (an order being placed), a row a line. The caller names the request, so that asking
-- twice holds once. `open` units are still held or allocated; no row is changed but under the lock of its level.
CREATE TABLE stock_hold (
    request_id  uuid NOT NULL,
    line        smallint NOT NULL,
    merchant_id uuid NOT NULL,
    variant_id  uuid NOT NULL,
    node_id     uuid NOT NULL,
    quantity    int NOT NULL CHECK (quantity > 0),
    open        int NOT NULL CHECK (open BETWEEN 0 AND quantity),
    state       text NOT NULL DEFAULT 'held' 
        CHECK (state IN ('held', 'allocated', 'deallocated', 'issued', 'released', 'expired')),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (request_id, line),
    CHECK ((open > 0) = (state IN ('held', 'allocated')))
);
CREATE INDEX stock_hold_expiry ON stock_hold (expires_at) WHERE state = 'held';
CALL guard('stock_hold');

-- The requests whose lines are all held, and until when.
CREATE VIEW held_request WITH (security_invoker = true) AS
    SELECT request_id, min(expires_at) AS held_until FROM stock_hold GROUP BY request_id HAVING bool_and(state = 'held');
GRANT SELECT ON held_request TO unwall_merchant;

-- Nodes, and what can be promised at each, as other packages read them.
CREATE VIEW node_profile WITH (security_invoker = true) AS
    SELECT id, merchant_id, code, kind, name, translations, city, address, latitude, longitude, timezone, opening_hours,
        ships, pickup, open
    FROM node;
GRANT SELECT ON node_profile TO unwall_merchant;

CREATE VIEW available_stock WITH (security_invoker = true) AS
    SELECT l.variant_id, l.node_id, l.merchant_id, l.available, n.open AS node_open
    FROM stock_level l LEFT JOIN node n ON n.id = l.node_id;
GRANT SELECT ON available_stock TO unwall_merchant;

-- owner: commerce.orders
CREATE TABLE cart (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    visitor_id  uuid NOT NULL,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered')),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX cart_open ON cart (visitor_id, merchant_id) WHERE state = 'open';
CALL guard('cart', 'SELECT');

CREATE TABLE cart_line (
    cart_id     uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
    variant_id  uuid NOT NULL REFERENCES variant,
    merchant_id uuid NOT NULL,
    quantity    int NOT NULL CHECK (quantity BETWEEN 1 AND 99),  -- commerce.orders.rules.MAX_UNITS_PER_LINE
    post_id     uuid,  -- the post it was added from
    page        text,
    policy      text,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cart_id, variant_id)
);
CALL guard('cart_line', 'SELECT');

CREATE VIEW open_cart_line WITH (security_invoker = true) AS
    SELECT c.visitor_id, c.merchant_id, l.variant_id, l.quantity
    FROM cart c JOIN cart_line l ON l.cart_id = c.id WHERE c.state = 'open';

CREATE TABLE sales_order (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchant,
    number         text NOT NULL,
    cart_id        uuid,
    hold_id        uuid,  -- the stock request that the order stands on
    visitor_id     uuid,
    member_id      uuid,
    session_id     uuid,
    channel        text NOT NULL CHECK (channel IN ('online', 'counter', 'import')),
    state          text NOT NULL CHECK (state IN ('prepared', 'paid', 'fulfilled', 'cancelled', 'expired')),
    method         text NOT NULL CHECK (method IN ('ship', 'courier', 'pickup', 'taken')),
    currency       text NOT NULL,
    items_total    bigint NOT NULL CHECK (items_total >= 0),
    discount_total bigint NOT NULL DEFAULT 0 CHECK (discount_total >= 0),
    shipping_total bigint NOT NULL DEFAULT 0 CHECK (shipping_total >= 0),
    total          bigint NOT NULL CHECK (total = items_total - discount_total + shipping_total),
    contact        jsonb NOT NULL DEFAULT '{}',  -- name, phone, email, address, city, latitude, longitude
    promise        jsonb NOT NULL DEFAULT '{}',  -- what was promised: by when or from when, where
    sourcing       jsonb NOT NULL DEFAULT '[]',  -- why each node: the explanation as it was made
    placed_at      timestamptz NOT NULL,
    expires_at     timestamptz,  -- until when a prepared order can be paid
    paid_at        timestamptz,
    closed_at      timestamptz,
    UNIQUE (merchant_id, number),
    UNIQUE (merchant_id, id)  -- also serves a merchant's list, newest first
);
-- At most one order of a cart is neither cancelled nor expired: pressing twice orders once.
CREATE UNIQUE INDEX sales_order_cart ON sales_order (cart_id) WHERE state IN ('prepared', 'paid', 'fulfilled');
CREATE INDEX sales_order_visitor ON sales_order (visitor_id, id DESC);
CREATE INDEX sales_order_member ON sales_order (member_id, id DESC) WHERE member_id IS NOT NULL;
CREATE INDEX sales_order_prepared ON sales_order (expires_at) WHERE state = 'prepared';
CALL guard('sales_order');

-- The first of these order numbers that the merchant has not given yet; the UNIQUE above has the last word.
CREATE FUNCTION free_number(merchant uuid, numbers text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT n FROM unnest(numbers) WITH ORDINALITY AS wanted (n, i)
    WHERE NOT EXISTS (SELECT 1 FROM sales_order o WHERE o.merchant_id = merchant AND o.number = n) ORDER BY i LIMIT 1
$$;

CREATE TABLE order_line (
    order_id    uuid NOT NULL,
    line        smallint NOT NULL,
    merchant_id uuid NOT NULL,
    product_id  uuid NOT NULL,
    variant_id  uuid NOT NULL,
    title       text NOT NULL,
    sku         text NOT NULL,
    options     text[] NOT NULL DEFAULT '{}',
    quantity    int NOT NULL CHECK (quantity > 0),
    unit_price  bigint NOT NULL CHECK (unit_price >= 0),
    total       bigint NOT NULL CHECK (total >= 0),
    returned    int NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND quantity),
    post_id     uuid,
    page        text,
    policy      text,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id) ON DELETE CASCADE
);
CREATE INDEX order_line_product ON order_line (product_id);
CALL guard('order_line');

-- What was sold, as reports read it; `amount` is that of the goods, after discounts.
CREATE VIEW paid_order WITH (security_invoker = true) AS
    SELECT id, merchant_id, visitor_id, member_id, channel, items_total - discount_total AS amount, placed_at
    FROM sales_order WHERE state IN ('paid', 'fulfilled');
GRANT SELECT ON paid_order TO unwall_merchant;

CREATE VIEW paid_order_line WITH (security_invoker = true) AS
    SELECT l.order_id, l.line, o.merchant_id, o.placed_at, l.product_id, l.variant_id, l.title, l.quantity, l.total,
        l.post_id
    FROM sales_order o JOIN order_line l ON l.order_id = o.id WHERE o.state IN ('paid', 'fulfilled');
GRANT SELECT ON paid_order_line TO unwall_merchant;

CREATE TABLE payment (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    gateway     text NOT NULL,
    reference   text,  -- the gateway's own name for it
    last4       text CHECK (last4 ~ '^[0-9]{4}$'),  -- all that is ever stored of a card
    amount      bigint NOT NULL CHECK (amount >= 0),
    currency    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('asked', 'captured', 'declined', 'voiding', 'voided')),
    message     text,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id)
);
CREATE INDEX payment_order ON payment (order_id);
-- Money is asked for once at a time and taken once.
CREATE UNIQUE INDEX payment_live ON payment (order_id) WHERE state IN ('asked', 'captured');
CREATE INDEX payment_unsettled ON payment (asked_at) WHERE state IN ('asked', 'voiding');
CALL guard('payment');

-- owner: commerce.fulfilment
-- What one node does for one order by one method. `order_number` and `customer` are copied from the order, which
-- fulfilment does not read.
CREATE TABLE shipment (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL,
    order_id     uuid NOT NULL,
    order_number text NOT NULL,
    customer     text NOT NULL DEFAULT '',  -- the contact's name
    hold_id      uuid NOT NULL,  -- the stock request whose lines it takes
    node_id      uuid NOT NULL,
    method       text NOT NULL CHECK (method IN ('ship', 'courier', 'pickup')),
    state        text NOT NULL
        CHECK (state IN ('routed', 'picking', 'ready', 'handed_over', 'collected', 'cancelled')),
    due_at       timestamptz NOT NULL,
    tracking     text,
    code_tries   int NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id),
    FOREIGN KEY (merchant_id, node_id) REFERENCES node (merchant_id, id),
    UNIQUE (id, merchant_id)
);
CREATE INDEX shipment_order ON shipment (order_id);
CREATE INDEX shipment_tasks ON shipment (node_id, due_at) WHERE state IN ('routed', 'picking', 'ready');
CALL guard('shipment');

-- A line of a hold, at the node where it is held, for a line of the order. One order line may be served by several hold
-- lines, one a node; a return, a commission or a tax refers to (order_id, order_line).
CREATE TABLE shipment_line (
    shipment_id uuid NOT NULL,
    line        smallint NOT NULL,  -- of the hold
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    order_line  smallint NOT NULL,
    hold_id     uuid NOT NULL,
    variant_id  uuid NOT NULL,
    quantity    int NOT NULL CHECK (quantity > 0),
    picked      int NOT NULL DEFAULT 0 CHECK (picked BETWEEN 0 AND quantity),
    PRIMARY KEY (shipment_id, line),
    FOREIGN KEY (shipment_id, merchant_id) REFERENCES shipment (id, merchant_id) ON DELETE CASCADE,
    FOREIGN KEY (order_id, order_line) REFERENCES order_line (order_id, line),
    FOREIGN KEY (hold_id, line) REFERENCES stock_hold (request_id, line)
);
CALL guard('shipment_line');

CREATE TABLE shipment_event (
    id          uuid PRIMARY KEY,
    shipment_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    state       text NOT NULL,
    actor       text NOT NULL,
    note        text NOT NULL DEFAULT '',
    FOREIGN KEY (shipment_id, merchant_id) REFERENCES shipment (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX shipment_event_shipment ON shipment_event (shipment_id, id);
CALL guard('shipment_event');

-- owner: commerce.orders
-- The records of the built-in test gateway. It stands for another company's computer: no merchant may read them, no
-- other table refers to them, and they are never part of a transaction of ours.
CREATE TABLE test_gateway_charge (
    id       uuid PRIMARY KEY,  -- the caller's idempotency key
    amount   bigint NOT NULL,
    currency text NOT NULL,
    state    text NOT NULL CHECK (state IN ('captured', 'declined', 'voided')),
    message  text
);
