"""A task from the list to the carrier, by scan and by tap, with and without scripts."""

import asyncio
from contextlib import AsyncExitStack, aclosing

import pytest

from tests.channels.conftest import Shopper
from tests.channels.counter.parcels import pack, task_of, to_collect, to_ship
from tests.channels.snapshots import snapshot
from tests.commerce.market import Market, sound
from tests.html import every, texts, the, values
from tests.waiting import PATIENCE_SECONDS
from unwall.channels.counter import hand_over, tasks
from unwall.channels.http.streams import news_events
from unwall.commerce.fulfilment.rules import own_task
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.notices import MAX_STREAMS, listening
from unwall.people.values import Role, Staff
from unwall.services import Services

HTMX = {"hx-request": "true", "hx-target": "work"}


async def test_the_list_shows_what_waits_here_and_nothing_of_other_nodes(
    db: Database, market: Market, clerk: Shopper, rival: Shopper
):
    first = await to_collect(db, market)
    page = (await clerk.get("/counter")).text
    assert "1 order is waiting, for" in page
    assert f'href="/counter/tasks/{first}"' in page
    assert "<small>×</small>2" in page
    assert "/files/scarf.svg" in page
    assert 'data-events="/counter/events"' in page
    assert "All picked" in (await rival.get("/counter")).text


async def test_the_soonest_due_comes_first_and_what_is_ready_stands_apart(db: Database, market: Market, clerk: Shopper):
    ready, late, early = [await to_collect(db, market, (market.red, 1)) for _ in range(3)]
    await pack(db, market, ready)
    async with db.transaction() as conn:
        await conn.execute("UPDATE shipment SET due_at = due_at - interval '3 days' WHERE id = $1", early)
    page = (await clerk.get("/counter")).text
    places = [page.index(str(shipment)) for shipment in (early, late, ready)]
    assert places == sorted(places)
    assert page.index("To be collected") < page.index(str(ready))
    assert 'class="place bad"' in page


async def test_a_long_list_is_shown_in_parts_and_loads_more(
    db: Database, market: Market, clerk: Shopper, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tasks, "TASKS_SHOWN", 2)
    monkeypatch.setattr(hand_over, "PARCELS_SHOWN", 1)
    shipments = [await to_collect(db, market, (market.red, 1)) for _ in range(6)]
    for shipment in shipments[3:]:
        await pack(db, market, shipment)
    page = (await clerk.get("/counter")).text
    assert "3 orders are waiting, the oldest for" in page
    assert len(every(page, "a[href^='/counter/tasks/']")) == 2 + 2
    assert texts(page, "#collected .muted") == ["3"]
    assert values(page, ".more a", "href") == ["/counter?more=2"] * 2
    page = (await clerk.get("/counter?more=2")).text
    assert len(every(page, "a[href^='/counter/tasks/']")) == 6
    assert every(page, ".more a") == []
    assert (
        the(page, "#work").attributes["hx-get"] == "/counter?more=2"
    )  # what happens elsewhere keeps the list's length
    for wrong in ("0", "x", "-1", "9" * 30, "٣"):
        assert (await clerk.get(f"/counter?more={wrong}")).status_code == 200
    page = (await clerk.get("/counter/hand-over")).text
    assert len(every(page, "#waiting .tasks a")) == 1
    assert texts(page, "#waiting-title .muted") == ["3"]
    assert "Find the others by their code or order number." in page


async def test_pick_by_scan_and_tap_pack_and_give_to_the_carrier(db: Database, market: Market, clerk: Shopper):
    shipment = await to_ship(db, market)
    here = f"/counter/tasks/{shipment}"
    assert "Start picking" in (await clerk.get(here)).text
    steps = [("start", {}), ("scan", {"code": " tea "}), ("ready", {}), ("carrier", {"tracking": "SF 1"})]
    for step, data in steps:
        answer = await clerk.post(f"{here}/{step}", data)
        assert (answer.status_code, answer.headers["location"]) == (303, here), step
    task = await task_of(db, shipment)
    assert (task.state, [line.picked for line in task.lines]) == ("handed_over", [1])
    assert "Done" in (await clerk.get(here)).text
    async with db.read() as conn:
        assert await conn.fetchval("SELECT tracking FROM shipment WHERE id = $1", shipment) == "SF 1"
    await sound(db)


async def test_a_scan_answers_with_the_page_and_a_sound(db: Database, market: Market, clerk: Shopper):
    here = f"/counter/tasks/{await to_collect(db, market)}"
    answer = await clerk.post(f"{here}/scan", {"code": "6901234567892"}, headers=HTMX)
    assert (answer.status_code, 'data-beep="ok"' in answer.text, "1 of 2" in answer.text) == (200, True, True)
    assert "It is packed" not in answer.text
    answer = await clerk.post(f"{here}/lines/1", {"quantity": "2"}, headers=HTMX)
    assert ("Pack</b>" in answer.text, "It is packed" in answer.text) == (True, True)


async def test_wrong_steps_are_said_and_change_nothing(db: Database, market: Market, clerk: Shopper):
    shipment = await to_collect(db, market)
    here = f"/counter/tasks/{shipment}"
    await clerk.post(f"{here}/start")
    before = await snapshot(db)
    wrong = [
        ("scan", {"code": "TEA"}, 409, "This is not on the list"),
        ("scan", {"code": "  "}, 422, "Scan the barcode, or type it or the SKU."),
        ("scan", {}, 422, "Scan the barcode, or type it or the SKU."),
        ("lines/1", {"quantity": "3"}, 422, "Enter a quantity from 0 to the ordered one."),
        ("lines/1", {"quantity": "-1"}, 422, "Enter the quantity as a whole number."),
        ("lines/1", {"quantity": "many"}, 422, "Enter the quantity as a whole number."),
        ("lines/1", {}, 422, "Enter the quantity as a whole number."),
        ("ready", {}, 409, "Some lines are still to be picked."),
        ("carrier", {"tracking": "SF1"}, 409, "This parcel has changed in the meantime."),
    ]
    for step, data, status, words in wrong:
        answer = await clerk.post(f"{here}/{step}", data)
        assert (answer.status_code, words in answer.text) == (status, True), (step, data)
        assert 'data-beep="bad"' in answer.text
    assert (await clerk.post(f"{here}/lines/9", {"quantity": "1"})).status_code == 404
    assert await snapshot(db) == before


async def test_a_posted_parcel_needs_its_tracking_number(db: Database, market: Market, clerk: Shopper):
    shipment = await to_ship(db, market)
    await pack(db, market, shipment)
    before = await snapshot(db)
    for tracking, words in (("", "Scan or type the carrier&#39;s tracking number."), ("x" * 101, "at most 100")):
        answer = await clerk.post(f"/counter/tasks/{shipment}/carrier", {"tracking": tracking})
        assert (answer.status_code, words in answer.text) == (422, True)
    assert await snapshot(db) == before


async def test_pressing_twice_does_it_once(db: Database, market: Market, clerk: Shopper):
    shipment = await to_ship(db, market)
    here = f"/counter/tasks/{shipment}"
    for step, data in (("start", {}), ("lines/1", {"quantity": "1"}), ("ready", {}), ("carrier", {"tracking": "SF1"})):
        assert (await clerk.post(f"{here}/{step}", data)).status_code == 303
        done = await snapshot(db)
        again = await clerk.post(f"{here}/{step}", data)
        assert (again.status_code, await snapshot(db)) == (303, done), step


async def test_what_another_node_has_to_do_is_not_there(db: Database, market: Market, clerk: Shopper, rival: Shopper):
    shipment = await to_collect(db, market)
    await pack(db, market, shipment)
    before = await snapshot(db)
    for area in ("tasks", "hand-over"):
        assert (await rival.get(f"/counter/{area}/{shipment}")).status_code == 404
    for path in (
        "tasks/{}/start",
        "tasks/{}/scan",
        "tasks/{}/lines/1",
        "tasks/{}/ready",
        "tasks/{}/carrier",
        "hand-over/{}",
        "hand-over/{}/unlock",
    ):
        data = {"code": "123456", "quantity": "1", "tracking": "SF1", "reason": "I want it"}
        assert (await rival.post(f"/counter/{path.format(shipment)}", data)).status_code == 404, path
    assert await snapshot(db) == before


async def test_the_rule_whose_task_it_is(db: Database, market: Market):
    task = await task_of(db, await to_collect(db, market))
    own, other, owner = (
        Staff(new_id(), market.merchant, "a@example.org", "A", role, node, True)
        for role, node in ((Role.NODE, market.west_lake), (Role.NODE, market.bund), (Role.OWNER, None))
    )
    assert (own_task(own, task), own_task(owner, task)) == (task, task)
    for staff, found in ((other, task), (own, None)):
        with pytest.raises(NotFound):
            own_task(staff, found)


async def test_the_screen_hears_of_its_own_node_at_once(db: Database, market: Market):
    async with listening(db.url, "tasks") as notices, AsyncExitStack() as stack:
        here, there = [
            await stack.enter_async_context(aclosing(news_events(notices, str(node))))
            for node in (market.west_lake, market.bund)
        ]
        assert [(await anext(stream)).data for stream in (here, there)] == ["news", "news"]
        await to_collect(db, market)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await anext(here)).data == "news"
        notices.close()
        assert {word.data async for word in there} <= {"news"}  # and then it ends


async def test_one_person_keeps_no_more_streams_open_than_a_network_may(
    services: Services, db: Database, market: Market, clerk: Shopper
):
    async with db.read() as conn:
        staff = await conn.fetchval("SELECT id FROM staff WHERE node_id = $1", market.west_lake)
    places = [services.tasks.place(f"staff {staff}") for _ in range(MAX_STREAMS[1])]
    refused = await clerk.get("/counter/events")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    services.tasks.place("staff of another screen").leave()  # nobody else is refused
    for place in places:
        place.leave()
    services.tasks.place(f"staff {staff}").leave()  # and what has ended does not count


async def test_a_started_task_says_who_has_it_in_hand(db: Database, market: Market, clerk: Shopper):
    shipment = await to_collect(db, market)
    async with db.read() as conn:
        name = await conn.fetchval("SELECT name FROM staff")
    assert "In hand" not in (await clerk.get("/counter")).text
    await clerk.post(f"/counter/tasks/{shipment}/start")
    page = (await clerk.get("/counter")).text
    task = await task_of(db, shipment)
    assert f'<span class="note">{name} · {task.order_number}' in page
    assert page.index("In hand") < page.index(str(shipment))


async def test_who_packs_is_told_where_it_goes_and_prints_a_slip(
    db: Database, market: Market, clerk: Shopper, rival: Shopper
):
    shipment = await to_ship(db, market)
    here = f"/counter/tasks/{shipment}"
    told = ("Ann Lin", "1 Lake Road", "Hangzhou", "+86 138 0013 8000")
    for step, data in (("start", {}), ("scan", {"code": "tea"})):
        assert "1 Lake Road" not in (await clerk.get(here)).text
        await clerk.post(f"{here}/{step}", data)
    page = (await clerk.get(here)).text
    assert ">Pack<" in page
    assert [line in page for line in told] == [True] * 4
    assert f'href="{here}/slip"' in page
    slip = (await clerk.get(f"{here}/slip")).text
    assert [line in slip for line in (*told, "Longjing", "Liu Yun")] == [True] * 6
    assert (await rival.get(f"{here}/slip")).status_code == 404


async def test_of_what_is_collected_only_the_name_is_told(db: Database, market: Market, clerk: Shopper):
    shipment = await to_collect(db, market)
    await pack(db, market, shipment)
    slip = (await clerk.get(f"/counter/tasks/{shipment}/slip")).text
    assert "Ann Lin" in slip
    async with db.read() as conn:
        stored = await conn.fetchrow("SELECT phone, address->>'street' FROM shipment WHERE id = $1", shipment)
    assert tuple(stored) == ("+86 138 0013 8000", "")
