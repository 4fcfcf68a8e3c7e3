"""Conversations as the shopper and as the staff see them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from unwall.content.conversations import rules
from unwall.content.conversations.values import (
    AccountConversation,
    AnsweringHours,
    Author,
    Conversation,
    ConversationFilter,
    Message,
    MessageHead,
    OwnConversation,
    QuickReply,
    ResponseTimes,
)
from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

COLUMNS = """
    c.id, c.merchant_id, c.account_id, c.person_id, c.name, c.state, c.assignee_id, c.excerpt, c.waiting_since,
    c.last_id, c.last_at, c.last_shopper_id, c.last_staff_id, c.shopper_read_id, c.staff_read_id
"""
_MESSAGE = """
    SELECT m.id, m.author, m.staff_name, m.body, m.file, m.width, m.height, m.product_id, m.order_id, m.post_id,
        m.created_at
    FROM message m
"""


async def conversation(conn: Connection, conversation_id: UUID) -> Conversation | None:
    """For staff: a confined connection sees its merchant's only."""
    return await row(conn, Conversation, f"SELECT {COLUMNS} FROM conversation c WHERE c.id = $1", conversation_id)


_BLOCKED = """
    SELECT FROM hidden_account h
    WHERE h.account_id = c.account_id AND h.person_id = ANY({people}::uuid[]) AND h.blocked
"""


async def own_conversation(conn: Connection, visit: Visit, account_id: UUID) -> Conversation | None:
    """The person's with this account."""
    sql = f"SELECT {COLUMNS} FROM conversation c WHERE c.account_id = $1 AND c.person_id = ANY($2::uuid[]) LIMIT 1"
    return await row(conn, Conversation, sql, account_id, visit.person_ids)


async def shown_conversation(conn: Connection, visit: Visit, account_id: UUID) -> Conversation | None:
    """The person's with this account, unless they have blocked it."""
    blocked = _BLOCKED.format(people="$2")
    sql = f"""
        SELECT {COLUMNS} FROM conversation c
        WHERE c.account_id = $1 AND c.person_id = ANY($2::uuid[]) AND NOT EXISTS ({blocked}) LIMIT 1
    """
    return await row(conn, Conversation, sql, account_id, visit.person_ids)


async def own_conversations(
    conn: Connection, visit: Visit, lang: str, after: str | None, limit: int
) -> ResultPage[OwnConversation]:
    """The person's, the one with the newest message first; none with an account that they have blocked."""
    conversations = await rows(
        conn,
        OwnConversation,
        f"""
        SELECT (SELECT to_jsonb(k) FROM (SELECT {COLUMNS}) k) AS conversation, a.handle,
            translated(a.translations, $2, 'name', a.name) AS account_name, a.avatar
        FROM conversation c JOIN account_profile a ON a.id = c.account_id
        WHERE c.person_id = ANY($1::uuid[]) AND c.last_id < $3 AND NOT EXISTS ({_BLOCKED.format(people="$1")})
        ORDER BY c.last_id DESC LIMIT $4
        """,
        visit.person_ids,
        lang,
        decode(after),
        limit + 1,
    )
    return page_of(conversations, limit, lambda one: one.conversation.last_id)


async def members_conversation(conn: Connection, member_id: UUID, conversation_id: UUID) -> AccountConversation | None:
    """With one of the member's accounts."""
    known = await _with_accounts(conn, member_id, "c.id = $2", [conversation_id])
    return known[0] if known else None


async def members_conversations(
    conn: Connection, member_id: UUID, after: str | None, limit: int
) -> ResultPage[AccountConversation]:
    """With any of the member's accounts, the one with the newest message first."""
    where = "c.last_id < $2 ORDER BY c.last_id DESC LIMIT $3"
    conversations = await _with_accounts(conn, member_id, where, [decode(after), limit + 1])
    return page_of(conversations, limit, lambda one: one.conversation.last_id)


async def _with_accounts(
    conn: Connection, member_id: UUID, where: str, values: Sequence[object]
) -> list[AccountConversation]:
    sql = f"""
        SELECT (SELECT to_jsonb(k) FROM (SELECT {COLUMNS}) k) AS conversation, a.handle, a.name AS account_name
        FROM conversation c JOIN account_profile a ON a.id = c.account_id WHERE a.member_id = $1 AND {where}
    """
    return await rows(conn, AccountConversation, sql, member_id, *values)


async def messages(
    conn: Connection, conversation_id: UUID, before: str | None, limit: int, *, notes: bool = False
) -> ResultPage[Message]:
    """Newest first; with the staff's notes for staff only."""
    authors = [Author.SHOPPER, Author.STAFF, *([Author.NOTE] if notes else [])]
    page = await rows(
        conn,
        Message,
        f"{_MESSAGE} WHERE m.conversation_id = $1 AND m.id < $2 AND m.author = ANY($4) ORDER BY m.id DESC LIMIT $3",
        conversation_id,
        decode(before),
        limit + 1,
        authors,
    )
    return page_of(page, limit, lambda one: one.id)


async def message(conn: Connection, conversation_id: UUID, message_id: UUID) -> Message | None:
    return await row(
        conn, Message, f"{_MESSAGE} WHERE m.conversation_id = $1 AND m.id = $2", conversation_id, message_id
    )


async def message_files(conn: Connection, message_id: UUID) -> list[str]:
    """The key of its picture, for moderators."""
    sql = "SELECT file FROM message WHERE id = $1 AND file IS NOT NULL"
    return [record["file"] for record in await conn.fetch(sql, message_id)]


async def heads(conn: Connection, message_ids: Collection[UUID]) -> list[MessageHead]:
    return await rows(
        conn,
        MessageHead,
        """
        SELECT m.id, m.author, m.body, c.id AS conversation_id, c.merchant_id, a.member_id AS owner_id, c.person_id,
            c.name, c.assignee_id,
            coalesce(CASE WHEN m.author = 'shopper' THEN c.staff_read_id ELSE c.shopper_read_id END >= m.id, false)
                AS seen,
            coalesce(c.waiting_since = m.created_at, false) AS first, a.handle, a.name AS account_name
        FROM message m JOIN conversation c ON c.id = m.conversation_id JOIN account_profile a ON a.id = c.account_id
        WHERE m.id = ANY($1) ORDER BY m.id
        """,
        list(message_ids),
    )


# --- for staff --------------------------------------------------------------------------------------------------------


async def merchant_conversations(
    conn: Connection, merchant_id: UUID, wanted: ConversationFilter, after: str | None, limit: int
) -> ResultPage[Conversation]:
    """The one with the newest message first; unanswered ones too, so that a page can be followed while they come."""
    conversations = await rows(
        conn,
        Conversation,
        f"""
        SELECT {COLUMNS} FROM conversation c WHERE c.merchant_id = $1 AND c.last_id < $2
            AND CASE $3 WHEN 'unanswered' THEN c.state = 'waiting'
                WHEN 'mine' THEN c.assignee_id = $4 AND c.state <> 'closed'
                WHEN 'unassigned' THEN c.assignee_id IS NULL AND c.state <> 'closed'
                WHEN 'closed' THEN c.state = 'closed' ELSE c.state <> 'closed' END
            AND ($5 = '%%' OR c.name ILIKE $5 OR EXISTS (
                SELECT FROM message m WHERE m.conversation_id = c.id AND m.body ILIKE $5))
        ORDER BY c.last_id DESC LIMIT $6
        """,
        merchant_id,
        decode(after),
        wanted.view,
        wanted.staff_id,
        contains_pattern(wanted.words),
        limit + 1,
    )
    return page_of(conversations, limit, lambda one: one.last_id)


async def unanswered(conn: Connection, merchant_id: UUID) -> int:
    """How many conversations wait for the store."""
    sql = "SELECT count(*) FROM conversation WHERE merchant_id = $1 AND state = 'waiting'"
    counted: int = await conn.fetchval(sql, merchant_id)
    return counted


async def response_times(conn: Connection, merchant_id: UUID, now: datetime) -> ResponseTimes:
    times = await row(
        conn,
        ResponseTimes,
        """
        SELECT count(*)::int AS answers,
            (percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_seconds))::int AS median_seconds
        FROM message WHERE merchant_id = $1 AND created_at > $2 AND waited_seconds IS NOT NULL
        """,
        merchant_id,
        now - rules.MEASURED,
    )
    assert times is not None
    return times


async def quick_replies(conn: Connection, merchant_id: UUID) -> list[QuickReply]:
    """By title."""
    sql = "SELECT id, title, body FROM quick_reply WHERE merchant_id = $1 ORDER BY title, id"
    return await rows(conn, QuickReply, sql, merchant_id)


async def answering_hours(conn: Connection, merchant_id: UUID) -> AnsweringHours:
    sql = "SELECT opening_hours, away_text FROM answering_hours WHERE merchant_id = $1"
    return await row(conn, AnsweringHours, sql, merchant_id) or AnsweringHours()
