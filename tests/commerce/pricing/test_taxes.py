"""What a merchant sets of its taxes, and the rates that come with the program."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import pytest

from tests.commerce.market import ANN, NOW, checkout_of, fill_cart, open_market, visitor
from tests.waiting import until
from unwall.commerce.pricing import actions, reads
from unwall.commerce.pricing.known_rates import known_rates, per_cent_of
from unwall.commerce.pricing.tax_rules import TaxChoices, TaxCustomer, TaxNumber, check_rates, parse_per_cent
from unwall.commerce.pricing.taxes import EU
from unwall.commerce.pricing.values import Rounding, TaxRate, TaxSettings, Treatment
from unwall.commerce.sourcing.actions import save_delivery_zones
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, DeliveryZone
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


def test_m22_the_rates_of_china_the_eu_and_the_united_kingdom_come_with_their_date():
    known = known_rates()
    assert set(known) == EU | {"GB", "CN"}
    assert [(rate.tax_class, per_cent_of(rate.millionths)) for rate in known["CN"].rates] == [
        ("", "13"),
        ("reduced", "9"),
        ("reduced-2", "6"),
        ("zero", "0"),
    ]
    assert known["GB"].as_of == date(2026, 9, 29)
    standards = {country: [r.millionths for r in one.rates if r.tax_class == ""] for country, one in known.items()}
    assert all(len(rates) == 1 for rates in standards.values())
    assert (standards["FI"], standards["HU"], standards["LU"]) == ([255_000], [270_000], [170_000])
    for country, one in known.items():
        check_rates(country, one.rates)


@pytest.mark.parametrize(
    ("text", "millionths"), [("19", 190_000), ("8.875", 88_750), (" 25.5 % ", 255_000), ("0", 0), ("100", 1_000_000)]
)
def test_a_percentage_is_read_exactly(text, millionths):
    assert parse_per_cent(text, field="rate") == millionths


@pytest.mark.parametrize("text", ["", "nineteen", "-1", "100.0001", "101", "1.23456", "1e2"])
def test_a_wrong_percentage_names_its_field(text):
    with pytest.raises(Invalid) as caught:
        parse_per_cent(text, field="rates.2.millionths")
    assert list(caught.value.by_field()) == ["rates.2.millionths"]


async def _rates(conn: Transaction, merchant: UUID, n: int) -> None:
    await actions.save_rates(conn, merchant, "CN", [TaxRate("CN", 10_000 * n)])


async def _numbers(conn: Transaction, merchant: UUID, n: int) -> None:
    settings = TaxSettings("CN", included=False, rounding=Rounding.DOCUMENT, oss=False)
    await actions.save_tax_choices(conn, merchant, TaxChoices(settings, (TaxNumber("CN", f"NUMBER-{n}"),)))


async def _zones(conn: Transaction, merchant: UUID, n: int) -> None:
    await save_delivery_zones(conn, merchant, [DeliveryZone(UUID(int=n), f"Zone {n}", countries=("FR",))])


@pytest.mark.parametrize(
    ("save", "stored"),
    [
        (_rates, "SELECT array_agg(millionths / 10000) FROM tax_rate"),
        (_numbers, "SELECT array_agg(right(number, 1)::int) FROM tax_number"),
        (_zones, "SELECT array_agg(right(title, 1)::int) FROM delivery_zone"),
    ],
)
async def test_of_two_who_replace_all_at_once_the_second_is_what_is_kept(
    db, save: Callable[[Transaction, UUID, int], Awaitable[None]], stored: str
):
    """Neither fails, and nothing of both is left."""
    merchant = (await open_market(db)).merchant

    async def second() -> None:
        async with db.confined(merchant) as conn:
            await save(conn, merchant, 2)

    async def waits() -> bool:
        async with db.read() as conn:
            return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

    async with db.confined(merchant) as conn:
        await save(conn, merchant, 1)
        saving = asyncio.create_task(second())
        await until(waits)
    await saving
    async with db.read() as conn:
        assert await conn.fetchval(stored) == [2]


async def test_taxes_are_saved_whole_or_not_at_all(db):
    market = await open_market(db)
    chosen = TaxChoices(
        TaxSettings("CN", included=False, rounding=Rounding.DOCUMENT, oss=False, delivery_class="reduced"),
        (TaxNumber("CN", "91330100MA27X1"),),
    )
    rates = [TaxRate("CN", 130_000), TaxRate("CN", 90_000, tax_class="reduced")]
    async with db.confined(market.merchant) as conn:
        await actions.save_tax_choices(conn, market.merchant, chosen)
        await actions.save_rates(conn, market.merchant, "CN", rates)
    wrong = TaxChoices(TaxSettings("XX", delivery_class="No!"), (TaxNumber("CN", "1"), TaxNumber("CN", "2")))
    async with db.confined(market.merchant) as conn:
        with pytest.raises(Invalid) as caught:
            await actions.save_tax_choices(conn, market.merchant, wrong)
        assert set(caught.value.by_field()) == {"country", "delivery_class", "numbers.1.country"}
        with pytest.raises(Invalid) as caught:
            await actions.save_rates(
                conn, market.merchant, "CN", [TaxRate("CN", 1), TaxRate("CN", 2), TaxRate("CN", -1, "", "", "NO")]
            )
        assert set(caught.value.by_field()) == {
            "rates.1.name",
            "rates.2.name",
            "rates.2.millionths",
            "rates.2.tax_class",
        }
        book = await reads.tax_book(conn, market.merchant)
    assert (book.settings, tuple(book.numbers), book.rates) == (chosen.settings, chosen.numbers, rates)
    async with db.confined(market.merchant) as conn:
        await actions.stop_taxing(conn, market.merchant)
    async with db.read() as conn:
        pricing = (await reads.store_pricing(conn, [market.merchant]))[market.merchant]
    assert (pricing.store.taxes, pricing.store.rates) == (TaxSettings(), ())


async def test_m21_an_exempt_customer_pays_no_tax_and_another_does(db):
    market, checkout, member = await open_market(db), checkout_of(db), new_id()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, email, name) VALUES ($1, 'club@example.org', 'Club')", member)
        await conn.execute("INSERT INTO member_code VALUES ($1, 'C-77', $2)", market.merchant, member)
    async with db.confined(market.merchant) as conn:
        await actions.save_tax_choices(conn, market.merchant, TaxChoices(TaxSettings("CN")))
        await actions.save_rates(conn, market.merchant, "CN", known_rates()["CN"].rates)
        with pytest.raises(Invalid, match="code"):
            await actions.save_tax_customer(conn, market.merchant, TaxCustomer("C-78", exempt=True))
        await actions.save_tax_customer(conn, market.merchant, TaxCustomer("C-77", exempt=True))
        assert (await reads.tax_book(conn, market.merchant)).customers == [TaxCustomer("C-77", exempt=True)]
    totals = []
    for member_id in (member, None):
        visit = visitor()
        visit = type(visit)(visit.visitor_id, visit.session_id, member_id, visit.lang, visit.place)
        cart = await fill_cart(db, visit, (market.red, 1))
        order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
        totals.append((order.quote.treatment, order.tax_total, order.total))
    # 288.00 and 10.00 of post, with and without 13 %
    assert totals == [(Treatment.EXEMPT, 0, 25_487 + 885), (Treatment.DOMESTIC, 3313 + 115, 29_800)]
    async with db.confined(market.merchant) as conn:
        await actions.save_tax_customer(conn, market.merchant, TaxCustomer("C-77"))
        assert (await reads.tax_book(conn, market.merchant)).customers == []
