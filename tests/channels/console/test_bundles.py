"""Sets: the list and the editor."""

import pytest

from tests.channels.console.console_site import ConsoleSite, errors, form
from unwall.catalogue import bundles
from unwall.catalogue.values import BundleDraft, BundlePartDraft, ProductTranslation
from unwall.kernel.database import Database
from unwall.people.values import Role

PATH, NEW, EDITOR = "/console/bundles", "/console/bundles/new", 'id="parts-part"'
PARTS = {"parts.0.sku": "SCARF-RED", "parts.0.quantity": "1", "parts.1.sku": "TEA", "parts.1.quantity": "2"}


async def opened(site: ConsoleSite, url: str = NEW) -> dict[str, str]:
    return form((await site.get(url)).text, EDITOR)


async def saved(site: ConsoleSite) -> list[BundleDraft]:
    """The merchant's sets, as their editor opens them."""
    async with site.db.read() as conn:
        found = await bundles.bundles(conn, site.market.merchant, "en")
        drafts = [await bundles.bundle_draft(conn, site.market.merchant, one.id) for one in found]
    return [draft for draft in drafts if draft]


WORDS = {"title": "Quiet morning", "translations.zh.title": "安静的早晨"}


@pytest.fixture
async def morning(site: ConsoleSite) -> str:
    """The address of a set."""
    fields = await opened(site) | PARTS | WORDS | {"do": "save"}
    assert (await site.post(NEW, fields)).status_code == 303
    return f"{PATH}/{fields['id']}"


async def test_products_lead_to_sets(site: ConsoleSite) -> None:
    assert f'href="{PATH}"' in (await site.get("/console/products")).text
    assert "No set yet" in (await site.get(PATH)).text


async def test_a_set_is_made_once_with_its_words_and_parts(site: ConsoleSite) -> None:
    fields = await opened(site) | PARTS | WORDS | {"do": "save"}
    for _ in range(2):
        answer = await site.post(NEW, fields)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    [made] = await saved(site)
    assert (made.title, made.slug, made.active) == ("Quiet morning", "quiet-morning", True)
    assert made.translations == {"zh": ProductTranslation("安静的早晨")}
    assert made.parts == (BundlePartDraft(site.market.red, 1), BundlePartDraft(site.market.tea, 2))
    page = (await site.get(PATH)).text
    assert "The set is saved." in page
    assert "1 × Silk scarf · red, 2 × Longjing" in page
    assert "CN¥486" in page


async def test_saving_what_was_opened_changes_nothing(site: ConsoleSite, morning: str) -> None:
    before = await saved(site)
    assert (await site.post(morning, await opened(site, morning) | {"do": "save"})).status_code == 303
    assert await saved(site) == before


async def test_a_set_is_taken_off_sale(site: ConsoleSite, morning: str) -> None:
    fields = await opened(site, morning) | {"do": "save"}
    del fields["active"]
    assert (await site.post(morning, fields)).status_code == 303
    assert [draft.active for draft in await saved(site)] == [False]
    assert "Not on sale" in (await site.get(PATH)).text


async def test_parts_are_added_and_taken_out_without_saving(site: ConsoleSite, morning: str) -> None:
    before, fields = await saved(site), await opened(site, morning)
    more = form((await site.post(morning, fields | {"do": "add"})).text, EDITOR)
    assert (more["parts.2.sku"], more["parts.2.quantity"]) == ("", "1")
    fewer = form((await site.post(morning, more | {"do": "drop:0"})).text, EDITOR)
    assert [fewer[f"parts.{n}.sku"] for n in range(2)] == ["TEA", ""]
    assert await saved(site) == before
    assert (await site.post(morning, fewer | {"do": "save"})).status_code == 303
    assert [draft.parts for draft in await saved(site)] == [(BundlePartDraft(site.market.tea, 2),)]


@pytest.mark.parametrize(
    ("wrong", "marked"),
    [
        ({"title": ""}, {"f-title": "Give the bundle a title."}),
        ({"title": "x" * 256}, {"f-title": "This is too long."}),
        ({"title": "Quiet morning"}, {"f-title": "Another bundle has this address."}),
        ({"parts.0.sku": "", "parts.1.sku": ""}, {"parts": "A bundle needs at least one part."}),
        ({"parts.0.sku": "NOPE"}, {"p-0-sku": "This is not one of your variants."}),
        ({"parts.0.sku": "GOWN"}, {"p-0-sku": "This is not one of your variants."}),
        ({"parts.1.sku": "SCARF-RED"}, {"p-1-sku": "This variant is already a part."}),
        ({"parts.1.quantity": "100"}, {"p-1-quantity": "Write a number from 1 to 99."}),
        ({"parts.1.quantity": "two"}, {"p-1-quantity": "Write a number from 1 to 99."}),
        ({"parts.0.sku": "", "parts.1.quantity": "0"}, {"p-0-quantity": "Write a number from 1 to 99."}),
        ({"translations.zh.title": "x" * 256}, {"f-zh-title": "This is too long."}),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(
    site: ConsoleSite, morning: str, wrong: dict[str, str], marked: dict[str, str]
) -> None:
    before = await saved(site)
    fields = await opened(site) | PARTS | {"title": "Another", "do": "save"} | wrong
    answer = await site.post(NEW, fields)
    assert answer.status_code == 422
    assert errors(answer.text) == marked
    kept = form(answer.text, EDITOR)
    assert (kept["title"], kept["translations.zh.title"]) == (fields["title"], fields["translations.zh.title"])
    assert await saved(site) == before


async def test_editors_of_posts_and_stock_have_no_sets(site: ConsoleSite, db: Database) -> None:
    for role in (Role.ANALYST, Role.STOCK, Role.NODE):
        await site.sign_in_as(site.browser, role)
        assert (await site.get(PATH)).status_code == 403


async def test_another_merchants_set_is_not_there(site: ConsoleSite, morning: str) -> None:
    before = await saved(site)
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE staff SET merchant_id = $1", site.rival.merchant)
    assert (await site.get(morning)).status_code == 404
    assert (await site.post(morning, {"title": "Mine", "do": "save"})).status_code == 404
    assert await saved(site) == before
