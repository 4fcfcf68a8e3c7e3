"""What delivery costs customers, and what a parcel costs the store."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.stock.zones import ZONES, areas_of
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.sourcing import actions, reads
from unwall.commerce.sourcing.rates import PRICED, START_CURRENCIES, rates_of
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice, DeliveryZone, Rates
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.money import Money, parse_money
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/delivery"
NAMES = {
    DeliveryMethod.SHIP: N_("By post"),
    DeliveryMethod.COURIER: N_("Courier"),
    DeliveryMethod.PICKUP: N_("Collected at a shop"),
}
AMOUNTS = ("fee", "fee_per_km", "free_from", "cost", "cost_per_100_km")


class PriceForm(msgspec.Struct, frozen=True):
    """A method's prices as they are written in the form."""

    method: str
    name: str
    offered: bool
    amounts: dict[str, str]


@get(PATH, permission=Permission.STOCK, include_in_schema=False)
async def delivery(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        own = await reads.delivery_prices(conn, ctx.merchant_id)
        zones = await reads.delivery_zones(conn, ctx.merchant_id)
    rates = rates_of(ctx.merchant.currency, own)
    forms = [_form(ctx, price, priced=bool(own) or price.offered) for price in _prices(rates)]
    return _page(ctx, forms, version_of(_by_method(_prices(rates))), suggested=not own, zones=zones)


def _prices(rates: Rates) -> list[DeliveryPrice]:
    return [rates.ship, rates.courier, rates.pickup]


def _by_method(prices: Sequence[DeliveryPrice]) -> dict[str, object]:
    return {price.method: price for price in prices}


def _form(ctx: ConsoleContext, price: DeliveryPrice, *, priced: bool) -> PriceForm:
    def written(field: str) -> str:
        amount = getattr(price, field)
        return "" if amount is None or not priced else str(Money(amount, ctx.merchant.currency).decimal())

    amounts = {field: written(field) for field in AMOUNTS}
    return PriceForm(price.method, ctx.words(NAMES[price.method]), price.offered, amounts)


class DeliveryPricesPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/delivery.html"

    errors: FieldTexts
    forms: list[PriceForm]
    suggested: bool
    """nothing is saved yet: these are the start prices of the currency"""
    zones: list[tuple[str, str, str]]
    """Their titles, where they are, and their pages."""


def _page(
    ctx: ConsoleContext,
    forms: list[PriceForm],
    version: str,
    error: Invalid | ChangedMeanwhile | None = None,
    *,
    suggested: bool = False,
    zones: Sequence[DeliveryZone] = (),
) -> Response[str]:
    return ctx.page(
        DeliveryPricesPage(
            title=ctx.words(N_("Delivery prices")),
            version=version,
            errors=ctx.field_errors(error),
            forms=forms,
            suggested=suggested and ctx.merchant.currency in START_CURRENCIES,
            zones=[(zone.title, areas_of(zone), f"{ZONES}/{zone.id}") for zone in zones],
        ),
        error=error,
    )


@post(PATH, permission=Permission.STOCK, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    prices = [_read(form, method, ctx.merchant.currency) for method in PRICED]
    try:
        form.check()
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            rates = rates_of(ctx.merchant.currency, await reads.delivery_prices(conn, ctx.merchant_id))
            check_version(form.text(FIELD), _by_method(_prices(rates)), _by_method(prices))
            await actions.save_delivery_prices(conn, ctx.merchant_id, prices)
    except (Invalid, ChangedMeanwhile) as error:
        return _page(ctx, [_as_written(ctx, form, method) for method in PRICED], form.text(FIELD), error)
    ctx.flash(ctx.words(N_("The delivery prices are saved.")))
    return see_other(PATH)


def _read(form: SubmittedForm, method: DeliveryMethod, currency: str) -> DeliveryPrice:
    """Of what is not offered the amounts may stay empty."""
    offered = form.has(f"{method}.offered")
    amounts: dict[str, int] = {}
    for field in AMOUNTS:
        name = f"{method}.{field}"
        if form.text(name) or (field == "fee" and offered):
            parse = partial(parse_money, currency=currency, field=name)
            amounts[field] = form.read(name, parse, Money(0, currency)).amount
    return replace(DeliveryPrice(method, offered), **amounts)


def _as_written(ctx: ConsoleContext, form: SubmittedForm, method: DeliveryMethod) -> PriceForm:
    amounts = {field: form.text(f"{method}.{field}") for field in AMOUNTS}
    return PriceForm(method, ctx.words(NAMES[method]), form.has(f"{method}.offered"), amounts)


HANDLERS: list[Any] = [delivery, save]
