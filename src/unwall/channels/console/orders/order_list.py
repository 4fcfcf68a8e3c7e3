"""The list of orders: filters, search, filters kept under a name, and the list as files."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.response import Stream

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Cell, Option, Tab
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.pictures import thumbnail_url
from unwall.commerce.orders import reads
from unwall.commerce.orders.listing import merchant_orders, saved_filters, tags_in_use
from unwall.commerce.orders.listing_values import ListedOrder, OrderFilter, OrderProgress, SavedFilter
from unwall.commerce.orders.progress import stage
from unwall.commerce.orders.values import Channel, Order
from unwall.commerce.payments.values import PaymentState, RefundState
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.commerce.stock.reads import nodes
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/orders"
PROGRESS = {
    OrderProgress.OPEN: N_("To pick and pack"),
    OrderProgress.LATE: N_("Late"),
    OrderProgress.WAITING: N_("Waiting too long"),
    OrderProgress.TO_PICK: N_("To pick"),
    OrderProgress.PICKING: N_("Picking"),
    OrderProgress.READY: N_("Ready"),
    OrderProgress.ON_ITS_WAY: N_("On its way"),
    OrderProgress.DONE: N_("Done"),
    OrderProgress.RETURNED: N_("Returned"),
    OrderProgress.UNPAID: N_("Not paid yet"),
    OrderProgress.CANCELLED: N_("Cancelled"),
    OrderProgress.EXPIRED: N_("Expired unpaid"),
}
ORDER_HEADINGS = (
    *("number", "placed", "state", "channel", "method", "customer", "phone", "email", "country", "region", "city"),
    *("postcode", "address", "units", "goods", "discount", "delivery", "tax", "total", "paid", "refunded", "currency"),
    *("tags", "from"),
)
LINE_HEADINGS = (
    *("number", "placed", "state", "sku", "title", "options", "quantity", "unit_price", "reduction", "tax", "total"),
    *("returned", "currency"),
)
Chosen = TypeVar("Chosen")


class ListedOrderView(msgspec.Struct, frozen=True):
    id: UUID
    number: Cell
    placed: str
    goods: Cell
    customer: str
    state: Cell
    how: str
    nodes: str
    units: str
    total: str


class OrdersPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/orders.html"

    asked: FieldTexts
    """the filter, as fields of the address"""
    narrowed: bool
    """by more than its progress and its words"""
    progress: list[Tab]
    saved: list[Tab]
    nodes: list[Option]
    methods: list[Option]
    channels: list[Option]
    tags: list[str]
    rows: list[ListedOrderView]
    next_url: str | None
    orders_url: str
    lines_url: str


@get(PATH, permission=Permission.ORDERS, include_in_schema=False)
async def orders(ctx: ConsoleContext) -> Response[str]:
    wanted = filter_of(ctx.query)
    asked = fields_of(wanted)
    async with ctx.confined() as conn:
        page = await _orders(conn, ctx, wanted, ctx.query.get("after"), listing.ROWS)
        every = await nodes(conn, [ctx.merchant_id], ctx.lang)
        saved = await saved_filters(conn, ctx.merchant_id)
        tags = await tags_in_use(conn, ctx.merchant_id)
    return ctx.page(
        OrdersPage(
            title=ctx.words(N_("Orders")),
            asked=FieldTexts(asked),
            narrowed=bool(asked.keys() - {"q", "state"}),
            progress=_progress_tabs(ctx, asked),
            saved=[_saved_tab(one, wanted) for one in saved],
            nodes=[Option(str(node.id), node.name) for node in every],
            methods=_options(ctx, views.METHODS),
            channels=_options(ctx, views.CHANNELS),
            tags=tags,
            rows=[_row(ctx, one) for one in page.rows],
            next_url=listing.address(PATH, after=page.after, **asked) if page.after else None,
            orders_url=listing.address(f"{PATH}.csv", **asked),
            lines_url=listing.address(f"{PATH}/lines.csv", **asked),
        )
    )


async def _orders(
    conn: Connection, ctx: ConsoleContext, wanted: OrderFilter, after: str | None, limit: int
) -> ResultPage[ListedOrder]:
    return await merchant_orders(conn, ctx.merchant_id, wanted, after, limit, ctx.lang)


def _progress_tabs(ctx: ConsoleContext, asked: Mapping[str, str]) -> list[Tab]:
    rest = {name: value for name, value in asked.items() if name != "state"}
    options = [("", N_("All")), *PROGRESS.items()]
    chosen = asked.get("state", "")
    return [
        Tab(listing.address(PATH, state=value, **rest), ctx.words(label), value == chosen) for value, label in options
    ]


def _saved_tab(saved: SavedFilter, wanted: OrderFilter) -> Tab:
    return Tab(listing.address(PATH, **fields_of(saved.wanted)), saved.name, saved.wanted == wanted)


def _options(ctx: ConsoleContext, labels: Mapping[Any, str]) -> list[Option]:
    return [Option("", ctx.words(N_("Any"))), *(Option(value, ctx.words(label)) for value, label in labels.items())]


def _row(ctx: ConsoleContext, one: ListedOrder) -> ListedOrderView:
    reached = stage(one.state, one.shipment_states)
    return ListedOrderView(
        id=one.id,
        number=Cell(one.number, views.order_url(one.id)),
        placed=views.moment(ctx, one.placed_at),
        goods=Cell("", images=[url for file in one.pictures if (url := thumbnail_url(file))]),
        customer=" · ".join([one.customer or "–", *(f"#{tag}" for tag in one.tags)]),
        state=Cell(ctx.words(views.ORDER_STAGES[reached]), tone=views.STAGE_TONES.get(reached, "")),
        how=f"{ctx.words(views.CHANNELS[one.channel])} · {ctx.words(views.METHODS[one.method])}",
        nodes=", ".join(one.node_names) or "–",
        units=views.number(ctx, one.units),
        total=views.money(ctx, one.total),
    )


# --- the filter as an address -----------------------------------------------------------------------------------------


def filter_of(fields: Mapping[str, str]) -> OrderFilter:
    """Out of the address or a form; what cannot be understood is left out."""
    return OrderFilter(
        words=fields.get("q", "").strip()[:200],
        progress=_read(OrderProgress, fields.get("state")),
        since=_read(date.fromisoformat, fields.get("since")),
        until=_read(date.fromisoformat, fields.get("until")),
        node_id=_read(UUID, fields.get("node")),
        method=_read(DeliveryMethod, fields.get("method")),
        channel=_read(Channel, fields.get("channel")),
        tag=fields.get("tag", "").strip()[:100],
        archived=fields.get("archived") == "1",
    )


def fields_of(wanted: OrderFilter) -> dict[str, str]:
    """Those that are given, for an address."""
    fields = {
        "q": wanted.words,
        "state": wanted.progress,
        "since": wanted.since,
        "until": wanted.until,
        "node": wanted.node_id,
        "method": wanted.method,
        "channel": wanted.channel,
        "tag": wanted.tag,
        "archived": "1" if wanted.archived else "",
    }
    return {name: str(value) for name, value in fields.items() if value}


def _read(make: Callable[[str], Chosen], text: str | None) -> Chosen | None:
    try:
        return make(text) if text else None
    except ValueError:
        return None


# --- the list as files ------------------------------------------------------------------------------------------------


@get(f"{PATH}.csv", permission=Permission.ORDERS, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    """A row for each order."""

    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await _orders(conn, ctx, filter_of(ctx.query), after, listing.EXPORT_ROWS)
        whole = await _whole(conn, ctx, page.rows)
        return [_order_cells(ctx, one, whole[one.id]) for one in page.rows], page.after

    return listing.export(ctx, "orders", ORDER_HEADINGS, read)


@get(f"{PATH}/lines.csv", permission=Permission.ORDERS, include_in_schema=False)
async def export_lines(ctx: ConsoleContext) -> Stream:
    """A row for each line of each order."""

    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await _orders(conn, ctx, filter_of(ctx.query), after, listing.EXPORT_ROWS)
        whole = await _whole(conn, ctx, page.rows)
        return [cells for one in page.rows for cells in _line_cells(ctx, whole[one.id])], page.after

    return listing.export(ctx, "order-lines", LINE_HEADINGS, read)


async def _whole(conn: Connection, ctx: ConsoleContext, placed: Iterable[ListedOrder]) -> dict[UUID, Order]:
    return {one.id: one for one in await reads.orders(conn, [one.id for one in placed], ctx.lang)}


def _order_cells(ctx: ConsoleContext, one: ListedOrder, order: Order) -> list[object]:
    who = order.contact
    street = [who.country, who.region, who.city, who.postcode, who.address]
    paid = sum(payment.amount for payment in order.payments if payment.state is PaymentState.CAPTURED)
    refunded = sum(refund.amount for refund in order.refunds if refund.state is RefundState.DONE)
    sums = [order.items_total, order.discount_total, order.shipping_total, order.tax_total, order.total, paid, refunded]
    return [
        *(order.number, views.iso(ctx, order.placed_at), order.state.value, order.channel.value, order.method.value),
        *(who.name, who.phone, who.email, *street, one.units, *(views.major(ctx, amount) for amount in sums)),
        *(order.currency, "; ".join(one.tags), "; ".join(one.node_names)),
    ]


def _line_cells(ctx: ConsoleContext, order: Order) -> list[list[object]]:
    head = [order.number, views.iso(ctx, order.placed_at), order.state.value]
    return [
        [
            *(*head, line.sku, line.title, views.options_words(line.options), line.quantity),
            *(views.major(ctx, amount) for amount in (line.unit_price, line.reduction, line.tax, line.total)),
            *(line.returned, order.currency),
        ]
        for line in order.lines
    ]


HANDLERS: list[Any] = [orders, export, export_lines]
