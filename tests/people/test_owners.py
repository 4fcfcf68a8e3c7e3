"""A store keeps an owner, whatever its owners do to each other."""

import asyncio

import pytest

from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.people import actions
from unwall.people.values import Role, StaffChange, StaffDraft


async def two_owners(db: Database):
    async with db.transaction() as conn:
        merchant = await actions.add_merchant(conn, "tea", "Tea", "CNY", "Asia/Shanghai")
        drafts = [StaffDraft(f"{n}@example.com", "O", Role.OWNER) for n in range(2)]
        return merchant, [await actions.add_staff(conn, merchant, draft, "") for draft in drafts]


async def deactivate(db: Database, merchant, staff):
    async with db.confined(merchant) as conn:
        await actions.set_active(conn, merchant, staff, active=False)


async def demote(db: Database, merchant, staff):
    async with db.confined(merchant) as conn:
        await actions.change_staff(conn, merchant, staff, StaffChange("O", Role.EDITOR))


@pytest.mark.parametrize("first", [deactivate, demote])
@pytest.mark.parametrize("second", [deactivate, demote])
async def test_two_owners_who_take_it_from_each_other_at_once_leave_one(db: Database, first, second):
    merchant, (one, other) = await two_owners(db)
    done = await asyncio.gather(first(db, merchant, one), second(db, merchant, other), return_exceptions=True)
    assert sorted(isinstance(result, Invalid) for result in done) == [False, True]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM staff WHERE role = 'owner' AND active") == 1
