"""A payment that waits for the shopper: what their bank asks of them, by the gateway's script, or as the test gateway
simulates it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.flash import Flash
from unwall.channels.http.routes import FormData
from unwall.channels.shop.card_forms import letting_in
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.views import money
from unwall.commerce.orders import reads
from unwall.commerce.orders.values import Order
from unwall.commerce.payments.gateway import CardForm, GatewaySilent
from unwall.commerce.payments.simulator import BANK, TestGateway
from unwall.commerce.payments.values import Payment, PaymentState
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

PATH = "/order/{order_id:uuid}/payment"
NO_SUCH_ORDER = N_("There is no such order.")
NOT_CONFIRMED = N_("The payment was not confirmed. Nothing was taken, and the goods are still held for you.")


class ConfirmCardPage(ShopPage, frozen=True, kw_only=True):
    """The gateway's script asks the shopper, in a frame of their bank."""

    TEMPLATE = "shop/confirm_card.html"

    order: Order
    amount: str
    card_form: CardForm
    secret: str


class ConfirmPaymentPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/confirm_payment.html"

    order: Order
    amount: str
    last4: str
    by_bank: bool
    """the bank takes its time, and asks the shopper nothing"""


@get(PATH, include_in_schema=False)
async def ask_to_confirm(ctx: ShopContext, order_id: UUID) -> Response[Any]:
    order, payment = await _waiting(ctx, order_id)
    gateway = ctx.services.checkout.gateway
    if payment is not None and gateway.card_form is not None:
        return await _ask_by_script(ctx, order, payment, gateway.card_form)
    waits = await gateway.waits_for(payment.id) if payment and isinstance(gateway, TestGateway) else ""
    if payment is None or not waits:
        return Redirect(f"/order/{order_id}")
    return ctx.page(
        ConfirmPaymentPage(
            title=ctx.words(N_("Confirm the payment")),
            order=order,
            amount=money(payment.amount, order.currency, ctx.lang),
            last4=payment.last4 or "",
            by_bank=waits == BANK,
        )
    )


async def _ask_by_script(ctx: ShopContext, order: Order, payment: Payment, form: CardForm) -> Response[Any]:
    secret = await _secret(ctx, payment)
    if not secret:
        return Redirect(f"/order/{order.id}")
    page = ConfirmCardPage(
        title=ctx.words(N_("Confirm the payment")),
        order=order,
        amount=money(payment.amount, order.currency, ctx.lang),
        card_form=form,
        secret=secret,
    )
    return letting_in(ctx.page(page), form)


async def _secret(ctx: ShopContext, payment: Payment) -> str:
    try:
        return await ctx.services.checkout.gateway.secret_to_confirm(payment.id)
    except GatewaySilent:
        return ""


@post(PATH, include_in_schema=False, status_code=303)
async def confirm(ctx: ShopContext, order_id: UUID, data: FormData) -> Redirect:
    """Said twice, the first answer counts."""
    _, payment = await _waiting(ctx, order_id)
    if payment is not None:
        gateway = ctx.services.checkout.gateway
        if isinstance(gateway, TestGateway):
            await gateway.confirm(payment.id, accepted=data.get("answer") == "yes")
        try:
            order = await ctx.services.checkout.settle(order_id, payment.id, now())
        except GatewaySilent:  # the webhook or the sweep settles it
            return Redirect(f"/order/{order_id}", status_code=303)
        if not any(one.id == payment.id and one.state is not PaymentState.DECLINED for one in order.payments):
            ctx.flash(Flash(ctx.words(NOT_CONFIRMED)))
            return Redirect(f"/checkout/{order.cart_id}", status_code=303)
    return Redirect(f"/order/{order_id}", status_code=303)


async def _waiting(ctx: ShopContext, order_id: UUID) -> tuple[Order, Payment | None]:
    """The order, and its payment that is not settled yet. Raises `NotFound` for another shopper's."""
    async with ctx.services.db.read() as conn:
        order = await reads.own_order(conn, ctx.visit, order_id, ctx.lang)
    if order is None:
        raise NotFound(NO_SUCH_ORDER)
    return order, next((one for one in order.payments if one.state is PaymentState.ASKED), None)


HANDLERS: list[Any] = [ask_to_confirm, confirm]
