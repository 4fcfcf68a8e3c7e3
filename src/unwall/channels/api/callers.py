"""Who calls the API: a shopper's app by `Unwall-Visit` (and a member's bearer token), a merchant's program by its key.

No cookies are read, so there is nothing for another site to abuse.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from unwall.channels.http.context import AnyRequest, origin_of
from unwall.commerce.orders.contacts import address_of, destination, with_address
from unwall.commerce.orders.values import Contact
from unwall.commerce.sourcing.values import AddressPlace
from unwall.journal.values import Visit
from unwall.kernel import idempotency
from unwall.kernel.addresses import Address
from unwall.kernel.errors import FieldError, Invalid, SignInNeeded
from unwall.kernel.geo import Place
from unwall.kernel.idempotency import HEADER, KeyedRequest, StoredAnswer
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal, unseal
from unwall.kernel.text import LANGUAGES, accepted, best_language
from unwall.people import reads
from unwall.people.values import ApiKey, Member
from unwall.services import Services

VISIT = "unwall-visit"
PLACE_DEGREES = {"latitude": 90, "longitude": 180}
"""The most of each, to both sides of zero."""
VISIT_DAYS = 90
"""How long a visit token can be used."""


class Made(msgspec.Struct, frozen=True):
    """The answer to what creates something."""

    id: UUID


def key_name(key: ApiKey) -> str:
    """As the ledger and the log call a merchant's program."""
    return f"key:{key.name}"


class SealedVisit(msgspec.Struct, frozen=True):
    """What the visit token of a shopper's app holds."""

    visitor_id: UUID
    session_id: UUID


def visit_token(secret: bytes, visitor_id: UUID, session_id: UUID) -> str:
    return seal(secret, VISIT, SealedVisit(visitor_id, session_id))


def lang(request: AnyRequest) -> str:
    """Raises `Invalid` for a language that is not one of ours."""
    wanted = request.query_params.get("lang")
    if wanted is None:
        return best_language(accepted(request.headers.get("accept-language", ""))).code
    if wanted not in LANGUAGES:
        raise Invalid.one("lang", f"Send one of {', '.join(LANGUAGES)}.")
    return str(wanted)


async def identify_shopper(request: AnyRequest, services: Services) -> None:
    """Before the body is read. Raises `SignInNeeded`, or `Invalid` for what stands in the query."""
    request.scope["state"][VISIT] = await _caller(request, services)


async def provide_caller(request: AnyRequest, services: Services) -> Visit:
    """A shopper's app. Reading needs no visit token; everything else does."""
    return request.scope["state"].get(VISIT) or await _caller(request, services)


async def _caller(request: AnyRequest, services: Services) -> Visit:
    sealed = request.headers.get(VISIT, "")
    known = unseal(services.secret, VISIT, sealed, SealedVisit, max_age_seconds=VISIT_DAYS * 24 * 3600)
    if known is None and request.method != "GET":
        raise SignInNeeded("Send the header Unwall-Visit with the token that POST /api/v1/visits gave you.")
    known = known or SealedVisit(new_id(), new_id())
    member = await _member(request, services, known.visitor_id)
    network = origin_of(request, services)
    place = _place(request) or (member.place if member else None)
    return Visit(known.visitor_id, known.session_id, member.id if member else None, lang(request), place, network)


def bearer_of(request: AnyRequest) -> str:
    return request.headers.get("authorization", "").partition(" ")[2].strip()


async def _member(request: AnyRequest, services: Services, visitor_id: UUID) -> Member | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        return None
    async with services.db.read() as conn:
        member = await reads.session_member(conn, token.strip()) if kind.lower() == "bearer" else None
        if member is None:
            raise SignInNeeded("The bearer token is not, or no longer, a member's; sign in at POST /api/v1/sessions.")
        if await reads.is_anothers_visitor(conn, visitor_id, member.id):
            raise SignInNeeded("The visit is another member's; send the Unwall-Visit that POST /api/v1/sessions gave.")
    return member


def _place(request: AnyRequest) -> Place | None:
    """From the query: `latitude` and `longitude` in degrees, together or not at all."""
    given = {name: request.query_params.get(name) for name in ("latitude", "longitude")}
    if not any(given.values()):
        return None
    degrees = {name: _degrees(text) for name, text in given.items()}
    bad = [FieldError(n, "Send degrees, such as 30.25 and 120.16.") for n, v in degrees.items() if v is None]
    if bad:
        raise Invalid(bad)
    latitude, longitude = degrees["latitude"], degrees["longitude"]
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise Invalid.one("latitude", "Latitudes go from -90 to 90, longitudes from -180 to 180.")
    return Place(request.query_params.get("place", ""), latitude, longitude)


ADDRESS = ("country", "postcode", "region", "city", "district")


def address_place(request: AnyRequest, country: str) -> AddressPlace:
    """Where the address in the query is; `country` counts where it names none."""
    contact = _contact(request)
    return destination(with_address(contact, address_of(contact, country))) if contact.postal else msgspec.UNSET


def query_address(request: AnyRequest, country: str) -> Address:
    """As far as the query says it, in `country` where it names none."""
    return address_of(_contact(request), country)


def _contact(request: AnyRequest) -> Contact:
    return msgspec.convert({name: request.query_params.get(name, "") for name in ADDRESS}, Contact)


def _degrees(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) <= 180 else None


# --- requests that arrive twice ---------------------------------------------------------------------------------------


def json_answer(value: Any, status: int = 200) -> StoredAnswer:
    return StoredAnswer(status, msgspec.json.encode(value))


def respond(answer: StoredAnswer) -> Response[bytes]:
    return Response(answer.body, media_type="application/json", status_code=answer.status)


async def once(
    request: AnyRequest, services: Services, caller: str, work: Callable[[UUID], Awaitable[StoredAnswer]]
) -> Response[bytes]:
    """Do `work(id)` once under the request's Idempotency-Key; a repeated request gets the same answer."""
    key = request.headers.get(HEADER.lower(), "")
    named = f"{caller} {request.method} {request.url.path}"
    body = await _sealed_body(request, services)
    return respond(await idempotency.once(services.db, named, key, body, work))


async def keyed_request(request: AnyRequest, services: Services, caller: str) -> KeyedRequest:
    """For work that shares a transaction with that of others."""
    key = request.headers.get(HEADER.lower(), "")
    path = request.scope["path"]
    return idempotency.keyed_request(f"{caller} {request.method} {path}", key, await _sealed_body(request, services))


async def _sealed_body(request: AnyRequest, services: Services) -> bytes:
    """Keyed, because a body may be a card, whose few digits could be found from a plain hash."""
    return hmac.digest(services.secret, await request.body(), "sha256")
