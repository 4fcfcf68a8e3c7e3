"""Changes of accounts, collaborators and follows. The follower count changes in the statement that inserts or deletes
the follow, so it is exact under concurrency.
"""

from uuid import UUID

import asyncpg

from unwall.content.accounts import rules
from unwall.content.accounts.values import AccountDraft, Actor, NoSuchAccount
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

NO_SUCH_ACCOUNT = N_("There is no such account.")


async def save_account(conn: Transaction, actor: Actor, draft: AccountDraft) -> UUID:
    """Create an account for the actor's owner, or change the account with the draft's id."""
    tidied = rules.tidy(draft)
    errors = rules.check(tidied, actor.owner)
    if errors:
        raise Invalid(errors)
    account_id = tidied.id or new_id()
    try:
        async with conn.transaction():  # a savepoint: the caller's transaction stays usable if the handle is taken
            written = await _write(conn, actor, account_id, tidied)
    except asyncpg.UniqueViolationError as error:
        raise Invalid.one("handle", N_("This handle is taken.")) from error
    # row-level security refused it: the id belongs to another owner
    except asyncpg.InsufficientPrivilegeError as error:
        raise NoSuchAccount(NO_SUCH_ACCOUNT) from error
    if written is None:
        raise NoSuchAccount(NO_SUCH_ACCOUNT)
    return account_id


async def _write(conn: Transaction, actor: Actor, account_id: UUID, draft: AccountDraft) -> UUID | None:
    written: UUID | None = await conn.fetchval(
        """
        INSERT INTO account AS a (id, merchant_id, member_id, kind, handle, name, bio, translations, avatar, banner)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, handle = EXCLUDED.handle, name = EXCLUDED.name,
            bio = EXCLUDED.bio, translations = EXCLUDED.translations, avatar = EXCLUDED.avatar,
            banner = EXCLUDED.banner
        WHERE a.merchant_id = EXCLUDED.merchant_id OR a.member_id = EXCLUDED.member_id
        RETURNING id
        """,
        account_id,
        actor.owner.merchant_id,
        actor.owner.member_id,
        draft.kind,
        draft.handle,
        draft.name,
        draft.bio,
        draft.translations,
        draft.avatar,
        draft.banner,
    )
    return written


async def add_collaborator(conn: Transaction, merchant_id: UUID, handle: str) -> UUID:
    """Allow an account to tag the merchant's products (if `merchant.tagging` is `collaborators`). Idempotent. Raises
    `Invalid` naming `handle` if there is no such account.
    """
    account_id: UUID | None = await conn.fetchval(
        "SELECT account_of_handle($1)", handle.strip().removeprefix("@").lower()
    )
    if account_id is None:
        raise Invalid.one("handle", NO_SUCH_ACCOUNT)
    await conn.execute(
        "INSERT INTO tagging_collaborator (merchant_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        merchant_id,
        account_id,
    )
    return account_id


async def remove_collaborator(conn: Transaction, merchant_id: UUID, account_id: UUID) -> None:
    """Revoke the permission to tag: the account's existing tags are no longer shown. Raises `NoSuchAccount` if the
    account is not a collaborator.
    """
    removed = await conn.fetchval(
        "DELETE FROM tagging_collaborator WHERE merchant_id = $1 AND account_id = $2 RETURNING true",
        merchant_id,
        account_id,
    )
    if not removed:
        raise NoSuchAccount(NO_SUCH_ACCOUNT)


# --- followers --------------------------------------------------------------------------------------------------------


async def follow(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Returns whether the follow is new. Idempotent. Records a fact, so call it once per transaction."""
    merchant_id = await _lock(conn, [account_id])
    added = await conn.fetchval(
        """
        WITH added AS (
            INSERT INTO follow (account_id, follower_id, merchant_id) SELECT $1, $2, $4
            WHERE NOT EXISTS (SELECT FROM follow WHERE account_id = $1 AND follower_id = ANY($3::uuid[]))
            ON CONFLICT DO NOTHING RETURNING account_id
        )
        UPDATE account SET followers = followers + 1 FROM added WHERE account.id = added.account_id RETURNING id
        """,
        account_id,
        visit.person_id,
        visit.person_ids,
        merchant_id.get(account_id),
    )
    if added:
        await journal.record(conn, [_followed(visit, account_id, merchant_id[account_id])])
    return bool(added)


def _followed(visit: Visit, account_id: UUID, merchant_id: UUID | None) -> Event:
    return Event(
        id=new_id(),
        at=now(),
        kind=EventKind.FOLLOW,
        merchant_id=merchant_id,
        visitor_id=visit.visitor_id,
        member_id=visit.member_id,
        session_id=visit.session_id,
        account_id=account_id,
    )


async def unfollow(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Returns whether the account was followed."""
    await _lock(conn, [account_id])
    return await _uncount(conn, visit.person_ids, [account_id]) > 0


async def merge_followers(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move a visitor's follows to the member who signed in; accounts that both followed count once. Idempotent."""
    found = await conn.fetch("SELECT account_id FROM follow WHERE follower_id = $1", visitor_id)
    account_ids = [record["account_id"] for record in found]
    await _lock(conn, account_ids)
    await conn.execute(
        """
        UPDATE follow f SET follower_id = $2 WHERE follower_id = $1 AND account_id = ANY($3::uuid[])
        AND NOT EXISTS (SELECT FROM follow WHERE account_id = f.account_id AND follower_id = $2)
        """,
        visitor_id,
        member_id,
        account_ids,
    )
    await _uncount(conn, [visitor_id], account_ids)


async def _uncount(conn: Transaction, follower_ids: list[UUID], account_ids: list[UUID]) -> int:
    """Delete follows and decrease the counts; returns how many accounts lost one. The caller has locked the
    accounts.
    """
    lost = await conn.fetch(
        """
        WITH gone AS (
            DELETE FROM follow WHERE follower_id = ANY($1::uuid[]) AND account_id = ANY($2::uuid[]) RETURNING account_id
        ), fewer AS (SELECT account_id, count(*) AS n FROM gone GROUP BY account_id)
        UPDATE account SET followers = followers - n FROM fewer WHERE account.id = fewer.account_id RETURNING id
        """,
        follower_ids,
        account_ids,
    )
    return len(lost)


async def _lock(conn: Transaction, account_ids: list[UUID]) -> dict[UUID, UUID | None]:
    """Lock accounts in the order of their ids (only this function does); returns the merchant of each. A transaction
    that holds the locks sees all earlier changes of their follows.
    """
    found = await conn.fetch(
        "SELECT id, merchant_id FROM account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", account_ids
    )
    if len(found) < len(set(account_ids)):
        raise NoSuchAccount(NO_SUCH_ACCOUNT)
    return {record["id"]: record["merchant_id"] for record in found}
