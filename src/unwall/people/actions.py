"""Changes to merchants, members, staff and API keys; sessions and passwords are in `sessions`."""

from uuid import UUID

import asyncpg

from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.sessions import MEMBER_EXISTS
from unwall.people.values import ApiScope, NewApiKey, Role, StaffDraft, Tagging


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


async def claim_visitor(conn: Transaction, visitor_id: UUID, member_id: UUID) -> bool:
    """Tie what this visitor did to the member. False where the visitor is another member's already: a shared device
    is not merged, and the caller makes a new visitor for the second member."""
    owner = await conn.fetchval(
        """
        INSERT INTO visitor (id, member_id) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET member_id = coalesce(visitor.member_id, excluded.member_id)
        RETURNING member_id
        """,
        visitor_id,
        member_id,
    )
    return bool(owner == member_id)


async def claim_member(conn: Transaction, merchant_id: UUID, code: str, email: str, password_hash: str) -> UUID:
    """Give the member whom this merchant knows by `code` an e-mail and a password to sign in with; the member's id.

    Raises `NotFound`, or `Invalid` where somebody else has the address. The hash is made with `sessions.hash_password`.
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
        raise Invalid.one("email", MEMBER_EXISTS) from None
    return known.id


async def add_staff(conn: Transaction, merchant_id: UUID, draft: StaffDraft, password_hash: str) -> UUID:
    """Raises `Invalid`. The hash is made before the transaction, with `sessions.hash_password`."""
    if (draft.role is Role.NODE) != (draft.node_id is not None):
        raise Invalid.one("node", N_("Staff of a shop or warehouse need one; other roles have none."))
    staff_id = new_id()
    try:
        await conn.execute(
            """
            INSERT INTO staff (id, merchant_id, email, name, password_hash, role, node_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            staff_id,
            merchant_id,
            rules.clean_email(draft.email),
            draft.name.strip(),
            password_hash,
            draft.role,
            draft.node_id,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("email", N_("Someone signs in with this address already.")) from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid.one("node", N_("There is no such shop or warehouse.")) from None
    return staff_id


async def set_active(conn: Transaction, merchant_id: UUID, staff_id: UUID, *, active: bool) -> None:
    """An inactive member of staff is signed out at once. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE staff SET active = $3 WHERE merchant_id = $1 AND id = $2", merchant_id, staff_id, active
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such member of staff."))


async def make_api_key(conn: Transaction, merchant_id: UUID, name: str, scopes: frozenset[ApiScope]) -> NewApiKey:
    """Raises `Invalid`."""
    if not name.strip() or len(name) > rules.NAME_MAX_CHARACTERS:
        raise Invalid.one("name", N_("Name the key, at most 100 characters."))
    if not scopes:
        raise Invalid.one("scopes", N_("Choose at least one scope."))
    key_id, secret = new_id(), f"uw_{token()}"
    await conn.execute(
        "INSERT INTO api_key (id, merchant_id, name, secret_hash, hint, scopes) VALUES ($1, $2, $3, $4, $5, $6)",
        key_id,
        merchant_id,
        name.strip(),
        fingerprint(secret),
        secret[: rules.KEY_HINT_CHARACTERS],
        sorted(scopes),
    )
    return NewApiKey(key_id, secret)


async def revoke_api_key(conn: Transaction, merchant_id: UUID, key_id: UUID) -> None:
    """Idempotent: a key stays revoked from its first revocation. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE merchant_id = $1 AND id = $2",
        merchant_id,
        key_id,
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such key."))
