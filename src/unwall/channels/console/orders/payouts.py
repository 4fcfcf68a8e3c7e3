"""The payout sheet: what was taken, given back, disputed and kept by the gateway, day by day, and the disputes."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from litestar import Response, get
from litestar.response import Stream

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.orders.details import GATEWAYS
from unwall.channels.design.values import Cell, Tab
from unwall.commerce.payments import payouts as reads
from unwall.commerce.payments.payouts import DisputeRow, PayoutDay
from unwall.commerce.payments.values import DisputeState
from unwall.kernel.clock import local
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/payouts"
SPANS = {str(days): N_("{days} days", days=days) for days in (7, 30, 90)}
DISPUTES = {
    DisputeState.OPEN: N_("Open"),
    DisputeState.WON: N_("Won: the money is back"),
    DisputeState.LOST: N_("Lost"),
}


class PayoutView(msgspec.Struct, frozen=True):
    day: str
    gateway: str
    captured: str
    refunded: str
    disputed: str
    fees: str
    net: str


class DisputeView(msgspec.Struct, frozen=True):
    at: str
    order: Cell
    state: str
    reason: str
    amount: str


class PayoutsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/payouts.html"

    spans: list[Tab]
    days: list[PayoutView]
    net: str
    disputes: list[DisputeView]
    export_url: str


@get(PATH, permission=Permission.PAYOUTS, include_in_schema=False)
async def payouts(ctx: ConsoleContext) -> Response[str]:
    span = _span(ctx)
    async with ctx.confined() as conn:
        days = await _days(conn, ctx)
        disputes = await reads.disputes(conn, ctx.merchant_id)
    return ctx.page(
        PayoutsPage(
            title=ctx.words(N_("Payouts")),
            spans=[Tab(listing.address(PATH, days=key), ctx.words(label), key == span) for key, label in SPANS.items()],
            days=[_day(ctx, one) for one in days],
            net=views.money(ctx, sum(one.net for one in days)),
            disputes=[_dispute(ctx, one) for one in disputes],
            export_url=listing.address(f"{PATH}.csv", days=span),
        )
    )


@get(f"{PATH}.csv", permission=Permission.PAYOUTS, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    async def read(conn: Connection, after: str | None) -> listing.Page:
        return [_cells(ctx, one) for one in await _days(conn, ctx)], None

    headings = ["day", "gateway", "captured", "refunded", "disputed", "fees", "net", "currency"]
    return listing.export(ctx, "payouts", headings, read)


def _span(ctx: ConsoleContext) -> str:
    asked = ctx.query.get("days", "")
    return asked if asked in SPANS else "30"


async def _days(conn: Connection, ctx: ConsoleContext) -> Sequence[PayoutDay]:
    tomorrow: date = local(ctx.now, ctx.merchant.timezone).date() + timedelta(days=1)
    begin = tomorrow - timedelta(days=int(_span(ctx)))
    return await reads.payout_days(conn, ctx.merchant_id, ctx.merchant.timezone, begin, tomorrow)


def _day(ctx: ConsoleContext, one: PayoutDay) -> PayoutView:
    return PayoutView(
        day=one.day.isoformat(),
        gateway=ctx.words(GATEWAYS.get(one.gateway, one.gateway)),
        captured=views.money(ctx, one.captured),
        refunded=views.money(ctx, -one.refunded),
        disputed=views.money(ctx, -one.disputed),
        fees=views.money(ctx, -one.fees),
        net=views.money(ctx, one.net),
    )


def _cells(ctx: ConsoleContext, one: PayoutDay) -> list[object]:
    amounts = (one.captured, one.refunded, one.disputed, one.fees, one.net)
    return [one.day, one.gateway, *(views.major(ctx, amount) for amount in amounts), ctx.merchant.currency]


def _dispute(ctx: ConsoleContext, one: DisputeRow) -> DisputeView:
    return DisputeView(
        at=views.moment(ctx, one.closed_at or one.opened_at),
        order=Cell(ctx.words(N_("The order")), views.order_url(one.order_id)),
        state=ctx.words(DISPUTES[one.state]),
        reason=one.reason,
        amount=views.money(ctx, one.amount),
    )


HANDLERS: list[Any] = [payouts, export]
