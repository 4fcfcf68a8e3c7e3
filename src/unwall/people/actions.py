"""Changes to merchants, members, staff and API keys; sessions and passwords are in `sessions`."""

from uuid import UUID

import asyncpg

from unwall.kernel import typed
from unwall.kernel.addresses import country_of_timezone
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid, NotFound, existing
from unwall.kernel.geo import Place
from unwall.kernel.ids import new_id
from unwall.kernel.secrets import fingerprint, token
from unwall.kernel.text import N_
from unwall.people import reads, rules
from unwall.people.values import ApiScope, NewApiKey, StaffChange, StaffDraft, Tagging

NO_NODE = N_("There is no such shop or warehouse.")
NO_STAFF = N_("There is no such member of staff.")


async def add_merchant(
    conn: Transaction, slug: str, name: str, currency: str, timezone: str, country: str = ""
) -> UUID:
    """Its country is that of its time zone where none is given. Raises `Invalid` where the slug is taken or a field is
    wrong.
    """
    rules.check_merchant(slug, name, currency, timezone, country)
    merchant_id = new_id()
    try:
        await conn.execute(
            """
            INSERT INTO merchant (id, slug, name, currency, timezone, country) VALUES ($1, $2, $3, $4, $5, $6)
            """,
            merchant_id,
            slug,
            typed.line(name),
            currency,
            timezone,
            country or country_of_timezone(timezone),
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("slug", N_("Another store has this address already.")) from None
    return merchant_id


async def set_tagging(conn: Transaction, merchant_id: UUID, tagging: Tagging) -> None:
    """Tags that are no longer allowed disappear from pages at once."""
    await conn.execute("UPDATE merchant SET tagging = $2 WHERE id = $1", merchant_id, tagging)


async def claim_visitor(conn: Transaction, visitor_id: UUID, member_id: UUID) -> bool:
    """Record that the visitor is this member. False if the visitor is already another member's."""
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


async def keep_place(conn: Transaction, session_token: str, place: Place) -> None:
    """Store the place of the member who is signed in with this token, if there is one; it holds on all of their
    devices."""
    sql = "UPDATE member SET place = $2 WHERE id = (SELECT id FROM member_session WHERE token_hash = $1)"
    await conn.execute(sql, fingerprint(session_token), place)


async def take_place(conn: Transaction, member_id: UUID, place: Place) -> None:
    """Store the device's place for a member who signs in there and has none yet."""
    await conn.execute("UPDATE member SET place = $2 WHERE id = $1 AND place IS NULL", member_id, place)


async def claim_member(conn: Transaction, merchant_id: UUID, code: str, email: str, password_hash: str) -> UUID:
    """Give the member whom this merchant knows by `code` an e-mail and a password to sign in with; the member's id.

    Raises `NotFound`, or `Invalid` where somebody else has the address. `passwords.hash_password` makes the hash.
    """
    known = existing(await reads.member_by_code(conn, merchant_id, code), N_("There is no customer with this number."))
    try:
        await conn.execute(
            "UPDATE member SET email = $2, password_hash = $3 WHERE id = $1",
            known.id,
            typed.email(email),
            password_hash,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("email", "There is a member with this address.") from None
    return known.id


async def close_member(conn: Transaction, member_id: UUID) -> None:
    """Forget who the member is: nobody signs in as them any more. The row stays, with nothing in it, for orders refer
    to it. Idempotent.
    """
    await conn.execute(
        """
        DELETE FROM attempt a USING member m
        WHERE m.id = $1 AND (a.subject = 'member:' || m.email OR starts_with(a.subject, 'member:' || m.email || ' '))
        """,
        member_id,
    )
    await conn.execute(
        """
        UPDATE member SET email = NULL, name = '', password_hash = NULL, place = NULL, profiled = false WHERE id = $1
        """,
        member_id,
    )
    await conn.execute("DELETE FROM session WHERE audience = 'member' AND person_id = $1", member_id)
    await conn.execute("DELETE FROM known_network WHERE audience = 'member' AND person_id = $1", member_id)
    await conn.execute("DELETE FROM member_address WHERE member_id = $1", member_id)
    await conn.execute("DELETE FROM member_code WHERE member_id = $1", member_id)


async def choose_profiled(conn: Transaction, member_id: UUID, *, profiled: bool) -> None:
    """Whether stores may keep a profile of what the member does there."""
    await conn.execute("UPDATE member SET profiled = $2 WHERE id = $1", member_id, profiled)


async def add_staff(conn: Transaction, merchant_id: UUID, draft: StaffDraft, password_hash: str) -> UUID:
    """Raises `Invalid`. The hash is made before the transaction, with `passwords.hash_password`."""
    rules.check_node(draft.role, draft.node_id)
    staff_id = new_id()
    try:
        await conn.execute(
            """
            INSERT INTO staff (id, merchant_id, email, name, password_hash, role, node_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            staff_id,
            merchant_id,
            typed.email(draft.email),
            typed.line(draft.name),
            password_hash,
            draft.role,
            draft.node_id,
        )
    except asyncpg.UniqueViolationError:
        raise Invalid.one("email", N_("Someone signs in with this address already.")) from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid.one("node", NO_NODE) from None
    return staff_id


async def change_staff(conn: Transaction, merchant_id: UUID, staff_id: UUID, change: StaffChange) -> None:
    """Rename somebody, give them another role or move them to another node. Raises `Invalid`, `NotFound`."""
    rules.check_name(change.name)
    rules.check_node(change.role, change.node_id)
    await _lock_owners(conn, merchant_id)
    sql = "UPDATE staff SET name = $3, role = $4, node_id = $5 WHERE merchant_id = $1 AND id = $2"
    fields = (typed.line(change.name), change.role, change.node_id)
    try:
        done = await conn.execute(sql, merchant_id, staff_id, *fields)
    except asyncpg.ForeignKeyViolationError:
        raise Invalid.one("node", NO_NODE) from None
    if done == "UPDATE 0":
        raise NotFound(NO_STAFF)
    await _check_owner(conn, merchant_id, "role")


async def _lock_owners(conn: Transaction, merchant_id: UUID) -> None:
    """So that two owners who deactivate each other at the same time do not leave a store without one."""
    sql = "SELECT FROM staff WHERE merchant_id = $1 AND role = 'owner' ORDER BY id FOR NO KEY UPDATE"
    await conn.execute(sql, merchant_id)


async def _check_owner(conn: Transaction, merchant_id: UUID, field: str) -> None:
    sql = "SELECT EXISTS (SELECT FROM staff WHERE merchant_id = $1 AND role = 'owner' AND active)"
    if not await conn.fetchval(sql, merchant_id):
        raise Invalid.one(field, N_("A store needs an owner who can sign in."))


async def set_active(conn: Transaction, merchant_id: UUID, staff_id: UUID, *, active: bool) -> None:
    """An inactive member of staff is signed out at once, and has to sign in anew when active again. Raises `Invalid` if
    no owner would be left, `NotFound`."""
    await _lock_owners(conn, merchant_id)
    done = await conn.execute(
        "UPDATE staff SET active = $3 WHERE merchant_id = $1 AND id = $2", merchant_id, staff_id, active
    )
    if done == "UPDATE 0":
        raise NotFound(NO_STAFF)
    if not active:
        await _check_owner(conn, merchant_id, "active")


async def make_api_key(conn: Transaction, merchant_id: UUID, name: str, scopes: frozenset[ApiScope]) -> NewApiKey:
    """Raises `Invalid`."""
    if not typed.line(name) or len(name) > rules.NAME_MAX_CHARACTERS:
        raise Invalid.one("name", N_("Name the key, at most {limit} characters.", limit=rules.NAME_MAX_CHARACTERS))
    if not scopes:
        raise Invalid.one("scopes", N_("Choose at least one scope."))
    key_id, secret = new_id(), f"uw_{token()}"
    await conn.execute(
        "INSERT INTO api_key (id, merchant_id, name, secret_hash, hint, scopes) VALUES ($1, $2, $3, $4, $5, $6)",
        key_id,
        merchant_id,
        typed.line(name),
        fingerprint(secret),
        secret[: rules.KEY_HINT_CHARACTERS],
        sorted(scopes),
    )
    return NewApiKey(key_id, secret)


async def restore_api_key(conn: Transaction, merchant_id: UUID, key_id: UUID) -> None:
    """Undo a revocation. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE api_key SET revoked_at = NULL WHERE merchant_id = $1 AND id = $2", merchant_id, key_id
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such key."))


async def revoke_api_key(conn: Transaction, merchant_id: UUID, key_id: UUID) -> None:
    """Idempotent: a key stays revoked from its first revocation. Raises `NotFound`."""
    done = await conn.execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE merchant_id = $1 AND id = $2",
        merchant_id,
        key_id,
    )
    if done == "UPDATE 0":
        raise NotFound(N_("There is no such key."))
