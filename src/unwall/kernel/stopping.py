"""When a process shall stop: hearing it before the server tells the application, for servers wait for the last answer
first, and a stream of events has no last one; and ending with the process that started us."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


@contextmanager
def when_asked_to_stop(
    call: Callable[[], None], signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
) -> Iterator[None]:
    """`call` is made on the running loop as soon as one of the signals comes, and whoever listened before us hears it
    too: an event loop's own handlers hang on its wake-up file, not on this one. Does nothing outside the main thread,
    to which alone signals come."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in signals}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        earlier = before[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)

    # a signal that nobody listens to ends the process as it always did
    taken = [one for one in signals if callable(before[one])]
    for one in taken:
        signal.signal(one, heard)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, before[one])


async def end_with_parent(every_seconds: float = 1.0) -> None:
    """A server process whose front process was killed would keep the port for itself, with nobody to stop it."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 (no event tells of it)
        await asyncio.sleep(every_seconds)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(10 * every_seconds)
    os._exit(1)  # it did not hear
