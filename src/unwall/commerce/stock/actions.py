"""Every change of stock but the desk's. Each needs a transaction; a transaction calls at most one of them for stock
(levels are locked in one order within a call, not across calls). All are idempotent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.stock.values import Cause, NodeDraft
from unwall.kernel.database import Connection


async def allocate(conn: Connection, request_id: UUID, actor: str) -> None:
    """Held -> allocated: the order is paid. Raises `HoldGone` if the hold was released, ran out or never was."""
    raise NotImplementedError


async def release(conn: Connection, request_id: UUID, actor: str) -> None:
    """Held -> available; what is not held (any more) stays as it is."""
    raise NotImplementedError


async def expire_due(conn: Connection, now: datetime, limit: int = 500) -> list[UUID]:
    """Held -> available for holds past their time, oldest first; the request ids."""
    raise NotImplementedError


async def issue(
    conn: Connection, request_id: UUID, lines: Sequence[tuple[int, int]], cause_id: UUID, actor: str
) -> None:
    """Allocated -> outside: the goods leave. `lines`: (line of the hold, counted from 1; quantity)."""
    raise NotImplementedError


async def deallocate(
    conn: Connection, request_id: UUID, lines: Sequence[tuple[int, int]], cause_id: UUID, actor: str
) -> None:
    """Allocated -> available: not found, cancelled. `lines` as in `issue`."""
    raise NotImplementedError


async def receive(
    conn: Connection, merchant_id: UUID, node_id: UUID, lines: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """Outside -> available (a receipt, a return); makes levels that are not there. `lines`: (variant_id, quantity)."""
    raise NotImplementedError


async def adjust(
    conn: Connection, merchant_id: UUID, node_id: UUID, changes: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """On hand up or down by (variant_id, delta). Raises `Short` where held and allocated units would be missing."""
    raise NotImplementedError


async def counter_sell(
    conn: Connection, merchant_id: UUID, node_id: UUID, lines: Sequence[tuple[UUID, int]], cause: Cause
) -> None:
    """Available -> outside over the counter, safety stock included. Raises `Short` with what is missing."""
    raise NotImplementedError


async def set_safety_stock(conn: Connection, merchant_id: UUID, variant_id: UUID, node_id: UUID, quantity: int) -> None:
    """Units kept back from every promise online."""
    raise NotImplementedError


async def save_node(conn: Connection, merchant_id: UUID, draft: NodeDraft) -> UUID:
    """Make or change a node; raises `Invalid` naming each field."""
    raise NotImplementedError
