"""The editor of a store page: modules, guarantees and their conflicts, publishing, the schedule, versions."""

from datetime import timedelta

from tests.channels.console.console_site import ConsoleSite, form
from tests.html import texts
from unwall.kernel.clock import local, now

URL, PART = "/console/pages", 'id="page-part"'
CONFLICT = "These guarantees cannot hold together."


async def opened(site: ConsoleSite) -> dict[str, str]:
    return form((await site.get(URL)).text, PART)


def kinds(fields: dict[str, str]) -> list[str]:
    return [fields[name] for name in sorted(fields) if name.startswith("modules.") and name.endswith(".kind")]


def said(page: str) -> list[str]:
    """What the alerts of a page list."""
    return texts(page, ".notice.bad li")


async def pressed(site: ConsoleSite, fields: dict[str, str], button: str) -> dict[str, str]:
    return form((await site.post(URL, fields | {"do": button})).text, PART)


async def test_modules_are_added_moved_and_removed_and_nothing_is_saved_yet(site: ConsoleSite) -> None:
    fields = await opened(site)
    assert kinds(fields) == ["hero", "products", "posts", "near", "posts"]
    fields = await pressed(site, fields | {"kind": "new"}, "new")
    assert kinds(fields) == ["hero", "products", "posts", "near", "posts", "new"]
    for button in ("up:5", "remove:0", "down:0", "down:9", "up:0"):
        fields = await pressed(site, fields, button)
    assert kinds(fields) == ["posts", "products", "near", "new", "posts"]
    assert await site.value("SELECT count(*) FROM store_page") == 0


async def test_a_page_is_saved_and_published_with_what_is_pinned_listed_and_a_hit(site: ConsoleSite) -> None:
    fields = await opened(site) | {"modules.1.source": "hand-picked", "modules.1.slots": "2"}
    fields = await pressed(site, fields, "preview")
    for into, item in (("picked:1", site.store.tea), ("pins:1", site.market.scarf), ("hits", site.store.tea)):
        fields = await pressed(site, fields | {"into": into}, f"add:{item}")
    assert (fields["pins.0.position"], fields["pins.0.module"]) == ("1", "1")
    fields |= {"at_least": "1", "first": "2", "modules.1.title": "Gifts"}
    assert (await site.post(URL, fields | {"do": "save"})).status_code == 303
    assert await site.value("SELECT count(*) FROM store_page_version") == 0
    fields = await opened(site)
    assert (await site.post(URL, fields | {"do": "publish"})).status_code == 303
    assert await site.value("SELECT definition -> 'modules' -> 1 FROM store_page_version WHERE state = 'live'") == {
        "kind": "products",
        "title": "Gifts",
        "slots": 2,
        "source": {"type": "hand-picked", "products": [str(site.store.tea)]},
        "post_id": None,
        "guarantees": [{"type": "pinned", "product_id": str(site.market.scarf), "position": 0}],
        "audience": [],
    }
    assert texts((await site.get(URL)).text, "#preview-part .badge.solid") == ["Pinned", "Hit"]
    fields = await pressed(site, await opened(site), f"drop-pin:1.{site.market.scarf}")
    assert "pins.0.module" not in fields
    assert fields["picked.0.product_id"] == str(site.store.tea)


async def test_conflicts_are_shown_in_words_before_publishing_and_keep_the_page_from_it(site: ConsoleSite) -> None:
    fields = await opened(site)
    for item in (site.market.scarf, site.store.tea):
        fields = await pressed(site, fields | {"into": "pins:1"}, f"add:{item}")
    fields |= {"pins.0.position": "1", "pins.1.position": "1"}
    shown = await site.post(URL, fields | {"do": "preview"})
    assert CONFLICT in shown.text
    assert [words.split(" is pinned to ")[1] for words in said(shown.text)] == ["position 1 of “For you”"] * 2
    refused = await site.post(URL, fields | {"do": "publish"})
    assert refused.status_code == 409
    assert len(said(refused.text)) == 2
    assert form(refused.text, PART)["pins.1.position"] == "1"
    assert await site.value("SELECT count(*) FROM store_page_version") == 0
    assert await site.value("SELECT count(*) FROM store_page") == 0
    assert (await site.post(URL, fields | {"do": "save"})).status_code == 303  # a draft may be unfinished


async def test_a_page_is_scheduled_withdrawn_and_an_earlier_version_taken_back(site: ConsoleSite) -> None:
    fields = await opened(site)
    await site.post(URL, fields | {"modules.1.slots": "3", "do": "publish"})
    zone = await site.value("SELECT timezone FROM merchant WHERE id = $1", site.market.merchant)
    at = local(now() + timedelta(days=2), zone).strftime("%Y-%m-%dT%H:%M")
    fields = await opened(site) | {"modules.1.slots": "5"}
    assert (await site.post(URL, fields | {"scheduled_at": "2020-01-01T10:00", "do": "schedule"})).status_code == 422
    assert (await site.post(URL, fields | {"scheduled_at": at, "do": "schedule"})).status_code == 303
    assert "A version is scheduled for" in (await site.get(URL)).text
    assert (await site.post(URL, await opened(site) | {"do": "withdraw"})).status_code == 303
    states = await site.value("SELECT array_agg(state ORDER BY version) FROM store_page_version")
    assert states == ["live", "withdrawn"]
    assert (await site.post(URL, await opened(site) | {"do": "restore:1"})).status_code == 303
    assert (await opened(site))["modules.1.slots"] == "3"
    assert (await site.post(URL, await opened(site) | {"do": "restore:9"})).status_code == 404


async def test_what_is_wrong_is_named_and_nothing_is_saved(site: ConsoleSite) -> None:
    fields = await opened(site)
    wrong = fields | {"modules.1.slots": "many", "modules.1.new": "0", "do": "save"}
    answer = await site.post(URL, wrong)
    assert answer.status_code == 422
    assert "Write a whole number." in answer.text
    rival = fields | {"hits.0.product_id": str(site.rival.product), "do": "save"}
    answer = await site.post(URL, rival)
    assert (answer.status_code, said(answer.text)) == (422, ["This is not one of your products on sale."])
    assert (await site.post(URL, fields | {"do": "add:nonsense"})).status_code == 404
    assert await site.value("SELECT count(*) FROM store_page") == 0
