"""Feeds, merged on read (no fan-out on write).

Publishing writes one outbox row; a feed is merged from the followed outboxes when it is requested, so followers cost
nothing until then. A page starts strictly after the last entry of the previous page: newer posts appear before it, and
removed posts or unfollowed accounts are left out.
"""

from collections.abc import Collection
from uuid import UUID

from unwall.content.posts.reads import POSTS_OF_ENTRIES
from unwall.content.posts.values import Post
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, rows


async def feed(
    conn: Connection, person_ids: Collection[UUID], lang: str, *, after: str | None = None, limit: int = 12
) -> ResultPage[Post]:
    """The live posts of the accounts that a person follows, newest first. At most one page of rows is read from the
    index of each outbox, whatever its length.
    """
    found = await rows(
        conn,
        Post,
        f"""
        WITH o AS (
            SELECT top.post_id, top.entry
            FROM (SELECT DISTINCT account_id FROM account_follower WHERE follower_id = ANY($2::uuid[])) followed
            CROSS JOIN LATERAL (
                SELECT post_id, entry FROM published_post WHERE account_id = followed.account_id AND entry < $3
                ORDER BY entry DESC LIMIT $4
            ) top
            ORDER BY top.entry DESC LIMIT $4
        )
        {POSTS_OF_ENTRIES} ORDER BY o.entry DESC
        """,
        lang,
        list(person_ids),
        decode(after),
        limit + 1,
    )
    return page_of(found, limit, lambda post: post.entry)


async def newest(
    conn: Connection, lang: str, *, after: str | None = None, limit: int = 12, merchant_id: UUID | None = None
) -> ResultPage[Post]:
    """The live posts of all accounts, or of one merchant, newest first: for people who follow no account."""
    found = await rows(
        conn,
        Post,
        f"""
        WITH o AS (
            SELECT post_id, entry FROM published_post WHERE entry < $2 AND ($4::uuid IS NULL OR merchant_id = $4)
            ORDER BY entry DESC LIMIT $3
        )
        {POSTS_OF_ENTRIES} ORDER BY o.entry DESC
        """,
        lang,
        decode(after),
        limit + 1,
        merchant_id,
    )
    return page_of(found, limit, lambda post: post.entry)
