"""Errors as answers: problem+json (RFC 9457) for programs, a page in the reader's language for people."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import ClientException, HTTPException, NotFoundException, ValidationException
from litestar.response import Redirect
from litestar.types import Scope

from unwall.channels.http.context import SIGNED_IN, STAFF, AnyRequest, lang_of, place_of, provide_services, signed_in
from unwall.channels.http.menus import TASKS, TODAY, console_menu, counter_menu, home_of, shop_menu, staff_line
from unwall.channels.http.rendering import Content, Layout, NavLink, PageContent, own_address, render
from unwall.kernel.database import UNAVAILABLE
from unwall.kernel.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Later,
    NotFound,
    SignInNeeded,
    TooMany,
    Unavailable,
    UnwallError,
)
from unwall.kernel.text import N_, gettext, ngettext
from unwall.media.values import TooLarge, UploadBusy, WrongChecksum
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import BadCredentials, Permission, Staff

STATUS: dict[type[UnwallError], int] = {
    TooLarge: 413,
    UploadBusy: 423,
    WrongChecksum: 460,  # as tus has it
    Invalid: 422,
    NotFound: 404,
    Forbidden: 403,
    SignInNeeded: 401,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}

TITLES = {
    400: N_("That request could not be read"),
    401: N_("Please sign in"),
    403: N_("You may not see this"),
    404: N_("There is nothing here"),
    405: N_("This address cannot be used in this way"),
    408: N_("That took too long"),
    409: N_("That cannot be done now"),
    413: N_("That is too large"),
    422: N_("Something needs to be corrected"),
    429: N_("Too many attempts"),
    500: N_("Something went wrong on our side"),
    503: N_("We cannot answer just now"),
}

DETAILS = {
    403: N_("The page was open for too long, or was opened elsewhere. Load it again, then try again."),
    404: N_("The address is wrong, or the page was removed."),
    408: N_("The request took too long to arrive. Try again where the connection is better."),
    413: N_("Send less at once."),
}
ADVICE = {
    409: N_("Go back and load the page again: it then shows how things are now."),
    422: N_("Go back, correct it, and send it again."),
    500: N_("If it happens again, tell those who run this site what you did, and when."),
}


class BodyTooLarge(ClientException):
    status_code = 413


class BodyTooSlow(ClientException):
    status_code = 408


class BodyOfWrongKind(ClientException):
    status_code = 415


TRY_AGAIN = N_("Go back and try again.")
"""Shown to people instead of Litestar's own message."""

UNREADABLE = N_("This cannot be read: send UTF-8, and nest less deeply.")

RETRY_SECONDS = 5

PROGRAMS = ("/api/", "/journal")

_MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '([^']+)'")
_MISSING_FIELD = re.compile(r"missing required field `([^`]+)`")

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457, with `code` for programs and `errors` naming each field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []


def status_of(error: UnwallError | None, *, in_form: bool = False) -> int:
    """200 without an error. A form that is shown again answers wrong credentials as it does any wrong field."""
    if error is None:
        return 200
    if in_form and isinstance(error, BadCredentials):
        return STATUS[Invalid]
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def words_of(error: UnwallError, lang: str) -> str:
    """The message for people, with how long to wait."""
    message = gettext(lang, error.message)
    if not isinstance(error, Later):
        return message
    minutes = -(-error.wait_seconds // 60)
    wait = ngettext(lang, "Try again in 1 minute.", "Try again in {n} minutes.", minutes)
    return f"{message} {wait}"


def first_words(error: UnwallError, lang: str) -> str:
    """As `words_of`, where there is room for one message: of several fields that are wrong, the first."""
    return gettext(lang, error.errors[0].message) if isinstance(error, Invalid) else words_of(error, lang)


def on_unwall_error(request: AnyRequest, error: UnwallError) -> Response[Any]:
    status = status_of(error)
    fields = error.errors if isinstance(error, Invalid) else []
    headers = {"retry-after": str(error.wait_seconds)} if isinstance(error, Later) else {}
    if isinstance(error, SignInNeeded) and (page := _sign_in_page(request)):
        return Redirect(page)
    program = request.url.path.startswith(PROGRAMS)
    detail = error.message if program else words_of(error, lang_of(request))
    return _answer(request, status, detail, error.code, fields, headers)


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Litestar's own errors: no such route, a body it could not decode, a missing CSRF token."""
    if isinstance(error, ValidationException):
        return _answer(request, STATUS[Invalid], error.detail, "invalid", _fields(error), {})
    code = "not-found" if isinstance(error, NotFoundException) else f"http-{error.status_code}"
    program = request.url.path.startswith(PROGRAMS)
    detail = error.detail if program else DETAILS.get(error.status_code, TRY_AGAIN)
    return _answer(request, error.status_code, detail, code, [], error.headers or {})


def _fields(error: ValidationException) -> list[FieldError]:
    """Litestar names the field that is wrong in `extra`; one that is missing only in its message."""
    extra = error.extra if isinstance(error.extra, list) else []
    if not extra and (missing := _MISSING_PARAMETER.match(error.detail)):
        return [FieldError(missing[1], N_("This is missing."))]
    return [_field(str(wrong.get("key", "body")), str(wrong.get("message", ""))) for wrong in extra]


def _field(place: str, message: str) -> FieldError:
    missing = _MISSING_FIELD.search(message)
    whole = place == "data"
    if missing:
        return FieldError(missing[1] if whole else f"{place}.{missing[1]}", N_("This is missing."))
    return FieldError("body" if whole else place, message)


def on_unreadable(request: AnyRequest, error: Exception) -> Response[Any]:
    """Bodies that Litestar's decoder does not catch: no UTF-8, or nested too deeply."""
    return on_unwall_error(request, Invalid.one("body", UNREADABLE))


def on_unavailable(request: AnyRequest, error: Exception) -> Response[Any]:
    """The database stops, starts, is full, or something took longer than its limit."""
    log.warning("request given up", path=request.url.path, error=repr(error))
    return on_unwall_error(request, Unavailable(UNAVAILABLE, wait_seconds=RETRY_SECONDS))


def on_crash(request: AnyRequest, error: Exception) -> Response[Any]:
    log.exception("request failed", path=request.url.path, exc_info=error)
    return _answer(request, 500, N_("It was recorded. Please try again."), "internal", [], {})


class ErrorToast(Content, frozen=True, kw_only=True):
    TEMPLATE = "design/error_toast.html"

    detail: str


class ErrorPage(PageContent, frozen=True, kw_only=True):
    TEMPLATE = "design/error.html"

    detail: str
    advice: str
    """what to do, where the detail does not say it"""
    errors: list[FieldError]
    area: str
    """shop | console | counter"""
    back: str
    """where they came from; empty where that is not known"""
    home: str


class ErrorLayout(Layout, frozen=True, kw_only=True):
    """What the layouts of console and counter ask for besides."""

    unanswered: int = 0
    events: str | None = None


def _answer(
    request: AnyRequest, status: int, detail: str, code: str, fields: list[FieldError], headers: dict[str, str]
) -> Response[Any]:
    title = TITLES.get(status, TITLES[400 if status < 500 else 500])
    if request.url.path.startswith(PROGRAMS):
        problem = Problem("about:blank", title, status, detail, code, fields)
        body = msgspec.json.encode(problem)
        return Response(body, media_type="application/problem+json", status_code=status, headers=headers)
    lang = lang_of(request)
    if "hx-request" in request.headers:  # said on the page where it was asked for
        detail = " ".join(dict.fromkeys(gettext(lang, wrong.message) for wrong in fields)) or gettext(lang, detail)
        answer = render(request, lang, ErrorToast(detail=detail), status=status)
        answer.headers.update(headers | {"hx-retarget": "#toasts", "hx-reswap": "beforeend"})
        return answer
    staff: Staff | None = request.scope["state"].get(SIGNED_IN)
    page = ErrorPage(
        title=gettext(lang, title),
        detail=gettext(lang, detail),
        advice=gettext(lang, ADVICE.get(status, "")),
        errors=fields,
        area=_area(request).strip("/") or "shop",
        back=_back(request),
        home=_home(request, staff),
    )
    answer = render(request, lang, page, _layout(request, staff, lang), status=status)
    answer.headers.update(headers)
    return answer


def _area(request: AnyRequest) -> str:
    """Of staff; empty in the shop."""
    path = request.scope["path"]
    return next((area for area in (TODAY, TASKS) if path == area or path.startswith(f"{area}/")), "")


def _back(request: AnyRequest) -> str:
    before = own_address(request, request.headers.get("referer", ""))
    return (
        "" if before == "/" or (request.method == "GET" and before.split("?")[0] == request.scope["path"]) else before
    )


def _home(request: AnyRequest, staff: Staff | None) -> str:
    area = _area(request)
    if area and staff and not (area == TASKS and _at_counter(staff)):
        return home_of(staff.role)
    return area or "/"


def _at_counter(staff: Staff) -> bool:
    return Permission.FULFIL in ROLE_PERMISSIONS[staff.role]


def _layout(request: AnyRequest, staff: Staff | None, lang: str) -> Layout:
    """Without asking the database, which may be what is wrong."""
    match _area(request):
        case "/console":
            first: Sequence[NavLink] = [NavLink(TODAY, gettext(lang, N_("Today")), "chart", False)]
            menu = console_menu(request, staff, lang) if staff else first
            return ErrorLayout(staff=staff_line(staff, lang) if staff else None, nav=menu)
        case "/counter":
            works_here = staff is None or _at_counter(staff)
            return ErrorLayout(staff=staff, nav=counter_menu(request, lang) if works_here else ())
    place = place_of(request)
    return Layout(nav=shop_menu(request, lang), place=place.label if place else None)


async def remember_staff(error: Exception, scope: Scope) -> None:
    """Before a page reports what was refused before its route was asked, such as an address that leads nowhere. Not
    where the fault is ours: then the page does without."""
    request: AnyRequest = scope["litestar_app"].request_class(scope)
    refused = error.status_code if isinstance(error, HTTPException) else 500
    if refused >= 500 or not _area(request) or SIGNED_IN in scope["state"] or STAFF not in request.cookies:
        return
    with suppress(Exception):
        await signed_in(request, provide_services(request))


def _sign_in_page(request: AnyRequest) -> str | None:
    """Where a person signs in who wants to see this page; None for a form that was sent."""
    path = request.url.path
    if request.method != "GET" or path.startswith(PROGRAMS) or path.endswith("/sign-in"):
        return None
    return f"{_area(request)}/sign-in?next={path}"
