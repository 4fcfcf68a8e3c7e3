"""Save a post, and publish, schedule or send it in: one transaction, confined to the merchant if the account belongs to
one."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.values import Actor
from unwall.content.posts import actions, review
from unwall.content.posts.reads import editable_post, published_posts
from unwall.content.posts.scheduling import schedule
from unwall.content.posts.values import PostDraft, PostState
from unwall.kernel.database import Database, Transaction, lock_subject


class Then(msgspec.Struct, frozen=True):
    """What follows the saving. `reviewed_posts`: how many posts of a member moderators look at first."""

    publish: bool = False
    scheduled_at: datetime | None = None
    reviewed_posts: int = 0


SAVED_ONLY = Then()
PUBLISHED = Then(publish=True)


def acting(db: Database, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
    """A member belongs to no merchant, so there is no row-level security for members: the actions' checks are the only
    guard.
    """
    merchant_id = actor.owner.merchant_id
    return db.confined(merchant_id) if merchant_id else db.transaction()


async def save_post(
    db: Database,
    actor: Actor,
    draft: PostDraft,
    at: datetime,
    *,
    then: Then = SAVED_ONLY,
    check: Callable[[PostDraft], None] | None = None,
) -> UUID:
    """Returns the post's id. Raises the errors of `posts.actions.save_draft` and `publish`, and those of `check`, which
    is given the post as it is stored; and then saves nothing."""
    async with acting(db, actor) as conn:
        before = None
        if draft.id:
            await lock_subject(conn, "post", draft.id)
            before = await editable_post(conn, actor.owner, draft.id)
            if before and check:
                check(before.draft)
        post_id = await actions.save_draft(conn, actor, draft)
        if before is not None and before.state is PostState.IN_REVIEW:
            await review.show_as_it_is(conn, post_id)
        live = before is not None and before.state is PostState.LIVE
        watched = await _is_watched(conn, actor, then)
        if live and watched:
            await review.look_again(conn, post_id, at)
        elif then.scheduled_at and not watched:
            await schedule(conn, actor, post_id, then.scheduled_at, at)
        elif (then.publish or then.scheduled_at) and watched:
            await review.submit(conn, actor, post_id, at)
        elif then.publish:
            await actions.publish(conn, actor, post_id, at)
    return post_id


async def _is_watched(conn: Transaction, actor: Actor, then: Then) -> bool:
    """Whether moderators look at the actor's posts: a member's, until so many of them are live."""
    if actor.owner.member_id is None or not then.reviewed_posts:
        return False
    return await published_posts(conn, actor.owner) < then.reviewed_posts
