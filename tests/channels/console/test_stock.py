"""Stock and the places that hold it."""

import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form
from tests.commerce.market import sound
from tests.html import every, row_of, texts, values
from unwall.channels.console import listing
from unwall.kernel.ids import new_id

NODE_FORM = 'name="opening_hours"'


def cell(site: ConsoleSite) -> str:
    return f"/console/stock/{site.market.tea}/{site.market.bund}"


async def level(site: ConsoleSite) -> tuple[int, int, int]:
    """(on hand, available, safety stock) of the tea at the Bund."""
    async with site.db.read() as conn:
        found = await conn.fetchrow(
            "SELECT on_hand, available, safety_stock FROM stock_level WHERE variant_id = $1 AND node_id = $2",
            site.market.tea,
            site.market.bund,
        )
    return tuple(found)


async def opened(site: ConsoleSite) -> dict[str, str]:
    """The fields of the form for the safety stock, with their version."""
    return form((await site.get(cell(site))).text, 'id="f-safety"')


async def test_the_grid_leads_to_each_level(site: ConsoleSite) -> None:
    page = (await site.get("/console/stock?q=longjing")).text
    nodes = values(page, "th[scope=col].num[title]", "title")
    assert nodes == ["Hangzhou West Lake", "Shanghai Bund", "Suzhou warehouse"]
    assert values(page, "td.num a", "aria-label") == [f"Longjing, {n}: 10" for n in nodes]
    assert f'href="{cell(site)}"' in page


async def test_the_grid_marks_what_is_out_and_what_only_safety_stock_holds(site: ConsoleSite) -> None:
    await site.post(cell(site), await opened(site) | {"do": "safety", "quantity": "10"})
    west = f"/console/stock/{site.market.tea}/{site.market.west_lake}"
    await site.post(west, {"do": "correct", "quantity": "-10", "reason": "damage", "cause": str(new_id())})
    page = (await site.get("/console/stock?q=longjing")).text
    marks = [set((td.attributes["class"] or "").split()) - {"num"} for td in every(page, "td.num:has(a)")]
    assert marks == [{"out"}, {"low"}, set()]


async def test_one_products_stock(site: ConsoleSite) -> None:
    page = (await site.get(f"/console/stock?product={site.market.scarf}")).text
    assert "SCARF-RED" in page
    assert "TEA" not in page


async def test_the_grid_as_a_file(site: ConsoleSite) -> None:
    lines = (await site.get("/console/stock.csv?q=longjing")).text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "sku,title,options,shop or warehouse,available,on hand,held,allocated,safety stock"
    assert sorted(lines[1:]) == [f"TEA,Longjing,,{code},10,10,0,0,0" for code in ("HZ01", "SH01", "SU01")]


async def test_an_arrival_is_booked_once_however_often_it_is_sent(site: ConsoleSite) -> None:
    fields = form((await site.get(cell(site))).text, 'value="receive"') | {"do": "receive", "quantity": "5"}
    for _ in range(2):
        answer = await site.post(cell(site), fields)
        assert (answer.status_code, answer.headers["location"]) == (303, cell(site))
    assert await level(site) == (15, 15, 0)
    page = (await site.get(cell(site))).text
    assert "owner@liu-yun.example" in page
    assert "The receipt is booked." in page
    await sound(site.db)


@pytest.mark.parametrize(
    ("reason", "delta", "left"), [("damage", "-3", 7), ("count", "2", 12), ("adjustment", "-10", 0)]
)
async def test_a_correction_moves_the_level_by_its_reason(
    site: ConsoleSite, reason: str, delta: str, left: int
) -> None:
    fields = form((await site.get(cell(site))).text, 'value="correct"')
    await site.post(cell(site), fields | {"do": "correct", "quantity": delta, "reason": reason})
    assert await level(site) == (left, left, 0)
    assert await site.value("SELECT actor FROM stock_ledger WHERE reason = $1", reason) == "staff:owner@liu-yun.example"
    await sound(site.db)


async def test_safety_stock_is_kept_back(site: ConsoleSite) -> None:
    await site.post(cell(site), await opened(site) | {"do": "safety", "quantity": "4"})
    assert await level(site) == (10, 6, 4)


ELSEWHERE = "This reason is not allowed here."
ONLY_TEN = "Only 10 are available."
WRONG = [
    ({"do": "receive", "quantity": "0"}, 422, "f-receive", "Enter a quantity from 1 to 1,000,000."),
    ({"do": "receive", "quantity": "some"}, 422, "f-receive", "Write a whole number."),
    ({"do": "receive", "quantity": ""}, 422, "f-receive", "Write a whole number."),
    ({"do": "receive", "quantity": "1", "reason": "damage"}, 422, "f-receive-reason", ELSEWHERE),
    ({"do": "receive", "quantity": "1", "reason": "theft"}, 422, "f-receive-reason", "Choose a reason."),
    ({"do": "correct", "quantity": "-11", "reason": "count"}, 409, "f-correct", ONLY_TEN),
    ({"do": "correct", "quantity": "0", "reason": "count"}, 422, "f-correct", "Enter a quantity from 1 to 1,000,000."),
    ({"do": "safety", "quantity": "-1"}, 422, "f-safety", "Enter a number from 0 to 1,000,000."),
]


@pytest.mark.parametrize(("body", "status", "field", "message"), WRONG)
async def test_a_wrong_number_is_named_beside_its_form_and_nothing_moves(
    site: ConsoleSite, body: dict[str, str], status: int, field: str, message: str
) -> None:
    fields = await opened(site) | {"cause": str(new_id()), "reason": "receipt"}
    answer = await site.post(cell(site), fields | body)
    assert answer.status_code == status
    assert errors(answer.text) == {field: message}
    assert f'value="{body["quantity"]}"' in answer.text
    assert await level(site) == (10, 10, 0)


async def test_a_form_without_its_cause_books_nothing(site: ConsoleSite) -> None:
    answer = await site.post(cell(site), {"do": "receive", "quantity": "3", "reason": "receipt"})
    assert answer.status_code == 404
    assert await level(site) == (10, 10, 0)


async def test_the_audit_says_that_the_books_agree(site: ConsoleSite) -> None:
    assert "The stock adds up" in (await site.get("/console/stock/audit")).text


async def test_the_audit_names_what_does_not_agree(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        await conn.execute(
            "UPDATE stock_level SET on_hand = 12 WHERE variant_id = $1 AND node_id = $2",
            site.market.tea,
            site.market.bund,
        )
    page = (await site.get("/console/stock/audit")).text
    assert "The stock does not add up" in page
    assert row_of(page, "Longjing") == ["Shanghai Bund", "on_hand", "10", "12", "–"]


# --- places -----------------------------------------------------------------------------------------------------------


async def test_places_are_listed_with_a_map(site: ConsoleSite) -> None:
    page = (await site.get("/console/nodes")).text
    assert texts(page, "main a[href^='/console/nodes/']:not([href$='/new'])") == [
        "Hangzhou West Lake",
        "Shanghai Bund",
        "Suzhou warehouse",
    ]
    assert '"kind":"scatter"' in page


async def test_a_place_is_made_once(site: ConsoleSite) -> None:
    fields = form((await site.get("/console/nodes/new")).text, NODE_FORM)
    fields |= {
        "code": "NJ01",
        "name": "Nanjing",
        "city": "Nanjing",
        "address": "2 Gate Road",
        "latitude": "32.06",
        "longitude": "118.79",
        "pick_cost": "1.50",
        "translations.zh.name": "南京",
        "kind": "warehouse",
    }
    del fields["pickup"]
    for _ in range(2):
        assert (await site.post("/console/nodes/new", fields)).headers["location"] == "/console/nodes"
    async with site.db.read() as conn:
        [made] = await conn.fetch(
            "SELECT kind, pick_cost, pickup, ships, open, translations FROM node WHERE code = 'NJ01'"
        )
    assert tuple(made) == ("warehouse", 150, False, True, True, {"zh": {"name": "南京"}})


async def test_saving_what_was_opened_changes_nothing(site: ConsoleSite) -> None:
    url = f"/console/nodes/{site.market.bund}"
    before = await site.value("SELECT to_jsonb(node) FROM node WHERE id = $1", site.market.bund)
    assert (await site.post(url, form((await site.get(url)).text, NODE_FORM))).status_code == 303
    assert await site.value("SELECT to_jsonb(node) FROM node WHERE id = $1", site.market.bund) == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "Give a name."),
        ({"code": "HZ01"}, "Another node has this code."),
        ({"latitude": "91"}, "From -90 to 90."),
        ({"longitude": "east"}, "Write degrees, such as 30.25."),
        ({"timezone": "Moon/Base"}, "Give a time zone such as Asia/Shanghai."),
        ({"opening_hours": "always-ish"}, 'Write hours such as "Mo-Su 10:00-22:00".'),
        ({"pick_minutes": "0"}, "At least one minute."),
        ({"pick_cost": "1.234"}, "The currency has fewer digits after the point."),
        ({"kind": "cave"}, "Choose one of the kinds."),
        ({"latitude": "nan"}, "From -90 to 90."),
    ],
)
async def test_a_wrong_field_of_a_place_is_named(site: ConsoleSite, wrong: dict[str, str], message: str) -> None:
    url = f"/console/nodes/{site.market.bund}"
    before = await site.value("SELECT to_jsonb(node) FROM node WHERE id = $1", site.market.bund)
    answer = await site.post(url, form((await site.get(url)).text, NODE_FORM) | {"address": "9 Kept Road"} | wrong)
    assert answer.status_code == 422
    assert errors(answer.text) == {f"f-{next(iter(wrong))}": message}
    assert "9 Kept Road" in answer.text
    assert await site.value("SELECT to_jsonb(node) FROM node WHERE id = $1", site.market.bund) == before


async def test_a_place_under_a_rivals_id_is_not_made(site: ConsoleSite) -> None:
    fields = form((await site.get(f"/console/nodes/{site.market.bund}")).text, NODE_FORM)
    before = await site.counts()
    answer = await site.post("/console/nodes/new", fields | {"id": str(site.rival.node), "code": "X1"})
    assert answer.status_code == 404
    assert await site.counts() == before
    assert await site.value("SELECT name FROM node WHERE id = $1", site.rival.node) == "Secret shop"


async def test_a_shop_is_located_by_its_town_and_nobody_types_degrees(site: ConsoleSite) -> None:
    fields = form((await site.get("/console/nodes/new")).text, NODE_FORM)
    assert (fields["latitude"], fields["longitude"], fields["timezone"], fields["country"]) == ("", "", "", "CN")
    fields |= {"code": "LS01", "name": "Lhasa", "city": "拉萨", "address": "1 Gate Road"}
    assert (await site.post("/console/nodes/new", fields)).status_code == 303
    where = "SELECT (country, latitude, longitude, timezone)::text FROM node WHERE code = $1"
    assert await site.value(where, "LS01") == "(CN,29.65,91.1,Asia/Shanghai)"
    # in another country, with its time zone
    fields |= {"id": str(new_id()), "code": "LE01", "city": "Leipzig", "country": "DE"}
    assert (await site.post("/console/nodes/new", fields)).status_code == 303
    assert await site.value(where, "LE01") == "(DE,51.34,12.371,Europe/Berlin)"
    # a town that nobody knows needs its position
    fields |= {"id": str(new_id()), "code": "XX01", "city": "Nowhereton"}
    answer = await site.post("/console/nodes/new", fields)
    assert answer.status_code == 422
    unknown = "This town is not known. Write a larger one near it, or the exact position below."
    assert errors(answer.text) == {"f-city": unknown}
    assert await site.value(where, "XX01") is None


async def test_a_shop_that_moves_does_not_keep_its_position(site: ConsoleSite) -> None:
    url = f"/console/nodes/{site.market.bund}"
    fields = form((await site.get(url)).text, NODE_FORM)
    assert (
        await site.post(url, fields | {"city": "Hangzhou", "country": "CN", "district": "西湖区"})
    ).status_code == 303
    found = await site.value("SELECT (latitude, longitude)::text FROM node WHERE id = $1", site.market.bund)
    assert found == "(30.242,120.119)"


# --- delivery prices --------------------------------------------------------------------------------------------------

PRICES = 'name="ship.fee"'


async def test_delivery_prices_begin_with_the_usual_and_are_the_stores_own_once_saved(site: ConsoleSite) -> None:
    fields = form((await site.get("/console/delivery")).text, PRICES)
    assert (fields["ship.fee"], fields["courier.fee_per_km"], fields["ship.free_from"]) == ("10.00", "2.00", "")
    before = await site.value("SELECT count(*) FROM delivery_price")
    wrong = await site.post("/console/delivery", fields | {"ship.fee": "ten", "courier.fee": ""})
    assert wrong.status_code == 422
    assert set(errors(wrong.text)) == {"f-ship-fee", "f-courier-fee"}
    assert 'value="ten"' in wrong.text
    assert await site.value("SELECT count(*) FROM delivery_price") == before == 0
    fields |= {"ship.fee": "8.50", "ship.free_from": "200"}
    del fields["courier.offered"]
    assert (await site.post("/console/delivery", fields)).headers["location"] == "/console/delivery"
    async with site.db.read() as conn:
        saved = await conn.fetch("SELECT method, offered, fee, free_from FROM delivery_price ORDER BY method DESC")
    assert [tuple(row) for row in saved] == [
        ("ship", True, 850, 20000),
        ("pickup", True, 0, None),
        ("courier", False, 1200, None),
    ]
    again = form((await site.get("/console/delivery")).text, PRICES)
    assert (again["ship.fee"], again["ship.free_from"], "courier.offered" in again) == ("8.50", "200.00", False)


async def skus(site: ConsoleSite, query: str) -> list[str]:
    return texts((await site.get(f"/console/stock?{query}")).text, "tbody th small")


async def test_the_stock_is_filtered_by_place_and_by_what_has_run_out(site: ConsoleSite) -> None:
    west = f"/console/stock/{site.market.tea}/{site.market.west_lake}"
    await site.post(west, {"do": "correct", "quantity": "-10", "reason": "damage", "cause": str(new_id())})
    assert await skus(site, "short=1") == ["TEA"]
    assert await skus(site, f"short=1&node={site.market.west_lake}") == ["TEA"]
    assert await skus(site, f"short=1&node={site.market.bund}") == []
    page = (await site.get(f"/console/stock?q=longjing&node={site.market.bund}")).text
    assert values(page, "td.num a", "aria-label") == ["Longjing, Shanghai Bund: 10"]
    assert await skus(site, "category=nothing") == []


async def test_the_stock_is_paged_by_variants(site: ConsoleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await skus(site, "")
    assert sorted(whole) == ["SCARF-BLUE", "SCARF-RED", "TEA"]
    monkeypatch.setattr(listing, "ROWS", 1)
    seen, url = [], "/console/stock"
    while url:
        page = (await site.get(url)).text
        seen += texts(page, "tbody th small")
        url = next(iter(values(page, ".more-row a", "href")), "")
    assert seen == whole
