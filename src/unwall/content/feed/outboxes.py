"""The last posts of accounts, kept in a process's memory until PostgreSQL notifies that an account published or removed
something (`kernel.row_cache`). An outbox is read again as a whole, so there is no gap in it at any time.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from unwall.content.feed import rules
from unwall.content.feed.recent import RecentEntries
from unwall.content.feed.rules import KEPT_ENTRIES, MANY_ACCOUNTS, MAX_OUTBOXES, RECENT_ENTRIES
from unwall.content.feed.values import Outbox
from unwall.kernel.database import Connection
from unwall.kernel.row_cache import RowCache


class Merged(NamedTuple):
    """The newest entries of some accounts, as far as outboxes hold them."""

    entries: list[bytes]
    short: list[UUID]
    """The accounts that may have more among them (`rules.cut_short`)."""
    outboxes: Collection[Outbox] | None = None
    """What they were merged from; None where they were taken from the newest entries of all accounts."""


class Outboxes:
    """Reads the database every time until it is told that it listens (`reset`). Never pass it a confined connection.
    `many`: from how many accounts on a feed is taken from the newest `recent` entries of all.
    """

    def __init__(
        self, max_outboxes: int = MAX_OUTBOXES, *, many: int = MANY_ACCOUNTS, recent: int = RECENT_ENTRIES
    ) -> None:
        self._recent = RecentEntries(recent)
        self._kept = _Kept(max_outboxes, self._recent)
        self._many = many

    def __len__(self) -> int:
        return len(self._kept)

    async def merged(self, conn: Connection, account_ids: frozenset[UUID], before: bytes, limit: int) -> Merged:
        """The newest `limit` entries below `before`. One statement at most, for what is not in memory."""
        if len(account_ids) >= self._many:
            if unknown := self._kept.unknown("", account_ids):
                await self.of(conn, unknown)
                unknown = self._kept.unknown("", account_ids)
            first = None if unknown else self._recent.first(account_ids, before, limit)
            if first:
                entries, counts = first
                often = [account for account, count in counts.items() if count >= KEPT_ENTRIES]
                rest = dict(zip(often, self._kept.kept("", often), strict=True))
                return Merged(entries, rules.cut_short(rest, entries, limit))
        kept = await self.of(conn, account_ids)
        entries = rules.merged(kept.values(), before, limit)
        return Merged(entries, rules.cut_short(kept, entries, limit), kept.values())

    def newer(self, merged: Merged, account_ids: frozenset[UUID], than: UUID) -> int:
        """How many entries of the accounts are newer, up to `MAX_NEW` and to what is in memory."""
        if merged.outboxes is not None:
            return rules.newer(merged.outboxes, than)
        count = self._recent.newer(account_ids, than)
        return rules.newer(self._kept.kept("", account_ids), than) if count is None else count

    async def of(self, conn: Connection, account_ids: Collection[UUID]) -> dict[UUID, Outbox]:
        """By account; accounts that have published nothing are left out."""
        return await self._kept.fetch("", account_ids, lambda ids: _load(conn, ids))

    def forget(self, account_id: UUID) -> None:
        self._kept.forget(account_id)

    def clear(self) -> None:
        self._kept.clear()

    def reset(self, *, listening: bool) -> None:
        self._kept.reset(listening=listening)


class _Kept(RowCache[UUID, Outbox]):
    """Keeps `recent` as it is itself."""

    def __init__(self, max_outboxes: int, recent: RecentEntries) -> None:
        super().__init__(max_outboxes)
        self._recent = recent

    def _keep(self, lang: str, keys: Iterable[UUID], loaded: dict[UUID, Outbox]) -> None:
        super()._keep(lang, keys, loaded)
        kept = self._rows[lang]  # what is beyond the most was dropped again
        self._recent.add((account, outbox) for account, outbox in loaded.items() if account in kept)

    def _drop(self, lang: str, key: UUID) -> None:
        if outbox := self._rows[lang][key]:
            self._recent.remove(outbox)
        super()._drop(lang, key)

    def clear(self) -> None:
        super().clear()
        self._recent.clear()


async def _load(conn: Connection, account_ids: list[UUID]) -> dict[UUID, Outbox]:
    sql = """
        SELECT a.account_id, ARRAY(
            SELECT uuid_send(entry) || uuid_send(post_id) FROM published_post WHERE account_id = a.account_id
            ORDER BY entry DESC LIMIT $2
        ) AS entries
        FROM unnest($1::uuid[]) AS a (account_id)
    """
    entries = await conn.fetch(sql, account_ids, KEPT_ENTRIES)
    return {
        record["account_id"]: Outbox(tuple(record["entries"]), len(record["entries"]) < KEPT_ENTRIES)
        for record in entries
        if record["entries"]
    }
