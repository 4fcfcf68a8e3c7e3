"""Members: signing up, in and out, and a member's own page."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.common import Form, within
from unwall.channels.saying import Said
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.views import View, account_view, money, pens
from unwall.channels.visits import MEMBER, PLACE, SESSION, STAFF, VISITOR, YEAR, drop_cookie, set_cookie
from unwall.commerce.orders.reads import orders_of
from unwall.commerce.orders.values import OrderRow, OrderState
from unwall.content.accounts.actions import merge_followers
from unwall.content.accounts.reads import followed
from unwall.content.posts.actions import merge_likes
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import sign
from unwall.kernel.text import N_
from unwall.people import actions
from unwall.people.actions import SESSION_DAYS, SignedIn
from unwall.people.rules import NETWORK
from unwall.people.values import BadCredentials

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
CROWDED = N_("Too many have signed up from your network just now. Wait a little and try again.")


@get("/me", include_in_schema=False)
async def me(shopper: Shopper) -> Response[str]:
    """Also for a visitor without a name: what this browser ordered and follows."""
    async with shopper.house.db.read() as conn:
        orders = await orders_of(conn, shopper.visit, shopper.query.get("after"), ORDERS, shopper.lang)
        accounts = await followed(conn, shopper.visit.person_ids, shopper.lang)
        return await shopper.page(
            conn, "shop/me.html", title=shopper.words(N_("You")), orders=[row_view(o, shopper) for o in orders.rows],
            accounts=[account_view(a, shopper.lang, followed=True) for a in accounts],
            next_url=f"/me?after={orders.after}" if orders.after else None,
        )  # fmt: skip


def row_view(order: OrderRow, shopper: Shopper) -> View:
    return {
        "url": f"/order/{order.id}",
        "number": order.number,
        "merchant": order.merchant_name,
        "total": money(order.total, order.currency, shopper.lang),
        "day": pens(shopper.lang)["day"](order.placed_at),
        "units": order.units,
        "state": shopper.words(STATES[order.state]),
        "tone": TONES.get(order.state, ""),
    }


@get("/sign-in", include_in_schema=False)
async def sign_in_page(shopper: Shopper) -> Response[Any]:
    return await _form(shopper, "shop/sign_in.html", N_("Sign in"), {"next": shopper.query.get("next", "/")})


@get("/sign-up", include_in_schema=False)
async def sign_up_page(shopper: Shopper) -> Response[Any]:
    return await _form(shopper, "shop/sign_up.html", N_("Become a member"), {"next": shopper.query.get("next", "/")})


async def _form(
    shopper: Shopper, template: str, title: str, data: dict[str, str], *, error: UnwallError | None = None
) -> Response[Any]:
    errors = error.by_field() if isinstance(error, Invalid) else {}
    status = 429 if isinstance(error, TooMany) else 422 if error else 200
    async with shopper.house.db.read() as conn:
        return await shopper.page(
            conn, template, title=shopper.words(title), status=status, errors=errors,
            notice=error.message if error and not errors else None, kept={name: data.get(name, "") for name in KEPT},
        )  # fmt: skip


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(shopper: Shopper, data: Form) -> Response[Any]:
    try:
        signed = await actions.sign_in_member(
            shopper.house.db, data.get("email", ""), data.get("password", ""), shopper.origin, now()
        )
    except (BadCredentials, TooMany) as error:
        return await _form(shopper, "shop/sign_in.html", N_("Sign in"), data, error=error)
    return await _enter(shopper, signed, data)


@post("/sign-up", include_in_schema=False, status_code=303)
async def sign_up(shopper: Shopper, data: Form) -> Response[Any]:
    email, name, password = (data.get(field, "") for field in ("email", "name", "password"))
    try:
        await actions.try_once(shopper.house.db, {f"sign-up@{shopper.origin}": NETWORK}, now(), CROWDED)
        signed = await actions.sign_up(shopper.house.db, email, name, password, shopper.lang)
    except (Invalid, TooMany) as error:
        return await _form(shopper, "shop/sign_up.html", N_("Become a member"), data, error=error)
    return await _enter(shopper, signed, data)


async def _enter(shopper: Shopper, signed: SignedIn, data: dict[str, str]) -> Redirect:
    """What the visitor did becomes the member's; on a device that is another member's, a visitor of their own."""
    visitor_id = shopper.visit.visitor_id
    async with shopper.house.db.transaction() as conn:
        if await actions.claim_visitor(conn, visitor_id, signed.person_id):
            await merge_followers(conn, visitor_id, signed.person_id)
            await merge_likes(conn, visitor_id, signed.person_id)
        else:
            visitor_id = new_id()
            await actions.claim_visitor(conn, visitor_id, signed.person_id)
            _keep(shopper, VISITOR, sign(shopper.house.secret, str(visitor_id)), YEAR)
    _keep(shopper, MEMBER, signed.token, SESSION_DAYS["member"] * 24 * 3600)
    return Redirect(within(data.get("next", "/")), status_code=303)


def _keep(shopper: Shopper, name: str, value: str, max_age: int) -> None:
    set_cookie(shopper.request, shopper.house, name, value, max_age)


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(shopper: Shopper, data: Form) -> Redirect:
    """Of the shop and of the desk. Nothing of the person stays on the device: the next one is a new visitor."""
    cookies = shopper.request.cookies
    async with shopper.house.db.transaction() as conn:
        for name in (MEMBER, STAFF):
            if cookies.get(name):
                await actions.sign_out(conn, cookies[name])
    gone = [MEMBER, STAFF, *((VISITOR, SESSION, PLACE) if cookies.get(MEMBER) else ())]
    for name in gone:
        drop_cookie(shopper.request, shopper.house, name)
    shopper.say(Said(shopper.words(N_("You are signed out."))))
    return Redirect(within(data.get("next", "/")), status_code=303)


HANDLERS: list[Any] = [me, sign_in_page, sign_up_page, sign_in, sign_up, sign_out]
