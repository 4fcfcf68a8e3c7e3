"""The pages of taxes."""

from tests.channels.console.console_site import ConsoleSite, form

MARKER = 'name="taxed"'


async def test_the_suggested_rates_count_once_they_are_saved(site: ConsoleSite) -> None:
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM tax_rate") == 0
    page = (await site.get("/console/taxes/rates/GB")).text
    assert "Suggested rates" in page
    assert "2026-09-29" in page
    fields = form(page, 'name="rates.0.name"')
    assert (fields["rates.0.millionths"], fields["rates.1.millionths"], fields["rates.1.tax_class"]) == (
        "20",
        "5",
        "reduced",
    )
    wrong = await site.post("/console/taxes/rates/GB", fields | {"rates.1.millionths": "five"})
    assert wrong.status_code == 422
    assert "Write a percentage, such as 19" in wrong.text
    assert (await site.post("/console/taxes/rates/GB", fields | {"rates.1.millionths": ""})).status_code == 303
    async with site.db.read() as conn:
        saved = await conn.fetch("SELECT country, tax_class, millionths FROM tax_rate ORDER BY millionths")
    assert [tuple(one) for one in saved] == [("GB", "zero", 0), ("GB", "", 200_000)]
    assert (await site.get("/console/taxes/rates/XX")).status_code == 404


async def test_a_store_says_how_it_charges_tax(site: ConsoleSite) -> None:
    page = (await site.get("/console/taxes")).text
    assert "No tax is charged" in page
    fields = form(page, MARKER) | {"taxed": "1", "country": "GB", "included": "0", "numbers.0.country": "GB"}
    fields |= {"numbers.0.number": "gb 123 456 789", "rounding": "document"}
    wrong = await site.post("/console/taxes", fields | {"country": ""})
    assert wrong.status_code == 422
    assert "gb 123 456 789" in wrong.text
    assert (await site.post("/console/taxes", fields)).status_code == 303
    async with site.db.read() as conn:
        saved = await conn.fetchrow("SELECT country, included, rounding, oss, delivery_class FROM tax_settings")
        number = await conn.fetchrow("SELECT country, number FROM tax_number")
    assert (tuple(saved), tuple(number)) == (("GB", False, "document", False, None), ("GB", "GB123456789"))
    # and stops, when the box is cleared
    fields = form((await site.get("/console/taxes")).text, MARKER)
    assert (await site.post("/console/taxes", {k: v for k, v in fields.items() if k != "taxed"})).status_code == 303
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM tax_settings") == 0


async def test_a_customer_without_tax_is_named_by_its_number(site: ConsoleSite) -> None:
    unknown = await site.post("/console/taxes/customers", {"code": "nobody", "exempt": "1"})
    assert unknown.status_code == 422
    assert "There is no customer with this number." in unknown.text
