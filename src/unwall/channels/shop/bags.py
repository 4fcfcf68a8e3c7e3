"""The bag: what was put into it, from where each line comes and when; what is removed can be put back."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop import links
from unwall.channels.shop.carts import cart_views
from unwall.channels.shop.context import ShopContext
from unwall.commerce.orders import cart as cart_actions
from unwall.commerce.orders import reads
from unwall.commerce.orders.values import CartLine, Origin
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_


@get("/bag", include_in_schema=False)
async def bag(ctx: ShopContext) -> Response[str]:
    return await _bag(ctx)


async def _bag(ctx: ShopContext, *, status: int = 200, errors: dict[str, str] | None = None) -> Response[str]:
    async with ctx.services.db.read() as conn:
        carts = await reads.carts(conn, ctx.visit, ctx.lang)
        views = await cart_views(conn, ctx, carts) if carts else []
    return ctx.page("shop/bag.html", title=ctx.words(N_("Your bag")), status=status, carts=views, errors=errors or {})


@post("/bag/add", include_in_schema=False, status_code=303)
async def add(ctx: ShopContext, data: FormData) -> Response[Any]:
    """From any page of the shop; to htmx only the word and the new count, for the shopper stays where they are."""
    quantity = quantity_of(data.get("quantity", "1"), least=1)
    async with ctx.services.db.transaction() as conn:
        await cart_actions.add_to_cart(conn, ctx.visit, variant_of(data), quantity, links.origin_of(data), now())
    return await added(ctx, data, ctx.words(N_("Added to your bag.")))


async def added(ctx: ShopContext, data: dict[str, str], words: str) -> Response[Any]:
    said = Flash(words)
    if ctx.by_htmx:
        async with ctx.services.db.read() as conn:
            count = await reads.units_in_bag(conn, ctx.visit)
        return ctx.part("shop/bag_count.html", bag_count=count, said=said)
    ctx.flash(said)
    return Redirect(own_path(data.get("next", "/bag"), "/bag"), status_code=303)


@post("/bag/set", include_in_schema=False, status_code=303)
async def set_quantity(ctx: ShopContext, data: FormData) -> Response[Any]:
    cart_id, variant_id = cart_of(data), variant_of(data)
    try:
        quantity = quantity_of(data.get("quantity", ""), least=0)
        async with ctx.services.db.transaction() as conn:
            await cart_actions.set_quantity(conn, ctx.visit, cart_id, variant_id, quantity)
    except Invalid as error:
        return await _bag(ctx, status=status_of(error), errors={str(variant_id): error.errors[0].message})
    return Redirect("/bag", status_code=303)


@post("/bag/remove", include_in_schema=False, status_code=303)
async def remove(ctx: ShopContext, data: FormData) -> Redirect:
    """At once; the next page offers to put the line back as it was."""
    cart_id, variant_id = cart_of(data), variant_of(data)
    async with ctx.services.db.transaction() as conn:
        cart = await reads.cart(conn, ctx.visit, cart_id, ctx.lang)
        line = next((line for line in cart.lines if line.variant_id == variant_id), None) if cart else None
        await cart_actions.remove(conn, ctx.visit, cart_id, variant_id)
    if line:
        text = ctx.words(N_("{title} was removed from your bag."), title=line.title)
        ctx.flash(Flash(text, "/bag/add", undo_fields(line)))
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
    """Raises `Invalid`; how many are too many is for `actions` to say."""
    if not (text.isdecimal() and text.isascii() and len(text) <= 6 and int(text) >= least):
        raise Invalid.one("quantity", N_("Enter the quantity as a whole number."))
    return int(text)


def undo_fields(line: CartLine) -> dict[str, str]:
    origin = Origin(line.post_id, line.page, line.policy)
    return {"variant": str(line.variant_id), "quantity": str(line.quantity), **links.origin_fields(origin)}


HANDLERS: list[Any] = [bag, add, set_quantity, remove]
