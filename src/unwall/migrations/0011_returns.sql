-- owner: commerce.returns
-- Under which conditions a merchant takes goods back; without a row the defaults of ReturnSettings hold.
CREATE TABLE return_settings (
    merchant_id    uuid PRIMARY KEY REFERENCES merchant,
    window_days    int NOT NULL CHECK (window_days >= 0),
    fee_millionths int NOT NULL CHECK (fee_millionths BETWEEN 0 AND 1000000)
);
CALL guard('return_settings');

-- Units of an order that come back, or are refunded without. `order_number`, `customer` and `currency` are copied from
-- the order.
CREATE TABLE order_return (
    id             uuid PRIMARY KEY,  -- chosen by the caller: a request that arrives twice opens one return
    merchant_id    uuid NOT NULL,
    order_id       uuid NOT NULL,
    order_number   text NOT NULL,
    number         text NOT NULL,
    customer       text NOT NULL DEFAULT '',
    currency       text NOT NULL,
    state          text NOT NULL
        CHECK (state IN ('asked', 'accepted', 'refused', 'withdrawn', 'received', 'inspected', 'refunded')),
    reason         text NOT NULL
        CHECK (reason IN ('size', 'mind', 'different', 'damaged', 'wrong', 'missing', 'other')),
    note           text NOT NULL DEFAULT '',  -- the customer's words
    pictures       text[] NOT NULL DEFAULT '{}',
    fee_millionths int NOT NULL CHECK (fee_millionths BETWEEN 0 AND 1000000),  -- as agreed when it was opened
    fee            bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
    delivery       bigint NOT NULL DEFAULT 0 CHECK (delivery >= 0),
    amount         bigint NOT NULL DEFAULT 0 CHECK (amount >= 0),
    credited       bigint NOT NULL DEFAULT 0 CHECK (credited BETWEEN 0 AND amount),  -- of it, to gift cards and store credit
    node_id        uuid,  -- where the goods came back
    refund_id      uuid,  -- the refund by which the money goes back
    asked_at       timestamptz NOT NULL,
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id),
    FOREIGN KEY (merchant_id, node_id) REFERENCES node (merchant_id, id),
    UNIQUE (merchant_id, number),
    UNIQUE (merchant_id, id)  -- also serves a merchant's list, newest first
);
CREATE INDEX order_return_order ON order_return (order_id);
CREATE INDEX order_return_refund ON order_return (refund_id) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX order_return_delivery ON order_return (order_id) WHERE delivery > 0;  -- its price goes back once
CALL guard('order_return');

CREATE TABLE return_line (
    return_id   uuid NOT NULL,
    line        smallint NOT NULL,  -- of the order
    merchant_id uuid NOT NULL,
    variant_id  uuid NOT NULL,
    title       text NOT NULL,
    sku         text NOT NULL,
    options     text[] NOT NULL DEFAULT '{}',
    quantity    int NOT NULL CHECK (quantity > 0),
    sellable    int NOT NULL DEFAULT 0 CHECK (sellable >= 0),
    damaged     int NOT NULL DEFAULT 0 CHECK (damaged >= 0),
    lost        int NOT NULL DEFAULT 0 CHECK (lost >= 0),
    kept        int NOT NULL DEFAULT 0 CHECK (kept >= 0),
    net         bigint NOT NULL DEFAULT 0,
    tax         bigint NOT NULL DEFAULT 0,
    gross       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (return_id, line),
    FOREIGN KEY (merchant_id, return_id) REFERENCES order_return (merchant_id, id) ON DELETE CASCADE,
    CHECK (sellable + damaged + lost + kept <= quantity)
);
CALL guard('return_line');

CREATE TABLE return_step (
    return_id   uuid NOT NULL,
    step        smallint NOT NULL,
    merchant_id uuid NOT NULL,
    state       text NOT NULL,
    actor       text NOT NULL,
    at          timestamptz NOT NULL,
    note        text NOT NULL DEFAULT '',  -- what the customer is told
    PRIMARY KEY (return_id, step),
    FOREIGN KEY (merchant_id, return_id) REFERENCES order_return (merchant_id, id) ON DELETE CASCADE
);
CALL guard('return_step');

-- owner: messages
INSERT INTO subscription (kind, entrypoint) VALUES
    ('return-accepted', 'messages.hear'),
    ('return-refused', 'messages.hear'),
    ('return-received', 'messages.hear'),
    ('return-refunded', 'messages.hear');
