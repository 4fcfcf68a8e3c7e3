"""Two people with the same form: the second to save is told what the first changed, and keeps what they typed."""

import asyncio
from dataclasses import dataclass

import pytest
from litestar import Litestar

from tests.channels.console.console_site import ConsoleSite, form
from tests.html import every, fields
from tests.waiting import until
from unwall.catalogue.actions import save_bundle
from unwall.catalogue.values import BundleDraft, BundlePartDraft
from unwall.channels.console.versions import ChangedMeanwhile, check_version, version_of
from unwall.kernel.database import Database, lock_subject

ROW = {"title": "Tea", "body": "Words", "tags": ["a", "b"]}

TYPED = "textarea[name], input[name]:is(:not([type]), [type=text], [type=number], [type=email], [type=tel])"
"""The fields that people type into."""


def test_what_nobody_changed_is_saved() -> None:
    check_version(version_of(ROW), ROW, ROW | {"title": "Green tea"})


def test_what_somebody_changed_is_named_with_its_value_now() -> None:
    now = ROW | {"title": "Black tea", "tags": ["c"]}
    with pytest.raises(ChangedMeanwhile) as told:
        check_version(version_of(ROW), now, ROW | {"body": "Mine"})
    assert told.value.changed == {"title": "Black tea", "tags": ["c"]}
    check_version(told.value.version, now, ROW | {"body": "Mine"})  # knowingly


def test_the_same_change_twice_is_none() -> None:
    now = ROW | {"title": "Black tea"}
    check_version(version_of(ROW), now, now)


@pytest.mark.parametrize("opened", ["", "nonsense", "title:", ",,:,"])
def test_a_form_without_a_version_replaces_nothing(opened: str) -> None:
    with pytest.raises(ChangedMeanwhile):
        check_version(opened, ROW, ROW | {"title": "Green tea"})


@dataclass(frozen=True)
class Editor:
    url: str
    marker: str
    """in its form"""
    first: dict[str, str]
    second: dict[str, str]
    told: str
    """the label of what the first changed"""
    saves: dict[str, str]
    sql: str
    kept: object
    """what the first saved, as the database has it"""


async def a_bundle(site: ConsoleSite) -> str:
    parts = (BundlePartDraft(site.market.red), BundlePartDraft(site.market.tea))
    async with site.db.transaction() as conn:
        return str(await save_bundle(conn, site.market.merchant, BundleDraft(title="Set", parts=parts)))


async def editors(site: ConsoleSite) -> list[Editor]:
    market, save = site.market, {"do": "save"}
    cell = f"/console/stock/{market.red}/{market.west_lake}"
    pinned = {"pins.0.product_id": str(market.scarf)}
    return [
        Editor(
            f"/console/products/{market.scarf}",
            "variants-part",
            {"title": "Silk square"},
            {"vendor": "Mine"},
            "Title",
            save,
            f"SELECT title || vendor FROM product WHERE id = '{market.scarf}'",
            "Silk square",
        ),
        Editor(
            f"/console/posts/{site.store.evening}",
            'id="composer"',
            {"title": "Dawn"},
            {"title": "Noon"},
            "Title",
            save,
            f"SELECT title FROM post WHERE id = '{site.store.evening}'",
            "Dawn",
        ),
        Editor(
            f"/console/bundles/{await a_bundle(site)}",
            "parts-part",
            {"title": "Quiet"},
            {"title": "Loud"},
            "Title",
            save,
            "SELECT title FROM bundle",
            "Quiet",
        ),
        Editor(
            f"/console/nodes/{market.west_lake}",
            'name="opening_hours"',
            {"opening_hours": "Mo-Su 11:00-20:00"},
            {"name": "Mine"},
            "Opening hours",
            {},
            f"SELECT opening_hours FROM node WHERE id = '{market.west_lake}'",
            "Mo-Su 11:00-20:00",
        ),
        Editor(
            "/console/pages/home",
            "pins-part",
            pinned | {"pins.0.position": "1"},
            pinned | {"pins.0.position": "5"},
            "Pinned products",
            save,
            "SELECT position::int FROM pin",
            0,
        ),
        Editor(
            "/console/pages",
            "page-part",
            {"modules.1.slots": "5"},
            {"modules.1.slots": "6"},
            "Modules",
            save,
            "SELECT draft #>> '{modules,1,slots}' FROM store_page",
            "5",
        ),
        Editor(
            "/console/posts/tagging",
            'name="tagging"',
            {"tagging": "nobody"},
            {"tagging": "collaborators"},
            "Who may tag your products",
            {},
            f"SELECT tagging FROM merchant WHERE id = '{market.merchant}'",
            "nobody",
        ),
        Editor(
            cell,
            'id="f-safety"',
            {"quantity": "3"},
            {"quantity": "7"},
            "Safety stock",
            {"do": "safety"},
            "SELECT safety_stock FROM stock_level"
            f" WHERE variant_id = '{market.red}' AND node_id = '{market.west_lake}'",
            3,
        ),
        Editor(
            "/console/delivery",
            'name="ship.fee"',
            {"ship.fee": "8.50"},
            {"ship.fee": "9.50"},
            "By post",
            {},
            "SELECT fee FROM delivery_price WHERE method = 'ship'",
            850,
        ),
    ]


async def test_the_second_to_save_is_told_and_keeps_the_typing(site: ConsoleSite) -> None:
    for editor in await editors(site):
        first = form((await site.get(editor.url)).text, editor.marker)
        second = dict(first)
        assert (await site.post(editor.url, first | editor.first | editor.saves)).status_code == 303, editor.url
        late = await site.post(editor.url, second | editor.second | editor.saves)
        assert late.status_code == 409, editor.url
        assert "Somebody else saved this while you were writing" in late.text
        assert f"<li><b>{editor.told}</b>" in late.text, editor.url
        shown = form(late.text, editor.marker)
        assert shown | editor.second == shown, editor.url
        assert await site.value(editor.sql) == editor.kept, editor.url
        again = await site.post(editor.url, shown | editor.saves)
        assert again.status_code == 303, editor.url
        assert await site.value(editor.sql) != editor.kept or "vendor" in editor.second or "name" in editor.second


async def test_who_checks_second_sees_what_the_first_has_saved(site: ConsoleSite, db: Database) -> None:
    """The first has not committed yet when the second wants to check: it waits."""
    node, name = site.market.west_lake, "SELECT name FROM node WHERE id = $1"

    async def second() -> str:
        async with db.transaction() as conn:
            await lock_subject(conn, "/console/nodes", node)
            return str(await conn.fetchval(name, node))

    async with db.transaction() as conn:
        await lock_subject(conn, "/console/nodes", node)
        task = asyncio.create_task(second())
        await until(lambda: waiting(db))
        await conn.execute("UPDATE node SET name = 'First' WHERE id = $1", node)
    assert await task == "First"


async def waiting(db: Database) -> bool:
    """Whether somebody waits for `lock_subject`."""
    async with db.read() as conn:
        return bool(
            await conn.fetchval(
                "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted"
            )
        )


def pages_of(app: Litestar) -> list[str]:
    """The addresses of the console's pages, their parameters in braces."""
    found = {
        route.path_format
        for route in app.routes
        if route.path_format.startswith("/console") and "GET" in getattr(route, "methods", set())
    }
    return sorted(path for path in found if "." not in path and not path.endswith(("/new", "/sign-in", "/events")))


async def test_every_form_that_shows_what_is_stored_carries_a_version(site: ConsoleSite) -> None:
    market = site.market
    ids = {
        "{product_id}": market.scarf,
        "{variant_id}": market.red,
        "{node_id}": market.west_lake,
        "{post_id}": site.store.evening,
        "{bundle_id}": await a_bundle(site),
    }
    walked = []
    for path in pages_of(site.browser.http.app):
        url = path
        for name, value in ids.items():
            url = url.replace(name, str(value))
        if "{" in url:
            continue  # pages of one order and the like have no editor
        page = (await site.get(url)).text
        for one in every(page, "form[method=post]"):
            filled = [name for name, value in fields(one, of=TYPED).items() if value.strip()]
            if filled:
                assert every(one, "[name=version]"), (url, filled)
                walked.append(url)
    assert len(walked) >= 5
