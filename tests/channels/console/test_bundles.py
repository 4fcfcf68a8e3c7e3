"""Sets: the list and the editor."""

from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from tests.channels.console.console_site import ConsoleSite, errors, form
from unwall.catalogue import actions, bundles
from unwall.catalogue.off_sale import put_bundle_back_on_sale, take_bundle_off_sale
from unwall.catalogue.values import BundleDraft, BundlePartDraft, ProductTranslation
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Reported, ReportReason, Subject, SubjectKind, Verdict
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.people.values import Role
from unwall.usecases import moderate

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


async def test_what_a_moderator_has_taken_off_sale_is_sold_by_nothing_until_an_appeal_succeeds(
    site: ConsoleSite, morning: str
) -> None:
    bundle_id = UUID(morning.rpartition("/")[2])
    subject = Subject(SubjectKind.BUNDLE, bundle_id)
    async with site.db.transaction() as conn:
        await moderation.submit(conn, Reported(subject), now())
        case = await case_of(conn, subject)
    assert case
    assert (await site.post(f"{morning}/appeal", {"words": "Ours"})).status_code == 409
    await moderate.decide(site.db, operator("root"), [case.id], Verdict(Action.DROP, ReportReason.COUNTERFEIT), now())

    fields = await opened(site, morning) | {"do": "save"}
    assert "active" not in fields
    sold = await site.post(morning, fields | {"active": "1"})
    assert sold.status_code == 422
    assert "A moderator has taken this set off sale" in sold.text
    [before] = await saved(site)
    for draft in (replace(before, active=True), replace(before, active=True, id=None)):  # by its id, by its address
        with pytest.raises(Invalid) as refused:
            async with site.db.confined(site.market.merchant) as conn:
                await actions.save_bundle(conn, site.market.merchant, draft)
        assert list(refused.value.by_field()) == ["active"]
    with pytest.raises(asyncpg.CheckViolationError):
        async with site.db.transaction() as conn:
            await conn.execute("UPDATE bundle SET active = true WHERE id = $1", bundle_id)
    assert await saved(site) == [before]
    assert (await site.post(morning, fields | {"title": "Another morning"})).status_code == 303  # as it may be mended

    appeal = form((await site.get(morning)).text, f"{morning}/appeal")
    assert (await site.post(f"{morning}/appeal", appeal | {"words": "They are genuine."})).status_code == 303
    assert "Your appeal is waiting" in (await site.get(morning)).text
    await moderate.decide(site.db, operator("mei"), [case.id], Verdict(Action.RESTORE), now())
    [restored] = await saved(site)
    assert (restored.active, restored.title) == (True, "Another morning")
    assert "moderator" not in (await site.get(morning)).text


async def test_a_set_that_was_not_on_sale_is_not_put_on_sale_by_a_moderator(site: ConsoleSite, morning: str) -> None:
    bundle_id = UUID(morning.rpartition("/")[2])
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE bundle SET active = false WHERE id = $1", bundle_id)
        await take_bundle_off_sale(conn, bundle_id)
        await take_bundle_off_sale(conn, bundle_id)
        await put_bundle_back_on_sale(conn, bundle_id)
    assert [draft.active for draft in await saved(site)] == [False]


async def test_a_set_that_is_taken_off_while_it_is_saved_is_not_sold(
    site: ConsoleSite, morning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle_id, check = UUID(morning.rpartition("/")[2]), actions.bundle_off_sale_errors
    [draft] = await saved(site)

    async def rival(*args):
        errors = await check(*args)
        async with site.db.transaction() as conn:
            await take_bundle_off_sale(conn, bundle_id)
        return errors

    monkeypatch.setattr(actions, "bundle_off_sale_errors", rival)
    with pytest.raises(Invalid) as refused:
        async with site.db.transaction() as conn:
            await actions.save_bundle(conn, site.market.merchant, draft)
    assert list(refused.value.by_field()) == ["active"]
    assert await saved(site) == [replace(draft, active=False)]


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
    assert (await site.post(f"{morning}/appeal", {"words": "Mine"})).status_code == 404
    assert await saved(site) == before
