"""News for those who follow a topic: heard by all of them, merged, and not lost with a connection."""

import asyncio
import gc
from contextlib import aclosing, asynccontextmanager

import pytest

from unwall.kernel.database import Database
from unwall.kernel.errors import TooMany
from unwall.kernel.notices import APPLICATION_NAME, Notices, listening

SOON = 120


@pytest.fixture
async def notices(db: Database):
    async with listening(db.url, "tasks") as found:
        await hears(db, found)
        yield found


async def tell(db: Database, topic: str) -> None:
    await db.pool.execute("SELECT pg_notify('tasks', $1)", topic)


@asynccontextmanager
async def following(notices: Notices, topic: str, seconds: float = SOON):
    """A stream past its first word."""
    async with aclosing(notices.follow(topic, beat_seconds=seconds)) as stream:
        assert await anext(stream) is True
        yield stream


async def hears(db: Database, notices: Notices) -> None:
    """Until the listener is there."""
    async with following(notices, "ready?", 0.02) as stream:
        async with asyncio.timeout(SOON):
            while not await anext(stream):
                await tell(db, "ready?")


async def next_of(stream) -> bool:
    async with asyncio.timeout(SOON):
        return await anext(stream)


async def test_every_follower_of_a_topic_hears_it_and_nobody_else(db: Database, notices: Notices):
    async with (
        following(notices, "west") as one,
        following(notices, "west") as two,
        following(notices, "east", 0.3) as other,
    ):
        asked = [asyncio.create_task(next_of(stream)) for stream in (one, two, other)]
        await asyncio.sleep(0)
        await tell(db, "west")
        assert [await task for task in asked] == [True, True, False]


async def test_news_that_nobody_has_heard_yet_is_one(db: Database, notices: Notices):
    async with following(notices, "west", 0.2) as stream:
        assert await next_of(stream) is False
        for _ in range(3):
            await tell(db, "west")
        async with following(notices, "east") as after:
            asked = asyncio.create_task(next_of(after))
            await asyncio.sleep(0)
            await tell(db, "east")
            assert await asked is True
        assert [await next_of(stream), await next_of(stream)] == [True, False]


async def test_after_a_lost_connection_everybody_asks_again(db: Database, notices: Notices):
    async with following(notices, "west") as stream:
        asked = asyncio.create_task(next_of(stream))
        await asyncio.sleep(0)
        gone = await db.pool.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = $1 AND datname = current_database()",
            APPLICATION_NAME,
        )
        assert gone == 1
        assert await asked is True
        await hears(db, notices)


async def test_streams_end_with_the_process_and_leave_nothing(db: Database):
    async with listening(db.url, "tasks") as notices:
        stream = notices.follow("west", beat_seconds=SOON)
        assert await anext(stream) is True
        asked = asyncio.create_task(next_of(stream))
        await asyncio.sleep(0)
    with pytest.raises(StopAsyncIteration):
        await asked
    assert notices._followers == {}


async def test_one_network_or_person_does_not_take_every_connection(monkeypatch: pytest.MonkeyPatch):
    """Not listening: only streams are counted."""
    monkeypatch.setattr("unwall.kernel.notices.MAX_STREAMS", (2, 3, 4))
    notices = Notices("postgresql://nowhere", "news")
    open_now = []

    async def enter(topic: str, network: str) -> None:
        stream = notices.follow(topic, beat_seconds=SOON, place=notices.place(network, topic))
        assert await anext(stream) is True
        open_now.append(stream)

    for _ in range(2):
        await enter("ann", "203.0.113.9")
    with pytest.raises(TooMany):
        notices.place("198.51.100.7", "ann")
    await enter("bo", "203.0.113.9")
    with pytest.raises(TooMany):
        notices.place("203.0.113.9", "cy")
    await enter("cy", "198.51.100.7")
    with pytest.raises(TooMany):
        notices.place("192.0.2.1", "di")
    for stream in open_now:
        await stream.aclose()
    assert notices._places == {}


async def test_streams_are_counted_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch):
    """Not when they begin, or as many as are asked for together would begin."""
    monkeypatch.setattr("unwall.kernel.notices.MAX_STREAMS", (2, 2, 2))
    notices = Notices("postgresql://nowhere", "news")
    asked = [notices.follow("ann", beat_seconds=SOON, place=notices.place("203.0.113.9", "ann")) for _ in range(2)]
    with pytest.raises(TooMany):
        notices.place("203.0.113.9", "ann")
    asked.clear()  # one that never begins, as its client has gone, keeps no place
    gc.collect()
    assert notices._places == {}
