"""A reader pages through a feed kept in memory while others publish, remove, follow, mute: against a small reference.

The memory hears of changes as a process does, by PostgreSQL's notifications.
"""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.content.helpers import START, a_live_post, a_visitor, an_account, staff
from unwall.content.accounts import actions as accounts
from unwall.content.feed import reads, rules
from unwall.content.feed.followings import Followings
from unwall.content.feed.outboxes import Outboxes
from unwall.content.posts import actions as posts
from unwall.kernel.cursors import LAST
from unwall.kernel.database import Database, connect
from unwall.kernel.ids import id_at, new_id, parse_id
from unwall.kernel.row_cache import CHANNEL

ACCOUNTS = 4
NUMBER = st.integers(0, ACCOUNTS - 1)


class FeedMachine(RuleBasedStateMachine):
    """`loop`, `db` and `heard` are set by the test below."""

    loop: asyncio.AbstractEventLoop
    db: Database
    listener: "asyncpg.Connection"

    def run(self, call):
        return self.loop.run_until_complete(asyncio.wait_for(call, 180))

    @initialize(
        outboxes=st.sampled_from([2, 3, 100]),
        limit=st.integers(1, 5),
        many=st.sampled_from([0, 2, 100]),
        recent=st.sampled_from([3, 1000]),
        follows=st.sampled_from([1, 100]),
    )
    def open(self, outboxes: int, limit: int, many: int, recent: int, follows: int) -> None:
        self.feeds = reads.FeedMemory(Outboxes(outboxes, many=many, recent=recent), Followings(follows))
        self.limit, self.minute = limit, 0
        self.live: dict[UUID, tuple[UUID, int]] = {}
        self.followed: set[int] = set()
        self.muted: set[int] = set()
        self.restart()
        self.run(self._open())

    async def _open(self) -> None:
        async with self.db.transaction() as conn:
            self.owners = [await an_account(conn, f"a{new_id().hex[-12:]}") for _ in range(ACCOUNTS)]
            self.visit = await a_visitor(conn)
        self.waiting: dict[str, asyncio.Event] = {}
        await self.listener.add_listener(CHANNEL, self._hear)
        self.feeds.reset(listening=True)

    def _hear(self, _conn, _pid, _channel, payload: str) -> None:
        kind, _, text = payload.partition(":")
        if kind == "outbox":
            self.feeds.outboxes.forget(parse_id(text))
        elif kind == "follower":
            self.feeds.followings.forget(parse_id(text))
        elif kind == "done" and text in self.waiting:
            self.waiting[text].set()

    async def _heard(self) -> None:
        """Until every notification so far has come."""
        mark = str(new_id())
        heard = self.waiting[mark] = asyncio.Event()
        async with self.db.read() as conn:
            await conn.execute("SELECT pg_notify($1, $2)", CHANNEL, f"done:{mark}")
        await heard.wait()

    def change(self, work) -> None:
        async def do() -> None:
            async with self.db.transaction() as conn:
                await work(conn)
            await self._heard()

        self.run(do())

    # --- what others do -----------------------------------------------------------------------------------------------

    @rule(n=NUMBER, times=st.sampled_from([1, 2, rules.KEPT_ENTRIES + 2]))
    def publish(self, n: int, times: int) -> None:
        async def work(conn) -> None:
            for _ in range(times):
                self.minute += 1
                post_id = await a_live_post(conn, *self.owners[n], self.minute)
                self.live[id_at(START + timedelta(minutes=self.minute), post_id.int)] = (post_id, n)

        self.change(work)

    @rule(n=st.integers(0, 60))
    def remove(self, n: int) -> None:
        if self.live:
            post_id, number = self.live.pop(sorted(self.live)[n % len(self.live)])
            self.change(lambda conn: posts.remove(conn, staff(self.owners[number][0]), post_id))

    @rule(n=NUMBER)
    def follow(self, n: int) -> None:
        self.followed.add(n)
        self.change(lambda conn: accounts.follow(conn, self.visit, self.owners[n][1]))

    @rule(n=NUMBER)
    def unfollow(self, n: int) -> None:
        self.followed.discard(n)
        self.change(lambda conn: accounts.unfollow(conn, self.visit, self.owners[n][1]))

    @rule(n=NUMBER)
    def block(self, n: int) -> None:
        """Which ends a follow, and hides what comes from them until it is taken back."""

        async def work(conn) -> None:
            await accounts.block(conn, self.visit, self.owners[n][1])
            await accounts.unblock(conn, self.visit, self.owners[n][1])

        self.followed.discard(n)
        self.muted.discard(n)
        self.change(work)

    @rule(n=NUMBER)
    def mute(self, n: int) -> None:
        self.muted.add(n)
        self.change(lambda conn: accounts.mute(conn, self.visit, self.owners[n][1]))

    @rule(n=NUMBER)
    def unmute(self, n: int) -> None:
        self.muted.discard(n)
        self.change(lambda conn: accounts.unmute(conn, self.visit, self.owners[n][1]))

    @rule()
    def lose_the_connection(self) -> None:
        self.feeds.reset(listening=False)
        self.feeds.reset(listening=True)

    # --- what the reader does -----------------------------------------------------------------------------------------

    @rule()
    def restart(self) -> None:
        """From the top."""
        self.position, self.after, self.seen = LAST, None, []

    @rule()
    def turn(self) -> None:
        """The next page is what the reference says, and nothing came twice since the top."""

        async def ask():
            async with self.db.read() as conn:
                return await reads.feed(conn, self.feeds, self.visit.person_ids, after=self.after, limit=self.limit)

        page, shown = self.run(ask()), self.followed - self.muted
        below = sorted((e for e, (_, n) in self.live.items() if n in shown and e < self.position), reverse=True)
        assert [one.entry for one in page.entries] == below[: self.limit]
        assert [one.post_id for one in page.entries] == [self.live[e][0] for e in below[: self.limit]]
        assert (page.after is not None) == (len(below) > self.limit)
        assert page.follows == bool(shown)
        self.seen += [one.entry for one in page.entries]
        assert self.seen == sorted(set(self.seen), reverse=True)
        if page.after is None:
            self.restart()
        else:
            self.position, self.after = self.seen[-1], page.after

    def teardown(self) -> None:
        if hasattr(self, "owners"):
            self.run(self.listener.remove_listener(CHANNEL, self._hear))


def test_a_feed_in_memory_has_no_gap_and_no_duplicate_whatever_happens(db_url):
    async def join():
        database = connect(db_url, size=2)
        return database, await database.__aenter__(), await asyncpg.connect(db_url)

    async def part(database):
        await database.__aexit__(None, None, None)
        await FeedMachine.listener.close()

    loop = asyncio.new_event_loop()
    try:
        database, FeedMachine.db, FeedMachine.listener = loop.run_until_complete(join())
        FeedMachine.loop = loop
        run_state_machine_as_test(
            FeedMachine,
            settings=settings(
                max_examples=30,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],  # shrinking a history of commits takes minutes; add Phase.shrink to debug
                suppress_health_check=list(HealthCheck),
            ),
        )
        loop.run_until_complete(part(database))
    finally:
        loop.close()
