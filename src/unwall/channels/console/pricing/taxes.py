"""How a store charges tax, at which rates, and which customers are charged none."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post

from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.commerce.pricing import actions, reads
from unwall.commerce.pricing.known_rates import known_rates, per_cent_of
from unwall.commerce.pricing.reads import TaxBook
from unwall.commerce.pricing.tax_rules import TaxChoices, TaxCustomer, TaxNumber, parse_per_cent
from unwall.commerce.pricing.values import Rounding, TaxRate, TaxSettings
from unwall.kernel.addresses import countries, country_name, known_country
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/taxes"
RATES = f"{PATH}/rates"
SPARE_NUMBERS, SPARE_RATES = 1, 2
"""Empty rows that a form offers."""
AS_GOODS = "as-goods"
NO_COUNTRY = N_("There is no such country.")


class CountryRow(msgspec.Struct, frozen=True):
    name: str
    url: str
    rates: str


class TaxesPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/taxes.html"

    doing: str
    errors: FieldTexts
    taxed: bool
    kept: FieldTexts
    numbers: list[dict[str, str]]
    countries: list[Option]
    rounding: list[Option]
    including: list[Option]
    delivery_classes: list[Option]
    taxed_countries: list[CountryRow]
    customers: list[TaxCustomer]


@get(PATH, permission=Permission.PRICES, include_in_schema=False)
async def taxes(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx)


async def _page(
    ctx: ConsoleContext,
    *,
    doing: str = "",
    data: Mapping[str, str] | None = None,
    error: Invalid | ChangedMeanwhile | None = None,
) -> Response[str]:
    """`data`: what was typed, where it is shown again."""
    async with ctx.confined() as conn:
        book = await reads.tax_book(conn, ctx.merchant_id)
    stored = _fields_of(ctx, book)
    kept = FieldTexts(stored | dict(data or {}))
    settings_again = doing == "settings" and data is not None
    numbers = _typed_numbers(data or {}) if settings_again else [msgspec.structs.asdict(one) for one in book.numbers]
    return ctx.page(
        TaxesPage(
            title=ctx.words(N_("Taxes")),
            version=(data or {}).get(FIELD, "") if settings_again else version_of(_versioned(book)),
            doing=doing,
            errors=ctx.field_errors(error),
            taxed="taxed" in (data or {}) if settings_again else book.settings is not None,
            kept=kept,
            numbers=numbers + [{"country": "", "number": ""}] * SPARE_NUMBERS,
            countries=_country_options(ctx),
            including=[
                Option("1", ctx.words(N_("Prices include tax"))),
                Option("0", ctx.words(N_("Tax is added at the checkout"))),
            ],
            rounding=[
                Option(Rounding.LINE, ctx.words(N_("For each line"))),
                Option(Rounding.DOCUMENT, ctx.words(N_("Once for the whole order"))),
            ],
            delivery_classes=[
                Option(AS_GOODS, ctx.words(N_("As the goods that are delivered"))),
                Option("", ctx.words(N_("Standard"))),
                *(Option(name, name) for name in classes_of(book.rates) if name),
            ],
            taxed_countries=_country_rows(ctx, book.rates),
            customers=book.customers,
        ),
        error=error,
    )


def classes_of(rates: Sequence[TaxRate]) -> list[str]:
    """Every tax class that has a rate, the standard one among them."""
    return sorted({rate.tax_class for rate in rates})


def _fields_of(ctx: ConsoleContext, book: TaxBook) -> dict[str, str]:
    settings = book.settings or TaxSettings(ctx.merchant.home_country)
    return {
        "country": settings.country,
        "region": settings.region,
        "included": "1" if settings.included else "0",
        "rounding": settings.rounding,
        "oss": "1" if settings.oss else "",
        "delivery_class": AS_GOODS if settings.delivery_class is None else settings.delivery_class,
    }


def _versioned(book: TaxBook) -> dict[str, object]:
    return {"settings": book.settings, "numbers": book.numbers}


def _country_options(ctx: ConsoleContext) -> list[Option]:
    return [Option("", ctx.words(N_("Choose the country")))] + [Option(*one) for one in countries(ctx.lang)]


def _country_rows(ctx: ConsoleContext, rates: Sequence[TaxRate]) -> list[CountryRow]:
    taxed = dict.fromkeys(rate.country for rate in rates)
    return [
        CountryRow(
            country_name(country, ctx.lang),
            f"{RATES}/{country}",
            ", ".join(f"{per_cent_of(rate.millionths)} %" for rate in rates if rate.country == country),
        )
        for country in taxed
    ]


def _typed_numbers(data: Mapping[str, str]) -> list[dict[str, str]]:
    form = SubmittedForm(data, [])
    return [
        {"country": form.text(f"numbers.{n}.country"), "number": form.text(f"numbers.{n}.number")}
        for n in form.parts("numbers")
        if form.text(f"numbers.{n}.number")
    ]


@post(PATH, permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save_settings(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    numbers = tuple(TaxNumber(one["country"].upper(), one["number"]) for one in _typed_numbers(data))
    choices = TaxChoices(_settings_in(form), numbers)
    try:
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            book = await reads.tax_book(conn, ctx.merchant_id)
            typed: dict[str, object] = {"settings": choices.settings if form.has("taxed") else None, "numbers": numbers}
            check_version(form.text(FIELD), _versioned(book), typed)
            if form.has("taxed"):
                await actions.save_tax_choices(conn, ctx.merchant_id, choices)
            else:
                await actions.stop_taxing(conn, ctx.merchant_id)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, doing="settings", data=data, error=error)
    ctx.flash(ctx.words(N_("The taxes are saved.")))
    return see_other(PATH)


def _settings_in(form: SubmittedForm) -> TaxSettings:
    wanted = form.text("delivery_class")
    return TaxSettings(
        form.text("country").upper(),
        form.text("region"),
        form.text("included") != "0",
        Rounding.DOCUMENT if form.text("rounding") == Rounding.DOCUMENT else Rounding.LINE,
        form.has("oss"),
        None if wanted == AS_GOODS else wanted,
    )


@post(f"{PATH}/customers", permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save_customer(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    customer = TaxCustomer(data.get("code", ""), "exempt" in data, data.get("tax_number", ""))
    try:
        async with ctx.confined() as conn:
            await actions.save_tax_customer(conn, ctx.merchant_id, customer)
    except Invalid as error:
        return await _page(ctx, doing="customer", data=data, error=error)
    ctx.flash(ctx.words(N_("The customer's taxes are saved.")))
    return see_other(PATH)


# --- the rates of a country -------------------------------------------------------------------------------------------


class RatesPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/tax_rates.html"

    country: str
    errors: FieldTexts
    rows: list[dict[str, str]]
    as_of: str
    """when the rates that the form suggests were read; empty where they are the store's own"""


@get(RATES, permission=Permission.PRICES, include_in_schema=False)
async def choose_country(ctx: ConsoleContext) -> Response[Any]:
    country = ctx.query.get("country", "").upper()
    return see_other(f"{RATES}/{country}" if known_country(country) else PATH)


@get(f"{RATES}/{{country:str}}", permission=Permission.PRICES, include_in_schema=False)
async def rates(ctx: ConsoleContext, country: str) -> Response[str]:
    """Of a country that has none yet, those that come with the program are suggested; they count once saved."""
    _check_country(country)
    async with ctx.confined() as conn:
        own = _of(country, await reads.tax_book(conn, ctx.merchant_id))
    known = known_rates().get(country)
    shown = own or (known.rates if known else ())
    as_of = known.as_of.isoformat() if known and not own else ""
    return _rates_page(ctx, country, [_row(rate) for rate in shown], version_of({"rates": own}), as_of=as_of)


def _check_country(country: str) -> None:
    if not known_country(country):
        raise NotFound(NO_COUNTRY)


def _of(country: str, book: TaxBook) -> list[TaxRate]:
    return [rate for rate in book.rates if rate.country == country]


def _row(rate: TaxRate) -> dict[str, str]:
    return {
        "name": rate.name,
        "region": rate.region,
        "tax_class": rate.tax_class,
        "millionths": per_cent_of(rate.millionths),
    }


def _rates_page(
    ctx: ConsoleContext,
    country: str,
    rows: list[dict[str, str]],
    version: str,
    *,
    as_of: str = "",
    error: Invalid | ChangedMeanwhile | None = None,
) -> Response[str]:
    empty = {"name": "", "region": "", "tax_class": "", "millionths": ""}
    return ctx.page(
        RatesPage(
            title=ctx.words(N_("Tax rates: {country}"), country=country_name(country, ctx.lang)),
            version=version,
            country=country,
            errors=ctx.field_errors(error),
            rows=rows + [empty] * SPARE_RATES,
            as_of=as_of,
        ),
        error=error,
    )


@post(f"{RATES}/{{country:str}}", permission=Permission.PRICES, include_in_schema=False, status_code=303)
async def save_rates(ctx: ConsoleContext, country: str, data: FormData) -> Response[Any]:
    """A row without a percentage is left out."""
    _check_country(country)
    form = SubmittedForm(data, [])
    rows = [{name: form.text(f"rates.{n}.{name}") for name in _row(TaxRate("", 0))} for n in form.parts("rates")]
    rows = [row for row in rows if row["millionths"]]
    try:
        typed = [_rate_in(form, country, n, row) for n, row in enumerate(rows)]
        form.check()
        async with ctx.confined() as conn:
            await lock_subject(conn, RATES, ctx.merchant_id)
            own = _of(country, await reads.tax_book(conn, ctx.merchant_id))
            check_version(form.text(FIELD), {"rates": own}, {"rates": typed})
            await actions.save_rates(conn, ctx.merchant_id, country, typed)
    except (Invalid, ChangedMeanwhile) as error:
        return _rates_page(ctx, country, rows, form.text(FIELD), error=error)
    ctx.flash(ctx.words(N_("The rates are saved.")))
    return see_other(PATH)


def _rate_in(form: SubmittedForm, country: str, n: int, row: Mapping[str, str]) -> TaxRate:
    try:
        millionths = parse_per_cent(row["millionths"], field=f"rates.{n}.millionths")
    except Invalid as error:
        form.errors += error.errors
        millionths = 0
    return TaxRate(country, millionths, row["name"], row["region"], row["tax_class"])


HANDLERS: list[Any] = [taxes, save_settings, save_customer, choose_country, rates, save_rates]
