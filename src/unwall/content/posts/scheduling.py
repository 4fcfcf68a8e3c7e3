"""Publishing at a time: into the calendar, out of it, and what the worker does when the time has come."""

from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import Actor
from unwall.content.posts import rules
from unwall.content.posts.locks import LockedPost, lock, own
from unwall.content.posts.publication import check_publishable, publish_now, record_edit
from unwall.content.posts.values import Due, PostState, WrongState
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.jobs import NewJob, enqueue

PUBLISH = "posts.publish"
"""The job; its payload is the post's id."""
BY_SCHEDULE = "schedule"
"""The actor of what happens at the time."""
LATE = "late"


async def schedule(conn: Transaction, actor: Actor, post_id: UUID, at: datetime, now: datetime) -> None:
    """Publish the post at `at`; a scheduled one is moved. Raises `NoSuchPost`, `WrongState`, or `Invalid` for a time
    that has passed and for what could not be published now."""
    post = await own(conn, actor, post_id)
    moved = post.state is PostState.SCHEDULED
    if not moved:
        rules.moves_to(post.state, PostState.SCHEDULED)
    rules.check_schedule(at, now)
    if moved and post.scheduled_at == at:
        return
    await check_publishable(conn, post)
    await conn.execute("UPDATE post SET state = 'scheduled', scheduled_at = $2 WHERE id = $1", post_id, at)
    before = post.scheduled_at.isoformat() if post.scheduled_at else None
    changes: dict[str, tuple[object, object]] = {"scheduled_at": (before, at.isoformat())}
    if not moved:
        changes["state"] = (post.state.value, PostState.SCHEDULED.value)
    await record_edit(conn, post, actor.name, now, changes)
    await enqueue(conn, [NewJob(PUBLISH, post_id.bytes, max(0, round((at - now).total_seconds())))])


async def publish_due(conn: Transaction, post_id: UUID, at: datetime) -> Due:
    """Publish a scheduled post whose time has come, at its present time, or mark it as missed: where it is too late,
    or where it may not be published any more. Anything else is left alone, as is a post that another worker has locked:
    so it may be called by many and more than once."""
    for post in await lock(conn, [post_id], unless_locked=True):
        what = rules.due(post.state, post.scheduled_at, at)
        if what is Due.WAIT:
            return what
        note = LATE if what is Due.MISS else await _hindrance(conn, post)
        if note:
            await _miss(conn, post, at, note)
            return Due.MISS
        await publish_now(conn, post, BY_SCHEDULE, at)
        return what
    return Due.WAIT


async def _hindrance(conn: Transaction, post: LockedPost) -> str:
    """Why it cannot be published, in words; empty if it can."""
    try:
        await check_publishable(conn, post)
    except Invalid as wrong:
        return wrong.errors[0].message
    except WrongState as wrong:
        return wrong.message
    return ""


async def _miss(conn: Transaction, post: LockedPost, at: datetime, note: str) -> None:
    await conn.execute("UPDATE post SET state = 'missed' WHERE id = $1", post.id)
    changes = {"state": (post.state.value, PostState.MISSED.value)}
    await record_edit(conn, post, BY_SCHEDULE, at, changes, note)
