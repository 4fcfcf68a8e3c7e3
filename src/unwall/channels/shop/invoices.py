"""The invoice of an order, for who placed it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import status_of
from unwall.channels.http.invoices import OrderDocuments, buyer_in, order_documents
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.orders import NO_SUCH_ORDER
from unwall.commerce.invoices import actions, reads
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import Order
from unwall.kernel.clock import now
from unwall.kernel.errors import Conflict, Invalid, existing
from unwall.kernel.text import N_

PATH = "/order/{order_id:uuid}/invoice"


class InvoicePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/invoice.html"

    order: Order
    documents: OrderDocuments
    problem: str | None
    errors: FieldTexts


@get(PATH, include_in_schema=False)
async def invoice(ctx: ShopContext, order_id: UUID) -> Response[Any]:
    return await _page(ctx, order_id)


async def _page(
    ctx: ShopContext, order_id: UUID, data: FormData | None = None, error: Conflict | Invalid | None = None
) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        order = existing(await orders.own_order(conn, ctx.visit, order_id, ctx.lang), NO_SUCH_ORDER)
        documents = await reads.documents_of(conn, order_id)
    return ctx.page(
        InvoicePage(
            title=ctx.words(N_("Invoice of {order}"), order=order.number),
            order=order,
            documents=order_documents(order, documents, data, ctx.lang),
            problem=ctx.problem(error),
            errors=ctx.field_errors(error),
        ),
        status=status_of(error) if error else 200,
    )


@post(PATH, include_in_schema=False, status_code=303)
async def issue(ctx: ShopContext, order_id: UUID, data: FormData) -> Response[Any]:
    try:
        buyer = buyer_in(data)
        async with ctx.services.db.transaction() as conn:
            order = existing(await orders.own_order(conn, ctx.visit, order_id, ctx.lang), NO_SUCH_ORDER)
            await actions.issue(conn, order, buyer, now())
    except (Invalid, Conflict) as error:
        return await _page(ctx, order_id, data, error)
    return Redirect(f"/order/{order_id}/invoice", status_code=303)


HANDLERS: list[Any] = [invoice, issue]
