"""Stock and the places that hold it."""

import re

import pytest

from tests.channels.console.bureau import Bureau, errors, form
from tests.commerce.market import sound
from unwall.kernel.ids import new_id

NODE_FORM = 'name="opening_hours"'


def cell(bureau: Bureau) -> str:
    return f"/console/stock/{bureau.market.tea}/{bureau.market.bund}"


async def level(bureau: Bureau) -> tuple[int, int, int]:
    """(on hand, available, safety stock) of the tea at the Bund."""
    async with bureau.db.read() as conn:
        found = await conn.fetchrow(
            "SELECT on_hand, available, safety_stock FROM stock_level WHERE variant_id = $1 AND node_id = $2",
            bureau.market.tea,
            bureau.market.bund,
        )
    return tuple(found)


async def test_the_grid_leads_to_each_level(bureau: Bureau) -> None:
    page = (await bureau.get("/console/stock?q=longjing")).text
    nodes = re.findall(r'<th scope="col" class="num" title="([^"]+)"', page)
    assert nodes == ["Hangzhou West Lake", "Shanghai Bund", "Suzhou warehouse"]
    assert re.findall(r'<td class="num "><a href="[^"]+" aria-label="([^"]+)"', page) == [
        f"Longjing, {n}: 10" for n in nodes
    ]
    assert f'href="{cell(bureau)}"' in page


async def test_the_grid_marks_what_is_out_and_what_only_safety_stock_holds(bureau: Bureau) -> None:
    await bureau.post(cell(bureau), {"do": "safety", "quantity": "10"})
    west = f"/console/stock/{bureau.market.tea}/{bureau.market.west_lake}"
    await bureau.post(west, {"do": "correct", "quantity": "-10", "reason": "damage", "cause": str(new_id())})
    page = (await bureau.get("/console/stock?q=longjing")).text
    assert re.findall(r'<td class="num (\w*)"><a', page) == ["out", "low", ""]


async def test_one_products_stock(bureau: Bureau) -> None:
    page = (await bureau.get(f"/console/stock?product={bureau.market.scarf}")).text
    assert "SCARF-RED" in page
    assert "TEA" not in page


async def test_the_grid_as_a_file(bureau: Bureau) -> None:
    lines = (await bureau.get("/console/stock.csv?q=longjing")).text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "sku,title,options,place,available,on hand,held,allocated,safety stock"
    assert sorted(lines[1:]) == [f"TEA,Longjing,,{code},10,10,0,0,0" for code in ("HZ01", "SH01", "SU01")]


async def test_an_arrival_is_booked_once_however_often_it_is_sent(bureau: Bureau) -> None:
    fields = form((await bureau.get(cell(bureau))).text, 'value="receive"') | {"do": "receive", "quantity": "5"}
    for _ in range(2):
        answer = await bureau.post(cell(bureau), fields)
        assert (answer.status_code, answer.headers["location"]) == (303, cell(bureau))
    assert await level(bureau) == (15, 15, 0)
    page = (await bureau.get(cell(bureau))).text
    assert "owner@liu-yun.example" in page
    assert "The receipt is booked." in page
    await sound(bureau.db)


@pytest.mark.parametrize(
    ("reason", "delta", "left"), [("damage", "-3", 7), ("count", "2", 12), ("adjustment", "-10", 0)]
)
async def test_a_correction_moves_the_level_by_its_reason(bureau: Bureau, reason: str, delta: str, left: int) -> None:
    fields = form((await bureau.get(cell(bureau))).text, 'value="correct"')
    await bureau.post(cell(bureau), fields | {"do": "correct", "quantity": delta, "reason": reason})
    assert await level(bureau) == (left, left, 0)
    assert (
        await bureau.value("SELECT actor FROM stock_ledger WHERE reason = $1", reason) == "staff:owner@liu-yun.example"
    )
    await sound(bureau.db)


async def test_safety_stock_is_kept_back(bureau: Bureau) -> None:
    await bureau.post(cell(bureau), {"do": "safety", "quantity": "4"})
    assert await level(bureau) == (10, 6, 4)


ELSEWHERE = "This reason does not belong here."
ONLY_TEN = "Only 10 are there and not promised."
WRONG = [
    ({"do": "receive", "quantity": "0"}, 422, "f-receive", "At least one and at most a million."),
    ({"do": "receive", "quantity": "some"}, 422, "f-receive", "Write a whole number."),
    ({"do": "receive", "quantity": ""}, 422, "f-receive", "Write a whole number."),
    ({"do": "receive", "quantity": "1", "reason": "damage"}, 422, "f-receive-reason", ELSEWHERE),
    ({"do": "receive", "quantity": "1", "reason": "theft"}, 422, "f-receive-reason", "Choose a reason."),
    ({"do": "correct", "quantity": "-11", "reason": "count"}, 409, "f-correct", ONLY_TEN),
    ({"do": "correct", "quantity": "0", "reason": "count"}, 422, "f-correct", "At least one and at most a million."),
    ({"do": "safety", "quantity": "-1"}, 422, "f-safety", "From none to a million."),
]


@pytest.mark.parametrize(("body", "status", "field", "message"), WRONG)
async def test_a_wrong_number_is_named_beside_its_form_and_nothing_moves(
    bureau: Bureau, body: dict[str, str], status: int, field: str, message: str
) -> None:
    answer = await bureau.post(cell(bureau), {"cause": str(new_id()), "reason": "receipt"} | body)
    assert answer.status_code == status
    assert errors(answer.text) == {field: message}
    assert f'value="{body["quantity"]}"' in answer.text
    assert await level(bureau) == (10, 10, 0)


async def test_a_form_without_its_cause_books_nothing(bureau: Bureau) -> None:
    answer = await bureau.post(cell(bureau), {"do": "receive", "quantity": "3", "reason": "receipt"})
    assert answer.status_code == 404
    assert await level(bureau) == (10, 10, 0)


async def test_the_audit_says_that_the_books_agree(bureau: Bureau) -> None:
    assert "The stock adds up" in (await bureau.get("/console/stock/audit")).text


async def test_the_audit_names_what_does_not_agree(bureau: Bureau) -> None:
    async with bureau.db.transaction() as conn:
        await conn.execute(
            "UPDATE stock_level SET on_hand = 12 WHERE variant_id = $1 AND node_id = $2",
            bureau.market.tea,
            bureau.market.bund,
        )
    page = (await bureau.get("/console/stock/audit")).text
    assert "The stock does not add up" in page
    row = re.search(r'<tr><th scope="row"><a [^>]*>Longjing</a></th>(.*?)</tr>', page)[1]
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row) == ["Shanghai Bund", "on_hand", "10", "12", "–"]


# --- places -----------------------------------------------------------------------------------------------------------


async def test_places_are_listed_with_a_map(bureau: Bureau) -> None:
    page = (await bureau.get("/console/nodes")).text
    assert re.findall(r'<a href="/console/nodes/[0-9a-f-]{36}">([^<]+)', page) == [
        "Hangzhou West Lake",
        "Shanghai Bund",
        "Suzhou warehouse",
    ]
    assert '"kind":"scatter"' in page


async def test_a_place_is_made_once(bureau: Bureau) -> None:
    fields = form((await bureau.get("/console/nodes/new")).text, NODE_FORM)
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
        assert (await bureau.post("/console/nodes/new", fields)).headers["location"] == "/console/nodes"
    async with bureau.db.read() as conn:
        [made] = await conn.fetch(
            "SELECT kind, pick_cost, pickup, ships, open, translations FROM node WHERE code = 'NJ01'"
        )
    assert tuple(made) == ("warehouse", 150, False, True, True, {"zh": {"name": "南京"}})


async def test_saving_what_was_opened_changes_nothing(bureau: Bureau) -> None:
    url = f"/console/nodes/{bureau.market.bund}"
    before = await bureau.value("SELECT to_jsonb(node) FROM node WHERE id = $1", bureau.market.bund)
    assert (await bureau.post(url, form((await bureau.get(url)).text, NODE_FORM))).status_code == 303
    assert await bureau.value("SELECT to_jsonb(node) FROM node WHERE id = $1", bureau.market.bund) == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "Give a name."),
        ({"code": "HZ01"}, "Another node has this code."),
        ({"latitude": "91"}, "From -90 to 90."),
        ({"longitude": "east"}, "Write degrees, such as 30.25."),
        ({"timezone": "Moon/Base"}, "Give a time zone such as Asia/Shanghai."),
        ({"opening_hours": "always-ish"}, "Write hours such as &#34;Mo-Su 10:00-22:00&#34;."),
        ({"pick_minutes": "0"}, "At least one minute."),
        ({"pick_cost": "1.234"}, "The currency has fewer digits after the point."),
        ({"kind": "cave"}, "Choose one of the kinds."),
        ({"latitude": "nan"}, "From -90 to 90."),
    ],
)
async def test_a_wrong_field_of_a_place_is_named(bureau: Bureau, wrong: dict[str, str], message: str) -> None:
    url = f"/console/nodes/{bureau.market.bund}"
    before = await bureau.value("SELECT to_jsonb(node) FROM node WHERE id = $1", bureau.market.bund)
    answer = await bureau.post(url, form((await bureau.get(url)).text, NODE_FORM) | {"address": "9 Kept Road"} | wrong)
    assert answer.status_code == 422
    assert errors(answer.text) == {f"f-{next(iter(wrong))}": message}
    assert "9 Kept Road" in answer.text
    assert await bureau.value("SELECT to_jsonb(node) FROM node WHERE id = $1", bureau.market.bund) == before


async def test_a_place_under_a_rivals_id_is_not_made(bureau: Bureau) -> None:
    fields = form((await bureau.get(f"/console/nodes/{bureau.market.bund}")).text, NODE_FORM)
    before = await bureau.counts()
    answer = await bureau.post("/console/nodes/new", fields | {"id": str(bureau.rival.node), "code": "X1"})
    assert answer.status_code == 404
    assert await bureau.counts() == before
    assert await bureau.value("SELECT name FROM node WHERE id = $1", bureau.rival.node) == "Secret shop"
