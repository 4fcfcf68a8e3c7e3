"""Reads of accounts and their followers."""

from collections.abc import Collection
from uuid import UUID

from unwall.content.accounts.values import Account, AccountDraft, AccountOwner, Actor, BlockedPerson, Owner, Standing
from unwall.kernel import typed
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.errors import Invalid
from unwall.people.rules import SAME_NAME, is_alike

# In the language $1.
_ACCOUNT = """
    SELECT a.id, a.merchant_id, a.kind, a.handle, translated(a.translations, $1, 'name', a.name) AS name,
        translated(a.translations, $1, 'bio', a.bio) AS bio, a.avatar, a.banner, a.followers,
        a.verified_at IS NOT NULL AS verified
    FROM account a
"""


async def account(conn: Connection, account_id: UUID, lang: str) -> Account | None:
    return await row(conn, Account, f"{_ACCOUNT} WHERE a.id = $2", lang, account_id)


async def account_by_handle(conn: Connection, handle: str, lang: str) -> Account | None:
    return await row(conn, Account, f"{_ACCOUNT} WHERE a.handle = $2", lang, typed.handle(handle[:100]))


async def accounts(conn: Connection, account_ids: Collection[UUID], lang: str) -> dict[UUID, Account]:
    accounts_found = await rows(conn, Account, f"{_ACCOUNT} WHERE a.id = ANY($2::uuid[])", lang, list(account_ids))
    return {account.id: account for account in accounts_found}


async def protected_names(conn: Connection, owner: Owner) -> list[str]:
    """Of stores, of the accounts of merchants, and of verified ones, that are not the owner's own: nobody else may
    use them. In every language."""
    records = await conn.fetch(
        """
        SELECT name, translations FROM merchant_profile WHERE id IS DISTINCT FROM $2
        UNION ALL
        SELECT name, translations FROM account
        WHERE (merchant_id IS NOT NULL OR verified_at IS NOT NULL)
            AND NOT coalesce(member_id = $1 OR merchant_id = $2, false)
        """,
        owner.member_id,
        owner.merchant_id,
    )
    translated = (words.get("name", "") for record in records for words in record["translations"].values())
    return [*dict.fromkeys([*(record["name"] for record in records), *filter(None, translated)])]


async def check_own_name(conn: Connection, owner: Owner, name: str, field: str = "author") -> None:
    """Raises `Invalid` naming `field` where the owner would pass for a store or for somebody who is verified."""
    if is_alike(name, await protected_names(conn, owner)):
        raise Invalid.one(field, SAME_NAME)


async def following(conn: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """The ids of the accounts that a person follows, as a member or as the visitor before the sign-in."""
    follows = await conn.fetch("SELECT account_id FROM follow WHERE follower_id = ANY($1::uuid[])", list(person_ids))
    return {record["account_id"] for record in follows}


async def followed(conn: Connection, person_ids: Collection[UUID], lang: str) -> list[Account]:
    """By name."""
    return await rows(
        conn,
        Account,
        f"""
        {_ACCOUNT} WHERE a.id IN (SELECT account_id FROM follow WHERE follower_id = ANY($2::uuid[]))
        ORDER BY a.name, a.id
        """,
        lang,
        list(person_ids),
    )


async def hidden(conn: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """The ids of the accounts whose posts a person is not shown: those they muted or blocked."""
    sql = "SELECT account_id FROM hidden_account WHERE person_id = ANY($1::uuid[])"
    return {record["account_id"] for record in await conn.fetch(sql, list(person_ids))}


async def hidden_accounts(conn: Connection, person_ids: Collection[UUID], lang: str) -> list[Account]:
    """The accounts that a person muted or blocked, by name."""
    return await rows(
        conn,
        Account,
        f"""
        {_ACCOUNT} WHERE a.id IN (SELECT account_id FROM muted_account WHERE person_id = ANY($2::uuid[]))
        ORDER BY a.name, a.id
        """,
        lang,
        list(person_ids),
    )


async def standing(conn: Connection, person_ids: Collection[UUID], account_id: UUID) -> Standing:
    current = await row(
        conn,
        Standing,
        """
        SELECT EXISTS (SELECT FROM follow WHERE account_id = $1 AND follower_id = ANY($2::uuid[])) AS followed,
            EXISTS (SELECT FROM muted_account WHERE account_id = $1 AND person_id = ANY($2::uuid[])) AS muted,
            EXISTS (SELECT FROM muted_account WHERE account_id = $1 AND person_id = ANY($2::uuid[]) AND blocked)
                AS blocked,
            EXISTS (SELECT FROM blocked_person WHERE account_id = $1 AND person_id = ANY($2::uuid[])) AS refused
        """,
        account_id,
        list(person_ids),
    )
    assert current is not None  # one row by its nature
    return current


async def may_interact(conn: Connection, account_id: UUID, person_ids: Collection[UUID]) -> bool:
    """Whether neither of account and person has blocked the other. Also for a confined transaction."""
    allowed: bool = await conn.fetchval("SELECT may_interact($1, $2::uuid[])", account_id, list(person_ids))
    return allowed


# --- for those who act for accounts -----------------------------------------------------------------------------------


async def owner_of(conn: Connection, account_id: UUID) -> AccountOwner | None:
    return await row(
        conn, AccountOwner, "SELECT id, merchant_id, member_id, staff_ids FROM account WHERE id = $1", account_id
    )


async def own_accounts(conn: Connection, owner: Owner, lang: str) -> list[Account]:
    """The owner's accounts, the oldest first."""
    return await rows(
        conn,
        Account,
        f"{_ACCOUNT} WHERE a.merchant_id = $2 OR a.member_id = $3 ORDER BY a.id",
        lang,
        owner.merchant_id,
        owner.member_id,
    )


async def accounts_of(conn: Connection, actor: Actor, lang: str) -> list[Account]:
    """Those for which the actor may act, as `rules.may_act` says; the oldest first."""
    return await rows(
        conn,
        Account,
        f"""
        {_ACCOUNT}
        WHERE (a.merchant_id = $2 OR a.member_id = $3)
            AND ($4::uuid IS NULL OR a.staff_ids IS NULL OR $4 = ANY(a.staff_ids))
        ORDER BY a.id
        """,
        lang,
        actor.owner.merchant_id,
        actor.owner.member_id,
        actor.staff_id,
    )


async def draft(conn: Connection, owner: Owner, account_id: UUID) -> AccountDraft | None:
    """The draft of an account for its editor; `actions.save_account` accepts it."""
    return await row(
        conn,
        AccountDraft,
        """
        SELECT handle, name, kind, bio, avatar, banner, translations, staff_ids, id FROM account
        WHERE id = $1 AND (merchant_id = $2 OR member_id = $3)
        """,
        account_id,
        owner.merchant_id,
        owner.member_id,
    )


async def followers(
    conn: Connection, owner: Owner, account_id: UUID, lang: str, *, after: str | None = None, limit: int = 50
) -> ResultPage[Account]:
    """Of the followers of one of the owner's accounts, those who publish: their accounts, the newest first. Others are
    counted (`Account.followers`) and not named: whom somebody follows is theirs to tell."""
    page = await rows(
        conn,
        Account,
        f"""
        {_ACCOUNT}
        WHERE a.member_id IS NOT NULL AND a.id < $3 AND EXISTS (SELECT FROM account o
                WHERE o.id = $2 AND (o.merchant_id = $4 OR o.member_id = $5))
            AND EXISTS (SELECT FROM follow f WHERE f.account_id = $2 AND f.follower_id = a.member_id)
        ORDER BY a.id DESC LIMIT $6
        """,
        lang,
        account_id,
        decode(after),
        owner.merchant_id,
        owner.member_id,
        limit + 1,
    )
    return page_of(page, limit, lambda one: one.id)


async def blocked_people(conn: Connection, account_id: UUID) -> list[UUID]:
    """Whom the account has blocked, the last first."""
    sql = "SELECT person_id FROM blocked_person WHERE account_id = $1 ORDER BY created_at DESC, person_id"
    return [record["person_id"] for record in await conn.fetch(sql, account_id)]


async def blocked_by(conn: Connection, owner: Owner) -> list[BlockedPerson]:
    """Whom any of the owner's accounts has blocked, the last first."""
    return await rows(
        conn,
        BlockedPerson,
        """
        SELECT b.person_id, max(b.name) AS name, max(b.created_at) AS at
        FROM blocked_person b JOIN account a ON a.id = b.account_id WHERE a.merchant_id = $1 OR a.member_id = $2
        GROUP BY b.person_id ORDER BY max(b.created_at) DESC, b.person_id LIMIT 500
        """,
        owner.merchant_id,
        owner.member_id,
    )


async def collaborators(conn: Connection, merchant_id: UUID, lang: str) -> list[Account]:
    """The accounts, other than the merchant's own, that may tag its products, by name."""
    return await rows(
        conn,
        Account,
        f"""
        {_ACCOUNT} JOIN tagging_collaborator c ON c.account_id = a.id WHERE c.merchant_id = $2
        ORDER BY a.name, a.id
        """,
        lang,
        merchant_id,
    )
