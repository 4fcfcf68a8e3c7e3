"""Passwords, and the operator's resets. A new password ends every session that the person had: the database sees to it
(0001_people.sql)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash

from unwall.kernel import typed
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import NotFound, Unavailable, existing
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.values import Audience, ResetTicket

HASHER = PasswordHash.recommended()
BUSY = N_("Many people sign in at this moment. Try again in some seconds.")
Hashed = TypeVar("Hashed")
TICKET_ENDED = N_("This link was used before, or is too old. Ask for a new one.")
REPLACE = {
    Audience.MEMBER: "UPDATE member SET password_hash = $2 WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $3",
    Audience.STAFF: "UPDATE staff SET password_hash = $2 WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $3",
}
"""By $2, where it is still $3."""
_RESET = {
    Audience.MEMBER: "UPDATE member SET password_hash = $2 WHERE email = $1 RETURNING id",
    Audience.STAFF: "UPDATE staff SET password_hash = $2 WHERE email = $1 RETURNING id",
}


async def hash_password(password: str) -> str:
    """Raises `Unavailable` where too many wait for a hash."""
    return await _hashing.run(lambda: HASHER.hash(typed.password(password)))


async def matches(password: str, hashed: str | None) -> bool:
    """False without a hash, which takes as long: the time taken does not show which addresses exist. Raises
    `Unavailable` where too many wait for a hash."""
    sent = typed.password(password[: rules.PASSWORD_CHECKED_CHARACTERS])
    return await _hashing.run(lambda: HASHER.verify(sent, hashed or _hash_of_nobody(HASHER))) and hashed is not None


@cache
def _hash_of_nobody(hasher: PasswordHash) -> str:
    return hasher.hash("nobody's password")


class _Hashing:
    """Threads of their own: a hash takes 64 MB and up to four cores, which the database and the event loop need too."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(rules.HASHES_AT_ONCE, "passwords")
        self._waiting = 0

    async def run(self, work: Callable[[], Hashed]) -> Hashed:
        self.check_free()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def check_free(self) -> None:
        if self._waiting >= rules.MAX_WAITING_HASHES:
            raise Unavailable(BUSY, wait_seconds=rules.HASHES_WAIT_SECONDS)


_hashing = _Hashing()


def check_free() -> None:
    """Before an attempt is counted. Raises `Unavailable` where too many wait for a hash."""
    _hashing.check_free()


async def reset_password(conn: Transaction, audience: Audience, email: str, unusable: str) -> ResetTicket:
    """Nobody can sign in with the old password any more; who holds the ticket can choose a new one, once. `unusable` is
    made with `unusable_password`. Raises `NotFound`.
    """
    person_id = existing(
        await conn.fetchval(_RESET[audience], typed.email(email), unusable),
        f"Nobody signs in with {typed.email(email)} here.",
    )
    return ResetTicket(audience, person_id, _mark(unusable))


async def unusable_password() -> str:
    """The hash of a password that nobody knows."""
    return await hash_password(token())


async def redeem(db: Database, ticket: ResetTicket, password: str) -> None:
    """Raises `NotFound` where the ticket was used before, `Invalid` (password)."""
    stored = await _stored(db, ticket)
    rules.check_password(password)
    hashed = await hash_password(password)
    async with db.transaction() as conn:
        if await conn.execute(REPLACE[ticket.audience], ticket.person_id, hashed, stored) == "UPDATE 0":
            raise NotFound(TICKET_ENDED)


async def check_ticket(db: Database, ticket: ResetTicket) -> None:
    """Raises `NotFound` where it was used before."""
    await _stored(db, ticket)


async def _stored(db: Database, ticket: ResetTicket) -> str:
    async with db.read() as conn:
        stored = await reads.password_hash(conn, ticket.audience, ticket.person_id)
    if stored is None or _mark(stored) != ticket.mark:
        raise NotFound(TICKET_ENDED)
    return stored


def _mark(password_hash: str) -> str:
    """Changes with the password, and tells nothing of it."""
    return fingerprint(password_hash).hex()[:16]
