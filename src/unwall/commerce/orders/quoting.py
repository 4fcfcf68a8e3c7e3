"""What a cart costs: its lines as a quote takes them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.orders import reads
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.checkout_values import LockedOrder
from unwall.commerce.orders.values import Channel, Contact
from unwall.commerce.pricing.gather import Pricing
from unwall.commerce.pricing.quotes import priced
from unwall.commerce.pricing.reads import BuyerAsked, SegmentsOf, UsesAsked, buyer, promotion_uses
from unwall.commerce.pricing.values import (
    Buyer,
    Item,
    LineAsked,
    Personal,
    PricedOrder,
    PromotionUses,
    QuoteRequest,
    TaxPlace,
    WayAsked,
)
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryOption, Goal, Rates
from unwall.commerce.sourcing.zones import price_at
from unwall.journal.values import Visit
from unwall.kernel.database import Connection


class Store(msgspec.Struct, frozen=True):
    """What of a merchant, and of who buys, decides what a cart costs."""

    pricing: Pricing
    rates: Rates
    buyer: Buyer = Buyer()
    uses: tuple[PromotionUses, ...] = ()


def way_key(option: DeliveryOption) -> str:
    """What forms and quotes call a way: `ship`, `courier:NODE`, `pickup:NODE`."""
    at_node = option.node and option.method is not DeliveryMethod.SHIP
    return f"{option.method}:{option.node.id}" if option.node and at_node else option.method.value


def way_asked(option: DeliveryOption) -> WayAsked:
    collected = option.node and option.method is DeliveryMethod.PICKUP
    country = option.node.country if option.node and collected else ""
    return WayAsked(way_key(option), option.method, option.km, country)


def cart_request(
    cart: Cart, at: datetime, options: Iterable[DeliveryOption], chosen: DeliveryOption | None, place: TaxPlace
) -> QuoteRequest:
    lines = tuple(LineAsked(number, line.variant_id, line.quantity) for number, line in enumerate(cart.lines, 1))
    ways = tuple(way_asked(option) for option in options)
    return QuoteRequest(
        at, Channel.ONLINE, lines, ways, way_key(chosen) if chosen else None, place, tuple(c.code for c in cart.codes)
    )


def cart_items(cart: Cart) -> tuple[Item, ...]:
    return tuple(
        Item(
            line.variant_id,
            line.product_id,
            line.unit_price,
            line.category_id,
            line.tax_class,
            line.weight_g,
        )
        for line in cart.lines
    )


def priced_cart(cart: Cart, request: QuoteRequest, store: Store) -> PricedOrder:
    goal = goal_of(request.place)
    prices = {way.method: price_at(store.rates, way.method, goal, way.km) for way in request.ways}
    personal = Personal(store.buyer, tuple(cart.codes), store.uses)
    return priced(request, store.pricing.facts(cart_items(cart), tuple(prices.values()), personal))


def goal_of(place: TaxPlace) -> Goal:
    return Goal(place.country, place.region, place.postcode)


def uses_asked(cart: Cart, pricing: Pricing, but_order: UUID | None) -> list[UsesAsked]:
    """Of the promotions for the cart that are limited."""
    limited = pricing.limited(cart_items(cart), cart.codes)
    return [UsesAsked(one.id, cart.person_id, but_order) for one in limited]


def ordered_asked(cart: Cart, pricing: Pricing, visit: Visit) -> list[reads.OrderedAsked]:
    """Empty where no promotion for the cart is for the first order of its buyer."""
    relevant = pricing.book.relevant(cart_items(cart), cart.codes)
    asks = any(one.conditions.first_order for one in relevant)
    return [reads.OrderedAsked(cart.id, cart.merchant_id, visit.visitor_id, visit.member_id)] if asks else []


def segments_asked(cart: Cart, pricing: Pricing, visit: Visit) -> list[BuyerAsked]:
    """Empty where no promotion for the cart is for a segment, and of who is not signed in."""
    if visit.member_id is None or not pricing.segmented(cart_items(cart), cart.codes):
        return []
    return [BuyerAsked(cart.merchant_id, visit.member_id)]


async def store_for(
    conn: Connection, cart: Cart, pricing: Pricing, rates: Rates, visit: Visit, segments_of: SegmentsOf
) -> Store:
    """Without a statement, unless a promotion or a tax depends on who buys."""
    who = await buyer(conn, pricing, visit.member_id)
    segments = await segments_of(conn, segments_asked(cart, pricing, visit))
    own = next(iter(segments.values()), ())
    has_ordered = bool(await reads.have_ordered(conn, ordered_asked(cart, pricing, visit)))
    who = replace(who, has_ordered=has_ordered, segments=own)
    if not pricing.limited(cart_items(cart), cart.codes):
        return Store(pricing, rates, who)
    but_order = await reads.order_of_cart(conn, cart.id)
    used = await promotion_uses(conn, uses_asked(cart, pricing, but_order))
    return Store(pricing, rates, who, tuple(used.values()))


def tax_place_of(contact: Contact) -> TaxPlace:
    return TaxPlace(contact.country, contact.region, contact.postcode)


def same_price(order: LockedOrder, cart: Cart, at: datetime, store: Store) -> bool:
    """Whether the cart costs today what the prepared order says, line by line."""
    if order.pricing is None:
        return False
    before = order.pricing.quote
    lines = tuple(LineAsked(number, line.variant_id, line.quantity) for number, line in enumerate(cart.lines, 1))
    asked = order.pricing.request
    codes = tuple(one.code for one in cart.codes)
    request = QuoteRequest(at, Channel.ONLINE, lines, asked.ways, asked.way, asked.place, codes)
    today = priced_cart(cart, request, store).quote
    return (today.lines, today.delivery, today.total) == (before.lines, before.delivery, before.total)
