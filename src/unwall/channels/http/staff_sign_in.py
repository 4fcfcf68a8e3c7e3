"""Signing in of staff, which the console and the counter share."""

from litestar import Response

from unwall.channels.http.context import AnyRequest, lang_of, origin_of, set_session
from unwall.channels.http.errors import status_of
from unwall.channels.http.page_context import FieldTexts, field_errors, problem
from unwall.channels.http.rendering import PageContent, render
from unwall.channels.http.routes import FormData, own_path
from unwall.kernel.clock import now
from unwall.kernel.errors import UnwallError
from unwall.kernel.text import N_, gettext
from unwall.people import reads, sessions
from unwall.people.values import Audience, BadCredentials, Staff
from unwall.services import Services


class StaffSignInPage(PageContent, frozen=True, kw_only=True):
    errors: FieldTexts
    problem: str | None
    email: str
    next: str


def sign_in_form(
    request: AnyRequest,
    page: type[StaffSignInPage],
    title: str,
    start: str,
    data: dict[str, str],
    error: UnwallError | None = None,
) -> Response[str]:
    """The page that asks for e-mail and password, with what was typed; `start` is where to go without a `next`."""
    lang = lang_of(request)
    content = page(
        title=gettext(lang, title),
        errors=field_errors(error, lang),
        problem=problem(error, lang),
        email=data.get("email", ""),
        next=own_path(data.get("next", start), start),
    )
    return render(request, lang, content, status=status_of(error, in_form=True))


async def start_staff_session(request: AnyRequest, services: Services, data: FormData) -> Staff:
    """Check `email` and `password` and set the session cookie. Raises `Invalid`, `BadCredentials`, `TooMany`."""
    origin = origin_of(request, services)
    signed = await sessions.sign_in_staff(services.db, data.get("email", ""), data.get("password", ""), origin, now())
    set_session(request, services, Audience.STAFF, signed.token)
    async with services.db.read() as conn:
        staff = await reads.session_staff(conn, signed.token)
    if staff is None:
        raise BadCredentials(N_("E-mail and password do not match."))  # deactivated at this very moment
    return staff
