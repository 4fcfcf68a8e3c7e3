"""Who is asking: what the handlers of each channel get as `visit`, `staff` or `key`.

A console or counter handler states its `permission`, a merchant's API handler its `scope` (both as arguments of the
route decorator); without one the request is refused, so that a route without one is closed, not open.
"""

from typing import Any, TypeAlias
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.middleware.csrf import generate_csrf_token

from unwall.content.moderation.rules import staff_moderator
from unwall.content.moderation.values import Moderator
from unwall.journal.values import Visit
from unwall.kernel.errors import Forbidden, SignInNeeded
from unwall.kernel.geo import Place
from unwall.kernel.ids import new_id
from unwall.kernel.networks import network_of
from unwall.kernel.seals import seal, unseal
from unwall.kernel.text import LANGUAGES, N_, accepted, best_language
from unwall.people import actions, reads, rules
from unwall.people.values import ApiKey, ApiScope, Audience, Member, Permission, Staff
from unwall.services import Services

AnyRequest: TypeAlias = Request[Any, Any, Any]

VISITOR, SESSION, MEMBER, STAFF, LANG, PLACE, THEME = (
    "uw_visitor",
    "uw_visit",
    "uw_member",
    "uw_staff",
    "uw_lang",
    "uw_place",
    "theme",
)
CSRF = "uw_csrf"
"""The cookie of the CSRF token; forms contain it masked."""
KEY = "key"
"""Where a request keeps the program that sent it; who else sent it is kept under the name of their cookie."""
SIGNED_IN = "signed_in"
"""Where a request keeps the member of staff who sent it, whether or not they may: pages of errors show their menu."""
YEAR = 365 * 24 * 3600


def provide_services(request: AnyRequest) -> Services:
    services: Services = request.app.state.services
    return services


def origin_of(request: AnyRequest, services: Services) -> str:
    """The network that asks, as limits count it; behind proxies of ours, as the outermost of them saw it."""
    forwarded = ",".join(request.headers.getall("x-forwarded-for", [])).split(",")
    proxies = services.settings.proxies
    if 0 < proxies <= len(forwarded) and forwarded[-proxies].strip():
        return network_of(forwarded[-proxies].strip())
    return network_of(request.client.host) if request.client else "unknown"


def lang_of(request: AnyRequest) -> str:
    chosen = request.cookies.get(LANG)
    return chosen if chosen in LANGUAGES else best_language(accepted(request.headers.get("accept-language", ""))).code


def place_of(request: AnyRequest) -> Place | None:
    """None where the cookie holds no valid place."""
    try:
        place = msgspec.json.decode(unquote(request.cookies.get(PLACE, "")), type=Place)
    except msgspec.MsgspecError:
        return None
    there = abs(place.latitude) <= 90 and abs(place.longitude) <= 180
    return place if there and place.label.isprintable() else None


async def provide_visit(request: AnyRequest, services: Services, member: Member | None) -> Visit:
    """A shopper. A visitor who is a member's goes on as a new one where that member is not signed in."""
    visit, member_id = visit_of(request, services), member.id if member else None
    async with services.db.read() as conn:
        taken = await reads.is_anothers_visitor(conn, visit.visitor_id, member_id)
    visitor_id = fresh_visitor(request, services) if taken else visit.visitor_id
    return as_member(msgspec.structs.replace(visit, visitor_id=visitor_id), member)


def as_member(visit: Visit, member: Member | None) -> Visit:
    """The visit of the member who is signed in, at their place on whatever device; unchanged where nobody is."""
    if member is None:
        return visit
    return msgspec.structs.replace(visit, member_id=member.id, place=member.place or visit.place)


def visit_of(request: AnyRequest, services: Services) -> Visit:
    """A shopper, not yet known as a member. A new browser becomes a visitor, recognised by a sealed cookie."""
    visitor_id = known_visitor(request, services) or fresh_visitor(request, services)
    session_id = unseal(services.secret, SESSION, request.cookies.get(SESSION, ""), UUID)
    if session_id is None:
        session_id = new_id()
        set_sealed_cookie(request, services, SESSION, session_id, None)
    return Visit(visitor_id, session_id, None, lang_of(request), place_of(request), origin_of(request, services))


def known_visitor(request: AnyRequest, services: Services) -> UUID | None:
    return unseal(services.secret, VISITOR, request.cookies.get(VISITOR, ""), UUID, max_age_seconds=YEAR)


def fresh_visitor(request: AnyRequest, services: Services) -> UUID:
    """A new visitor instead of the one that the browser has been."""
    fresh = new_id()
    set_sealed_cookie(request, services, VISITOR, fresh, YEAR)
    return fresh


async def provide_member(request: AnyRequest, services: Services) -> Member | None:
    """The signed-in shopper."""
    token = request.cookies.get(MEMBER)
    if not token:
        return None
    async with services.db.read() as conn:
        return await reads.session_member(conn, token)


async def identify_caller(request: AnyRequest) -> bool:
    """Before the body is read: check that the caller may use the route, and remember them for the handler. A route that
    is neither staff's nor a program's may name a function of its own for that (`identify`). False for everybody but
    staff and programs. Raises `SignInNeeded` or `Forbidden`."""
    services, opt = provide_services(request), request.route_handler.opt
    if "permission" in opt:
        request.scope["state"][STAFF] = await _permitted_staff(request, services)
    elif "scope" in opt:
        request.scope["state"][KEY] = await _permitted_key(request, services)
    elif identify := opt.get("identify"):
        await identify(request, services)
    return "permission" in opt or "scope" in opt


async def provide_staff(request: AnyRequest, services: Services) -> Staff:
    """A member of staff whose role has the route's permission; raises `SignInNeeded` or `Forbidden`."""
    return request.scope["state"].get(STAFF) or await _permitted_staff(request, services)


async def _permitted_staff(request: AnyRequest, services: Services) -> Staff:
    permission = request.route_handler.opt.get("permission")
    staff = await signed_in(request, services)
    if not isinstance(permission, Permission):
        raise Forbidden(N_("This page states no permission."))
    rules.permit(staff, permission)
    return staff


async def signed_in(request: AnyRequest, services: Services) -> Staff:
    """The member of staff who sent the request, whatever their role; raises `SignInNeeded`."""
    token = request.cookies.get(STAFF)
    staff = None
    if token:
        async with services.db.read() as conn:
            staff = await reads.session_staff(conn, token)
    if staff is None:
        raise SignInNeeded(N_("Sign in to go on."))
    request.scope["state"][SIGNED_IN] = staff
    return staff


async def moderator_signed_in(request: AnyRequest, services: Services) -> Moderator:
    """Raises `SignInNeeded` or `Forbidden`."""
    staff = await signed_in(request, services)
    async with services.db.read() as conn:
        merchant = await reads.merchant(conn, staff.merchant_id, lang_of(request))
    return moderator_of(services, staff, merchant.slug if merchant else "")


def moderator_of(services: Services, staff: Staff, merchant_slug: str) -> Moderator:
    """Raises `Forbidden`."""
    config = services.settings
    return staff_moderator(staff, install=merchant_slug == (config.moderator or config.merchant))


async def provide_key(request: AnyRequest, services: Services) -> ApiKey:
    """A merchant's program, by `Authorization: Bearer uw_...`, whose key has the route's scope."""
    return request.scope["state"].get(KEY) or await _permitted_key(request, services)


async def _permitted_key(request: AnyRequest, services: Services) -> ApiKey:
    scope = request.route_handler.opt.get("scope")
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    key = None
    if kind.lower() == "bearer" and secret:
        async with services.db.read() as conn:
            key = await reads.api_key(conn, secret.strip())
    if key is None:
        raise SignInNeeded("Send your API key in the header Authorization: Bearer uw_...")
    if not isinstance(scope, ApiScope):
        raise Forbidden("This endpoint states no scope.")
    rules.permit_scope(key, scope)
    return key


# --- cookies that the answer will set ---------------------------------------------------------------------------------


def set_cookie(request: AnyRequest, services: Services, name: str, value: str, max_age: int | None) -> None:
    """Remembered on the request; the app writes it whatever the answer. None: until the browser ends."""
    cookie = Cookie(
        key=name,
        value=value,
        max_age=max_age,
        httponly=True,
        samesite="lax",
        path="/",
        secure=services.settings.secure_cookies,
    )
    request.state.setdefault("cookies", {})[name] = cookie


def set_sealed_cookie(request: AnyRequest, services: Services, name: str, value: object, max_age: int | None) -> None:
    """`kernel.seals.unseal` reads it back; sealed for its name, it is refused as another cookie."""
    set_cookie(request, services, name, seal(services.secret, name, value), max_age)


def set_session(request: AnyRequest, services: Services, audience: Audience, token: str) -> None:
    """With a new CSRF token: whoever knew or planted the one before the sign-in can send nothing after it."""
    set_cookie(request, services, CSRF, generate_csrf_token(services.secret.hex()), None)
    name = {Audience.MEMBER: MEMBER, Audience.STAFF: STAFF}[audience]
    set_cookie(request, services, name, token, rules.SESSION_DAYS[audience] * 24 * 3600)


def drop_cookie(request: AnyRequest, services: Services, name: str) -> None:
    set_cookie(request, services, name, "", 0)


async def keep_place(request: AnyRequest, services: Services, place: Place) -> None:
    """For this browser, and for the member who is signed in."""
    set_place(request, services, place)
    if token := request.cookies.get(MEMBER):
        async with services.db.transaction() as conn:
            await actions.keep_place(conn, token, place)


def set_place(request: AnyRequest, services: Services, place: Place) -> None:
    set_cookie(request, services, PLACE, quote(msgspec.json.encode(place).decode(), safe=""), YEAR)
