"""Rules of an order's contact and address: what each way of delivery needs, and where the address is."""

from collections.abc import Sequence

from msgspec.structs import replace

from unwall.commerce.orders.values import Contact
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel import addresses, gazetteer, phones, typed
from unwall.kernel.addresses import Address
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.geo import Place, Point, distance_km
from unwall.kernel.phones import MAX_PHONE_CHARACTERS
from unwall.kernel.text import N_
from unwall.people.addresses import NO_NAME, NO_PHONE, address_errors, completed

CARRIED = frozenset({DeliveryMethod.SHIP, DeliveryMethod.COURIER})
"""The methods that need an address."""
SAME_PLACE_KM = 15.0
"""An address this near to the place that delivery was promised for needs no confirmation."""
TOWN_KM = 60.0
"""How far from its town the coordinates of an address may be."""
_ADDRESS_LENGTHS = {name: addresses.MAX_CHARACTERS[name] for name in ("country", "postcode", "region", "district")}
_LENGTHS = {"name": 80, "phone": MAX_PHONE_CHARACTERS, "email": 200, "address": 300, "city": 80, **_ADDRESS_LENGTHS}
_TIDIED = {"phone": phones.tidied, "email": typed.email}


def checked_contact(contact: Contact, choice: DeliveryChoice, place: Place | None, country: str = "") -> Contact:
    """The contact, tidied. What is carried goes to the address, so its coordinates are those of the address (none where
    nobody knows where that is); what is collected has those of the visit's place. `country` is the merchant's, and
    counts where the contact names none. Raises `Invalid` naming every wrong field.
    """
    carried = choice.method in CARRIED
    long = [field for field, most in _LENGTHS.items() if len(getattr(contact, field)) > most]
    if long:
        raise Invalid([FieldError(field, N_("This is too long.")) for field in long])
    tidied = {field: _TIDIED.get(field, typed.line)(getattr(contact, field)) for field in _LENGTHS}
    clean = replace(contact, **tidied)
    clean = with_address(clean, address_of(clean, country))
    errors = _contact_errors(tidied, clean.country)
    errors += [
        replace(e, field="address") if e.field == "street" else e for e in _address_errors(clean, carried=carried)
    ]
    if choice.method is DeliveryMethod.TAKEN:
        errors.append(FieldError("method", N_("Choose a delivery option.")))
    if choice.method is DeliveryMethod.PICKUP and choice.node_id is None:
        errors.append(FieldError("node_id", N_("Choose a shop.")))
    errors += _place_errors(contact, destination(clean) if carried else None)
    if errors:
        raise Invalid(errors)
    clean = replace(clean, phone_e164=phones.e164(tidied["phone"], clean.country))
    return _placed(clean, place, carried=carried)


def _placed(contact: Contact, place: Place | None, *, carried: bool) -> Contact:
    if not carried:
        if place and contact.latitude is None:
            return replace(
                contact, latitude=place.latitude, longitude=place.longitude, city=contact.city or place.label
            )
        return contact
    where = destination(contact)
    if where is None:
        return replace(contact, latitude=None, longitude=None)
    if contact.latitude is not None:  # an app that knows better where in the town it is
        return contact
    return replace(contact, latitude=where.latitude, longitude=where.longitude)


def address_of(contact: Contact, country: str) -> Address:
    """As it is kept; in the merchant's `country` where it names none."""
    return completed(contact.postal, country)


def with_address(contact: Contact, address: Address) -> Contact:
    parts = {name: getattr(address, name) for name in ("country", "postcode", "region", "city", "district")}
    return replace(contact, **parts, address=address.street)


def destination(contact: Contact) -> Place | None:
    """Where its tidied address is."""
    town = gazetteer.locate(contact.postal)
    return Place(contact.city or town.name, town.latitude, town.longitude) if town else None


def same_destination(a: Place | None, b: Place | None) -> bool:
    """Whether what was promised for one of them holds for the other. What is only known now was promised for any."""
    return a is None or (b is not None and distance_km(a.point, b.point) <= SAME_PLACE_KM)


def _address_errors(contact: Contact, *, carried: bool) -> list[FieldError]:
    return address_errors(contact.postal) if carried else []


def _contact_errors(tidied: dict[str, str], country: str) -> list[FieldError]:
    checks = [
        ("name", bool(tidied["name"]), NO_NAME),
        ("phone", phones.is_phone(tidied["phone"], country), NO_PHONE),
        (
            "email",
            not tidied["email"] or typed.is_email(tidied["email"]),
            N_("This is not an e-mail address."),
        ),
    ]
    return [FieldError(field, message) for field, right, message in checks if not right]


def _place_errors(contact: Contact, where: Place | None) -> list[FieldError]:
    if contact.latitude is None and contact.longitude is None:
        return []
    within = abs(contact.latitude or 0) <= 90 and abs(contact.longitude or 0) <= 180
    if contact.latitude is not None and contact.longitude is not None and within:
        elsewhere = where and distance_km(where.point, Point(contact.latitude, contact.longitude)) > TOWN_KM
        return [FieldError("latitude", N_("This is not where the address is."))] if elsewhere else []
    return [FieldError("latitude", N_("Latitude and longitude go together, in degrees."))]


def known_contact(contacts: Sequence[Contact]) -> Contact:
    """What a member need not type again: the name and telephone of the latest order, and the latest address, since
    collected orders have none."""
    if not contacts:
        return Contact()
    latest = contacts[0]
    carried = next((one for one in contacts if one.address), latest)
    return replace(carried, name=latest.name, phone=latest.phone, email=latest.email)


def place_of(contact: Contact) -> Place | None:
    if contact.latitude is None or contact.longitude is None:
        return None
    return Place(contact.city, contact.latitude, contact.longitude)
