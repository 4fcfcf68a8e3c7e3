"""Which merchant a product, post or account belongs to: a browser event about it is stored under that merchant."""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from msgspec.structs import replace

from unwall.journal.values import Event
from unwall.kernel.database import Database

MAX_KNOWN = 200_000
"""The most owners kept in memory; then the cache is cleared."""


class Owners:
    """A cache of owners, which never change. A subject without an owner is looked up again, since it may be created
    later.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[UUID | None, UUID] = {}

    async def with_merchants(self, events: Sequence[Event]) -> list[Event]:
        """The events with the merchant of their product, else post, else account; None if there is none."""
        owners = [self._owner(event) for event in events]
        if None in owners:
            pairs = zip(events, owners, strict=True)
            unknown = {subject for event, owner in pairs if owner is None for subject in _subjects(event)}
            if unknown:
                await self._read(unknown)
                owners = [self._owner(event) for event in events]
        return [replace(event, merchant_id=owner) for event, owner in zip(events, owners, strict=True)]

    def _owner(self, event: Event) -> UUID | None:
        # asked for every event: two look-ups at most for what most events are about
        known = self._known
        return known.get(event.product_id) or known.get(event.post_id) or known.get(event.account_id)

    async def _read(self, subjects: Collection[UUID]) -> None:
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        async with self._db.read() as conn:
            sql = """
                SELECT id, merchant_id FROM product_summary WHERE id = ANY($1)
                UNION ALL SELECT id, merchant_id FROM post_summary WHERE id = ANY($1) AND merchant_id IS NOT NULL
                UNION ALL SELECT id, merchant_id FROM account_profile WHERE id = ANY($1) AND merchant_id IS NOT NULL
            """
            self._known |= {record["id"]: record["merchant_id"] for record in await conn.fetch(sql, list(subjects))}


def _subjects(event: Event) -> Iterator[UUID]:
    for subject in (event.product_id, event.post_id, event.account_id):
        if subject is not None:
            yield subject
