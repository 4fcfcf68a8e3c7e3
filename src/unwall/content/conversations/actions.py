"""Writing, answering, reading and assigning. Each change locks its conversation and notifies the pages that show it
(notices `news`)."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.actions import block_person, unblock_person
from unwall.content.accounts.reads import owner_of
from unwall.content.accounts.values import Actor
from unwall.content.conversations import rules
from unwall.content.conversations.reads import COLUMNS
from unwall.content.conversations.values import (
    Author,
    Conversation,
    ConversationState,
    MayNotWrite,
    MessageDraft,
    NoSuchConversation,
    Sent,
    Writer,
)
from unwall.journal import actions as journal
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.database import Transaction, row, rows
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_

NO_SUCH_CONVERSATION = N_("There is no such conversation.")
BLOCKED = N_("You cannot write to this account.")
OWN = N_("This is your own account.")
SIGN_IN = N_("Sign in to write to this account.")
WRITTEN_BLOCKED = N_("You cannot write to this person any more.")


async def write(
    conn: Transaction, visit: Visit, name: str, account_id: UUID, draft: MessageDraft, at: datetime
) -> Sent:
    """By the shopper `name` to an account; to a member's by members only. Sent again under its key, it changes nothing.
    Raises `Invalid`, `MayNotWrite`, `SignInNeeded`, and `NoSuchConversation` where there is no such account.
    """
    tidied = rules.tidy(draft)
    owner = await owner_of(conn, account_id)
    if owner is None:
        raise NoSuchConversation(NO_SUCH_CONVERSATION)
    if owner.member_id is not None:
        _check_writer(visit, owner.member_id)
    if not await conn.fetchval("SELECT may_interact($1, $2)", account_id, visit.person_ids):
        raise MayNotWrite(BLOCKED)
    known = await _own(conn, visit, name, account_id, owner.merchant_id, at)
    sent = await _insert(conn, known, _Sender(Author.SHOPPER), tidied, at)
    if sent.new:
        await conn.execute(
            """
            UPDATE conversation SET state = 'waiting', waiting_since = coalesce(waiting_since, $3), name = $4,
                excerpt = $5, last_id = $2, last_at = $3, last_shopper_id = $2, shopper_read_id = $2
            WHERE id = $1
            """,
            known.id,
            sent.message_id,
            at,
            name or known.name,
            rules.excerpt(tidied.body),
        )
        await _record(conn, known, sent.message_id, at, visit)
        await _tell(conn, known)
    return sent


def _check_writer(visit: Visit, owner_id: UUID) -> None:
    """Who can be blocked for good: a visitor who is blocked comes back as another one."""
    if visit.member_id is None:
        raise SignInNeeded(SIGN_IN)
    if visit.member_id == owner_id:
        raise MayNotWrite(OWN)


async def _own(
    conn: Transaction, visit: Visit, name: str, account_id: UUID, merchant_id: UUID | None, at: datetime
) -> Conversation:
    """The person's conversation with the account, locked; created if there is none."""
    new = new_id()
    await conn.execute(
        """
        INSERT INTO conversation (id, merchant_id, account_id, person_id, name, last_id, last_at, created_at)
        SELECT $1, $2, $3, $4, $5, $1, $6, $6
        WHERE NOT EXISTS (SELECT FROM conversation WHERE account_id = $3 AND person_id = ANY($7::uuid[]))
        ON CONFLICT DO NOTHING
        """,
        new,
        merchant_id,
        account_id,
        visit.person_id,
        name,
        at,
        visit.person_ids,
    )
    conversation = await row(
        conn,
        Conversation,
        f"""
        SELECT {COLUMNS} FROM conversation c WHERE c.account_id = $1 AND c.person_id = ANY($2::uuid[])
        ORDER BY c.id LIMIT 1 FOR NO KEY UPDATE
        """,
        account_id,
        visit.person_ids,
    )
    if conversation is None:
        raise NoSuchConversation(NO_SUCH_CONVERSATION)
    return conversation


async def answer(
    conn: Transaction, writer: Writer, conversation_id: UUID, draft: MessageDraft, at: datetime, *, note: bool = False
) -> Sent:
    """For the store; a note is seen by staff only. Who answers first has the conversation from then on; how long the
    shopper had waited is kept. Raises `Invalid`, `NoSuchConversation`, `MayNotWrite`.
    """
    tidied = rules.tidy(draft)
    known = await _lock(conn, conversation_id)
    allowed = note or await conn.fetchval("SELECT may_interact($1, ARRAY[$2::uuid])", known.account_id, known.person_id)
    if not allowed:
        raise MayNotWrite(WRITTEN_BLOCKED)
    waited = known.waiting_since if not note else None
    sender = _Sender(Author.NOTE if note else Author.STAFF, writer, waited)
    sent = await _insert(conn, known, sender, tidied, at)
    if not sent.new:
        return sent
    if not note:
        await conn.execute(
            """
            UPDATE conversation SET state = 'open', waiting_since = NULL, assignee_id = coalesce(assignee_id, $4),
                excerpt = $5, last_id = $2, last_at = $3, last_staff_id = $2, staff_read_id = $2
            WHERE id = $1
            """,
            conversation_id,
            sent.message_id,
            at,
            writer.staff_id,
            rules.excerpt(tidied.body),
        )
        await _record(conn, known, sent.message_id, at, None)
    await _tell(conn, known)
    return sent


class _Sender(msgspec.Struct, frozen=True):
    author: Author
    writer: Writer | None = None
    waited_since: datetime | None = None
    """of an answer: since when the shopper had waited"""


async def _insert(conn: Transaction, known: Conversation, sender: _Sender, draft: MessageDraft, at: datetime) -> Sent:
    """Its id is made under the lock, so that messages are in the order of their ids."""
    made = await conn.fetchval(
        """
        INSERT INTO message (id, conversation_id, merchant_id, author, staff_id, staff_name, key, body, file, width,
            height, product_id, order_id, post_id, waited_seconds, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        ON CONFLICT (conversation_id, key) DO NOTHING RETURNING id
        """,
        new_id(),
        known.id,
        known.merchant_id,
        sender.author,
        sender.writer.staff_id if sender.writer else None,
        sender.writer.name if sender.writer else "",
        draft.key,
        draft.body,
        draft.picture.file if draft.picture else None,
        draft.picture.width if draft.picture else None,
        draft.picture.height if draft.picture else None,
        draft.about.product_id,
        draft.about.order_id,
        draft.about.post_id,
        max(0, int((at - sender.waited_since).total_seconds())) if sender.waited_since else None,
        at,
    )
    if made is not None:
        return Sent(known.id, made, new=True)
    earlier = "SELECT id FROM message WHERE conversation_id = $1 AND key = $2"
    return Sent(known.id, await conn.fetchval(earlier, known.id, draft.key), new=False)


async def _record(conn: Transaction, known: Conversation, message_id: UUID, at: datetime, visit: Visit | None) -> None:
    fact = Event(
        message_id,
        at,
        EventKind.MESSAGE,
        merchant_id=known.merchant_id,
        visitor_id=visit.visitor_id if visit else None,
        member_id=visit.member_id if visit else None,
        session_id=visit.session_id if visit else None,
        account_id=known.account_id,
    )
    await journal.record(conn, [fact])


async def _lock(conn: Transaction, conversation_id: UUID) -> Conversation:
    sql = f"SELECT {COLUMNS} FROM conversation c WHERE c.id = $1 FOR NO KEY UPDATE"
    conversation = await row(conn, Conversation, sql, conversation_id)
    if conversation is None:
        raise NoSuchConversation(NO_SUCH_CONVERSATION)
    return conversation


async def _tell(conn: Transaction, known: Conversation) -> None:
    """Notify the pages that show it, the shopper's and the staff's."""
    topics = [f"person:{known.person_id}", await _owners_topic(conn, known)]
    await conn.execute("SELECT pg_notify('news', topic) FROM unnest($1::text[]) AS topic", topics)


async def _owners_topic(conn: Transaction, known: Conversation) -> str:
    if known.merchant_id is not None:
        return store_topic(known.merchant_id)
    owner = await owner_of(conn, known.account_id)
    return f"person:{owner.member_id if owner else known.person_id}"


def store_topic(merchant_id: UUID) -> str:
    """Of the notices `news`; those of a person are named by the layer above (`messages.actions.person_topic`)."""
    return f"store:{merchant_id}"


# --- reading, handing over, closing -----------------------------------------------------------------------------------


async def read_as_shopper(conn: Transaction, visit: Visit, conversation_id: UUID, up_to: UUID) -> None:
    """The person has seen the messages up to this one. Pages are notified only if something was unread."""
    changed = await row(
        conn,
        Conversation,
        f"""
        UPDATE conversation c SET shopper_read_id = $3 WHERE c.id = $1 AND c.person_id = ANY($2::uuid[])
            AND (c.shopper_read_id IS NULL OR c.shopper_read_id < $3) AND c.last_staff_id IS NOT NULL
            AND (c.shopper_read_id IS NULL OR c.shopper_read_id < c.last_staff_id)
        RETURNING {COLUMNS}
        """,
        conversation_id,
        visit.person_ids,
        up_to,
    )
    if changed:
        await _tell(conn, changed)


async def read_as_staff(conn: Transaction, conversation_id: UUID, up_to: UUID) -> None:
    changed = await row(
        conn,
        Conversation,
        f"""
        UPDATE conversation c SET staff_read_id = $2 WHERE c.id = $1 AND c.last_shopper_id IS NOT NULL
            AND (c.staff_read_id IS NULL OR c.staff_read_id < least($2, c.last_shopper_id))
        RETURNING {COLUMNS}
        """,
        conversation_id,
        up_to,
    )
    if changed:
        await _tell(conn, changed)


async def assign(conn: Transaction, conversation_id: UUID, staff_id: UUID | None) -> None:
    """Hand it over to somebody, or to nobody; the caller has checked that they are of the store. Raises
    `NoSuchConversation`."""
    known = await _lock(conn, conversation_id)
    await conn.execute("UPDATE conversation SET assignee_id = $2 WHERE id = $1", conversation_id, staff_id)
    await _tell(conn, known)


async def close(conn: Transaction, conversation_id: UUID) -> None:
    """Nothing is to be done any more, until the shopper writes again."""
    known = await _lock(conn, conversation_id)
    await conn.execute("UPDATE conversation SET state = 'closed', waiting_since = NULL WHERE id = $1", conversation_id)
    await _tell(conn, known)


async def reopen(conn: Transaction, conversation_id: UUID) -> None:
    known = await _lock(conn, conversation_id)
    if known.state is ConversationState.CLOSED:
        await conn.execute("UPDATE conversation SET state = 'open' WHERE id = $1", conversation_id)
        await _tell(conn, known)


async def block_writer(conn: Transaction, actor: Actor, conversation_id: UUID, *, undo: bool = False) -> None:
    """The person cannot write to the account any more, until that is undone. The conversation is closed, so that it
    leaves the lists of what is to be done; undone, it is open again. Raises `NoSuchConversation`, `NoSuchAccount`."""
    known = await _lock(conn, conversation_id)
    if undo:
        await unblock_person(conn, actor, known.account_id, known.person_id)
        await reopen(conn, conversation_id)
    else:
        await block_person(conn, actor, known.account_id, known.person_id, known.name)
        await close(conn, conversation_id)


async def hide_excerpt(conn: Transaction, message_id: UUID) -> bool:
    """Moderation has dropped the message: lists of conversations do not show its beginning. Returns whether one did."""
    return await _put_excerpt(conn, message_id, rules.HIDDEN_EXCERPT)


async def show_excerpt(conn: Transaction, message_id: UUID) -> bool:
    body = await conn.fetchval("SELECT body FROM message WHERE id = $1", message_id)
    return await _put_excerpt(conn, message_id, rules.excerpt(body or ""))


async def _put_excerpt(conn: Transaction, message_id: UUID, excerpt: str) -> bool:
    sql = "UPDATE conversation SET excerpt = $2 WHERE last_id = $1 RETURNING true"
    return bool(await conn.fetchval(sql, message_id, excerpt))


async def merge_conversations(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """A visitor's conversations become those of the member who signs in; where both have one with an account, the
    member's gets the visitor's messages. Idempotent.
    """
    locked = await rows(
        conn,
        Conversation,
        f"SELECT {COLUMNS} FROM conversation c WHERE c.person_id = ANY($1) ORDER BY c.id FOR UPDATE",
        [visitor_id, member_id],
    )
    theirs = {one.account_id: one for one in locked if one.person_id == member_id}
    for old in (one for one in locked if one.person_id == visitor_id):
        kept = theirs.get(old.account_id)
        if kept is None:
            await conn.execute("UPDATE conversation SET person_id = $2 WHERE id = $1", old.id, member_id)
        else:
            await _join(conn, old, kept)


async def _join(conn: Transaction, old: Conversation, kept: Conversation) -> None:
    await conn.execute(
        """
        UPDATE message m SET conversation_id = $2 WHERE m.conversation_id = $1
            AND NOT EXISTS (SELECT FROM message k WHERE k.conversation_id = $2 AND k.key = m.key)
        """,
        old.id,
        kept.id,
    )
    await conn.execute("DELETE FROM conversation WHERE id = $1", old.id)
    await conn.execute(
        """
        UPDATE conversation SET
            state = CASE WHEN 'waiting' IN (state, $2) THEN 'waiting' WHEN 'open' IN (state, $2) THEN 'open'
                ELSE 'closed' END,
            waiting_since = CASE WHEN 'waiting' IN (state, $2) THEN least(waiting_since, $3) END,
            assignee_id = coalesce(assignee_id, $4), excerpt = CASE WHEN last_id < $5 THEN $7 ELSE excerpt END,
            last_id = greatest(last_id, $5), last_at = greatest(last_at, $6),
            last_shopper_id = greatest(last_shopper_id, $8), last_staff_id = greatest(last_staff_id, $9),
            shopper_read_id = greatest(shopper_read_id, $10), staff_read_id = least(staff_read_id, $11)
        WHERE id = $1
        """,
        kept.id,
        old.state,
        old.waiting_since,
        old.assignee_id,
        old.last_id,
        old.last_at,
        old.excerpt,
        old.last_shopper_id,
        old.last_staff_id,
        old.shopper_read_id,
        old.staff_read_id,
    )


# --- who leaves -------------------------------------------------------------------------------------------------------


async def forget_shopper(conn: Transaction, person_ids: list[UUID]) -> None:
    """What they wrote to stores stays with these, without a name."""
    await conn.execute("UPDATE conversation SET name = '' WHERE person_id = ANY($1::uuid[])", person_ids)
