"""Feeds, merged on read (no fan-out on write).

Publishing writes one outbox row; a feed is merged from the followed outboxes when it is requested, so followers cost
nothing until then. A page starts strictly after the last entry of the previous page: newer posts appear before it, and
removed posts, muted and unfollowed accounts are left out. The last posts of an account come from the process's memory
(`outboxes`), what is older from the index of its outbox.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from unwall.content.feed import rules
from unwall.content.feed.followings import Followings
from unwall.content.feed.outboxes import Outboxes
from unwall.content.feed.values import Entry, Feed, Seen
from unwall.kernel.cursors import LAST, decode, encode
from unwall.kernel.database import Connection, row


class FeedMemory:
    """What feeds are read from: whom readers follow, and what accounts published last. Reads the database every time
    until it is told that it listens (`reset`). Never pass it a confined connection."""

    def __init__(self, outboxes: Outboxes | None = None, followings: Followings | None = None) -> None:
        self.outboxes = outboxes or Outboxes()
        self.followings = followings or Followings()

    def reset(self, *, listening: bool) -> None:
        self.outboxes.reset(listening=listening)
        self.followings.reset(listening=listening)


async def feed(
    conn: Connection, memory: FeedMemory, person_ids: Collection[UUID], *, after: str | None = None, limit: int = 12
) -> Feed:
    """The posts of the accounts that a person follows and does not mute, newest first."""
    before = decode(after)
    sql = "SELECT ARRAY(SELECT account_id FROM hidden_account WHERE person_id = ANY($1::uuid[]))"
    hidden = await conn.fetchval(sql, list(person_ids))
    account_ids = (await followed(conn, memory, person_ids)).difference(hidden)
    return await feed_of(conn, memory.outboxes, account_ids, before=before, limit=limit)


async def followed(conn: Connection, memory: FeedMemory, person_ids: Collection[UUID]) -> frozenset[UUID]:
    """The accounts that a person follows, muted ones among them. One statement where they are not in memory."""

    async def load() -> list[UUID]:
        account_ids: list[UUID] = await conn.fetchval(f"SELECT {FOLLOWED}", list(person_ids))
        return account_ids

    return await memory.followings.of(person_ids, load)


FOLLOWED = "ARRAY(SELECT account_id FROM account_follower WHERE follower_id = ANY($1::uuid[]))"
"""An SQL expression for the accounts that a person follows; the person's ids are $1."""


async def feed_of(
    conn: Connection,
    outboxes: Outboxes,
    account_ids: frozenset[UUID],
    *,
    before: UUID = LAST,
    limit: int = 12,
    coming: tuple[Seen | None, datetime] | None = None,
) -> Feed:
    """The posts of these accounts, newest first. `coming`, for the first page: what the reader has seen so far and when
    they come; the page then says what is new to them. At most one statement for outboxes that are not in memory, and
    one for entries older than those kept."""
    merged = await outboxes.merged(conn, account_ids, before.bytes, limit + 1)
    post_ids = merged.entries
    if merged.short:
        lowest = min(post_ids)[:16] if len(post_ids) > limit else bytes(16)
        more = await _entries(conn, merged.short, before, UUID(bytes=lowest), limit + 1)
        post_ids = sorted({*post_ids, *more}, reverse=True)[: limit + 1]
    page = [rules.entry_of(packed) for packed in post_ids[:limit]]
    after = encode(page[-1].entry) if len(post_ids) > limit else None
    if coming is None or not page:
        return Feed(page, after, bool(account_ids))
    seen = rules.seen_now(coming[0], page[0].entry, coming[1])
    return Feed(page, after, bool(account_ids), seen, outboxes.newer(merged, account_ids, seen.before))


async def _entries(conn: Connection, account_ids: Sequence[UUID], before: UUID, above: UUID, limit: int) -> list[bytes]:
    """Entries of these accounts between two others, at most `limit` of each, packed as `values.Outbox` has them."""
    sql = """
        SELECT top.packed FROM unnest($1::uuid[]) AS a (account_id) CROSS JOIN LATERAL (
            SELECT uuid_send(entry) || uuid_send(post_id) AS packed FROM published_post
            WHERE account_id = a.account_id AND entry < $2 AND entry > $3
            ORDER BY entry DESC LIMIT $4
        ) top
    """
    return [record["packed"] for record in await conn.fetch(sql, account_ids, before, above, limit)]


async def newest(
    conn: Connection,
    person_ids: Collection[UUID] = (),
    *,
    after: str | None = None,
    limit: int = 12,
    merchant_id: UUID | None = None,
) -> Feed:
    """The posts of all accounts that the person does not mute, or of one merchant's, newest first."""
    entries = await conn.fetch(
        """
        SELECT entry, post_id FROM published_post WHERE entry < $1 AND ($3::uuid IS NULL OR merchant_id = $3)
            AND account_id NOT IN (SELECT account_id FROM hidden_account WHERE person_id = ANY($4::uuid[]))
        ORDER BY entry DESC LIMIT $2
        """,
        decode(after),
        limit + 1,
        merchant_id,
        list(person_ids),
    )
    page = [Entry(record["entry"], record["post_id"]) for record in entries[:limit]]
    return Feed(page, encode(page[-1].entry) if len(entries) > limit else None, follows=False)


async def seen(conn: Connection, person_id: UUID) -> Seen | None:
    """What the person has seen of their feed; None for a person who has never opened it."""
    return await row(conn, Seen, "SELECT before, newest, at FROM feed_seen WHERE person_id = $1", person_id)
