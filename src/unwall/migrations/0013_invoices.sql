-- owner: commerce.invoices
-- What a merchant prints on its invoices.
CREATE TABLE invoice_settings (
    merchant_id  uuid PRIMARY KEY REFERENCES merchant,
    name         text NOT NULL CHECK (name <> ''),  -- the legal one
    address      text NOT NULL CHECK (address <> ''),  -- lines, as they are printed
    registration text NOT NULL DEFAULT '',
    note         text NOT NULL DEFAULT '',
    prefix       text NOT NULL DEFAULT ''  -- of the numbers
);
CALL guard('invoice_settings');

-- The last number of each series. Whoever issues holds this row until the document is stored, so that numbers have no gaps.
CREATE TABLE invoice_series (
    merchant_id uuid NOT NULL REFERENCES merchant,
    kind        text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    last        bigint NOT NULL CHECK (last > 0),
    PRIMARY KEY (merchant_id, kind)
);
CALL guard('invoice_series', 'SELECT, INSERT, UPDATE');

-- Invoices, and credit notes over refunds of invoiced orders: as they were issued, for ever.
CREATE TABLE invoice (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    order_id    uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    refund_id   uuid,
    sequence    bigint NOT NULL CHECK (sequence > 0),
    number      text NOT NULL,
    issued_at   timestamptz NOT NULL,
    total       bigint NOT NULL,
    currency    text NOT NULL,
    content     jsonb NOT NULL,  -- commerce.invoices.values.InvoiceContent
    CHECK ((kind = 'credit_note') = (refund_id IS NOT NULL)),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id),
    UNIQUE (merchant_id, kind, sequence),
    UNIQUE (merchant_id, number)
);
CREATE UNIQUE INDEX invoice_once ON invoice (order_id) WHERE kind = 'invoice';
CREATE UNIQUE INDEX credit_note_once ON invoice (refund_id) WHERE kind = 'credit_note';
CREATE INDEX invoice_order ON invoice (order_id);
CREATE INDEX invoice_issued ON invoice (merchant_id, id DESC);
CALL guard('invoice', 'SELECT, INSERT');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON invoice EXECUTE FUNCTION refuse_change();
