"""The checkout: one page, three short sections, prices final at the first glance."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels import paying
from unwall.channels.common import Form
from unwall.channels.shop.carts import cart_view
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.views import View
from unwall.commerce.orders import reads
from unwall.commerce.orders.gateway import Card, CardToken
from unwall.commerce.orders.rules import checked_contact
from unwall.commerce.orders.values import Cart, Contact, PaymentPending
from unwall.commerce.sourcing.values import Choice, Method, Option
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Conflict, FieldError, Invalid, NotFound, TooMany
from unwall.kernel.text import N_

KEPT = ("name", "phone", "email", "address", "city")
FIELDS = {*KEPT, "way", "method", "node_id", "card_number", "card_expiry", "card_cvc"}
"""Next to which an error can stand."""
TEST_CARDS = (
    ("4242 4242 4242 4242", N_("pays")),
    ("4000 0000 0000 0002", N_("is declined")),
    ("4000 0000 0000 0119", N_("pays, but the answer is lost on the way")),
)
NOBODY = N_("There is no such bag.")


@get("/checkout/{cart_id:uuid}", include_in_schema=False)
async def checkout(shopper: Shopper, cart_id: UUID) -> Response[Any]:
    async with shopper.house.db.read() as conn:
        cart = await own_cart(conn, shopper, cart_id)
        if not (cart.open and cart.lines):
            return Redirect("/bag")
        shown = await cart_view(conn, shopper, cart, shopper.query.get("way", ""))
        return await _page(conn, shopper, shown, known(shopper))


async def own_cart(conn: Connection, shopper: Shopper, cart_id: UUID) -> Cart:
    cart = await reads.cart(conn, shopper.visit, cart_id, shopper.lang)
    if cart is None:
        raise NotFound(NOBODY)
    return cart


def known(shopper: Shopper) -> dict[str, str]:
    """What we know of the shopper already."""
    member, place = shopper.visit.member, shopper.visit.place
    return {
        "name": member.name if member else "",
        "email": (member.email or "") if member else "",
        "city": place.label if place else "",
    }


async def _page(
    conn: Connection, shopper: Shopper, shown: View, data: dict[str, str], *, status: int = 200,
    errors: dict[str, str] | None = None, notice: str | None = None,
) -> Response[str]:  # fmt: skip
    return await shopper.page(
        conn, "shop/checkout.html", title=shopper.words(N_("Check out")), status=status, cart=shown,
        errors=errors or {}, notice=notice, kept={field: data.get(field, "") for field in KEPT},
        cards=[(number, shopper.words(what)) for number, what in TEST_CARDS],
    )  # fmt: skip


@post("/checkout/{cart_id:uuid}", include_in_schema=False, status_code=303)
async def place_order(shopper: Shopper, cart_id: UUID, data: Form) -> Response[Any]:
    """Everything is looked at before anything is done; then the stock is held, and only then money is asked for."""
    async with shopper.house.db.read() as conn:
        cart = await own_cart(conn, shopper, cart_id)
        shown = await cart_view(conn, shopper, cart, data.get("way", ""))
    try:
        choice, contact, card = await checked(shopper, shown, data)
        return await _order(shopper, cart.id, choice, contact, card, data.get("total", ""))
    except Invalid as error:
        errors, status = error.by_field(), 422
        notice = next((words for field, words in errors.items() if field not in FIELDS), None)
    except (Conflict, TooMany) as error:
        errors, status, notice = {}, 409 if isinstance(error, Conflict) else 429, error.message
    async with shopper.house.db.read() as conn:
        if not errors:  # what was held or sold meanwhile has changed the offer
            shown = await cart_view(conn, shopper, cart, data.get("way", ""))
        return await _page(conn, shopper, shown, data, status=status, errors=errors, notice=notice)


async def checked(shopper: Shopper, shown: View, data: dict[str, str]) -> tuple[Choice, Contact, CardToken]:
    """Raises `Invalid` with every field that is wrong, of whichever section."""
    errors: list[FieldError] = []
    option: Option | None = shown["option"]
    if option is None or data.get("way") not in [way["value"] for way in shown["ways"]]:
        errors.append(FieldError("way", N_("Choose how you want to have it.")))
    choice = choice_of(option)
    contact = msgspec.convert({field: data.get(field, "") for field in KEPT}, Contact)
    card = Card(*(data.get(f"card_{part}", "") for part in ("number", "expiry", "cvc")))
    token = CardToken("", "")
    try:
        checked_contact(contact, choice, shopper.visit.place)
    except Invalid as error:
        errors += error.errors
    try:
        token = await shopper.house.checkout.gateway.tokenize(card, now().date())
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)
    return choice, contact, token


def choice_of(option: Option | None) -> Choice:
    if option is None:
        return Choice(Method.SHIP)
    return Choice(option.method, option.node.id if option.node and option.method is not Method.SHIP else None)


async def _order(
    shopper: Shopper, cart_id: UUID, choice: Choice, contact: Contact, card: CardToken, agreed: str
) -> Redirect:
    """Raises `Conflict` where it cannot be paid, or where the sum is not the one that the shopper saw."""
    order = await shopper.house.checkout.prepare(shopper.visit, cart_id, choice, contact, now())
    if str(order.total) != agreed:
        raise Conflict(N_("The sum has changed since you saw it. Look at it again, then pay."))
    with suppress(PaymentPending):  # the order's page tells how it ends
        await paying.pay(shopper.house, shopper.visit, shopper.origin, order.id, card)
    return Redirect(f"/order/{order.id}", status_code=303)


HANDLERS: list[Any] = [checkout, place_order]
