"""Sets: the list and the editor."""

import pytest

from tests.channels.console.bureau import Bureau, errors, form
from unwall.catalogue import bundles
from unwall.catalogue.values import BundleDraft, BundlePartDraft, ProductTranslation
from unwall.kernel.database import Database
from unwall.people.values import Role

PATH, NEW, EDITOR = "/console/bundles", "/console/bundles/new", 'id="parts-part"'
PARTS = {"parts.0.sku": "SCARF-RED", "parts.0.quantity": "1", "parts.1.sku": "TEA", "parts.1.quantity": "2"}


async def opened(bureau: Bureau, url: str = NEW) -> dict[str, str]:
    return form((await bureau.get(url)).text, EDITOR)


async def saved(bureau: Bureau) -> list[BundleDraft]:
    """The merchant's sets, as their editor opens them."""
    async with bureau.db.read() as conn:
        found = await bundles.bundles(conn, bureau.market.merchant, "en")
        drafts = [await bundles.bundle_draft(conn, bureau.market.merchant, one.id) for one in found]
    return [draft for draft in drafts if draft]


WORDS = {"title": "Quiet morning", "translations.zh.title": "安静的早晨"}


@pytest.fixture
async def morning(bureau: Bureau) -> str:
    """The address of a set."""
    fields = await opened(bureau) | PARTS | WORDS | {"do": "save"}
    assert (await bureau.post(NEW, fields)).status_code == 303
    return f"{PATH}/{fields['id']}"


async def test_products_lead_to_sets(bureau: Bureau) -> None:
    assert f'href="{PATH}"' in (await bureau.get("/console/products")).text
    assert "No set yet" in (await bureau.get(PATH)).text


async def test_a_set_is_made_once_with_its_words_and_parts(bureau: Bureau) -> None:
    fields = await opened(bureau) | PARTS | WORDS | {"do": "save"}
    for _ in range(2):
        answer = await bureau.post(NEW, fields)
        assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    [made] = await saved(bureau)
    assert (made.title, made.slug, made.active) == ("Quiet morning", "quiet-morning", True)
    assert made.translations == {"zh": ProductTranslation("安静的早晨")}
    assert made.parts == (BundlePartDraft(bureau.market.red, 1), BundlePartDraft(bureau.market.tea, 2))
    page = (await bureau.get(PATH)).text
    assert "The set is saved." in page
    assert "1 × Silk scarf · red, 2 × Longjing" in page
    assert "CN¥486" in page


async def test_saving_what_was_opened_changes_nothing(bureau: Bureau, morning: str) -> None:
    before = await saved(bureau)
    assert (await bureau.post(morning, await opened(bureau, morning) | {"do": "save"})).status_code == 303
    assert await saved(bureau) == before


async def test_a_set_is_taken_off_sale(bureau: Bureau, morning: str) -> None:
    fields = await opened(bureau, morning) | {"do": "save"}
    del fields["active"]
    assert (await bureau.post(morning, fields)).status_code == 303
    assert [draft.active for draft in await saved(bureau)] == [False]
    assert "Not on sale" in (await bureau.get(PATH)).text


async def test_parts_are_added_and_taken_out_without_saving(bureau: Bureau, morning: str) -> None:
    before, fields = await saved(bureau), await opened(bureau, morning)
    more = form((await bureau.post(morning, fields | {"do": "add"})).text, EDITOR)
    assert (more["parts.2.sku"], more["parts.2.quantity"]) == ("", "1")
    fewer = form((await bureau.post(morning, more | {"do": "drop:0"})).text, EDITOR)
    assert [fewer[f"parts.{n}.sku"] for n in range(2)] == ["TEA", ""]
    assert await saved(bureau) == before
    assert (await bureau.post(morning, fewer | {"do": "save"})).status_code == 303
    assert [draft.parts for draft in await saved(bureau)] == [(BundlePartDraft(bureau.market.tea, 2),)]


@pytest.mark.parametrize(
    ("wrong", "marked"),
    [
        ({"title": ""}, {"f-title": "Give the bundle a title."}),
        ({"title": "x" * 256}, {"f-title": "At most 255 characters."}),
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
    bureau: Bureau, morning: str, wrong: dict[str, str], marked: dict[str, str]
) -> None:
    before = await saved(bureau)
    fields = await opened(bureau) | PARTS | {"title": "Another", "do": "save"} | wrong
    answer = await bureau.post(NEW, fields)
    assert answer.status_code == 422
    assert errors(answer.text) == marked
    kept = form(answer.text, EDITOR)
    assert (kept["title"], kept["translations.zh.title"]) == (fields["title"], fields["translations.zh.title"])
    assert await saved(bureau) == before


async def test_editors_of_posts_and_stock_have_no_sets(bureau: Bureau, db: Database) -> None:
    for role in (Role.ANALYST, Role.STOCK, Role.NODE):
        await bureau.sit(bureau.browser, role)
        assert (await bureau.get(PATH)).status_code == 403


async def test_another_merchants_set_is_not_there(bureau: Bureau, morning: str) -> None:
    before = await saved(bureau)
    async with bureau.db.transaction() as conn:
        await conn.execute("UPDATE staff SET merchant_id = $1", bureau.rival.merchant)
    assert (await bureau.get(morning)).status_code == 404
    assert (await bureau.post(morning, {"title": "Mine", "do": "save"})).status_code == 404
    assert await saved(bureau) == before
