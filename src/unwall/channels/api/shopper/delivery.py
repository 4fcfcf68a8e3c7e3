"""How a variant or a cart can be delivered or collected."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import get

from unwall.catalogue import reads as catalogue
from unwall.channels.api.callers import address_place, query_address
from unwall.channels.http.context import AnyRequest
from unwall.commerce.orders import reads as order_reads
from unwall.commerce.orders.quoting import cart_request, goal_of, priced_cart, store_for, way_key
from unwall.commerce.orders.rules import add_available
from unwall.commerce.pricing.values import Quote, TaxPlace
from unwall.commerce.sourcing import reads as sourcing
from unwall.commerce.sourcing.reads import supply_of
from unwall.commerce.sourcing.rules import promise_of
from unwall.commerce.sourcing.values import DeliveryOption, Demand
from unwall.insight.segments.reads import segments_of_buyers
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, existing
from unwall.kernel.gazetteer import until_loaded
from unwall.kernel.money import Money
from unwall.people import reads as people_reads
from unwall.services import Services

TAGS = ["shopper"]


class OfferedDelivery(msgspec.Struct, frozen=True):
    """How an item or a cart can be delivered or collected. `at`: when it arrives, or from when it can be collected;
    `why` in the caller's language."""

    way: str
    """Its name in a quote."""
    method: str
    node_id: UUID | None
    node: str | None
    at: str
    cutoff: str
    fee: Money
    why: str


class CartOffer(msgspec.Struct, frozen=True):
    """A cart, how it can be had, and what it costs: with `way`, else with the way that costs least."""

    ways: list[OfferedDelivery]
    quote: Quote


def offered_delivery(option: DeliveryOption, lang: str, fee: int | None = None) -> OfferedDelivery:
    """`fee`: as it was quoted; else the list price."""
    return OfferedDelivery(
        way_key(option),
        option.method.value,
        option.node.id if option.node else None,
        option.node.name if option.node else None,
        option.at.isoformat(),
        option.cutoff.isoformat(),
        option.fee if fee is None else Money(fee, option.fee.currency),
        option.explanation.text_in(lang),
    )


@get("/variants/{variant_id:uuid}/delivery-options", tags=TAGS)
async def variant_delivery_options(
    request: AnyRequest, services: Services, caller: Visit, variant_id: UUID, quantity: int = 1
) -> list[OfferedDelivery]:
    """How the variant can be delivered to the address, or collected near `latitude` and `longitude`: when, from which
    stock, at what fee."""
    await until_loaded()
    async with services.db.read() as conn:
        item = (await catalogue.items(conn, [variant_id], caller.lang)).get(variant_id)
        item = existing(item, "There is no such variant.")
        units = max(1, min(quantity, 99))
        goal = address_place(request, await _country_of(conn, item.merchant_id))
        wanted = Demand(item.merchant_id, {variant_id: units}, caller.place, item.price * units, goal)
        promise = await sourcing.promise(conn, wanted, caller.lang, now())
    return [offered_delivery(option, caller.lang) for option in promise.options]


@get("/carts/{cart_id:uuid}/delivery-options", tags=TAGS)
async def cart_delivery_options(
    request: AnyRequest, services: Services, caller: Visit, cart_id: UUID
) -> list[OfferedDelivery]:
    """How the whole cart can be delivered to the address or collected near `latitude` and `longitude`."""
    return (await _offer(request, services, caller, cart_id, "")).ways


@get("/carts/{cart_id:uuid}/quote", tags=TAGS)
async def cart_quote(request: AnyRequest, services: Services, caller: Visit, cart_id: UUID, way: str = "") -> CartOffer:
    """What the cart costs if it is had by `way` (the `way` of a delivery option) at the address of the query: each
    reduction and tax with its reason, and the total that an order would have."""
    return await _offer(request, services, caller, cart_id, way)


async def _offer(request: AnyRequest, services: Services, caller: Visit, cart_id: UUID, way: str) -> CartOffer:
    await until_loaded()
    cache = services.storefront
    async with services.db.read() as conn:
        cart = existing(await order_reads.stocked_cart(conn, caller, cart_id, caller.lang), "There is no such cart.")
        supply = await supply_of(cache, conn, cart.merchant_id, caller.lang)
        pricing = await cache.pricing(conn, cart.merchant_id)
        store = await store_for(conn, cart, pricing, supply.rates, caller, segments_of_buyers)
    add_available(supply, cart)
    goal = address_place(request, cart.country)
    address = query_address(request, cart.country)
    place = TaxPlace(address.country, address.region, address.postcode)
    wanted = Demand(cart.merchant_id, cart.wanted, caller.place, cart.items_total, goal, goal_of(place), cart.weight_g)
    options = promise_of(supply, wanted, now()).options
    chosen = next((one for one in options if way_key(one) == way), None)
    if way and chosen is None:
        raise Invalid.one("way", "The cart cannot be had this way now; see its delivery options.")
    cheapest = chosen or min(options, key=lambda one: one.fee.amount, default=None)
    asked = cart_request(cart, now(), options, cheapest, place)
    quote = priced_cart(cart, asked, store).quote
    ways = [offered_delivery(one, caller.lang, quote.fee_of(way_key(one))) for one in options]
    return CartOffer(ways, quote)


async def _country_of(conn: Connection, merchant_id: UUID) -> str:
    merchant = await people_reads.merchant(conn, merchant_id, "en")
    return merchant.home_country if merchant else ""


HANDLERS: list[Any] = [variant_delivery_options, cart_delivery_options, cart_quote]
