"""What stands where, and why: docs/rules/pages.md."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obstore.store import MemoryStore

from tests.insight.market import (
    ANN,
    BOB,
    EVE,
    LABEL,
    NOON,
    PRODUCTS,
    TEA,
    add_order,
    add_post,
    add_product,
    did,
    open_market,
    post,
    product,
    variant,
)
from unwall.commerce.stock.actions import receive
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.insight.pages import compose, reads
from unwall.insight.pages.actions import save_pins
from unwall.insight.pages.definition import ModuleKind, PageDefinition, PageModule, Pinned
from unwall.insight.pages.page_actions import PageAuthor, publish, save_draft
from unwall.insight.pages.reads import pins as pins_of
from unwall.insight.pages.rules import (
    FRESH_POSITIONS,
    NEW_DAYS,
    POPULAR_PEOPLE,
    ROW_PRODUCTS,
    arrange,
    exposures,
    varied,
)
from unwall.insight.pages.store_page import compose_store
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.pages.values import ModuleName, Pin
from unwall.insight.recommend.actions import train
from unwall.insight.recommend.fitting import LATELY_DAYS
from unwall.insight.recommend.recommender import Recommender
from unwall.journal.actions import record
from unwall.journal.values import Event, EventKind, ImpressionBody, Visit
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files
from unwall.kernel.geo import Place
from unwall.kernel.ids import derived_id
from unwall.kernel.text import Explanation

SESSION = derived_id("session")
NEWCOMER = Visit(derived_id("newcomer"), SESSION, None, "en")
ITEMS = [UUID(int=n) for n in range(40)]
CROWD = [derived_id("person", str(n)) for n in range(20)]


def sources(conn, recommender: Recommender) -> compose.PageSources:
    """With nothing in the cache."""
    return compose.PageSources(conn, StorefrontCache(), recommender)


def names(module) -> list[str]:
    return [slot.card.slug for slot in module.slots]


def modules(page) -> dict:
    return {module.name: module for module in page.modules}


def visit(who=ANN, *, place=None, lang="en") -> Visit:
    return Visit(who, SESSION, None, lang, place)


async def pin(conn, merchant, name: str, position: int) -> None:
    await conn.execute("INSERT INTO pin VALUES ($1, $2, $3)", merchant, position, product(name))


def pinned_row(name: str, position: int) -> PageDefinition:
    row = PageModule(ModuleKind.PRODUCTS, guarantees=[Pinned(product(name), position)])
    return PageDefinition([row])


async def publish_page(conn, merchant: UUID, definition: PageDefinition) -> None:
    await save_draft(conn, merchant, definition)
    await publish(conn, PageAuthor(merchant, "editor"), NOON)


async def follow(conn, who, slug: str) -> None:
    await conn.execute("INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)", derived_id("account", slug), who)


async def store_with_pins(conn, slug: str, pins: int) -> None:
    """Its products are SLUG-0, SLUG-1, ..., each pinned to that position of the home page."""
    merchant = derived_id("merchant", slug)
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, $2, 'CNY', 'Asia/Shanghai')",
        merchant,
        slug,
    )
    await conn.execute(
        "INSERT INTO account (id, merchant_id, kind, handle, name) VALUES ($1, $2, 'store', $3, $3)",
        derived_id(slug),
        merchant,
        slug.replace("-", "_"),
    )
    for n in range(pins):
        await add_product(conn, merchant, f"{slug}-{n}")
        await pin(conn, merchant, f"{slug}-{n}", n)


def pinned(page) -> list[str]:
    return [slot.card.slug for slot in modules(page)[ModuleName.FOR_YOU].slots if slot.policy == "pinned-1"]


async def plan_of(conn, sql: str, *args) -> str:
    return "\n".join(record[0] for record in await conn.fetch(f"EXPLAIN {sql}", *args))


@pytest.fixture
async def market(db):
    """Ann looked at green tea and bought the cup; people who see green tea go on to white, then black."""
    async with db.transaction() as conn:
        await open_market(conn)
        for n, name in enumerate(["spring", "summer", "autumn", "winter", "rain", "snow"]):
            await add_post(conn, name, TEA, ["green"], hours_ago=n + 2)
        await add_post(conn, "linen", LABEL, ["coat"], hours_ago=1)
        await record(
            conn,
            [
                did(ANN, EventKind.PURCHASE, "cup", hours=-9),
                did(ANN, EventKind.VIEW, "green", hours=-8),
                did(BOB, EventKind.VIEW, "green", hours=-7),
                did(BOB, EventKind.VIEW, "white", hours=-6),
                did(BOB, EventKind.VIEW, "black", hours=-5),
                did(BOB, EventKind.VIEW, "coat", hours=-4),
            ],
        )
    return db


@pytest.fixture
async def recommender(market):
    files = Files(MemoryStore())
    await train(market, files, at=NOON)
    found = Recommender(market, files)
    await found.refresh()
    return found


# --- the row ----------------------------------------------------------------------------------------------------------

a_pin = st.builds(Pin, st.sampled_from([TEA, LABEL]), st.integers(0, 19), st.sampled_from(ITEMS))
pins_of_one = st.lists(
    st.builds(Pin, st.just(TEA), st.integers(0, 19), st.sampled_from(ITEMS)),
    unique_by=(lambda pin: pin.position, lambda pin: pin.product_id),
    max_size=8,
)
ranked = st.lists(st.sampled_from(ITEMS), max_size=40)


@given(pins_of_one, st.permutations(ITEMS), st.integers(0, 14))
def test_p1_every_pin_stands_at_its_place_and_the_row_grows_to_hold_it(pins, rank, size):
    row = arrange(pins, rank, size)
    assert [row[pin.position] for pin in pins] == [pin.product_id for pin in pins]
    assert len(row) == max([size, *[pin.position + 1 for pin in pins]])


@given(pins_of_one, ranked)
def test_p1_a_row_closes_up_and_keeps_the_pins_order(pins, rank):
    row = arrange(pins, rank, 12)
    assert [item for item in row if item in {p.product_id for p in pins}] == [
        p.product_id for p in sorted(pins, key=lambda p: p.position)
    ]
    assert len(row) <= 20


@given(st.lists(a_pin, max_size=12, unique_by=lambda pin: pin.product_id), st.permutations(ITEMS))
def test_p2_two_merchants_on_one_place_stand_next_to_each_other_always_the_same_way(pins, rank):
    row = arrange(pins, rank, 12)
    assert row == arrange(pins[::-1], rank, 12)
    assert {p.product_id for p in pins} <= set(row)
    for one in pins:
        assert row.index(one.product_id) >= one.position
        between = row[one.position : row.index(one.product_id)]
        assert set(between) <= {p.product_id for p in pins}, "only pins can push a pin on"


def test_p2_the_smaller_identifier_goes_first():
    first, second = sorted([TEA, LABEL])
    pins = [Pin(second, 1, ITEMS[0]), Pin(first, 1, ITEMS[1])]
    assert arrange(pins, ITEMS[5:], 4) == [ITEMS[5], ITEMS[1], ITEMS[0], ITEMS[6]]


@given(st.lists(a_pin, max_size=12), ranked, st.integers(0, 14))
def test_p3_everything_else_stands_by_its_score(pins, rank, size):
    pinned = {pin.product_id for pin in pins}
    rest = [item for item in arrange(pins, rank, size) if item not in pinned]
    by_score = [item for item in dict.fromkeys(rank) if item not in pinned]
    assert rest == by_score[: len(rest)]


async def test_p3_what_was_bought_is_not_recommended_but_shown_where_pinned(market, recommender):
    async with market.transaction() as conn:
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
        assert "cup" not in names(modules(page)[ModuleName.FOR_YOU])
        assert names(modules(page)[ModuleName.FOR_YOU])[:2] == ["white", "black"]
        await pin(conn, TEA, "cup", 1)
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
        assert names(modules(page)[ModuleName.FOR_YOU])[:3] == ["white", "cup", "black"]


@given(st.lists(a_pin, max_size=12), ranked, st.integers(0, 14))
def test_p4_nothing_stands_twice(pins, rank, size):
    row = arrange(pins, rank, size)
    assert len(row) == len(set(row))


async def test_p4_what_cannot_be_bought_leaves_its_place_to_the_next(market, recommender):
    async with market.transaction() as conn:
        await pin(conn, TEA, "puer", 0)
        await conn.execute("UPDATE product SET status = 'archived' WHERE slug IN ('puer', 'white')")
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
    row = names(modules(page)[ModuleName.FOR_YOU])
    assert row[0] == "black"
    assert not {"puer", "white"} & set(row)


async def test_p1_pins_hold_on_the_page_that_they_are_for(market, recommender):
    async with market.transaction() as conn:
        await publish_page(conn, TEA, pinned_row("puer", 2))
        await publish_page(conn, LABEL, pinned_row("dress", 0))
        store = await compose_store(sources(conn, recommender), visit(), TEA, NOON)
        home = await compose.compose_home(sources(conn, recommender), visit(), NOON)
    slot = modules(store)[ModuleName.FOR_YOU].slots[2]
    assert (slot.card.slug, slot.policy, slot.reason.text_in("en")) == ("puer", "pinned-1", "Chosen by Tea")
    assert set(names(modules(store)[ModuleName.FOR_YOU])) <= set(PRODUCTS[TEA])
    assert "pinned-1" not in {slot.policy for slot in modules(home)[ModuleName.FOR_YOU].slots}


async def test_p2_the_home_page_shows_six_pins_however_many_there_are_and_followed_stores_first(market, recommender):
    async with market.transaction() as conn:
        for n in range(40):
            await store_with_pins(conn, f"store-{n}", 5)
        rows = {who: pinned(await compose.compose_home(sources(conn, recommender), visit(who), NOON)) for who in CROWD}
        again = await compose.compose_home(sources(conn, recommender), visit(CROWD[0]), NOON)
        await conn.execute("INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)", derived_id("store-7"), EVE)
        followed = pinned(await compose.compose_home(sources(conn, recommender), visit(EVE), NOON))
    assert {len(row) for row in rows.values()} == {6}
    assert pinned(again) == rows[CROWD[0]]
    assert len({slug for row in rows.values() for slug in row}) > 30  # a different few for each person
    assert [slug for slug in followed if slug.startswith("store-7-")] == [f"store-7-{n}" for n in range(5)]


async def test_p2_one_pin_that_cannot_be_bought_takes_no_place(market, recommender):
    async with market.transaction() as conn:
        await store_with_pins(conn, "many", 8)
        await conn.execute("UPDATE product SET status = 'archived' WHERE slug = 'many-0'")
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
    assert pinned(page) == [f"many-{n}" for n in range(1, 7)]


async def test_pins_and_suggestions_are_read_from_indexes(market):
    """500 stores with five pins each made a home page of 2,500 products."""
    async with market.transaction() as conn:
        for n in range(60):
            await store_with_pins(conn, f"store-{n}", 5)
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = await plan_of(conn, reads.HOME_INPUTS, [ANN], "en", 7, 24, 24, None)
    assert "pin_circle" in plan
    assert "account_followers" in plan


# --- why --------------------------------------------------------------------------------------------------------------


async def test_p5_every_product_says_why_in_the_readers_words(market, recommender):
    async with market.transaction() as conn:
        page = await compose.compose_home(sources(conn, recommender), visit(lang="zh"), NOON)
        first, *_, last = modules(page)[ModuleName.FOR_YOU].slots
        assert (first.reason.text, first.reason.facts) == ("Because you looked at {product}", {"product": "中green"})
        assert last.reason.text == "New at {store}"


def told(page, module=ModuleName.FOR_YOU) -> dict[str, str | None]:
    return {slot.card.slug: slot.reason and slot.reason.text_in("en") for slot in modules(page)[module].slots}


async def make_old(conn) -> None:
    await conn.execute("UPDATE product SET created_at = $1", NOON - timedelta(days=NEW_DAYS, minutes=1))


async def crowd_on(market, name: str, people: int, *, days_ago: float = 1) -> Recommender:
    """So many different people opened the product so long ago, and the model is trained on that."""
    async with market.transaction() as conn:
        seen = [did(derived_id("person", n), EventKind.VIEW, name, hours=-24 * days_ago) for n in range(people)]
        again = [did(derived_id("person", 0), EventKind.VIEW, name, hours=-24 * days_ago - n) for n in range(1, 9)]
        await record(conn, seen + again)
        await make_old(conn)
    files = Files(MemoryStore())
    await train(market, files, at=NOON)
    found = Recommender(market, files)
    await found.refresh()
    return found


@pytest.mark.parametrize(
    ("people", "days_ago", "reason"),
    [
        (POPULAR_PEOPLE, 1, "Popular now at Tea"),
        (POPULAR_PEOPLE - 1, 1, "More from Tea"),  # one of them nine times
        (POPULAR_PEOPLE, LATELY_DAYS + 1, "More from Tea"),
        (0, 1, "More from Tea"),
    ],
)
async def test_p5_popular_is_only_what_enough_people_lately_opened(market, people, days_ago, reason):
    recommender = await crowd_on(market, "puer", people, days_ago=days_ago)
    async with market.transaction() as conn:
        page = await compose.compose_home(sources(conn, recommender), NEWCOMER, NOON)
    assert told(page)["puer"] == reason


async def test_p5_new_is_only_what_was_added_in_the_last_thirty_days(market, recommender):
    async with market.transaction() as conn:
        await conn.execute("DELETE FROM journal")
        await make_old(conn)
        await conn.execute("UPDATE product SET created_at = $1 WHERE slug = 'puer'", NOON - timedelta(days=NEW_DAYS))
        page = await compose_store(sources(conn, recommender), NEWCOMER, TEA, NOON)
    assert {slug for slug, reason in told(page).items() if reason == "New at Tea"} == {"puer"}
    assert {reason for reason in told(page).values() if reason} == {"New at Tea", "More from Tea"}


async def test_p5_a_new_store_shows_its_newest_products_at_once(market):
    """Without a model, and beside a model that was trained before the store opened."""
    untrained = Recommender(market, Files(MemoryStore()))
    files = Files(MemoryStore())
    await train(market, files, at=NOON)
    trained = Recommender(market, files)
    await trained.refresh()
    async with market.transaction() as conn:
        await store_with_pins(conn, "fresh", 0)
        fresh = derived_id("merchant", "fresh")
        for n in range(4):
            await add_product(conn, fresh, f"fresh-{n}")
        await conn.execute("UPDATE product SET status = 'draft' WHERE slug = 'fresh-3'")
        for recommender in (untrained, trained):
            page = await compose_store(sources(conn, recommender), NEWCOMER, fresh, NOON)
            slots = modules(page)[ModuleName.FOR_YOU].slots
            newest = await conn.fetch("SELECT slug FROM product WHERE slug ~ '^fresh-[012]$' ORDER BY id DESC")
            assert [slot.card.slug for slot in slots] == [slug for (slug,) in newest]
            assert [slot.reason and slot.reason.text_in("en") for slot in slots] == [
                "New at fresh",
                "New at fresh",
                None,
            ]
            assert {(slot.policy, slot.propensity) for slot in slots} == {("newest-1", 1.0)}
        home = await compose.compose_home(sources(conn, untrained), NEWCOMER, NOON)
    assert len(modules(home)[ModuleName.FOR_YOU].slots) == sum(map(len, PRODUCTS.values())) + 3


@given(st.lists(st.lists(st.sampled_from("abc").map(Explanation), max_size=3), max_size=30))
def test_p5_no_three_neighbours_give_the_same_reason(choices):
    given_reasons = varied(choices)
    assert len(given_reasons) == len(choices)
    for reason, reasons in zip(given_reasons, choices, strict=True):
        assert reason is None or reason in reasons
    for three in zip(given_reasons, given_reasons[1:], given_reasons[2:], strict=False):
        assert three[0] is None or not three[0] == three[1] == three[2]


async def test_p5_what_is_no_longer_sold_is_not_named(market, recommender):
    async with market.transaction() as conn:
        await conn.execute("UPDATE product SET status = 'archived' WHERE slug = 'green'")
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
    assert modules(page)[ModuleName.FOR_YOU].slots[0].reason.text_in("en") == "Because of what you looked at lately"


async def test_p5_what_goes_with_a_product_is_what_others_went_on_to(market, recommender):
    async with market.transaction() as conn:
        page = await compose.compose_product(sources(conn, recommender), visit(), product("green"), TEA, NOON)
    first = modules(page)[ModuleName.GOES_WITH].slots[0]
    assert (first.card.slug, first.reason.text_in("en")) == ("cup", "Others looked at this too")
    assert set(names(modules(page)[ModuleName.GOES_WITH])) == {"white", "black", "puer", "cup"}


async def test_p5_what_goes_with_a_bag_is_not_in_it_and_of_its_merchant(market, recommender):
    async with market.transaction() as conn:
        page = await compose.compose_bag(
            sources(conn, recommender), visit(), [product("white"), product("green")], TEA, NOON
        )
    (row,) = page.modules
    assert row.name is ModuleName.GOES_WITH
    assert {slot.card.merchant_id for slot in row.slots} == {TEA}
    assert not set(names(row)) & {"white", "green"}
    assert row.slots[0].card.slug == "cup"


# --- near -------------------------------------------------------------------------------------------------------------

WEST_LAKE = Place("West Lake", 30.25, 120.15)


async def shop(
    conn, code: str, latitude: float, stock: dict[str, int], *, merchant=TEA, hours="Mo-Su 10:00-22:00", **more
):
    node = derived_id("node", code)
    values = {
        "id": node,
        "merchant_id": merchant,
        "code": code,
        "kind": "shop",
        "name": code.title(),
        "city": "Hangzhou",
        "address": "1",
        "latitude": latitude,
        "longitude": 120.15,
        "timezone": "Asia/Shanghai",
        "opening_hours": hours,
        "ships": True,
        "pickup": True,
        "pick_minutes": 30,
        "pick_cost": 0,
        "open": True,
        **more,
    }
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await conn.execute(f"INSERT INTO node ({', '.join(values)}) VALUES ({places})", *values.values())
    received = [VariantQuantity(variant(name), quantity) for name, quantity in stock.items()]
    if received:
        await receive(conn, merchant, node, received, Cause(derived_id("lorry", code), Reason.RECEIPT, "staff:bo"))
    await conn.execute("UPDATE stock_level SET safety_stock = 1 WHERE node_id = $1", node)
    return node


async def near_row(conn, recommender, place=WEST_LAKE, now=NOON, **more):
    page = await compose.compose_home(sources(conn, recommender), visit(place=place, **more), now)
    return modules(page).get(ModuleName.NEAR)


async def test_p6_the_nearest_shop_that_can_have_something_ready_today(market, recommender):
    async with market.transaction() as conn:  # noon UTC is 20:00 in Shanghai
        await shop(conn, "empty", 30.25, {"white": 1})  # one in stock, one kept for safety
        await shop(conn, "shut", 30.26, {"white": 9}, hours="Mo-Su 09:00-18:00")
        await shop(conn, "near", 30.27, {"white": 2, "puer": 5, "cup": 9})
        await shop(conn, "far", 31.0, {"black": 9})
        row = await near_row(conn, recommender)
    assert (row.shop.name, row.shop.ready_at) == ("Near", "2026-03-10T20:30:00+08:00")
    assert row.shop.distance_km == pytest.approx(2.22, abs=0.01)
    assert set(names(row)) == {"white", "puer"}  # the cup was bought already
    assert [slot.reason.text_in("en") for slot in row.slots] == ["Ready today at Near"] * 2
    assert row.slots[0].policy.startswith("near-")


async def test_p6_without_a_place_or_a_shop_the_row_is_left_out(market, recommender):
    async with market.transaction() as conn:
        node = await shop(conn, "near", 30.27, {"white": 2})
        assert await near_row(conn, recommender, place=None) is None
        assert await near_row(conn, recommender, now=NOON + timedelta(hours=2)) is None  # closed for today
        assert await near_row(conn, recommender) is not None
        await conn.execute("UPDATE node SET open = false WHERE id = $1", node)
        assert await near_row(conn, recommender) is None


async def test_p6_a_store_shows_its_own_shops(market, recommender):
    async with market.transaction() as conn:
        await shop(conn, "label", 30.25, {"coat": 5}, merchant=LABEL)
        await shop(conn, "tea", 30.5, {"white": 5})
        page = await compose_store(sources(conn, recommender), visit(place=WEST_LAKE), TEA, NOON)
    assert modules(page)[ModuleName.NEAR].shop.name == "Tea"


# --- the record of exposure -------------------------------------------------------------------------------------------


async def test_p7_each_slot_is_one_impression(market, recommender):
    ann = Visit(ANN, SESSION, BOB, "en")
    async with market.transaction() as conn:
        page = await compose.compose_home(sources(conn, recommender), ann, NOON)
    shown = exposures(page, ann, NOON)

    assert len(shown) == sum(len(module.slots) for module in page.modules)
    assert len({event.id for event in shown}) == len(shown)
    hero, first = shown[0], shown[1]
    assert (hero.page, hero.slot, hero.post_id, hero.merchant_id) == ("home/hero", 0, post("linen"), LABEL)
    card = modules(page)[ModuleName.FOR_YOU].slots[0].card
    assert first == Event(
        first.id,
        NOON,
        EventKind.IMPRESSION,
        card.merchant_id,
        ANN,
        BOB,
        SESSION,
        product_id=card.product_id,
        page="home/for-you",
        slot=0,
        policy="transitions-3",
        propensity=1.0,
        body=ImpressionBody(modules(page)[ModuleName.FOR_YOU].slots[0].score),
    )
    assert {(e.visitor_id, e.member_id, e.session_id, e.at) for e in shown} == {(ANN, BOB, SESSION, NOON)}


# --- posts ------------------------------------------------------------------------------------------------------------


async def test_p8_the_newest_post_of_a_followed_account_opens_the_page(market, recommender):
    async with market.transaction() as conn:
        await follow(conn, ANN, "tea")
        page = await compose.compose_home(sources(conn, recommender), visit(), NOON)
    shown = [
        (module.name, [slot.post.title for slot in module.slots]) for module in page.modules if module.slots[0].post
    ]
    assert shown == [
        (ModuleName.HERO, ["Spring"]),
        (ModuleName.POSTS, ["Summer", "Autumn", "Winter"]),
        (ModuleName.POSTS, ["Rain", "Snow"]),
    ]
    assert [slot.slot for module in page.modules if module.name is ModuleName.POSTS for slot in module.slots] == [
        *range(5)
    ]
    assert ModuleName.FOLLOW not in modules(page)
    assert product("green") in page.cards  # tagged in the posts


async def test_p8_who_follows_nobody_sees_the_newest_of_all_and_whom_to_follow(market, recommender):
    async with market.transaction() as conn:
        page = await compose.compose_home(sources(conn, recommender), NEWCOMER, NOON)
        found = modules(page)
        assert found[ModuleName.HERO].slots[0].post.title == "Linen"
        assert {slot.account.handle for slot in found[ModuleName.FOLLOW].slots} == {"tea", "label"}
        await conn.execute("DELETE FROM outbox WHERE merchant_id = $1", LABEL)
        await follow(conn, NEWCOMER.visitor_id, "label")
        found = modules(await compose.compose_home(sources(conn, recommender), NEWCOMER, NOON))
        assert found[ModuleName.HERO].slots[0].post.title == "Spring"
        assert [slot.account.handle for slot in found[ModuleName.FOLLOW].slots] == ["tea"]


async def test_p8_an_empty_market_is_an_empty_page(db):
    async with db.transaction() as conn:
        page = await compose.compose_home(sources(conn, Recommender(db, Files(MemoryStore()))), NEWCOMER, NOON)
    assert page.modules == []
    assert exposures(page, NEWCOMER, NOON) == []


# --- cost -------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def counted(conn):
    statements: list[str] = []
    log = lambda record: statements.append(record.query)  # noqa: E731
    conn.add_query_logger(log)
    yield statements
    await asyncio.sleep(0)  # the logger is told after the answer
    conn.remove_query_logger(log)


async def test_p9_a_home_page_takes_few_statements(market, recommender):
    async with market.transaction() as conn:
        await shop(conn, "near", 30.27, {"white": 2})
        await conn.fetchval("SELECT $1::uuid[]", [])  # the driver asks once a connection what an array of these is
        await follow(conn, ANN, "tea")
        newcomer, ann = visit(NEWCOMER.visitor_id, place=WEST_LAKE), visit(place=WEST_LAKE)
        cache = StorefrontCache()
        cache.reset(listening=True)
        known = compose.PageSources(conn, cache, recommender)
        for page, asked in (
            (lambda which: compose.compose_home(which, newcomer, NOON), 6),
            # who follows somebody: their outboxes too, and once a visit what they have seen is kept
            (lambda which: compose.compose_home(which, ann, NOON), 8),
            (lambda which: compose_store(which, ann, TEA, NOON), 5),
        ):
            async with counted(conn) as statements:
                first = await page(sources(conn, recommender))
            assert len(statements) == asked
            assert await page(known) == first
            async with counted(conn) as statements:
                assert await page(known) == first
            assert len(statements) == 2


# --- the merchant's hand ----------------------------------------------------------------------------------------------


async def test_pins_are_saved_whole_and_only_of_ones_own_products(market):
    async with market.confined(TEA) as conn:
        await save_pins(conn, TEA, [(0, product("cup")), (3, product("puer"))])
        await save_pins(conn, TEA, [(1, product("cup"))])
        assert await pins_of(conn, TEA) == [Pin(TEA, 1, product("cup"))]
        wrong = [(20, product("cup")), (1, product("coat")), (1, product("green")), (2, product("green"))]
        with pytest.raises(Invalid) as caught:
            await save_pins(conn, TEA, wrong)
        assert list(caught.value.by_field()) == [
            "pins.0.position",
            "pins.1.product_id",
            "pins.2.position",
            "pins.3.product_id",
        ]
        assert await pins_of(conn, TEA) == [Pin(TEA, 1, product("cup"))]


async def test_an_order_needs_no_page(market):
    async with market.transaction() as conn:  # orders without a visitor, as imported, do not disturb composing
        await add_order(conn, "1", TEA, None, [("green", 1, None)], channel="import")
        page = await compose.compose_home(sources(conn, Recommender(market, Files(MemoryStore()))), NEWCOMER, NOON)
    assert {slot.policy for slot in modules(page)[ModuleName.FOR_YOU].slots} == {"newest-1"}


async def test_p5_instead_of_a_product_stand_those_like_it_at_the_same_store(market):
    async with market.transaction() as conn:
        for merchant, name in ((TEA, "jade cup"), (TEA, "clay cup"), (LABEL, "cup coat")):
            await add_product(conn, merchant, name)
    recommender = Recommender(market, Files(MemoryStore()))
    await train(market, recommender._files, at=NOON)
    await recommender.refresh()
    assert {pick.product_id for pick in recommender.alike(product("cup"), exclude=[], limit=9)} == {
        product("jade cup"),
        product("clay cup"),
    }
    assert recommender.alike(product("cup"), exclude=[product("clay cup")], limit=9)[0].product_id == product(
        "jade cup"
    )
    async with market.read() as conn:
        page = await compose.compose_product(sources(conn, recommender), visit(), product("jade cup"), TEA, NOON)
    shown = [slot.card.slug for module in page.modules for slot in module.slots]
    assert len(shown) == len(set(shown))
    assert "jade cup" not in shown


async def test_p12_what_is_put_on_sale_after_the_training_has_a_place_at_once(market):
    async with market.transaction() as conn:
        await store_with_pins(conn, "shop", 14)
        await conn.execute("DELETE FROM pin")
    recommender = Recommender(market, Files(MemoryStore()))
    await train(market, recommender._files, at=NOON)
    await recommender.refresh()
    async with market.transaction() as conn:
        await add_product(conn, TEA, "today")
    async with market.read() as conn:
        page = await compose.compose_home(sources(conn, recommender), NEWCOMER, NOON)
    row = modules(page)[ModuleName.FOR_YOU]
    assert [n for n, name in enumerate(names(row)) if name == "today"] == [FRESH_POSITIONS[0]]
    assert row.slots[FRESH_POSITIONS[0]].policy == "newest-1"
    assert len(row.slots) == ROW_PRODUCTS


async def test_p12_what_a_person_has_just_done_changes_the_next_page(market, recommender):
    async with market.read() as conn:
        before = modules(await compose.compose_home(sources(conn, recommender), visit(EVE), NOON))[ModuleName.FOR_YOU]
    async with market.transaction() as conn:
        await record(conn, [did(EVE, EventKind.VIEW, "green", hours=1)])
    async with market.read() as conn:
        after = modules(await compose.compose_home(sources(conn, recommender), visit(EVE), NOON))[ModuleName.FOR_YOU]
    assert names(after) != names(before)
    assert str(after.slots[0].reason) != str(before.slots[0].reason)
    assert after.slots[0].policy in ("transitions-3", "sessions-3")
