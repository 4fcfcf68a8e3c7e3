"""Save a post, and optionally publish it: one transaction, confined to the merchant if the account belongs to one."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import Actor
from unwall.content.posts import actions
from unwall.content.posts.values import PostDraft
from unwall.kernel.database import Database, Transaction


def acting(db: Database, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
    """A member belongs to no merchant, so there is no row-level security for members: the actions' checks are the only
    guard.
    """
    merchant_id = actor.owner.merchant_id
    return db.confined(merchant_id) if merchant_id else db.transaction()


async def save_post(db: Database, actor: Actor, draft: PostDraft, at: datetime, *, publish: bool = False) -> UUID:
    """Returns the post's id. Raises the errors of `posts.actions.save_draft` and `publish`, and then saves nothing."""
    async with acting(db, actor) as conn:
        post_id = await actions.save_draft(conn, actor, draft)
        if publish:
            await actions.publish(conn, actor, post_id, at)
    return post_id
