"""Followers who asked for it hear of a new post, each once, though the process dies between any two slices."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.content.helpers import a_live_post, a_visitor, an_account, staff
from unwall.content.accounts.actions import follow
from unwall.content.posts.actions import remove
from unwall.journal.values import Event, EventKind
from unwall.kernel.ids import new_id
from unwall.messages import rules
from unwall.messages.actions import choose
from unwall.messages.announcing import announce, tell_followers, tell_slice
from unwall.messages.hearing import hear
from unwall.messages.values import Choice, NotificationChannel, Topic

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WANTED = [Choice(Topic.POSTS, NotificationChannel.APP, wanted=True)]


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(rules, "SLICE_FOLLOWERS", 3)


async def followers(conn, account_id, count: int, *, asking: bool = True):
    """In the order in which they are told."""
    found = []
    for _ in range(count):
        visit = await a_visitor(conn)
        await follow(conn, visit, account_id)
        if asking:
            await choose(conn, visit, WANTED)
        found.append(visit.person_id)
    return sorted(found)


async def told(db):
    async with db.read() as conn:
        return [tuple(record) for record in await conn.fetch("SELECT subject_id, person_id FROM notification")]


async def test_only_followers_who_asked_are_told_and_nothing_is_stored_for_the_others(db, small_slices):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        asking = await followers(conn, account, 4)
        await followers(conn, account, 6, asking=False)
        post = await a_live_post(conn, merchant, account)
        await announce(conn, post, account, AT)
    assert await tell_followers(db) is False
    assert sorted(await told(db)) == sorted((post, person) for person in asking)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM announcement") == 0


async def test_death_at_any_slice_loses_nobody_and_tells_nobody_twice(db, small_slices):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        people = await followers(conn, account, 10)
        post = await a_live_post(conn, merchant, account)
        await announce(conn, post, account, AT)
    for died in (True, False) * 5:
        with pytest.raises(ZeroDivisionError) if died else _nothing():
            async with db.transaction() as conn:
                await tell_slice(conn, AT)
                if died:
                    raise ZeroDivisionError
    fact = Event(new_id(), AT, EventKind.PUBLISH, merchant, account_id=account, post_id=post)
    async with db.transaction() as conn:
        await hear(conn, [fact])  # the fact is heard again, after all is done
    await tell_followers(db)
    assert sorted(await told(db)) == sorted((post, person) for person in people)


class _nothing:  # noqa: N801
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


async def test_accounts_take_turns(db, small_slices):
    async with db.transaction() as conn:
        big_merchant, big = await an_account(conn, "big")
        small_merchant, small = await an_account(conn, "small")
        await followers(conn, big, 12)
        await followers(conn, small, 4)
        for minute in range(3):
            await announce(
                conn, await a_live_post(conn, big_merchant, big, minute), big, AT + timedelta(minutes=minute)
            )
    served = []
    for n in range(5):
        if n == 1:
            async with db.transaction() as conn:
                await announce(conn, await a_live_post(conn, small_merchant, small), small, AT + timedelta(hours=1))
        async with db.transaction() as conn:
            done = await tell_slice(conn, AT)
            served.append(("big" if done.account_id == big else "small", done.followers))
    assert served == [("big", 3), ("small", 3), ("big", 3), ("small", 1), ("big", 3)]


async def test_two_processes_do_not_tell_at_once(db, small_slices):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        await followers(conn, account, 4)
        await announce(conn, await a_live_post(conn, merchant, account), account, AT)
    async with db.transaction() as one:
        assert (await tell_slice(one, AT)).told == 3
        async with db.transaction() as two:
            assert await tell_slice(two, AT) is None


async def test_nobody_hears_of_more_than_a_few_posts_a_day(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        await followers(conn, account, 1)
        for minute in range(rules.MAX_POSTS_PER_ACCOUNT_AND_DAY + 2):
            await announce(conn, await a_live_post(conn, merchant, account, minute), account, AT)
    await tell_followers(db)
    assert len(await told(db)) == rules.MAX_POSTS_PER_ACCOUNT_AND_DAY


async def test_a_day_has_a_limit_over_all_accounts_too(db, monkeypatch):
    monkeypatch.setattr(rules, "MAX_POSTS_PER_DAY", 2)
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await choose(conn, visit, WANTED)
        for name in ("one", "two", "three"):
            merchant, account = await an_account(conn, name)
            await follow(conn, visit, account)
            await announce(conn, await a_live_post(conn, merchant, account), account, AT)
    await tell_followers(db)
    assert len(await told(db)) == 2


async def test_of_a_post_that_was_removed_meanwhile_nobody_hears(db, small_slices):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        await followers(conn, account, 5)
        post = await a_live_post(conn, merchant, account)
        await announce(conn, post, account, AT)
        await tell_slice(conn, AT)
        await remove(conn, staff(merchant), post)
    await tell_followers(db)
    assert len(await told(db)) == 3


async def test_a_slice_takes_as_many_statements_however_many_follow(db, monkeypatch):
    """So that a million followers take a thousand times what a thousand take, and no more."""
    counted = []
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "snow")
        await followers(conn, account, 9)
        await announce(conn, await a_live_post(conn, merchant, account), account, AT)
    for slice_followers in (2, 5):
        monkeypatch.setattr(rules, "SLICE_FOLLOWERS", slice_followers)
        async with db.transaction() as conn:
            statements: list[str] = []
            with conn.query_logger(lambda logged, into=statements: into.append(logged.query)):
                done = await tell_slice(conn, AT)
        counted.append((done.followers, done.told, len(statements)))
    assert [one[:2] for one in counted] == [(2, 2), (5, 5)]
    assert counted[0][2] == counted[1][2]
