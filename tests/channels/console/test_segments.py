"""The pages of segments."""

import asyncio
from uuid import UUID

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite, form
from tests.html import the, words
from tests.insight.segments.people import Act, Person, write_people
from tests.insight.segments.test_segments import add_members
from unwall.insight.profiles.files import current
from unwall.insight.profiles.values import Lifecycle
from unwall.insight.segments.columns import build
from unwall.insight.segments.jobs import Materialiser
from unwall.insight.segments.values import Deed
from unwall.kernel.ids import new_id
from unwall.people.values import Role
from unwall.services import Services

MARKER = 'name="c.0.type"'
PATH = "/console/segments"


@pytest.fixture
async def people(site: ConsoleSite, services: Services) -> list[UUID]:
    """Three members with profiles: one cooling who spent much, one loyal, one who only looked."""
    ann, bo, cai = ids = await add_members(site.db, 3)
    folder = services.settings.data
    kinds = [
        Person(ann, Lifecycle.COOLING, orders=3, spent=90_000, acts=[Act(Deed.BOUGHT, product=site.market.scarf)]),
        Person(bo, Lifecycle.LOYAL, orders=9, spent=10_000, acts=[Act(Deed.BOUGHT, count=2)]),
        Person(cai, Lifecycle.PROSPECT, acts=[Act(Deed.VIEWED)]),
    ]
    write_people(folder, kinds, site.market.merchant)
    generation = current(folder, site.market.merchant)
    await asyncio.to_thread(build, generation, "Asia/Shanghai")
    return ids


def counted(page: str) -> tuple[str, str]:
    return words(the(page, "#counted h2")), words(the(page, "#counted p"))


async def test_a_segment_is_composed_counted_saved_and_told_in_words(site: ConsoleSite, people) -> None:
    url = f"{PATH}/{new_id()}"
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    assert counted((await site.get(f"{PATH}/new")).text) == ("3 people", "everybody")

    async def press(do: str, **more: str) -> str:
        nonlocal fields
        page = await site.post(url, fields | {"do": do} | more)
        assert page.status_code == 200
        fields = form(page.text, MARKER)
        return page.text

    await press("add:0", **{"add.0": "did"})
    page = await press("count", **{"c.1.deed": "bought", "c.1.times": "2"})
    assert counted(page) == ("1 person", "bought anything at least 2 times")
    await press("group:0")
    await press("add:2", **{"add.2": "lifecycle"})
    page = await press("count", **{"c.3.is.cooling": "1", "c.3.is.loyal": "1", "c.2.not": "1"})
    assert counted(page) == ("0 people", "bought anything at least 2 times and not: is loyal or is cooling")
    page = await press("drop:1")
    assert counted(page) == ("1 person", "not: is loyal or is cooling")

    wrong = await site.post(url, fields | {"do": "save", "name": ""})
    assert (wrong.status_code, "Name the segment." in wrong.text) == (422, True)
    assert await site.value("SELECT count(*) FROM segment") == 0
    fields["name"] = "Not them"
    assert (await site.post(url, fields | {"do": "save"})).status_code == 303
    kept = await site.value("SELECT definition FROM segment")
    inner = {"type": "any", "of": [{"type": "lifecycle", "among": ["loyal", "cooling"]}]}
    assert kept == {"type": "all", "of": [{"type": "not", "of": inner}]}
    assert "not: is loyal or is cooling" in (await site.get(PATH)).text
    # as it was written
    again = form((await site.get(url)).text, MARKER)
    assert (again["c.1.not"], again["c.2.is.loyal"], again["name"]) == ("1", "1", "Not them")


async def test_what_is_wrong_stands_at_its_condition(site: ConsoleSite, people) -> None:
    url = f"{PATH}/{new_id()}"
    fields = form((await site.get(f"{PATH}/new")).text, MARKER) | {"name": "Wrong", "do": "save"}
    empty = await site.post(url, fields)
    assert "Add a condition to the group." in empty.text
    fields |= {"c.1.parent": "0", "c.1.type": "lifecycle", "c.2.parent": "0", "c.2.type": "did", "c.2.product": "no"}
    fields |= {"c.3.parent": "0", "c.3.type": "spent", "c.3.at_least": "much", "c.2.times": "0"}
    wrong = await site.post(url, fields)
    assert wrong.status_code == 422
    assert "One of these products is not yours." in wrong.text
    fields |= {"c.2.product": "scarf", "c.2.deed": "bought", "c.3.at_least": "5"}
    wrong = await site.post(url, fields)
    for said in ("Choose at least one.", "Write a whole number from 1 to 10,000."):
        assert said in wrong.text
    assert await site.value("SELECT count(*) FROM segment") == 0
    fields |= {"c.1.is.cooling": "1", "c.2.times": "1"}
    assert (await site.post(url, fields)).status_code == 303


async def test_the_second_to_save_is_told(site: ConsoleSite, people) -> None:
    url = f"{PATH}/{new_id()}"
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    fields |= {"name": "A", "do": "save", "c.1.parent": "0", "c.1.type": "follows"}
    assert (await site.post(url, fields)).status_code == 303
    opened = form((await site.get(url)).text, MARKER) | {"do": "save"}
    assert (await site.post(url, opened | {"name": "B"})).status_code == 303
    late = await site.post(url, opened | {"name": "C"})
    assert (late.status_code, "Somebody else saved this while you were writing" in late.text) == (409, True)
    again = form(late.text, MARKER) | {"do": "save"}
    assert (await site.post(url, again)).status_code == 303
    assert await site.value("SELECT name || version FROM segment") == "C3"
    page = (await site.get(url)).text
    for name in ("1. A", "2. B", "3. C"):
        assert name in page
    assert (await site.post(f"{url}/archive")).status_code == 303
    assert "No segments yet" in (await site.get(PATH)).text
    assert url in (await site.get(f"{PATH}?show=archived")).text
    assert (await site.post(f"{url}/archive", {"restore": "1"})).status_code == 303
    assert url in (await site.get(PATH)).text
    assert (await site.get(f"{PATH}/{new_id()}")).status_code == 404


async def test_a_suggestion_becomes_a_segment_with_one_press(site: ConsoleSite, people) -> None:
    page = (await site.get(PATH)).text
    assert "1 person: About to leave" in page
    fields = form((await site.get(f"{PATH}/new?suggested=0")).text, MARKER)
    assert (fields["name"], fields["c.1.is.cooling"]) == ("About to leave", "1")
    assert (await site.post(f"{PATH}/{new_id()}", fields | {"do": "save"})).status_code == 303
    assert await site.value("SELECT name FROM segment") == "About to leave"


async def test_the_people_of_a_segment_as_a_file_for_who_may_see_orders(
    site: ConsoleSite, people, services: Services, browser: Shopper
) -> None:
    id_ = new_id()
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    fields |= {"name": "Loyal", "do": "save", "c.1.parent": "0", "c.1.type": "lifecycle", "c.1.is.loyal": "1"}
    assert (await site.post(f"{PATH}/{id_}", fields)).status_code == 303
    await Materialiser(site.db, services.settings.data).of_merchant(str(site.market.merchant).encode())
    async with site.db.transaction() as conn:
        sql = "INSERT INTO member_code (merchant_id, code, member_id) VALUES ($1, 'B-2', $2)"
        await conn.execute(sql, site.market.merchant, people[1])
    file = await site.get(f"{PATH}/{id_}/members.csv")
    # no profile in the table: the file has who is in it, and nothing of the member but the number
    assert file.text.splitlines() == ["\ufeffcustomer_number,lifecycle,orders,spent_cny,last_order", "B-2,,0,0.0,"]
    await site.sign_in_as(browser, Role.EDITOR)
    assert (await site.get(f"{PATH}/{id_}/members.csv")).status_code == 403
    assert "/members.csv" not in (await site.get(f"{PATH}/{id_}")).text
    await site.sign_in_as(browser, Role.STOCK)
    assert (await site.get(PATH)).status_code == 403


async def test_a_promotion_is_for_the_segments_that_are_chosen(site: ConsoleSite, people) -> None:
    id_, url = new_id(), f"/console/promotions/{new_id()}"
    fields = form((await site.get(f"{PATH}/new")).text, MARKER)
    fields |= {"name": "Loyal", "do": "save", "c.1.parent": "0", "c.1.type": "follows"}
    assert (await site.post(f"{PATH}/{id_}", fields)).status_code == 303
    marker = 'name="combines"'
    fields = form((await site.get("/console/promotions/new")).text, marker) | {"title": "Thanks", "value": "10"}
    wrong = await site.post(url, fields | {f"segment.{new_id()}": "1"})
    assert (wrong.status_code, "One of these segments is not yours." in wrong.text) == (422, True)
    assert (await site.post(url, fields | {f"segment.{id_}": "1"})).status_code == 303
    assert await site.value("SELECT rule -> 'conditions' -> 'segments' FROM promotion") == [str(id_)]
    again = form((await site.get(url)).text, marker)
    assert again[f"segment.{id_}"] == "1"
    assert (await site.post(url, again)).status_code == 303
    assert await site.value("SELECT rule -> 'conditions' -> 'segments' FROM promotion") == [str(id_)]


async def test_without_profiles_the_pages_say_when_there_are_some(site: ConsoleSite) -> None:
    assert "No segments yet" in (await site.get(PATH)).text
    page = (await site.get(f"{PATH}/new")).text
    assert counted(page)[0] == "People are counted once their profiles are computed, each night."
