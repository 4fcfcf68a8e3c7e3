"""Limits of carts and orders, contacts, order numbers, the facts of an order, and its timeline."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from msgspec.structs import replace

from unwall.commerce.fulfilment.values import (
    Route,
    RouteLine,
    Shipment,
    ShipmentEvent,
    ShipmentMethod,
    ShipmentState,
)
from unwall.commerce.orders.values import (
    Cart,
    CartLine,
    Channel,
    CheckoutRequest,
    Contact,
    LockedOrder,
    Order,
    OrderLine,
    OrderState,
    Preparation,
    SourcedPart,
    StoredPromise,
    TimelineEntry,
)
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryOption, Demand, SoldOut
from unwall.commerce.stock.values import HeldLine, HoldRequest
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.geo import Place
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

MAX_UNITS_PER_LINE = 99
"""Units of one variant in a cart or a counter sale. SQL repeats it: the CHECK of cart_line.quantity
(0005_commerce.sql).
"""
MAX_LINES_PER_CART = 60
PAY_MINUTES = 15
"""How long a prepared order can be paid; the default of the setting `pay_minutes`."""
EXTRA_HOLD_MINUTES = 5
"""How much longer than that its stock is held, so that it is still held when a payment that started in time
succeeds.
"""
UNANSWERED_PAYMENT_SECONDS = 120
"""After how long the sweep looks up a payment that the gateway has not answered."""
MAX_PLANS = 4
"""How many sourcing plans are tried if other orders take the planned stock."""
MAX_PER_SWEEP = 200
"""The most items of each kind that one sweep handles."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without letters that look like digits."""
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{5,24}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LENGTHS = {"name": 80, "phone": 30, "email": 200, "address": 300, "city": 80}


def check_quantity(quantity: int, *, least: int = 1) -> None:
    """Raises `Invalid` (quantity) outside `least` to `MAX_UNITS_PER_LINE`."""
    if not is_quantity(quantity, least=least):
        raise wrong_quantity()


def is_quantity(quantity: int, *, least: int = 1) -> bool:
    return least <= quantity <= MAX_UNITS_PER_LINE


def wrong_quantity() -> Invalid:
    return Invalid.one("quantity", N_("Choose a quantity from 1 to 99."))


def checked_contact(contact: Contact, choice: DeliveryChoice, place: Place | None) -> Contact:
    """The contact, trimmed, with the coordinates of the visit's place if it has none. Raises `Invalid` naming every
    wrong field.
    """
    trimmed = {field: getattr(contact, field).strip() for field in _LENGTHS}
    errors = _contact_errors(trimmed, carried=choice.method is not DeliveryMethod.PICKUP)
    if choice.method is DeliveryMethod.TAKEN:
        errors.append(FieldError("method", N_("Choose a delivery option.")))
    if choice.method is DeliveryMethod.PICKUP and choice.node_id is None:
        errors.append(FieldError("node_id", N_("Choose a shop.")))
    errors += _place_errors(contact)
    if errors:
        raise Invalid(errors)
    clean = replace(contact, **trimmed)
    if place and contact.latitude is None:
        clean = replace(clean, latitude=place.latitude, longitude=place.longitude, city=clean.city or place.label)
    return clean


def _contact_errors(trimmed: dict[str, str], *, carried: bool) -> list[FieldError]:
    checks = [
        ("name", bool(trimmed["name"]), N_("Enter a name.")),
        ("phone", bool(_PHONE.fullmatch(trimmed["phone"])), N_("Write a telephone number, such as 138 0013 8000.")),
        (
            "email",
            not trimmed["email"] or bool(_EMAIL.fullmatch(trimmed["email"])),
            N_("This is not an e-mail address."),
        ),
        ("address", bool(trimmed["address"]) or not carried, N_("Enter the street and number.")),
        ("city", bool(trimmed["city"]) or not carried, N_("Enter the city.")),
    ]
    errors = [FieldError(field, message) for field, right, message in checks if not right]
    long = [field for field, most in _LENGTHS.items() if len(trimmed[field]) > most]
    return errors + [FieldError(field, N_("This is too long.")) for field in long if trimmed[field]]


def _place_errors(contact: Contact) -> list[FieldError]:
    if contact.latitude is None and contact.longitude is None:
        return []
    within = abs(contact.latitude or 0) <= 90 and abs(contact.longitude or 0) <= 180
    if contact.latitude is not None and contact.longitude is not None and within:
        return []
    return [FieldError("latitude", N_("Latitude and longitude go together, in degrees."))]


def place_of(contact: Contact) -> Place | None:
    if contact.latitude is None or contact.longitude is None:
        return None
    return Place(contact.city, contact.latitude, contact.longitude)


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


def new_order(wanted: Preparation, cart: Cart, option: DeliveryOption) -> Order:
    """A prepared order at the cart's prices, without a number. The hold has the order's id."""
    order_id, visit, contact = new_id(), wanted.visit, wanted.request.contact
    return Order(
        id=order_id,
        merchant_id=cart.merchant_id,
        merchant_slug=cart.merchant_slug,
        merchant_name=cart.merchant_name,
        number="",
        cart_id=cart.id,
        hold_id=order_id,
        visitor_id=visit.visitor_id,
        member_id=visit.member_id,
        session_id=visit.session_id,
        channel=Channel.ONLINE,
        state=OrderState.PREPARED,
        method=option.method,
        currency=cart.currency,
        items_total=cart.items_total,
        discount_total=0,
        shipping_total=option.fee.amount,
        total=cart.items_total + option.fee.amount,
        contact=contact,
        promise=promised(option, contact),
        sourcing=sourced(option),
        placed_at=wanted.now,
        expires_at=wanted.payable_until,
        paid_at=None,
        closed_at=None,
        lines=[_order_line(number, line) for number, line in enumerate(cart.lines, 1)],
        payments=[],
    )


def _order_line(number: int, line: CartLine) -> OrderLine:
    return OrderLine(
        line=number,
        product_id=line.product_id,
        product_slug=line.product_slug,
        variant_id=line.variant_id,
        title=line.title,
        sku=line.sku,
        options=line.options,
        image_file=line.image_file,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=line.total,
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
    """Whether the request matches the prepared order, and the order can still be paid."""
    choice = request.choice
    wanted = {(line.variant_id, line.quantity, line.unit_price) for line in cart.lines}
    prepared = {(line.variant_id, line.quantity, line.unit_price) for line in order.lines}
    at_node = choice.method is not DeliveryMethod.PICKUP or order.promise.node_ids == (choice.node_id,)
    in_time = order.expires_at is not None and order.expires_at > now
    same_way = at_node and order.method is choice.method and order.contact == request.contact
    return in_time and same_way and wanted == prepared


def demand_of(wanted: Cart | LockedOrder, contact: Contact) -> Demand:
    quantities = {line.variant_id: line.quantity for line in wanted.lines}
    return Demand(wanted.merchant_id, quantities, place_of(contact))


def choice_of(order: LockedOrder) -> DeliveryChoice:
    """To source the order once more."""
    return DeliveryChoice(order.method, order.promise.node_ids[0] if order.method is DeliveryMethod.PICKUP else None)


# --- what follows from a payment --------------------------------------------------------------------------------------


def routes(order: LockedOrder, held: Sequence[HeldLine], now: datetime) -> list[Route]:
    """A route for each node of the hold, from the held units (not from the plan). A variant is on one line of the
    order, which several nodes may serve.
    """
    order_lines = {line.variant_id: line.line for line in order.lines}
    return [
        Route(
            order.merchant_id,
            order.id,
            order.number,
            order.contact.name,
            held[0].request_id,
            node_id,
            ShipmentMethod(order.method),
            order.promise.due or order.placed_at,
            now,
            tuple(
                RouteLine(line.line, order_lines[line.variant_id], line.variant_id, line.quantity)
                for line in held
                if line.node_id == node_id
            ),
        )
        for node_id in dict.fromkeys(line.node_id for line in held)
    ]


# --- the timeline -----------------------------------------------------------------------------------------------------

_AFTER_PAYMENT = {
    DeliveryMethod.SHIP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.COURIER: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.PICKUP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.COLLECTED),
    DeliveryMethod.TAKEN: (),
}


def timeline(order: Order, shipments: Sequence[Shipment], steps: Sequence[ShipmentEvent]) -> list[TimelineEntry]:
    """The states of an order; those still to come have no time: placed, paid, then for each shipment (with its place
    if there are several) picking, ready, handed_over or collected. For a cancelled or expired order only the states
    reached.
    """
    moments = [TimelineEntry("placed", order.placed_at), TimelineEntry("paid", order.paid_at)]
    for shipment in shipments:
        place = shipment.node_name if len(shipments) > 1 else ""
        reached = {step.state: step.at for step in steps if step.shipment_id == shipment.id}
        moments += [TimelineEntry(state, reached.get(state), place) for state in _AFTER_PAYMENT[order.method]]
    if not shipments:
        moments += [TimelineEntry(state, None) for state in _AFTER_PAYMENT[order.method]]
    if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
        return [m for m in moments if m.at] + [TimelineEntry(order.state, order.closed_at)]
    return moments
