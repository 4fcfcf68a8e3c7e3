"""Signing up, in and out. Passwords are hashed before a transaction is opened, for it takes longer than one should
stay open."""

import asyncio
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import msgspec

from unwall.kernel import typed
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.attempts import count_attempt, forget_attempts, uncount_attempt
from unwall.people.passwords import HASHER, REPLACE, hash_password, matches
from unwall.people.values import Audience, BadCredentials, PasswordChange

NO_MATCH = N_("E-mail and password do not match.")
TOO_MANY_PASSWORDS = N_("Too many wrong passwords.")
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


class OwnPassword(msgspec.Struct, frozen=True):
    """What somebody who is signed in writes to confirm who they are, and the network address that it came from."""

    audience: Audience
    person_id: UUID
    password: str
    origin: str


@cache
def _hash_of_nobody() -> str:
    """Verified where the address is unknown, so that the time taken does not show which addresses exist."""
    return HASHER.hash("nobody's password")


async def sign_up(db: Database, email: str, name: str, password: str, locale: str) -> None:
    """A new member, unless the address is a member's already: the caller is told nothing of it, and it takes as long.
    Raises `Invalid`.
    """
    rules.check_person(email, name, password)
    hashed = await hash_password(password)
    async with db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO member (id, email, name, password_hash, locale) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (email) DO NOTHING
            """,
            new_id(),
            typed.email(email),
            typed.line(name),
            hashed,
            locale,
        )


async def sign_in_member(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    """Raises `Invalid` for an empty field, `BadCredentials`, or `TooMany` after repeated failures for this address or
    from this origin.
    """
    rules.check_credentials(email, password)
    async with db.read() as conn:
        stored = await reads.member_credentials(conn, typed.email(email[: typed.MAX_EMAIL_CHARACTERS]))
    return await _sign_in(db, Audience.MEMBER, Credentials(email, password, origin), stored, now)


async def sign_in_staff(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    """As `sign_in_member`."""
    rules.check_credentials(email, password)
    async with db.read() as conn:
        stored = await reads.staff_credentials(conn, typed.email(email[: typed.MAX_EMAIL_CHARACTERS]))
    return await _sign_in(db, Audience.STAFF, Credentials(email, password, origin), stored, now)


async def _sign_in(
    db: Database, audience: Audience, sent: Credentials, stored: reads.StoredCredentials | None, now: datetime
) -> SignedIn:
    address = f"{audience}:{typed.email(sent.email[: typed.MAX_EMAIL_CHARACTERS])}"
    network = f"{audience}@{sent.origin}"
    await count_attempt(db, {address: 1, network: rules.PEOPLE_PER_NETWORK}, now, TOO_MANY_SIGN_INS)
    hashed = stored.password_hash if stored else await asyncio.to_thread(_hash_of_nobody)
    right = await matches(sent.password, hashed)
    if stored is None or not right:
        raise BadCredentials(NO_MATCH)
    async with db.transaction() as conn:
        await forget_attempts(conn, address)
        await uncount_attempt(conn, [network], now)
        signed = await _open_session(conn, audience, stored.id, hashed)
    if signed is None:
        raise BadCredentials(NO_MATCH)
    return signed


_STILL = {
    Audience.MEMBER: "SELECT FROM member WHERE id = $3 AND password_hash = $5 FOR SHARE",
    Audience.STAFF: "SELECT FROM staff WHERE id = $3 AND password_hash = $5 AND active FOR SHARE",
}


async def _open_session(conn: Transaction, audience: Audience, person_id: UUID, hashed: str) -> SignedIn | None:
    """None if the password was replaced or access was taken after `hashed` was read: that ended all sessions, and no
    new one may follow."""
    secret = token()
    opened = await conn.fetchval(
        f"""
        WITH still AS ({_STILL[audience]})
        INSERT INTO session (token_hash, audience, person_id, expires_at)
        SELECT $1, $2, $3, now() + make_interval(days => $4) FROM still RETURNING true
        """,
        fingerprint(secret),
        audience,
        person_id,
        rules.SESSION_DAYS[audience],
        hashed,
    )
    return SignedIn(person_id, secret) if opened else None


async def change_password(
    db: Database, audience: Audience, person_id: UUID, change: PasswordChange, now: datetime
) -> SignedIn:
    """A new session, the only one that is left. Raises `Invalid` (old_password, password), or `TooMany` after
    repeated wrong ones.
    """
    if not change.old:
        raise Invalid.one("old_password", rules.NO_PASSWORD)
    rules.check_password(change.new)
    own = OwnPassword(audience, person_id, change.old, change.origin)
    stored = await _checked(db, own, "old_password", now)
    hashed = await hash_password(change.new)
    async with db.transaction() as conn:
        changed = await conn.execute(REPLACE[audience], person_id, hashed, stored) != "UPDATE 0"
        signed = await _open_session(conn, audience, person_id, hashed) if changed else None
    if signed is None:
        raise Invalid.one("old_password", N_("The password was changed elsewhere at this moment."))
    return signed


async def check_own_password(db: Database, own: OwnPassword, now: datetime) -> None:
    """Of somebody who is signed in, before what cannot be undone. Raises `Invalid` (password), or `TooMany` after
    repeated wrong ones.
    """
    if not own.password:
        raise Invalid.one("password", rules.NO_PASSWORD)
    await _checked(db, own, "password", now)


async def _checked(db: Database, own: OwnPassword, field: str, now: datetime) -> str:
    """The stored hash of the right password; an attempt is counted for a wrong one."""
    subjects = {f"{own.audience}-password:{own.person_id}": 1, f"{own.audience}@{own.origin}": rules.PEOPLE_PER_NETWORK}
    await count_attempt(db, subjects, now, TOO_MANY_PASSWORDS)
    async with db.read() as conn:
        stored = await reads.password_hash(conn, own.audience, own.person_id)
    if stored is None or not await matches(own.password, stored):
        raise Invalid.one(field, N_("This is not your password."))
    async with db.transaction() as conn:
        await uncount_attempt(conn, subjects, now)
    return stored


async def sign_out(conn: Transaction, secret: str) -> None:
    await conn.execute("DELETE FROM session WHERE token_hash = $1", fingerprint(secret))


async def forget_expired(conn: Transaction, now: datetime) -> None:
    """Housekeeping: sessions and attempts that no longer count."""
    await conn.execute("DELETE FROM session WHERE expires_at <= $1", now)
    await conn.execute("DELETE FROM attempt WHERE at <= $1", now - timedelta(days=1))
