"""Add to a cart by a request that may arrive twice, those of many persons in one transaction."""

from collections.abc import Sequence

import msgspec

from unwall.commerce.orders import reads
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, Attempt, Settler, submitted
from unwall.commerce.orders.cart import Addition, add_facts, add_many
from unwall.journal import actions as journal
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import UnwallError
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer, known_answers, storing


class KeyedAddition(msgspec.Struct, frozen=True):
    request: KeyedRequest
    addition: Addition


class BagBatcher:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._settler: Settler[KeyedAddition, StoredAnswer | UnwallError] = Settler(self._add_together)
        self._batcher: Batcher[KeyedAddition, StoredAnswer | Exception] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def add(self, request: KeyedRequest, addition: Addition) -> StoredAnswer:
        """The cart as JSON. Raises what `add_to_cart` raises, and `Conflict` where the key came with another body."""
        return await submitted(self._batcher, KeyedAddition(request, addition))

    async def close(self) -> None:
        await self._batcher.close()

    async def _settle(self, items: list[KeyedAddition]) -> list[StoredAnswer | Exception]:
        return await self._settler.settle_in_rounds(
            items,
            alone=lambda item: item.addition.visit.person_id,
            like=lambda item: item.addition.visit.lang,
        )

    async def _add_together(self, items: Sequence[KeyedAddition], attempt: Attempt) -> list[StoredAnswer | UnwallError]:
        async with self._db.transaction() as conn:
            known = await known_answers(conn, [item.request for item in items]) if attempt.look_up else {}
            new = [item for item in items if item.request not in known]
            made = dict(zip((item.request for item in new), await _add(conn, new, attempt), strict=True))
        return [known.get(item.request) or made[item.request] for item in items]


async def _add(conn: Transaction, items: Sequence[KeyedAddition], attempt: Attempt) -> list[StoredAnswer | UnwallError]:
    """All in one language."""
    if not items:
        return []
    additions, lang = [item.addition for item in items], items[0].addition.visit.lang
    added = await add_many(conn, additions, attempt.lock_timeout)
    ids = [one.cart_id for one in added if not isinstance(one, UnwallError)]
    carts = {cart.id: cart for cart in await reads.carts_by_id(conn, ids, lang)} if ids else {}
    answers = [
        one if isinstance(one, UnwallError) else StoredAnswer(201, msgspec.json.encode(carts[one.cart_id]))
        for one in added
    ]
    requests = [item.request for item in items]
    stored = {one: answer for one, answer in zip(requests, answers, strict=True) if isinstance(answer, StoredAnswer)}
    await journal.record(conn, add_facts(additions, added), along=storing(stored))
    return answers
