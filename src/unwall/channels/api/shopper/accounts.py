"""Accounts: read, follow, mute, block, search."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import delete, get, put
from litestar.params import Parameter

from unwall.content.accounts import actions as accounts
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts.values import Account, Standing
from unwall.content.posts import reads as post_reads
from unwall.content.posts.values import Post
from unwall.content.search.reads import Asked
from unwall.content.search.reads import search as content_search
from unwall.content.search.values import FoundKind
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import existing
from unwall.people.attempts import count_act
from unwall.services import Services

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


@get("/accounts/{handle:str}", tags=TAGS)
async def read_account(services: Services, caller: Visit, handle: str) -> Account:
    async with services.db.read() as conn:
        return await _account(conn, caller, handle)


async def _account(conn: Connection, caller: Visit, handle: str) -> Account:
    account = await account_reads.account_by_handle(conn, handle, caller.lang)
    return existing(account, "There is no such account.")


@put("/accounts/{handle:str}/follow", tags=TAGS)
async def follow(services: Services, caller: Visit, handle: str) -> Account:
    """Following twice counts once."""
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        account = await _account(conn, caller, handle)
        await accounts.follow(conn, caller, account.id)
        return await _account(conn, caller, handle)


@delete("/accounts/{handle:str}/follow", status_code=200, tags=TAGS)
async def unfollow(services: Services, caller: Visit, handle: str) -> Account:
    async with services.db.transaction() as conn:
        account = await _account(conn, caller, handle)
        await accounts.unfollow(conn, caller, account.id)
        return await _account(conn, caller, handle)


@get("/accounts/{handle:str}/posts", tags=TAGS)
async def account_posts(services: Services, caller: Visit, handle: str, after: str | None = AFTER) -> ResultPage[Post]:
    """What an account has published, newest first."""
    async with services.db.read() as conn:
        account = await _account(conn, caller, handle)
        return await post_reads.posts_of(conn, account.id, caller.lang, after=after)


@get("/accounts/{handle:str}/standing", tags=TAGS)
async def read_standing(services: Services, caller: Visit, handle: str) -> Standing:
    """Whether the shopper follows, mutes or has blocked the account, and whether it has blocked them."""
    async with services.db.read() as conn:
        account = await _account(conn, caller, handle)
        return await account_reads.standing(conn, caller.person_ids, account.id)


async def _stand(
    services: Services, caller: Visit, handle: str, change: Callable[[Transaction, Visit, UUID], Awaitable[bool]]
) -> Standing:
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        account = await _account(conn, caller, handle)
        await change(conn, caller, account.id)
        return await account_reads.standing(conn, caller.person_ids, account.id)


@put("/accounts/{handle:str}/mute", tags=TAGS)
async def mute(services: Services, caller: Visit, handle: str) -> Standing:
    """Do not show the shopper the account's posts."""
    return await _stand(services, caller, handle, accounts.mute)


@delete("/accounts/{handle:str}/mute", status_code=200, tags=TAGS)
async def unmute(services: Services, caller: Visit, handle: str) -> Standing:
    return await _stand(services, caller, handle, accounts.unmute)


@put("/accounts/{handle:str}/block", tags=TAGS)
async def block(services: Services, caller: Visit, handle: str) -> Standing:
    """The shopper wants nothing to do with the account: they stop following it, and it cannot write to them."""
    return await _stand(services, caller, handle, accounts.block)


@delete("/accounts/{handle:str}/block", status_code=200, tags=TAGS)
async def unblock(services: Services, caller: Visit, handle: str) -> Standing:
    return await _stand(services, caller, handle, accounts.unblock)


@get("/muted-accounts", tags=TAGS)
async def muted_accounts(services: Services, caller: Visit) -> list[Account]:
    """The accounts that the shopper muted or blocked, by name; `standing` says which."""
    async with services.db.read() as conn:
        return await account_reads.hidden_accounts(conn, caller.person_ids, caller.lang)


@get("/search/accounts", tags=TAGS)
async def search_accounts(services: Services, caller: Visit, q: str, after: str | None = AFTER) -> ResultPage[Account]:
    """By words of their name, handle and what they say of themselves, in English or Chinese."""
    async with services.db.read() as conn:
        matches = await content_search(conn, FoundKind.ACCOUNT, Asked(q, caller.person_ids, after=after))
        by_id = await account_reads.accounts(conn, matches.rows, caller.lang)
        return ResultPage([by_id[one] for one in matches.rows if one in by_id], matches.after)


HANDLERS: list[Any] = [
    read_account,
    follow,
    unfollow,
    account_posts,
    read_standing,
    mute,
    unmute,
    block,
    unblock,
    muted_accounts,
    search_accounts,
]
