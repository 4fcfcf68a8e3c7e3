"""A member's new password; and the page that an operator's link leads to, for members and staff."""

from typing import Any

from litestar import Response, get, post

from unwall.channels.http.context import set_session
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError, existing
from unwall.kernel.text import N_
from unwall.people import passwords, sessions
from unwall.people.passwords import TICKET_ENDED
from unwall.people.reset_links import ticket_of
from unwall.people.values import Audience, PasswordChange, ResetTicket

CHANGED = N_("Your password is changed, and you are signed out everywhere else.")
CHOSEN = N_("Your password is changed. Sign in with the new one.")
SIGN_IN = {Audience.MEMBER: "/sign-in?next=/me", Audience.STAFF: "/console/sign-in"}


@get("/me/password", include_in_schema=False)
async def change_page(ctx: ShopContext) -> Response[str]:
    ctx.signed_in()
    return _change_form(ctx)


class PasswordPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/password.html"

    action: str
    errors: FieldTexts
    problem: str | None
    reset: bool


def _change_form(ctx: ShopContext, error: UnwallError | None = None) -> Response[str]:
    return ctx.page(
        PasswordPage(
            title=ctx.words(N_("Change your password")),
            action="/me/password",
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
            reset=False,
        ),
        status=status_of(error),
    )


@post("/me/password", include_in_schema=False, status_code=303)
async def change(ctx: ShopContext, data: FormData) -> Response[Any]:
    wanted = PasswordChange(data.get("old_password", ""), data.get("password", ""), ctx.origin)
    try:
        signed = await sessions.change_password(ctx.services.db, Audience.MEMBER, ctx.signed_in().id, wanted, now())
    except (Invalid, TooMany) as error:
        return _change_form(ctx, error)
    set_session(ctx.request, ctx.services, Audience.MEMBER, signed.token)
    ctx.flash(Flash(ctx.words(CHANGED)))
    return see_other("/me")


@get("/password/{ticket:str}", include_in_schema=False)
async def reset_page(ctx: ShopContext, ticket: str) -> Response[str]:
    """Raises `NotFound` where the link was used before or is too old."""
    await passwords.check_ticket(ctx.services.db, _ticket(ctx, ticket))
    return _reset_form(ctx, ticket)


def _reset_form(ctx: ShopContext, ticket: str, error: UnwallError | None = None) -> Response[str]:
    return ctx.page(
        PasswordPage(
            title=ctx.words(N_("Choose a new password")),
            action=f"/password/{ticket}",
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
            reset=True,
        ),
        status=status_of(error),
    )


@post("/password/{ticket:str}", include_in_schema=False, status_code=303)
async def reset(ctx: ShopContext, ticket: str, data: FormData) -> Response[Any]:
    known = _ticket(ctx, ticket)
    try:
        await passwords.redeem(ctx.services.db, known, data.get("password", ""))
    except Invalid as error:
        return _reset_form(ctx, ticket, error)
    ctx.flash(Flash(ctx.words(CHOSEN)))
    return see_other(SIGN_IN[known.audience])


def _ticket(ctx: ShopContext, sealed: str) -> ResetTicket:
    return existing(ticket_of(ctx.services.secret, sealed), TICKET_ENDED)


HANDLERS: list[Any] = [change_page, change, reset_page, reset]
