"""A cart as the bag and the checkout show it."""

from collections.abc import Sequence

import msgspec

from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_promises import DeliveryOffer, offer
from unwall.channels.shop.delivery_views import DeliveryWay, chosen
from unwall.channels.shop.views import LineView, Total, money
from unwall.commerce.orders.values import Cart, CartLine
from unwall.commerce.sourcing.values import DeliveryOption
from unwall.commerce.stock.reads import levels
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, gettext


class CartView(msgspec.Struct, frozen=True):
    """With one way to have it chosen, so that all prices are final at the first glance."""

    id: str
    merchant_name: str
    merchant_url: str
    lines: list[LineView]
    totals: list[Total]
    total: str
    total_minor: int
    ways: list[DeliveryWay]
    option: DeliveryOption | None
    """the chosen way"""
    ready: bool
    """to be ordered"""


async def cart_views(conn: Connection, ctx: ShopContext, carts: Sequence[Cart], way: str = "") -> list[CartView]:
    """`way` names the one to choose, if it is offered."""
    stocked = await levels(conn, [variant_id for cart in carts for variant_id in cart.wanted])
    views = []
    for cart in carts:
        offered = await offer(conn, ctx, cart.merchant_slug, cart.wanted, stocked)
        views.append(view_of(cart, offered, chosen(offered.promise, way), ctx.lang))
    return views


async def cart_view(conn: Connection, ctx: ShopContext, cart: Cart, way: str = "") -> CartView:
    return (await cart_views(conn, ctx, [cart], way))[0]


def view_of(cart: Cart, offered: DeliveryOffer, option: DeliveryOption | None, lang: str) -> CartView:
    sources = offered.sources(option) if option else {}
    total = cart.items_total + (option.fee.amount if option else 0)
    return CartView(
        id=str(cart.id),
        merchant_name=cart.merchant_name,
        merchant_url=links.store_url(cart.merchant_slug),
        lines=[line_view(cart, line, sources.get(line.variant_id), offered, lang) for line in cart.lines],
        totals=totals(cart, option, lang),
        total=money(total, cart.currency, lang),
        total_minor=total,
        ways=offered.ways(offered.promise.options, option),
        option=option,
        ready=option is not None and all(line.active for line in cart.lines),
    )


def totals(cart: Cart, option: DeliveryOption | None, lang: str) -> list[Total]:
    """The last is the sum."""
    fee = option.fee.amount if option else 0
    delivery = money(fee, cart.currency, lang) if fee else gettext(lang, N_("Free"))
    rows = [
        Total(gettext(lang, N_("Goods")), money(cart.items_total, cart.currency, lang)),
        Total(gettext(lang, N_("Delivery")), delivery),
        Total(gettext(lang, N_("To pay")), money(cart.items_total + fee, cart.currency, lang)),
    ]
    return rows if option else rows[:1]


def line_view(cart: Cart, line: CartLine, source: str | None, offered: DeliveryOffer, lang: str) -> LineView:
    """`source`: from where it comes and when."""
    note, tone = source, "good"
    if not line.active:
        note, tone = gettext(lang, N_("Not on sale any more. Remove it to go on.")), "bad"
    elif line.variant_id in offered.promise.short:
        note, tone = gettext(lang, N_("Not enough in stock. Reduce the quantity or remove it.")), "bad"
    elif source is None:
        note, tone = gettext(lang, N_("This cannot be had together with the rest. Order it separately.")), "bad"
    return LineView(
        url=links.product_url(cart.merchant_slug, line.product_slug, variant=line.variant_id),
        title=line.title,
        image=thumbnail_url(line.image_file),
        image_alt=line.image_alt or line.title,
        detail=" · ".join(line.options),
        quantity=line.quantity,
        price=money(line.total, cart.currency, lang),
        note=note,
        note_tone=tone,
        variant_id=str(line.variant_id),
    )
