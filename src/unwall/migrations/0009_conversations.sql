-- owner: content.conversations
-- What a shopper and an account write to each other: one conversation for each person and account. It waits from the
-- first message that nobody has answered. For the account write the staff of its store ("staff" below), or its member.
CREATE TABLE conversation (
    id              uuid PRIMARY KEY,
    merchant_id     uuid REFERENCES merchant,  -- the account's; NULL: a member's
    account_id      uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    person_id       uuid NOT NULL,  -- a member, or a visitor who is none yet
    name            text NOT NULL DEFAULT '',  -- the member's; '': a visitor
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('waiting', 'open', 'closed')),
    assignee_id     uuid,  -- of the staff
    excerpt         text NOT NULL DEFAULT '',  -- the beginning of the last message
    waiting_since   timestamptz,
    last_id         uuid NOT NULL,  -- the newest message, by which lists are in order
    last_at         timestamptz NOT NULL,
    last_shopper_id uuid,
    last_staff_id   uuid,
    shopper_read_id uuid,  -- the newest message that the shopper, and that the staff have seen
    staff_read_id   uuid,
    created_at      timestamptz NOT NULL,
    UNIQUE (account_id, person_id),
    UNIQUE (id, merchant_id),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id),
    CHECK ((state = 'waiting') = (waiting_since IS NOT NULL))
);
CREATE INDEX conversation_merchant ON conversation (merchant_id, last_id DESC);
CREATE INDEX conversation_waiting ON conversation (merchant_id, waiting_since) WHERE state = 'waiting';
CREATE INDEX conversation_person ON conversation (person_id, last_id DESC);
CALL guard('conversation', 'SELECT, UPDATE');

-- `key` is the sender's: a message that is sent twice is there once.
CREATE TABLE message (
    id              uuid PRIMARY KEY,
    conversation_id uuid NOT NULL REFERENCES conversation ON DELETE CASCADE,
    merchant_id     uuid,
    author          text NOT NULL CHECK (author IN ('shopper', 'staff', 'note')),  -- a note is seen by staff only
    staff_id        uuid,
    staff_name      text NOT NULL DEFAULT '',
    key             text NOT NULL CHECK (length(key) BETWEEN 1 AND 100),  -- rules.MAX_KEY_CHARACTERS
    body            text NOT NULL DEFAULT '' CHECK (length(body) <= 2000),  -- rules.MAX_MESSAGE_CHARACTERS
    file            text,
    width           int,
    height          int,
    product_id      uuid,  -- from where the shopper wrote
    order_id        uuid,
    post_id         uuid,
    waited_seconds  int CHECK (waited_seconds >= 0),  -- of an answer: how long the shopper had waited for it
    created_at      timestamptz NOT NULL,
    UNIQUE (conversation_id, key),
    FOREIGN KEY (conversation_id, merchant_id) REFERENCES conversation (id, merchant_id) ON DELETE CASCADE,
    CHECK (body <> '' OR file IS NOT NULL),
    CHECK ((author = 'shopper') = (staff_name = ''))
);
CREATE INDEX message_conversation ON message (conversation_id, id DESC);
CREATE INDEX message_waited ON message (merchant_id, created_at) WHERE waited_seconds IS NOT NULL;
CALL guard('message', 'SELECT, INSERT');

-- Answers that are written often; {name}, {store} and {order} are filled in.
CREATE TABLE quick_reply (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    title       text NOT NULL CHECK (title <> ''),
    body        text NOT NULL CHECK (body <> ''),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quick_reply_merchant ON quick_reply (merchant_id, title);
CALL guard('quick_reply');

-- When a store answers, on its clock, and what shoppers read meanwhile. Without a row, or without hours, it always does.
CREATE TABLE answering_hours (
    merchant_id   uuid PRIMARY KEY REFERENCES merchant,
    opening_hours text NOT NULL DEFAULT '',
    away_text     text NOT NULL DEFAULT ''
);
CALL guard('answering_hours');
