"""Profiles, as other packages ask for them."""

from uuid import UUID

from unwall.insight.profiles.values import Profile
from unwall.kernel.database import Connection, row

_COLUMNS = ", ".join(Profile.__struct_fields__)


async def profile(conn: Connection, merchant_id: UUID, member_id: UUID) -> Profile | None:
    sql = f"SELECT {_COLUMNS} FROM profile WHERE merchant_id = $1 AND member_id = $2"
    return await row(conn, Profile, sql, merchant_id, member_id)


async def may_be_profiled(conn: Connection, member_id: UUID) -> bool:
    return bool(await conn.fetchval("SELECT EXISTS (SELECT FROM profiled_member WHERE id = $1)", member_id))
