"""Counts while somebody writes: the latest question of a person is answered."""

import asyncio
import threading
from uuid import UUID

from tests.insight.segments.people import MERCHANT, NOW, ZONE, Person, write_people
from unwall.insight.segments.columns import build
from unwall.insight.segments.counting import Counting, Stopped
from unwall.insight.segments.live import CountAsked, LiveCounts, NoProfiles
from unwall.insight.segments.values import Everyone, FollowsStore

ANN, BO = (CountAsked(MERCHANT, ZONE, UUID(int=n), NOW) for n in (1, 2))


async def test_the_latest_question_of_each_person_is_answered(tmp_path, monkeypatch) -> None:
    build(write_people(tmp_path, [Person(UUID(int=5), follows=1), Person(UUID(int=6))]), ZONE)
    live, count = LiveCounts(tmp_path), Counting.count
    started, go_on, threads = threading.Event(), threading.Event(), []

    def held(self, definition, stopped):
        threads.append(threading.current_thread())
        started.set()
        go_on.wait()
        return count(self, definition, stopped)

    monkeypatch.setattr(Counting, "count", held)
    first = asyncio.create_task(live.count(ANN, FollowsStore()))
    await asyncio.to_thread(started.wait)
    later = [asyncio.create_task(live.count(ANN, FollowsStore())) for _ in range(2)]
    other = asyncio.create_task(live.count(BO, Everyone()))
    await asyncio.sleep(0)  # they have begun, and wait for the first
    go_on.set()
    told = await asyncio.gather(first, *later, other, return_exceptions=True)
    assert [type(one) if isinstance(one, Exception) else one for one in told] == [Stopped, Stopped, 1, 2]
    assert threading.current_thread() not in threads
    assert len(threads) == 3  # the one in the middle was given up before it began


async def test_new_profiles_count_at_once(tmp_path) -> None:
    live = LiveCounts(tmp_path)
    try:
        await live.count(ANN, Everyone())
    except NoProfiles:
        pass
    else:
        raise AssertionError("there are no profiles yet")
    for people in ([Person(UUID(int=5))], [Person(UUID(int=5)), Person(UUID(int=6))]):
        build(write_people(tmp_path, people), ZONE)
        assert await live.count(ANN, Everyone()) == len(people)
