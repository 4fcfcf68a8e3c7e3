"""Members: signing up, in and out, and a member's own page."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.context import (
    MEMBER,
    PLACE,
    SESSION,
    STAFF,
    VISITOR,
    YEAR,
    drop_cookie,
    set_cookie,
    set_sealed_cookie,
)
from unwall.channels.http.errors import status_of, words_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import account_view, money
from unwall.commerce.orders.reads import orders_of
from unwall.commerce.orders.values import OrderRow, OrderState
from unwall.content.accounts.reads import followed
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.people import sessions
from unwall.people.rules import SESSION_DAYS
from unwall.people.values import Audience, BadCredentials
from unwall.usecases import sign_in as sign_in_and_claim
from unwall.usecases.sign_in import Entry, MemberSession

ORDERS = 12
STATES = {
    OrderState.PREPARED: N_("Not paid"),
    OrderState.PAID: N_("Under way"),
    OrderState.FULFILLED: N_("Done"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Not paid in time"),
}
TONES = {OrderState.FULFILLED: "good", OrderState.CANCELLED: "bad", OrderState.PREPARED: "soon"}
KEPT = ("email", "name", "next")


@get("/me", include_in_schema=False)
async def me(ctx: ShopContext) -> Response[str]:
    """Also for a visitor without a name: what this browser ordered and follows."""
    async with ctx.services.db.read() as conn:
        orders = await orders_of(conn, ctx.visit, ctx.query.get("after"), ORDERS, ctx.lang)
        accounts = await followed(conn, ctx.visit.person_ids, ctx.lang)
    return ctx.page(
        "shop/me.html",
        title=ctx.words(N_("You")),
        orders=[row_view(o, ctx) for o in orders.rows],
        accounts=[account_view(a, ctx.lang, followed=True) for a in accounts],
        next_url=f"/me?after={orders.after}" if orders.after else None,
    )


class OwnOrderView(msgspec.Struct, frozen=True):
    url: str
    number: str
    merchant: str
    total: str
    day: str
    units: int
    state: str
    tone: str


def row_view(order: OrderRow, ctx: ShopContext) -> OwnOrderView:
    return OwnOrderView(
        url=f"/order/{order.id}",
        number=order.number,
        merchant=order.merchant_name,
        total=money(order.total, order.currency, ctx.lang),
        day=formatters(ctx.lang).day(order.placed_at),
        units=order.units,
        state=ctx.words(STATES[order.state]),
        tone=TONES.get(order.state, ""),
    )


@get("/sign-in", include_in_schema=False)
async def sign_in_page(ctx: ShopContext) -> Response[Any]:
    return _form(ctx, "shop/sign_in.html", N_("Sign in"), {"next": ctx.query.get("next", "/")})


@get("/sign-up", include_in_schema=False)
async def sign_up_page(ctx: ShopContext) -> Response[Any]:
    return _form(ctx, "shop/sign_up.html", N_("Become a member"), {"next": ctx.query.get("next", "/")})


def _form(
    ctx: ShopContext, template: str, title: str, data: dict[str, str], *, error: UnwallError | None = None
) -> Response[Any]:
    errors = error.by_field() if isinstance(error, Invalid) else {}
    return ctx.page(
        template,
        title=ctx.words(title),
        status=status_of(error, in_form=True),
        errors=errors,
        notice=words_of(error, ctx.lang) if error and not errors else None,
        kept={name: data.get(name, "") for name in KEPT},
    )


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(ctx: ShopContext, data: FormData) -> Response[Any]:
    try:
        session = await sign_in_and_claim.sign_in(ctx.services.db, ctx.visit, _entry(ctx, data), now())
    except (BadCredentials, TooMany) as error:
        return _form(ctx, "shop/sign_in.html", N_("Sign in"), data, error=error)
    return _enter(ctx, session, data)


@post("/sign-up", include_in_schema=False, status_code=303)
async def sign_up(ctx: ShopContext, data: FormData) -> Response[Any]:
    try:
        session = await sign_in_and_claim.sign_up(ctx.services.db, ctx.visit, _entry(ctx, data), now())
    except (Invalid, TooMany) as error:
        return _form(ctx, "shop/sign_up.html", N_("Become a member"), data, error=error)
    return _enter(ctx, session, data)


def _entry(ctx: ShopContext, data: dict[str, str]) -> Entry:
    email, password, name = (data.get(field, "") for field in ("email", "password", "name"))
    return Entry(email, password, ctx.origin, name)


def _enter(ctx: ShopContext, session: MemberSession, data: dict[str, str]) -> Redirect:
    if session.visitor_id != ctx.visit.visitor_id:
        set_sealed_cookie(ctx.request, ctx.services, VISITOR, session.visitor_id, YEAR)
    set_cookie(ctx.request, ctx.services, MEMBER, session.token, SESSION_DAYS[Audience.MEMBER] * 24 * 3600)
    return Redirect(own_path(data.get("next", "/")), status_code=303)


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(ctx: ShopContext, data: FormData) -> Redirect:
    """Of the shop and the console. Nothing of the person stays on the device: whoever comes next is a new visitor."""
    cookies = ctx.request.cookies
    async with ctx.services.db.transaction() as conn:
        for name in (MEMBER, STAFF):
            if cookies.get(name):
                await sessions.sign_out(conn, cookies[name])
    gone = [MEMBER, STAFF, *((VISITOR, SESSION, PLACE) if cookies.get(MEMBER) else ())]
    for name in gone:
        drop_cookie(ctx.request, ctx.services, name)
    ctx.flash(Flash(ctx.words(N_("You are signed out."))))
    return Redirect(own_path(data.get("next", "/")), status_code=303)


HANDLERS: list[Any] = [me, sign_in_page, sign_up_page, sign_in, sign_up, sign_out]
