-- What buyers say of what they bought, what people ask before they buy, what they say below posts, and what they save.

-- owner: content.reviews
CREATE TABLE review (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    product_id  uuid NOT NULL,
    member_id   uuid NOT NULL REFERENCES member,
    order_id    uuid NOT NULL,  -- with order_line the proof of purchase, which was checked when it was written
    order_line  smallint NOT NULL,
    author      text NOT NULL CHECK (author <> ''),  -- the name that is shown
    stars       smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    words       text NOT NULL DEFAULT '',
    state       text NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'withdrawn', 'dropped')),
    helpful     bigint NOT NULL DEFAULT 0 CHECK (helpful >= 0),
    answer      text NOT NULL DEFAULT '',
    answered_by text NOT NULL DEFAULT '',
    answered_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    edited_at   timestamptz,
    CHECK ((answer = '') = (answered_at IS NULL)),
    UNIQUE (product_id, member_id),
    UNIQUE (id, merchant_id),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id)
);
CREATE INDEX review_merchant ON review (merchant_id, id DESC);
CREATE INDEX review_member ON review (member_id, id DESC);
CALL guard('review', 'SELECT, UPDATE');
CALL notify_changes('review', 'rating', 'product_id');

-- What a review said before it was edited.
CREATE TABLE review_version (
    review_id   uuid NOT NULL,
    written_at  timestamptz NOT NULL,  -- when it came to say this
    merchant_id uuid NOT NULL,
    stars       smallint NOT NULL,
    words       text NOT NULL,
    PRIMARY KEY (review_id, written_at),
    FOREIGN KEY (review_id, merchant_id) REFERENCES review (id, merchant_id) ON DELETE CASCADE
);
CALL guard('review_version', 'SELECT');

CREATE TABLE review_picture (
    review_id   uuid NOT NULL,
    position    smallint NOT NULL CHECK (position BETWEEN 0 AND 5),  -- content.reviews.rules.MAX_PICTURES
    merchant_id uuid NOT NULL,
    file        text NOT NULL,
    width       int NOT NULL CHECK (width > 0),
    height      int NOT NULL CHECK (height > 0),
    PRIMARY KEY (review_id, position),
    FOREIGN KEY (review_id, merchant_id) REFERENCES review (id, merchant_id) ON DELETE CASCADE
);
CALL guard('review_picture', 'SELECT');
CALL notify_changes('review_picture', 'opinion', 'review_id');

-- A film of the author's, sent as a video of theirs (media); under the same licence as the pictures.
CREATE TABLE review_video (
    review_id   uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    video_id    uuid NOT NULL REFERENCES video ON DELETE CASCADE,
    FOREIGN KEY (review_id, merchant_id) REFERENCES review (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX review_video_video ON review_video (video_id);
CALL guard('review_video', 'SELECT');
CALL notify_changes('review_video', 'opinion', 'review_id');

CREATE FUNCTION notify_change_of_review_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $$
BEGIN
    PERFORM pg_notify('changes', 'opinion:' || review_id) FROM review_video WHERE video_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_change_of_review AFTER UPDATE OF state, poster, renditions ON video FOR EACH ROW
    EXECUTE FUNCTION notify_change_of_review_video();

-- Who allowed what to be done with the pictures of a review, when, and by which wording. A review has pictures only while a
-- licence of it is not revoked.
CREATE TABLE review_licence (
    review_id    uuid NOT NULL,
    granted_at   timestamptz NOT NULL,
    merchant_id  uuid NOT NULL,
    member_id    uuid NOT NULL REFERENCES member,
    scope        text NOT NULL CHECK (scope IN ('shop', 'marketing')),
    text_version text NOT NULL,  -- content.reviews.rules.LICENCE_VERSION
    revoked_at   timestamptz,
    PRIMARY KEY (review_id, granted_at),
    FOREIGN KEY (review_id, merchant_id) REFERENCES review (id, merchant_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX review_licence_valid ON review_licence (review_id) WHERE revoked_at IS NULL;
CALL guard('review_licence', 'SELECT');

CREATE TABLE review_vote (
    review_id   uuid NOT NULL,
    member_id   uuid NOT NULL REFERENCES member,
    merchant_id uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (review_id, member_id),
    FOREIGN KEY (review_id, merchant_id) REFERENCES review (id, merchant_id) ON DELETE CASCADE
);
CALL guard('review_vote', 'SELECT');

-- How many shown reviews of a product give each number of stars. Who changes a review of the product locks this row first.
CREATE TABLE product_rating (
    product_id  uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    stars_1     bigint NOT NULL DEFAULT 0 CHECK (stars_1 >= 0),
    stars_2     bigint NOT NULL DEFAULT 0 CHECK (stars_2 >= 0),
    stars_3     bigint NOT NULL DEFAULT 0 CHECK (stars_3 >= 0),
    stars_4     bigint NOT NULL DEFAULT 0 CHECK (stars_4 >= 0),
    stars_5     bigint NOT NULL DEFAULT 0 CHECK (stars_5 >= 0),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id)
);
CALL guard('product_rating', 'SELECT, UPDATE');
CALL notify_changes('product_rating', 'rating', 'product_id');

-- A warning changes what everybody sees, and nothing of the review, question or answer.
CREATE TRIGGER notify_opinion AFTER UPDATE OF visibility ON moderation_case FOR EACH ROW
    WHEN (NEW.kind IN ('review', 'question', 'answer') AND NEW.visibility <> OLD.visibility)
    EXECUTE FUNCTION notify_change('opinion', 'subject_id');

-- Orders whose buyers are asked for a review, once: written when the goods were handed over, asked when it is due.
CREATE TABLE review_request (
    order_id    uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchant,
    person_id   uuid NOT NULL,  -- a member, or a visitor who is none
    due_at      timestamptz NOT NULL,
    asked_at    timestamptz
);
CREATE INDEX review_request_person ON review_request (person_id, due_at DESC);
CALL guard('review_request', 'SELECT');
INSERT INTO subscription (kind, entrypoint) VALUES
    ('pickup', 'reviews.handed-over'), ('shipped', 'reviews.handed-over');

-- owner: content.questions
CREATE TABLE question (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    product_id  uuid NOT NULL,
    member_id   uuid NOT NULL REFERENCES member,
    author      text NOT NULL CHECK (author <> ''),
    words       text NOT NULL CHECK (words <> ''),
    state       text NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'withdrawn', 'dropped')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, merchant_id),
    FOREIGN KEY (product_id, merchant_id) REFERENCES product (id, merchant_id)
);
CREATE INDEX question_product ON question (product_id, id DESC);
CREATE INDEX question_merchant ON question (merchant_id, id DESC);
CREATE INDEX question_member ON question (member_id);
CALL guard('question', 'SELECT, UPDATE');
CALL notify_changes('question', 'rating', 'product_id');

-- member_id is a buyer of the product; the merchant's own answers have none.
CREATE TABLE answer (
    id          uuid PRIMARY KEY,
    question_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    member_id   uuid REFERENCES member,
    author      text NOT NULL CHECK (author <> ''),
    words       text NOT NULL CHECK (words <> ''),
    state       text NOT NULL DEFAULT 'shown' CHECK (state IN ('shown', 'withdrawn', 'dropped')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (question_id, merchant_id) REFERENCES question (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX answer_question ON answer (question_id, id);
CREATE INDEX answer_member ON answer (member_id) WHERE member_id IS NOT NULL;
-- One answer of a buyer, and one of the merchant that may be changed.
CREATE UNIQUE INDEX answer_once ON answer (question_id, coalesce(member_id, merchant_id));
CALL guard('answer');
CALL notify_changes('answer', 'opinion', 'question_id');

-- owner: content.comments
-- Below a post, two levels deep: a reply names a comment that is no reply. `account_id` is the post's, where it is that
-- account which speaks: by its member, or by staff, who are no members.
CREATE TABLE comment (
    id          uuid PRIMARY KEY,
    merchant_id uuid,  -- the post's
    post_id     uuid NOT NULL REFERENCES post ON DELETE CASCADE,
    parent_id   uuid REFERENCES comment ON DELETE CASCADE,
    member_id   uuid REFERENCES member,
    account_id  uuid REFERENCES account ON DELETE CASCADE,
    author      text NOT NULL CHECK (author <> ''),
    words       text NOT NULL CHECK (words <> ''),
    state       text NOT NULL DEFAULT 'shown'
        CHECK (state IN ('shown', 'withdrawn', 'removed', 'dropped', 'blocked')),  -- blocked: its author is
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, merchant_id),
    CHECK (coalesce(member_id, account_id) IS NOT NULL),
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id),
    FOREIGN KEY (parent_id, merchant_id) REFERENCES comment (id, merchant_id),
    FOREIGN KEY (account_id, merchant_id) REFERENCES account (id, merchant_id)
);
CREATE INDEX comment_post ON comment (post_id, id DESC) WHERE parent_id IS NULL;
CREATE INDEX comment_reply ON comment (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comment_member ON comment (member_id);
CREATE INDEX comment_account ON comment (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX comment_merchant ON comment (merchant_id, id DESC) WHERE merchant_id IS NOT NULL;
CALL guard('comment', 'SELECT, INSERT, UPDATE');
CALL notify_changes('comment', 'comment', 'post_id');

-- A warning changes what everybody sees, and nothing of the comment.
CREATE TRIGGER notify_discussion AFTER UPDATE OF visibility ON moderation_case FOR EACH ROW
    WHEN (NEW.kind = 'comment' AND NEW.visibility <> OLD.visibility)
    EXECUTE FUNCTION notify_change('discussion', 'subject_id');

-- How many comments of a post are shown. Who changes a comment of the post locks this row first.
CREATE TABLE comment_count (
    post_id     uuid PRIMARY KEY REFERENCES post ON DELETE CASCADE,
    merchant_id uuid,
    comments    bigint NOT NULL DEFAULT 0 CHECK (comments >= 0),
    FOREIGN KEY (post_id, merchant_id) REFERENCES post (id, merchant_id)
);
CALL guard('comment_count', 'SELECT, INSERT, UPDATE');

-- owner: content.saves
-- Posts, products and bundles that people keep for later; person_id is a member, or a visitor who is not one yet.
CREATE TABLE save (
    person_id   uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('post', 'product', 'bundle')),
    subject_id  uuid NOT NULL,
    entry       uuid NOT NULL UNIQUE,  -- a time-ordered id: the order in which they were saved
    merchant_id uuid,  -- the subject's
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, kind, subject_id)
);
CREATE INDEX save_person ON save (person_id, entry DESC);
CREATE INDEX save_subject ON save (kind, subject_id);
CALL guard('save', 'SELECT');
CREATE VIEW saved_thing WITH (security_invoker = true) AS SELECT person_id, kind, subject_id FROM save;

CREATE TABLE save_count (
    kind        text NOT NULL,
    subject_id  uuid NOT NULL,
    merchant_id uuid,
    saves       bigint NOT NULL DEFAULT 0 CHECK (saves >= 0),
    PRIMARY KEY (kind, subject_id)
);
CALL guard('save_count', 'SELECT');
