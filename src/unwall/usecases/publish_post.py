"""Save a post, and publish it at once if asked: one transaction, confined to the merchant where the account has one."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import Actor
from unwall.content.posts import actions
from unwall.content.posts.values import PostDraft
from unwall.kernel.database import Database, Transaction


def acting(db: Database, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
    """A member belongs to no merchant, so for members the actions' own checks are the only guard."""
    merchant_id = actor.owner.merchant_id
    return db.confined(merchant_id) if merchant_id else db.transaction()


async def save_post(db: Database, actor: Actor, draft: PostDraft, at: datetime, *, publish: bool = False) -> UUID:
    """The post's id. Raises what `posts.actions.save_draft` and `publish` raise; then nothing is saved."""
    async with acting(db, actor) as conn:
        post_id = await actions.save_draft(conn, actor, draft)
        if publish:
            await actions.publish(conn, actor, post_id, at)
    return post_id
