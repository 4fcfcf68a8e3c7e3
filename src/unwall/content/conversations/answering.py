"""What staff keep for answering: quick replies, and the store's hours."""

from uuid import UUID

from unwall.content.conversations import rules
from unwall.content.conversations.values import AnsweringHours, QuickReply
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_


async def save_quick_reply(conn: Transaction, merchant_id: UUID, reply: QuickReply) -> None:
    """A new one, or a change. Raises `Invalid`."""
    tidied = rules.tidy_reply(reply.title, reply.body, reply)
    await lock_subject(conn, "quick replies", merchant_id)
    others = "SELECT count(*) FROM quick_reply WHERE merchant_id = $1 AND id <> $2"
    if await conn.fetchval(others, merchant_id, tidied.id) >= rules.MAX_QUICK_REPLIES:
        raise Invalid.one(
            "title", N_("There are {limit} quick replies already. Remove one first.", limit=rules.MAX_QUICK_REPLIES)
        )
    await conn.execute(
        """
        INSERT INTO quick_reply (id, merchant_id, title, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body
        """,
        tidied.id,
        merchant_id,
        tidied.title,
        tidied.body,
    )


async def remove_quick_reply(conn: Transaction, reply_id: UUID) -> None:
    await conn.execute("DELETE FROM quick_reply WHERE id = $1", reply_id)


async def save_answering_hours(conn: Transaction, merchant_id: UUID, hours: AnsweringHours) -> None:
    """Raises `Invalid`."""
    tidied = rules.tidy_hours(hours)
    await conn.execute(
        """
        INSERT INTO answering_hours (merchant_id, opening_hours, away_text) VALUES ($1, $2, $3)
        ON CONFLICT (merchant_id) DO UPDATE
            SET opening_hours = excluded.opening_hours, away_text = excluded.away_text
        """,
        merchant_id,
        tidied.opening_hours,
        tidied.away_text,
    )
