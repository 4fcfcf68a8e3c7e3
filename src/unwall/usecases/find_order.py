"""Finding an order without being signed in, by its number and how the buyer can be reached."""

from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.limits import MAX_NUMBER_CHARACTERS
from unwall.commerce.orders.reads import orders_by_contact
from unwall.kernel import phones, typed
from unwall.kernel.database import Database
from unwall.kernel.errors import FieldError, Invalid, NotFound
from unwall.kernel.text import N_
from unwall.people.attempts import count_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK

MIN_PHONE_DIGITS = 7
"""Fewer could be guessed."""
MAX_CONTACT_CHARACTERS = typed.MAX_EMAIL_CHARACTERS
NO_NUMBER = N_("Write the number of the order: letters, a dash, letters and digits.")
TOO_MANY_TRIES = N_("You have tried too often. Wait a while, or ask the store.")
NOT_FOUND = N_("No order has this number together with this e-mail address or telephone number. Look at both again.")


async def find_order(db: Database, number: str, contact: str, network: str | None, now: datetime) -> UUID:
    """`contact` is the e-mail address or the telephone number that was given with the order. Raises `Invalid` (number,
    contact), `TooMany` and `NotFound`; tries are counted by the number and by the network."""
    wanted, email, digits = _read(number, contact)
    subjects = {f"order:{wanted}": 1}
    if network:
        subjects[f"order@{network}"] = PEOPLE_PER_NETWORK
    await count_attempt(db, subjects, now, TOO_MANY_TRIES)
    async with db.read() as conn:
        orders = await orders_by_contact(conn, wanted, email, digits)
    if not orders:
        raise NotFound(NOT_FOUND)
    return orders[0]


def _read(number: str, contact: str) -> tuple[str, str, str]:
    """The number, the e-mail address and the digits of the telephone number, one of which is empty."""
    errors = []
    if not number.strip() or len(number) > MAX_NUMBER_CHARACTERS:
        errors.append(FieldError("number", NO_NUMBER))
    email, digits = "", ""
    if len(contact) <= MAX_CONTACT_CHARACTERS:
        email = typed.email(contact) if "@" in contact else ""
        digits = "" if email else phones.digits(contact)
    if not typed.is_email(email) and len(digits) < MIN_PHONE_DIGITS:
        errors.append(FieldError("contact", N_("Write the whole e-mail address or telephone number of the order.")))
    if errors:
        raise Invalid(errors)
    return typed.code(number).upper(), email, digits
