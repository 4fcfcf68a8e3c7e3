"""The shop shows changes as soon as its process hears of them, whoever made them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from tests.insight.market import ANN, NOON, TEA, add_post, add_product, open_market, post, product, variant
from unwall.content.accounts.actions import block, follow, unfollow
from unwall.content.comments.actions import comment
from unwall.content.comments.values import CommentDraft
from unwall.content.feed.reads import followed
from unwall.content.posts.actions import like
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.journal.values import Visit
from unwall.kernel.database import Database, connect
from unwall.kernel.ids import derived_id, new_id
from unwall.kernel.notices import APPLICATION_NAME

SOON = 120


class Process(StorefrontCache):
    """A cache as another process has it, with what it has heard."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self.db = db
        self.changes: asyncio.Queue[str] = asyncio.Queue()
        self.resets: asyncio.Queue[bool] = asyncio.Queue()

    def hear(self, change: str) -> None:
        if not change.startswith("marker:"):
            super().hear(change)
        self.changes.put_nowait(change)

    def reset(self, *, listening: bool) -> None:
        super().reset(listening=listening)
        self.resets.put_nowait(listening)

    async def hears(self, marker: str) -> list[str]:
        """What was notified before the marker."""
        heard: list[str] = []
        async with asyncio.timeout(SOON):
            while (change := await self.changes.get()) != marker:
                heard.append(change)
        return heard

    async def shows(self, lang: str = "en") -> tuple:
        """Of the green tea: its card, its page, its bundles; and the post about it."""
        async with self.db.read() as conn:
            card = (await self.cards(conn, [product("green")], lang)).get(product("green"))
            page = await self.product_page(conn, "tea", "green", lang)
            bundles = await self.bundles_with(conn, product("green"), lang)
            posts = await self.posts(conn, [post("spring")], lang)
            merchant = await self.merchant(conn, "tea", lang)
            nodes = await self.nodes(conn, TEA, lang)
        return card, page, bundles, posts, merchant, nodes


@pytest.fixture
async def processes(db: Database) -> AsyncIterator[list[Process]]:
    """Two, each with connections of its own; what they show at first is kept."""
    async with db.transaction() as conn:
        await open_market(conn)
        await add_post(conn, "spring", TEA, ["green"])
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            process = Process(await stack.enter_async_context(connect(db.url, size=2)))
            await stack.enter_async_context(process.watching(db.url))
            assert await process.resets.get() is True
            await process.shows()
            await process.shows("zh")
            found.append(process)
        yield found


Change = Callable[[Database], Awaitable[object]]


async def changed(db: Database, processes: list[Process], change: Change) -> list[str]:
    """What all have heard of a change."""
    marker = f"marker:{new_id()}"
    await change(db)
    await db.pool.execute("SELECT pg_notify('changes', $1)", marker)
    heard = [await process.hears(marker) for process in processes]
    assert all(found == heard[0] for found in heard)
    return heard[0]


def sql(statement: str, *args: object) -> Change:
    async def run(db: Database) -> None:
        async with db.confined(TEA) as conn:
            await conn.execute(statement, *args)

    return run


async def test_p10_a_new_price_and_title_are_shown_by_every_process(db: Database, processes: list[Process]) -> None:
    green = product("green")
    heard = await changed(
        db, processes, sql("UPDATE variant SET price = 1250, compare_at = 1500 WHERE id = $1", variant("green"))
    )
    assert heard == [f"product:{green}"]
    await changed(db, processes, sql("UPDATE product SET title = 'Spring tea' WHERE id = $1", green))
    for process in processes:
        for lang, title in (("en", "Spring tea"), ("zh", "中green")):
            card, page, *_ = await process.shows(lang)
            assert (card.price, card.compare_at, card.title) == (1250, 1500, title)
            assert (page.variants[0].price, page.product.title) == (1250, title)


@pytest.mark.parametrize(
    ("change", "what", "value"),
    [
        (sql("UPDATE post SET title = 'April' WHERE id = $1", post("spring")), lambda s: s[3][0].title, "April"),
        (sql("DELETE FROM post_tag WHERE post_id = $1", post("spring")), lambda s: s[3][0].tags, []),
        (
            sql("UPDATE account SET name = 'Teahouse' WHERE merchant_id = $1", TEA),
            lambda s: s[3][0].account_name,
            "Teahouse",
        ),
        (
            sql("UPDATE merchant SET name = 'Teahouse' WHERE id = $1", TEA),
            lambda s: (s[0].merchant_name, s[4].name),
            ("Teahouse", "Teahouse"),
        ),
        (sql("UPDATE product SET status = 'archived' WHERE id = $1", product("green")), lambda s: s[:2], (None, None)),
        (sql("UPDATE product SET slug = 'sencha' WHERE id = $1", product("green")), lambda s: s[1], None),
    ],
)
async def test_p10_a_change_is_shown(db: Database, processes: list[Process], change, what, value) -> None:
    await changed(db, processes, change)
    for process in processes:
        assert what(await process.shows()) == value


async def test_new_nodes_bundles_and_products_are_shown(db: Database, processes: list[Process]) -> None:
    async with processes[0].db.read() as conn:
        assert await processes[0].product_page(conn, "tea", "oolong", "en") is None
    node, bundle = new_id(), new_id()
    await changed(
        db,
        processes,
        sql(
            "INSERT INTO node (id, merchant_id, code, kind, name, city, address, latitude, longitude, timezone,"
            " opening_hours, ships, pickup, pick_minutes, pick_cost)"
            " VALUES ($1, $2, 'HZ', 'shop', 'West Lake', 'Hangzhou', '1', 30, 120, 'Asia/Shanghai', '24/7', true, true,"
            " 1, 0)",
            node,
            TEA,
        ),
    )
    await changed(
        db, processes, sql("INSERT INTO bundle (id, merchant_id, slug, title) VALUES ($1, $2, 'b', 'B')", bundle, TEA)
    )
    part = "INSERT INTO bundle_part (bundle_id, position, variant_id, merchant_id, quantity) VALUES ($1, 0, $2, $3, 1)"
    await changed(db, processes, sql(part, bundle, variant("green"), TEA))

    async def oolong(db: Database) -> None:
        async with db.transaction() as conn:
            await add_product(conn, TEA, "oolong")

    await changed(db, processes, oolong)
    for process in processes:
        _, _, bundles, _, _, nodes = await process.shows()
        assert ([n.id for n in nodes], [b.id for b in bundles]) == ([node], [bundle])
        async with process.db.read() as conn:
            found = await process.product_page(conn, "tea", "oolong", "en")
        assert found is not None


async def test_a_product_of_a_bundle_changes_the_bundle(db: Database, processes: list[Process]) -> None:
    bundle = new_id()
    part = "INSERT INTO bundle_part (bundle_id, position, variant_id, merchant_id, quantity) VALUES ($1, $2, $3, $4, 1)"
    await changed(
        db, processes, sql("INSERT INTO bundle (id, merchant_id, slug, title) VALUES ($1, $2, 'b', 'B')", bundle, TEA)
    )
    for position, name in enumerate(("green", "white")):
        await changed(db, processes, sql(part, bundle, position, variant(name), TEA))
    for process in processes:
        await process.shows()
    await changed(db, processes, sql("UPDATE variant SET price = 7 WHERE id = $1", variant("white")))
    for process in processes:
        assert [p.item.price for p in (await process.shows())[2][0].parts] == [1000, 7]


async def test_a_like_is_counted_and_a_follower_changes_no_post(db: Database, processes: list[Process]) -> None:
    visit = Visit(ANN, new_id(), None, "en")

    async def likes(db: Database) -> None:
        async with db.transaction() as conn:
            await like(conn, visit, post("spring"))

    async def follows(db: Database) -> None:
        async with db.transaction() as conn:
            await follow(conn, visit, derived_id("account", "tea"))

    assert await changed(db, processes, likes) == [f"post:{post('spring')}"]
    for process in processes:
        assert (await process.shows())[3][0].likes == 1
    assert await changed(db, processes, follows) == [f"follower:{ANN}"]


async def test_whom_a_reader_follows_is_known_to_every_process(db: Database, processes: list[Process]) -> None:
    tea, reader = derived_id("account", "tea"), Visit(ANN, new_id(), None, "en")

    async def known() -> list[frozenset[UUID]]:
        sets = []
        for process in processes:
            async with process.db.read() as conn:
                sets.append(await followed(conn, process.feeds, reader.person_ids))
            assert len(process.feeds.followings) == 1
        return sets

    def doing(what: Callable[..., Awaitable[object]]) -> Change:
        async def do(db: Database) -> None:
            async with db.transaction() as conn:
                await what(conn, reader, tea)

        return do

    assert await known() == [frozenset()] * 2
    for what, follows in ((follow, {tea}), (unfollow, set()), (follow, {tea}), (block, set())):
        await changed(db, processes, doing(what))
        assert await known() == [frozenset(follows)] * 2

    async def many_people(db: Database) -> None:
        sql = "INSERT INTO follow (account_id, follower_id) SELECT $1, gen_random_uuid() FROM generate_series(1, $2)"
        await db.pool.execute(sql, tea, 1001)

    async def nobody(db: Database) -> None:
        await db.pool.execute("DELETE FROM follow WHERE account_id = $1", tea)

    for change in (many_people, nobody):  # is told as one change, after which all are asked again
        await known()
        assert await changed(db, processes, change) == ["follower:"]
        assert [len(process.feeds.followings) for process in processes] == [0, 0]


async def discussed(process: Process) -> tuple[list[tuple[str, bool, list[str]]], int]:
    async with process.db.read() as conn:
        found = await process.discussion(conn, post("spring"))
    return [(one.words, one.warned, [r.words for r in one.replies]) for one in found.first], found.comments


async def test_p10_comments_and_warnings_of_them_are_shown_by_every_process(
    db: Database, processes: list[Process]
) -> None:
    for process in processes:
        assert await discussed(process) == ([], 0)
    member, case = Visit(new_id(), new_id(), new_id(), "en"), new_id()

    async def say(db: Database) -> None:
        async with db.transaction() as conn:
            await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'Ann')", member.member_id)
            said.append(await comment(conn, member, post("spring"), CommentDraft("Fresh", "Ann"), NOON))

    said: list[UUID] = []
    await changed(db, processes, say)
    [commented] = said

    async def reply(db: Database) -> None:
        async with db.transaction() as conn:
            await comment(conn, member, post("spring"), CommentDraft("Very", "Ann", commented), NOON)

    await changed(db, processes, reply)
    for process in processes:
        assert await discussed(process) == ([("Fresh", False, ["Very"])], 2)
    await changed(
        db,
        processes,
        sql(
            "INSERT INTO moderation_case (id, entry, kind, subject_id, state, merchant_id, opened_at)"
            " VALUES ($1, $1, 'comment', $2, 'open', $3, now())",
            case,
            commented,
            TEA,
        ),
    )
    await changed(db, processes, sql("UPDATE moderation_case SET visibility = 'warn' WHERE id = $1", case))
    for process in processes:
        assert await discussed(process) == ([("Fresh", True, ["Very"])], 2)


async def test_what_is_rolled_back_is_not_heard(db: Database, processes: list[Process]) -> None:
    async def nothing(db: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as conn:
                await conn.execute("UPDATE variant SET price = 1 WHERE id = $1", variant("green"))
                raise ZeroDivisionError

    assert await changed(db, processes, nothing) == []


async def test_p10_everything_is_dropped_with_the_connection_on_which_changes_are_heard(
    db: Database, processes: list[Process]
) -> None:
    """What changes while nobody listens is shown too: nothing is kept until somebody does again."""
    process = processes[0]
    async with process.db.read() as conn:
        await followed(conn, process.feeds, [ANN])
    ended = await db.pool.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = $1",
        APPLICATION_NAME,
    )
    assert ended == len(processes)
    async with asyncio.timeout(SOON):
        assert await process.resets.get() is False
        assert len(process.feeds.followings) == 0
        await db.pool.execute("UPDATE variant SET price = 2 WHERE id = $1", variant("green"))
        assert (await process.shows())[0].price == 2
        assert await process.resets.get() is True
    await changed(db, processes[:1], sql("UPDATE variant SET price = 3 WHERE id = $1", variant("green")))
    assert (await process.shows())[0].price == 3
