"""The bag: what was put into it, from where each line comes and when; what is removed can be put back."""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from secrets import token_hex
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import first_words, status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.rendering import Content
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop import composed_pages, links
from unwall.channels.shop.carts import CartView, cart_views
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.module_views import ModuleView
from unwall.commerce.orders import cart as cart_actions
from unwall.commerce.orders import reads
from unwall.commerce.orders.cart_values import CartLine
from unwall.commerce.orders.values import Origin
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, TooMany, existing
from unwall.kernel.idempotency import KeyedRequest, StoredAnswer, keyed_request, once_in_transaction
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.usecases.try_code import try_code

FORM_KEY = re.compile(r"[0-9a-f]{24}")


@get("/bag", include_in_schema=False)
async def bag(ctx: ShopContext) -> Response[str]:
    return await _bag(ctx)


class BagPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/bag.html"

    carts: list[CartView]
    modules: list[ModuleView]
    errors: dict[str, str]


async def _bag(ctx: ShopContext, *, status: int = 200, errors: dict[str, str] | None = None) -> Response[str]:
    async with ctx.services.db.read() as conn:
        carts = await reads.carts(conn, ctx.visit, ctx.lang)
        views = await cart_views(conn, ctx, carts) if carts else []
        beside = await composed_pages.goes_with_bag(conn, ctx, carts) if carts else None
    return ctx.page(
        BagPage(
            title=ctx.words(N_("Your bag")),
            carts=views,
            modules=composed_pages.shown(ctx, beside) if beside else [],
            errors=errors or {},
        ),
        status=status,
    )


@post("/bag/add", include_in_schema=False, status_code=303)
async def add(ctx: ShopContext, data: FormData) -> Response[Any]:
    """From any page of the shop; to htmx only the word and the new count, for the shopper stays where they are."""
    quantity = quantity_of(data.get("quantity", "1"), least=1)
    variant_id, origin = variant_of(data), links.origin_of(data)

    async def work(conn: Transaction) -> UUID:
        return await cart_actions.add_to_cart(conn, ctx.visit, variant_id, quantity, origin, now())

    cart_id = await add_once(ctx, data, work)
    if data.get("then") == "checkout":
        return to_page(ctx, f"/checkout/{cart_id}")
    return await added(ctx, data, ctx.words(N_("It is in your bag.")), cart_id)


async def add_once(ctx: ShopContext, data: dict[str, str], work: Callable[[Transaction], Awaitable[UUID]]) -> UUID:
    """However often the form is sent: each rendering of it has a key of its own (`rendering.form_key`). Returns the
    cart's id."""
    asked = _keyed(ctx, data)
    if asked is None:
        async with ctx.services.db.transaction() as conn:
            return await work(conn)

    async def answer(conn: Transaction) -> StoredAnswer:
        return StoredAnswer(303, (await work(conn)).bytes)

    return UUID(bytes=(await once_in_transaction(ctx.services.db, asked, answer)).body)


def _keyed(ctx: ShopContext, data: dict[str, str]) -> KeyedRequest | None:
    """The same form with another content is another request."""
    key = data.get("key", "")
    if not FORM_KEY.fullmatch(key):
        return None
    content = msgspec.json.encode(sorted((name, value) for name, value in data.items() if name != "_csrf_token"))
    return keyed_request(f"visitor {ctx.visit.visitor_id} POST /bag", f"{key} {sha256(content).hexdigest()}", b"")


def to_page(ctx: ShopContext, url: str) -> Response[Any]:
    """A redirect of the whole page, also where htmx asks for a part."""
    return Response(None, headers={"hx-redirect": url}) if ctx.by_htmx else Redirect(url, status_code=303)


class BagCountPart(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/bag_count.html"

    bag_count: int
    flash: Flash
    checkout_url: str


async def added(ctx: ShopContext, data: dict[str, str], words: str, cart_id: UUID) -> Response[Any]:
    flash = Flash(words)
    if ctx.by_htmx:
        async with ctx.services.db.read() as conn:
            count = await reads.units_in_bag(conn, ctx.visit)
        return ctx.part(BagCountPart(bag_count=count, flash=flash, checkout_url=f"/checkout/{cart_id}"))
    ctx.flash(flash)
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


@post("/bag/code", include_in_schema=False, status_code=303)
async def change_code(ctx: ShopContext, data: FormData) -> Response[Any]:
    """`do`: `remove` takes a code away, else it is added."""
    cart_id, code = cart_of(data), data.get("code", "")
    if data.get("do") == "remove":
        async with ctx.services.db.transaction() as conn:
            await cart_actions.remove_code(conn, ctx.visit, cart_id, code)
        return Redirect("/bag", status_code=303)
    try:
        if await try_code(ctx.services.db, ctx.visit, cart_id, code, now()):
            ctx.flash(Flash(ctx.words(N_("The gift card is in your bag. It pays at the checkout."))))
    except (Invalid, TooMany) as error:
        words = first_words(error, ctx.lang)
        return await _bag(ctx, status=status_of(error), errors={f"code-{cart_id}": words})
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
    variant_id = parse_id(data.get("variant", ""))
    if variant_id is None:
        raise Invalid.one("variant", N_("Choose what to buy."))
    return variant_id


def cart_of(data: dict[str, str]) -> UUID:
    return existing(parse_id(data.get("cart", "")), N_("This bag is not there any more."))


def quantity_of(text: str, *, least: int) -> int:
    """Raises `Invalid`; how many are too many is for `actions` to say."""
    if not (text.isdecimal() and text.isascii() and len(text) <= 6 and int(text) >= least):
        raise Invalid.one("quantity", N_("Enter the quantity as a whole number."))
    return int(text)


def undo_fields(line: CartLine) -> dict[str, str]:
    origin = Origin(line.post_id, line.page, line.policy)
    return {
        "key": token_hex(12),
        "variant": str(line.variant_id),
        "quantity": str(line.quantity),
        **links.origin_fields(origin),
    }


HANDLERS: list[Any] = [bag, add, set_quantity, change_code, remove]
