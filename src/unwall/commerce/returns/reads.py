"""Reads of returns."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.values import Order
from unwall.commerce.returns import rules
from unwall.commerce.returns.values import OrderReturn, ReturnRow, ReturnSettings, ReturnState, StaffReturn
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

_COLUMNS = """
    r.id, r.merchant_id, r.order_id, r.order_number, r.number, r.state, r.reason, r.note, r.pictures, r.currency,
    r.fee_millionths, r.fee, r.delivery, r.amount, r.credited, r.asked_at, f.state AS refund_state,
    (SELECT jsonb_agg(jsonb_build_object('line', l.line, 'variant_id', l.variant_id, 'title', l.title, 'sku', l.sku,
        'options', l.options, 'quantity', l.quantity, 'sellable', l.sellable, 'damaged', l.damaged, 'lost', l.lost,
        'kept', l.kept, 'net', l.net, 'tax', l.tax, 'gross', l.gross) ORDER BY l.line)
        FROM return_line l WHERE l.return_id = r.id) AS lines,
    (SELECT jsonb_agg(jsonb_build_object('state', s.state, 'at', s.at, 'note', s.note) ORDER BY s.step)
        FROM return_step s WHERE s.return_id = r.id) AS steps
"""
_FROM = "FROM order_return r LEFT JOIN order_refund f ON f.id = r.refund_id"
_STAFF = f"""
    SELECT {_COLUMNS}, r.customer, r.node_id,
        ARRAY(SELECT s.actor FROM return_step s WHERE s.return_id = r.id ORDER BY s.step) AS actors
    {_FROM}
"""


async def returns_of(conn: Connection, order_id: UUID) -> list[OrderReturn]:
    """Of an order, the newest first."""
    return await rows(
        conn, OrderReturn, f"SELECT {_COLUMNS} {_FROM} WHERE r.order_id = $1 ORDER BY r.asked_at DESC, r.id", order_id
    )


async def return_of_refund(conn: Connection, refund_id: UUID) -> OrderReturn | None:
    """The return whose money the refund gives back; None: the refund is for something else."""
    return await row(conn, OrderReturn, f"SELECT {_COLUMNS} {_FROM} WHERE r.refund_id = $1", refund_id)


async def staff_return(conn: Connection, return_id: UUID) -> StaffReturn | None:
    return await row(conn, StaffReturn, f"{_STAFF} WHERE r.id = $1", return_id)


async def merchant_returns(
    conn: Connection, merchant_id: UUID, state: ReturnState | None, words: str, after: str | None, limit: int
) -> ResultPage[ReturnRow]:
    """The newest first; `words` are a number of a return or an order, in capital letters."""
    sql = """
        SELECT r.id, r.order_id, r.order_number, r.number, r.state, r.reason, r.customer, r.currency, r.amount,
            (SELECT sum(l.quantity) FROM return_line l WHERE l.return_id = r.id)::int AS units, r.asked_at
        FROM order_return r
        WHERE r.merchant_id = $1 AND ($2::text IS NULL OR r.state = $2)
            AND ($3 = '' OR r.number = $3 OR r.order_number = $3)
            AND r.id < $4
        ORDER BY r.id DESC LIMIT $5
    """
    page = await rows(conn, ReturnRow, sql, merchant_id, state, words, decode(after), limit + 1)
    return page_of(page, limit, lambda one: one.id)


async def claimed_units(conn: Connection, order_id: UUID) -> dict[int, int]:
    """By line, the units that pending returns of the order name."""
    sql = """
        SELECT l.line, sum(l.quantity)::int AS units FROM order_return r JOIN return_line l ON l.return_id = r.id
        WHERE r.order_id = $1 AND r.state = ANY($2) GROUP BY l.line
    """
    return {record["line"]: record["units"] for record in await conn.fetch(sql, order_id, list(rules.PENDING))}


class ReturnsGiven(msgspec.Struct, frozen=True):
    """Of the returns of an order: how many there are, and whether its delivery price was given back."""

    returns: int
    delivery: bool


async def given_of(conn: Connection, order_id: UUID) -> ReturnsGiven:
    sql = """
        SELECT count(*) AS returns, coalesce(bool_or(delivery > 0), false) AS delivery
        FROM order_return WHERE order_id = $1
    """
    given = await row(conn, ReturnsGiven, sql, order_id)
    assert given is not None
    return given


async def settings_of(conn: Connection, merchant_id: UUID) -> ReturnSettings:
    sql = "SELECT window_days, fee_millionths FROM return_settings WHERE merchant_id = $1"
    return await row(conn, ReturnSettings, sql, merchant_id) or ReturnSettings()


async def left_at(conn: Connection, order: Order) -> datetime | None:
    """When the last goods of the order left: at a counter when they were paid. None while some are still to leave."""
    steps = await fulfilment.steps_of(conn, order.id)
    moments = [step.at for step in steps if step.state in {ShipmentState.HANDED_OVER, ShipmentState.COLLECTED}]
    return max(moments, default=order.paid_at)
