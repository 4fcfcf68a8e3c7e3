"""Posts and accounts are found by their words in English and Chinese, and what is gone is not."""

import asyncio

import pytest

from tests.content.helpers import a_live_post, a_product, a_visitor, an_account, published, staff
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.values import AccountDraft, AccountTranslation
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft, PostTranslation, Tag
from unwall.content.search import actions, jobs, reads
from unwall.content.search.reads import Asked
from unwall.content.search.values import FoundKind
from unwall.kernel.ids import new_id


async def search_for(conn, kind: FoundKind, query: str, **more) -> list:
    return (await reads.search(conn, kind, Asked(query, **more))).rows


@pytest.fixture
async def market(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        product_id = await a_product(conn, merchant_id, "Gaiwan")
        made = {
            "snow": await a_live_post(
                conn,
                *(merchant_id, account_id, 1),
                title="Snow on the tea hills",
                body="The <b>parcels</b> are late.",
                translations={"zh": PostTranslation(title="茶山上的雪")},
            ),
            "cups": await a_live_post(conn, merchant_id, account_id, 2, title="White cups", tags=(Tag(product_id),)),
        }
        await posts.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="A draft of snow"))
    await jobs.take_in_changes(db)
    return merchant_id, account_id, made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("snow", ["snow"]),
        ("hill sno", ["snow"]),
        ("parcel", ["snow"]),
        ("茶山", ["snow"]),
        ("山茶", []),
        ("gaiwan", ["cups"]),
        ("tea", ["snow", "cups"]),
        ("draft", []),
        ("<b>", []),
        ("' | !:* &", []),
    ],
)
async def test_posts_are_found_by_title_text_account_and_products(db, market, query, names):
    _, _, made = market
    async with db.read() as conn:
        assert set(await search_for(conn, FoundKind.POST, query)) == {made[name] for name in names}


async def test_accounts_are_found_by_name_handle_and_translation_and_found_anew_when_they_change(db, market):
    merchant_id, account_id, _ = market
    async with db.transaction() as conn:
        assert await search_for(conn, FoundKind.ACCOUNT, "tea") == [account_id]
        draft = AccountDraft("leaf", "Leaf House", translations={"zh": AccountTranslation("茶叶馆")}, id=account_id)
        await accounts.save_account(conn, staff(merchant_id), draft)
    assert await jobs.take_in_changes(db) > 0
    async with db.read() as conn:
        assert await search_for(conn, FoundKind.ACCOUNT, "tea") == []
        assert [await search_for(conn, FoundKind.ACCOUNT, query) for query in ("leaf", "茶叶")] == [[account_id]] * 2


async def test_an_edited_post_is_found_by_its_new_words_and_a_removed_one_not_at_all(db, market):
    merchant_id, account_id, made = market
    async with db.transaction() as conn:
        draft = PostDraft(account_id, title="Rain", id=made["snow"])
        await posts.save_draft(conn, staff(merchant_id), draft)
        await posts.remove(conn, staff(merchant_id), made["cups"])
    await jobs.take_in_changes(db)
    async with db.read() as conn:
        assert await search_for(conn, FoundKind.POST, "rain") == [made["snow"]]
        assert await search_for(conn, FoundKind.POST, "snow") == []
        assert await search_for(conn, FoundKind.POST, "cups") == []
        assert await conn.fetchval("SELECT count(*) FROM search_due") == 0


async def test_what_a_person_mutes_or_moderation_drops_is_not_found(db, market):
    _, account_id, made = market
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await conn.execute(
            """
            INSERT INTO moderation_case (id, entry, kind, subject_id, state, visibility, opened_at)
            VALUES ($1, $1, 'post', $2, 'closed', 'drop', now())
            """,
            new_id(),
            made["snow"],
        )
        assert await search_for(conn, FoundKind.POST, "tea", person_ids=visit.person_ids) == [made["cups"]]
        await accounts.mute(conn, visit, account_id)
        assert await search_for(conn, FoundKind.POST, "tea", person_ids=visit.person_ids) == []


async def test_pages_of_results_follow_each_other(db, market):
    merchant_id, account_id, made = market
    async with db.transaction() as conn:
        more = [await published(conn, staff(merchant_id), account_id, 10 + n, title="Green tea") for n in range(5)]
    await jobs.take_in_changes(db)
    async with db.read() as conn:
        seen, after = [], None
        while True:
            page = await reads.search(conn, FoundKind.POST, Asked("tea", after=after, limit=2))
            seen += page.rows
            after = page.after
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 7
        assert set(seen) == {*more, *made.values()}


async def test_two_processes_take_in_each_change_once(db, market):
    merchant_id, account_id, _ = market
    async with db.transaction() as conn:
        for n in range(20):
            await published(conn, staff(merchant_id), account_id, 10 + n, title="Green tea")

    async def take() -> int:
        async with db.transaction() as conn:
            return await actions.take_in(conn, 7)

    assert sum(await asyncio.gather(*(take() for _ in range(4)))) + await jobs.take_in_changes(db) == 20
