"""A new visitor, and members signing in and out."""

from typing import Any

import msgspec
from litestar import delete, post

from unwall.channels.api.callers import bearer_of, visit_token
from unwall.channels.http.context import AnyRequest, origin_of
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.people import sessions
from unwall.services import Services
from unwall.usecases import sign_in as sign_in_and_claim
from unwall.usecases.sign_in import SignInRequest

TAGS = ["shopper"]


class VisitToken(msgspec.Struct, frozen=True):
    visit: str


class SignInBody(msgspec.Struct, frozen=True):
    email: str
    password: str


class SessionToken(msgspec.Struct, frozen=True):
    token: str
    """For the header `Authorization: Bearer ...`."""
    visit: str
    """For the header `Unwall-Visit` from now on, instead of the one you sent."""


@post("/visits", tags=TAGS, identify=None)
async def open_visit(services: Services) -> VisitToken:
    """A new visitor. Keep the token and send it as `Unwall-Visit`, for 90 days: cart, orders and follows belong to it
    until a member signs in with it, who has them then."""
    return VisitToken(visit_token(services.secret, new_id(), new_id()))


@post("/sessions", tags=TAGS)
async def sign_in(request: AnyRequest, services: Services, caller: Visit, data: SignInBody) -> SessionToken:
    """Sign a member in; what the visitor did is the member's from now on."""
    entry = SignInRequest(data.email, data.password, origin_of(request, services))
    session = await sign_in_and_claim.sign_in(services.db, caller, entry, now())
    return SessionToken(session.token, visit_token(services.secret, session.visitor_id, caller.session_id))


@delete("/sessions", status_code=200, tags=TAGS)
async def sign_out(request: AnyRequest, services: Services, caller: Visit) -> VisitToken:
    """End the session of the bearer token. Answers with a new visit: the old one is the member's."""
    async with services.db.transaction() as conn:
        await sessions.sign_out(conn, bearer_of(request))
    return VisitToken(visit_token(services.secret, new_id(), new_id()))


HANDLERS: list[Any] = [open_visit, sign_in, sign_out]
