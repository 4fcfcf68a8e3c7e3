"""Hearing that the process shall stop, before the server tells the application: servers wait for the last answer first,
and a stream of events has no last one."""

import asyncio
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
