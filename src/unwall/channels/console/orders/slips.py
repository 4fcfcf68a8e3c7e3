"""Packing slips of chosen orders, to print at once."""

from typing import Any

from litestar import Response, get

from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.orders.order_list import PATH
from unwall.channels.http.packing_slips import SlipView, slip_view
from unwall.commerce.fulfilment import reads as fulfilment
from unwall.commerce.fulfilment.values import ShipmentMethod
from unwall.commerce.orders.listing import own_orders
from unwall.commerce.orders.listing_rules import MAX_MARKED
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.commerce.stock.reads import nodes
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

METHODS = {method: views.METHODS[DeliveryMethod(method)] for method in ShipmentMethod}


class SlipsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/slips.html"

    slips: list[SlipView]
    summary: str


@get(f"{PATH}/slips", permission=Permission.ORDERS, include_in_schema=False)
async def slips(ctx: ConsoleContext) -> Response[str]:
    """Of the orders that the address names, a page for each parcel."""
    asked = [parse_id(text) for text in ctx.request.query_params.getall("order", [])[:MAX_MARKED]]
    async with ctx.confined() as conn:
        own = await own_orders(conn, ctx.merchant_id, [order_id for order_id in asked if order_id])
        by_id = {node.id: node for node in await nodes(conn, [ctx.merchant_id], ctx.lang)}
        tasks = await fulfilment.tasks_of(conn, own, ctx.lang)
    return ctx.page(
        SlipsPage(
            title=ctx.words(N_("Packing slips")),
            slips=[slip_view(one, by_id[one.node_id], ctx.merchant.name, METHODS, ctx.lang) for one in tasks],
            summary=ctx.count("{n} parcel", "{n} parcels", len(tasks)),
        )
    )


HANDLERS: list[Any] = [slips]
