"""Changes of accounts, collaborators, follows, mutes and blocks. The follower count changes in the statement that
inserts or deletes the follow, so it is exact under concurrency.
"""

from uuid import UUID

import asyncpg

from unwall.content.accounts import reads, rules
from unwall.content.accounts.values import AccountDraft, Actor, Blocked, NoSuchAccount, Owner, TooManyAccounts
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel import typed
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people import reads as people
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Permission

NO_SUCH_ACCOUNT = N_("There is no such account.")
TOO_MANY_ACCOUNTS = N_("You have as many accounts as a member may have.")
NOT_WELCOME = N_("This account does not accept you as a follower.")
YOU_BLOCKED_IT = N_("You have blocked this account. Unblock it first.")


async def save_account(conn: Transaction, actor: Actor, draft: AccountDraft) -> UUID:
    """Create an account for the actor's owner, or change the account with the draft's id."""
    tidied = rules.tidy(draft)
    errors = rules.check(tidied, actor.owner)
    if errors:
        raise Invalid(errors)
    account_id = tidied.id or new_id()
    await _check_number(conn, actor.owner, account_id)
    await _check_staff(conn, actor.owner, tidied.staff_ids)
    if actor.owner.member_id is not None:
        for name in {tidied.name, *(words.name for words in tidied.translations.values() if words.name)}:
            await reads.check_own_name(conn, actor.owner, name, "name")
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


async def _check_staff(conn: Transaction, owner: Owner, staff_ids: list[UUID] | None) -> None:
    """Raises `Invalid` (staff) for who is no staff of the merchant or may not publish."""
    if staff_ids is None:
        return
    staff = await people.staff_list(conn, owner.merchant_id) if owner.merchant_id else []
    publishing = {one.id for one in staff if one.active and Permission.PUBLISH in ROLE_PERMISSIONS[one.role]}
    if not publishing.issuperset(staff_ids):
        raise Invalid.one("staff", N_("Choose among your staff who may publish."))


async def _check_number(conn: Transaction, owner: Owner, account_id: UUID) -> None:
    if owner.member_id is None:
        return
    await lock_subject(conn, "accounts of member", owner.member_id)
    sql = "SELECT count(*) FROM account WHERE member_id = $1 AND id <> $2"
    if await conn.fetchval(sql, owner.member_id, account_id) >= rules.MAX_MEMBER_ACCOUNTS:
        raise TooManyAccounts(TOO_MANY_ACCOUNTS)


async def _write(conn: Transaction, actor: Actor, account_id: UUID, draft: AccountDraft) -> UUID | None:
    written: UUID | None = await conn.fetchval(
        """
        INSERT INTO account AS a (id, merchant_id, member_id, kind, handle, name, bio, translations, avatar, banner,
            staff_ids)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, handle = EXCLUDED.handle, name = EXCLUDED.name,
            bio = EXCLUDED.bio, translations = EXCLUDED.translations, avatar = EXCLUDED.avatar,
            banner = EXCLUDED.banner, staff_ids = EXCLUDED.staff_ids,
            verified_at = CASE WHEN (a.handle, a.name) = (EXCLUDED.handle, EXCLUDED.name) THEN a.verified_at END
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
        draft.staff_ids,
    )
    return written


async def verify(conn: Transaction, handle: str, *, verified: bool) -> UUID:
    """An operator found that the account is who it says it is, or takes that back. It also ends where its name or
    handle changes. Raises `Invalid` naming `handle`.
    """
    account_id: UUID | None = await conn.fetchval(
        """
        UPDATE account SET verified_at = CASE WHEN $2 THEN coalesce(verified_at, now()) END WHERE handle = $1
        RETURNING id
        """,
        typed.handle(handle),
        verified,
    )
    if account_id is None:
        raise Invalid.one("handle", NO_SUCH_ACCOUNT)
    return account_id


async def add_collaborator(conn: Transaction, merchant_id: UUID, handle: str) -> UUID:
    """Allow an account to tag the merchant's products (if `merchant.tagging` is `collaborators`). Idempotent. Raises
    `Invalid` naming `handle` if there is no such account.
    """
    account_id: UUID | None = await conn.fetchval("SELECT account_of_handle($1)", typed.handle(handle))
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
    """Returns whether the follow is new. Idempotent. Records a fact, so call it once per transaction. Raises `Blocked`
    where one has blocked the other.
    """
    merchant_id = await _lock(conn, [account_id])
    await _check_blocks(conn, visit, account_id)
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
        await journal.record(conn, [_fact(EventKind.FOLLOW, visit, account_id, merchant_id[account_id])])
    return bool(added)


async def _check_blocks(conn: Transaction, visit: Visit, account_id: UUID) -> None:
    standing = await reads.standing(conn, visit.person_ids, account_id)
    if standing.refused:
        raise Blocked(NOT_WELCOME)
    if standing.blocked:
        raise Blocked(YOU_BLOCKED_IT)


def _fact(kind: EventKind, visit: Visit, account_id: UUID, merchant_id: UUID | None) -> Event:
    return Event(
        id=new_id(),
        at=now(),
        kind=kind,
        merchant_id=merchant_id,
        **visit.ids,
        account_id=account_id,
    )


async def unfollow(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Returns whether the account was followed."""
    await _lock(conn, [account_id])
    return await _uncount(conn, visit.person_ids, [account_id]) > 0


async def merge_followers(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move a visitor's follows, mutes and blocks to the member who signed in; accounts that both followed count once,
    and what either blocked is not followed. Idempotent. What the visitor does while this runs stays the visitor's: only
    accounts that are locked change.
    """
    records = await conn.fetch(
        """
        SELECT account_id FROM follow WHERE follower_id = $1
        UNION SELECT account_id FROM muted_account WHERE person_id = $1
        UNION SELECT account_id FROM blocked_person WHERE person_id = $1
        """,
        visitor_id,
    )
    account_ids = [record["account_id"] for record in records]
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
    await _merge_blocks(conn, visitor_id, member_id, account_ids)
    sql = "SELECT account_id FROM unnest($2::uuid[]) a (account_id) WHERE NOT may_interact(account_id, ARRAY[$1::uuid])"
    blocked = [record["account_id"] for record in await conn.fetch(sql, member_id, account_ids)]
    await _uncount(conn, [member_id], blocked)


async def _merge_blocks(conn: Transaction, visitor_id: UUID, member_id: UUID, account_ids: list[UUID]) -> None:
    await conn.execute(
        """
        WITH moved AS (
            DELETE FROM muted_account WHERE person_id = $1 AND account_id = ANY($3::uuid[])
            RETURNING account_id, blocked, created_at
        )
        INSERT INTO muted_account AS m (person_id, account_id, blocked, created_at) SELECT $2, * FROM moved
        ON CONFLICT (person_id, account_id) DO UPDATE SET blocked = m.blocked OR EXCLUDED.blocked
        """,
        visitor_id,
        member_id,
        account_ids,
    )
    await conn.execute(
        """
        WITH moved AS (
            DELETE FROM blocked_person WHERE person_id = $1 AND account_id = ANY($3::uuid[])
            RETURNING account_id, merchant_id, name, created_at
        )
        INSERT INTO blocked_person (account_id, person_id, merchant_id, name, created_at)
        SELECT account_id, $2, merchant_id, name, created_at FROM moved ON CONFLICT DO NOTHING
        """,
        visitor_id,
        member_id,
        account_ids,
    )


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
    owners = await conn.fetch(
        "SELECT id, merchant_id FROM account WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", account_ids
    )
    if len(owners) < len(set(account_ids)):
        raise NoSuchAccount(NO_SUCH_ACCOUNT)
    return {record["id"]: record["merchant_id"] for record in owners}


# --- mutes and blocks -------------------------------------------------------------------------------------------------


async def mute(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Stop showing the person the account's posts; a follow stays. Returns whether it is new. Idempotent. Records a
    fact, so call it once per transaction."""
    merchant_id = (await _lock(conn, [account_id]))[account_id]
    new = await _write_mute(conn, visit, account_id, blocked=False)
    if new:
        await journal.record(conn, [_fact(EventKind.MUTE, visit, account_id, merchant_id)])
    return new


async def unmute(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Returns whether the account was muted; one that the person has blocked stays so."""
    sql = (
        "DELETE FROM muted_account WHERE account_id = $1 AND person_id = ANY($2::uuid[]) AND NOT blocked RETURNING true"
    )
    return bool(await conn.fetch(sql, account_id, visit.person_ids))


async def block(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """The person is no longer shown the account, does not follow it, and gets no messages from it. Returns whether it
    is new. Idempotent. Records a fact, so call it once per transaction."""
    merchant_id = (await _lock(conn, [account_id]))[account_id]
    await _uncount(conn, visit.person_ids, [account_id])
    new = await _write_mute(conn, visit, account_id, blocked=True)
    if new:
        await journal.record(conn, [_fact(EventKind.BLOCK, visit, account_id, merchant_id)])
    return new


async def unblock(conn: Transaction, visit: Visit, account_id: UUID) -> bool:
    """Returns whether the account was blocked."""
    sql = "DELETE FROM muted_account WHERE account_id = $1 AND person_id = ANY($2::uuid[]) AND blocked RETURNING true"
    return bool(await conn.fetch(sql, account_id, visit.person_ids))


async def _write_mute(conn: Transaction, visit: Visit, account_id: UUID, *, blocked: bool) -> bool:
    """The caller has locked the account."""
    new = await conn.fetchval(
        """
        INSERT INTO muted_account AS m (person_id, account_id, blocked) SELECT $1, $2, $4
        WHERE NOT EXISTS (SELECT FROM muted_account
            WHERE account_id = $2 AND person_id = ANY($3::uuid[]) AND (blocked OR NOT $4))
        ON CONFLICT (person_id, account_id) DO UPDATE SET blocked = true
        RETURNING true
        """,
        visit.person_id,
        account_id,
        visit.person_ids,
        blocked,
    )
    return bool(new)


async def block_person(conn: Transaction, actor: Actor, account_id: UUID, person_id: UUID, name: str = "") -> bool:
    """A member or visitor can no longer follow the account, comment on it or write to it. `name`: under which they
    wrote. Returns whether it is new. Idempotent. Raises `NoSuchAccount` for another owner's account."""
    merchant_id = await _own(conn, actor, account_id)
    await _uncount(conn, [person_id], [account_id])
    new = await conn.fetchval(
        """
        INSERT INTO blocked_person (account_id, person_id, merchant_id, name) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        account_id,
        person_id,
        merchant_id,
        name,
    )
    return bool(new)


async def unblock_person(conn: Transaction, actor: Actor, account_id: UUID, person_id: UUID) -> bool:
    """Returns whether the person was blocked. Raises `NoSuchAccount` for another owner's account."""
    await _own(conn, actor, account_id)
    sql = "DELETE FROM blocked_person WHERE account_id = $1 AND person_id = $2 RETURNING true"
    return bool(await conn.fetchval(sql, account_id, person_id))


async def _own(conn: Transaction, actor: Actor, account_id: UUID) -> UUID | None:
    """Lock the account, which is the actor's owner's; returns its merchant."""
    merchant_id = (await _lock(conn, [account_id]))[account_id]
    owned = await reads.owner_of(conn, account_id)
    if owned is None or not rules.owns(actor, owned.owner):
        raise NoSuchAccount(NO_SUCH_ACCOUNT)
    return merchant_id


# --- who leaves -------------------------------------------------------------------------------------------------------


async def forget_follower(conn: Transaction, person_ids: list[UUID]) -> None:
    """Delete what they follow, mute and block, and by whom they are blocked."""
    followed = await conn.fetch(
        "SELECT DISTINCT account_id FROM follow WHERE follower_id = ANY($1::uuid[])", person_ids
    )
    account_ids = [record["account_id"] for record in followed]
    await _lock(conn, account_ids)
    await _uncount(conn, person_ids, account_ids)
    await conn.execute("DELETE FROM muted_account WHERE person_id = ANY($1::uuid[])", person_ids)
    await conn.execute("DELETE FROM blocked_person WHERE person_id = ANY($1::uuid[])", person_ids)


async def delete_accounts(conn: Transaction, member_id: UUID) -> None:
    """The member's own, after their posts; whoever followed them follows one account less."""
    await lock_subject(conn, "accounts of member", member_id)
    await conn.execute("DELETE FROM account WHERE member_id = $1", member_id)
