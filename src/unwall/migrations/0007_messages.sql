-- owner: messages
-- What a person is told. Each (kind, subject) is there once for a person, so that a fact that is heard twice tells once.
CREATE TABLE notification (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL,  -- a member, or a visitor who is none yet
    kind       text NOT NULL,
    topic      text NOT NULL CHECK (topic IN ('orders', 'messages', 'posts', 'reviews')),
    subject_id uuid NOT NULL,
    account_id uuid,  -- whose post it is: one of its limits counts by account
    text       text NOT NULL,  -- in English; shown in the reader's language, with the facts in their places
    facts      jsonb NOT NULL DEFAULT '{}',
    link       text NOT NULL CHECK (link ~ '^/[^/\\]'),
    shown      boolean NOT NULL DEFAULT true,  -- false: wanted as a push message or mail only
    at         timestamptz NOT NULL,
    read_at    timestamptz,
    mailed_at  timestamptz,  -- when a mail of it was written; what renews before it is read gets no second one
    UNIQUE (person_id, kind, subject_id)
);
CREATE INDEX notification_person ON notification (person_id, at DESC, id DESC);
CREATE INDEX notification_unread ON notification (person_id) WHERE read_at IS NULL AND shown;

-- What a person has chosen; where there is no row, messages.rules.DEFAULTS holds.
CREATE TABLE notification_choice (
    person_id uuid NOT NULL,
    topic     text NOT NULL,
    channel   text NOT NULL CHECK (channel IN ('app', 'push', 'mail')),
    wanted    boolean NOT NULL,
    PRIMARY KEY (person_id, topic, channel)
);

-- No push message comes within these hours of the person's clock; `start` and `finish` are hours of the day, alike for none.
CREATE TABLE quiet_hours (
    person_id uuid PRIMARY KEY,
    start     smallint NOT NULL CHECK (start BETWEEN 0 AND 23),
    finish    smallint NOT NULL CHECK (finish BETWEEN 0 AND 23),
    timezone  text NOT NULL
);

-- A browser that takes push messages. `session_hash` is the sign-in that it was subscribed under: once that has ended,
-- nothing is sent there, for somebody else may sit at the device.
CREATE TABLE push_subscription (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL,  -- a member, a visitor or one of the staff
    session_hash bytea,
    endpoint     text NOT NULL UNIQUE,
    p256dh       text NOT NULL,
    auth         text NOT NULL,
    lang         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX push_subscription_person ON push_subscription (person_id);

-- Mails, sent or to be sent. Where they go is asked when they are sent: an address is stored with its person alone.
CREATE TABLE mail (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL,  -- a member or one of the staff
    topic      text NOT NULL,
    title      text NOT NULL,  -- in English, as the text; sent in the reader's language, with the facts in their places
    text       text NOT NULL,
    facts      jsonb NOT NULL DEFAULT '{}',
    link       text NOT NULL CHECK (link ~ '^/[^/\\]'),
    state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts   smallint NOT NULL DEFAULT 0,
    problem    text NOT NULL DEFAULT '',  -- why the last attempt failed
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX mail_person ON mail (person_id, created_at DESC);
CREATE INDEX mail_waiting ON mail (created_at) WHERE state = 'waiting';

-- Published posts whose followers are still being told, a slice at a time. `after` is the follower that was reached.
CREATE TABLE announcement (
    post_id    uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    after      uuid,
    turn_at    timestamptz NOT NULL,  -- of its account: when that was last served
    created_at timestamptz NOT NULL
);
CREATE INDEX announcement_turn ON announcement (turn_at, created_at);

INSERT INTO subscription (kind, entrypoint) VALUES
    ('purchase', 'messages.hear'),
    ('ready', 'messages.hear'),
    ('shipped', 'messages.hear'),
    ('pickup', 'messages.hear'),
    ('cancel', 'messages.hear'),
    ('message', 'messages.hear'),
    ('review-request', 'messages.hear'),
    ('publish', 'messages.hear');
