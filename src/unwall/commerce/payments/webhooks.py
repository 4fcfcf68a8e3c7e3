"""What gateways tell by themselves: each event is stored once, when its signature is checked, and applied by a job.

An event only says of which payment there is news: what has happened the gateway is asked then, so that events may come
in any order, late and more than once (rules R11 and R12 in docs/rules/payments.md).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.commerce.payments import rules
from unwall.commerce.payments.gateway import Gateway
from unwall.commerce.payments.values import PaymentState
from unwall.kernel.database import Connection, Database, Transaction, row, rows
from unwall.kernel.errors import Invalid
from unwall.kernel.jobs import NewJob, enqueue

APPLY_EVENT = "payments.apply-event"


class EventKey(msgspec.Struct, frozen=True):
    gateway: str
    event_id: str


class ToldPayment(msgspec.Struct, frozen=True):
    """A payment that an event tells of."""

    id: UUID
    order_id: UUID
    state: PaymentState


async def receive_event(db: Database, gateway: Gateway, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Store the event, to be applied. Raises `Invalid` naming the signature or the body; nothing is stored then.
    `headers` by their names in lower case."""
    event = await gateway.read_event(body, headers, now)
    if not 0 < len(event.id) <= rules.MAX_EVENT_ID_CHARACTERS:
        raise Invalid.one("body", rules.UNREADABLE_EVENT)
    key = EventKey(gateway.name, event.id)
    async with db.transaction() as conn:
        if await conn.fetchval(_STORE, *msgspec.structs.astuple(key), event.kind, event.payment_id, now):
            await enqueue(conn, [NewJob(APPLY_EVENT, msgspec.json.encode(key))])


_STORE = """
    INSERT INTO gateway_event (gateway, event_id, kind, payment_id, received_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (gateway, event_id) DO NOTHING RETURNING true
"""


async def told_payment(conn: Connection, key: EventKey) -> ToldPayment | None:
    """None where the event is applied already, or tells of nothing that is ours."""
    return await row(
        conn,
        ToldPayment,
        """
        SELECT p.id, p.order_id, p.state FROM gateway_event e JOIN payment p
            ON p.id = e.payment_id AND p.gateway = e.gateway
        WHERE e.gateway = $1 AND e.event_id = $2 AND e.applied_at IS NULL
        """,
        key.gateway,
        key.event_id,
    )


async def mark_applied(conn: Transaction, key: EventKey, now: datetime) -> None:
    sql = "UPDATE gateway_event SET applied_at = coalesce(applied_at, $3) WHERE gateway = $1 AND event_id = $2"
    await conn.execute(sql, key.gateway, key.event_id, now)


async def waiting_events(conn: Connection, received_before: datetime) -> list[EventKey]:
    """Those whose job has failed, or is late."""
    sql = """
        SELECT gateway, event_id FROM gateway_event WHERE applied_at IS NULL AND received_at <= $1
        ORDER BY received_at LIMIT $2
    """
    return await rows(conn, EventKey, sql, received_before, rules.MAX_PER_SWEEP)


async def delete_old_events(conn: Transaction, now: datetime) -> None:
    """Gateways send an event again for some days at most."""
    before = now - timedelta(days=rules.EVENT_DAYS)
    await conn.execute("DELETE FROM gateway_event WHERE applied_at IS NOT NULL AND received_at < $1", before)
