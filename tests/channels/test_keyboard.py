"""Without a mouse: what acts is a control that keys reach in the order of the page, and shows that it has the focus."""

import re
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from tests.channels.conftest import Shopper
from tests.channels.shop.store import cart_of, open_store, put_into_bag
from tests.channels.staffing import signed_in
from tests.html import every, values, words
from unwall.channels import design
from unwall.kernel.database import Database
from unwall.people.values import Role

ACTS = "[hx-post], [hx-get], [data-key], [data-href], [role=button], [role=link], [role=tab]"
"""What answers a tap."""
BY_ITSELF = ("load", "every", "revealed", "refresh", "intersect", "input", "change")
"""Triggers of what nobody presses."""
CONTROLS = ("a", "button", "input", "select", "textarea", "summary", "form")
STYLES = Path(design.__file__).parent / "static/unwall.css"


def out_of_reach(page: str) -> list[str]:
    """What can be pressed and has no focus, what is taken out of the order of keys or put before it, and what has a
    focus and no name."""
    pressed = [
        node.html or ""
        for node in every(page, ACTS)
        if node.tag not in CONTROLS
        and "tabindex" not in node.attributes
        and not (node.attributes.get("hx-trigger") or "").startswith(BY_ITSELF)
        and not any(trigger in (node.attributes.get("hx-trigger") or "") for trigger in BY_ITSELF)
    ]
    moved = [order for order in values(page, "main [tabindex]", "tabindex") if order not in ("0", "-1")]
    taken = [
        node.html or ""
        for node in every(page, "a[href][tabindex='-1'], button[tabindex='-1'], input[tabindex='-1']")
        if node.attributes.get("type") != "hidden"
    ]
    return pressed + moved + taken + nameless(page)


def nameless(page: str) -> list[str]:
    labelled = set(values(page, "label[for]", "for"))
    fields = every(page, "main input:not([type=hidden], [hidden]), main select, main textarea")
    inside = {node.html for node in every(page, "label input, label select, label textarea")}
    unnamed = [
        node.html or ""
        for node in fields
        if node.attributes.get("id") not in labelled
        and not node.attributes.get("aria-label")
        and not node.attributes.get("aria-labelledby")
        and node.html not in inside
    ]
    return unnamed + [
        node.html or ""
        for node in every(page, "main button:not([hidden]), main a[href], main summary")
        if not words(node) and not node.attributes.get("aria-label") and not node.css("[aria-label], img[alt]")
    ]


async def test_the_checkout_is_used_by_keys(browser: Shopper, db: Database):
    store = await open_store(db)
    await put_into_bag(browser, store.market.red)
    for path in (f"/checkout/{await cart_of(db)}", "/bag", "/place"):
        assert (path, out_of_reach((await browser.get(path)).text)) == (path, [])


@pytest.mark.parametrize("path", ["/console/posts/new", "/console/products/new", "/console/posts/calendar"])
async def test_the_composer_is_used_by_keys(client: AsyncTestClient, db: Database, path: str):
    store = await open_store(db)
    editor = await signed_in(client, db, store.market.merchant, Role.OWNER)
    answer = await editor.get(path)
    assert (answer.status_code, out_of_reach(answer.text)) == (200, [])


@pytest.mark.parametrize("path", ["/counter", "/counter/hand-over", "/counter/sell", "/counter/stock"])
async def test_the_counter_is_used_by_keys(client: AsyncTestClient, db: Database, path: str):
    store = await open_store(db)
    clerk = await signed_in(client, db, store.market.merchant, Role.NODE, store.market.west_lake)
    answer = await clerk.get(path)
    assert (answer.status_code, out_of_reach(answer.text)) == (200, [])


def test_the_focus_is_seen_and_no_bar_covers_it():
    styles = STYLES.read_text()
    assert re.search(r":focus-visible \{ outline: 2px solid var\(--brick\)", styles)
    assert re.findall(r"outline(?:-style|-width)?: *(?:none|0)\b", styles) == []
    # the scroll container is the page; on its body the padding does nothing
    assert re.findall(r"^ *([^{}\n]*)\{[^}]*scroll-padding-bottom", styles, re.MULTILINE) != []
    assert all(rule.startswith("html") for rule in re.findall(r"([\w.][^{}\n;]*)\{[^}]*scroll-padding-bottom", styles))
