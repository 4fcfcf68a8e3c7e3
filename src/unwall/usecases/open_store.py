"""Open a store: create the merchant, its publishing account, and its owner's login."""

from uuid import UUID

import msgspec

from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft, Actor, Owner
from unwall.kernel.database import Database
from unwall.people import actions as people
from unwall.people.passwords import hash_password
from unwall.people.rules import check_person
from unwall.people.values import Role, StaffDraft


class StoreDraft(msgspec.Struct, frozen=True):
    slug: str
    name: str
    currency: str
    timezone: str
    owner_email: str
    owner_name: str
    owner_password: str


async def open_store(db: Database, draft: StoreDraft) -> UUID:
    """Returns the merchant's id. Raises `Invalid` naming each wrong field."""
    check_person(draft.owner_email, draft.owner_name, draft.owner_password)
    staff = StaffDraft(draft.owner_email, draft.owner_name, Role.OWNER)
    hashed = await hash_password(draft.owner_password)
    async with db.transaction() as conn:
        merchant_id = await people.add_merchant(conn, draft.slug, draft.name, draft.currency, draft.timezone)
        await people.add_staff(conn, merchant_id, staff, hashed)
        owner = Actor(f"staff:{draft.owner_email}", Owner(merchant_id=merchant_id))
        await save_account(conn, owner, AccountDraft(handle=draft.slug.replace("-", "_")[:30], name=draft.name))
    return merchant_id
