"""What a person was told and chose, and what is to be sent to which browser."""

from collections.abc import Collection
from uuid import UUID

from unwall.journal.values import Visit
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows
from unwall.messages.rules import DEFAULTS, topics_by
from unwall.messages.values import (
    Browser,
    Choice,
    Mail,
    Notification,
    NotificationChannel,
    Push,
    QuietHours,
    Topic,
)

# A visitor's notifications are those of the member whom the visitor became.
_OWN = "ANY(SELECT {0} UNION ALL SELECT visitor_id FROM member_visitor WHERE member_id = {0})"
OWN = _OWN.format("$1::uuid")


async def notifications(conn: Connection, visit: Visit, after: str | None, limit: int) -> ResultPage[Notification]:
    """The person's, newest first."""
    page = await rows(
        conn,
        Notification,
        f"""
        SELECT id, kind, topic, subject_id, text, facts, link, at, read_at FROM notification
        WHERE person_id = {OWN} AND shown AND ($2 = 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
            OR (at, id) < (SELECT at, id FROM notification WHERE id = $2))
        ORDER BY at DESC, id DESC LIMIT $3
        """,
        visit.person_id,
        decode(after),
        limit + 1,
    )
    return page_of(page, limit, lambda one: one.id)


def unread_of(person: str) -> str:
    """An SQL expression: how many notifications the person of another one has not read."""
    own = _OWN.format(person)
    return f"(SELECT count(*)::int FROM notification WHERE person_id = {own} AND read_at IS NULL AND shown)"


async def unread(conn: Connection, visit: Visit) -> int:
    """How many notifications the person has not read."""
    counted: int = await conn.fetchval(f"SELECT {unread_of('$1::uuid')}", visit.person_id)
    return counted


async def link_of(conn: Connection, visit: Visit, notification_id: UUID) -> str | None:
    """Where one of the person's notifications leads."""
    sql = f"SELECT link FROM notification WHERE person_id = {OWN} AND id = $2"
    link: str | None = await conn.fetchval(sql, visit.person_id, notification_id)
    return link


async def choices(conn: Connection, visit: Visit) -> list[Choice]:
    sql = "SELECT topic, channel, wanted FROM notification_choice WHERE person_id = $1"
    return await rows(conn, Choice, sql, visit.person_id)


async def quiet_hours(conn: Connection, visit: Visit) -> QuietHours | None:
    sql = "SELECT start, finish, timezone FROM quiet_hours WHERE person_id = $1"
    return await row(conn, QuietHours, sql, visit.person_id)


# A browser where a sign-in has ended, or where a visitor has since become a member, gets nothing.
_TAKES = """
    (s.session_hash IS NULL AND NOT EXISTS (SELECT FROM member_visitor v WHERE v.visitor_id = s.person_id)
        OR EXISTS (SELECT FROM live_session l WHERE l.token_hash = s.session_hash AND l.person_id = s.person_id))
"""


async def due_pushes(conn: Connection, notification_ids: Collection[UUID]) -> list[Push]:
    """Of these notifications, what is to be sent to which browser: what was read meanwhile is not sent."""
    return await rows(
        conn,
        Push,
        f"""
        SELECT n.id AS notification_id, n.kind, n.subject_id, n.text, n.facts, n.link, q.start AS quiet_start,
            q.finish AS quiet_finish, q.timezone, s.id AS subscription_id, s.endpoint, s.p256dh, s.auth, s.lang
        FROM notification n JOIN push_subscription s ON s.person_id = n.person_id
            LEFT JOIN notification_choice c
                ON c.person_id = n.person_id AND c.topic = n.topic AND c.channel = 'push'
            LEFT JOIN quiet_hours q ON q.person_id = n.person_id
        WHERE n.id = ANY($1) AND n.read_at IS NULL AND coalesce(c.wanted, n.topic = ANY($2)) AND {_TAKES}
        ORDER BY n.id, s.id
        """,
        list(notification_ids),
        topics_by(NotificationChannel.PUSH),
    )


async def browsers_of(conn: Connection, person_ids: Collection[UUID]) -> list[Browser]:
    """Those that take push messages for these people."""
    sql = f"""
        SELECT s.id, s.person_id, s.endpoint, s.p256dh, s.auth, s.lang FROM push_subscription s
        WHERE s.person_id = ANY($1) AND {_TAKES} ORDER BY s.id
    """
    return await rows(conn, Browser, sql, list(person_ids))


# --- mails ------------------------------------------------------------------------------------------------------------


async def waiting_mails(conn: Connection, mail_ids: Collection[UUID]) -> list[Mail]:
    """Of these, what is still to be sent. Staff are written to in the language of the browser where they take push
    messages."""
    return await rows(
        conn,
        Mail,
        """
        SELECT m.id, m.person_id, m.topic, m.title, m.text, m.facts, m.link, m.attempts, m.created_at, a.email, a.name,
            coalesce(a.locale, (SELECT s.lang FROM push_subscription s WHERE s.person_id = m.person_id
                ORDER BY s.created_at DESC LIMIT 1), 'en') AS lang
        FROM mail m JOIN mail_address a USING (person_id)
        WHERE m.id = ANY($1::uuid[]) AND m.state = 'waiting' ORDER BY m.id
        """,
        list(mail_ids),
    )


async def wants_mail(conn: Connection, person_ids: Collection[UUID], topic: Topic) -> list[UUID]:
    """Those of the people who want to be told of this topic by mail."""
    wanting = await conn.fetch(
        """
        SELECT p.id FROM unnest($1::uuid[]) AS p (id) LEFT JOIN notification_choice c
            ON c.person_id = p.id AND c.topic = $2 AND c.channel = 'mail'
        WHERE coalesce(c.wanted, $3) ORDER BY p.id
        """,
        list(person_ids),
        topic,
        DEFAULTS[topic, NotificationChannel.MAIL],
    )
    return [record["id"] for record in wanting]


async def node_names(conn: Connection, node_ids: Collection[UUID]) -> dict[UUID, str]:
    nodes = await conn.fetch("SELECT id, name FROM node_profile WHERE id = ANY($1)", list(node_ids))
    return {record["id"]: record["name"] for record in nodes}
