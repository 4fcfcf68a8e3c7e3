"""Changes to people. Each takes a connection inside the caller's transaction unless it says otherwise."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

import asyncpg
import msgspec
from pwdlib import PasswordHash

from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid, NotFound, TooMany
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.values import ApiScope, BadCredentials, Role, Tagging

SESSION_DAYS = {"member": 90, "staff": 14}
HASHER = PasswordHash.recommended()


@cache
def _nobody() -> str:
    """Verified where the address is unknown, so that the time taken does not tell which addresses exist."""
    return HASHER.hash("nobody's password")


class SignedIn(msgspec.Struct, frozen=True):
    person_id: UUID
    token: str
    """For the cookie; only its fingerprint is stored."""


async def add_merchant(
    conn: Transaction, slug: str, name: str, currency: str, timezone: str, locale: str = "en"
) -> UUID:
    """Raises `Invalid` where the slug is taken or a field is wrong."""
    rules.check_merchant(slug, name, currency, timezone)
    merchant_id = new_id()
    try:
        await conn.execute(
            "INSERT INTO merchant (id, slug, name, currency, timezone, locale) VALUES ($1, $2, $3, $4, $5, $6)",
            merchant_id,
            slug,
            name,
            currency,
            timezone,
            locale,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("slug", N_("Another store has this address already.")) from None
    return merchant_id


async def set_tagging(conn: Transaction, merchant_id: UUID, tagging: Tagging) -> None:
    """Tags that are no longer allowed are not shown from the next page on."""
    await conn.execute("UPDATE merchant SET tagging = $2 WHERE id = $1", merchant_id, tagging)


async def sign_up(db: Database, email: str, name: str, password: str, locale: str) -> SignedIn:
    """A new member with a session; owns its transaction, for hashing takes longer than one should stay open."""
    rules.check_person(email, name, password)
    hashed = await asyncio.to_thread(HASHER.hash, password)
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
            raise Invalid.one("email", N_("There is a member with this address; sign in instead.")) from None
        return await _open_session(conn, "member", member_id)


async def sign_in_member(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    async with db.read() as conn:
        found = await reads.member_credentials(conn, rules.clean_email(email))
    return await _sign_in(db, "member", email, password, origin, found, now)


async def sign_in_staff(db: Database, email: str, password: str, origin: str, now: datetime) -> SignedIn:
    async with db.read() as conn:
        found = await reads.staff_credentials(conn, rules.clean_email(email))
    return await _sign_in(db, "staff", email, password, origin, found, now)


async def _sign_in(
    db: Database,
    audience: str,
    email: str,
    password: str,
    origin: str,
    found: reads.StoredCredentials | None,
    now: datetime,
) -> SignedIn:
    """Raises `BadCredentials`, or `TooMany` after repeated failures for this address or from this origin."""
    subject, network = f"{audience}:{rules.clean_email(email)[: rules.LONGEST_EMAIL]}", f"{audience}@{origin}"
    await try_once(
        db, {subject: 1, network: rules.NETWORK}, now, N_("Too many failed sign-ins. Wait a little and try again.")
    )
    hashed = found.password_hash if found else await asyncio.to_thread(_nobody)
    right = await asyncio.to_thread(HASHER.verify, password[:1000], hashed)
    if found is None or not right:
        raise BadCredentials(N_("E-mail and password do not match."))
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM sign_in_attempt WHERE subject = $1", subject)
        await forgive(conn, [network], now)
        return await _open_session(conn, audience, found.id)


async def try_once(db: Database, subjects: Mapping[str, int], now: datetime, message: str) -> None:
    """Count a try under each subject (by how many stand behind it) before it is made: a hundred at once get no further
    than a hundred in a row. Raises `TooMany` with `message`, and counts nothing, where one of them must wait."""
    async with db.transaction() as conn:
        for subject, share in sorted(subjects.items()):
            await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", subject)
            wait = await wait_of(conn, subject, now, share=share)
            if wait:
                raise TooMany(message, wait_seconds=wait)
        await conn.executemany("INSERT INTO sign_in_attempt VALUES ($1, $2)", [(s, now) for s in subjects])


async def forgive(conn: Transaction, subjects: Iterable[str], now: datetime) -> None:
    """The try of this moment went well: it does not count."""
    await conn.execute("DELETE FROM sign_in_attempt WHERE subject = ANY($1) AND at = $2", list(subjects), now)


async def wait_of(conn: Transaction, subject: str, now: datetime, *, share: int = 1) -> int:
    """Seconds until `subject` may try again, 0 where it may now; `share` is how many stand behind it."""
    since = now - timedelta(minutes=rules.FAILURE_WINDOW_MINUTES)
    await conn.execute("DELETE FROM sign_in_attempt WHERE subject = $1 AND at <= $2", subject, since)
    failures, oldest = await conn.fetchrow(  # type: ignore[misc]
        "SELECT count(*), min(at) FROM sign_in_attempt WHERE subject = $1", subject
    )
    return rules.wait_seconds(failures // share, (now - oldest).total_seconds() if oldest else 0)


async def note_failure(conn: Transaction, subject: str, now: datetime) -> int:
    """How many more may fail before `wait_of` says to wait."""
    await conn.execute("INSERT INTO sign_in_attempt VALUES ($1, $2)", subject, now)
    failures: int = await conn.fetchval("SELECT count(*) FROM sign_in_attempt WHERE subject = $1", subject)
    return max(0, rules.FAILURES_ALLOWED - failures)


async def _open_session(conn: Transaction, audience: str, person_id: UUID) -> SignedIn:
    secret = token()
    await conn.execute(
        "INSERT INTO session (token_hash, audience, person_id, expires_at)"
        " VALUES ($1, $2, $3, now() + make_interval(days => $4))",
        fingerprint(secret),
        audience,
        person_id,
        SESSION_DAYS[audience],
    )
    return SignedIn(person_id, secret)


async def sign_out(conn: Transaction, secret: str) -> None:
    await conn.execute("DELETE FROM session WHERE token_hash = $1", fingerprint(secret))


async def forget_expired(conn: Transaction, now: datetime) -> None:
    """Housekeeping: sessions, failed sign-ins and remembered answers that no longer count."""
    await conn.execute("DELETE FROM session WHERE expires_at <= $1", now)
    await conn.execute("DELETE FROM sign_in_attempt WHERE at <= $1", now - timedelta(days=1))
    await conn.execute("DELETE FROM idempotency WHERE created_at <= $1", now - timedelta(days=7))


async def claim_visitor(conn: Transaction, visitor_id: UUID, member_id: UUID) -> bool:
    """Tie what this visitor did to the member. False where the visitor is another member's already: a shared device
    is not merged, and the caller gives the newcomer a visitor of their own."""
    owner = await conn.fetchval(
        "INSERT INTO visitor (id, member_id) VALUES ($1, $2)"
        " ON CONFLICT (id) DO UPDATE SET member_id = coalesce(visitor.member_id, excluded.member_id)"
        " RETURNING member_id",
        visitor_id,
        member_id,
    )
    return bool(owner == member_id)


async def claim_member(conn: Transaction, merchant_id: UUID, code: str, email: str, password_hash: str) -> UUID:
    """Give the member whom this merchant knows by `code` an e-mail and a password to sign in with; the member's id.

    Raises `NotFound`, or `Invalid` where somebody else has the address. The hash is made with `hash_password`.
    """
    known = await reads.member_by_code(conn, merchant_id, code)
    if known is None:
        raise NotFound(N_("There is no customer with this number."))
    try:
        await conn.execute(
            "UPDATE member SET email = $2, password_hash = $3 WHERE id = $1",
            known.id,
            rules.clean_email(email),
            password_hash,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("email", N_("There is a member with this address; sign in instead.")) from None
    return known.id


async def add_staff(
    conn: Transaction, merchant_id: UUID, email: str, name: str, password_hash: str, role: Role, node_id: UUID | None
) -> UUID:
    """Raises `Invalid`. The hash is made before the transaction, with `hash_password`."""
    if (role is Role.NODE) != (node_id is not None):
        raise Invalid.one("node", N_("Staff of a shop or warehouse need one; other roles have none."))
    staff_id = new_id()
    try:
        await conn.execute(
            "INSERT INTO staff (id, merchant_id, email, name, password_hash, role, node_id)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            staff_id,
            merchant_id,
            rules.clean_email(email),
            name.strip(),
            password_hash,
            role,
            node_id,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("email", N_("Someone signs in with this address already.")) from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid.one("node", N_("There is no such shop or warehouse.")) from None
    return staff_id


async def hash_password(password: str) -> str:
    return await asyncio.to_thread(HASHER.hash, password)


async def set_active(conn: Transaction, merchant_id: UUID, staff_id: UUID, *, active: bool) -> None:
    """An inactive member of staff is signed out at once. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE staff SET active = $3 WHERE merchant_id = $1 AND id = $2", merchant_id, staff_id, active
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such member of staff."))


async def make_api_key(
    conn: Transaction, merchant_id: UUID, name: str, scopes: frozenset[ApiScope]
) -> tuple[UUID, str]:
    """The key's id and its secret, which is shown once and stored only as a fingerprint."""
    if not name.strip() or len(name) > 100:
        raise Invalid.one("name", N_("Name the key, so that you know it again."))
    if not scopes:
        raise Invalid.one("scopes", N_("Choose at least one scope."))
    key_id, secret = new_id(), f"uw_{token()}"
    await conn.execute(
        "INSERT INTO api_key (id, merchant_id, name, secret_hash, hint, scopes) VALUES ($1, $2, $3, $4, $5, $6)",
        key_id,
        merchant_id,
        name.strip(),
        fingerprint(secret),
        secret[:8],
        sorted(scopes),
    )
    return key_id, secret


async def revoke_api_key(conn: Transaction, merchant_id: UUID, key_id: UUID) -> None:
    """Idempotent: a key stays revoked from its first revocation. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE merchant_id = $1 AND id = $2",
        merchant_id,
        key_id,
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such key."))
