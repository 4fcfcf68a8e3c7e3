"""Reads of hashtags and of the posts under them. What moderation drops is not in the outbox, and so under no tag."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from unwall.content.posts.hashtags import name_of
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, rows


class TaggedEntry(msgspec.Struct, frozen=True):
    entry: UUID
    post_id: UUID


class HashtagCount(msgspec.Struct, frozen=True):
    name: str
    posts: int


async def tagged_entries(
    conn: Connection, name: str, person_ids: Collection[UUID], after: str | None, limit: int
) -> ResultPage[TaggedEntry]:
    """The live posts under a tag, newest first, without those of accounts that the person mutes or blocks."""
    entries = await rows(
        conn,
        TaggedEntry,
        """
        SELECT entry, post_id FROM hashtag_entry
        WHERE name = $1 AND entry < $2
            AND account_id NOT IN (SELECT account_id FROM hidden_account WHERE person_id = ANY($3::uuid[]))
        ORDER BY entry DESC LIMIT $4
        """,
        name,
        decode(after),
        list(person_ids),
        limit + 1,
    )
    return page_of(entries, limit, lambda one: one.entry)


async def posts_under(conn: Connection, name: str) -> int:
    """How many posts are live under the tag."""
    number: int | None = await conn.fetchval("SELECT posts FROM hashtag WHERE name = $1", name)
    return number or 0


async def hashtags_like(conn: Connection, words: str, limit: int) -> list[HashtagCount]:
    """Tags in use that begin with these words, which a tag has without spaces; those with the most posts first."""
    prefix = name_of(words.replace(" ", ""))
    if not prefix:
        return []
    sql = """
        SELECT name, posts FROM hashtag WHERE name LIKE $1 AND posts > 0 ORDER BY posts DESC, name LIMIT $2
    """
    return await rows(conn, HashtagCount, sql, prefix.replace("_", "\\_") + "%", limit)
