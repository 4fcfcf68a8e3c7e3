"""Locks of posts: in the order of their ids, and nowhere else."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.rules import may_act
from unwall.content.accounts.values import AccountOwner, Actor, Owner
from unwall.content.posts.values import NoSuchPost, PostState
from unwall.kernel.database import Transaction, rows
from unwall.kernel.text import N_

NO_SUCH_POST = N_("There is no such post.")


class LockedPost(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    member_id: UUID | None
    """The account's, as merchant_id and staff_ids."""
    staff_ids: list[UUID] | None
    account_id: UUID
    state: PostState
    published_at: datetime | None
    scheduled_at: datetime | None

    @property
    def owner(self) -> Owner:
        return Owner(self.merchant_id, self.member_id)

    @property
    def account(self) -> AccountOwner:
        return AccountOwner(self.account_id, self.merchant_id, self.member_id, self.staff_ids)


async def lock(conn: Transaction, post_ids: Collection[UUID], *, unless_locked: bool = False) -> list[LockedPost]:
    """Lock posts until the transaction ends. A transaction that holds the locks sees all earlier changes of the
    posts. `unless_locked` leaves out those that another transaction works on."""
    return await rows(
        conn,
        LockedPost,
        f"""
        SELECT p.id, p.merchant_id, a.member_id, a.staff_ids, p.account_id, p.state, p.published_at, p.scheduled_at
        FROM post p JOIN account_profile a ON a.id = p.account_id
        WHERE p.id = ANY($1::uuid[]) ORDER BY p.id FOR NO KEY UPDATE OF p {"SKIP LOCKED" if unless_locked else ""}
        """,
        list(post_ids),
    )


async def lock_own(conn: Transaction, actor: Actor, post_id: UUID) -> LockedPost | None:
    """Lock a post; None if it does not exist. Raises `NoSuchPost` if the actor may not act for its account."""
    for post in await lock(conn, [post_id]):
        if not may_act(actor, post.account):
            raise NoSuchPost(NO_SUCH_POST)
        return post
    return None


async def own(conn: Transaction, actor: Actor, post_id: UUID) -> LockedPost:
    post = await lock_own(conn, actor, post_id)
    if post is None:
        raise NoSuchPost(NO_SUCH_POST)
    return post


async def live(conn: Transaction, post_id: UUID) -> LockedPost:
    for post in await lock(conn, [post_id]):
        if post.state is PostState.LIVE:
            return post
    raise NoSuchPost(NO_SUCH_POST)
