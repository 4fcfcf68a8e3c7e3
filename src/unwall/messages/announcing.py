"""Telling the followers of an account of a new post: in slices, each in one transaction with the place that it reached,
so that it goes on after death at any line; accounts take turns, so that one with millions of followers holds up nobody.
"""

import time
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.posts.reads import posts
from unwall.kernel.database import Database, Transaction, row
from unwall.kernel.text import N_
from unwall.messages import rules
from unwall.messages.actions import push_later, tell_pages
from unwall.messages.values import Announcement, Slice

ANNOUNCE = "messages.announce"
RUN_SECONDS = 30.0
"""After this time a job ends and is enqueued again, so that others get their turn."""
PUBLISHED = N_("{account} has published “{title}”.")
PUBLISHED_UNTITLED = N_("{account} has published something new.")

# The oldest announcement of the account that was served longest ago.
_NEXT = """
    SELECT post_id, account_id, after FROM announcement ORDER BY turn_at, created_at, post_id LIMIT 1
"""
_SLICE = """
    WITH slice AS MATERIALIZED (
        SELECT follower_id FROM account_follower WHERE account_id = $1 AND ($2::uuid IS NULL OR follower_id > $2)
        ORDER BY follower_id LIMIT $3
    ), wanted AS (
        SELECT s.follower_id, coalesce(bool_or(c.wanted) FILTER (WHERE c.channel = 'app'), false) AS shown
        FROM slice s JOIN notification_choice c ON c.person_id = s.follower_id AND c.topic = 'posts'
        GROUP BY s.follower_id HAVING bool_or(c.wanted)
    ), told AS (
        INSERT INTO notification (id, person_id, kind, topic, subject_id, account_id, text, facts, link, shown, at)
        SELECT gen_random_uuid(), w.follower_id, 'post', 'posts', $4, $1, $5, $6, $7, w.shown, $8 FROM wanted w
        WHERE (SELECT count(*) FROM notification n
                WHERE n.person_id = w.follower_id AND n.kind = 'post' AND n.at > $9) < $10
            AND (SELECT count(*) FROM notification n
                WHERE n.person_id = w.follower_id AND n.kind = 'post' AND n.at > $9 AND n.account_id = $1) < $11
        ON CONFLICT DO NOTHING RETURNING id, person_id
    )
    SELECT (SELECT count(*) FROM slice)::int AS followers,
        (SELECT follower_id FROM slice ORDER BY follower_id DESC LIMIT 1) AS last,
        ARRAY(SELECT id FROM told) AS ids, ARRAY(SELECT person_id FROM told) AS people
"""


class _Done(msgspec.Struct, frozen=True):
    followers: int
    last: UUID | None
    ids: list[UUID]
    people: list[UUID]


async def announce(conn: Transaction, post_id: UUID, account_id: UUID, at: datetime) -> None:
    """Begin to tell the account's followers of the post. Idempotent while that goes on."""
    await conn.execute(
        """
        INSERT INTO announcement (post_id, account_id, turn_at, created_at)
        SELECT $1, $2, coalesce((SELECT max(turn_at) FROM announcement WHERE account_id = $2), '-infinity'), $3
        ON CONFLICT DO NOTHING
        """,
        post_id,
        account_id,
        at,
    )


async def tell_slice(conn: Transaction, at: datetime) -> Slice | None:
    """Tell the next slice of followers; None where there is nothing to do, or another process does it."""
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('announcing', 0))"):
        return None
    due = await row(conn, Announcement, _NEXT)
    if due is None:
        return None
    post = (await posts(conn, [due.post_id], "en")).get(due.post_id)
    if post is None:  # it was removed meanwhile
        await _end(conn, due.post_id)
        return Slice(due.post_id, due.account_id, 0, 0)
    facts = {"account": post.account_name, "title": rules.short(post.title)}
    done = await row(
        conn,
        _Done,
        _SLICE,
        due.account_id,
        due.after,
        rules.SLICE_FOLLOWERS,
        due.post_id,
        PUBLISHED if post.title else PUBLISHED_UNTITLED,
        facts,
        f"/post/{due.post_id}",
        at,
        at - rules.CAP_PERIOD,
        rules.MAX_POSTS_PER_DAY,
        rules.MAX_POSTS_PER_ACCOUNT_AND_DAY,
    )
    assert done is not None
    await _move_on(conn, due, done)
    await tell_pages(conn, done.people)
    await push_later(conn, done.ids)
    return Slice(due.post_id, due.account_id, done.followers, len(done.ids))


async def _move_on(conn: Transaction, due: Announcement, done: _Done) -> None:
    """The account's next turn comes after those of all others."""
    if done.followers < rules.SLICE_FOLLOWERS:
        await _end(conn, due.post_id)
    else:
        await conn.execute("UPDATE announcement SET after = $2 WHERE post_id = $1", due.post_id, done.last)
    await conn.execute("UPDATE announcement SET turn_at = clock_timestamp() WHERE account_id = $1", due.account_id)


async def _end(conn: Transaction, post_id: UUID) -> None:
    await conn.execute("DELETE FROM announcement WHERE post_id = $1", post_id)


async def tell_followers(db: Database, clock_seconds: float = RUN_SECONDS) -> bool:
    """Slice after slice; returns whether something is left to do."""
    end = time.monotonic() + clock_seconds
    while time.monotonic() < end:
        async with db.transaction() as conn:
            at: datetime = await conn.fetchval("SELECT now()")
            if await tell_slice(conn, at) is None:
                return False
    return True
