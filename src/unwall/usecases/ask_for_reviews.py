"""Ask buyers for a review, once for each order and once a day, some time after all its goods were handed over."""

from datetime import timedelta
from uuid import UUID

import msgspec

from unwall.commerce.orders.reads import whose_order
from unwall.content.reviews import asking
from unwall.content.reviews.reads import asked_lately
from unwall.content.reviews.rules import REQUEST_PAUSE
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import derived_id
from unwall.kernel.jobs import NewJob, enqueue

HANDED_OVER = "reviews.handed-over"
"""The entry point that departures of goods are subscribed with (migration 0008)."""
ASK = "reviews.ask"


class ReviewRequests:
    """The handlers of `HANDED_OVER` and `ASK`."""

    def __init__(self, db: Database, hours: int) -> None:
        self._db = db
        self._hours = hours

    async def handed_over(self, payload: bytes) -> None:
        """Plans one request for each order whose last goods left; the others come again with their last goods."""
        departures = msgspec.json.decode(payload, type=list[Event])
        for departure in departures:
            if departure.order_id is not None:
                await self._plan(departure.order_id, departure)

    async def _plan(self, order_id: UUID, departure: Event) -> None:
        async with self._db.transaction() as conn:
            order = await whose_order(conn, order_id)
            if order is None or order.person_id is None or not order.handed_over:
                return
            due = departure.at + timedelta(hours=self._hours)
            if await asking.plan_request(conn, order_id, order.merchant_id, order.person_id, due):
                delay = max(0, int((due - now()).total_seconds()))
                await enqueue(conn, [NewJob(ASK, msgspec.json.encode(order_id), delay)])

    async def ask(self, payload: bytes) -> None:
        async with self._db.transaction() as conn:
            order_id, at = msgspec.json.decode(payload, type=UUID), now()
            person_id = await asking.ask(conn, order_id, at)
            if person_id and not await asked_lately(conn, person_id, order_id, at - REQUEST_PAUSE):
                fact_id = derived_id(order_id, EventKind.REVIEW_REQUEST)
                await journal.record(conn, [Event(fact_id, at, EventKind.REVIEW_REQUEST, order_id=order_id)])
