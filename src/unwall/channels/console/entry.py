"""Signing in to the console. Signing out is the shop's: one button leaves both."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.common import Form, within
from unwall.channels.console.frame import COUNTER, TODAY, home_of, see_other
from unwall.channels.house import House
from unwall.channels.pages import problem_words, render
from unwall.channels.visits import STAFF, AnyRequest, lang_of, set_cookie
from unwall.kernel.clock import now
from unwall.kernel.errors import TooMany, UnwallError
from unwall.kernel.text import N_, gettext
from unwall.people import actions, reads
from unwall.people.values import BadCredentials, Role

DAY = 24 * 3600


@get("/console/sign-in", include_in_schema=False)
async def sign_in_page(request: AnyRequest) -> Response[str]:
    return _form(request, {"next": request.query_params.get("next", TODAY)})


@post("/console/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: AnyRequest, house: House, data: Form) -> Response[Any]:
    origin = request.client.host if request.client else "unknown"
    try:
        signed = await actions.sign_in_staff(house.db, data.get("email", ""), data.get("password", ""), origin, now())
    except (BadCredentials, TooMany) as error:
        return _form(request, data, error)
    set_cookie(request, house, STAFF, signed.token, actions.SESSION_DAYS["staff"] * DAY)
    return see_other(await _first_page(house, signed.token, within(data.get("next", TODAY), TODAY)))


async def _first_page(house: House, token: str, wanted: str) -> str:
    """Where they wanted to go; staff of a node work at the counter."""
    async with house.db.read() as conn:
        staff = await reads.session_staff(conn, token)
    if staff and staff.role is Role.NODE:
        return COUNTER
    return home_of(staff.role) if staff and wanted == TODAY else wanted


def _form(request: AnyRequest, data: dict[str, str], error: UnwallError | None = None) -> Response[str]:
    lang = lang_of(request)
    status = 429 if isinstance(error, TooMany) else 422 if error else 200
    return render(
        request, lang, "console/sign_in.html", title=gettext(lang, N_("Sign in to the desk")), status=status,
        problem=problem_words(error, lang) if error else None, email=data.get("email", ""),
        next=within(data.get("next", TODAY), TODAY),
    )  # fmt: skip


HANDLERS: list[Any] = [sign_in_page, sign_in]
