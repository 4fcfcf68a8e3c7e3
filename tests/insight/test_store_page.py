"""The front of a store as its merchant defined it: what is shown, saved, published and scheduled (P13 to P17)."""

from datetime import timedelta
from uuid import UUID

import pytest
from obstore.store import MemoryStore
from structlog.testing import capture_logs

from tests.insight.market import LABEL, NOON, PRODUCTS, TEA, add_post, open_market, post, product
from unwall.insight.pages import page_reads
from unwall.insight.pages.compose import PageSources
from unwall.insight.pages.definition import (
    DEFAULT_PAGE,
    Diversity,
    HandPicked,
    HitList,
    Hits,
    ModuleKind,
    NewArrivals,
    Newest,
    OfCategory,
    PageDefinition,
    PageModule,
    Pinned,
    VersionState,
)
from unwall.insight.pages.jobs import PagePublisher
from unwall.insight.pages.page_actions import (
    ConflictingGuarantees,
    NoSuchVersion,
    PageAuthor,
    publish,
    publish_due,
    restore,
    save_draft,
    schedule,
    withdraw,
)
from unwall.insight.pages.rules import exposures
from unwall.insight.pages.store_page import compose_store
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.recommend.recommender import Recommender
from unwall.journal.values import ImpressionBody, Visit
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files
from unwall.kernel.ids import derived_id

SOMEBODY = Visit(derived_id("somebody"), derived_id("session"), None, "en")
EDITOR = PageAuthor(TEA, "editor")
LOYAL = UUID(int=7)


@pytest.fixture
async def market(db):
    async with db.transaction() as conn:
        await open_market(conn)
        for n, name in enumerate(["spring", "summer", "autumn"]):
            await add_post(conn, name, TEA, [], hours_ago=n + 1)
        await conn.execute("UPDATE product SET created_at = $1", NOON - timedelta(days=90))
    return db


def row(*guarantees, slots: int = 4, **fields) -> PageModule:
    return PageModule(ModuleKind.PRODUCTS, slots=slots, guarantees=list(guarantees), **fields)


async def shown(db, *, segments=(), draft=None):
    async with db.read() as conn:
        sources = PageSources(conn, StorefrontCache(), Recommender(db, Files(MemoryStore())))
        return await compose_store(sources, SOMEBODY, TEA, NOON, segments=segments, draft=draft)


def names(page) -> list[list[str]]:
    return [[slot.card.slug if slot.card else slot.post.title for slot in module.slots] for module in page.modules]


async def publish_page(db, definition: PageDefinition) -> None:
    async with db.confined(TEA) as conn:
        await save_draft(conn, TEA, definition)
        await publish(conn, EDITOR, NOON)


async def states(db) -> dict[int, VersionState]:
    async with db.confined(TEA) as conn:
        return {one.version: one.state for one in await page_reads.versions(conn, TEA)}


async def test_p13_the_modules_stand_in_the_order_of_the_definition(market):
    newest = [card.slug for card in (await newest_cards(market))]
    picked = HandPicked([product("cup"), product("green")])
    hero = PageModule(ModuleKind.HERO, post_id=post("autumn"))
    definition = PageDefinition(
        [row(slots=2, source=Newest()), hero, row(slots=3, source=picked, title="Gifts"), PageModule(ModuleKind.POSTS)]
    )
    page = await shown(market, draft=definition)
    rows = names(page)
    assert rows[1] == ["Autumn"]
    assert rows[3] == ["Spring", "Summer"]
    assert len(rows[0]) == 2
    assert set(rows[0]) <= set(newest)
    assert set(rows[2]) == {"cup", "green"} - set(rows[0])
    assert page.modules[2].title.text_in("zh") == "Gifts"
    slots = [slot.slot for module in page.modules if module.name == "for-you" for slot in module.slots]
    assert slots == list(range(len(slots)))


async def newest_cards(db):
    page = await shown(db, draft=PageDefinition([row(slots=24)]))
    return [slot.card for slot in page.modules[0].slots]


async def test_p13_guarantees_hold_and_each_exposure_names_the_one_that_placed_it(market):
    async with market.transaction() as conn:
        await conn.execute("UPDATE product SET created_at = $1 WHERE slug = 'cup'", NOON)
    last = (await newest_cards(market))[-1].slug
    hit = next(name for name in PRODUCTS[TEA] if name not in (last, "cup"))
    definition = PageDefinition(
        [row(Pinned(product(last), 0), NewArrivals(1), slots=3)], [product(hit)], Hits(at_least=1, first=2)
    )
    page = await shown(market, draft=definition)
    assert names(page)[0] == [last, hit, "cup"]
    bodies = [event.body for event in exposures(page, SOMEBODY, NOON)]
    assert [body.guarantee for body in bodies if isinstance(body, ImpressionBody)] == ["pinned", "hits", "new-arrivals"]
    assert page.modules[0].slots[0].reason.text_in("en") == "Chosen by Tea"


async def test_p13_a_row_of_a_category_and_a_limit_of_one(market):
    teas = UUID(int=77)
    async with market.transaction() as conn:
        await conn.execute(
            "INSERT INTO category (id, merchant_id, slug, title) VALUES ($1, $2, 'teas', 'Teas')", teas, TEA
        )
        await conn.execute("UPDATE product SET category_id = $1 WHERE slug IN ('green', 'white', 'black')", teas)
    of_category = PageDefinition([row(slots=6, source=OfCategory(teas))])
    assert set(names(await shown(market, draft=of_category))[0]) == {"green", "white", "black"}
    limited = PageDefinition([row(Diversity(1), slots=12)])
    assert len({"green", "white", "black"} & set(names(await shown(market, draft=limited))[0])) == 1


async def test_p13_a_module_is_shown_to_its_segments_only(market):
    definition = PageDefinition([row(slots=1), row(slots=2, title="For you, again", audience=frozenset([LOYAL]))])
    assert len((await shown(market, draft=definition)).modules) == 1
    assert len((await shown(market, draft=definition, segments=[LOYAL])).modules) == 2


async def test_p13_a_member_of_a_segment_sees_its_modules_without_being_asked_for(market):
    member = UUID(int=8)
    async with market.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member)
        await conn.execute(
            "INSERT INTO segment (id, merchant_id, name, definition, changed_at) VALUES ($1, $2, 'Loyal', '{}', $3)",
            LOYAL,
            TEA,
            NOON,
        )
        await conn.execute("INSERT INTO segment_member VALUES ($1, $2, $3)", LOYAL, member, TEA)
        sources = PageSources(conn, StorefrontCache(), Recommender(market, Files(MemoryStore())))
        draft = PageDefinition([row(slots=1), row(slots=2, audience=frozenset([LOYAL]))])
        rows = [
            len((await compose_store(sources, visit, TEA, NOON, draft=draft)).modules)
            for visit in (SOMEBODY, Visit(derived_id("somebody"), derived_id("session"), member, "en"))
        ]
    assert rows == [1, 2]


async def test_p16_what_cannot_be_shown_is_given_up_and_logged(market):
    await publish_page(market, PageDefinition([row(Pinned(product("cup"), 0))]))
    async with market.transaction() as conn:
        await conn.execute("UPDATE product SET status = 'archived' WHERE slug = 'cup'")
    with capture_logs() as logs:
        page = await shown(market)
    assert "cup" not in names(page)[0]
    assert [(one["event"], one["merchant"]) for one in logs] == [("guarantees of a page given up", str(TEA))]


async def test_p17_a_draft_is_seen_when_it_is_published(market):
    async with market.confined(TEA) as conn:
        assert await page_reads.draft(conn, TEA) == DEFAULT_PAGE
        await save_draft(conn, TEA, PageDefinition([row(slots=1)]))
    assert [len(slots) for slots in names(await shown(market))] != [1]
    async with market.confined(TEA) as conn:
        assert await publish(conn, EDITOR, NOON) == 1
    assert [len(slots) for slots in names(await shown(market))] == [1]
    await publish_page(market, PageDefinition([row(slots=2)]))
    assert await states(market) == {2: VersionState.LIVE, 1: VersionState.PAST}


async def test_p17_a_scheduled_page_is_published_at_its_time_and_once(market):
    at = NOON + timedelta(hours=1)
    await publish_page(market, PageDefinition([row(slots=1)]))
    async with market.confined(TEA) as conn:
        await save_draft(conn, TEA, PageDefinition([row(slots=2)]))
        await schedule(conn, EDITOR, at + timedelta(hours=5), NOON)
        await schedule(conn, EDITOR, at, NOON)
        await save_draft(conn, TEA, PageDefinition([row(slots=3)]))  # what is scheduled stays as it was
    assert list((await states(market)).values()) == ["scheduled", "withdrawn", "live"]
    async with market.transaction() as conn:
        assert not await publish_due(conn, TEA, at - timedelta(seconds=1))
    publisher = PagePublisher(market, lambda: at)
    await publisher.sweep()
    await publisher(TEA.bytes)
    assert await states(market) == {3: VersionState.LIVE, 2: VersionState.WITHDRAWN, 1: VersionState.PAST}
    assert [len(slots) for slots in names(await shown(market))] == [2]


async def test_p17_a_schedule_can_be_withdrawn_and_an_earlier_version_restored(market):
    await publish_page(market, PageDefinition([row(slots=1)]))
    async with market.confined(TEA) as conn:
        await save_draft(conn, TEA, PageDefinition([row(slots=2)]))
        await schedule(conn, EDITOR, NOON + timedelta(hours=1), NOON)
        await withdraw(conn, TEA)
        await restore(conn, TEA, 1)
        assert await page_reads.draft(conn, TEA) == PageDefinition([row(slots=1)])
        with pytest.raises(NoSuchVersion):
            await restore(conn, TEA, 3)
    async with market.transaction() as conn:
        assert not await publish_due(conn, TEA, NOON + timedelta(hours=2))
    assert await states(market) == {2: VersionState.WITHDRAWN, 1: VersionState.LIVE}
    with pytest.raises(Invalid, match="still to come"):
        async with market.confined(TEA) as conn:
            await schedule(conn, EDITOR, NOON, NOON)


async def test_p15_conflicting_guarantees_are_not_published(market):
    pins = [Pinned(product("cup"), 0), Pinned(product("green"), 0)]
    async with market.confined(TEA) as conn:
        await save_draft(conn, TEA, PageDefinition([row(*pins), row(NewArrivals(1))]))
        with pytest.raises(ConflictingGuarantees) as caught:
            await publish(conn, EDITOR, NOON)
        named = [one.guarantee.guarantee for one in caught.value.conflicting]
        assert named == [NewArrivals(1)]  # nothing is new: a smaller set than the two pins
        await save_draft(conn, TEA, PageDefinition([row(*pins)]))
        with pytest.raises(ConflictingGuarantees) as caught:
            await schedule(conn, EDITOR, NOON + timedelta(days=1), NOON)
        assert [one.guarantee.guarantee for one in caught.value.conflicting] == pins
    assert await states(market) == {}


async def test_a_definition_names_what_is_wrong_and_changes_nothing(market):
    other = next(iter(PRODUCTS[LABEL]))
    wrong = PageDefinition(
        [
            row(Pinned(product(other), 4), Diversity(0), slots=4, title="x" * 61),
            row(slots=25, source=HandPicked([product(other)]), audience=frozenset([LOYAL])),
            row(source=OfCategory(UUID(int=1))),
            PageModule(ModuleKind.HERO, post_id=UUID(int=2)),
            row(source=HitList()),
        ],
        [product(other)],
        Hits(3, 2),
    )
    async with market.confined(TEA) as conn:
        with pytest.raises(Invalid) as caught:
            await save_draft(conn, TEA, wrong)
        assert sorted(caught.value.by_field()) == [
            "hits",
            "hits_above",
            "modules.0.guarantees.0.position",
            "modules.0.guarantees.0.product_id",
            "modules.0.guarantees.1.at_most",
            "modules.0.title",
            "modules.1.audience",
            "modules.1.slots",
            "modules.1.source",
            "modules.2.source",
            "modules.3.post_id",
        ]
        assert await page_reads.draft(conn, TEA) == DEFAULT_PAGE
