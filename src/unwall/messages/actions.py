"""Telling people: each notification once, as they chose, and known at once to the pages that are open."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from unwall.journal.values import Visit
from unwall.kernel.database import Transaction
from unwall.kernel.ids import new_id
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.secrets import fingerprint
from unwall.messages import rules
from unwall.messages.values import (
    Choice,
    MailJob,
    NewNotification,
    NotificationChannel,
    PushJob,
    PushSubscription,
    QuietHours,
    StaffPush,
)

PUSH = "messages.push"
"""The entry point that sends push messages (`PushJob`)."""
PUSH_STAFF = "messages.push-staff"
"""The same for a store's staff (`StaffPush`)."""
MAIL = "messages.mail"
"""The entry point that writes mails of what was not read (`MailJob`)."""
LOOK_SECONDS = 10
"""A push message waits so long: who has the page open will have seen it by then."""


class _Row(msgspec.Struct, frozen=True):
    id: UUID
    topic: str
    app: bool
    push: bool
    mail: bool
    told: NewNotification


async def notify(conn: Transaction, notifications: Sequence[NewNotification], at: datetime) -> int:
    """Tell people; returns how many notifications are new or unread again. Idempotent: a notification of the same
    person, kind and subject is stored once.
    """
    wanted = [_row(told) for told in notifications]
    notified = await conn.fetch(
        """
        WITH wanted AS (
            SELECT DISTINCT ON (coalesce(v.member_id, n.person_id), n.kind, n.subject_id)
                w.id, coalesce(v.member_id, n.person_id) AS person_id, n.kind, w.topic, n.subject_id, n.text, n.facts,
                n.link, n.renews, w.app, w.push, w.mail
            FROM jsonb_to_recordset($1) AS w (id uuid, topic text, app boolean, push boolean, mail boolean, told jsonb)
                CROSS JOIN jsonb_to_record(w.told) AS n (person_id uuid, kind text, subject_id uuid, text text,
                    facts jsonb, link text, renews boolean)
                LEFT JOIN member_visitor v ON v.visitor_id = n.person_id
            ORDER BY coalesce(v.member_id, n.person_id), n.kind, n.subject_id, w.id DESC  -- the last of the same
        ), chosen AS (
            SELECT w.*, coalesce(a.wanted, w.app) AS shown, coalesce(p.wanted, w.push) AS pushed,
                coalesce(m.wanted, w.mail) AS mailed
            FROM wanted w
                LEFT JOIN notification_choice a
                    ON a.person_id = w.person_id AND a.topic = w.topic AND a.channel = 'app'
                LEFT JOIN notification_choice p
                    ON p.person_id = w.person_id AND p.topic = w.topic AND p.channel = 'push'
                LEFT JOIN notification_choice m
                    ON m.person_id = w.person_id AND m.topic = w.topic AND m.channel = 'mail'
        ), told AS (
            INSERT INTO notification AS old (id, person_id, kind, topic, subject_id, text, facts, link, shown, at)
            SELECT id, person_id, kind, topic, subject_id, text, facts, link, shown, $2 FROM chosen
            WHERE shown OR pushed OR mailed
            ON CONFLICT (person_id, kind, subject_id) DO UPDATE SET
                text = excluded.text, facts = excluded.facts, link = excluded.link, at = excluded.at, read_at = NULL,
                mailed_at = CASE WHEN old.read_at IS NULL THEN old.mailed_at END
                WHERE (SELECT renews FROM chosen c WHERE c.id = excluded.id)
            RETURNING id, person_id, kind, subject_id
        )
        SELECT t.id, t.person_id, c.mailed FROM told t JOIN chosen c USING (person_id, kind, subject_id)
        """,
        wanted,
        at,
    )
    await tell_pages(conn, {record["person_id"] for record in notified})
    await _send_later(conn, [one["id"] for one in notified], [one["id"] for one in notified if one["mailed"]])
    return len(notified)


async def _send_later(conn: Transaction, pushed: Collection[UUID], mailed: Collection[UUID]) -> None:
    jobs = []
    if pushed:
        jobs.append(NewJob(PUSH, msgspec.json.encode(PushJob(sorted(pushed))), LOOK_SECONDS))
    if mailed:
        jobs.append(NewJob(MAIL, msgspec.json.encode(MailJob(sorted(mailed))), rules.MAIL_AFTER_SECONDS))
    await enqueue(conn, jobs)


def _row(told: NewNotification) -> _Row:
    topic = rules.TOPICS[told.kind]
    app, push, mail = (rules.DEFAULTS[topic, channel] for channel in NotificationChannel)
    short = {name: rules.short(fact) for name, fact in told.facts.items()}
    return _Row(new_id(), topic, app, push, mail, msgspec.structs.replace(told, facts=short))


async def push_later(conn: Transaction, notification_ids: Collection[UUID], seconds: int = LOOK_SECONDS) -> None:
    if notification_ids:
        payload = msgspec.json.encode(PushJob(sorted(notification_ids)))
        await enqueue(conn, [NewJob(PUSH, payload, delay_seconds=seconds)])


async def tell_pages(conn: Transaction, person_ids: Collection[UUID]) -> None:
    topics = [person_topic(person_id) for person_id in sorted(person_ids)]
    if topics:
        await conn.execute("SELECT pg_notify('news', topic) FROM unnest($1::text[]) AS topic", topics)


def person_topic(person_id: UUID) -> str:
    """Of the notices `news`: something is new for this person."""
    return f"person:{person_id}"


async def mark_read(conn: Transaction, visit: Visit, notification_ids: Collection[UUID] | None, at: datetime) -> int:
    """Some, or all (None), of the person's; returns how many were unread."""
    changed = await conn.fetch(
        """
        UPDATE notification SET read_at = $3 WHERE read_at IS NULL AND ($2::uuid[] IS NULL OR id = ANY($2))
            AND person_id = ANY(SELECT $1::uuid UNION ALL SELECT visitor_id FROM member_visitor WHERE member_id = $1)
        RETURNING id
        """,
        visit.person_id,
        None if notification_ids is None else list(notification_ids),
        at,
    )
    if changed:
        await tell_pages(conn, {visit.person_id})
    return len(changed)


async def mark_subject_read(conn: Transaction, visit: Visit, kind: str, subject_id: UUID, at: datetime) -> None:
    """Who reads the thing itself needs no notification of it."""
    changed = await conn.fetch(
        """
        UPDATE notification SET read_at = $4 WHERE read_at IS NULL AND kind = $2 AND subject_id = $3
            AND person_id = ANY(SELECT $1::uuid UNION ALL SELECT visitor_id FROM member_visitor WHERE member_id = $1)
        RETURNING id
        """,
        visit.person_id,
        kind,
        subject_id,
        at,
    )
    if changed:
        await tell_pages(conn, {visit.person_id})


async def choose(conn: Transaction, visit: Visit, choices: Collection[Choice]) -> None:
    """What is not named stays as it was."""
    await choose_as(conn, visit.person_id, choices)


async def choose_as(conn: Transaction, person_id: UUID, choices: Collection[Choice]) -> None:
    """Of one of the staff, or of who follows the link of a mail."""
    await conn.execute(
        """
        INSERT INTO notification_choice (person_id, topic, channel, wanted)
        SELECT $1, topic, channel, wanted
        FROM jsonb_to_recordset($2) AS c (topic text, channel text, wanted boolean) ORDER BY topic, channel
        ON CONFLICT (person_id, topic, channel) DO UPDATE SET wanted = excluded.wanted
        """,
        person_id,
        list(choices),
    )


async def keep_quiet_hours(conn: Transaction, visit: Visit, quiet: QuietHours) -> None:
    """Raises `Invalid`."""
    rules.check_quiet(quiet)
    await conn.execute(
        """
        INSERT INTO quiet_hours (person_id, start, finish, timezone) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id) DO UPDATE
            SET start = excluded.start, finish = excluded.finish, timezone = excluded.timezone
        """,
        visit.person_id,
        quiet.start,
        quiet.finish,
        quiet.timezone,
    )


async def push_to_staff(conn: Transaction, push: StaffPush) -> None:
    if push.staff_ids:
        facts = {name: rules.short(fact) for name, fact in push.facts.items()}
        payload = msgspec.json.encode(msgspec.structs.replace(push, facts=facts))
        await enqueue(conn, [NewJob(PUSH_STAFF, payload)])


async def start_quiet_hours(conn: Transaction, person_id: UUID, timezone: str) -> None:
    """The default, on the person's clock, where they have chosen none. An unknown time zone changes nothing."""
    if timezone in available_timezones():
        await conn.execute(
            """
            INSERT INTO quiet_hours (person_id, start, finish, timezone) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            person_id,
            rules.DEFAULT_QUIET.start,
            rules.DEFAULT_QUIET.finish,
            timezone,
        )


async def subscribe(
    conn: Transaction, person_id: UUID, session_token: str, subscription: PushSubscription, lang: str
) -> None:
    """This browser takes push messages for this person as long as their sign-in lasts (visitors have none: an empty
    token). One browser belongs to one person: who subscribes it last. Raises `Invalid`.
    """
    rules.check_subscription(subscription)
    await conn.execute(
        """
        INSERT INTO push_subscription (id, person_id, session_hash, endpoint, p256dh, auth, lang)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (endpoint) DO UPDATE SET person_id = excluded.person_id, session_hash = excluded.session_hash,
            p256dh = excluded.p256dh, auth = excluded.auth, lang = excluded.lang, created_at = now()
        """,
        new_id(),
        person_id,
        fingerprint(session_token) if session_token else None,
        subscription.endpoint,
        subscription.p256dh,
        subscription.auth,
        lang,
    )
    await conn.execute(
        """
        DELETE FROM push_subscription WHERE id IN (SELECT id FROM push_subscription WHERE person_id = $1
            ORDER BY created_at DESC, id DESC OFFSET $2)
        """,
        person_id,
        rules.MAX_SUBSCRIPTIONS,
    )


async def unsubscribe(conn: Transaction, person_id: UUID, endpoint: str) -> bool:
    """Whether this browser was subscribed by this person."""
    gone = await conn.fetchval(
        "DELETE FROM push_subscription WHERE endpoint = $1 AND person_id = $2 RETURNING true", endpoint, person_id
    )
    return bool(gone)


async def drop_subscription(conn: Transaction, subscription_id: UUID) -> None:
    """Its push service said that it has ended."""
    await conn.execute("DELETE FROM push_subscription WHERE id = $1", subscription_id)


async def forget_old(conn: Transaction, now: datetime) -> None:
    """Old notifications, and subscriptions whose sign-in has ended."""
    await conn.execute("DELETE FROM notification WHERE at < $1", now - rules.KEPT)
    await conn.execute("DELETE FROM mail WHERE created_at < $1", now - rules.KEPT)
    await conn.execute(
        """
        DELETE FROM push_subscription s WHERE session_hash IS NOT NULL
            AND NOT EXISTS (SELECT FROM live_session l WHERE l.token_hash = s.session_hash)
        """
    )


async def forget_person(conn: Transaction, person_ids: Sequence[UUID]) -> None:
    """What they were told, and how they wanted to be told."""
    for table in ("notification", "notification_choice", "quiet_hours", "push_subscription", "mail"):
        await conn.execute(f"DELETE FROM {table} WHERE person_id = ANY($1::uuid[])", person_ids)
