"""The checkout: one page, three short sections, prices final at the first glance."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import status_of, words_of
from unwall.channels.http.routes import FormData
from unwall.channels.shop.carts import CartView, cart_view
from unwall.channels.shop.context import ShopContext
from unwall.commerce.orders import reads
from unwall.commerce.orders.gateway import CardDetails, CardToken
from unwall.commerce.orders.rules import checked_contact
from unwall.commerce.orders.values import Cart, Contact
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryOption
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, FieldError, Invalid, NotFound, TooMany
from unwall.kernel.text import N_
from unwall.usecases.place_order import Buyer, OrderRequest, place_and_pay

KEPT = ("name", "phone", "email", "address", "city")
FIELDS = {*KEPT, "way", "method", "node_id", "card_number", "card_expiry", "card_cvc"}
"""Next to which an error can stand."""
TEST_CARDS = (
    ("4242 4242 4242 4242", N_("pays")),
    ("4000 0000 0000 0002", N_("is declined")),
    ("4000 0000 0000 0119", N_("pays, but the answer is lost on the way")),
)
NO_SUCH_BAG = N_("There is no such bag.")


@get("/checkout/{cart_id:uuid}", include_in_schema=False)
async def checkout(ctx: ShopContext, cart_id: UUID) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        cart = await own_cart(conn, ctx, cart_id)
        if not (cart.open and cart.lines):
            return Redirect("/bag")
        shown = await cart_view(conn, ctx, cart, ctx.query.get("way", ""))
        return _page(ctx, shown, known(ctx))


async def own_cart(conn: Connection, ctx: ShopContext, cart_id: UUID) -> Cart:
    cart = await reads.cart(conn, ctx.visit, cart_id, ctx.lang)
    if cart is None:
        raise NotFound(NO_SUCH_BAG)
    return cart


def known(ctx: ShopContext) -> dict[str, str]:
    """What we know of the shopper already."""
    member, place = ctx.member, ctx.visit.place
    return {
        "name": member.name if member else "",
        "email": (member.email or "") if member else "",
        "city": place.label if place else "",
    }


def _page(
    ctx: ShopContext,
    shown: CartView,
    data: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    notice: str | None = None,
) -> Response[str]:
    return ctx.page(
        "shop/checkout.html",
        title=ctx.words(N_("Check out")),
        status=status,
        cart=shown,
        errors=errors or {},
        notice=notice,
        kept={field: data.get(field, "") for field in KEPT},
        cards=[(number, ctx.words(what)) for number, what in TEST_CARDS],
    )


@post("/checkout/{cart_id:uuid}", include_in_schema=False, status_code=303)
async def place_order(ctx: ShopContext, cart_id: UUID, data: FormData) -> Response[Any]:
    """Everything is looked at before anything is done; then the stock is held, and only then money is asked for."""
    async with ctx.services.db.read() as conn:
        cart = await own_cart(conn, ctx, cart_id)
        shown = await cart_view(conn, ctx, cart, data.get("way", ""))
    try:
        choice, contact, card = await checked(ctx, shown, data)
        request = OrderRequest(cart.id, choice, contact, data.get("total", ""))
        order = await place_and_pay(ctx.services.checkout, Buyer(ctx.visit, ctx.origin), request, card, now())
        return Redirect(f"/order/{order.id}", status_code=303)
    except Invalid as error:
        errors, status = error.by_field(), status_of(error)
        notice = next((words for field, words in errors.items() if field not in FIELDS), None)
    except (Conflict, TooMany) as error:
        errors, status, notice = {}, status_of(error), words_of(error, ctx.lang)
    async with ctx.services.db.read() as conn:
        if not errors:  # what was held or sold meanwhile has changed the offer
            shown = await cart_view(conn, ctx, cart, data.get("way", ""))
        return _page(ctx, shown, data, status=status, errors=errors, notice=notice)


async def checked(ctx: ShopContext, shown: CartView, data: dict[str, str]) -> tuple[DeliveryChoice, Contact, CardToken]:
    """Raises `Invalid` with every field that is wrong, of whichever section."""
    errors: list[FieldError] = []
    option: DeliveryOption | None = shown.option
    if option is None or data.get("way") not in [way.value for way in shown.ways]:
        errors.append(FieldError("way", N_("Choose a delivery option.")))
    choice = choice_of(option)
    contact = msgspec.convert({field: data.get(field, "") for field in KEPT}, Contact)
    card = CardDetails(*(data.get(f"card_{part}", "") for part in ("number", "expiry", "cvc")))
    token = CardToken("", "")
    try:
        checked_contact(contact, choice, ctx.visit.place)
    except Invalid as error:
        errors += error.errors
    try:
        token = await ctx.services.checkout.gateway.tokenize(card, now().date())
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)
    return choice, contact, token


def choice_of(option: DeliveryOption | None) -> DeliveryChoice:
    if option is None:
        return DeliveryChoice(DeliveryMethod.SHIP)
    return DeliveryChoice(
        option.method, option.node.id if option.node and option.method is not DeliveryMethod.SHIP else None
    )


HANDLERS: list[Any] = [checkout, place_order]
