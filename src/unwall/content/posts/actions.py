"""Changes of posts; each wants to be called in a transaction."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.catalogue import reads as catalogue
from unwall.content.posts import reads, rules
from unwall.content.posts.values import NoSuchPost, PostDraft, PostState
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Transaction, rows
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import id_at, new_id
from unwall.kernel.text import N_

NO_SUCH_POST = N_("There is no such post.")


async def save_draft(conn: Transaction, merchant_id: UUID, draft: PostDraft, author: str) -> UUID:
    """Make a draft, or change the post of the draft's id: a live one keeps its place, its likes and its author.
    Raises `Invalid`, `NoSuchPost` or `WrongState`, and changes nothing."""
    tidied = rules.tidy(draft)
    known = await _lock_own(conn, merchant_id, tidied.id) if tidied.id else None
    errors = await _wrong(conn, merchant_id, tidied)
    if known:
        errors += rules.check_edit(known.state, known.account_id, tidied)
    if errors:
        raise Invalid(errors)
    post_id = tidied.id or new_id()
    if not known:
        await _make(conn, merchant_id, post_id, tidied, author)
    await _write(conn, merchant_id, post_id, tidied)
    return post_id


async def _wrong(conn: Connection, merchant_id: UUID, draft: PostDraft) -> list[FieldError]:
    own_account = await conn.fetchval(
        "SELECT true FROM account WHERE merchant_id = $1 AND id = $2", merchant_id, draft.account_id
    )
    errors = rules.check(draft, await catalogue.own_products(conn, merchant_id, [t.product_id for t in draft.tags]))
    if not own_account:
        errors.append(FieldError("account_id", N_("This is not one of your accounts.")))
    return errors


async def publish(conn: Transaction, merchant_id: UUID, post_id: UUID, at: datetime) -> UUID:
    """Put the post into its account's outbox, in one row however many follow it; the entry. Publishing what is live
    answers with the entry it has. Raises `NoSuchPost`, `WrongState`, or `Invalid` where there is nothing to show."""
    known = await _own(conn, merchant_id, post_id)
    entry: UUID
    if not rules.may_go(known.state, PostState.LIVE):
        entry = await conn.fetchval("SELECT entry FROM outbox WHERE post_id = $1", post_id)
        return entry
    desk = await reads.merchant_post(conn, merchant_id, post_id)
    assert desk  # it is locked
    errors = rules.check_publishable(desk.draft)
    if errors:
        raise Invalid(errors)
    entry = id_at(at, post_id.int)
    await conn.execute("UPDATE post SET state = 'live', published_at = $2 WHERE id = $1", post_id, at)
    await conn.execute(
        "INSERT INTO outbox (account_id, entry, merchant_id, post_id) VALUES ($1, $2, $3, $4)",
        known.account_id,
        entry,
        merchant_id,
        post_id,
    )
    return entry


async def remove(conn: Transaction, merchant_id: UUID, post_id: UUID) -> None:
    """Gone from every listing; the row stays for the sales that it led to. Doing it twice changes nothing."""
    known = await _own(conn, merchant_id, post_id)
    if rules.may_go(known.state, PostState.REMOVED):
        await conn.execute("UPDATE post SET state = 'removed' WHERE id = $1", post_id)
        await conn.execute("DELETE FROM outbox WHERE post_id = $1", post_id)


# --- how posts are written --------------------------------------------------------------------------------------------


async def _make(conn: Transaction, merchant_id: UUID, post_id: UUID, draft: PostDraft, author: str) -> None:
    made = await conn.fetchval(
        "INSERT INTO post (id, merchant_id, account_id, kind, author) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING RETURNING true",
        post_id,
        merchant_id,
        draft.account_id,
        draft.kind,
        author,
    )
    if not made:  # the id is another merchant's, which row-level security does not show
        raise NoSuchPost(NO_SUCH_POST)


async def _write(conn: Transaction, merchant_id: UUID, post_id: UUID, draft: PostDraft) -> None:
    await conn.execute(
        "UPDATE post SET account_id = $2, kind = $3, title = $4, body = $5, body_html = $6, translations = $7"
        " WHERE id = $1",
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
        "INSERT INTO post_media (post_id, position, merchant_id, file, alt, width, height)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(post_id, i, merchant_id, m.file, m.alt, m.width, m.height) for i, m in enumerate(draft.media)],
    )
    await conn.execute("DELETE FROM post_tag WHERE post_id = $1", post_id)
    await conn.executemany(
        "INSERT INTO post_tag (post_id, position, merchant_id, product_id, media, x, y)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(post_id, i, merchant_id, t.product_id, t.media, t.x, t.y) for i, t in enumerate(draft.tags)],
    )


# --- likes: counted in the statement that makes or deletes the row ----------------------------------------------------


async def like(conn: Transaction, visit: Visit, post_id: UUID) -> bool:
    """Whether it is new; liking twice counts once. Wants a transaction, of which it is the only fact."""
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
    """Whether it was liked."""
    await _live(conn, post_id)
    return await _uncount(conn, visit.person_ids, [post_id]) > 0


async def merge_likes(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """What a visitor liked, the member that they turned out to be likes; what both liked counts once from now on. Doing
    it twice changes nothing."""
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
    """Delete likes and take them off the counts; how many posts lost one. The posts are locked."""
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
    account_id: UUID
    state: PostState


async def _lock(conn: Transaction, post_ids: list[UUID]) -> list[_Locked]:
    """Until the transaction ends; holding them, one sees what others did to them before."""
    return await rows(
        conn,
        _Locked,
        "SELECT id, merchant_id, account_id, state FROM post WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        post_ids,
    )


async def _lock_own(conn: Transaction, merchant_id: UUID, post_id: UUID) -> _Locked | None:
    """None where there is none; raises `NoSuchPost` where it is another merchant's."""
    for post in await _lock(conn, [post_id]):
        if post.merchant_id != merchant_id:
            raise NoSuchPost(NO_SUCH_POST)
        return post
    return None


async def _own(conn: Transaction, merchant_id: UUID, post_id: UUID) -> _Locked:
    post = await _lock_own(conn, merchant_id, post_id)
    if post is None:
        raise NoSuchPost(NO_SUCH_POST)
    return post


async def _live(conn: Transaction, post_id: UUID) -> _Locked:
    for post in await _lock(conn, [post_id]):
        if post.state is PostState.LIVE:
            return post
    raise NoSuchPost(NO_SUCH_POST)
