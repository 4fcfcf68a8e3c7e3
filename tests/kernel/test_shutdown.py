import asyncio
import os
import signal

from tests.waiting import PATIENCE_SECONDS
from unwall.kernel.shutdown import on_stop_signal


async def test_a_stop_is_heard_by_us_and_by_whoever_listened_before():
    heard, loop = [], asyncio.get_running_loop()
    both = asyncio.Event()

    def note(who: str) -> None:
        heard.append(who)
        if len(heard) == 2:
            both.set()

    loop.add_signal_handler(signal.SIGUSR1, note, "the server")
    try:
        with on_stop_signal(lambda: note("the streams"), [signal.SIGUSR1]):
            os.kill(os.getpid(), signal.SIGUSR1)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await both.wait()
        assert sorted(heard) == ["the server", "the streams"]
        both.clear()
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.05)
        assert heard.count("the streams") == 1
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


async def test_a_signal_that_nobody_hears_is_left_alone():
    before = signal.getsignal(signal.SIGUSR2)
    with on_stop_signal(lambda: None, [signal.SIGUSR2]):
        assert signal.getsignal(signal.SIGUSR2) is before
