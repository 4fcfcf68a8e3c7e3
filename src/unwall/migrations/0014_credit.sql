-- owner: commerce.credit
-- What a merchant owes: its gift cards, and the store credit of its members. `available` may be spent, `held` is put
-- aside for orders whose payment is pending; both are the running sums of credit_ledger.
CREATE TABLE credit_account (
    id          uuid PRIMARY KEY,  -- chosen by the caller: a request that arrives twice issues one card
    merchant_id uuid NOT NULL REFERENCES merchant,
    kind        text NOT NULL CHECK (kind IN ('gift_card', 'store_credit')),
    currency    text NOT NULL,
    code_hash   text,  -- of a gift card's code, which is stored nowhere
    last4       text NOT NULL DEFAULT '',
    member_id   uuid,  -- whose store credit it is
    recipient   jsonb NOT NULL DEFAULT '{}',  -- commerce.credit.values.GiftRecipient
    paid_by     text NOT NULL DEFAULT '' CHECK (paid_by IN ('', 'cash', 'terminal')),  -- of a gift card; '': it was given
    reference   text NOT NULL DEFAULT '',  -- of a card terminal
    expires_at  timestamptz,
    issued_at   timestamptz NOT NULL,
    sent_at     timestamptz,  -- when its mail left
    voided_at   timestamptz,
    available   bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    held        bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    CHECK ((kind = 'gift_card') = (code_hash IS NOT NULL)),
    CHECK ((kind = 'store_credit') = (member_id IS NOT NULL)),
    UNIQUE (merchant_id, id)  -- also serves a merchant's list, newest first
);
CREATE UNIQUE INDEX credit_account_code ON credit_account (merchant_id, code_hash) WHERE kind = 'gift_card';
CREATE UNIQUE INDEX credit_account_member ON credit_account (member_id, merchant_id, currency)
    WHERE kind = 'store_credit';
CALL guard('credit_account', 'SELECT, INSERT');
GRANT UPDATE (expires_at, sent_at, voided_at) ON credit_account TO unwall_merchant;

-- The ledger of credit: append-only and double entry: `amount` leaves one holder and enters another.
CREATE TABLE credit_ledger (
    entry       bigint GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    merchant_id uuid NOT NULL,
    account_id  uuid NOT NULL,
    reason      text NOT NULL CHECK (reason IN ('sold', 'granted', 'held', 'released', 'spent', 'given_back', 'refunded',
        'voided')),
    source      text NOT NULL CHECK (source IN ('merchant', 'available', 'held', 'spent')),  -- holder left
    target      text NOT NULL CHECK (target IN ('merchant', 'available', 'held', 'spent')),  -- holder entered
    amount      bigint NOT NULL CHECK (amount > 0),
    cause_id    uuid NOT NULL,  -- the card, the grant, the use, the refund
    order_id    uuid,
    actor       text NOT NULL,
    note        text NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, entry),
    FOREIGN KEY (merchant_id, account_id) REFERENCES credit_account (merchant_id, id),
    CHECK (source <> target)
);
CREATE UNIQUE INDEX credit_ledger_once ON credit_ledger (cause_id, account_id, reason);
CALL guard('credit_ledger', 'SELECT, INSERT');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON credit_ledger FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON credit_ledger EXECUTE FUNCTION refuse_change();

-- Balances are the running sums of the ledger, and nothing else changes them.
CREATE FUNCTION move_credit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE credit_account a SET available = a.available + s.available, held = a.held + s.held
    FROM (
        SELECT account_id,
            sum(CASE 'available' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS available,
            sum(CASE 'held' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END)::bigint AS held
        FROM booked GROUP BY account_id
    ) s
    WHERE a.id = s.account_id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_credit AFTER INSERT ON credit_ledger
    REFERENCING NEW TABLE AS booked FOR EACH STATEMENT EXECUTE FUNCTION move_credit();

-- What one order takes of one account: held while its payment is pending, then spent, or let go.
CREATE TABLE credit_use (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    account_id  uuid NOT NULL,
    order_id    uuid NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    given_back  bigint NOT NULL DEFAULT 0 CHECK (given_back BETWEEN 0 AND amount),
    state       text NOT NULL CHECK (state IN ('held', 'spent', 'released')),
    CHECK (given_back = 0 OR state = 'spent'),
    FOREIGN KEY (merchant_id, account_id) REFERENCES credit_account (merchant_id, id),
    FOREIGN KEY (merchant_id, order_id) REFERENCES sales_order (merchant_id, id)
);
CREATE INDEX credit_use_order ON credit_use (order_id);
CREATE INDEX credit_use_account ON credit_use (account_id);
CALL guard('credit_use', 'SELECT, INSERT, UPDATE');

-- What orders took of gift cards and store credit, as the packages above read it.
CREATE VIEW order_credit WITH (security_invoker = true) AS
    SELECT u.id, u.merchant_id, u.order_id, u.account_id, a.kind, a.last4, u.amount, u.given_back, u.state
    FROM credit_use u JOIN credit_account a ON a.id = u.account_id WHERE u.state <> 'released';
GRANT SELECT ON order_credit TO unwall_merchant;

-- owner: commerce.orders
-- The gift cards that a shopper wants to pay a bag with.
CREATE TABLE cart_gift_card (
    cart_id     uuid NOT NULL REFERENCES cart ON DELETE CASCADE,
    merchant_id uuid NOT NULL,
    account_id  uuid NOT NULL,
    PRIMARY KEY (cart_id, account_id),
    FOREIGN KEY (merchant_id, account_id) REFERENCES credit_account (merchant_id, id)
);
CALL guard('cart_gift_card', 'SELECT');
