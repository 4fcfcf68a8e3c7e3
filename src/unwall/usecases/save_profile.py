"""A merchant saves the profile of one of its accounts. Its names are compared with all those of the install, which
the merchant's own transaction cannot read."""

from collections.abc import Callable
from uuid import UUID

from unwall.content.accounts.actions import save_account
from unwall.content.accounts.reads import check_own_name, draft, owner_of
from unwall.content.accounts.rules import may_act
from unwall.content.accounts.values import AccountDraft, Actor, NoSuchAccount
from unwall.kernel.database import Database, lock_subject
from unwall.kernel.text import N_
from unwall.usecases.publish_post import acting

NOT_YOURS = N_("This is not one of your accounts.")


async def save_profile(
    db: Database, actor: Actor, changed: AccountDraft, check: Callable[[AccountDraft], None] | None = None
) -> UUID:
    """Returns the account's id. Raises the errors of `save_account`, and those of `check`, which gets the account as it
    is stored; and `NoSuchAccount` for one that the actor may not act for. Then nothing is saved."""
    async with acting(db, actor) as conn:
        before = await draft(conn, actor.owner, changed.id) if changed.id else None
    async with db.read() as conn:
        for name in _names(changed) - (_names(before) if before else set()):
            await check_own_name(conn, actor.owner, name, "name")
    async with acting(db, actor) as conn:
        if changed.id and before:
            await lock_subject(conn, "account", changed.id)
            account = await owner_of(conn, changed.id)
            stored = await draft(conn, actor.owner, changed.id)
            if account is None or stored is None or not may_act(actor, account):
                raise NoSuchAccount(NOT_YOURS)
            if check:
                check(stored)
        return await save_account(conn, actor, changed)


def _names(of: AccountDraft) -> set[str]:
    return {name for name in (of.name, *(words.name for words in of.translations.values())) if name}
