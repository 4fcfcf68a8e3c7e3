"""A cart as the bag and the checkout show it."""

from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.delivery_promises import DeliveryOffer, offer
from unwall.channels.shop.delivery_views import chosen
from unwall.channels.shop.views import View, money
from unwall.commerce.orders.values import Cart, CartLine
from unwall.commerce.sourcing.values import DeliveryOption
from unwall.commerce.stock.reads import nodes
from unwall.commerce.stock.values import Node
from unwall.kernel.database import Connection
from unwall.kernel.text import N_, gettext


async def cart_view(conn: Connection, ctx: ShopContext, cart: Cart, way: str = "") -> View:
    """With one way to have it chosen, so that all prices are final at the first glance."""
    having = await offer(conn, ctx, cart.merchant_id, cart.wanted)
    places = await nodes(conn, [cart.merchant_id], ctx.lang)
    option = chosen(having.promise, way)
    return view_of(cart, having, option, places, ctx.lang)


def view_of(cart: Cart, having: DeliveryOffer, option: DeliveryOption | None, places: list[Node], lang: str) -> View:
    sources = having.sources(option, places) if option else {}
    fee = option.fee.amount if option else 0
    return {
        "id": str(cart.id),
        "merchant_name": cart.merchant_name,
        "merchant_url": links.store_url(cart.merchant_slug),
        "lines": [line_view(cart, line, sources.get(line.variant_id), having, lang) for line in cart.lines],
        "totals": totals(cart, option, lang),
        "total": money(cart.items_total + fee, cart.currency, lang),
        "total_minor": cart.items_total + fee,
        "ways": having.ways(having.promise.options, option),
        "option": option,
        "ready": option is not None and all(line.active for line in cart.lines),
    }


def totals(cart: Cart, option: DeliveryOption | None, lang: str) -> list[tuple[str, str]]:
    """Label and amount; the last is the sum."""
    fee = option.fee.amount if option else 0
    carried = money(fee, cart.currency, lang) if fee else gettext(lang, N_("Free"))
    rows = [
        (gettext(lang, N_("Goods")), money(cart.items_total, cart.currency, lang)),
        (gettext(lang, N_("Getting it to you")), carried),
        (gettext(lang, N_("To pay")), money(cart.items_total + fee, cart.currency, lang)),
    ]
    return rows if option else rows[:1]


def line_view(cart: Cart, line: CartLine, source: str | None, having: DeliveryOffer, lang: str) -> View:
    short = line.variant_id in having.promise.short
    note, tone = source, "good"
    if not line.active:
        note, tone = gettext(lang, N_("Not on sale any more. Remove it to go on.")), "bad"
    elif short:
        note, tone = gettext(lang, N_("There are not so many left. Take fewer, or remove it.")), "bad"
    elif source is None:
        note, tone = gettext(lang, N_("Not together with the rest in one way. Order it by itself.")), "bad"
    return {
        "variant_id": str(line.variant_id),
        "url": links.product_url(cart.merchant_slug, line.product_slug, variant=line.variant_id),
        "title": line.title,
        "image": thumbnail_url(line.image_file),
        "image_alt": line.image_alt or line.title,
        "detail": " · ".join(line.options),
        "note": note,
        "note_tone": tone,
        "quantity": line.quantity,
        "price": money(line.total, cart.currency, lang),
    }
