"""A sale over the counter. The basket lives in the form, under a name of its own: pressing twice sells once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Item
from unwall.channels.common import Form
from unwall.channels.counter.frame import SELL, Clerk, known_id, see_other
from unwall.channels.counter.tasks import whole_number
from unwall.channels.counter.views import item_view, picture_of
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.orders import actions
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.values import MOST_OF_ONE, Channel, Order, SaleDone
from unwall.commerce.stock.values import Short
from unwall.kernel.clock import now
from unwall.kernel.errors import FieldError, Invalid, NotFound, UnwallError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.money import Money, total
from unwall.kernel.text import LOCALES, N_

Basket = dict[UUID, int]
"""Quantity by variant, in the order in which things were scanned."""
QUANTITY = "q-"
NOTHING = N_("Scan something, or type its SKU.")


@get(SELL)
async def sell_page(clerk: Clerk) -> Response[str]:
    return await _page(clerk, new_id(), {})


@post(SELL)
async def sell(clerk: Clerk, data: Form) -> Response[Any]:
    """`do`: `finish` sells what the form holds, `add` (or any `code`) puts one more into it; else it is added up."""
    sale_id = known_id(data.get("sale_id", ""), N_("Start a new sale."))
    basket, errors = _basket_of(data)
    if errors:
        return await _page(clerk, sale_id, basket, error=Invalid(errors), data=data)
    if data.get("do") == "finish":
        return await _finish(clerk, sale_id, basket, data)
    if data.get("do") == "add" or data.get("code", "").strip():
        return await _add(clerk, sale_id, basket, data)
    return await _page(clerk, sale_id, basket, data=data)


def _basket_of(data: Mapping[str, str]) -> tuple[Basket, list[FieldError]]:
    """Lines set to none leave the basket; a quantity that is no number stays as one and is told."""
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


async def _add(clerk: Clerk, sale_id: UUID, basket: Basket, data: Form) -> Response[Any]:
    code = data.get("code", "").strip()
    if not code:
        return await _page(clerk, sale_id, basket, error=Invalid.one("code", NOTHING), data=data)
    async with clerk.confined() as conn:
        item = await catalogue.variant_by_barcode(conn, clerk.staff.merchant_id, code, clerk.lang)
    if item is None or not item.sellable:
        unknown = Invalid.one("code", N_("We do not sell anything with this code."))
        return await _page(clerk, sale_id, basket, error=unknown, data=data)
    basket[item.variant_id] = basket.get(item.variant_id, 0) + 1
    return await _page(clerk, sale_id, basket, beep="ok", data={**data, "code": ""})


async def _finish(clerk: Clerk, sale_id: UUID, basket: Basket, data: Form) -> Response[Any]:
    try:
        if not basket:
            raise Invalid.one("code", NOTHING)
        async with clerk.confined() as conn:
            order_id = await actions.sell_at_counter(
                conn, clerk.staff, clerk.node.id, list(basket.items()), sale_id, now(),
                member_code=data.get("member_code", ""),
            )  # fmt: skip
    except Short as error:
        return await _page(clerk, sale_id, basket, error=_missing(clerk, error), data=data)
    except (Invalid, SaleDone) as error:
        return await _page(clerk, sale_id, basket, error=error, data=data)
    if clerk.by_htmx:
        return Response("", headers={"hx-redirect": f"{SELL}/{order_id}"}, status_code=200)
    return see_other(f"{SELL}/{order_id}")


def _missing(clerk: Clerk, error: Short) -> Invalid:
    return Invalid([
        FieldError(
            f"{QUANTITY}{short.variant_id}",
            clerk.count("Only one of these is here.", "Only {n} of these are here.", short.available)
            if short.available > 0 else clerk.words(N_("None of these is here.")),
        )
        for short in error.short
    ])  # fmt: skip


async def _page(
    clerk: Clerk,
    sale_id: UUID,
    basket: Basket,
    *,
    error: UnwallError | None = None,
    beep: str = "",
    data: Mapping[str, str] | None = None,
) -> Response[str]:
    async with clerk.confined() as conn:
        known = await catalogue.items(conn, basket, clerk.lang)
    errors = error.by_field() if isinstance(error, Invalid) else {}
    kept = data or {}
    lines = [_line(known[i], n, clerk, errors, kept) for i, n in basket.items() if i in known]
    return clerk.page(
        "counter/sell.html", title=clerk.words(N_("Sell")), status=422 if errors else 409 if error else 200,
        beep="bad" if error else beep, sale_id=sale_id, lines=lines, total=_total(known, basket, clerk),
        units=sum(basket.values()), errors=errors, problem=error.message if error and not errors else None,
        code=kept.get("code", ""), member_code=kept.get("member_code", ""), most=MOST_OF_ONE,
    )  # fmt: skip


def _line(
    item: Item, quantity: int, clerk: Clerk, errors: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, Any]:
    field = f"{QUANTITY}{item.variant_id}"
    error = errors.get(field) or (errors.get("quantity") if quantity > MOST_OF_ONE else None)
    return item_view(item, clerk.lang) | {
        "field": field, "error": error, "quantity": kept.get(field, quantity) if error else quantity,
        "sum": (item.money * quantity).text(LOCALES[clerk.lang]),
    }  # fmt: skip


def _total(known: Mapping[UUID, Item], basket: Basket, clerk: Clerk) -> str:
    if not known:
        return ""
    currency = next(iter(known.values())).currency
    return total((known[i].money * n for i, n in basket.items() if i in known), currency).text(LOCALES[clerk.lang])


# --- the receipt ------------------------------------------------------------------------------------------------------


@get("/counter/sell/{order_id:uuid}")
async def receipt(clerk: Clerk, order_id: UUID) -> Response[str]:
    async with clerk.confined() as conn:
        order = await orders.order(conn, order_id, clerk.lang)
    if order is None or not _sold_here(clerk, order):
        raise NotFound(N_("There is no such sale here."))
    locale = LOCALES[clerk.lang]
    lines = [
        {
            "title": line.title,
            "image": picture_of(line.image_file),
            "detail": " · ".join([*line.options, line.sku]),
            "quantity": line.quantity,
            "sum": Money(line.total, order.currency).text(locale),
        }
        for line in order.lines
    ]
    return clerk.page(
        "counter/receipt.html", title=order.number, order=order, lines=lines,
        total=Money(order.total, order.currency).text(locale),
    )  # fmt: skip


def _sold_here(clerk: Clerk, order: Order) -> bool:
    return order.channel is Channel.COUNTER and all(reaches(clerk.staff, node) for node in order.promise.node_ids)


HANDLERS: list[Any] = [sell_page, sell, receipt]
