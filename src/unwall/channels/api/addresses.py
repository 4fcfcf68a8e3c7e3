"""A member's addresses: list, add, change, prefer, remove; flat, as the contact of an order has them."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post, put

from unwall.channels.api.callers import json_answer, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.journal.values import Visit
from unwall.kernel import gazetteer
from unwall.kernel.addresses import Address
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import FieldError, Invalid, SignInNeeded
from unwall.kernel.idempotency import StoredAnswer
from unwall.people import addresses
from unwall.people.addresses import MemberAddress, Recipient
from unwall.services import Services

TAGS = ["shopper"]
_PLACE = ("country", "postcode", "region", "city", "district")


class NewAddress(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is the street and number; `country` as of ISO 3166, `region` a state, province or prefecture."""

    name: str
    phone: str
    country: str
    address: str
    postcode: str = ""
    region: str = ""
    city: str = ""
    district: str = ""
    preferred: bool = False
    """whether checkouts begin with it from now on; the first address does in any case"""

    @property
    def recipient(self) -> Recipient:
        place = {field: getattr(self, field) for field in _PLACE}
        return Recipient(self.name, self.phone, Address(**place, street=self.address))


class ChangedAddress(NewAddress, frozen=True, kw_only=True):
    version: str
    """of the address that was read: another one in between answers 409"""


class OwnAddress(NewAddress, frozen=True, kw_only=True):
    id: UUID
    version: str


def _shown(one: MemberAddress) -> OwnAddress:
    place = {field: getattr(one.address, field) for field in _PLACE}
    return OwnAddress(
        id=one.id,
        name=one.name,
        phone=one.phone,
        address=one.address.street,
        preferred=one.preferred,
        version=one.version,
        **place,
    )


def _member(caller: Visit) -> UUID:
    if caller.member_id is None:
        raise SignInNeeded("Addresses are a member's; sign in at POST /api/v1/sessions and send the bearer token.")
    return caller.member_id


def _by_our_names(error: Invalid) -> Invalid:
    return Invalid([FieldError("address" if e.field == "street" else e.field, e.message) for e in error.errors])


async def _one(conn: Connection, member_id: UUID, address_id: UUID) -> OwnAddress:
    return _shown(await addresses.address_of(conn, member_id, address_id))


@get("/addresses", tags=TAGS)
async def own_addresses(services: Services, caller: Visit) -> list[OwnAddress]:
    """The member's, the one that was used last first."""
    async with services.db.read() as conn:
        return [_shown(one) for one in await addresses.addresses_of(conn, _member(caller))]


@post("/addresses", tags=TAGS, repeatable=True, responses=answers(OwnAddress))
async def add_address(request: AnyRequest, services: Services, caller: Visit, data: NewAddress) -> Response[bytes]:
    """One that is there already is not added again. Needs an Idempotency-Key."""
    member_id = _member(caller)
    await gazetteer.until_loaded()

    async def work(_: UUID) -> StoredAnswer:
        async with services.db.transaction() as conn:
            try:
                address_id = await addresses.add_address(conn, member_id, data.recipient, now())
            except Invalid as error:
                raise _by_our_names(error) from error
            if data.preferred:
                await addresses.prefer_address(conn, member_id, address_id)
            return json_answer(await _one(conn, member_id, address_id), 201)

    return await once(request, services, f"member {member_id}", work)


@put("/addresses/{address_id:uuid}", tags=TAGS)
async def change_address(services: Services, caller: Visit, address_id: UUID, data: ChangedAddress) -> OwnAddress:
    """`preferred` can be given to it here, and is taken away by giving it to another."""
    member_id = _member(caller)
    await gazetteer.until_loaded()
    async with services.db.transaction() as conn:
        try:
            await addresses.change_address(conn, member_id, address_id, data.recipient, data.version)
        except Invalid as error:
            raise _by_our_names(error) from error
        if data.preferred:
            await addresses.prefer_address(conn, member_id, address_id)
        return await _one(conn, member_id, address_id)


@put("/addresses/{address_id:uuid}/preferred", tags=TAGS)
async def prefer_address(services: Services, caller: Visit, address_id: UUID) -> OwnAddress:
    """Checkouts begin with it from now on."""
    member_id = _member(caller)
    async with services.db.transaction() as conn:
        await addresses.prefer_address(conn, member_id, address_id)
        return await _one(conn, member_id, address_id)


@delete("/addresses/{address_id:uuid}", status_code=200, tags=TAGS)
async def remove_address(services: Services, caller: Visit, address_id: UUID) -> OwnAddress:
    """Answers with what was removed, so that an app can offer to add it again."""
    member_id = _member(caller)
    async with services.db.transaction() as conn:
        return _shown(await addresses.remove_address(conn, member_id, address_id))


HANDLERS: list[Any] = [own_addresses, add_address, change_address, prefer_address, remove_address]
