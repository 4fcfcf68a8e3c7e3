"""Reads of reviews and ratings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import MemberAuthor
from unwall.content.moderation.values import TakenDown
from unwall.content.reviews.values import (
    AskedOrder,
    MerchantReview,
    OwnReview,
    Rating,
    Review,
    ReviewFilter,
    ReviewSort,
    ReviewVersion,
)
from unwall.kernel.cursors import LAST, ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

_PICTURES = """
    coalesce((SELECT jsonb_agg(jsonb_build_object('file', p.file, 'width', p.width, 'height', p.height)
        ORDER BY p.position) FROM review_picture p WHERE p.review_id = r.id), '[]')
"""
_VIDEO = "(SELECT v.video_id FROM review_video v WHERE v.review_id = r.id)"
_REVIEW = f"""
    SELECT r.id, r.product_id, r.merchant_id, r.author, r.stars, r.words, r.helpful, r.answer, r.answered_at,
        r.created_at, r.edited_at,
        EXISTS (SELECT FROM moderated m WHERE m.kind = 'review' AND m.subject_id = r.id) AS warned,
        {_PICTURES} AS pictures, {_VIDEO} AS video_id
    FROM review r
"""
# What each order of a list goes by, from large to small; then the newer first.
_KEYS = {
    ReviewSort.HELPFUL: """
        (EXISTS (SELECT FROM review_picture p WHERE p.review_id = {r}.id)
            OR EXISTS (SELECT FROM review_video v WHERE v.review_id = {r}.id))::int, {r}.helpful
    """,
    ReviewSort.NEWEST: "0",
    ReviewSort.LOW: "-{r}.stars",
    ReviewSort.HIGH: "{r}.stars",
}


async def picture_files(conn: Connection, review_id: UUID) -> list[str]:
    """For moderators, whatever its state is."""
    records = await conn.fetch("SELECT file FROM review_picture WHERE review_id = $1 ORDER BY position", review_id)
    return [record["file"] for record in records]


async def media_of(conn: Connection, review_id: UUID) -> list[str]:
    """The keys of its pictures and the id of its video, for moderators, whatever its state is."""
    sql = "SELECT video_id::text AS video FROM review_video WHERE review_id = $1"
    videos = await conn.fetch(sql, review_id)
    return [*await picture_files(conn, review_id), *(record["video"] for record in videos)]


async def product_reviews(  # what a list is asked by
    conn: Connection,
    product_id: UUID,
    sort: ReviewSort,
    *,
    stars: int | None = None,
    after: str | None = None,
    limit: int = 10,
) -> ResultPage[Review]:
    """The shown reviews of a product, those with so many `stars` only."""
    key, last = _KEYS[sort].format(r="r"), _KEYS[sort].format(r="l")
    cursor = decode(after)
    reviews = await rows(
        conn,
        Review,
        f"""
        {_REVIEW}
        WHERE r.product_id = $1 AND r.state = 'shown' AND ($2::int IS NULL OR r.stars = $2)
            AND ($3::uuid IS NULL OR ({key}, r.id) < (SELECT {last}, l.id FROM review l WHERE l.id = $3))
        ORDER BY {", ".join(f"{one} DESC" for one in _parts(key))}, r.id DESC LIMIT $4
        """,
        product_id,
        stars,
        None if cursor == LAST else cursor,
        limit + 1,
    )
    return page_of(reviews, limit, lambda review: review.id)


def _parts(key: str) -> list[str]:
    """A constant orders nothing, and PostgreSQL takes it for the number of a column."""
    return ["0 + 0" if part == "0" else part for part in key.split(", ")]


async def review(conn: Connection, review_id: UUID) -> Review | None:
    """A shown review."""
    return await row(conn, Review, f"{_REVIEW} WHERE r.id = $1 AND r.state = 'shown'", review_id)


async def review_author(conn: Connection, review_id: UUID) -> UUID | None:
    """The member who wrote it."""
    author: UUID | None = await conn.fetchval("SELECT member_id FROM review WHERE id = $1", review_id)
    return author


async def ratings(conn: Connection, product_ids: Collection[UUID]) -> dict[UUID, Rating]:
    """By product id; products without a review may be left out."""
    by_product = await rows(
        conn,
        Rating,
        """
        SELECT product_id, stars_1, stars_2, stars_3, stars_4, stars_5 FROM product_rating
        WHERE product_id = ANY($1::uuid[])
        """,
        list(product_ids),
    )
    return {one.product_id: one for one in by_product}


async def voted(conn: Connection, member_id: UUID, review_ids: Collection[UUID]) -> set[UUID]:
    """Those of the reviews that the member finds helpful."""
    sql = "SELECT review_id FROM review_vote WHERE member_id = $1 AND review_id = ANY($2::uuid[])"
    return {vote["review_id"] for vote in await conn.fetch(sql, member_id, list(review_ids))}


# --- for authors ------------------------------------------------------------------------------------------------------


async def own_review(conn: Connection, member_id: UUID, product_id: UUID) -> OwnReview | None:
    """In any state."""
    return await row(
        conn,
        OwnReview,
        f"""
        SELECT r.id, r.product_id, r.state, jsonb_build_object('stars', r.stars, 'words', r.words, 'author', r.author,
            'pictures', {_PICTURES}, 'video_id', {_VIDEO}, 'licence', (SELECT scope FROM review_licence l
                WHERE l.review_id = r.id AND l.revoked_at IS NULL)) AS draft,
            r.created_at, r.answer
        FROM review r WHERE r.member_id = $1 AND r.product_id = $2
        """,
        member_id,
        product_id,
    )


async def reviewed(conn: Connection, member_id: UUID, product_ids: Collection[UUID]) -> set[UUID]:
    """Those of the products of which the member has written a review."""
    sql = "SELECT product_id FROM review WHERE member_id = $1 AND product_id = ANY($2::uuid[])"
    return {own["product_id"] for own in await conn.fetch(sql, member_id, list(product_ids))}


async def asked_orders(conn: Connection, person_ids: Sequence[UUID], limit: int) -> list[AskedOrder]:
    """The orders of which the person was asked for a review, the latest first."""
    sql = """
        SELECT order_id, asked_at FROM review_request
        WHERE person_id = ANY($1::uuid[]) AND asked_at IS NOT NULL ORDER BY due_at DESC, order_id LIMIT $2
    """
    return await rows(conn, AskedOrder, sql, list(person_ids), limit)


async def asked_lately(conn: Connection, person_id: UUID, order_id: UUID, since: datetime) -> bool:
    """Whether the person was asked for a review of another order since then."""
    sql = "SELECT EXISTS (SELECT FROM review_request WHERE person_id = $1 AND order_id <> $2 AND asked_at > $3)"
    return bool(await conn.fetchval(sql, person_id, order_id, since))


# --- for the merchant -------------------------------------------------------------------------------------------------

_MERCHANT_REVIEW = f"""
    SELECT r.id, r.product_id, coalesce(translated(s.translations, $1, 'title', s.title), '') AS product_title,
        s.image_file AS product_image, r.order_id, r.author, r.stars, r.words, r.state, r.helpful, r.answer,
        r.answered_by, r.answered_at, r.created_at, r.edited_at, {_PICTURES} AS pictures, {_VIDEO} AS video_id
    FROM review r LEFT JOIN product_summary s ON s.id = r.product_id
"""


async def merchant_reviews(  # what a list is asked by
    conn: Connection, merchant_id: UUID, wanted: ReviewFilter, lang: str, after: str | None, limit: int
) -> ResultPage[MerchantReview]:
    """Newest first, without those that their authors have withdrawn."""
    reviews = await rows(
        conn,
        MerchantReview,
        f"""
        {_MERCHANT_REVIEW}
        WHERE r.merchant_id = $2 AND r.state <> 'withdrawn' AND r.id < $3 AND (NOT $4 OR r.answer = '')
            AND ($5::int IS NULL OR r.stars = $5) AND ($6::uuid IS NULL OR r.product_id = $6)
            AND ($7 = '%%' OR concat_ws(' ', r.words, r.author, r.answer, s.title, s.translations::text) ILIKE $7)
        ORDER BY r.id DESC LIMIT $8
        """,
        lang,
        merchant_id,
        decode(after),
        wanted.unanswered,
        wanted.stars,
        wanted.product_id,
        contains_pattern(wanted.words),
        limit + 1,
    )
    return page_of(reviews, limit, lambda review: review.id)


async def merchant_review(conn: Connection, merchant_id: UUID, review_id: UUID, lang: str) -> MerchantReview | None:
    return await row(
        conn,
        MerchantReview,
        f"{_MERCHANT_REVIEW} WHERE r.merchant_id = $2 AND r.id = $3 AND r.state <> 'withdrawn'",
        lang,
        merchant_id,
        review_id,
    )


async def unanswered(conn: Connection, merchant_id: UUID) -> int:
    """How many shown reviews wait for an answer."""
    sql = "SELECT count(*) FROM review WHERE merchant_id = $1 AND state = 'shown' AND answer = ''"
    return int(await conn.fetchval(sql, merchant_id))


async def versions(conn: Connection, review_id: UUID) -> list[ReviewVersion]:
    """What the review said before, the latest first."""
    sql = "SELECT written_at, stars, words FROM review_version WHERE review_id = $1 ORDER BY written_at DESC"
    return await rows(conn, ReviewVersion, sql, review_id)


# --- the audit --------------------------------------------------------------------------------------------------------


async def audit(conn: Connection) -> list[UUID]:
    """The products whose counts by star, and the reviews whose helpful votes, differ from the rows."""
    sql = """
        SELECT coalesce(c.product_id, r.product_id) AS id
        FROM product_rating c FULL JOIN (
            SELECT product_id, array_agg(n ORDER BY stars) AS counted FROM (
                SELECT p.product_id, s.stars, count(r.id) AS n
                FROM (SELECT DISTINCT product_id FROM review) p CROSS JOIN generate_series(1, 5) s (stars)
                LEFT JOIN review r ON r.product_id = p.product_id AND r.stars = s.stars AND r.state = 'shown'
                GROUP BY 1, 2) by_stars
            GROUP BY product_id) r USING (product_id)
        WHERE ARRAY[coalesce(c.stars_1, 0), coalesce(c.stars_2, 0), coalesce(c.stars_3, 0), coalesce(c.stars_4, 0),
                coalesce(c.stars_5, 0)] <> coalesce(r.counted, '{0,0,0,0,0}'::bigint[])
        UNION ALL
        SELECT r.id FROM review r
        WHERE r.helpful <> (SELECT count(*) FROM review_vote v WHERE v.review_id = r.id)
        ORDER BY 1
    """
    return [wrong["id"] for wrong in await conn.fetch(sql)]


async def author_of(conn: Connection, merchant_id: UUID, review_id: UUID) -> MemberAuthor | None:
    """Of a review on the merchant's products."""
    sql = "SELECT member_id, author FROM review WHERE id = $1 AND merchant_id = $2"
    return await row(conn, MemberAuthor, sql, review_id, merchant_id)


async def taken_down(conn: Connection, member_id: UUID) -> list[TakenDown]:
    """The reviews of the member that moderation has dropped, the last first."""
    sql = """
        SELECT c.id, c.words FROM review c WHERE c.member_id = $1 AND EXISTS (SELECT FROM moderated m
            WHERE m.kind = 'review' AND m.subject_id = c.id AND m.visibility = 'drop')
        ORDER BY c.id DESC LIMIT 100
    """
    return await rows(conn, TakenDown, sql, member_id)
