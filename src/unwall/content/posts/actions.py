"""Changes of posts, by actors for their account (`content.accounts.rules.may_act`)."""

import asyncio
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.reads import owner_of
from unwall.content.accounts.rules import may_act, owns
from unwall.content.accounts.values import AccountOwner, Actor, Owner
from unwall.content.moderation.actions import withdraw
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.content.posts import reads, rules
from unwall.content.posts.locks import NO_SUCH_POST, LockedPost, live, lock, lock_own, own
from unwall.content.posts.publication import (
    check_publishable,
    editable,
    entry_of,
    hide,
    publish_now,
    record_edit,
    record_state,
    show,
)
from unwall.content.posts.values import NoSuchPost, PostDraft, PostState, TaggableProduct
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.media import reads as media
from unwall.media.values import VideoState


async def save_draft(conn: Transaction, actor: Actor, draft: PostDraft) -> UUID:
    """Create a draft, or change the post with the draft's id; a live post keeps its outbox entry, likes and author.
    What was changed goes into its history. Raises `Invalid`, `NoSuchPost` or `WrongState`, and then changes nothing.
    """
    if too_large := rules.check_sizes(draft):
        raise Invalid(too_large)
    tidied = await asyncio.to_thread(rules.tidy, draft)
    known = await lock_own(conn, actor, tidied.id) if tidied.id else None
    account = await owner_of(conn, tidied.account_id)
    taggable = await reads.taggable_products(conn, tidied.account_id, [tag.product_id for tag in tidied.tags])
    errors = rules.check(tidied, taggable) + await _check_videos(conn, actor, tidied)
    if known:
        errors += rules.check_edit(known.state, known.account_id, tidied)
    if account is None or not may_act(actor, account):
        raise Invalid([*errors, FieldError("account_id", N_("This is not one of your accounts."))])
    if errors:
        raise Invalid(errors)
    post_id = tidied.id or new_id()
    if known:
        await _record_change(conn, actor, known, tidied)
    else:
        await _insert(conn, account, post_id, tidied, actor.name)
    await _write(conn, account.merchant_id, post_id, tidied, taggable)
    return post_id


async def _record_change(conn: Transaction, actor: Actor, known: LockedPost, draft: PostDraft) -> None:
    changed, at = rules.changes((await editable(conn, known)).draft, draft), now()
    await record_edit(conn, known, actor.name, at, changed)
    if changed and known.state is PostState.LIVE:
        await conn.execute("UPDATE post SET edited_at = $2 WHERE id = $1", known.id, at)


async def publish(conn: Transaction, actor: Actor, post_id: UUID, at: datetime) -> UUID:
    """Publish the post: write one row into its account's outbox and record the fact; returns the outbox entry. For a
    live post it returns the existing entry. Raises `NoSuchPost`, `WrongState`, or `Invalid` if the post is empty or a
    product may not be tagged.
    """
    known = await own(conn, actor, post_id)
    if known.published_at and not rules.moves_to(known.state, PostState.LIVE):
        return entry_of(known, known.published_at)
    rules.moves_to(known.state, PostState.LIVE)
    await check_publishable(conn, known)
    return await publish_now(conn, known, actor.name, at)


async def remove(conn: Transaction, actor: Actor, post_id: UUID) -> None:
    """Remove the post from every listing; the row is kept for the sales credited to it. Idempotent."""
    known = await own(conn, actor, post_id)
    if rules.moves_to(known.state, PostState.REMOVED):
        await conn.execute("UPDATE post SET state = 'removed' WHERE id = $1", post_id)
        await hide(conn, post_id)
        await record_state(conn, known, PostState.REMOVED, actor.name, now())


async def restore(conn: Transaction, actor: Actor, post_id: UUID) -> None:
    """Make a post that is not live a draft: a removed one under its address and with the figures it has, a scheduled
    one out of the calendar, one that waits for review out of the queue. Idempotent. Raises `WrongState`."""
    known = await own(conn, actor, post_id)
    if rules.moves_to(known.state, PostState.DRAFT):
        sql = "UPDATE post SET state = 'draft', published_at = NULL, scheduled_at = NULL WHERE id = $1"
        await conn.execute(sql, post_id)
        await record_state(conn, known, PostState.DRAFT, actor.name, now())
    if known.state is PostState.IN_REVIEW:
        await withdraw(conn, Subject(SubjectKind.POST, post_id))


async def undo_remove(conn: Transaction, actor: Actor, post_id: UUID) -> None:
    """Show a removed post again in its old place, if it was live, else make it a draft. It is not published anew, so
    nobody hears of it. Idempotent. Raises `Invalid` if a product may not be tagged any more."""
    known = await own(conn, actor, post_id)
    if known.published_at is None:
        await restore(conn, actor, post_id)
    elif known.state is PostState.REMOVED:
        await check_publishable(conn, known)
        await conn.execute("UPDATE post SET state = 'live' WHERE id = $1", post_id)
        await show(conn, known, known.published_at)
        await record_state(conn, known, PostState.LIVE, actor.name, now())


# --- how posts are written --------------------------------------------------------------------------------------------


async def _check_videos(conn: Transaction, actor: Actor, draft: PostDraft) -> list[FieldError]:
    """A video in a post is its owner's, and was not refused."""
    videos = await media.videos(conn, [m.video_id for m in draft.media if m.video_id])
    errors = []
    for n, shown in enumerate(draft.media):
        video = videos.get(shown.video_id) if shown.video_id else None
        if shown.video_id and (video is None or not owns(actor, Owner(video.merchant_id, video.member_id))):
            errors.append(FieldError(f"media.{n}.video_id", N_("This is not one of your videos.")))
        elif video and video.state in (VideoState.FAILED, VideoState.BLOCKED):
            errors.append(FieldError(f"media.{n}.video_id", video.reason or N_("This video cannot be shown.")))
    seconds = {video.id: video.duration_ms / 1000 for video in videos.values() if video.duration_ms}
    return errors + rules.check_spans(draft, seconds)


async def _insert(conn: Transaction, account: AccountOwner, post_id: UUID, draft: PostDraft, author: str) -> None:
    made = await conn.fetchval(
        """
        INSERT INTO post (id, merchant_id, account_id, kind, author) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        post_id,
        account.merchant_id,
        account.id,
        draft.kind,
        author,
    )
    if not made:  # the id belongs to another merchant; row-level security hides that post
        raise NoSuchPost(NO_SUCH_POST)


async def _write(
    conn: Transaction,
    merchant_id: UUID | None,
    post_id: UUID,
    draft: PostDraft,
    taggable: dict[UUID, TaggableProduct],
) -> None:
    html = await asyncio.to_thread(rules.render, draft.body, draft.format)
    await conn.execute(
        """
        UPDATE post SET account_id = $2, kind = $3, title = $4, body = $5, format = $6, body_html = $7,
            translations = $8, hashtags = $9
        WHERE id = $1
        """,
        post_id,
        draft.account_id,
        draft.kind,
        draft.title,
        draft.body,
        draft.format,
        html,
        draft.translations,
        rules.hashtags(draft, html),
    )
    await conn.execute("DELETE FROM post_media WHERE post_id = $1", post_id)
    await conn.executemany(
        """
        INSERT INTO post_media (post_id, position, merchant_id, file, alt, width, height, video_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [(post_id, i, merchant_id, m.file, m.alt, m.width, m.height, m.video_id) for i, m in enumerate(draft.media)],
    )
    await conn.execute("DELETE FROM post_tag WHERE post_id = $1", post_id)
    await conn.executemany(
        """
        INSERT INTO post_tag (post_id, position, merchant_id, product_id, product_merchant_id, media, x, y, t0, t1)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        [
            (post_id, i, merchant_id, t.product_id, taggable[t.product_id].merchant_id, t.media, t.x, t.y, t.t0, t.t1)
            for i, t in enumerate(draft.tags)
        ],
    )


# --- likes: counted in the statement that makes or deletes the row ----------------------------------------------------


async def like(conn: Transaction, visit: Visit, post_id: UUID) -> bool:
    """Returns whether the like is new. Idempotent. Records a fact, so call it once per transaction."""
    known = await live(conn, post_id)
    added = await conn.fetchval(
        """
        WITH added AS (
            INSERT INTO post_like (post_id, person_id, merchant_id) SELECT $1, $2, $4
            WHERE NOT EXISTS (SELECT FROM post_like WHERE post_id = $1 AND person_id = ANY($3::uuid[]))
            ON CONFLICT DO NOTHING RETURNING post_id
        )
        UPDATE post SET likes = likes + 1 FROM added WHERE post.id = added.post_id RETURNING true
        """,
        post_id,
        visit.person_id,
        visit.person_ids,
        known.merchant_id,
    )
    if added:
        await journal.record(conn, [_liked(visit, known)])
    return bool(added)


def _liked(visit: Visit, post: LockedPost) -> Event:
    return Event(
        id=new_id(),
        at=now(),
        kind=EventKind.LIKE,
        merchant_id=post.merchant_id,
        **visit.ids,
        account_id=post.account_id,
        post_id=post.id,
    )


async def unlike(conn: Transaction, visit: Visit, post_id: UUID) -> bool:
    """Returns whether the post was liked."""
    await live(conn, post_id)
    return await _uncount(conn, visit.person_ids, [post_id]) > 0


async def merge_likes(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move a visitor's likes to the member who signed in; posts that both liked count once. Idempotent."""
    liked = await conn.fetch("SELECT post_id FROM post_like WHERE person_id = $1", visitor_id)
    post_ids = [record["post_id"] for record in liked]
    await lock(conn, post_ids)
    await conn.execute(
        """
        UPDATE post_like l SET person_id = $2 WHERE person_id = $1 AND post_id = ANY($3::uuid[])
        AND NOT EXISTS (SELECT FROM post_like WHERE post_id = l.post_id AND person_id = $2)
        """,
        visitor_id,
        member_id,
        post_ids,
    )
    await _uncount(conn, [visitor_id], post_ids)


async def _uncount(conn: Transaction, person_ids: list[UUID], post_ids: list[UUID]) -> int:
    """Delete likes and decrease the counts; returns how many posts lost one. The caller has locked the posts."""
    lost = await conn.fetch(
        """
        WITH gone AS (
            DELETE FROM post_like WHERE person_id = ANY($1::uuid[]) AND post_id = ANY($2::uuid[]) RETURNING post_id
        ), fewer AS (SELECT post_id, count(*) AS n FROM gone GROUP BY post_id)
        UPDATE post SET likes = likes - n FROM fewer WHERE post.id = fewer.post_id RETURNING id
        """,
        person_ids,
        post_ids,
    )
    return len(lost)


async def forget_likes(conn: Transaction, person_ids: list[UUID]) -> None:
    liked = await conn.fetch("SELECT DISTINCT post_id FROM post_like WHERE person_id = ANY($1::uuid[])", person_ids)
    post_ids = [record["post_id"] for record in liked]
    await lock(conn, post_ids)
    await _uncount(conn, person_ids, post_ids)


async def delete_posts(conn: Transaction, member_id: UUID) -> None:
    """Of the member's accounts, in every state, with all that hangs on them."""
    deleted = await conn.fetch(
        "SELECT p.id FROM post p JOIN account_profile a ON a.id = p.account_id WHERE a.member_id = $1", member_id
    )
    post_ids = [record["id"] for record in deleted]
    await lock(conn, post_ids)
    await conn.execute("DELETE FROM post WHERE id = ANY($1::uuid[])", post_ids)
