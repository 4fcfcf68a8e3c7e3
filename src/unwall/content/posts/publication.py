"""The steps by which posts change their state, and how that is told: in the outbox, the journal and the history. The
caller has locked the post."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from unwall.content.moderation.values import Visibility
from unwall.content.posts import reads, rules
from unwall.content.posts.locks import LockedPost
from unwall.content.posts.values import EditablePost, PostState, WrongState
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import id_at, new_id
from unwall.kernel.text import N_

DROPPED = N_("A moderator has taken this post down. Appeal with your reasons, or make it a draft and change it.")


def entry_of(post: LockedPost, at: datetime) -> UUID:
    """The id of the post's outbox entry. It sorts by time: a post shown again takes its earlier position."""
    return id_at(at, post.id.int)


async def publish_now(conn: Transaction, post: LockedPost, actor: str, at: datetime) -> UUID:
    """Write the outbox row, the fact and the entry of the history; returns the outbox entry."""
    entry = await show(conn, post, at)
    await conn.execute("UPDATE post SET state = 'live', published_at = $2 WHERE id = $1", post.id, at)
    await record_state(conn, post, PostState.LIVE, actor, at)
    await journal.record(conn, [_published(post, entry, at)])
    return entry


async def show(conn: Transaction, post: LockedPost, at: datetime) -> UUID:
    """Put it into the outbox at the place that it had. Idempotent."""
    entry = entry_of(post, at)
    await conn.execute(
        "INSERT INTO outbox (account_id, entry, merchant_id, post_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        post.account_id,
        entry,
        post.merchant_id,
        post.id,
    )
    return entry


async def hide(conn: Transaction, post_id: UUID) -> None:
    """Remove it from every listing. Idempotent."""
    await conn.execute("DELETE FROM outbox WHERE post_id = $1", post_id)


async def editable(conn: Transaction, post: LockedPost) -> EditablePost:
    own = await reads.editable_post(conn, post.owner, post.id)
    assert own is not None  # it is locked
    return own


async def check_publishable(conn: Transaction, post: LockedPost) -> None:
    """Raises `Invalid`, or `WrongState` for what a moderator has dropped."""
    draft = await editable(conn, post)
    taggable = await reads.taggable_products(conn, post.account_id, [tag.product_id for tag in draft.draft.tags])
    errors = rules.check_publishable(draft.draft) + rules.check_tags_allowed(draft.draft, taggable)
    if errors:
        raise Invalid(errors)
    if draft.visibility is Visibility.DROP:
        raise WrongState(DROPPED)


async def record_state(conn: Transaction, post: LockedPost, state: PostState, actor: str, at: datetime) -> None:
    """Add it to the history; the statement that writes the state is the caller's."""
    await record_edit(conn, post, actor, at, {"state": (post.state.value, state.value)})


async def record_edit(
    conn: Transaction,
    post: LockedPost,
    actor: str,
    at: datetime,
    changes: Mapping[str, tuple[object, object]],
    note: str = "",
) -> None:
    if not changes:
        return
    await conn.execute(
        """
        INSERT INTO post_edit (id, post_id, merchant_id, at, actor, changes, note) VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        new_id(),
        post.id,
        post.merchant_id,
        at,
        actor,
        changes,
        note,
    )


def _published(post: LockedPost, entry: UUID, at: datetime) -> Event:
    """The fact has the id of the outbox entry, so a post is published once."""
    return Event(
        id=entry,
        at=at,
        kind=EventKind.PUBLISH,
        merchant_id=post.merchant_id,
        member_id=post.member_id,
        account_id=post.account_id,
        post_id=post.id,
    )
