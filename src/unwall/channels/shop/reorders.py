"""Ordering the same again: what of an order is still sold goes into the bag."""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.response import Redirect

from unwall.channels.http.flash import Flash
from unwall.channels.http.routes import FormData
from unwall.channels.shop.bags import add_once
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.orders import NO_SUCH_ORDER
from unwall.commerce.orders import cart, reads
from unwall.commerce.orders.values import Origin
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Conflict, Invalid, NotFound, existing
from unwall.kernel.text import N_

NOTHING_LEFT = N_("Nothing of this order can be put into your bag: it is not sold any more, or your bag is full.")


@post("/order/{order_id:uuid}/again", include_in_schema=False, status_code=303)
async def order_again(ctx: ShopContext, order_id: UUID, data: FormData) -> Redirect:
    """At today's prices; what is not sold any more is named."""
    async with ctx.services.db.read() as conn:
        order = existing(await reads.own_order(conn, ctx.visit, order_id, ctx.lang), NO_SUCH_ORDER)
    left_out: list[str] = []

    async def work(conn: Transaction) -> UUID:
        cart_id = None
        for line in order.lines:
            try:
                cart_id = await cart.add_to_cart(
                    conn, ctx.visit, line.variant_id, line.quantity, Origin(page="order"), now()
                )
            except (Invalid, NotFound):
                left_out.append(line.title)
        if cart_id is None:
            raise Conflict(NOTHING_LEFT)
        return cart_id

    try:
        await add_once(ctx, data, work)
    except Conflict as error:
        ctx.flash(Flash(ctx.words(error.message)))
        return Redirect(f"/order/{order_id}", status_code=303)
    ctx.flash(Flash(_told(ctx, left_out)))
    return Redirect("/bag", status_code=303)


def _told(ctx: ShopContext, left_out: list[str]) -> str:
    if not left_out:
        return ctx.words(N_("It is in your bag, at today's prices."))
    return ctx.words(N_("It is in your bag, without what is not sold any more: {titles}."), titles=", ".join(left_out))


HANDLERS: list[Any] = [order_again]
