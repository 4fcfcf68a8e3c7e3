"""Signing up, in and out. Passwords are hashed before a transaction is opened, for it takes longer than one should
stay open."""

from datetime import datetime, timedelta
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
from unwall.people.passwords import REPLACE, check_free, hash_password, matches
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
    """Raises `Invalid` for an empty field, `BadCredentials`, or `TooMany` after repeated failures
    (`rules.sign_in_limits`), `Unavailable`.
    """
    return await _sign_in(db, Audience.MEMBER, Credentials(email, password, origin), now)


async def sign_in_staff(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    """As `sign_in_member`."""
    return await _sign_in(db, Audience.STAFF, Credentials(email, password, origin), now)


async def _sign_in(db: Database, audience: Audience, sent: Credentials, now: datetime) -> SignedIn:
    rules.check_credentials(sent.email, sent.password)
    check_free()
    email = typed.email(sent.email[: typed.MAX_EMAIL_CHARACTERS])
    async with db.read() as conn:
        stored = await reads.credentials(conn, audience, email, sent.origin)
    limits = rules.sign_in_limits(audience, email, sent.origin, known=stored is not None and stored.known)
    await count_attempt(db, limits, now, TOO_MANY_SIGN_INS)
    if not await matches(sent.password, stored.password_hash if stored else None) or stored is None:
        raise BadCredentials(NO_MATCH)
    own, *shared = limits
    async with db.transaction() as conn:
        await forget_attempts(conn, own)
        await uncount_attempt(conn, shared, now)
        signed = await _open_session(conn, audience, stored.id, stored.password_hash, sent.origin)
    if signed is None:
        raise BadCredentials(NO_MATCH)
    return signed


_STILL = {
    Audience.MEMBER: "SELECT FROM member WHERE id = $3 AND password_hash = $5 FOR SHARE",
    Audience.STAFF: "SELECT FROM staff WHERE id = $3 AND password_hash = $5 AND active FOR SHARE",
}


async def _open_session(
    conn: Transaction, audience: Audience, person_id: UUID, hashed: str, network: str
) -> SignedIn | None:
    """None if the password was replaced or access was taken after `hashed` was read: that ended all sessions, and no
    new one may follow."""
    secret = token()
    opened = await conn.fetchval(
        f"""
        WITH still AS ({_STILL[audience]}), known AS (
            INSERT INTO known_network (audience, person_id, network) SELECT $2, $3, $6 FROM still
            ON CONFLICT (audience, person_id, network) DO UPDATE SET seen_at = now()
        )
        INSERT INTO session (token_hash, audience, person_id, expires_at)
        SELECT $1, $2, $3, now() + make_interval(days => $4) FROM still RETURNING true
        """,
        fingerprint(secret),
        audience,
        person_id,
        rules.SESSION_DAYS[audience],
        hashed,
        network,
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
        signed = await _open_session(conn, audience, person_id, hashed, change.origin) if changed else None
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
    check_free()
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
    """Housekeeping: sessions, attempts and networks that no longer count."""
    await conn.execute("DELETE FROM session WHERE expires_at <= $1", now)
    await conn.execute("DELETE FROM attempt WHERE at <= $1", now - timedelta(days=1))
    await conn.execute("DELETE FROM known_network WHERE seen_at <= $1", now - timedelta(days=rules.KNOWN_NETWORK_DAYS))
