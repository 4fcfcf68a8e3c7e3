"""Posts that a moderator sees before others do, and what moderators' decisions do to posts."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import Actor
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import visibility
from unwall.content.moderation.values import Reported, Subject, SubjectKind, Visibility
from unwall.content.posts import rules
from unwall.content.posts.locks import LockedPost, lock, own
from unwall.content.posts.publication import check_publishable, editable, hide, publish_now, record_state, show
from unwall.content.posts.values import PostState, WrongState
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid


async def submit(conn: Transaction, actor: Actor, post_id: UUID, at: datetime) -> None:
    """Send the post in for review: it is live once a moderator allows it. What was taken down may be sent in again.
    Sent in twice, moderators see what it is now. Raises `NoSuchPost`, `WrongState`, or `Invalid` as `publish`."""
    post = await own(conn, actor, post_id)
    moves = rules.moves_to(post.state, PostState.IN_REVIEW)
    with suppress(WrongState):  # dropped: this is the way back
        await check_publishable(conn, post)
    if moves:
        await conn.execute("UPDATE post SET state = 'in_review', scheduled_at = NULL WHERE id = $1", post_id)
        await record_state(conn, post, PostState.IN_REVIEW, actor.name, at)
    await moderation.submit(conn, await seen(conn, post), at)


async def look_again(conn: Transaction, post_id: UUID, at: datetime) -> None:
    """Put a live post into the queue, because an author whose posts are reviewed has changed it."""
    for post in await lock(conn, [post_id]):
        await moderation.submit(conn, await seen(conn, post), at)


async def show_as_it_is(conn: Transaction, post_id: UUID) -> None:
    """The post was changed while it waits for review: moderators read its words of now."""
    for post in await lock(conn, [post_id]):
        await moderation.refresh(conn, await seen(conn, post))


async def seen(conn: Transaction, post: LockedPost) -> Reported:
    draft = (await editable(conn, post)).draft
    words = "\n".join(text for text in (draft.title, draft.body) if text)
    return Reported(Subject(SubjectKind.POST, post.id), post.merchant_id, words, f"/post/{post.id}")


async def follow_decision(conn: Transaction, post_id: UUID, moderator: str, at: datetime) -> None:
    """Do to the post what was decided about it: what is dropped leaves every listing, what is allowed comes back to its
    place, what waited for review goes live. Idempotent."""
    for post in await lock(conn, [post_id]):
        if await visibility(conn, Subject(SubjectKind.POST, post_id)) is Visibility.DROP:
            await hide(conn, post_id)
        elif post.state is PostState.IN_REVIEW:
            await _accept(conn, post, moderator, at)
        elif post.state is PostState.LIVE and post.published_at:
            await show(conn, post, post.published_at)


async def _accept(conn: Transaction, post: LockedPost, moderator: str, at: datetime) -> None:
    """A post that cannot be published any more, because a product may not be tagged, is a draft again."""
    try:
        await check_publishable(conn, post)
    except Invalid:
        await conn.execute("UPDATE post SET state = 'draft' WHERE id = $1", post.id)
        await record_state(conn, post, PostState.DRAFT, moderator, at)
        return
    await publish_now(conn, post, moderator, at)
