"""The first connection to the database: waits for a server that starts later, but not if the address is wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import structlog

from unwall.kernel.errors import UnwallError

PATIENCE_SECONDS = 30.0
"""How long a starting process waits for its database before it exits; its service manager may then start it again."""
PAUSE_SECONDS = 0.5
Opened = TypeVar("Opened")

_NOT_YET = (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, TimeoutError)
_WRONG = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, asyncpg.InterfaceError)

log = structlog.get_logger()


class DatabaseUnreachable(UnwallError):
    code = "database-unreachable"


async def when_reachable(
    url: str, open_: Callable[[], Awaitable[Opened]], patience_seconds: float = PATIENCE_SECONDS
) -> Opened:
    """The result of `open_`, which connects to `url`. Raises `DatabaseUnreachable` at once where the server refuses
    this user, password or database, and after `patience_seconds` where none answers."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return await open_()
        except _WRONG as error:
            raise DatabaseUnreachable(f"The database {_address(url)} refuses the connection: {error}.") from None
        except _NOT_YET as error:
            reason = str(error) or type(error).__name__
            if time.monotonic() + PAUSE_SECONDS > deadline:
                message = f"The database {_address(url)} cannot be reached: {reason}. DATABASE_URL says where it is."
                raise DatabaseUnreachable(message) from None
            log.warning("waiting for the database", error=reason)
            await asyncio.sleep(PAUSE_SECONDS)


def _address(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "on the local socket"
    return f"{parts.path.lstrip('/') or 'postgres'} at {host}"
