"""Close a membership for good. The member's own accounts and all personal data are deleted; what they wrote elsewhere
stays without their name, and orders and payments stay with the stores, which must keep them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from unwall.commerce.orders.cart import delete_carts
from unwall.content.accounts.actions import delete_accounts, forget_follower
from unwall.content.comments import actions as comments
from unwall.content.conversations.actions import forget_shopper
from unwall.content.discovery.actions import forget_hidden
from unwall.content.feed.actions import forget_seen
from unwall.content.posts.actions import delete_posts, forget_likes
from unwall.content.questions import actions as questions
from unwall.content.reviews import actions as reviews
from unwall.content.saves.actions import forget_saves
from unwall.insight.profiles.actions import forget_profiles
from unwall.insight.segments.actions import forget_memberships
from unwall.journal.actions import forget_person
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import existing
from unwall.people import actions as people
from unwall.people import reads
from unwall.people.sessions import OwnPassword, check_own_password

Forget: TypeAlias = Callable[[Transaction, list[UUID]], Awaitable[None]]
"""Deletes what a package above this one has of a person, who is known by these ids."""


async def close_own(db: Database, own: OwnPassword, forget: Forget, now: datetime) -> None:
    """As the member asks. Raises `Invalid` (password), or `TooMany` after repeated wrong ones."""
    await check_own_password(db, own, now)
    async with db.transaction() as conn:
        await close(conn, own.person_id, forget)


async def close_by_email(db: Database, email: str, forget: Forget) -> None:
    """As the operator asks. Raises `NotFound`."""
    async with db.transaction() as conn:
        member_id = existing(await reads.member_by_email(conn, email), f"No member has the address {email}.")
        await close(conn, member_id, forget)


async def close(conn: Transaction, member_id: UUID, forget: Forget) -> None:
    """Idempotent. The member's visitors stay the member's: their browsers go on as new visitors."""
    await people.close_member(conn, member_id)
    person_ids = [member_id, *await reads.visitors_of(conn, member_id)]
    await delete_posts(conn, member_id)
    await delete_accounts(conn, member_id)
    await forget_likes(conn, person_ids)
    await forget_follower(conn, person_ids)
    await forget_seen(conn, person_ids)
    await delete_carts(conn, person_ids)
    await forget_saves(conn, person_ids)
    await forget_hidden(conn, person_ids)
    await comments.forget_author(conn, member_id)
    await forget_shopper(conn, person_ids)
    await questions.forget_author(conn, member_id)
    await reviews.forget_author(conn, member_id, person_ids)
    await forget_profiles(conn, member_id)
    await forget_memberships(conn, member_id)
    await forget_person(conn, person_ids)
    await forget(conn, person_ids)
