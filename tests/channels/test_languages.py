"""A third language is a file: pages, editors and the API take it up, and nothing names the languages one by one."""

from pathlib import Path

import pytest

from tests.channels.conftest import Shopper
from tests.channels.console.console_site import ConsoleSite, form, open_console_site
from tests.html import texts
from unwall.kernel.database import Database
from unwall.kernel.text import LANGUAGES, find_languages
from unwall.people.values import Role

GERMAN = r"""msgid ""
msgstr ""
"Language: de_DE\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "Orders"
msgstr "Bestellungen"

#, python-brace-format
msgid "{n} like"
msgid_plural "{n} likes"
msgstr[0] "{n}-mal gemocht"
msgstr[1] "{n}-mal gemocht"
"""
SHOP = ("/", "/search?q=coat", "/bag", "/sign-in", "/place", "/m/liu-yun", "/m/liu-yun/p/scarf", "/styleguide")
CONSOLE = (
    *("", "/posts", "/posts/new", "/pages", "/products", "/products/new", "/products/import", "/bundles"),
    *("/bundles/new", "/orders", "/stock", "/stock/audit", "/nodes", "/nodes/new", "/insight", "/people"),
)


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before the browser: the app goes through the languages in a thread of its own, from its start on."""
    (tmp_path / "de.po").write_text(GERMAN, encoding="utf-8")
    monkeypatch.setitem(LANGUAGES, "de", find_languages(tmp_path)["de"])


@pytest.fixture
async def site(db: Database, german: None, browser: Shopper) -> ConsoleSite:
    browser.http.cookies.set("uw_lang", "de")
    return await (await open_console_site(db)).sign_in_as(browser, Role.OWNER)


async def test_pages_are_in_the_new_language(site: ConsoleSite) -> None:
    for path in (*SHOP, *(f"/console{path}" for path in CONSOLE)):
        answer = await site.get(path)
        assert (path, answer.status_code, '<html lang="de"' in answer.text) == (path, 200, True)
        assert '<button name="lang" value="de" lang="de" aria-current="true">Deutsch</button>' in answer.text
    assert texts((await site.get("/console/orders")).text, "h1") == ["Bestellungen"]


async def test_it_can_be_chosen_and_is_negotiated(german: None, browser: Shopper) -> None:
    assert '<html lang="de"' in (await browser.get("/sign-in", headers={"accept-language": "de-AT,en;q=0.5"})).text
    assert (await browser.post("/language", {"lang": "de", "next": "/"})).status_code == 303
    assert '<html lang="de"' in (await browser.get("/sign-in")).text


EDITORS = {
    "/console/posts/new": ({"title": "Noon", "body": "At noon."}, "post", ("title", "body")),
    "/console/products/new": (
        {"title": "Cap", "variants.0.sku": "CAP", "variants.0.price": "9"},
        "product",
        ("title", "description"),
    ),
    "/console/nodes/new": (
        {"name": "Mill", "code": "M1", "city": "X", "address": "Y", "latitude": "1", "longitude": "1"},
        "node",
        ("name", "city", "address"),
    ),
    "/console/bundles/new": (
        {"title": "Pair", "parts.0.sku": "SCARF-RED", "parts.1.sku": "TEA"},
        "bundle",
        ("title", "description"),
    ),
}


@pytest.mark.parametrize("url", EDITORS)
async def test_an_editor_has_fields_for_each_other_language_and_saves_them(site: ConsoleSite, url: str) -> None:
    written, table, names = EDITORS[url]
    page = (await site.get(url)).text
    assert "Deutsch" in page
    assert "Chinesisch (vereinfacht)" in page
    fields = form(page, 'name="translations.de.' + names[0])
    for code, words in (("de", "Auf Deutsch"), ("zh", "中文")):
        fields |= {f"translations.{code}.{name}": f"{words}: {name}" for name in names}
    answer = await site.post(url, fields | written | {"do": "save"})
    assert answer.status_code == 303, answer.text
    stored = await site.value(f"SELECT translations FROM {table} WHERE id = $1", fields["id"])
    for code, words in (("de", "Auf Deutsch"), ("zh", "中文")):
        assert {name: stored[code][name] for name in names} == {name: f"{words}: {name}" for name in names}
    page = (await site.get(f"{url.removesuffix('/new')}/{fields['id']}")).text
    kept = form(page, 'name="translations.de.' + names[0])
    assert [kept[f"translations.de.{name}"] for name in names] == [f"Auf Deutsch: {name}" for name in names]
