"""Add to a cart by a request that may arrive twice, those of many visitors in one transaction."""

from collections.abc import Sequence

import msgspec

from unwall.commerce.orders import reads
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, settle_in_rounds
from unwall.commerce.orders.cart import Addition, add_many
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Conflict, UnwallError
from unwall.kernel.idempotency import Answer, KeyedRequest, claim_many, release_many, store_many


class KeyedAddition(msgspec.Struct, frozen=True):
    request: KeyedRequest
    addition: Addition


class BagBatcher:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._batcher: Batcher[KeyedAddition, Answer | Exception] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def add(self, request: KeyedRequest, addition: Addition) -> Answer:
        """The cart as JSON. Raises what `add_to_cart` raises, and `Conflict` where the key came with another body."""
        answer = await self._batcher.submit(KeyedAddition(request, addition))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        await self._batcher.close()

    async def _settle(self, items: list[KeyedAddition]) -> list[Answer | Exception]:
        return await settle_in_rounds(
            self._add_together,
            items,
            alone=lambda item: item.addition.visit.visitor_id,
            like=lambda item: item.addition.visit.lang,
        )

    async def _add_together(self, items: Sequence[KeyedAddition]) -> list[Answer | Conflict | UnwallError]:
        async with self._db.transaction() as conn:
            known = await claim_many(conn, [item.request for item in items])
            new = [item for item, answer in zip(items, known, strict=True) if answer is None]
            made = dict(zip((item.request for item in new), await _add(conn, new), strict=True))
        return [answer or made[item.request] for item, answer in zip(items, known, strict=True)]


async def _add(conn: Transaction, items: Sequence[KeyedAddition]) -> list[Answer | UnwallError]:
    """All in one language."""
    if not items:
        return []
    added = await add_many(conn, [item.addition for item in items])
    ids = [cart_id for cart_id in added if not isinstance(cart_id, UnwallError)]
    carts = {cart.id: cart for cart in await reads.carts_by_id(conn, ids, items[0].addition.visit.lang)} if ids else {}
    answers = [one if isinstance(one, UnwallError) else Answer(201, msgspec.json.encode(carts[one])) for one in added]
    pairs = list(zip((item.request for item in items), answers, strict=True))
    await store_many(conn, {request: answer for request, answer in pairs if isinstance(answer, Answer)})
    await release_many(conn, [request for request, answer in pairs if not isinstance(answer, Answer)])
    return answers
