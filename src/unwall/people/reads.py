"""Merchants, members, staff, credentials, sessions and API keys."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.kernel import typed
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.secrets import fingerprint
from unwall.people.values import ApiKey, Audience, Member, Merchant, Staff, Tagging

_MERCHANT = """
    SELECT id, slug, translated(translations, {lang}, 'name', name) AS name, currency, timezone, locale, country
    FROM merchant
"""
_MERCHANT_IN = _MERCHANT.format(lang="$1::text")
_STAFF = "SELECT s.id, s.merchant_id, s.email, s.name, s.role, s.node_id, s.active FROM staff s"
_MEMBER = "SELECT m.id, m.email, m.name, m.locale FROM member m"


class StoredCredentials(msgspec.Struct, frozen=True):
    id: UUID
    password_hash: str
    known: bool
    """whether they have signed in from this network before"""


async def merchant_by_slug(conn: Connection, slug: str, lang: str) -> Merchant | None:
    return await row(conn, Merchant, f"{_MERCHANT_IN} WHERE slug = $2", lang, slug)


async def merchant(conn: Connection, merchant_id: UUID, lang: str) -> Merchant | None:
    return await row(conn, Merchant, f"{_MERCHANT_IN} WHERE id = $2", lang, merchant_id)


async def tagging(conn: Connection, merchant_id: UUID) -> Tagging:
    """Who may tag the merchant's products, beside its own accounts."""
    return Tagging(await conn.fetchval("SELECT tagging FROM merchant WHERE id = $1", merchant_id))


async def member_by_code(conn: Connection, merchant_id: UUID, code: str) -> Member | None:
    """By what this merchant calls the member: a till's or an imported file's customer number."""
    return await row(
        conn,
        Member,
        f"{_MEMBER} JOIN member_code c ON c.member_id = m.id WHERE c.merchant_id = $1 AND c.code = $2",
        merchant_id,
        code,
    )


async def member_id_by_code(conn: Connection, merchant_id: UUID, code: str) -> UUID | None:
    """As `member_by_code`, for a merchant's own staff, who may not read members."""
    member_id: UUID | None = await conn.fetchval(
        "SELECT member_id FROM member_code WHERE merchant_id = $1 AND code = $2", merchant_id, code
    )
    return member_id


async def session_member(conn: Connection, token: str) -> Member | None:
    return await row(
        conn,
        Member,
        "SELECT id, email, name, locale, place FROM member_session WHERE token_hash = $1",
        fingerprint(token),
    )


async def is_anothers_visitor(conn: Connection, visitor_id: UUID, member_id: UUID | None) -> bool:
    """Whether the visitor is known to be a member, but not this one."""
    sql = "SELECT EXISTS (SELECT FROM member_visitor WHERE visitor_id = $1 AND member_id IS DISTINCT FROM $2)"
    return bool(await conn.fetchval(sql, visitor_id, member_id))


async def session_staff(conn: Connection, token: str) -> Staff | None:
    return await row(
        conn,
        Staff,
        f"""
        {_STAFF} JOIN session ON session.person_id = s.id
        WHERE token_hash = $1 AND audience = 'staff' AND expires_at > now() AND s.active
        """,
        fingerprint(token),
    )


async def staff_member(conn: Connection, merchant_id: UUID, staff_id: UUID) -> Staff | None:
    return await row(conn, Staff, f"{_STAFF} WHERE s.merchant_id = $1 AND s.id = $2", merchant_id, staff_id)


async def staff_list(conn: Connection, merchant_id: UUID) -> list[Staff]:
    return await rows(conn, Staff, f"{_STAFF} WHERE s.merchant_id = $1 ORDER BY s.name", merchant_id)


_KNOWN = "EXISTS (SELECT FROM known_network n WHERE n.audience = $2 AND n.person_id = p.id AND n.network = $3) AS known"
_CREDENTIALS = {
    Audience.MEMBER: f"SELECT id, password_hash, {_KNOWN} FROM member p WHERE email = $1 AND password_hash IS NOT NULL",
    Audience.STAFF: f"SELECT id, password_hash, {_KNOWN} FROM staff p WHERE email = $1 AND active",
}


async def credentials(conn: Connection, audience: Audience, email: str, network: str) -> StoredCredentials | None:
    return await row(conn, StoredCredentials, _CREDENTIALS[audience], email, audience, network)


async def member_by_email(conn: Connection, email: str) -> UUID | None:
    member_id: UUID | None = await conn.fetchval("SELECT id FROM member WHERE email = $1", typed.email(email))
    return member_id


async def is_member_since(conn: Connection, member_id: UUID, moment: datetime) -> bool:
    sql = "SELECT EXISTS (SELECT FROM member WHERE id = $1 AND created_at <= $2)"
    return bool(await conn.fetchval(sql, member_id, moment))


async def visitors_of(conn: Connection, member_id: UUID) -> list[UUID]:
    visitors = await conn.fetch("SELECT visitor_id FROM member_visitor WHERE member_id = $1", member_id)
    return [record["visitor_id"] for record in visitors]


async def password_hash(conn: Connection, audience: Audience, person_id: UUID) -> str | None:
    """None where there is no such person, or they cannot sign in."""
    sql = {
        Audience.MEMBER: "SELECT password_hash FROM member WHERE id = $1",
        Audience.STAFF: "SELECT password_hash FROM staff WHERE id = $1 AND active",
    }
    hashed: str | None = await conn.fetchval(sql[audience], person_id)
    return hashed


_KEY = "SELECT id, merchant_id, name, hint, scopes, created_at, revoked_at FROM api_key"


async def api_key(conn: Connection, secret: str) -> ApiKey | None:
    """Revoked keys are not found."""
    return await row(conn, ApiKey, f"{_KEY} WHERE secret_hash = $1 AND revoked_at IS NULL", fingerprint(secret))


async def api_keys(conn: Connection, merchant_id: UUID) -> list[ApiKey]:
    return await rows(conn, ApiKey, f"{_KEY} WHERE merchant_id = $1 ORDER BY id DESC", merchant_id)
