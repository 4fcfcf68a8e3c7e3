"""How many SQL statements requests take, counted in the log of the bench's own PostgreSQL."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from unwall.kernel.database import PAGE, Database

ENTRY = re.compile(r"^\[(\d+) ([^]]*)\] LOG:  (?:statement|execute [^:]*): *(.*(?:\n\t.*)*)", re.MULTILINE)
"""An entry under the prefix that `counting` sets, with the session and its application; its further lines are
indented."""
JOURNAL = ('COPY "JOURNAL"', "SELECT ID FROM RECORD_EVENTS")
"""The journal storing what many pages showed at once, after they were answered."""
BACKGROUND = ("FROM MODEL WHERE", "PG_CATALOG.PG_TYPE", *JOURNAL)
"""In a statement outside any transaction: also the model watcher, and what a new connection looks up."""
BACKGROUND_TRANSACTION = (JOURNAL[0],)
"""In any statement of a transaction."""
SETTLE_SECONDS = 0.3


@dataclass(slots=True)
class Counted:
    statements: int = 0
    """Without BEGIN, COMMIT and ROLLBACK."""
    transactions: int = 0
    """That were begun explicitly; a statement outside them commits by itself."""


@asynccontextmanager
async def counting(db: Database) -> AsyncIterator[Counted]:
    """What requests sent within the context; filled in when it ends. Let nothing else use the database."""
    log = await _log_statements(db, "all")
    await asyncio.sleep(SETTLE_SECONDS)
    start, found = log.stat().st_size, Counted()
    yield found
    await asyncio.sleep(SETTLE_SECONDS)
    text = log.read_bytes()[start:].decode(errors="replace")
    await _log_statements(db, "none")
    total = count(text)
    found.statements, found.transactions = total.statements, total.transactions


async def _log_statements(db: Database, which: str) -> Path:
    async with db.read() as conn:
        await conn.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        await conn.execute("ALTER SYSTEM SET log_line_prefix = '[%p %a] '")
        await conn.execute("SELECT pg_reload_conf()")
        return Path(await conn.fetchval("SHOW data_directory")).parent / "log"


def count(log: str) -> Counted:
    """The statements of web processes in the log, without those of their background work."""
    sessions: dict[str, list[str]] = defaultdict(list)
    for process, application, statement in ENTRY.findall(log):
        if application == PAGE.application:
            sessions[process].append(statement.strip().upper())
    found = Counted()
    for statements in sessions.values():
        _add_session(found, statements)
    return found


def _add_session(found: Counted, statements: list[str]) -> None:
    inside: list[str] | None = None
    for statement in statements:
        if statement.startswith("BEGIN"):
            inside = []
        elif statement.startswith(("COMMIT", "ROLLBACK;")):
            if inside is not None and not _holds(inside, BACKGROUND_TRANSACTION):
                found.statements += len(inside)
                found.transactions += 1
            inside = None
        elif inside is not None:
            inside.append(statement)
        elif not _holds([statement], BACKGROUND):
            found.statements += 1


def _holds(statements: list[str], signs: tuple[str, ...]) -> bool:
    return any(sign in statement for statement in statements for sign in signs)
