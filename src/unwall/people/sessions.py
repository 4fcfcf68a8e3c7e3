"""Signing up, in and out. Passwords are hashed before a transaction is opened, for it takes longer than one should
stay open."""

import asyncio
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import asyncpg
import msgspec
from pwdlib import PasswordHash

from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.attempts import count_attempt, forget_attempts, uncount_attempt
from unwall.people.values import Audience, BadCredentials

HASHER = PasswordHash.recommended()
MEMBER_EXISTS = N_("There is a member with this address; sign in instead.")
TOO_MANY_SIGN_INS = N_("Too many failed sign-ins.")


class SignedIn(msgspec.Struct, frozen=True):
    person_id: UUID
    token: str
    """For the cookie; only its fingerprint is stored."""


class Credentials(msgspec.Struct, frozen=True):
    """What somebody signs in with, and the network address that it came from."""

    email: str
    password: str
    origin: str


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(HASHER.hash, password)


@cache
def _hash_of_nobody() -> str:
    """Verified where the address is unknown, so that the time taken does not show which addresses exist."""
    return HASHER.hash("nobody's password")


async def sign_up(db: Database, email: str, name: str, password: str, locale: str) -> SignedIn:
    """A new member with a session. Raises `Invalid`."""
    rules.check_person(email, name, password)
    hashed = await hash_password(password)
    member_id = new_id()
    async with db.transaction() as conn:
        try:
            await conn.execute(
                "INSERT INTO member (id, email, name, password_hash, locale) VALUES ($1, $2, $3, $4, $5)",
                member_id,
                rules.clean_email(email),
                name.strip(),
                hashed,
                locale,
            )
        except asyncpg.UniqueViolationError:
            raise Invalid.one("email", MEMBER_EXISTS) from None
        return await _open_session(conn, Audience.MEMBER, member_id)


async def sign_in_member(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    """Raises `BadCredentials`, or `TooMany` after repeated failures for this address or from this origin."""
    async with db.read() as conn:
        stored = await reads.member_credentials(conn, rules.clean_email(email))
    return await _sign_in(db, Audience.MEMBER, Credentials(email, password, origin), stored, now)


async def sign_in_staff(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    """As `sign_in_member`."""
    async with db.read() as conn:
        stored = await reads.staff_credentials(conn, rules.clean_email(email))
    return await _sign_in(db, Audience.STAFF, Credentials(email, password, origin), stored, now)


async def _sign_in(
    db: Database, audience: Audience, sent: Credentials, stored: reads.StoredCredentials | None, now: datetime
) -> SignedIn:
    address = f"{audience}:{rules.clean_email(sent.email)[: rules.EMAIL_MAX_CHARACTERS]}"
    network = f"{audience}@{sent.origin}"
    await count_attempt(db, {address: 1, network: rules.PEOPLE_PER_NETWORK}, now, TOO_MANY_SIGN_INS)
    hashed = stored.password_hash if stored else await asyncio.to_thread(_hash_of_nobody)
    right = await asyncio.to_thread(HASHER.verify, sent.password[: rules.PASSWORD_CHECKED_CHARACTERS], hashed)
    if stored is None or not right:
        raise BadCredentials(N_("E-mail and password do not match."))
    async with db.transaction() as conn:
        await forget_attempts(conn, address)
        await uncount_attempt(conn, [network], now)
        return await _open_session(conn, audience, stored.id)


async def _open_session(conn: Transaction, audience: Audience, person_id: UUID) -> SignedIn:
    secret = token()
    await conn.execute(
        """
        INSERT INTO session (token_hash, audience, person_id, expires_at)
        VALUES ($1, $2, $3, now() + make_interval(days => $4))
        """,
        fingerprint(secret),
        audience,
        person_id,
        rules.SESSION_DAYS[audience],
    )
    return SignedIn(person_id, secret)


async def set_staff_password(conn: Transaction, email: str, password_hash: str) -> None:
    """Every session of theirs ends. Raises `NotFound`. The hash is made with `hash_password`."""
    staff_id = await conn.fetchval(
        "UPDATE staff SET password_hash = $2 WHERE email = $1 RETURNING id", rules.clean_email(email), password_hash
    )
    if staff_id is None:
        raise NotFound(N_("There is no such member of staff."))
    await conn.execute("DELETE FROM session WHERE audience = 'staff' AND person_id = $1", staff_id)


async def sign_out(conn: Transaction, secret: str) -> None:
    await conn.execute("DELETE FROM session WHERE token_hash = $1", fingerprint(secret))


async def forget_expired(conn: Transaction, now: datetime) -> None:
    """Housekeeping: sessions and attempts that no longer count."""
    await conn.execute("DELETE FROM session WHERE expires_at <= $1", now)
    await conn.execute("DELETE FROM attempt WHERE at <= $1", now - timedelta(days=1))
