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
    country        text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),  -- whose public holidays it keeps
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

-- Quantities of a product file that was imported before there was a place; the first node takes them.
CREATE TABLE opening_stock (
    variant_id  uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    quantity    int NOT NULL CHECK (quantity >= 0),
    FOREIGN KEY (variant_id, merchant_id) REFERENCES variant (id, merchant_id) ON DELETE CASCADE
);
CALL guard('opening_stock');

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
    SELECT id, merchant_id, code, kind, name, translations, city, address, latitude, longitude, timezone, country,
        opening_hours, ships, pickup, open
    FROM node;
GRANT SELECT ON node_profile TO unwall_merchant;

CREATE VIEW available_stock WITH (security_invoker = true) AS
    SELECT l.variant_id, l.node_id, l.merchant_id, l.available, n.open AS node_open
    FROM stock_level l LEFT JOIN node n ON n.id = l.node_id;
GRANT SELECT ON available_stock TO unwall_merchant;

-- owner: commerce.sourcing
-- What delivery costs a merchant's customers, and what a parcel costs the merchant; minor units of its currency. Where
-- a merchant has no row for a method, the start prices of its currency count (commerce.sourcing.rates).
CREATE TABLE delivery_price (
    merchant_id     uuid NOT NULL REFERENCES merchant,
    method          text NOT NULL CHECK (method IN ('ship', 'courier', 'pickup')),
    offered         boolean NOT NULL DEFAULT true,
    fee             bigint NOT NULL CHECK (fee >= 0),
    fee_per_km      bigint NOT NULL DEFAULT 0 CHECK (fee_per_km >= 0),
    free_from       bigint CHECK (free_from > 0),  -- no fee from this much in goods on
    cost            bigint NOT NULL DEFAULT 0 CHECK (cost >= 0),
    cost_per_100_km bigint NOT NULL DEFAULT 0 CHECK (cost_per_100_km >= 0),
    PRIMARY KEY (merchant_id, method)
);
CALL guard('delivery_price');
CALL notify_changes('delivery_price', 'delivery-price', 'merchant_id');

-- Where a merchant's delivery has prices of its own: the first zone by position that has the place counts, and for a
-- method that it has no row for, nothing is brought there.
CREATE TABLE delivery_zone (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    position    smallint NOT NULL,
    title       text NOT NULL CHECK (title <> ''),
    countries   text[] NOT NULL DEFAULT '{}',  -- ISO 3166
    regions     text[] NOT NULL DEFAULT '{}',  -- of these countries; none: all
    postcodes   text[] NOT NULL DEFAULT '{}',  -- their beginnings ("310"), or from-to ("10000-19999"); none: all
    radius_km   int CHECK (radius_km > 0),  -- from where it is sent
    prices      jsonb NOT NULL DEFAULT '[]',  -- commerce.sourcing.values.ZonePrice, the first that fits counts
    UNIQUE (merchant_id, position) DEFERRABLE,
    UNIQUE (id, merchant_id)
);
CALL guard('delivery_zone');
CALL notify_changes('delivery_zone', 'delivery-price', 'merchant_id');

-- owner: commerce.orders
CREATE TABLE cart (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    person_id   uuid NOT NULL,  -- the member, or a visitor who is none: then no member is signed in
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'merged')),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX cart_open ON cart (person_id, merchant_id) WHERE state = 'open';
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
    SELECT c.person_id, c.merchant_id, l.variant_id, l.quantity
    FROM cart c JOIN cart_line l ON l.cart_id = c.id WHERE c.state = 'open';

CREATE TABLE sales_order (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchant,
    number         text NOT NULL,
    cart_id        uuid,
    sale_id        uuid,  -- chosen by the counter's screen: sending a sale twice sells once
    hold_id        uuid,  -- the stock request that the order stands on
    visitor_id     uuid,
    member_id      uuid,
    session_id     uuid,
    network        text,  -- that it came from, while it is prepared
    channel        text NOT NULL CHECK (channel IN ('online', 'counter', 'import')),
    state          text NOT NULL CHECK (state IN ('prepared', 'paid', 'fulfilled', 'cancelled', 'expired')),
    method         text NOT NULL CHECK (method IN ('ship', 'courier', 'pickup', 'taken')),
    currency       text NOT NULL,
    items_total    bigint NOT NULL CHECK (items_total >= 0),
    discount_total bigint NOT NULL DEFAULT 0 CHECK (discount_total >= 0),
    shipping_total bigint NOT NULL DEFAULT 0 CHECK (shipping_total >= 0),
    tax_total      bigint NOT NULL DEFAULT 0 CHECK (tax_total >= 0),
    tax_added      bigint NOT NULL DEFAULT 0,  -- what taxes add to list prices; below zero where tax is taken off them
    total          bigint NOT NULL CHECK (total = items_total - discount_total + shipping_total + tax_added AND total >= 0),
    credit_total   bigint NOT NULL DEFAULT 0 CHECK (credit_total BETWEEN 0 AND total),  -- of it, what gift cards and store credit pay
    pricing        jsonb,  -- commerce.pricing.values.PricedOrder: request, facts and quote; none of imported orders
    contact        jsonb NOT NULL DEFAULT '{}',  -- commerce.orders.values.Contact
    promise        jsonb NOT NULL DEFAULT '{}',  -- what was promised: by when or from when, where
    sourcing       jsonb NOT NULL DEFAULT '[]',  -- why each node: the explanation as it was made
    placed_at      timestamptz NOT NULL,
    expires_at     timestamptz,  -- until when a prepared order can be paid
    paid_at        timestamptz,
    closed_at      timestamptz,
    cancel_reason  text CHECK (cancel_reason IN ('customer', 'stock', 'price', 'fraud', 'other')),
    CHECK (cancel_reason IS NULL OR state = 'cancelled'),
    archived_at    timestamptz,  -- put out of the merchant's list; an order that is open stays in it
    CHECK (archived_at IS NULL OR state IN ('fulfilled', 'cancelled', 'expired')),
    UNIQUE (merchant_id, number),
    UNIQUE (merchant_id, id)  -- also serves a merchant's list, newest first
);
-- At most one order of a cart is neither cancelled nor expired: pressing twice orders once.
CREATE UNIQUE INDEX sales_order_cart ON sales_order (cart_id) WHERE state IN ('prepared', 'paid', 'fulfilled');
CREATE UNIQUE INDEX sales_order_sale ON sales_order (merchant_id, sale_id) WHERE sale_id IS NOT NULL;
CREATE INDEX sales_order_visitor ON sales_order (visitor_id, id DESC);
CREATE INDEX sales_order_member ON sales_order (member_id, id DESC) WHERE member_id IS NOT NULL;
CREATE INDEX sales_order_prepared ON sales_order (expires_at) WHERE state = 'prepared';
CREATE INDEX sales_order_network ON sales_order (network) WHERE state = 'prepared';
CALL guard('sales_order');
-- A merchant's request orders no cart that it cannot see.
ALTER POLICY own_merchant ON sales_order WITH CHECK (merchant_id = (SELECT current_merchant())
    AND (cart_id IS NULL OR EXISTS (SELECT FROM cart c WHERE c.id = cart_id)));

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
    total       bigint NOT NULL CHECK (total >= 0),  -- at list prices
    reduction   bigint NOT NULL DEFAULT 0 CHECK (reduction BETWEEN 0 AND total),
    tax         bigint NOT NULL DEFAULT 0 CHECK (tax >= 0),
    returned    int NOT NULL DEFAULT 0 CHECK (returned BETWEEN 0 AND quantity),
    post_id     uuid,
    page        text,
    policy      text,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id) ON DELETE CASCADE
);
CREATE INDEX order_line_product ON order_line (product_id);
CREATE INDEX order_line_sku ON order_line (merchant_id, lower(sku));
CALL guard('order_line');

-- What was sold, as reports read it; `amount` is that of the goods, after discounts, and `shop_id` where the customer came.
CREATE VIEW paid_order WITH (security_invoker = true) AS
    SELECT id, merchant_id, visitor_id, member_id, channel, items_total - discount_total AS amount, placed_at,
        CASE WHEN method IN ('pickup', 'taken') THEN (promise -> 'node_ids' ->> 0)::uuid END AS shop_id
    FROM sales_order WHERE state IN ('paid', 'fulfilled');
GRANT SELECT ON paid_order TO unwall_merchant;

CREATE VIEW paid_order_line WITH (security_invoker = true) AS
    SELECT l.order_id, l.line, o.merchant_id, o.placed_at, l.product_id, l.variant_id, l.title, l.quantity,
        l.total - l.reduction AS total, l.post_id
    FROM sales_order o JOIN order_line l ON l.order_id = o.id WHERE o.state IN ('paid', 'fulfilled');
GRANT SELECT ON paid_order_line TO unwall_merchant;

-- owner: commerce.payments
-- When a merchant takes the money. Without a row: when the order is placed.
CREATE TABLE payment_settings (
    merchant_id uuid PRIMARY KEY REFERENCES merchant,
    capture     text NOT NULL CHECK (capture IN ('order', 'departure'))
);
CALL guard('payment_settings');

CREATE TABLE payment (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    gateway     text NOT NULL,
    capture     text NOT NULL DEFAULT 'order' CHECK (capture IN ('order', 'departure')),  -- when the money is taken
    reference   text,  -- the gateway's own name for it
    last4       text CHECK (last4 ~ '^[0-9]{4}$'),  -- all that is ever stored of a card
    amount      bigint NOT NULL CHECK (amount >= 0),
    currency    text NOT NULL,
    state       text NOT NULL
        CHECK (state IN ('asked', 'authorised', 'capturing', 'captured', 'declined', 'voiding', 'voided')),
    message     text,
    disputed    bigint NOT NULL DEFAULT 0 CHECK (disputed >= 0),  -- in disputes that are open or lost
    asked_at    timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    compared_at timestamptz,  -- with what the gateway knows
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id),
    UNIQUE (merchant_id, id)
);
CREATE INDEX payment_compared ON payment (gateway, settled_at) WHERE state IN ('captured', 'voided', 'declined');
CREATE INDEX payment_order ON payment (order_id);
CREATE INDEX payment_reference ON payment (gateway, reference) WHERE reference IS NOT NULL;
-- Money is asked for once at a time and taken once.
CREATE UNIQUE INDEX payment_live ON payment (order_id) WHERE state IN ('asked', 'authorised', 'capturing', 'captured');
CREATE INDEX payment_unsettled ON payment (asked_at) WHERE state IN ('asked', 'capturing', 'voiding');
CALL guard('payment');

-- The payments of orders, as the packages above read them.
CREATE VIEW order_payment WITH (security_invoker = true) AS
    SELECT id, merchant_id, order_id, gateway, capture, last4, amount, currency, state, message, disputed, asked_at, settled_at
    FROM payment;
GRANT SELECT ON order_payment TO unwall_merchant;


-- Money given back of a payment. Decided in one transaction, carried out at the gateway, then stored as done or failed.
CREATE TABLE refund (
    id          uuid PRIMARY KEY,  -- chosen by the caller: a request that arrives twice gives back once
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    payment_id  uuid NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('decided', 'done', 'failed')),
    reason      text NOT NULL CHECK (reason IN ('goodwill', 'price', 'delivery', 'missing', 'other')),
    destination text NOT NULL DEFAULT 'payment' CHECK (destination IN ('payment', 'credit')),
    note        text NOT NULL DEFAULT '',
    message     text,  -- why the gateway refused it
    actor       text NOT NULL,
    decided_at  timestamptz NOT NULL,
    settled_at  timestamptz,
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id)
);
CREATE INDEX refund_order ON refund (order_id);
CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_unsettled ON refund (decided_at) WHERE state = 'decided';
CALL guard('refund');

CREATE VIEW order_refund WITH (security_invoker = true) AS
    SELECT id, merchant_id, order_id, payment_id, amount, state, destination, decided_at, settled_at FROM refund;
GRANT SELECT ON order_refund TO unwall_merchant;

-- The ledger of money: append-only and double entry: `amount` leaves one holder and enters another.
CREATE TABLE payment_ledger (
    entry       bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    payment_id  uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('asked', 'authorised', 'released', 'captured', 'refunded', 'voided',
        'disputed', 'dispute_won', 'fee', 'credited')),
    source      text NOT NULL CHECK (source IN ('customer', 'gateway', 'till', 'fees')),  -- holder left
    target      text NOT NULL CHECK (target IN ('customer', 'gateway', 'till', 'fees')),  -- holder entered
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    cause_id    uuid NOT NULL,  -- the payment, the refund or the dispute
    actor       text NOT NULL,
    PRIMARY KEY (payment_id, entry),
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
    CHECK ((source = target) = (kind IN ('asked', 'authorised', 'released', 'credited')))  -- these move nothing
);
CREATE UNIQUE INDEX payment_ledger_once ON payment_ledger (cause_id, kind);
CREATE INDEX payment_ledger_merchant ON payment_ledger (merchant_id, at);
CALL guard('payment_ledger', 'SELECT, INSERT');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payment_ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON payment_ledger EXECUTE FUNCTION refuse_change();

-- What banks have taken back of payments; the money is gone while a dispute is open.
CREATE TABLE dispute (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    payment_id  uuid NOT NULL,
    reference   text NOT NULL,  -- the gateway's own name for it
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'won', 'lost')),
    reason      text NOT NULL,  -- the bank's word for it
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    FOREIGN KEY (merchant_id, payment_id) REFERENCES payment (merchant_id, id),
    UNIQUE (payment_id, reference)
);
CREATE INDEX dispute_merchant ON dispute (merchant_id, opened_at);
CALL guard('dispute');

-- What gateways have told by themselves, once each. Of no merchant: it is checked later whether the payment is ours.
CREATE TABLE gateway_event (
    gateway     text NOT NULL,
    event_id    text NOT NULL CHECK (length(event_id) BETWEEN 1 AND 255),  -- rules.MAX_EVENT_ID_CHARACTERS
    kind        text NOT NULL,
    payment_id  uuid,
    received_at timestamptz NOT NULL,
    applied_at  timestamptz,
    PRIMARY KEY (gateway, event_id)
);
CREATE INDEX gateway_event_waiting ON gateway_event (received_at) WHERE applied_at IS NULL;

-- Stores the payments before the gateway is asked; an order that has a live payment gets no other.
CREATE FUNCTION ask_payments(asked jsonb)
RETURNS TABLE (id uuid, amount bigint, currency text, capture text) LANGUAGE sql AS $$
    WITH made AS (
        INSERT INTO payment AS p (id, merchant_id, order_id, gateway, capture, last4, amount, currency, state, asked_at)
        SELECT a.id, a.merchant_id, a.order_id, a.gateway, coalesce(s.capture, 'order'), nullif(a.last4, ''), a.total,
             a.currency, 'asked', a.now
        FROM jsonb_to_recordset(asked) AS a (id uuid, merchant_id uuid, order_id uuid, gateway text,
                last4 text, total bigint, currency text, now timestamptz)
            LEFT JOIN payment_settings s ON s.merchant_id = a.merchant_id
        ON CONFLICT DO NOTHING RETURNING p.*
    ), entered AS (
        INSERT INTO payment_ledger (at, merchant_id, order_id, payment_id, kind, source, target, amount, currency,
            cause_id, actor)
        SELECT m.asked_at, m.merchant_id, m.order_id, m.id, 'asked', 'customer', 'customer', m.amount, m.currency, m.id,
            'system'
        FROM made m WHERE m.amount > 0
    )
    SELECT m.id, m.amount, m.currency, m.capture FROM made m
$$;

-- The records of the built-in test gateway. It stands for another company's computer: no merchant may read them, no
-- other table refers to them, and they are never part of a transaction of ours.
CREATE TABLE test_gateway_charge (
    id       uuid PRIMARY KEY,  -- the caller's idempotency key
    amount   bigint NOT NULL,
    currency text NOT NULL,
    state    text NOT NULL CHECK (state IN ('pending', 'authorised', 'captured', 'declined', 'voided')),
    message  text,
    refunds  boolean NOT NULL DEFAULT true,  -- whether it gives money back, which depends on the card
    capture  text NOT NULL DEFAULT 'order',  -- when it is captured, once it is confirmed
    waits    text NOT NULL DEFAULT '',  -- for what, while it is pending: the shopper, or the bank
    captured bigint NOT NULL DEFAULT 0,
    dispute  text NOT NULL DEFAULT '' CHECK (dispute IN ('', 'open', 'won', 'lost'))
);
CREATE TABLE test_gateway_refund (
    id        uuid PRIMARY KEY,  -- the caller's idempotency key
    charge_id uuid NOT NULL,
    amount    bigint NOT NULL
);

-- owner: commerce.orders

-- The orders of these visitors and networks that are prepared and not paid, and the units that they hold. Whoever asks for
-- a network keeps others from asking for it until the transaction ends, so that orders placed at once are all counted.
CREATE FUNCTION open_orders(visitors uuid[], networks text[])
RETURNS TABLE (subject text, orders int, units int, until timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('orders@' || n, 0))
        FROM (SELECT DISTINCT unnest(networks) AS n ORDER BY 1) AS sorted;
    RETURN QUERY
        SELECT o.subject, count(*)::int, coalesce(sum((
            SELECT sum(l.quantity) FROM order_line l WHERE l.order_id = o.id)), 0)::int, min(o.expires_at)
        FROM (
            SELECT s.visitor_id::text AS subject, s.id, s.expires_at FROM sales_order s
            WHERE s.visitor_id = ANY(visitors) AND s.state = 'prepared'
            UNION ALL SELECT s.network, s.id, s.expires_at FROM sales_order s
            WHERE s.network = ANY(networks) AND s.state = 'prepared'
        ) AS o GROUP BY o.subject;
END $$;

-- owner: commerce.fulfilment
-- What one node does for one order by one method. `order_number`, `customer`, `phone` and `address` are copied
-- from the order, which fulfilment does not read.
CREATE TABLE shipment (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL,
    order_id     uuid NOT NULL,
    order_number text NOT NULL,
    customer     text NOT NULL DEFAULT '',  -- the contact's name
    phone        text NOT NULL DEFAULT '',
    address      jsonb NOT NULL DEFAULT '{}',  -- kernel.addresses.Address: where it goes; {} for what is collected
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
CREATE INDEX shipment_tracking ON shipment (merchant_id, lower(tracking)) WHERE tracking IS NOT NULL;
CREATE INDEX shipment_work ON shipment (merchant_id, due_at) WHERE state IN ('routed', 'picking', 'ready');
CREATE INDEX shipment_tasks ON shipment (node_id, due_at) WHERE state IN ('routed', 'picking', 'ready');
CALL guard('shipment');

CREATE VIEW shipment_state WITH (security_invoker = true) AS
    SELECT id, merchant_id, order_id, state FROM shipment;
GRANT SELECT ON shipment_state TO unwall_merchant;

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
-- The two references above do not name the merchant, which would take an index more on each of two busy tables: a
-- merchant's request refers to rows that it can see.
ALTER POLICY own_merchant ON shipment_line WITH CHECK (merchant_id = (SELECT current_merchant())
    AND EXISTS (SELECT FROM order_line o WHERE o.order_id = shipment_line.order_id AND o.line = shipment_line.order_line)
    AND EXISTS (SELECT FROM stock_hold h WHERE h.request_id = shipment_line.hold_id AND h.line = shipment_line.line));

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
