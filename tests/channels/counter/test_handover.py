"""Six digits against a parcel: found, counted, locked, unlocked, given."""

import asyncio
import json
from collections import Counter

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import errors
from tests.channels.counter.parcels import pack, task_of, to_collect, to_ship
from tests.channels.snapshots import snapshot
from tests.channels.staffing import Person, signed_in
from tests.commerce.market import Market, facts, sound
from tests.html import fields, form_with, texts, the, values
from unwall.commerce.fulfilment.rules import find_by_code, pickup_code
from unwall.kernel.database import Database
from unwall.people.values import Role

PAGE = "/counter/hand-over"


@pytest.fixture
async def parcel(db: Database, market: Market):
    shipment = await to_collect(db, market)
    await pack(db, market, shipment)
    return shipment


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_digits_find_the_parcel_and_one_press_gives_it(services, db: Database, clerk: Shopper, parcel):
    code = pickup_code(services.secret, parcel)
    before = await snapshot(db)
    found = await clerk.post(PAGE, {"code": f"{code[:3]} {code[3:]}"})
    assert (found.status_code, "The code is right." in found.text, f'value="{code}"' in found.text) == (200, True, True)
    assert await snapshot(db) == before
    given = await clerk.post(f"{PAGE}/{parcel}", {"code": code})
    assert (given.status_code, given.headers["location"]) == (303, f"{PAGE}/{parcel}")
    assert "The customer has it." in (await clerk.get(f"{PAGE}/{parcel}")).text
    assert (await task_of(db, parcel)).state == "collected"
    assert [fact[0] for fact in await facts(db)].count("pickup") == 1
    await sound(db)


async def test_without_javascript_every_press_of_a_hand_over_is_a_form_of_its_page(
    services, db: Database, clerk: Shopper, parcel
):
    """Sent as the page has them: their address, their fields and the button that stands in `noscript`."""
    code = pickup_code(services.secret, parcel)
    search = form_with((await clerk.get(PAGE)).text, "f-code")
    assert texts(search, "noscript button[type=submit]") == ["Find the parcel"]
    found = await clerk.post(search.attributes["action"], fields(search) | {"code": code})
    assert (found.status_code, texts(found.text, "title")[0][:3]) == (200, "LY-")
    press = the(found.text, f"form[action='{PAGE}/{parcel}']")
    assert texts(press, "button[type=submit]") == ["The customer has it"]
    given = await clerk.post(press.attributes["action"], fields(press))
    assert (given.status_code, given.headers["location"]) == (303, f"{PAGE}/{parcel}")
    assert "The customer has it." in (await clerk.get(given.headers["location"])).text
    assert (await task_of(db, parcel)).state == "collected"


async def test_digits_that_two_parcels_share_find_neither(services, db: Database, parcel):
    task, code = await task_of(db, parcel), pickup_code(services.secret, parcel)
    found = [find_by_code(waiting, code, services.secret) for waiting in ([task], [task, task], [])]
    assert found == [task, None, None]


async def test_the_order_number_finds_the_parcel_too(db: Database, clerk: Shopper, rival: Shopper, parcel):
    number = (await task_of(db, parcel)).order_number
    for data in ({"number": number.lower()}, {"code": number}):
        found = await clerk.post(PAGE, data)
        assert (found.status_code, found.headers["location"]) == (303, f"{PAGE}/{parcel}")
    assert (await rival.post(PAGE, {"number": number})).status_code == 422


async def test_what_finds_nothing_is_said_at_its_field(db: Database, clerk: Shopper, parcel):
    before = await snapshot(db)
    wrong = [
        ({"number": "LY-00000"}, "No parcel with this number is waiting here.", "f-number-error"),
        ({"code": "12"}, "No parcel with this number is waiting here.", "f-code-error"),
        ({}, "Type 6 digits, or an order number.", "f-code-error"),
    ]
    for data, words, field in wrong:
        answer = await clerk.post(PAGE, data)
        assert (answer.status_code, words in answer.text, field in answer.text) == (422, True, True), data
    assert await snapshot(db) == before


async def test_digits_of_no_parcel_are_counted_and_then_refused(services, db: Database, clerk: Shopper, parcel):
    code = pickup_code(services.secret, parcel)
    said = [(await clerk.post(PAGE, {"code": other_than(code)})).text for _ in range(5)]
    left = ["4 tries are left", "3 tries are left", "2 tries are left", "One try is left", "Too many wrong codes."]
    assert [words in text for words, text in zip(left, said, strict=True)] == [True] * 5
    refused = await clerk.post(PAGE, {"code": code})
    words = "Too many wrong codes. Find the parcel by its order number. Try again in 15 minutes."
    assert (refused.status_code, errors(refused.text)) == (429, {"f-code": words})
    assert 'data-beep="bad"' in refused.text
    assert (await clerk.post(f"{PAGE}/{parcel}", {"code": code})).status_code == 303


async def test_wrong_codes_stop_the_clerk_and_nobody_else(
    services, db: Database, market: Market, clerk: Shopper, browser: Shopper, parcel
):
    code = pickup_code(services.secret, parcel)
    for _ in range(5):
        await clerk.post(PAGE, {"code": other_than(code)})
    assert (await clerk.post(PAGE, {"code": code})).status_code == 429
    words = "Too many wrong codes. Find the parcel by its order number. Try again in 15 minutes."
    again = await clerk.get(PAGE)
    assert (again.status_code, errors(again.text)) == (200, {"f-code": words})
    colleague = await signed_in(browser.http, db, market.merchant, Role.NODE, market.west_lake)
    assert errors((await colleague.get(PAGE)).text) == {}
    found = await colleague.post(PAGE, {"code": code})
    assert (found.status_code, "The code is right." in found.text) == (200, True)


async def test_codes_typed_at_once_get_no_further_than_codes_in_a_row(services, db: Database, clerk: Person, parcel):
    wrong = other_than(pickup_code(services.secret, parcel))
    await clerk.get(PAGE)
    clerk.http.cookies = clerk.cookies
    screen = Shopper(clerk.http)
    answers = await asyncio.gather(*(screen.post(PAGE, {"code": wrong}) for _ in range(20)))
    assert Counter(answer.status_code for answer in answers) == {422: 4, 429: 16}
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM attempt") == 5


async def test_a_refusal_is_shown_by_script_too(clerk: Shopper):
    [config] = map(json.loads, values((await clerk.get(PAGE)).text, "meta[name=htmx-config]", "content"))
    assert {"code": "409|422|429", "swap": True} in config["responseHandling"]


async def test_the_fifth_wrong_code_locks_and_a_reason_unlocks(services, db: Database, clerk: Shopper, parcel):
    here, code = f"{PAGE}/{parcel}", pickup_code(services.secret, parcel)
    answers = [await clerk.post(here, {"code": other_than(code)}) for _ in range(5)]
    assert [a.status_code for a in answers] == [422, 422, 422, 422, 409]
    assert ("4 tries are left" in answers[0].text, "One try is left" in answers[3].text) == (True, True)
    locked = await clerk.post(here, {"code": code})
    assert (locked.status_code, "5 wrong codes." in locked.text) == (409, True)
    assert (await task_of(db, parcel)).state == "ready"

    for reason in ("", "no", "x" * 201):
        answer = await clerk.post(f"{here}/unlock", {"reason": reason})
        assert (answer.status_code, "Give a short reason." in answer.text) == (422, True)
    assert (await task_of(db, parcel)).locked is True

    assert (await clerk.post(f"{here}/unlock", {"reason": "Identity card seen"})).status_code == 303
    assert (await clerk.post(here, {"code": code})).status_code == 303
    async with db.read() as conn:
        notes = await conn.fetch("SELECT note FROM shipment_event WHERE note <> ''")
    assert [record[0] for record in notes] == ["Identity card seen"]


async def test_an_empty_code_is_asked_for_and_not_counted(db: Database, clerk: Shopper, parcel):
    before = await snapshot(db)
    answer = await clerk.post(f"{PAGE}/{parcel}", {"code": " "})
    assert (answer.status_code, "Type the 6 digits that the customer shows." in answer.text) == (422, True)
    assert await snapshot(db) == before


async def test_what_is_not_packed_or_goes_by_post_is_not_given(services, db: Database, market: Market, clerk: Shopper):
    unpacked, posted = await to_collect(db, market, (market.red, 1)), await to_ship(db, market)
    before = await snapshot(db)
    code = pickup_code(services.secret, unpacked)
    assert "It is not packed yet." in (await clerk.get(f"{PAGE}/{unpacked}")).text
    assert (await clerk.post(f"{PAGE}/{unpacked}", {"code": code})).status_code == 409
    assert (await clerk.get(f"{PAGE}/{posted}")).status_code == 404
    assert await snapshot(db) == before


async def test_a_parcel_that_is_not_packed_is_found_and_leads_to_its_task(
    services, db: Database, market: Market, clerk: Shopper
):
    unpacked = await to_collect(db, market, (market.red, 1))
    number = (await task_of(db, unpacked)).order_number
    by_number = await clerk.post(PAGE, {"number": number})
    assert by_number.headers["location"] == f"{PAGE}/{unpacked}"
    by_code = await clerk.post(PAGE, {"code": pickup_code(services.secret, unpacked)})
    for page in (by_code.text, (await clerk.get(f"{PAGE}/{unpacked}")).text):
        assert "It is not packed yet." in page
        assert f'href="/counter/tasks/{unpacked}"' in page
