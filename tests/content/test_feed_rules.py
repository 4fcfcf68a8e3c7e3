"""Merging outboxes as a pure function, what is new to a person, and keeping it."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import START, a_live_post, a_visitor, an_account, signed_in
from unwall.content.accounts import actions as accounts
from unwall.content.feed import actions, reads, rules
from unwall.content.feed.followings import Followings
from unwall.content.feed.recent import RecentEntries
from unwall.content.feed.values import Outbox, Seen
from unwall.kernel.ids import new_id

NUMBERS = st.lists(st.sets(st.integers(1, 60), max_size=30), max_size=6)


def packed(n: int) -> bytes:
    return n.to_bytes(16, "big") + bytes(16)


@given(NUMBERS, st.integers(0, 61), st.integers(1, 8), st.integers(1, 12))
def test_merging_gives_what_sorting_everything_would(posts, before, limit, kept):
    """Where an outbox is cut short, the account is named unless what it holds reaches below the page."""
    once, taken = [], set()
    for numbers in posts:
        once.append(sorted(numbers - taken, reverse=True))
        taken |= numbers
    outboxes = {
        UUID(int=n): Outbox(tuple(packed(x) for x in own[:kept]), len(own) <= kept) for n, own in enumerate(once) if own
    }
    found = rules.merged(outboxes.values(), packed(before), limit)
    short = rules.cut_short(outboxes, found, limit)
    whole = sorted((packed(x) for own in once for x in own if x < before), reverse=True)[:limit]
    more = [packed(x) for n, own in enumerate(once) if UUID(int=n) in short for x in own if x < before]
    assert sorted({*found, *more}, reverse=True)[:limit] == whole
    if not short:
        assert found == whole


@given(
    NUMBERS,
    st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(61, 90), max_size=4)), max_size=6),
    st.sets(st.integers(0, 5)),
    st.tuples(st.integers(0, 91), st.integers(1, 8), st.integers(1, 20)),
)
def test_the_newest_of_all_are_what_merging_gives(posts, changes, followed, page):
    """Whatever was added and removed before; where it does not reach so far down, it says so."""
    before, limit, most = page
    recent, kept, taken = RecentEntries(most), dict[UUID, Outbox](), set[int]()

    def keep(n: int, numbers: set[int]) -> None:
        own = tuple(packed(x) for x in sorted(numbers - taken, reverse=True))
        taken.update(numbers)
        if own:
            kept[UUID(int=n)] = Outbox(own, whole=True)

    for n, numbers in enumerate(posts):
        keep(n, numbers)
    recent.add(kept.items())
    for n, numbers in changes:
        if (outbox := kept.pop(UUID(int=n), None)) is not None:
            recent.remove(outbox)
        keep(n, numbers)
        recent.add([(account, outbox) for account, outbox in kept.items() if account == UUID(int=n)])
    wanted = {UUID(int=n) for n in followed}
    theirs = [outbox for account, outbox in kept.items() if account in wanted]
    merged = rules.merged(theirs, packed(before), limit)
    found = recent.first(wanted, packed(before), limit)
    if found is not None:
        entries, counts = found
        assert entries == merged
        assert counts == {
            account: sum(entry >= entries[-1] for entry in outbox.entries)
            for account, outbox in kept.items()
            if account in wanted and outbox.entries[0] >= entries[-1]
        }
    elif len(taken) <= most:  # all are there
        assert len(merged) < limit
    count = recent.newer(wanted, UUID(int=before))
    assert count in (None, rules.newer(theirs, UUID(int=before)))
    assert count is not None or len(taken) > most


def test_what_is_new_is_counted_up_to_a_limit():
    outbox = Outbox(tuple(packed(n) for n in (9, 7, 5)), whole=True)
    assert [rules.newer([outbox, outbox], UUID(int=n)) for n in (4, 5, 8, 9)] == [6, 4, 2, 0]
    assert rules.newer([outbox] * 50, UUID(int=0)) == rules.MAX_NEW


def test_what_was_seen_moves_on_once_a_visit_and_only_with_something_new():
    one, two, three = (UUID(int=n) for n in (1, 2, 3))
    first = rules.seen_now(None, one, START)
    assert first == Seen(one, one, START)
    assert rules.seen_now(first, two, START + timedelta(minutes=29)) is first
    assert rules.seen_now(first, one, START + timedelta(days=1)) is first
    later = rules.seen_now(first, three, START + timedelta(minutes=30))
    assert later == Seen(one, three, START + timedelta(minutes=30))
    assert rules.seen_now(later, two, START + timedelta(days=1)) is later  # the newest was removed


async def test_what_was_seen_is_kept_for_who_comes_and_goes_along_when_they_sign_in(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        member = await signed_in(conn, visit)
        mine = member.person_id
        assert await reads.seen(conn, visit.person_id) is None
        one, two, three = sorted((new_id() for _ in range(3)), key=lambda found: found.int)
        await actions.keep_seen(conn, mine, Seen(one, one, START))
        await actions.keep_seen(conn, visit.visitor_id, Seen(two, three, START + timedelta(hours=1)))
        await actions.keep_seen(conn, visit.visitor_id, Seen(one, two, START))  # comes too late
        for _ in range(2):
            await actions.merge_seen(conn, visit.visitor_id, mine)
        assert await reads.seen(conn, visit.visitor_id) is None
        assert await reads.seen(conn, mine) == Seen(one, three, START + timedelta(hours=1))


async def test_nothing_is_stored_for_followers_who_do_not_come(db):
    async with db.transaction() as conn:
        owner = await an_account(conn, "tea")
        for _ in range(20):
            await accounts.follow(conn, await a_visitor(conn), owner[1])
    async with db.transaction() as conn:
        before = await rows_of(conn)
        await a_live_post(conn, *owner)
        after = await rows_of(conn)
    grown = {name: n - before[name] for name, n in after.items() if n > before[name]}
    assert {"journal", "post", "outbox"} <= grown.keys()
    assert set(grown.values()) == {1}, "one row a table, and none for each of the twenty"


async def rows_of(conn) -> dict[str, int]:
    """How many rows each table has."""
    sql = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    names = [record["relname"] for record in await conn.fetch(sql)]
    return {
        name: await conn.fetchval(f'SELECT count(*) FROM "{name}"') for name in names if not name.startswith("journal_")
    }


async def test_a_muted_account_is_in_no_feed(db):
    async with db.transaction() as conn:
        tea, label = [await an_account(conn, name) for name in ("tea", "label")]
        visit = await a_visitor(conn)
        for owner in (tea, label):
            await a_live_post(conn, *owner, 1)
            await conn.execute("INSERT INTO follow VALUES ($1, $2)", owner[1], visit.person_id)
        await accounts.mute(conn, visit, label[1])
        found = await reads.feed(conn, reads.FeedMemory(), visit.person_ids)
        everybody = await reads.newest(conn, visit.person_ids)
        assert len(found.entries) == len(everybody.entries) == 1
        assert found.entries == everybody.entries
        assert len((await reads.newest(conn)).entries) == 2


async def test_whom_readers_follow_is_kept_up_to_a_number_of_follows():
    def accounts_of(n: int) -> list[UUID]:
        return [UUID(int=10 * n + one) for one in range(n)]

    kept, asked = Followings(max_follows=6), []

    async def of(n: int) -> frozenset[UUID]:
        async def load() -> list[UUID]:
            asked.append(n)
            return accounts_of(n)

        return await kept.of([UUID(int=n)], load)

    async def ask(*readers: int) -> list[int]:
        """Of which of them the database was asked."""
        asked.clear()
        for n in readers:
            assert await of(n) == set(accounts_of(n))
        return asked.copy()

    assert await ask(2, 2) == [2, 2]  # nothing is heard, so nothing is kept
    kept.reset(listening=True)
    assert await ask(2, 3, 0, 2, 3, 0) == [2, 3, 0]
    assert await ask(4) == [4]  # for which the oldest go
    assert await ask(4, 0) == []
    assert await ask(7, 7, 0) == [7, 7, 0]  # nobody follows so many that they fit
    kept.forget(UUID(int=0))
    assert await ask(0) == [0]
    kept.reset(listening=False)
    assert await ask(0, 0) == [0, 0]
