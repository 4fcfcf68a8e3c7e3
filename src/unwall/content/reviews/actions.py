"""Changes of reviews. The counts of stars change in the statement that changes the review, and the row of a product's
counts is locked first, so they are exact under concurrency.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.catalogue.stars import put_stars
from unwall.content.accounts.reads import check_own_name
from unwall.content.accounts.values import Owner
from unwall.content.reviews import rules
from unwall.content.reviews.reads import ratings
from unwall.content.reviews.values import (
    NoSuchReview,
    NotBought,
    ProofOfPurchase,
    ReviewDraft,
    ReviewPicture,
    ReviewState,
)
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, row
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.text import N_
from unwall.media.reads import videos
from unwall.people.rules import NAMELESS

NO_SUCH_REVIEW = N_("There is no such review.")
SIGN_IN = N_("Sign in to write a review.")
NOT_BOUGHT = N_("Only who bought this and has it can review it.")


class _Own(msgspec.Struct, frozen=True):
    id: UUID
    stars: int
    words: str
    author: str
    state: ReviewState
    written_at: datetime


async def write(
    conn: Transaction, visit: Visit, proof: ProofOfPurchase | None, draft: ReviewDraft, now: datetime
) -> UUID:
    """Write the member's one review of a product, or change it; what it said before is kept. Raises `NotBought` without
    a proof, `Invalid`, `SignInNeeded`, and `NoSuchReview` for a review that moderation has dropped.
    """
    if visit.member_id is None:
        raise SignInNeeded(SIGN_IN)
    rules.check(draft)
    if proof is None:
        raise NotBought(NOT_BOUGHT)
    tidied = rules.tidy(draft)
    await check_own_name(conn, Owner(member_id=visit.member_id), tidied.author)
    if tidied.video_id:
        rules.check_video((await videos(conn, [tidied.video_id])).get(tidied.video_id), visit.member_id)
    await _lock_rating(conn, proof.product_id, proof.merchant_id)
    known = await _own(conn, visit.member_id, proof.product_id)
    if known is None:
        review_id = await _add(conn, visit.member_id, proof, tidied, now)
        await journal.record(conn, [_written(visit, proof, review_id, now)])
    else:
        review_id = known.id
        if known.state is ReviewState.DROPPED:
            raise NoSuchReview(N_("This review was removed, and cannot be changed."))
        await _change(conn, known, proof, tidied, now)
    await _put_stars(conn, proof.product_id, proof.merchant_id)
    await _put_pictures(conn, review_id, proof.merchant_id, tidied.pictures)
    await _put_video(conn, review_id, proof.merchant_id, tidied.video_id)
    await _license(conn, visit.member_id, review_id, proof.merchant_id, tidied, now)
    return review_id


async def _lock_rating(conn: Transaction, product_id: UUID, merchant_id: UUID) -> None:
    """The counts of a product, made where they are missing, locked until the transaction ends."""
    await conn.execute(
        "INSERT INTO product_rating (product_id, merchant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        product_id,
        merchant_id,
    )
    await conn.execute("SELECT FROM product_rating WHERE product_id = $1 FOR NO KEY UPDATE", product_id)


async def _put_stars(conn: Transaction, product_id: UUID, merchant_id: UUID) -> None:
    """What cards and searches know of the counts."""
    counted = (await ratings(conn, [product_id])).get(product_id)
    total, reviews = (counted.total, counted.reviews) if counted else (0, 0)
    await put_stars(conn, merchant_id, product_id, total, reviews)


async def _own(conn: Transaction, member_id: UUID, product_id: UUID) -> _Own | None:
    sql = """
        SELECT id, stars, words, author, state, coalesce(edited_at, created_at) AS written_at FROM review
        WHERE member_id = $1 AND product_id = $2
    """
    return await row(conn, _Own, sql, member_id, product_id)


_SET = "stars_{n} = stars_{n} + (coalesce(after, 0) = {n})::int - (coalesce(before, 0) = {n})::int"
_SETS = ", ".join(_SET.format(n=n) for n in rules.STARS)
_RECOUNT = f"UPDATE product_rating c SET {_SETS} FROM changed WHERE c.product_id = changed.product_id"
"""The counts of the product of `changed`, which has a review's stars before and after; NULL where it is not shown."""


async def _add(conn: Transaction, member_id: UUID, proof: ProofOfPurchase, draft: ReviewDraft, now: datetime) -> UUID:
    review_id = new_id()
    await conn.execute(
        f"""
        WITH changed AS (
            INSERT INTO review (id, merchant_id, product_id, member_id, order_id, order_line, author, stars, words,
                created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            RETURNING product_id, NULL::smallint AS before, stars AS after
        )
        {_RECOUNT}
        """,
        review_id,
        proof.merchant_id,
        proof.product_id,
        member_id,
        proof.order_id,
        proof.line,
        draft.author,
        draft.stars,
        draft.words,
        now,
    )
    return review_id


async def _change(conn: Transaction, known: _Own, proof: ProofOfPurchase, draft: ReviewDraft, now: datetime) -> None:
    said = (known.stars, known.words) != (draft.stars, draft.words)
    if said:
        await conn.execute(
            """
            INSERT INTO review_version (review_id, written_at, merchant_id, stars, words) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
            """,
            known.id,
            known.written_at,
            proof.merchant_id,
            known.stars,
            known.words,
        )
    await conn.execute(
        f"""
        WITH changed AS (
            UPDATE review SET stars = $2, words = $3, author = $4, state = 'shown',
                edited_at = CASE WHEN $5 THEN $6 ELSE edited_at END
            WHERE id = $1
            RETURNING product_id, $7::smallint AS before, stars AS after
        )
        {_RECOUNT}
        """,
        known.id,
        draft.stars,
        draft.words,
        draft.author,
        said,
        now,
        known.stars if known.state is ReviewState.SHOWN else None,
    )


async def _put_pictures(
    conn: Transaction, review_id: UUID, merchant_id: UUID, pictures: tuple[ReviewPicture, ...]
) -> None:
    await conn.execute("DELETE FROM review_picture WHERE review_id = $1", review_id)
    await conn.executemany(
        """
        INSERT INTO review_picture (review_id, position, merchant_id, file, width, height)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        [(review_id, n, merchant_id, one.file, one.width, one.height) for n, one in enumerate(pictures)],
    )


async def _put_video(conn: Transaction, review_id: UUID, merchant_id: UUID, video_id: UUID | None) -> None:
    await conn.execute(
        "DELETE FROM review_video WHERE review_id = $1 AND video_id IS DISTINCT FROM $2", review_id, video_id
    )
    if video_id:
        await conn.execute(
            "INSERT INTO review_video (review_id, merchant_id, video_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            review_id,
            merchant_id,
            video_id,
        )


async def _license(  # whose pictures, of what, how far
    conn: Transaction, member_id: UUID, review_id: UUID, merchant_id: UUID, draft: ReviewDraft, now: datetime
) -> None:
    """Record the licence of the pictures; one that says the same is kept, another one is revoked."""
    scope = draft.licence if draft.pictures or draft.video_id else None
    kept = await conn.fetchval(
        """
        WITH revoked AS (
            UPDATE review_licence SET revoked_at = $4
            WHERE review_id = $1 AND revoked_at IS NULL AND (scope IS DISTINCT FROM $2 OR text_version <> $3)
        )
        SELECT true FROM review_licence
        WHERE review_id = $1 AND revoked_at IS NULL AND scope = $2 AND text_version = $3
        """,
        review_id,
        scope,
        rules.LICENCE_VERSION,
        now,
    )
    if scope is not None and not kept:
        await conn.execute(
            """
            INSERT INTO review_licence (review_id, granted_at, merchant_id, member_id, scope, text_version)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            review_id,
            now,
            merchant_id,
            member_id,
            scope,
            rules.LICENCE_VERSION,
        )


def _written(visit: Visit, proof: ProofOfPurchase, review_id: UUID, now: datetime) -> Event:
    return Event(
        id=derived_id(review_id, EventKind.REVIEW),
        at=now,
        kind=EventKind.REVIEW,
        merchant_id=proof.merchant_id,
        **visit.ids,
        product_id=proof.product_id,
        order_id=proof.order_id,
    )


async def withdraw_pictures(conn: Transaction, member_id: UUID, product_id: UUID, now: datetime) -> list[str]:
    """Revoke the licence of the pictures and the video: they are gone from wherever they are shown. Returns the
    pictures' files. Raises `NoSuchReview`.
    """
    known = await _own(conn, member_id, product_id)
    if known is None:
        raise NoSuchReview(NO_SUCH_REVIEW)
    await conn.execute(
        "UPDATE review_licence SET revoked_at = $2 WHERE review_id = $1 AND revoked_at IS NULL", known.id, now
    )
    gone = await conn.fetch("DELETE FROM review_picture WHERE review_id = $1 RETURNING file", known.id)
    await conn.execute("DELETE FROM review_video WHERE review_id = $1", known.id)
    return [picture["file"] for picture in gone]


# --- states -----------------------------------------------------------------------------------------------------------


async def withdraw(conn: Transaction, member_id: UUID, product_id: UUID) -> bool:
    """Take back the member's review; returns whether it was shown. Writing it again shows it again."""
    review_id = await conn.fetchval(
        "SELECT id FROM review WHERE member_id = $1 AND product_id = $2", member_id, product_id
    )
    return review_id is not None and await _move(conn, review_id, ReviewState.SHOWN, ReviewState.WITHDRAWN)


async def drop(conn: Transaction, review_id: UUID) -> bool:
    """Moderation hides the review; returns whether it was shown."""
    return await _move(conn, review_id, ReviewState.SHOWN, ReviewState.DROPPED)


async def restore(conn: Transaction, review_id: UUID) -> bool:
    """Moderation shows the review again; returns whether it was dropped."""
    return await _move(conn, review_id, ReviewState.DROPPED, ReviewState.SHOWN)


async def _move(conn: Transaction, review_id: UUID, state: ReviewState, wanted: ReviewState) -> bool:
    await conn.execute(
        """
        SELECT FROM product_rating WHERE product_id = (SELECT product_id FROM review WHERE id = $1)
        FOR NO KEY UPDATE
        """,
        review_id,
    )
    shown = ReviewState.SHOWN
    moved = await conn.fetchrow(
        f"""
        WITH changed AS (
            UPDATE review SET state = $3 WHERE id = $1 AND state = $2
            RETURNING product_id, CASE WHEN $4 THEN stars END AS before, CASE WHEN $5 THEN stars END AS after
        )
        {_RECOUNT} RETURNING c.product_id, c.merchant_id
        """,
        review_id,
        state,
        wanted,
        state is shown,
        wanted is shown,
    )
    if moved is not None:
        await _put_stars(conn, moved["product_id"], moved["merchant_id"])
    return moved is not None


# --- votes and answers ------------------------------------------------------------------------------------------------


async def vote(conn: Transaction, member_id: UUID, review_id: UUID) -> bool:
    """The member finds the review helpful; returns whether that is new. Idempotent. Nobody votes for their own. Raises
    `NoSuchReview`.
    """
    await _lock_shown(conn, review_id)
    added = await conn.fetchval(
        """
        WITH added AS (
            INSERT INTO review_vote (review_id, member_id, merchant_id)
            SELECT id, $2, merchant_id FROM review WHERE id = $1 AND member_id <> $2
            ON CONFLICT DO NOTHING RETURNING review_id
        )
        UPDATE review SET helpful = helpful + 1 FROM added WHERE review.id = added.review_id RETURNING true
        """,
        review_id,
        member_id,
    )
    return bool(added)


async def unvote(conn: Transaction, member_id: UUID, review_id: UUID) -> bool:
    """Returns whether there was a vote."""
    await _lock_shown(conn, review_id)
    gone = await conn.fetchval(
        """
        WITH gone AS (
            DELETE FROM review_vote WHERE review_id = $1 AND member_id = $2 RETURNING review_id
        )
        UPDATE review SET helpful = helpful - 1 FROM gone WHERE review.id = gone.review_id RETURNING true
        """,
        review_id,
        member_id,
    )
    return bool(gone)


async def _lock_shown(conn: Transaction, review_id: UUID) -> None:
    sql = "SELECT true FROM review WHERE id = $1 AND state = 'shown' FOR NO KEY UPDATE"
    if not await conn.fetchval(sql, review_id):
        raise NoSuchReview(NO_SUCH_REVIEW)


async def answer(conn: Transaction, merchant_id: UUID, review_id: UUID, words: str, by: str, now: datetime) -> None:
    """The merchant's answer below a review; another one replaces it, an empty one takes it back. Raises `Invalid`
    (answer), `NoSuchReview`.
    """
    tidied = rules.checked_answer(words)
    done = await conn.fetchval(
        """
        UPDATE review SET answer = $3, answered_by = CASE WHEN $3 = '' THEN '' ELSE $4 END,
            answered_at = CASE WHEN $3 = '' THEN NULL ELSE $5::timestamptz END
        WHERE id = $1 AND merchant_id = $2 AND state <> 'withdrawn' RETURNING true
        """,
        review_id,
        merchant_id,
        tidied,
        by,
        now,
    )
    if not done:
        raise NoSuchReview(NO_SUCH_REVIEW)


async def forget_author(conn: Transaction, member_id: UUID, person_ids: list[UUID]) -> None:
    """What the member wrote stays, without their name and their pictures, whose licence ends."""
    await conn.execute("UPDATE review SET author = $2 WHERE member_id = $1", member_id, NAMELESS)
    sql = "UPDATE review_licence SET revoked_at = now() WHERE member_id = $1 AND revoked_at IS NULL"
    await conn.execute(sql, member_id)
    await conn.execute(
        "DELETE FROM review_picture WHERE review_id IN (SELECT id FROM review WHERE member_id = $1)", member_id
    )
    await conn.execute(
        "DELETE FROM review_video WHERE review_id IN (SELECT id FROM review WHERE member_id = $1)", member_id
    )
    await conn.execute("DELETE FROM review_request WHERE person_id = ANY($1::uuid[])", person_ids)
