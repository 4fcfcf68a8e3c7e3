"""Reads of comments."""

from collections.abc import Collection
from uuid import UUID

from unwall.content.accounts.values import AccountOwner
from unwall.content.comments.rules import MAX_REPLIES_SHOWN
from unwall.content.comments.values import Comment, PostComment, ReplyHead, ShownComment
from unwall.content.moderation.values import TakenDown
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows


async def post_comments(
    conn: Connection, post_id: UUID, *, after: str | None = None, limit: int = 20
) -> ResultPage[Comment]:
    """The comments of a post, newest first, each with its replies."""
    comments = await rows(
        conn,
        Comment,
        """
        SELECT c.id, c.member_id, CASE c.state WHEN 'shown' THEN c.author ELSE '' END AS author,
            CASE c.state WHEN 'shown' THEN c.words ELSE '' END AS words, c.state, c.created_at,
            c.account_id IS NOT NULL AS by_account,
            EXISTS (SELECT FROM moderated m WHERE m.kind = 'comment' AND m.subject_id = c.id) AS warned,
            coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'member_id', r.member_id, 'author', r.author,
                'words', r.words, 'state', r.state, 'created_at', r.created_at,
                'by_account', r.account_id IS NOT NULL) ORDER BY r.id)
                FROM (SELECT * FROM comment r WHERE r.parent_id = c.id AND r.state = 'shown' ORDER BY r.id LIMIT $4)
                    r), '[]') AS replies
        FROM comment c
        WHERE c.post_id = $1 AND c.parent_id IS NULL AND c.id < $2 AND (c.state = 'shown' OR EXISTS (
            SELECT FROM comment r WHERE r.parent_id = c.id AND r.state = 'shown'))
        ORDER BY c.id DESC LIMIT $3
        """,
        post_id,
        decode(after),
        limit + 1,
        MAX_REPLIES_SHOWN,
    )
    return page_of(comments, limit, lambda comment: comment.id)


async def comment(conn: Connection, comment_id: UUID) -> ShownComment | None:
    """A shown comment."""
    sql = "SELECT post_id, merchant_id, author, words FROM comment WHERE id = $1 AND state = 'shown'"
    return await row(conn, ShownComment, sql, comment_id)


async def reply_head(conn: Connection, comment_id: UUID) -> ReplyHead | None:
    """None where it is no reply, is not shown, or answers the one who wrote it or an account."""
    sql = """
        SELECT r.post_id, c.member_id AS asked_by, r.author, r.words
        FROM comment r JOIN comment c ON c.id = r.parent_id
        WHERE r.id = $1 AND r.state = 'shown' AND c.member_id IS NOT NULL AND c.member_id IS DISTINCT FROM r.member_id
    """
    return await row(conn, ReplyHead, sql, comment_id)


async def post_owner(conn: Connection, post_id: UUID) -> AccountOwner | None:
    """Of the post's account."""
    sql = """
        SELECT a.id, a.merchant_id, a.member_id, a.staff_ids
        FROM post_summary p JOIN account_profile a ON a.id = p.account_id
        WHERE p.id = $1
    """
    return await row(conn, AccountOwner, sql, post_id)


async def counts(conn: Connection, post_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many comments are shown, by post; posts without one may be left out."""
    sql = "SELECT post_id, comments FROM comment_count WHERE post_id = ANY($1::uuid[])"
    return {counted["post_id"]: counted["comments"] for counted in await conn.fetch(sql, list(post_ids))}


async def merchant_comments(
    conn: Connection, merchant_id: UUID, lang: str, words: str, after: str | None, limit: int
) -> ResultPage[PostComment]:
    """The shown comments below the posts of a merchant's accounts, newest first."""
    comments = await rows(
        conn,
        PostComment,
        """
        SELECT c.id, c.post_id,
            coalesce(nullif(translated(p.translations, $1, 'title', p.title), ''), p.excerpt, '') AS post_title,
            c.author, c.words, c.state, c.created_at, c.account_id IS NOT NULL AS by_account,
            EXISTS (SELECT FROM comment r WHERE r.parent_id = c.id AND r.account_id IS NOT NULL AND r.state = 'shown')
                AS answered
        FROM comment c LEFT JOIN post_summary p ON p.id = c.post_id
        WHERE c.merchant_id = $2 AND c.state = 'shown' AND c.id < $3
            AND ($4 = '%%' OR concat_ws(' ', c.words, c.author) ILIKE $4)
        ORDER BY c.id DESC LIMIT $5
        """,
        lang,
        merchant_id,
        decode(after),
        contains_pattern(words),
        limit + 1,
    )
    return page_of(comments, limit, lambda comment: comment.id)


async def audit(conn: Connection) -> list[UUID]:
    """The posts whose count differs from the comments that are shown."""
    sql = """
        SELECT coalesce(c.post_id, r.post_id) AS id
        FROM comment_count c FULL JOIN (
            SELECT post_id, count(*) AS comments FROM comment WHERE state = 'shown' GROUP BY post_id) r USING (post_id)
        WHERE coalesce(c.comments, 0) <> coalesce(r.comments, 0) ORDER BY 1
    """
    return [wrong["id"] for wrong in await conn.fetch(sql)]


async def taken_down(conn: Connection, member_id: UUID) -> list[TakenDown]:
    """The comments of the member that moderation has dropped, the last first."""
    sql = """
        SELECT c.id, c.words FROM comment c WHERE c.member_id = $1 AND EXISTS (SELECT FROM moderated m
            WHERE m.kind = 'comment' AND m.subject_id = c.id AND m.visibility = 'drop')
        ORDER BY c.id DESC LIMIT 100
    """
    return await rows(conn, TakenDown, sql, member_id)
