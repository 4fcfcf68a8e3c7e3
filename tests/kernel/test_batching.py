import asyncio

import pytest

from unwall.kernel.batching import Batcher
from unwall.kernel.errors import TooMany


class Ledger:
    """Notes every batch, and can be held up so that callers crowd behind it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def work(self, items: list[int]) -> list[int]:
        self.batches.append(items)
        await self.gate.wait()
        return [item * 10 for item in items]


async def test_a_lone_caller_waits_for_nobody():
    ledger = Ledger()
    assert await Batcher(ledger.work).submit(1) == 10
    assert ledger.batches == [[1]]


async def test_callers_that_come_during_a_batch_share_the_next_one_in_their_order():
    ledger = Ledger()
    batcher = Batcher(ledger.work)
    ledger.gate.clear()
    first = batcher.submit(1)
    await asyncio.sleep(0)
    crowd = [batcher.submit(n) for n in (2, 3, 4)]
    ledger.gate.set()
    assert await asyncio.gather(first, *crowd) == [10, 20, 30, 40]
    assert ledger.batches == [[1], [2, 3, 4]]


async def test_a_batch_holds_no_more_than_its_most():
    ledger = Ledger()
    batcher = Batcher(ledger.work, max_batch=2)
    await asyncio.gather(*[batcher.submit(n) for n in range(5)])
    assert ledger.batches == [[0, 1], [2, 3], [4]]


async def test_a_failure_reaches_every_caller_of_its_batch_and_no_other():
    async def work(items: list[int]) -> list[int]:
        if 1 in items:
            raise RuntimeError("the disk is full")
        return items

    batcher = Batcher(work, max_batch=2)
    answers = await asyncio.gather(*[batcher.submit(n) for n in (1, 2, 3, 4)], return_exceptions=True)
    assert [str(answer) for answer in answers] == ["the disk is full", "the disk is full", "3", "4"]


async def test_a_wrong_number_of_answers_is_an_error_for_all_instead_of_a_mix_up():
    async def work(items: list[int]) -> list[int]:
        return items[1:]

    batcher = Batcher(work)
    answers = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert all(isinstance(answer, RuntimeError) for answer in answers)


async def test_who_went_away_while_waiting_gets_nothing_done():
    ledger = Ledger()
    batcher = Batcher(ledger.work)
    ledger.gate.clear()
    first = batcher.submit(1)
    await asyncio.sleep(0)
    gone, stays = batcher.submit(2), batcher.submit(3)
    gone.cancel()
    ledger.gate.set()
    assert await asyncio.gather(first, stays) == [10, 30]
    assert ledger.batches == [[1], [3]]


async def test_a_full_queue_refuses_instead_of_growing():
    ledger = Ledger()
    batcher = Batcher(ledger.work, max_queue=2)
    waiting = [batcher.submit(1), batcher.submit(2)]
    with pytest.raises(TooMany):
        batcher.submit(3)
    assert await asyncio.gather(*waiting) == [10, 20]


async def test_closing_waits_until_all_are_answered():
    ledger = Ledger()
    batcher = Batcher(ledger.work)
    future = batcher.submit(1)
    await batcher.close()
    assert future.result() == 10
    await batcher.close()


async def test_batches_start_an_interval_apart_so_that_callers_shortly_after_each_other_share_one():
    ledger = Ledger()
    batcher = Batcher(ledger.work, interval=1)
    assert await batcher.submit(1) == 10
    second = batcher.submit(2)
    for _ in range(3):
        await asyncio.sleep(0)
    assert await asyncio.gather(second, batcher.submit(3)) == [20, 30]
    assert ledger.batches == [[1], [2, 3]]


async def test_what_stops_the_batches_reaches_those_who_wait():
    class Stopped(BaseException):
        pass

    async def work(items: list[int]) -> list[int]:
        raise Stopped

    batcher = Batcher(work, max_batch=1)
    answers = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Stopped, Stopped]
