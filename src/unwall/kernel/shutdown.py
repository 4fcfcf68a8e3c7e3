"""Shutting down: close event streams as soon as a signal arrives, and end together with the parent process.

A server waits for open responses before it tells the application to shut down, and a stream of events never ends by
itself.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


@contextmanager
def on_stop_signal(
    callback: Callable[[], None], signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)
) -> Iterator[None]:
    """Run `callback` on the running loop when one of the signals arrives, then the handler that was installed before.
    Does nothing outside the main thread, the only one that receives signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in signals}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        earlier = previous[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)

    # a signal without a handler keeps its default, which ends the process
    replaced = [number for number in signals if callable(previous[number])]
    for number in replaced:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in replaced:
            signal.signal(number, previous[number])


async def end_with_parent(parent: int | None = None, *, every_seconds: float = 1.0) -> None:
    """Stop this process when its parent is gone: it would keep the port, and nobody would stop it.

    A parent that may be gone before this is called gives its process id.
    """
    parent = parent or os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 (there is no event for it)
        await asyncio.sleep(every_seconds)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(10 * every_seconds)
    os._exit(1)  # SIGTERM had no effect
