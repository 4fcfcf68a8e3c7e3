"""What an order may be: quantities, contacts, numbers, and what a shopper is told of its state."""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from msgspec.structs import replace

from unwall.commerce.fulfilment.values import Shipment, ShipmentEvent, ShipmentState
from unwall.commerce.orders.values import MOST_OF_ONE, Cart, Contact, Order, OrderState, SourcedPart, TimelineEntry
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryOption
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.geo import Place
from unwall.kernel.text import N_

MOST_LINES = 60
"""Different variants in one cart."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is mistaken for a digit."""
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{5,24}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LENGTHS = {"name": 80, "phone": 30, "email": 200, "address": 300, "city": 80}


def check_quantity(quantity: int, *, least: int = 1) -> None:
    """Raises `Invalid` (quantity) outside `least` to 99."""
    if not least <= quantity <= MOST_OF_ONE:
        raise Invalid.one("quantity", N_("Choose from 1 to 99 of one thing."))


def checked_contact(contact: Contact, choice: DeliveryChoice, place: Place | None) -> Contact:
    """Trimmed, and with the visit's place where it has none of its own. Raises `Invalid` naming every wrong field."""
    trimmed = {field: getattr(contact, field).strip() for field in _LENGTHS}
    errors = _contact_errors(trimmed, carried=choice.method is not DeliveryMethod.PICKUP)
    if choice.method is DeliveryMethod.TAKEN:
        errors.append(FieldError("method", N_("Choose how you want to have it.")))
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
        ("name", bool(trimmed["name"]), N_("Who is it for?")),
        ("phone", bool(_PHONE.fullmatch(trimmed["phone"])), N_("Write a telephone number, such as 138 0013 8000.")),
        ("email", not trimmed["email"] or bool(_EMAIL.fullmatch(trimmed["email"])), N_("This is no e-mail address.")),
        ("address", bool(trimmed["address"]) or not carried, N_("Where shall it go? Street and number.")),
        ("city", bool(trimmed["city"]) or not carried, N_("Which city?")),
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
    """A few to take the first free one of: short, readable, and telling nothing of how many orders there are:
    "LY-7K3M9"."""
    words = [word for word in merchant_slug.split("-") if word]
    prefix = (words[0][0] + words[1][0] if len(words) > 1 else merchant_slug[:2]).upper()
    digest = int.from_bytes(blake2b(order_id.bytes, digest_size=25).digest())
    letters = "".join(_ALPHABET[(digest >> shift) & 31] for shift in range(0, 200, 5))
    return [f"{prefix}-{letters[i : i + 5]}" for i in range(0, 40, 5)]


def sourced(option: DeliveryOption) -> list[SourcedPart]:
    """The plan as an order keeps it: a node, its reason, its lines."""
    plan = option.plan
    return [
        SourcedPart(node_id, why, tuple(line for line in plan.lines if line.node_id == node_id))
        for node_id, why in zip(plan.node_ids, plan.explanations, strict=True)
    ]


def same_order(order: Order, cart: Cart, choice: DeliveryChoice, contact: Contact, now: datetime) -> bool:
    """Whether pressing again asks for just what was prepared, and there is still time to pay for it."""
    wanted = {(line.variant_id, line.quantity, line.unit_price) for line in cart.lines}
    prepared = {(line.variant_id, line.quantity, line.unit_price) for line in order.lines}
    at_node = choice.method is not DeliveryMethod.PICKUP or order.promise.node_ids == (choice.node_id,)
    in_time = order.expires_at is not None and order.expires_at > now
    return in_time and at_node and order.method is choice.method and order.contact == contact and wanted == prepared


def choice_of(order: Order) -> DeliveryChoice:
    """How it was wanted, to source it once more."""
    return DeliveryChoice(order.method, order.promise.node_ids[0] if order.method is DeliveryMethod.PICKUP else None)


# --- what the shopper is told -----------------------------------------------------------------------------------------

_AFTER_PAYMENT = {
    DeliveryMethod.SHIP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.COURIER: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.HANDED_OVER),
    DeliveryMethod.PICKUP: (ShipmentState.PICKING, ShipmentState.READY, ShipmentState.COLLECTED),
    DeliveryMethod.TAKEN: (),
}


def timeline(order: Order, shipments: Sequence[Shipment], steps: Sequence[ShipmentEvent]) -> list[TimelineEntry]:
    """What has happened, and without a time what is still to come: placed, paid, then for each shipment (named by its
    place where there are several) picking, ready, handed_over or collected. A closed order ends with its end."""
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
