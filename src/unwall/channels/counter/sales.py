"""A sale over the counter. The basket is kept in the form, with an id of its own: pressing twice sells once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar_htmx import ClientRedirect

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.counter.context import SELL, CounterContext
from unwall.channels.counter.tasks import whole_number
from unwall.channels.counter.views import ItemView, item_view
from unwall.channels.http.page_context import known_id, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.orders.rules import MAX_UNITS_PER_LINE
from unwall.commerce.orders.values import Channel, Order, SaleDone
from unwall.commerce.stock.values import Short, VariantQuantity
from unwall.kernel.clock import now
from unwall.kernel.errors import FieldError, Invalid, NotFound, UnwallError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.money import Money, total
from unwall.kernel.text import N_, locale_of

Basket = dict[UUID, int]
"""Quantity by variant, in the order in which they were scanned."""
QUANTITY = "q-"
NOTHING = N_("Scan something, or type its SKU.")


class SaleLine(msgspec.Struct, frozen=True):
    """One line of the basket; `quantity` is what was typed where that is wrong."""

    item: ItemView
    field: str
    error: str | None
    quantity: str
    sum: str


class ReceiptLine(msgspec.Struct, frozen=True):
    title: str
    image: str | None
    detail: str
    quantity: int
    sum: str


@get(SELL)
async def sell_page(ctx: CounterContext) -> Response[str]:
    return await _page(ctx, new_id(), {})


@post(SELL, status_code=200)
async def sell(ctx: CounterContext, data: FormData) -> Response[Any]:
    """`do`: `finish` sells what the form holds, `add` (or any `code`) adds one more; else the sum is made."""
    sale_id = known_id(data.get("sale_id", ""), N_("Start a new sale."))
    basket, errors = _basket_of(data)
    if errors:
        return await _page(ctx, sale_id, basket, error=Invalid(errors), data=data)
    if data.get("do") == "finish":
        return await _finish(ctx, sale_id, basket, data)
    if data.get("do") == "add" or data.get("code", "").strip():
        return await _add(ctx, sale_id, basket, data)
    return await _page(ctx, sale_id, basket, data=data)


def _basket_of(data: Mapping[str, str]) -> tuple[Basket, list[FieldError]]:
    """Lines set to 0 leave the basket; a quantity that is no number counts as one, with an error."""
    basket: Basket = {}
    errors: list[FieldError] = []
    for field, text in data.items():
        variant_id = parse_id(field.removeprefix(QUANTITY)) if field.startswith(QUANTITY) else None
        if variant_id is None:
            continue
        try:
            quantity = whole_number(text, field)
        except Invalid as error:
            quantity, errors = 1, errors + error.errors
        if quantity:
            basket[variant_id] = quantity
    return basket, errors


async def _add(ctx: CounterContext, sale_id: UUID, basket: Basket, data: FormData) -> Response[Any]:
    code = data.get("code", "").strip()
    if not code:
        return await _page(ctx, sale_id, basket, error=Invalid.one("code", NOTHING), data=data)
    async with ctx.confined() as conn:
        item = await catalogue.variant_by_barcode(conn, ctx.staff.merchant_id, code, ctx.lang)
    if item is None or not item.sellable:
        unknown = Invalid.one("code", N_("We do not sell anything with this code."))
        return await _page(ctx, sale_id, basket, error=unknown, data=data)
    basket[item.variant_id] = basket.get(item.variant_id, 0) + 1
    return await _page(ctx, sale_id, basket, beep="ok", data={**data, "code": ""})


async def _finish(ctx: CounterContext, sale_id: UUID, basket: Basket, data: FormData) -> Response[Any]:
    try:
        if not basket:
            raise Invalid.one("code", NOTHING)
        async with ctx.confined() as conn:
            lines = [VariantQuantity(variant_id, quantity) for variant_id, quantity in basket.items()]
            sale = CounterSale(sale_id, ctx.node.id, lines, data.get("member_code", ""))
            order_id = await sell_at_counter(conn, ctx.staff, sale, now())
    except Short as error:
        return await _page(ctx, sale_id, basket, error=_missing(ctx, error), data=data)
    except (Invalid, SaleDone) as error:
        return await _page(ctx, sale_id, basket, error=error, data=data)
    if ctx.by_htmx:
        return ClientRedirect(f"{SELL}/{order_id}")
    return see_other(f"{SELL}/{order_id}")


def _missing(ctx: CounterContext, error: Short) -> Invalid:
    return Invalid(
        [
            FieldError(
                f"{QUANTITY}{short.variant_id}",
                ctx.count("Only one of these is here.", "Only {n} of these are here.", short.available)
                if short.available > 0
                else ctx.words(N_("None of these is here.")),
            )
            for short in error.short
        ]
    )


async def _page(
    ctx: CounterContext,
    sale_id: UUID,
    basket: Basket,
    *,
    error: UnwallError | None = None,
    beep: str = "",
    data: Mapping[str, str] | None = None,
) -> Response[str]:
    async with ctx.confined() as conn:
        known = await catalogue.items(conn, basket, ctx.lang)
    errors = ctx.field_errors(error)
    kept = data or {}
    lines = [_line(known[i], n, ctx, errors, kept) for i, n in basket.items() if i in known]
    return ctx.page(
        "counter/sell.html",
        title=ctx.words(N_("Sell")),
        error=error,
        beep=beep,
        sale_id=sale_id,
        lines=lines,
        total=_total(known, basket, ctx),
        units=sum(basket.values()),
        errors=errors,
        problem=ctx.problem(error),
        code=kept.get("code", ""),
        member_code=kept.get("member_code", ""),
        most=MAX_UNITS_PER_LINE,
    )


def _line(
    item: VariantItem, quantity: int, ctx: CounterContext, errors: Mapping[str, str], kept: Mapping[str, str]
) -> SaleLine:
    field = f"{QUANTITY}{item.variant_id}"
    error = errors.get(field) or (errors.get("quantity") if quantity > MAX_UNITS_PER_LINE else None)
    return SaleLine(
        item=item_view(item, ctx.lang),
        field=field,
        error=error,
        quantity=kept.get(field, str(quantity)) if error else str(quantity),
        sum=(item.money * quantity).text(locale_of(ctx.lang)),
    )


def _total(known: Mapping[UUID, VariantItem], basket: Basket, ctx: CounterContext) -> str:
    if not known:
        return ""
    currency = next(iter(known.values())).currency
    return total((known[i].money * n for i, n in basket.items() if i in known), currency).text(locale_of(ctx.lang))


# --- the receipt ------------------------------------------------------------------------------------------------------


@get("/counter/sell/{order_id:uuid}")
async def receipt(ctx: CounterContext, order_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        order = await orders.order(conn, order_id, ctx.lang)
    if order is None or not _sold_here(ctx, order):
        raise NotFound(N_("There is no such sale here."))
    locale = locale_of(ctx.lang)
    lines = [
        ReceiptLine(
            title=line.title,
            image=thumbnail_url(line.image_file),
            detail=" · ".join([*line.options, line.sku]),
            quantity=line.quantity,
            sum=Money(line.total, order.currency).text(locale),
        )
        for line in order.lines
    ]
    return ctx.page(
        "counter/receipt.html",
        title=order.number,
        order=order,
        lines=lines,
        total=Money(order.total, order.currency).text(locale),
    )


def _sold_here(ctx: CounterContext, order: Order) -> bool:
    return order.channel is Channel.COUNTER and all(reaches(ctx.staff, node) for node in order.promise.node_ids)


HANDLERS: list[Any] = [sell_page, sell, receipt]
