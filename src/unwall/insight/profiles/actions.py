"""Changing profiles."""

from uuid import UUID

from unwall.kernel.database import Transaction


async def forget_profiles(conn: Transaction, member_id: UUID) -> None:
    """At every merchant. The files are without them after the next night."""
    await conn.execute("DELETE FROM profile WHERE member_id = $1", member_id)
