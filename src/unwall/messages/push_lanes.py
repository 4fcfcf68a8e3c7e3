"""Who waits for whom when messages are pushed: a push service that never answers must not delay those of others.

Anybody can name an address as their browser's push service. So the services of the known browsers have places of their
own; all others share a few, of which one host gets no more than some, and have less time. A host that did not answer
several times in a row rests: what would go there is tried again later without asking it.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

KNOWN_SERVICES = (
    "fcm.googleapis.com",
    "android.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
"""Of the browsers that have push messages; also what lies below these names."""
AT_ONCE = 20
"""Requests to known push services in progress."""
KNOWN_SECONDS = 20.0
OTHERS_AT_ONCE, OTHERS_OF_ONE_HOST = 8, 2
OTHERS_SECONDS = 5.0
FAILURES_TO_REST = 3
"""In a row."""
REST_SECONDS = 60.0
MAX_HOSTS = 1000
"""Of which it is kept how they answered; the oldest are forgotten."""


class Resting(Exception):
    """The host is not asked now."""


class _Host(msgspec.Struct):
    failures: int = 0
    rests_until: float = 0.0


class PushLanes:
    def __init__(self) -> None:
        self._known = asyncio.Semaphore(AT_ONCE)
        self._others = asyncio.Semaphore(OTHERS_AT_ONCE)
        self._own: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(OTHERS_OF_ONE_HOST))
        self._waiting: defaultdict[str, int] = defaultdict(int)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def place(self, host: str) -> AsyncIterator[None]:
        """Held while a request is in progress. Raises `Resting`."""
        if is_known(host):
            async with self._known:
                self._check(host)
                yield
            return
        self._waiting[host] += 1
        try:
            async with self._own[host]:
                self._check(host)  # who waited behind those that were not answered is not asked either
                async with self._others:
                    yield
        finally:
            self._waiting[host] -= 1
            if not self._waiting[host]:
                del self._waiting[host], self._own[host]

    def _check(self, host: str) -> None:
        if self._hosts.get(host, _Host()).rests_until > time.monotonic():
            raise Resting

    def answered(self, host: str) -> None:
        self._hosts.pop(host, None)

    def failed(self, host: str) -> None:
        one = self._hosts.pop(host, None) or _Host()
        one.failures += 1
        if one.failures >= FAILURES_TO_REST:
            one.rests_until = time.monotonic() + REST_SECONDS
        self._hosts[host] = one
        while len(self._hosts) > MAX_HOSTS:
            del self._hosts[next(iter(self._hosts))]


def is_known(host: str) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in KNOWN_SERVICES)


def host_of(endpoint: str) -> str:
    """Empty for what is no address."""
    try:
        return (urlsplit(endpoint).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def seconds_for(host: str) -> float:
    return KNOWN_SECONDS if is_known(host) else OTHERS_SECONDS
