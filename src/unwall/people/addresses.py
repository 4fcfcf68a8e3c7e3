"""Postal addresses of people: what one must be, and the list that a member has."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.kernel import addresses, gazetteer, phones, typed
from unwall.kernel.addresses import Address
from unwall.kernel.database import Connection, Transaction, row, rows
from unwall.kernel.errors import Conflict, FieldError, Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.rules import NAME_MAX_CHARACTERS

MAX_ADDRESSES = 30
"""Of a member. One that an order brings takes the place of the one that was not used for longest."""
NO_ADDRESS = N_("There is no such address.")
CHANGED = N_("This address was changed meanwhile. Check it, then save again.")
NO_NAME = N_("Enter a name.")
NO_PHONE = N_("Write a telephone number, such as 138 0013 8000.")


class Recipient(msgspec.Struct, frozen=True):
    """Who gets a parcel, and where."""

    name: str
    phone: str
    address: Address


class MemberAddress(Recipient, frozen=True):
    id: UUID
    preferred: bool

    @property
    def version(self) -> str:
        """Of what a form was opened with."""
        written = msgspec.json.encode((self.name, self.phone, self.address))
        return blake2b(written, digest_size=8).hexdigest()


# --- what an address must be ------------------------------------------------------------------------------------------


def completed(given: Address, country: str = "") -> Address:
    """Tidied; in `country` where it names none, and with the province of a Chinese city, whose names are unique."""
    address = addresses.tidied(replace(given, country=given.country or country))
    if address.country == "CN" and address.city and not address.region:
        town = gazetteer.locate(replace(address, district="", postcode=""))
        if town and town.is_prefecture:
            return replace(address, region=town.region_key)
    return address


def address_errors(address: Address) -> list[FieldError]:
    """What is wrong with a completed address, by field."""
    errors = addresses.address_errors(address)
    if not errors and _in_another_region(address):
        errors = [FieldError("region", N_("The city lies in another region. Correct one of them."))]
    follows = address.country == "CN" and not address.city  # the province, from the city that is still to be written
    return [error for error in errors if not (follows and error.field == "region")]


def _in_another_region(address: Address) -> bool:
    """Whether a Chinese city is in another province than the address says: names of Chinese cities are unique."""
    if address.country != "CN" or gazetteer.locate(replace(address, district="", postcode="")):
        return False
    elsewhere = gazetteer.locate(replace(address, region="", district="", postcode=""))
    return elsewhere is not None and elsewhere.is_prefecture


def checked_recipient(given: Recipient) -> Recipient:
    """Tidied and completed. Raises `Invalid` naming every wrong field."""
    name, phone = typed.line(given.name), phones.tidied(given.phone)
    address = completed(given.address)
    errors = address_errors(address)
    if not 0 < len(name) <= NAME_MAX_CHARACTERS:
        errors.append(FieldError("name", NO_NAME))
    if not phones.is_phone(phone, address.country):
        errors.append(FieldError("phone", NO_PHONE))
    if errors:
        raise Invalid(errors)
    return Recipient(name, phone, address)


# --- a member's list --------------------------------------------------------------------------------------------------

_ADDRESS = "SELECT name, phone, address, id, preferred FROM member_address"


async def addresses_of(conn: Connection, member_id: UUID) -> list[MemberAddress]:
    """The latest first."""
    return await rows(conn, MemberAddress, f"{_ADDRESS} WHERE member_id = $1 ORDER BY used_at DESC, id", member_id)


async def address_of(conn: Connection, member_id: UUID, address_id: UUID) -> MemberAddress:
    """Raises `NotFound`."""
    return existing(
        await row(conn, MemberAddress, f"{_ADDRESS} WHERE member_id = $1 AND id = $2", member_id, address_id),
        NO_ADDRESS,
    )


async def add_address(conn: Transaction, member_id: UUID, given: Recipient, now: datetime) -> UUID:
    """The first is the preferred one; one that is there already is not added again. Raises `Invalid`."""
    wanted = checked_recipient(given)
    there = await _locked(conn, member_id)
    known = there.get(wanted)
    if known is None and len(there) >= MAX_ADDRESSES:
        raise Invalid.one("address", N_("You have {limit} addresses. Remove one of them first.", limit=MAX_ADDRESSES))
    return await _put(conn, member_id, wanted, known, now)


async def remember_address(conn: Transaction, member_id: UUID, used: Recipient, now: datetime) -> None:
    """Make the address of an order, which is checked and completed, the latest of the member's list."""
    there = await _locked(conn, member_id)
    known = there.get(used)
    if known is None and len(there) >= MAX_ADDRESSES:
        oldest = [one.id for one in there.values() if not one.preferred][MAX_ADDRESSES - 2 :]
        await conn.execute("DELETE FROM member_address WHERE id = ANY($1)", oldest)
    await _put(conn, member_id, used, known, now)


async def change_address(
    conn: Transaction, member_id: UUID, address_id: UUID, given: Recipient, version: str
) -> MemberAddress:
    """`version` is that of the address which the form was opened with. Raises `Invalid`, `NotFound`, and `Conflict`
    where it was changed in between."""
    wanted = checked_recipient(given)
    await _locked(conn, member_id)
    before = await address_of(conn, member_id, address_id)
    if version != before.version and wanted != _recipient(before):
        raise Conflict(CHANGED)
    sql = "UPDATE member_address SET name = $2, phone = $3, address = $4 WHERE id = $1"
    await conn.execute(sql, address_id, wanted.name, wanted.phone, wanted.address)
    return await address_of(conn, member_id, address_id)


async def prefer_address(conn: Transaction, member_id: UUID, address_id: UUID) -> None:
    """Make it the address that checkouts start with. Raises `NotFound`."""
    await _locked(conn, member_id)
    await address_of(conn, member_id, address_id)
    await conn.execute("UPDATE member_address SET preferred = false WHERE member_id = $1 AND preferred", member_id)
    await conn.execute("UPDATE member_address SET preferred = true WHERE id = $1", address_id)


async def remove_address(conn: Transaction, member_id: UUID, address_id: UUID) -> MemberAddress:
    """Returns the removed address. Raises `NotFound`."""
    await _locked(conn, member_id)
    gone = await address_of(conn, member_id, address_id)
    await conn.execute("DELETE FROM member_address WHERE id = $1", address_id)
    return gone


async def _locked(conn: Transaction, member_id: UUID) -> Mapping[Recipient, MemberAddress]:
    """The member's addresses, the latest first, which nobody else changes until the transaction ends."""
    await conn.execute("SELECT FROM member WHERE id = $1 FOR NO KEY UPDATE", member_id)
    return {_recipient(one): one for one in await addresses_of(conn, member_id)}


def _recipient(one: MemberAddress) -> Recipient:
    return Recipient(one.name, one.phone, one.address)


async def _put(
    conn: Transaction, member_id: UUID, wanted: Recipient, known: MemberAddress | None, now: datetime
) -> UUID:
    if known:
        await conn.execute("UPDATE member_address SET used_at = $2 WHERE id = $1", known.id, now)
        return known.id
    address_id = new_id()
    sql = """
        INSERT INTO member_address (id, member_id, name, phone, address, preferred, used_at)
        SELECT $1, $2, $3, $4, $5, NOT EXISTS (SELECT FROM member_address WHERE member_id = $2), $6
    """
    await conn.execute(sql, address_id, member_id, wanted.name, wanted.phone, wanted.address, now)
    return address_id
