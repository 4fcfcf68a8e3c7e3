"""Limits of carts and orders, order numbers, and what an order is made of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from unwall.commerce.fulfilment.values import Route, RouteLine, ShipmentMethod
from unwall.commerce.orders.cart_values import Cart, CartLine, StockedCart
from unwall.commerce.orders.checkout_values import CheckoutRequest, LockedOrder, OpenOrders, Preparation
from unwall.commerce.orders.contacts import CARRIED, place_of
from unwall.commerce.orders.values import (
    Channel,
    Contact,
    Order,
    OrderLine,
    OrderState,
    ShopperOrder,
    SourcedPart,
    StoredPromise,
)
from unwall.commerce.payments.values import RefundState
from unwall.commerce.pricing.values import Quote, QuotedLine
from unwall.commerce.sourcing.values import (
    DeliveryChoice,
    DeliveryMethod,
    DeliveryOption,
    Demand,
    Goal,
    SoldOut,
    Supply,
)
from unwall.commerce.stock.values import HeldLine, HoldRequest
from unwall.kernel.addresses import Address
from unwall.kernel.errors import Invalid, TooMany
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

MAX_UNITS_PER_LINE = 99
"""Units of one variant in a cart or a counter sale. SQL repeats it: the CHECK of cart_line.quantity
(0005_commerce.sql).
"""
MAX_LINES_PER_CART = 60
EXTRA_HOLD_MINUTES = 5
"""How much longer than `limits.PAY_MINUTES` its stock is held, so that it is still held when a payment that started in
time succeeds.
"""
UNANSWERED_PAYMENT_SECONDS = 120
"""After how long the sweep looks up a payment that the gateway has not answered."""
MAX_PLANS = 4
"""How many sourcing plans are tried if other orders take the planned stock."""
MAX_OPEN_ORDERS = 5
"""How many orders of a visitor may be prepared and unpaid at the same time; of a network `PEOPLE_PER_NETWORK` times as
many."""
MAX_OPEN_UNITS = 15
"""How many units these may hold together; an only one may hold any number."""
MAX_PER_SWEEP = 200
"""The most items of each kind that one sweep handles."""

LATE_MINUTES = 30
"""The shopper must confirm an arrival that is later than the checkout page showed by more than this."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without letters that look like digits."""


def check_quantity(quantity: int, *, least: int = 1) -> None:
    """Raises `Invalid` (quantity) outside `least` to `MAX_UNITS_PER_LINE`."""
    if not is_quantity(quantity, least=least):
        raise wrong_quantity()


def is_quantity(quantity: int, *, least: int = 1) -> bool:
    return least <= quantity <= MAX_UNITS_PER_LINE


def wrong_quantity() -> Invalid:
    return Invalid.one("quantity", N_("Choose a quantity from 1 to {limit}.", limit=MAX_UNITS_PER_LINE))


def is_late(told: datetime, at: datetime) -> bool:
    """Whether `at` is so much later than what was shown that the shopper must confirm it."""
    return at - told > timedelta(minutes=LATE_MINUTES)


def order_numbers(merchant_slug: str, order_id: UUID) -> list[str]:
    """Candidates for an order number, such as "LY-7K3M9"; they do not reveal how many orders there are."""
    words = [word for word in merchant_slug.split("-") if word]
    prefix = (words[0][0] + words[1][0] if len(words) > 1 else merchant_slug[:2]).upper()
    digest = int.from_bytes(blake2b(order_id.bytes, digest_size=25).digest())
    letters = "".join(_ALPHABET[(digest >> shift) & 31] for shift in range(0, 200, 5))
    return [f"{prefix}-{letters[i : i + 5]}" for i in range(0, 40, 5)]


def promised(option: DeliveryOption, contact: Contact) -> StoredPromise:
    place = option.node.name if option.node and option.method is DeliveryMethod.PICKUP else contact.city
    return StoredPromise(option.at, option.due, option.plan.node_ids, place, option.explanation)


def sourced(option: DeliveryOption) -> list[SourcedPart]:
    """The plan as stored with the order, one part per node."""
    plan = option.plan
    return [
        SourcedPart(node_id, why, tuple(line for line in plan.lines if line.node_id == node_id))
        for node_id, why in zip(plan.node_ids, plan.explanations, strict=True)
    ]


def new_order(wanted: Preparation, cart: Cart, option: DeliveryOption, quote: Quote) -> Order:
    """A prepared order at the quoted prices, without a number. The hold has the order's id."""
    order_id, visit, contact = new_id(), wanted.visit, wanted.request.contact
    return Order(
        id=order_id,
        merchant_id=cart.merchant_id,
        merchant_slug=cart.merchant_slug,
        merchant_name=cart.merchant_name,
        timezone=cart.timezone,
        number="",
        cart_id=cart.id,
        hold_id=order_id,
        **visit.ids,
        channel=Channel.ONLINE,
        state=OrderState.PREPARED,
        method=option.method,
        currency=cart.currency,
        items_total=quote.goods,
        discount_total=quote.reduction,
        shipping_total=quote.fee,
        tax_total=quote.tax,
        tax_added=quote.tax_added,
        total=quote.total,
        credit_total=0,
        contact=contact,
        promise=promised(option, contact),
        sourcing=sourced(option),
        placed_at=wanted.now,
        expires_at=wanted.payable_until,
        paid_at=None,
        closed_at=None,
        cancel_reason=None,
        quote=quote,
        lines=[_order_line(line, priced) for line, priced in zip(cart.lines, quote.lines, strict=True)],
        payments=[],
        refunds=[],
    )


def _order_line(line: CartLine, priced: QuotedLine) -> OrderLine:
    return OrderLine(
        line=priced.line,
        product_id=line.product_id,
        product_slug=line.product_slug,
        variant_id=line.variant_id,
        title=line.title,
        sku=line.sku,
        options=line.options,
        image_file=line.image_file,
        quantity=line.quantity,
        unit_price=priced.unit_price,
        total=priced.list_total,
        reduction=priced.reduction,
        tax=priced.tax,
        returned=0,
        post_id=line.post_id,
        page=line.page,
        policy=line.policy,
    )


def hold_request(order: Order | LockedOrder, payable_until: datetime) -> HoldRequest:
    """The hold request for an order's plan. Raises `AssertionError` for an order without a hold."""
    assert order.hold_id is not None
    lines = tuple(line for part in order.sourcing for line in part.lines)
    until = payable_until + timedelta(minutes=EXTRA_HOLD_MINUTES)
    return HoldRequest(order.hold_id, order.merchant_id, lines, until, f"visitor:{order.visitor_id}")


def may_open(held: OpenOrders, units: int, people: int) -> bool:
    """Whether a visitor or network with these open orders may have another one: otherwise a few could hold all stock
    without paying."""
    few_orders = held.orders < MAX_OPEN_ORDERS * people
    return held.orders == 0 or (few_orders and held.units + units <= MAX_OPEN_UNITS * people)


def too_many_open(held: OpenOrders, now: datetime, message: str) -> TooMany:
    left = (held.until - now).total_seconds() if held.until else 0
    return TooMany(message, wait_seconds=max(1, int(left)))


def check_content(cart: Cart) -> None:
    """Raises `Invalid` (cart), or `SoldOut` naming variants that are no longer on sale."""
    if not cart.open:
        raise Invalid.one("cart", N_("This bag was ordered before."))
    if not cart.lines:
        raise Invalid.one("cart", N_("The bag is empty."))
    gone = tuple(line.variant_id for line in cart.lines if not line.active)
    if gone:
        raise SoldOut(N_("Some items are no longer sold. Remove them from the bag."), gone)


def same_order(order: LockedOrder, cart: Cart, request: CheckoutRequest, now: datetime) -> bool:
    """Whether the request matches the prepared order, whatever it costs, and the order can still be paid."""
    choice = request.choice
    wanted = {(line.variant_id, line.quantity) for line in cart.lines}
    prepared = {(line.variant_id, line.quantity) for line in order.lines}
    at_node = choice.method is not DeliveryMethod.PICKUP or order.promise.node_ids == (choice.node_id,)
    in_time = order.expires_at is not None and order.expires_at > now
    same_way = at_node and order.method is choice.method and order.contact == request.contact
    return in_time and same_way and wanted == prepared


def demand_of(wanted: Cart | LockedOrder, contact: Contact) -> Demand:
    quantities = {line.variant_id: line.quantity for line in wanted.lines}
    goods_total = sum(line.unit_price * line.quantity for line in wanted.lines)
    where = place_of(contact)
    goal = Goal(contact.country, contact.region, contact.postcode)
    return Demand(wanted.merchant_id, quantities, where, goods_total, where, goal, _weight(wanted))


def _weight(wanted: Cart | LockedOrder) -> int:
    """In grams."""
    if isinstance(wanted, Cart):
        return wanted.weight_g
    items = wanted.pricing.facts.items if wanted.pricing else ()
    weights = {item.variant_id: item.weight_g for item in items}
    return sum(weights.get(line.variant_id, 0) * line.quantity for line in wanted.lines)


def refunded(order: ShopperOrder) -> int:
    """Minor units given back, or about to be."""
    return sum(refund.amount for refund in order.refunds if refund.state is not RefundState.FAILED)


def for_shopper(order: Order) -> ShopperOrder:
    return ShopperOrder(*(getattr(order, field) for field in ShopperOrder.__struct_fields__))


def add_available(supply: Supply, cart: StockedCart) -> None:
    """What is available of the cart's variants. Carts that were read by one statement do not contradict each other."""
    for units in cart.available:
        supply.available.setdefault(units.node_id, {}).setdefault(units.variant_id, units.quantity)


def choice_of(order: LockedOrder) -> DeliveryChoice:
    """The choice with which the order is sourced again."""
    return DeliveryChoice(order.method, order.promise.node_ids[0] if order.method is DeliveryMethod.PICKUP else None)


# --- what follows from a payment --------------------------------------------------------------------------------------


def routes(order: Order, held: Sequence[HeldLine]) -> list[Route]:
    """A route of a paid order for each node of the hold, from the held units (not from the plan). A variant is on one
    line of the order, which several nodes may serve.
    """
    order_lines = {line.variant_id: line.line for line in order.lines}
    return [
        Route(
            order.merchant_id,
            order.id,
            order.number,
            order.contact.name,
            order.contact.phone,
            order.contact.postal if order.method in CARRIED else Address(),
            held[0].request_id,
            node_id,
            ShipmentMethod(order.method),
            order.promise.due or order.placed_at,
            order.paid_at or order.placed_at,
            tuple(
                RouteLine(line.line, order_lines[line.variant_id], line.variant_id, line.quantity)
                for line in held
                if line.node_id == node_id
            ),
        )
        for node_id in dict.fromkeys(line.node_id for line in held)
    ]
