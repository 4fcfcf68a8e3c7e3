"""A new password for whoever of the staff is signed in, at the console or the counter, whatever their role."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.http.context import AnyRequest, lang_of, origin_of, set_session, signed_in
from unwall.channels.http.errors import status_of
from unwall.channels.http.menus import home_of
from unwall.channels.http.page_context import FieldTexts, field_errors, problem, see_other
from unwall.channels.http.rendering import PageContent, render
from unwall.channels.http.routes import FormData
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.text import N_, gettext
from unwall.people import sessions
from unwall.people.values import Audience, PasswordChange, Staff
from unwall.services import Services

PATH = "/console/password"


@get(PATH, include_in_schema=False)
async def change_page(request: AnyRequest, services: Services) -> Response[str]:
    staff = await signed_in(request, services)
    return _form(request, staff, done="done" in request.query_params)


class StaffPasswordPage(PageContent, frozen=True, kw_only=True):
    TEMPLATE = "console/password.html"

    errors: FieldTexts
    problem: str | None
    done: bool
    back: str


def _form(request: AnyRequest, staff: Staff, error: UnwallError | None = None, *, done: bool = False) -> Response[str]:
    lang = lang_of(request)
    return render(
        request,
        lang,
        StaffPasswordPage(
            title=gettext(lang, N_("Change your password")),
            errors=field_errors(error, lang),
            problem=problem(error, lang),
            done=done,
            back=home_of(staff.role),
        ),
        status=status_of(error),
    )


@post(PATH, include_in_schema=False, status_code=303)
async def change(request: AnyRequest, services: Services, data: FormData) -> Response[Any]:
    staff = await signed_in(request, services)
    wanted = PasswordChange(data.get("old_password", ""), data.get("password", ""), origin_of(request, services))
    try:
        signed = await sessions.change_password(services.db, Audience.STAFF, staff.id, wanted, now())
    except (Invalid, TooMany) as error:
        return _form(request, staff, error)
    set_session(request, services, Audience.STAFF, signed.token)
    return see_other(f"{PATH}?done=1")


HANDLERS: list[Any] = [change_page, change]
