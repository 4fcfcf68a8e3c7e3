"""An order found by its number and how its buyer can be reached: how far it is, without what only its buyer may see."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.design.values import Step
from unwall.channels.http.context import set_sealed_cookie
from unwall.channels.http.errors import status_of
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.orders import HEADLINES, NO_SUCH_ORDER, ParcelView, line_view, parcel, steps, totals
from unwall.channels.shop.views import LineView, Total
from unwall.commerce.orders import reads
from unwall.commerce.orders.values import Order
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.seals import unseal
from unwall.kernel.text import N_
from unwall.usecases.find_order import find_order

SHOWN = "uw_order"
SHOWN_SECONDS = 3600
"""For how long an order that was found is shown on a device."""


class FindOrderPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/find_order.html"

    kept: FieldTexts
    errors: FieldTexts
    notice: str | None


@get("/order/find", include_in_schema=False)
async def ask_for_order(ctx: ShopContext) -> Response[Any]:
    return _form(ctx, {})


def _form(ctx: ShopContext, typed: dict[str, str], error: UnwallError | None = None) -> Response[str]:
    page = FindOrderPage(
        title=ctx.words(N_("Find an order")),
        kept=FieldTexts(typed),
        errors=ctx.field_errors(error),
        notice=ctx.problem(error),
    )
    return ctx.page(page, status=status_of(error))


@post("/order/find", include_in_schema=False, status_code=303)
async def find(ctx: ShopContext, data: FormData) -> Response[Any] | Redirect:
    number, contact = data.get("number", ""), data.get("contact", "")
    try:
        order_id = await find_order(ctx.services.db, number, contact, ctx.visit.network, now())
    except (Invalid, NotFound, TooMany) as error:
        return _form(ctx, {"number": number, "contact": contact}, error)
    set_sealed_cookie(ctx.request, ctx.services, SHOWN, order_id, SHOWN_SECONDS)
    return Redirect("/order/status", status_code=303)


class OrderStatusPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/order_status.html"

    order: Order
    headline: str
    steps: list[Step]
    parcels: list[ParcelView]
    lines: list[LineView]
    totals: list[Total]
    store_url: str


@get("/order/status", include_in_schema=False)
async def status(ctx: ShopContext) -> Response[Any] | Redirect:
    """Without the name, the address, the card and the code to collect it: those are for the buyer's own devices."""
    sealed = ctx.request.cookies.get(SHOWN, "")
    order_id = unseal(ctx.services.secret, SHOWN, sealed, UUID, max_age_seconds=SHOWN_SECONDS)
    if order_id is None:
        return Redirect("/order/find", status_code=303)
    async with ctx.services.db.read() as conn:
        story = await reads.story(conn, order_id, ctx.lang)
        if story is None:
            raise NotFound(NO_SUCH_ORDER)
        order = story.order
        by_id = {node.id: node for node in await ctx.services.storefront.nodes(conn, order.merchant_id, ctx.lang)}
    return ctx.page(
        OrderStatusPage(
            title=ctx.words(N_("Order {number}"), number=order.number),
            order=order,
            headline=ctx.words(HEADLINES[order.state]),
            steps=steps(story, ctx.lang),
            parcels=[parcel(order, s, by_id.get(s.node_id), ctx, to_buyer=False) for s in story.shipments],
            lines=[line_view(order, n, ctx.lang) for n in range(len(order.lines))],
            totals=totals(order, ctx.lang),
            store_url=links.store_url(order.merchant_slug),
        )
    )


HANDLERS: list[Any] = [ask_for_order, find, status]
