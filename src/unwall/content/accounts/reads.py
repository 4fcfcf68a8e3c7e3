"""Reads of accounts and their followers."""

from collections.abc import Collection
from uuid import UUID

from unwall.content.accounts.values import Account, AccountDraft, AccountOwner, Owner
from unwall.kernel.database import Connection, row, rows

# In the language $1.
_ACCOUNT = """
    SELECT a.id, a.merchant_id, a.kind, a.handle, translated(a.translations, $1, 'name', a.name) AS name,
        translated(a.translations, $1, 'bio', a.bio) AS bio, a.avatar, a.banner, a.followers
    FROM account a
"""


async def account(conn: Connection, account_id: UUID, lang: str) -> Account | None:
    return await row(conn, Account, f"{_ACCOUNT} WHERE a.id = $2", lang, account_id)


async def account_by_handle(conn: Connection, handle: str, lang: str) -> Account | None:
    return await row(conn, Account, f"{_ACCOUNT} WHERE a.handle = $2", lang, handle.lower())


async def most_followed(conn: Connection, lang: str, limit: int = 12) -> list[Account]:
    """The accounts with the most followers, as suggestions for people who follow none."""
    return await rows(conn, Account, f"{_ACCOUNT} ORDER BY a.followers DESC, a.id LIMIT $2", lang, limit)


async def following(conn: Connection, person_ids: Collection[UUID]) -> set[UUID]:
    """The ids of the accounts that a person follows, as a member or as the visitor before the sign-in."""
    found = await conn.fetch("SELECT account_id FROM follow WHERE follower_id = ANY($1::uuid[])", list(person_ids))
    return {record["account_id"] for record in found}


async def followed(conn: Connection, person_ids: Collection[UUID], lang: str) -> list[Account]:
    """The accounts that a person follows, by name."""
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


# --- for those who act for accounts -----------------------------------------------------------------------------------


async def owner_of(conn: Connection, account_id: UUID) -> AccountOwner | None:
    return await row(conn, AccountOwner, "SELECT id, merchant_id, member_id FROM account WHERE id = $1", account_id)


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


async def draft(conn: Connection, owner: Owner, account_id: UUID) -> AccountDraft | None:
    """The draft of an account for its editor; `actions.save_account` accepts it."""
    return await row(
        conn,
        AccountDraft,
        """
        SELECT handle, name, kind, bio, avatar, banner, translations, id FROM account
        WHERE id = $1 AND (merchant_id = $2 OR member_id = $3)
        """,
        account_id,
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
