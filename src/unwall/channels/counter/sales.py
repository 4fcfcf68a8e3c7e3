"""A sale over the counter. The basket is kept in the form, with an id of its own: pressing twice sells once."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar_htmx import ClientRedirect

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.counter.context import CounterContext, CounterPage
from unwall.channels.counter.finder import find_items, own_item
from unwall.channels.counter.gift_cards import CardTotals, ShownCard, by_credit, card_totals, shown_card
from unwall.channels.counter.tasks import whole_number
from unwall.channels.counter.views import ItemView, item_view
from unwall.channels.http.menus import SELL
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.quotes import WHY_REFUSED, code_words, included_taxes, quote_rows
from unwall.channels.http.routes import FormData
from unwall.commerce.credit.values import CreditChanged
from unwall.commerce.fulfilment.rules import reaches
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.counter_sale import (
    CounterSale,
    Till,
    member_of_code,
    quoted_basket,
    sell_at_counter,
)
from unwall.commerce.orders.rules import MAX_UNITS_PER_LINE
from unwall.commerce.orders.values import Channel, Order, SaleDone, TotalChanged
from unwall.commerce.payments.rules import till_payment
from unwall.commerce.payments.values import TillMethod
from unwall.commerce.pricing.promotion_rules import MAX_CODES_PER_CART, tidy_code
from unwall.commerce.pricing.values import PricedOrder, PriceRefusal
from unwall.commerce.stock.values import Short, VariantQuantity
from unwall.insight.segments.reads import segments_of_buyers
from unwall.kernel.clock import now
from unwall.kernel.errors import FieldError, Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.money import Money
from unwall.kernel.text import N_, locale_of
from unwall.usecases.try_code import is_code

Basket = dict[UUID, int]
"""Quantity by variant, in the order in which they were scanned."""
QUANTITY = "q-"
MAX_CODE_CHARACTERS = 200
MAX_TOTAL_DIGITS = 18
NOTHING = N_("Scan something, or type its SKU or name.")


class SaleLine(msgspec.Struct, frozen=True):
    """One line of the basket; `quantity` is what was typed where that is wrong."""

    item: ItemView
    field: str
    error: str | None
    quantity: str
    sum: str


class OpenSale(msgspec.Struct, frozen=True):
    """What is in the basket, under the id that the sale will have."""

    id: UUID
    basket: Basket
    vouchers: "Vouchers"
    gift_card: ShownCard


class Vouchers(msgspec.Struct, frozen=True):
    """The codes of promotions that were typed; those that are refused are not tried again."""

    codes: list[str] = []
    refused: list[str] = []
    problem: str = ""


class ReceiptLine(msgspec.Struct, frozen=True):
    title: str
    image: str | None
    detail: str
    quantity: int
    sum: str


@get(SELL)
async def sell_page(ctx: CounterContext) -> Response[str]:
    return await _page(ctx, OpenSale(new_id(), {}, Vouchers(), ShownCard()))


@post(SELL, status_code=200)
async def sell(ctx: CounterContext, data: FormData) -> Response[Any]:
    """`do`: `finish` sells what the form holds, `add` (or any `code`) adds one more, as `variant` does where one was
    chosen of those found; else the sum is made."""
    sale_id = known_id(data.get("sale_id", ""), N_("Start a new sale."))
    basket, errors = _basket_of(data)
    sale = OpenSale(sale_id, basket, await _vouchers(ctx, data), await shown_card(ctx, data))
    if errors:
        return await _page(ctx, sale, error=Invalid(errors), data=data)
    if data.get("do") == "finish" and not sale.vouchers.problem:
        return await _finish(ctx, sale, data)
    if data.get("variant"):
        return await _add_chosen(ctx, sale, data)
    if data.get("do") == "add" or data.get("code", "").strip():
        return await _add(ctx, sale, data)
    return await _page(ctx, sale, data=data)


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


async def _vouchers(ctx: CounterContext, data: Mapping[str, str]) -> Vouchers:
    written = data.get("voucher", "").replace(",", " ").split()
    typed = list(dict.fromkeys(map(tidy_code, written)))[:MAX_CODES_PER_CART]
    codes: list[str] = []
    refused = [code for code in data.get("refused", "").split() if code in typed]
    for code in typed:
        if code in refused:
            continue
        try:
            known = await is_code(ctx.services.db, ctx.staff, code, now())
        except TooMany as error:
            return Vouchers(codes, refused, ctx.problem(error) or "")
        (codes if known else refused).append(code)
    return Vouchers(codes, refused)


async def _add(ctx: CounterContext, sale: OpenSale, data: FormData) -> Response[Any]:
    code = data.get("code", "").strip()
    if not code:
        return await _page(ctx, sale, error=Invalid.one("code", NOTHING), data=data)
    async with ctx.confined() as conn:
        items = await find_items(conn, ctx, code[:MAX_CODE_CHARACTERS])
    if items.item and items.item.sellable:
        return await _added(ctx, sale, items.item, data)
    choices = [item for item in items.choices if item.sellable]
    if not choices:
        unknown = Invalid.one("code", N_("We do not sell anything with this code or name."))
        return await _page(ctx, sale, error=unknown, data=data)
    return await _page(ctx, sale, data=data, choices=choices)


async def _add_chosen(ctx: CounterContext, sale: OpenSale, data: FormData) -> Response[Any]:
    variant_id = known_id(data["variant"], N_("Choose one of the items found."))
    async with ctx.confined() as conn:
        item = await own_item(conn, ctx, variant_id)
    if not item.sellable:
        raise NotFound(N_("There is no such item."))
    return await _added(ctx, sale, item, data)


async def _added(ctx: CounterContext, sale: OpenSale, item: VariantItem, data: FormData) -> Response[Any]:
    sale.basket[item.variant_id] = sale.basket.get(item.variant_id, 0) + 1
    return await _page(ctx, sale, beep="ok", data={**data, "code": ""})


async def _finish(ctx: CounterContext, sale: OpenSale, data: FormData) -> Response[Any]:
    try:
        if not sale.basket:
            raise Invalid.one("code", NOTHING)
        async with ctx.confined() as conn:
            lines = [VariantQuantity(variant_id, quantity) for variant_id, quantity in sale.basket.items()]
            request = CounterSale(
                sale.id,
                ctx.node.id,
                lines,
                data.get("member_code", ""),
                sale.vouchers.codes,
                _shown_total(data),
                till_payment(data.get("paid_by", TillMethod.CASH), data.get("reference", "")),
                by_credit(sale.gift_card, data),
            )
            order_id = await sell_at_counter(conn, ctx.staff, request, now(), segments_of_buyers)
    except Short as error:
        return await _page(ctx, sale, error=_missing(ctx, error), data=data)
    except (Invalid, SaleDone, TotalChanged, CreditChanged) as error:
        return await _page(ctx, sale, error=error, data=data)
    if ctx.by_htmx:
        return ClientRedirect(f"{SELL}/{order_id}")
    return see_other(f"{SELL}/{order_id}")


def _shown_total(data: Mapping[str, str]) -> int | None:
    """What the page showed, in minor units; it shows none before something is in the basket."""
    text = data.get("total", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_TOTAL_DIGITS else None


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


class SellPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/sell.html"

    sale_id: UUID
    lines: list[SaleLine]
    choices: list[ItemView]
    total_minor: int
    totals: list[tuple[str, str]]
    """where reductions or taxes change the sum"""
    units: int
    errors: FieldTexts
    problem: str | None
    ended: bool
    """the basket was sold already"""
    code: str
    member_code: str
    voucher: str
    voucher_answer: str
    gift_card: str
    gift_card_problem: str
    by_card: int
    """what it pays, in minor units"""
    due: str
    paid_by: str
    reference: str
    refused: str
    """those of the voucher's codes that were tried and are none"""
    most: int


async def _page(
    ctx: CounterContext,
    sale: OpenSale,
    *,
    error: UnwallError | None = None,
    beep: str = "",
    data: Mapping[str, str] | None = None,
    choices: Sequence[VariantItem] = (),
) -> Response[str]:
    kept = data or {}
    async with ctx.confined() as conn:
        known = await catalogue.items(conn, sale.basket, ctx.lang)
        member_id: UUID | None = None
        try:
            member_id = await member_of_code(conn, ctx.staff.merchant_id, kept.get("member_code", ""))
        except Invalid as unknown:
            error = error or unknown
        till = Till(ctx.node.id, member_id, sale.vouchers.codes, segments_of_buyers)
        basket = {variant: count for variant, count in sale.basket.items() if variant in known}
        priced = await quoted_basket(conn, ctx.staff.merchant_id, till, basket, now()) if basket else None
    rows = quote_rows(priced.quote, N_("Total"), ctx.lang) if priced else []
    sums = card_totals(ctx, sale.gift_card, priced.quote, rows) if priced else CardTotals([], 0, "")
    error = None if sale.gift_card.problem and isinstance(error, CreditChanged) else error
    errors = ctx.field_errors(error)
    lines = [_line(known[i], n, ctx, errors, kept) for i, n in sale.basket.items() if i in known]
    return ctx.page(
        SellPage(
            title=ctx.words(N_("Sell")),
            sale_id=sale.id,
            lines=lines,
            choices=[item_view(item, ctx.lang) for item in choices],
            total_minor=priced.quote.total if priced else 0,
            totals=sums.rows if len(sums.rows) > 2 else [],
            units=sum(sale.basket.values()),
            errors=errors,
            problem=ctx.problem(error),
            ended=isinstance(error, SaleDone),
            code=kept.get("code", ""),
            member_code=kept.get("member_code", ""),
            voucher=kept.get("voucher", ""),
            voucher_answer=_voucher_words(sale.vouchers, priced, ctx),
            gift_card=sale.gift_card.code,
            gift_card_problem=sale.gift_card.problem,
            by_card=sums.by_card,
            due=sums.due,
            paid_by=kept.get("paid_by", TillMethod.CASH),
            reference=kept.get("reference", ""),
            refused=" ".join(sale.vouchers.refused),
            most=MAX_UNITS_PER_LINE,
        ),
        error=error,
        beep=beep,
    )


def _voucher_words(vouchers: Vouchers, priced: PricedOrder | None, ctx: CounterContext) -> str:
    """Why a code does not count."""
    words = [ctx.words(WHY_REFUSED[PriceRefusal.UNKNOWN], code=code) for code in vouchers.refused]
    refused = [one for one in priced.quote.codes if one.refusal] if priced else []
    words += [code_words(one, priced.quote.currency, ctx.lang) for one in refused] if priced else []
    return " ".join([*words, vouchers.problem]).strip()


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


# --- the receipt ------------------------------------------------------------------------------------------------------


class ReceiptPage(CounterPage, frozen=True, kw_only=True):
    TEMPLATE = "counter/receipt.html"

    order: Order
    lines: list[ReceiptLine]
    total: str
    totals: list[tuple[str, str]]
    taxes: str


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
        ReceiptPage(
            title=order.number,
            order=order,
            lines=lines,
            total=Money(order.total, order.currency).text(locale),
            totals=quote_rows(order.quote, N_("Total"), ctx.lang) if order.quote else [],
            taxes=included_taxes(order.quote, ctx.lang),
        )
    )


def _sold_here(ctx: CounterContext, order: Order) -> bool:
    return order.channel is Channel.COUNTER and all(reaches(ctx.staff, node) for node in order.promise.node_ids)


HANDLERS: list[Any] = [sell_page, sell, receipt]
