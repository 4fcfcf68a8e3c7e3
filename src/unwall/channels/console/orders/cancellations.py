"""Cancelling an order: money moves, so it asks, and why is kept."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.channels.console import views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.orders.details import CANCEL_REASONS, PATH, may_cancel, order_page, story_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.orders.values import CancelReason, Order
from unwall.kernel.errors import Conflict, Invalid
from unwall.kernel.text import N_
from unwall.people.rules import permit
from unwall.people.values import Permission


class CancellationPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/cancel.html"

    order: Order
    total: str
    possible: bool
    """it is paid, and no node has begun to pick it"""
    reasons: list[Option]
    errors: FieldTexts


@get(f"{PATH}/{{order_id:uuid}}/cancel", permission=Permission.FULFIL, include_in_schema=False)
async def ask(ctx: ConsoleContext, order_id: UUID) -> Response[Any]:
    return await _page(ctx, order_id)


async def _page(ctx: ConsoleContext, order_id: UUID, error: Invalid | None = None) -> Response[Any]:
    async with ctx.confined() as conn:
        story = await story_of(conn, ctx, order_id)
    return ctx.page(
        CancellationPage(
            title=ctx.words(N_("Cancel order {number}?"), number=story.order.number),
            order=story.order,
            total=views.money(ctx, story.order.total),
            possible=may_cancel(ctx, story),
            reasons=[Option(value, ctx.words(label)) for value, label in CANCEL_REASONS.items()],
            errors=ctx.field_errors(error),
        ),
        error=error,
    )


@post(f"{PATH}/{{order_id:uuid}}/cancel", permission=Permission.ORDERS, include_in_schema=False, status_code=303)
async def cancel(ctx: ConsoleContext, order_id: UUID, data: FormData) -> Response[Any]:
    """Needs FULFIL as well, because stock is released and the payment refunded."""
    permit(ctx.staff, Permission.FULFIL)
    async with ctx.confined() as conn:
        await story_of(conn, ctx, order_id)  # raises NotFound for another merchant's
    try:
        await ctx.services.checkout.cancel(order_id, ctx.actor, ctx.now, _reason(data.get("reason", "")))
    except Invalid as error:
        return await _page(ctx, order_id, error)
    except Conflict as error:
        return await order_page(ctx, order_id, error)
    ctx.flash(ctx.words(N_("The order is cancelled: its stock is released and the payment is refunded.")))
    return see_other(views.order_url(order_id))


def _reason(text: str) -> CancelReason:
    if text not in set(CancelReason):
        raise Invalid.one("reason", N_("Choose why."))
    return CancelReason(text)


HANDLERS: list[Any] = [ask, cancel]
