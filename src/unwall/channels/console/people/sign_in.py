"""Signing in to the console. Signing out is the shop's route, which ends every session of the browser."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.http.context import AnyRequest
from unwall.channels.http.menus import TASKS, TODAY, home_of
from unwall.channels.http.page_context import see_other
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.http.staff_sign_in import StaffSignInPage, sign_in_form, start_staff_session
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.people.values import BadCredentials, Role, Staff
from unwall.services import Services


@get("/console/sign-in", include_in_schema=False)
async def sign_in_page(request: AnyRequest) -> Response[str]:
    return _form(request, {"next": request.query_params.get("next", TODAY)})


@post("/console/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: AnyRequest, services: Services, data: FormData) -> Response[Any]:
    try:
        staff = await start_staff_session(request, services, data)
    except (Invalid, BadCredentials, TooMany) as error:
        return _form(request, data, error)
    return see_other(_first_page(staff, own_path(data.get("next", TODAY), TODAY)))


def _first_page(staff: Staff, wanted: str) -> str:
    """The page that was asked for; staff of a node work at the counter."""
    if staff.role is Role.NODE:
        return TASKS
    return home_of(staff.role) if wanted == TODAY else wanted


class ConsoleSignInPage(StaffSignInPage, frozen=True, kw_only=True):
    TEMPLATE = "console/sign_in.html"


def _form(request: AnyRequest, data: dict[str, str], error: UnwallError | None = None) -> Response[str]:
    return sign_in_form(request, ConsoleSignInPage, N_("Sign in to the console"), TODAY, data, error)


HANDLERS: list[Any] = [sign_in_page, sign_in]
