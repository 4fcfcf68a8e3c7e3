"""Changes of comments. The count of a post changes in the statement that changes the comment, and its row is locked
first, so it is exact under concurrency.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.reads import check_own_name, may_interact, owner_of
from unwall.content.accounts.rules import may_act
from unwall.content.accounts.values import AccountOwner, Actor, MemberAuthor, Owner
from unwall.content.comments import rules
from unwall.content.comments.values import CommentDraft, CommentState, NoSuchComment
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, row
from unwall.kernel.errors import Forbidden, SignInNeeded
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.rules import NAMELESS

NO_SUCH_COMMENT = N_("There is no such comment.")
SIGN_IN = N_("Sign in to comment.")


class _Post(msgspec.Struct, frozen=True):
    id: UUID
    account_id: UUID
    merchant_id: UUID | None


async def comment(conn: Transaction, visit: Visit, post_id: UUID, draft: CommentDraft, now: datetime) -> UUID:
    """A member comments on a live post, or replies to a comment of it. Raises `Invalid`, `SignInNeeded`,
    `NoSuchComment`, and `Forbidden` where the account or the member has blocked the other.
    """
    if visit.member_id is None:
        raise SignInNeeded(SIGN_IN)
    checked, comment_id = rules.checked(draft), new_id()
    await check_own_name(conn, Owner(member_id=visit.member_id), checked.author)
    post = await _live(conn, post_id)
    if not await may_interact(conn, post.account_id, visit.person_ids):
        raise Forbidden(N_("You cannot comment on posts of this account."))
    await _lock_count(conn, post)
    parent_id = await _top(conn, post_id, checked.parent_id) if checked.parent_id else None
    await conn.execute(
        """
        WITH added AS (
            INSERT INTO comment (id, merchant_id, post_id, parent_id, member_id, author, words, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING post_id
        )
        UPDATE comment_count c SET comments = comments + 1 FROM added WHERE c.post_id = added.post_id
        """,
        comment_id,
        post.merchant_id,
        post_id,
        parent_id,
        visit.member_id,
        checked.author,
        checked.words,
        now,
    )
    await journal.record(conn, [_commented(visit, post, now)])
    return comment_id


async def speak(
    conn: Transaction, actor: Actor, post_id: UUID, words: str, parent_id: UUID | None, now: datetime
) -> UUID:
    """The post's account comments, or replies, under its own name; no fact is recorded, for nobody was engaged. Raises
    `Invalid`, and `NoSuchComment` where the post is not live or the actor does not act for its account.
    """
    said, comment_id = rules.checked_words(words), new_id()
    post = await _live(conn, post_id)
    owner = await owner_of(conn, post.account_id)
    if owner is None or not may_act(actor, owner):
        raise NoSuchComment(NO_SUCH_COMMENT)
    await _lock_count(conn, post)
    top_id = await _top(conn, post_id, parent_id) if parent_id else None
    await conn.execute(
        """
        WITH added AS (
            INSERT INTO comment (id, merchant_id, post_id, parent_id, member_id, account_id, author, words, created_at)
            SELECT $1, $2, $3, $4, $5, $6, a.name, $7, $8 FROM account_profile a WHERE a.id = $6 RETURNING post_id
        )
        UPDATE comment_count c SET comments = comments + 1 FROM added WHERE c.post_id = added.post_id
        """,
        comment_id,
        post.merchant_id,
        post_id,
        top_id,
        actor.owner.member_id,
        post.account_id,
        said,
        now,
    )
    return comment_id


async def _live(conn: Transaction, post_id: UUID) -> _Post:
    """A live post, as everybody sees it."""
    sql = "SELECT post_id AS id, account_id, merchant_id FROM published_post WHERE post_id = $1"
    post = await row(conn, _Post, sql, post_id)
    if post is None:
        raise NoSuchComment(N_("This post is not there, or not any more."))
    return post


async def _lock_count(conn: Transaction, post: _Post) -> None:
    """The count of a post, made where it is missing, locked until the transaction ends."""
    await conn.execute(
        "INSERT INTO comment_count (post_id, merchant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        post.id,
        post.merchant_id,
    )
    await conn.execute("SELECT FROM comment_count WHERE post_id = $1 FOR NO KEY UPDATE", post.id)


async def _top(conn: Transaction, post_id: UUID, comment_id: UUID) -> UUID:
    """The comment below which a reply to this one stands."""
    top_id: UUID | None = await conn.fetchval(
        "SELECT coalesce(parent_id, id) FROM comment WHERE id = $1 AND post_id = $2 AND state = 'shown'",
        comment_id,
        post_id,
    )
    if top_id is None:
        raise NoSuchComment(NO_SUCH_COMMENT)
    return top_id


def _commented(visit: Visit, post: _Post, now: datetime) -> Event:
    return Event(
        id=new_id(),
        at=now,
        kind=EventKind.COMMENT,
        merchant_id=post.merchant_id,
        **visit.ids,
        account_id=post.account_id,
        post_id=post.id,
    )


async def withdraw(conn: Transaction, member_id: UUID, comment_id: UUID) -> UUID:
    """Take back one's own comment; returns its post. Raises `NoSuchComment`."""
    own = await conn.fetchval("SELECT true FROM comment WHERE id = $1 AND member_id = $2", comment_id, member_id)
    post_id = await _move(conn, comment_id, CommentState.SHOWN, CommentState.WITHDRAWN) if own else None
    if post_id is None:
        raise NoSuchComment(NO_SUCH_COMMENT)
    return post_id


async def remove(conn: Transaction, actor: Actor, comment_id: UUID) -> UUID:
    """The owner of the post's account removes a comment; returns its post. Raises `NoSuchComment`."""
    await _check_actor(conn, actor, comment_id)
    post_id = await _move(conn, comment_id, CommentState.SHOWN, CommentState.REMOVED)
    if post_id is None:
        raise NoSuchComment(NO_SUCH_COMMENT)
    return post_id


async def undo_remove(conn: Transaction, actor: Actor, comment_id: UUID) -> UUID | None:
    """Show a comment again that the owner removed; returns its post, None where it was not removed. Raises
    `NoSuchComment` for a comment below another's post.
    """
    await _check_actor(conn, actor, comment_id)
    return await _move(conn, comment_id, CommentState.REMOVED, CommentState.SHOWN)


async def _check_actor(conn: Transaction, actor: Actor, comment_id: UUID) -> None:
    """Raises `NoSuchComment` for a comment below a post for whose account the actor may not act."""
    account = await row(
        conn,
        AccountOwner,
        """
        SELECT a.id, a.merchant_id, a.member_id, a.staff_ids FROM comment c
        JOIN post_summary p ON p.id = c.post_id JOIN account_profile a ON a.id = p.account_id WHERE c.id = $1
        """,
        comment_id,
    )
    if account is None or not may_act(actor, account):
        raise NoSuchComment(NO_SUCH_COMMENT)


async def drop(conn: Transaction, comment_id: UUID) -> bool:
    """Moderation hides the comment; returns whether it was shown."""
    return await _move(conn, comment_id, CommentState.SHOWN, CommentState.DROPPED) is not None


async def restore(conn: Transaction, comment_id: UUID) -> bool:
    """Moderation shows the comment again; returns whether it was dropped."""
    return await _move(conn, comment_id, CommentState.DROPPED, CommentState.SHOWN) is not None


async def _move(conn: Transaction, comment_id: UUID, state: CommentState, wanted: CommentState) -> UUID | None:
    await conn.execute(
        """
        SELECT FROM comment_count WHERE post_id = (SELECT post_id FROM comment WHERE id = $1) FOR NO KEY UPDATE
        """,
        comment_id,
    )
    post_id: UUID | None = await conn.fetchval(
        """
        WITH moved AS (
            UPDATE comment SET state = $3 WHERE id = $1 AND state = $2 RETURNING post_id
        )
        UPDATE comment_count c SET comments = comments + $4::int FROM moved WHERE c.post_id = moved.post_id
        RETURNING c.post_id
        """,
        comment_id,
        state,
        wanted,
        (wanted is CommentState.SHOWN) - (state is CommentState.SHOWN),
    )
    return post_id


async def author_of(conn: Transaction, actor: Actor, comment_id: UUID) -> MemberAuthor:
    """Of a comment below a post of the actor's. Raises `NoSuchComment`, for the words of an account too."""
    await _check_actor(conn, actor, comment_id)
    sql = "SELECT member_id, author FROM comment WHERE id = $1 AND member_id IS NOT NULL"
    author = await row(conn, MemberAuthor, sql, comment_id)
    if author is None:
        raise NoSuchComment(NO_SUCH_COMMENT)
    return author


async def hide_of(conn: Transaction, account_id: UUID, member_id: UUID) -> None:
    """Hide what a person who is blocked wrote below the posts of the account."""
    await _move_all(conn, account_id, member_id, CommentState.SHOWN, CommentState.BLOCKED)


async def show_of(conn: Transaction, account_id: UUID, member_id: UUID) -> None:
    """What the member wrote below the account's posts and a block has hidden."""
    await _move_all(conn, account_id, member_id, CommentState.BLOCKED, CommentState.SHOWN)


async def _move_all(
    conn: Transaction, account_id: UUID, member_id: UUID, state: CommentState, wanted: CommentState
) -> None:
    """In the order of their posts, as counts are locked."""
    written = await conn.fetch(
        """
        SELECT c.id FROM comment c JOIN post_summary p ON p.id = c.post_id
        WHERE c.member_id = $1 AND p.account_id = $2 AND c.state = $3 ORDER BY c.post_id, c.id
        """,
        member_id,
        account_id,
        state,
    )
    for one in written:
        await _move(conn, one["id"], state, wanted)


async def forget_author(conn: Transaction, member_id: UUID) -> None:
    """What the member wrote stays, without their name."""
    await conn.execute("UPDATE comment SET author = $2 WHERE member_id = $1", member_id, NAMELESS)
