"""A member says whether stores may keep a profile of what they do there."""

from uuid import UUID

from unwall.insight.profiles.actions import forget_profiles
from unwall.insight.segments.actions import forget_memberships
from unwall.kernel.database import Database
from unwall.people import actions as people


async def choose_profiled(db: Database, member_id: UUID, *, profiled: bool) -> None:
    """Idempotent. A no deletes the profiles at once; after a yes the next night works them out."""
    async with db.transaction() as conn:
        await people.choose_profiled(conn, member_id, profiled=profiled)
        if not profiled:
            await forget_profiles(conn, member_id)
            await forget_memberships(conn, member_id)
