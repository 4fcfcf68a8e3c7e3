"""Changes of posts, by actors for their account (`content.accounts.rules.may_act`)."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.reads import owner_of
from unwall.content.accounts.rules import may_act
from unwall.content.accounts.values import AccountOwner, Actor, Owner
from unwall.content.posts import reads, rules
from unwall.content.posts.values import NoSuchPost, PostDraft, PostState, TaggableProduct
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction, rows
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import id_at, new_id
from unwall.kernel.text import N_

NO_SUCH_POST = N_("There is no such post.")


async def save_draft(conn: Transaction, actor: Actor, draft: PostDraft) -> UUID:
    """Create a draft, or change the post with the draft's id; a live post keeps its outbox entry, likes and author.
    Raises `Invalid`, `NoSuchPost` or `WrongState`, and then changes nothing.
    """
    tidied = rules.tidy(draft)
    known = await _lock_own(conn, actor, tidied.id) if tidied.id else None
    account = await owner_of(conn, tidied.account_id)
    taggable = await reads.taggable_products(conn, tidied.account_id, [tag.product_id for tag in tidied.tags])
    errors = rules.check(tidied, taggable)
    if known:
        errors += rules.check_edit(known.state, known.account_id, tidied)
    if account is None or not may_act(actor, account.owner):
        raise Invalid([*errors, FieldError("account_id", N_("This is not one of your accounts."))])
    if errors:
        raise Invalid(errors)
    post_id = tidied.id or new_id()
    if not known:
        await _insert(conn, account, post_id, tidied, actor.name)
    await _write(conn, account.merchant_id, post_id, tidied, taggable)
    return post_id


async def publish(conn: Transaction, actor: Actor, post_id: UUID, at: datetime) -> UUID:
    """Publish the post: write one row into its account's outbox and record the fact; returns the outbox entry. For a
    live post it returns the existing entry. Raises `NoSuchPost`, `WrongState`, or `Invalid` if the post is empty or a
    product may not be tagged.
    """
    known = await _own(conn, actor, post_id)
    entry: UUID
    if not rules.moves_to(known.state, PostState.LIVE):
        entry = await conn.fetchval("SELECT entry FROM outbox WHERE post_id = $1", post_id)
        return entry
    await _check_publishable(conn, actor, known)
    entry = id_at(at, post_id.int)
    await conn.execute("UPDATE post SET state = 'live', published_at = $2 WHERE id = $1", post_id, at)
    await conn.execute(
        "INSERT INTO outbox (account_id, entry, merchant_id, post_id) VALUES ($1, $2, $3, $4)",
        known.account_id,
        entry,
        known.merchant_id,
        post_id,
    )
    await journal.record(conn, [_published(known, entry, at)])
    return entry


async def _check_publishable(conn: Transaction, actor: Actor, known: "_Locked") -> None:
    post = await reads.editable_post(conn, actor.owner, known.id)
    assert post is not None  # it is locked
    taggable = await reads.taggable_products(conn, known.account_id, [tag.product_id for tag in post.draft.tags])
    errors = rules.check_publishable(post.draft) + rules.check_tags_allowed(post.draft, taggable)
    if errors:
        raise Invalid(errors)


def _published(post: "_Locked", entry: UUID, at: datetime) -> Event:
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


async def remove(conn: Transaction, actor: Actor, post_id: UUID) -> None:
    """Remove the post from every listing; the row is kept for the sales credited to it. Idempotent."""
    known = await _own(conn, actor, post_id)
    if rules.moves_to(known.state, PostState.REMOVED):
        await conn.execute("UPDATE post SET state = 'removed' WHERE id = $1", post_id)
        await conn.execute("DELETE FROM outbox WHERE post_id = $1", post_id)


# --- how posts are written --------------------------------------------------------------------------------------------


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
    await conn.execute(
        """
        UPDATE post SET account_id = $2, kind = $3, title = $4, body = $5, body_html = $6, translations = $7
        WHERE id = $1
        """,
        post_id,
        draft.account_id,
        draft.kind,
        draft.title,
        draft.body,
        rules.render(draft.body),
        draft.translations,
    )
    await conn.execute("DELETE FROM post_media WHERE post_id = $1", post_id)
    await conn.executemany(
        """
        INSERT INTO post_media (post_id, position, merchant_id, file, alt, width, height)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(post_id, i, merchant_id, m.file, m.alt, m.width, m.height) for i, m in enumerate(draft.media)],
    )
    await conn.execute("DELETE FROM post_tag WHERE post_id = $1", post_id)
    await conn.executemany(
        """
        INSERT INTO post_tag (post_id, position, merchant_id, product_id, product_merchant_id, media, x, y)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
            (post_id, i, merchant_id, t.product_id, taggable[t.product_id].merchant_id, t.media, t.x, t.y)
            for i, t in enumerate(draft.tags)
        ],
    )


# --- likes: counted in the statement that makes or deletes the row ----------------------------------------------------


async def like(conn: Transaction, visit: Visit, post_id: UUID) -> bool:
    """Returns whether the like is new. Idempotent. Records a fact, so call it once per transaction."""
    known = await _live(conn, post_id)
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


def _liked(visit: Visit, post: "_Locked") -> Event:
    return Event(
        id=new_id(),
        at=now(),
        kind=EventKind.LIKE,
        merchant_id=post.merchant_id,
        visitor_id=visit.visitor_id,
        member_id=visit.member_id,
        session_id=visit.session_id,
        account_id=post.account_id,
        post_id=post.id,
    )


async def unlike(conn: Transaction, visit: Visit, post_id: UUID) -> bool:
    """Returns whether the post was liked."""
    await _live(conn, post_id)
    return await _uncount(conn, visit.person_ids, [post_id]) > 0


async def merge_likes(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Move a visitor's likes to the member who signed in; posts that both liked count once. Idempotent."""
    found = await conn.fetch("SELECT post_id FROM post_like WHERE person_id = $1", visitor_id)
    post_ids = [record["post_id"] for record in found]
    await _lock(conn, post_ids)
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


# --- locks: posts in the order of their ids, and nowhere else ---------------------------------------------------------


class _Locked(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    member_id: UUID | None
    """The account's, as merchant_id."""
    account_id: UUID
    state: PostState


async def _lock(conn: Transaction, post_ids: list[UUID]) -> list[_Locked]:
    """Lock posts until the transaction ends. A transaction that holds the locks sees all earlier changes of the
    posts.
    """
    return await rows(
        conn,
        _Locked,
        """
        SELECT p.id, p.merchant_id, a.member_id, p.account_id, p.state
        FROM post p JOIN account_profile a ON a.id = p.account_id
        WHERE p.id = ANY($1::uuid[]) ORDER BY p.id FOR NO KEY UPDATE OF p
        """,
        post_ids,
    )


async def _lock_own(conn: Transaction, actor: Actor, post_id: UUID) -> _Locked | None:
    """Lock a post; None if it does not exist. Raises `NoSuchPost` if the actor may not act for its account."""
    for post in await _lock(conn, [post_id]):
        if not may_act(actor, Owner(post.merchant_id, post.member_id)):
            raise NoSuchPost(NO_SUCH_POST)
        return post
    return None


async def _own(conn: Transaction, actor: Actor, post_id: UUID) -> _Locked:
    post = await _lock_own(conn, actor, post_id)
    if post is None:
        raise NoSuchPost(NO_SUCH_POST)
    return post


async def _live(conn: Transaction, post_id: UUID) -> _Locked:
    for post in await _lock(conn, [post_id]):
        if post.state is PostState.LIVE:
            return post
    raise NoSuchPost(NO_SUCH_POST)
