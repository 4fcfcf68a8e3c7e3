"""The pulled feed: whatever happens while somebody pages, no gap and no duplicate."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.content.helpers import START, a_live_post, a_visitor, an_account, signed_in, staff
from unwall.content.accounts import actions as accounts
from unwall.content.feed import reads
from unwall.content.feed.rules import KEPT_ENTRIES
from unwall.content.posts import actions as posts
from unwall.kernel.cursors import LAST
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import id_at


async def test_a_feed_merges_what_is_followed_newest_first(db):
    async with db.transaction() as conn:
        tea, label, skin = [await an_account(conn, name) for name in ("tea", "label", "skin")]
        made = [await a_live_post(conn, *who, minute) for minute, who in enumerate((tea, label, tea, skin))]
        visit = await a_visitor(conn)
        for _, account_id in (tea, label):
            await accounts.follow(conn, visit, account_id)

        page = await reads.feed(conn, reads.FeedMemory(), visit.person_ids)

        assert [post.post_id for post in page.entries] == [made[2], made[1], made[0]]
        assert page.after is None
        assert [post.post_id for post in (await reads.newest(conn)).entries] == made[::-1]
        assert [p.post_id for p in (await reads.newest(conn, merchant_id=tea[0])).entries] == [made[2], made[0]]


async def test_who_follows_nobody_has_an_empty_feed(db):
    async with db.transaction() as conn:
        await a_live_post(conn, *await an_account(conn, "tea"))
        page = await reads.feed(conn, reads.FeedMemory(), (await a_visitor(conn)).person_ids)
        assert (page.entries, page.after) == ([], None)


async def test_what_was_followed_before_signing_in_is_shown_once(db):
    async with db.transaction() as conn:
        tea = await an_account(conn, "tea")
        post_id = await a_live_post(conn, *tea)
        visit = await a_visitor(conn)
        await accounts.follow(conn, visit, tea[1])
        member = await signed_in(conn, visit)
        await conn.execute("INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)", tea[1], member.person_id)
        assert [post.post_id for post in (await reads.feed(conn, reads.FeedMemory(), member.person_ids)).entries] == [
            post_id
        ]


async def test_a_foreign_cursor_is_refused(db):
    async with db.read() as conn:
        for ask in (reads.feed(conn, reads.FeedMemory(), [], after="x"), reads.newest(conn, after="x")):
            with pytest.raises(Invalid, match="after"):
                await ask


class ExpectedFeed:
    """What the database should hold: the entries of live posts by account, and who is followed."""

    def __init__(self) -> None:
        self.live: dict[UUID, tuple[UUID, int]] = {}  # entry > (post, account's number)
        self.followed: set[int] = set()

    def below(self, entry: UUID) -> list[UUID]:
        return sorted((e for e, (_, n) in self.live.items() if n in self.followed and e < entry), reverse=True)


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 3)),
    st.tuples(st.just("remove"), st.integers(0, 40)),
    st.tuples(st.just("follow"), st.integers(0, 3)),
    st.tuples(st.just("unfollow"), st.integers(0, 3)),
)


@pytest.fixture
async def four_accounts(db):
    async with db.transaction() as conn:
        yield conn, [await an_account(conn, f"account{n}") for n in range(4)], await a_visitor(conn)


@given(
    before=st.lists(st.integers(0, 3), max_size=12),
    between=st.lists(st.lists(STEPS, max_size=4), max_size=8),
    followed=st.sets(st.integers(0, 3)),
    limit=st.integers(1, 4),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_paging_has_no_gap_and_no_duplicate(four_accounts, before, between, followed, limit):
    conn, owners, visit = four_accounts
    model, minute = ExpectedFeed(), 0

    async def do(what: str, n: int) -> None:
        nonlocal minute
        if what == "publish":
            minute += 1
            post_id = await a_live_post(conn, *owners[n], minute)
            model.live[id_at(START + timedelta(minutes=minute), post_id.int)] = (post_id, n)
        elif what == "remove" and model.live:
            entry = sorted(model.live)[n % len(model.live)]
            post_id, number = model.live.pop(entry)
            await posts.remove(conn, staff(owners[number][0]), post_id)
        elif what == "follow":
            assert await accounts.follow(conn, visit, owners[n][1]) is (n not in model.followed)
            model.followed.add(n)
        elif what == "unfollow":
            assert await accounts.unfollow(conn, visit, owners[n][1]) is (n in model.followed)
            model.followed.discard(n)

    example = conn.transaction()
    await example.start()
    try:
        # given some posts and follows
        for n in followed:
            await do("follow", n)
        for n in before:
            await do("publish", n)
        steady, followed_all_along = dict(model.live), set(followed)
        seen: list[UUID] = []
        position, after, turns = LAST, None, iter(between)

        # when a reader pages to the end, and others publish, remove, follow and unfollow between the pages
        while True:
            page = await reads.feed(conn, reads.FeedMemory(), visit.person_ids, after=after, limit=limit)
            assert [post.entry for post in page.entries] == model.below(position)[:limit]
            seen += [post.entry for post in page.entries]
            after = page.after
            if after is None:
                break
            position = seen[-1]
            for what, n in next(turns, []):
                await do(what, n)
                followed_all_along &= model.followed
                steady = {e: post for e, post in steady.items() if e in model.live}

        # then nothing came twice, all in order, and all that stayed was seen
        assert seen == sorted(set(seen), reverse=True)
        assert {entry for entry, (_, n) in steady.items() if n in followed_all_along} <= set(seen)
    finally:
        await example.rollback()


async def test_a_feed_of_300_accounts_reads_a_pages_worth_of_each(db):
    # given 300 followed accounts with 18,000 posts
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await conn.execute(
            """
            INSERT INTO account (id, kind, handle, name)
                SELECT md5('a' || n)::uuid, 'creator', 'a' || n, 'A' FROM generate_series(1, 300) n;
            INSERT INTO post (id, account_id, kind, title, state, published_at)
                SELECT md5('p' || a || '-' || n)::uuid, md5('a' || a)::uuid, 'note', 'x', 'live', now()
                FROM generate_series(1, 300) a, generate_series(1, 60) n;
            INSERT INTO outbox (account_id, entry, post_id)
                SELECT md5('a' || a)::uuid, md5('e' || a || '-' || n)::uuid, md5('p' || a || '-' || n)::uuid
                FROM generate_series(1, 300) a, generate_series(1, 60) n;
            ANALYZE account, post, outbox;
            """
        )
        await conn.execute("INSERT INTO follow (account_id, follower_id) SELECT id, $1 FROM account", visit.person_id)
        await conn.execute("ANALYZE follow")

        before = await _outbox_rows_read(conn)
        page = await reads.feed(conn, reads.FeedMemory(), visit.person_ids, limit=12)
        rows = await _outbox_rows_read(conn) - before

        assert len(page.entries) == 12
        expected = await conn.fetch("SELECT entry FROM outbox ORDER BY entry DESC LIMIT 12")
        assert [post.entry for post in page.entries] == [record["entry"] for record in expected]
        assert 300 * 12 <= rows <= 300 * KEPT_ENTRIES + 12, "reads the top of each outbox, not all of it"


async def _outbox_rows_read(conn) -> int:
    return await conn.fetchval(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'outbox'"
    )
