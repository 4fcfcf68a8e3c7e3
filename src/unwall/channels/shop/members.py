"""Members: signing up, in and out, and a member's own page."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec import convert

from unwall.channels.http.context import (
    MEMBER,
    PLACE,
    SESSION,
    STAFF,
    VISITOR,
    YEAR,
    drop_cookie,
    set_sealed_cookie,
    set_session,
)
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.address_forms import AddressView, address_view
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.credits import OwnCreditView, own_credit
from unwall.channels.shop.reviews import DueView, due_views
from unwall.channels.shop.views import AccountView, account_view, money
from unwall.commerce.orders.progress import stage
from unwall.commerce.orders.reads import orders_of
from unwall.commerce.orders.values import OrderRow, OrderStage
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.content.accounts.reads import followed, hidden_accounts
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.messages.actions import forget_person
from unwall.people import sessions
from unwall.people.addresses import addresses_of
from unwall.people.sessions import OwnPassword
from unwall.people.values import Audience, BadCredentials
from unwall.usecases import close_membership
from unwall.usecases import sign_in as sign_in_and_claim
from unwall.usecases.review_purchase import reviews_due
from unwall.usecases.sign_in import MemberSession, SignInRequest

ORDERS = 12
MAX_DUE = 3
"""Goods of which a review is asked for at once."""
STAGES = {
    OrderStage.UNPAID: N_("Not paid"),
    OrderStage.TO_PICK: N_("Being prepared"),
    OrderStage.PICKING: N_("Being picked"),
    OrderStage.READY: N_("Packed"),
    OrderStage.ON_ITS_WAY: N_("On its way"),
    OrderStage.DONE: N_("Done"),
    OrderStage.CANCELLED: N_("Cancelled"),
    OrderStage.EXPIRED: N_("Not paid in time"),
}
READY_TO_COLLECT, COLLECTED = N_("Ready to collect"), N_("Collected")
TONES = {
    OrderStage.DONE: "",
    OrderStage.CANCELLED: "bad",
    OrderStage.UNPAID: "soon",
    OrderStage.READY: "good",
    OrderStage.ON_ITS_WAY: "good",
}


@get("/me", include_in_schema=False)
async def me(ctx: ShopContext) -> Response[str]:
    """Also for a visitor without a name: what this browser ordered and follows."""
    async with ctx.services.db.read() as conn:
        orders = await orders_of(conn, ctx.visit, ctx.query.get("after"), ORDERS * ctx.pages, ctx.lang)
        accounts = await followed(conn, ctx.visit.person_ids, ctx.lang)
        due = await reviews_due(conn, ctx.visit, ctx.lang)
        muted = await hidden_accounts(conn, ctx.visit.person_ids, ctx.lang)
        addresses = await addresses_of(conn, ctx.member.id) if ctx.member else []
        credit = await own_credit(conn, ctx)
    return ctx.page(
        MePage(
            title=ctx.words(N_("You")),
            due=due_views(due[:MAX_DUE]),
            orders=[row_view(o, ctx) for o in orders.rows],
            addresses=[address_view(one, ctx.lang) for one in addresses],
            credit=credit,
            accounts=[account_view(a, ctx.lang, followed=True) for a in accounts],
            muted=[account_view(a, ctx.lang, followed=False) for a in muted],
            next_url=f"/me?after={orders.after}" if orders.after else None,
        )
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
    pictures: list[str]


class MePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/me.html"

    due: list[DueView]
    orders: list[OwnOrderView]
    addresses: list[AddressView]
    credit: list[OwnCreditView]
    accounts: list[AccountView]
    muted: list[AccountView]
    """whose posts they are not shown"""
    next_url: str | None


def stage_words(stage: OrderStage, method: DeliveryMethod) -> str:
    """For its shopper."""
    if method is DeliveryMethod.PICKUP:
        return {OrderStage.READY: READY_TO_COLLECT, OrderStage.DONE: COLLECTED}.get(stage, STAGES[stage])
    return STAGES[stage]


def row_view(order: OrderRow, ctx: ShopContext) -> OwnOrderView:
    reached = stage(order.state, order.shipment_states)
    return OwnOrderView(
        url=f"/order/{order.id}",
        number=order.number,
        merchant=order.merchant_name,
        total=money(order.total, order.currency, ctx.lang),
        day=formatters(ctx.lang).day(order.placed_at, order.timezone),
        units=order.units,
        state=ctx.words(stage_words(reached, order.method)),
        tone=TONES.get(reached, ""),
        pictures=[url for file in order.pictures if (url := thumbnail_url(file))],
    )


@get("/sign-in", include_in_schema=False)
async def sign_in_page(ctx: ShopContext) -> Response[Any]:
    return _sign_in_form(ctx, {"next": ctx.query.get("next", "/")})


@get("/sign-up", include_in_schema=False)
async def sign_up_page(ctx: ShopContext) -> Response[Any]:
    return _sign_up_form(ctx, {"next": ctx.query.get("next", "/")})


class KeptFields(msgspec.Struct, frozen=True):
    """What was typed into a form that is shown again."""

    email: str = ""
    name: str = ""
    next: str = ""


class SignInPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/sign_in.html"

    kept: KeptFields
    errors: FieldTexts
    notice: str | None
    signed_up: bool


class SignUpPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/sign_up.html"

    kept: KeptFields
    errors: FieldTexts
    notice: str | None


def _sign_in_form(
    ctx: ShopContext, data: dict[str, str], error: UnwallError | None = None, *, signed_up: bool = False
) -> Response[str]:
    form = SignInPage(
        title=ctx.words(N_("Sign in")),
        kept=convert(data, KeptFields),
        errors=ctx.field_errors(error),
        notice=ctx.problem(error),
        signed_up=signed_up,
    )
    return ctx.page(form, status=status_of(error, in_form=True))


def _sign_up_form(ctx: ShopContext, data: dict[str, str], error: UnwallError | None = None) -> Response[str]:
    form = SignUpPage(
        title=ctx.words(N_("Become a member")),
        kept=convert(data, KeptFields),
        errors=ctx.field_errors(error),
        notice=ctx.problem(error),
    )
    return ctx.page(form, status=status_of(error, in_form=True))


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(ctx: ShopContext, data: FormData) -> Response[Any]:
    try:
        session = await sign_in_and_claim.sign_in(ctx.services.db, ctx.visit, _entry(ctx, data), now())
    except (Invalid, BadCredentials, TooMany) as error:
        return _sign_in_form(ctx, data, error)
    return _enter(ctx, session, data)


@post("/sign-up", include_in_schema=False, status_code=200)
async def sign_up(ctx: ShopContext, data: FormData) -> Response[Any]:
    """Leads to signing in, whether the address was a member's before or not: nobody learns from it who is a member."""
    try:
        await sign_in_and_claim.sign_up(ctx.services.db, ctx.visit, _entry(ctx, data), now())
    except (Invalid, TooMany) as error:
        return _sign_up_form(ctx, data, error)
    return _sign_in_form(ctx, data, signed_up=True)


def _entry(ctx: ShopContext, data: dict[str, str]) -> SignInRequest:
    email, password, name = (data.get(field, "") for field in ("email", "password", "name"))
    return SignInRequest(email, password, ctx.origin, name, ctx.request.cookies.get(MEMBER, ""))


def _enter(ctx: ShopContext, session: MemberSession, data: dict[str, str]) -> Redirect:
    set_sealed_cookie(ctx.request, ctx.services, VISITOR, session.visitor_id, YEAR)
    set_session(ctx.request, ctx.services, Audience.MEMBER, session.token)
    return Redirect(own_path(data.get("next", "/")), status_code=303)


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(ctx: ShopContext, data: FormData) -> Redirect:
    """Of the shop and the console. Nothing of the person stays on the device: whoever comes next is a new visitor."""
    cookies = ctx.request.cookies
    async with ctx.services.db.transaction() as conn:
        for name in (MEMBER, STAFF):
            if cookies.get(name):
                await sessions.sign_out(conn, cookies[name])
    _forget_browser(ctx, MEMBER, STAFF, *((VISITOR, SESSION, PLACE) if cookies.get(MEMBER) else ()))
    ctx.flash(Flash(ctx.words(N_("You are signed out."))))
    return Redirect(own_path(data.get("next", "/")), status_code=303)


def _forget_browser(ctx: ShopContext, *cookies: str) -> None:
    for name in cookies:
        drop_cookie(ctx.request, ctx.services, name)


@get("/me/close", include_in_schema=False)
async def close_page(ctx: ShopContext) -> Response[str]:
    ctx.signed_in()
    return _close_form(ctx)


class ClosePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/close_membership.html"

    errors: FieldTexts
    problem: str | None


def _close_form(ctx: ShopContext, error: UnwallError | None = None) -> Response[str]:
    page = ClosePage(
        title=ctx.words(N_("Close your membership")), errors=ctx.field_errors(error), problem=ctx.problem(error)
    )
    return ctx.page(page, status=status_of(error))


@post("/me/close", include_in_schema=False, status_code=303)
async def close(ctx: ShopContext, data: FormData) -> Response[Any]:
    member = ctx.signed_in()
    try:
        own = OwnPassword(Audience.MEMBER, member.id, data.get("password", ""), ctx.origin)
        await close_membership.close_own(ctx.services.db, own, forget_person, now())
    except (Invalid, TooMany) as error:
        return _close_form(ctx, error)
    _forget_browser(ctx, MEMBER, VISITOR, SESSION, PLACE)
    ctx.flash(Flash(ctx.words(N_("Your membership is closed, and what was kept of you is deleted."))))
    return Redirect("/", status_code=303)


HANDLERS: list[Any] = [me, sign_in_page, sign_up_page, sign_in, sign_up, sign_out, close_page, close]
