"""The bag: what was put into it, from where each line comes and when, and the way out of every slip."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.common import Form, within
from unwall.channels.saying import Said
from unwall.channels.shop import links
from unwall.channels.shop.carts import cart_view
from unwall.channels.shop.frame import Shopper
from unwall.commerce.orders import actions, reads
from unwall.commerce.orders.values import CartLine, Origin
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_


@get("/bag", include_in_schema=False)
async def bag(shopper: Shopper) -> Response[str]:
    return await _bag(shopper)


async def _bag(shopper: Shopper, *, status: int = 200, errors: dict[str, str] | None = None) -> Response[str]:
    async with shopper.house.db.read() as conn:
        carts = await reads.carts(conn, shopper.visit, shopper.lang)
        views = [await cart_view(conn, shopper, cart) for cart in carts]
        return await shopper.page(
            conn, "shop/bag.html", title=shopper.words(N_("Your bag")), status=status, carts=views, errors=errors or {}
        )


@post("/bag/add", include_in_schema=False, status_code=303)
async def add(shopper: Shopper, data: Form) -> Response[Any]:
    """From any page of the shop; to htmx only the word and the new count, for the shopper stays where they are."""
    quantity = quantity_of(data.get("quantity", "1"), least=1)
    async with shopper.house.db.transaction() as conn:
        await actions.add_to_cart(conn, shopper.visit, variant_of(data), quantity, links.origin_of(data), now())
    return await added(shopper, data, shopper.words(N_("It is in your bag.")))


async def added(shopper: Shopper, data: dict[str, str], words: str) -> Response[Any]:
    said = Said(words)
    if shopper.by_htmx:
        async with shopper.house.db.read() as conn:
            count = await reads.units_in_bag(conn, shopper.visit)
        return shopper.part("shop/beside.html", bag_count=count, said=said)
    shopper.say(said)
    return Redirect(within(data.get("next", "/bag"), "/bag"), status_code=303)


@post("/bag/set", include_in_schema=False, status_code=303)
async def set_quantity(shopper: Shopper, data: Form) -> Response[Any]:
    cart_id, variant_id = cart_of(data), variant_of(data)
    try:
        quantity = quantity_of(data.get("quantity", ""), least=0)
        async with shopper.house.db.transaction() as conn:
            await actions.set_quantity(conn, shopper.visit, cart_id, variant_id, quantity)
    except Invalid as error:
        return await _bag(shopper, status=422, errors={str(variant_id): error.errors[0].message})
    return Redirect("/bag", status_code=303)


@post("/bag/remove", include_in_schema=False, status_code=303)
async def remove(shopper: Shopper, data: Form) -> Redirect:
    """Done at once, and undone as easily: the next page carries the line as it was."""
    cart_id, variant_id = cart_of(data), variant_of(data)
    async with shopper.house.db.transaction() as conn:
        cart = await reads.cart(conn, shopper.visit, cart_id, shopper.lang)
        line = next((line for line in cart.lines if line.variant_id == variant_id), None) if cart else None
        await actions.remove(conn, shopper.visit, cart_id, variant_id)
    if line:
        text = shopper.words(N_("{title} is out of your bag."), title=line.title)
        shopper.say(Said(text, "/bag/add", undo_fields(line)))
    return Redirect("/bag", status_code=303)


def variant_of(data: dict[str, str]) -> UUID:
    found = parse_id(data.get("variant", ""))
    if found is None:
        raise Invalid.one("variant", N_("Choose what to buy."))
    return found


def cart_of(data: dict[str, str]) -> UUID:
    found = parse_id(data.get("cart", ""))
    if found is None:
        raise NotFound(N_("This bag is not there any more."))
    return found


def quantity_of(text: str, *, least: int) -> int:
    """The room has the last word on how many are too many."""
    if not (text.isdecimal() and text.isascii() and len(text) <= 6 and int(text) >= least):
        raise Invalid.one("quantity", N_("Write how many as a whole number."))
    return int(text)


def undo_fields(line: CartLine) -> dict[str, str]:
    origin = Origin(line.post_id, line.page, line.policy)
    return {"variant": str(line.variant_id), "quantity": str(line.quantity), **links.origin_fields(origin)}


HANDLERS: list[Any] = [bag, add, set_quantity, remove]
