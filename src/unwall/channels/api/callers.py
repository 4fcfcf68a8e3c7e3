"""Who calls the API: a shopper's app by `Unwall-Visit` (and a member's bearer token), a merchant's program by its key.

No cookies are read, so there is nothing for another site to abuse.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from unwall.channels.http.context import AnyRequest
from unwall.journal.values import Visit
from unwall.kernel import idempotency
from unwall.kernel.errors import FieldError, Invalid, SignInNeeded
from unwall.kernel.geo import Place
from unwall.kernel.idempotency import HEADER, Answer, KeyedRequest
from unwall.kernel.ids import new_id
from unwall.kernel.seals import seal, unseal
from unwall.kernel.text import LANGUAGES, accepted, best_language
from unwall.people import reads
from unwall.people.values import Member
from unwall.services import Services

VISIT = "unwall-visit"


def visit_token(secret: bytes, visitor_id: UUID, session_id: UUID) -> str:
    return seal(secret, VISIT, (visitor_id, session_id))


def lang(request: AnyRequest) -> str:
    wanted = request.query_params.get("lang")
    return wanted if wanted in LANGUAGES else best_language(accepted(request.headers.get("accept-language", ""))).code


async def provide_caller(request: AnyRequest, services: Services) -> Visit:
    """A shopper's app. Reading needs no visit token; everything else does."""
    known = unseal(services.secret, VISIT, request.headers.get(VISIT, ""), tuple[UUID, UUID])
    if known is None and request.method != "GET":
        raise SignInNeeded("Send the header Unwall-Visit with the token that POST /api/v1/visits gave you.")
    visitor_id, session_id = known or (new_id(), new_id())
    member = await _member(request, services, visitor_id)
    return Visit(visitor_id, session_id, member.id if member else None, lang(request), _place(request))


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
    found = {name: _degrees(text) for name, text in given.items()}
    bad = [FieldError(n, "Send degrees, such as 30.25 and 120.16.") for n, v in found.items() if v is None]
    if bad:
        raise Invalid(bad)
    latitude, longitude = found["latitude"], found["longitude"]
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise Invalid.one("latitude", "Latitudes go from -90 to 90, longitudes from -180 to 180.")
    return Place(request.query_params.get("place", ""), latitude, longitude)


def _degrees(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) <= 180 else None


# --- requests that arrive twice ---------------------------------------------------------------------------------------


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, msgspec.json.encode(value))


def respond(answer: Answer) -> Response[bytes]:
    return Response(answer.body, media_type="application/json", status_code=answer.status)


async def once(
    request: AnyRequest, services: Services, caller: str, work: Callable[[UUID], Awaitable[Answer]]
) -> Response[bytes]:
    """Do `work(id)` once under the request's Idempotency-Key; a repeated request gets the same answer."""
    key = request.headers.get(HEADER.lower(), "")
    named = f"{caller} {request.method} {request.url.path}"
    # keyed, because a body may be a card, whose few digits could be found from a plain hash
    body = hmac.digest(services.secret, await request.body(), "sha256")
    return respond(await idempotency.once(services.db, named, key, body, work))


async def keyed_request(request: AnyRequest, caller: str) -> KeyedRequest:
    """For work that shares a transaction with that of others."""
    key = request.headers.get(HEADER.lower(), "")
    return idempotency.keyed_request(f"{caller} {request.method} {request.url.path}", key, await request.body())
