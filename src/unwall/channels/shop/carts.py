"""A cart as the bag and the checkout show it."""

from collections.abc import Sequence

import msgspec

from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.quotes import code_words, included_taxes, quote_rows
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_promises import DeliveryOffer, Goods, offer
from unwall.channels.shop.delivery_views import DeliveryWay, chosen
from unwall.channels.shop.views import LineView, Total, money
from unwall.commerce.orders.cart_values import Cart, CartLine
from unwall.commerce.orders.quoting import Store, cart_request, goal_of, priced_cart, store_for, way_key
from unwall.commerce.pricing.values import TaxPlace
from unwall.commerce.sourcing.values import AddressPlace, DeliveryOption
from unwall.commerce.stock.reads import levels
from unwall.insight.segments.reads import segments_of_buyers
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, gettext, ngettext


class CartView(msgspec.Struct, frozen=True):
    """A cart with one delivery option chosen, so that its prices are final."""

    id: str
    merchant_name: str
    merchant_url: str
    lines: list[LineView]
    totals: list[Total]
    taxes: str
    """that the sum includes"""
    total: str
    total_minor: int
    total_for: str
    """the way and the place of its taxes, of which it is the total"""
    ways: list[DeliveryWay]
    codes: list[tuple[str, str, bool]]
    """each with what became of it, and whether it counts"""
    option: DeliveryOption | None
    """the chosen way"""
    ready: bool
    """to be ordered"""


class WantedDelivery(msgspec.Struct, frozen=True):
    """How and where the shopper wants it: the name of a way, and where the address is, once there is one."""

    way: str = ""
    address_place: AddressPlace = msgspec.UNSET
    tax_place: TaxPlace = TaxPlace()
    """The country and region of the address."""


ANY_WAY = WantedDelivery()


async def cart_views(
    conn: Connection, ctx: ShopContext, carts: Sequence[Cart], wanted: WantedDelivery = ANY_WAY
) -> list[CartView]:
    """With the wanted way chosen, if it is offered; the post where a courier is not."""
    stocked = await levels(conn, [variant_id for cart in carts for variant_id in cart.wanted])
    views = []
    for cart in carts:
        offered = await offer(
            conn,
            ctx,
            Goods(
                cart.merchant_slug,
                cart.wanted,
                cart.items_total,
                wanted.address_place,
                goal_of(wanted.tax_place),
                cart.weight_g,
            ),
            stocked,
        )
        pricing = await ctx.services.storefront.pricing(conn, cart.merchant_id)
        store = await store_for(conn, cart, pricing, offered.rates, ctx.visit, segments_of_buyers)
        views.append(view_of(cart, offered, store, wanted, ctx.lang))
    return views


async def cart_view(conn: Connection, ctx: ShopContext, cart: Cart, wanted: WantedDelivery = ANY_WAY) -> CartView:
    return (await cart_views(conn, ctx, [cart], wanted))[0]


def view_of(cart: Cart, offered: DeliveryOffer, store: Store, wanted: WantedDelivery, lang: str) -> CartView:
    option = chosen(offered.promise, wanted.way)
    sources = offered.sources(option) if option else {}
    request = cart_request(cart, offered.at, offered.promise.options, option, wanted.tax_place)
    quote = priced_cart(cart, request, store).quote
    return CartView(
        id=str(cart.id),
        merchant_name=cart.merchant_name,
        merchant_url=links.store_url(cart.merchant_slug),
        lines=[line_view(cart, line, sources.get(line.variant_id), offered, lang) for line in cart.lines],
        totals=[Total(*row) for row in quote_rows(quote, N_("To pay"), lang)],
        taxes=included_taxes(quote, lang),
        total=money(quote.total, cart.currency, lang),
        total_minor=quote.total,
        total_for=" ".join((way_key(option) if option else "", *msgspec.structs.astuple(wanted.tax_place))),
        ways=offered.quoted_ways(quote, option),
        codes=[(one.code, code_words(one, quote.currency, lang), one.refusal is None) for one in quote.codes],
        option=option,
        ready=option is not None and all(line.active for line in cart.lines),
    )


def _too_few(left: int, lang: str) -> str:
    if not left:
        return gettext(lang, N_("Sold out. Remove it to go on."))
    return ngettext(lang, "Only {n} is left. Reduce the quantity.", "Only {n} are left. Reduce the quantity.", left)


def line_view(cart: Cart, line: CartLine, source: str | None, offered: DeliveryOffer, lang: str) -> LineView:
    """`source`: from where it comes and when."""
    note, tone = source, "good"
    if not line.active:
        note, tone = gettext(lang, N_("Not on sale any more. Remove it to go on.")), "bad"
    elif line.variant_id in offered.promise.short:
        note, tone = _too_few(offered.left(line.variant_id), lang), "bad"
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
