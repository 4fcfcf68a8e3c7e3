"""The layouts and components keep what the pages promise: no inline code, held pictures, words tied to their fields."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from msgspec.structs import asdict

from tests.html import inline_code, repeated_ids, the, values
from unwall.channels.console.context import ConsoleLayout, ConsolePage
from unwall.channels.counter.context import CounterLayout, CounterPage
from unwall.channels.design import STATIC, TEMPLATES
from unwall.channels.http.rendering import NavLink, icon
from unwall.channels.http.stated_limits import LIMITS
from unwall.channels.shop.context import ShopLayout, ShopPage
from unwall.kernel.text import LANGUAGES

PAGES: Final = ("shop", "console", "counter", "styleguide")
PRODUCT: Final = {
    "url": "/p/1",
    "title": "Cup <white>",
    "image": "/i/1.webp",
    "image_alt": "A cup",
    "price": "¥10.00",
    "compare_at": None,
    "reason": None,
    "merchant": "Kiln",
    "availability": None,
}


def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"]
    )
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(context(), limits=LIMITS)  # the components are imported without a page's context
    return made


def context(**more: Any) -> dict[str, Any]:
    page = SimpleNamespace(
        lang="zh", title="Title", nonce=None, path="/here", here="/here?page=2", csrf="token", theme="dark"
    )
    nav = [NavLink("/", "Home", "home", True), NavLink("/bag", "Bag", "bag", False)]
    contents = (ShopPage(title="Title"), ConsolePage(title="Title"), CounterPage(title="Title"))
    layouts = (
        CounterLayout(zone="Asia/Shanghai", beep=""),
        ConsoleLayout(unanswered=0, flash=None, zone="Asia/Shanghai", currency="CNY", unsaved=False, changed=()),
        ShopLayout(bag_count=2, nav=nav),
    )
    facts = {name: value for one in (*contents, *layouts) for name, value in asdict(one).items()}
    return (
        {"page": page, "languages": LANGUAGES, "asset": lambda path: f"/static/{path}?v=1", "svg_icon": icon}
        | facts
        | more
    )


def render(source: str, **more: Any) -> str:
    head = '{% import "design/components.html" as ui %}'
    return environment().from_string(head + source).render(context(**more))


@pytest.mark.parametrize("name", PAGES)
def test_pages_need_no_inline_script_or_style(name: str) -> None:
    html = environment().get_template(f"design/{name}.html").render(context())
    assert inline_code(html) == []
    assert '<html lang="zh-Hans" data-theme="dark">' in html


@pytest.mark.parametrize("name", PAGES)
def test_every_id_stands_once_and_every_icon_is_in_the_sprite(name: str) -> None:
    html = environment().get_template(f"design/{name}.html").render(context())
    sprite = set(values((STATIC / "icons.svg").read_text(encoding="utf-8"), "symbol", "id"))
    assert repeated_ids(html) == set()
    assert {url.partition("#")[2] for url in values(html, "use", "href")} <= sprite


def test_an_error_stands_next_to_its_field_and_keeps_the_input() -> None:
    html = render('{{ ui.field("Phone", "tel", "138", error="Too short", help="For the courier") }}')
    assert 'aria-invalid="true" aria-describedby="f-tel-error f-tel-help"' in html
    assert 'value="138"' in html
    assert 'id="f-tel-error"' in html


def test_a_card_escapes_words_and_holds_the_place_of_its_picture() -> None:
    seen = htmlsafe_json_dumps({"policy": "it's"})
    html = render("{{ ui.product_card(p) }}", p=PRODUCT | {"impression": seen})
    assert "Cup &lt;white&gt;" in html
    assert 'width="800" height="1000"' in html
    assert 'loading="lazy"' in html
    assert json.loads(the(html, "[data-impression]").attributes["data-impression"] or "") == {"policy": "it's"}


def test_the_first_picture_is_fetched_first() -> None:
    html = render("{{ ui.product_card(p, first=true) }}", p=PRODUCT)
    assert 'fetchpriority="high"' in html
    assert "lazy" not in html


def test_nothing_more_to_load_leaves_nothing_behind() -> None:
    assert render('{{ ui.load_more(none, "list") }}').strip() == ""


def test_scripts_are_short_and_ours() -> None:
    for script in Path(STATIC).glob("*.js"):
        assert len(script.read_text(encoding="utf-8").splitlines()) < 150, script.name
