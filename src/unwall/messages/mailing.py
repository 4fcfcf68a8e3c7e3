"""Mails: written of what nobody has read, put into words, sent, tried again. Each is written once; a process that dies
between sending and noting it sends the same mail, with the same Message-ID, again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from uuid import UUID

import msgspec
import structlog
from jinja2 import Environment, PackageLoader

from unwall.kernel import typed
from unwall.kernel.clock import now
from unwall.kernel.database import Database, Transaction, rows
from unwall.kernel.ids import new_id
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.seals import seal, unseal
from unwall.kernel.text import N_, gettext
from unwall.messages import reads, rules
from unwall.messages.mail import MailTransport, NotSent
from unwall.messages.values import Mail, MailJob, NewMail, NotificationChannel, NotificationKind, Topic

SEND_MAIL = "messages.send-mail"
"""The entry point that sends mails; its payload is their ids."""
PURPOSE = "unsubscribe"
"""Of the seal in a mail's link that ends such mails."""
OPEN = N_("Open it")
WHY = N_("You get this because you have not looked since.")
UNSUBSCRIBE = N_("No more mails like this")

log = structlog.get_logger()
_TEMPLATES = Environment(loader=PackageLoader("unwall.messages"), autoescape=True)


class MailOrigin(msgspec.Struct, frozen=True):
    """Where mails come from: the setting `mail_from`, and the address that their links begin with."""

    sender: str
    base_url: str
    secret: bytes


async def queue_mails(conn: Transaction, mails: Sequence[NewMail], at: datetime) -> int:
    """To be sent soon; returns how many are new. Idempotent by their ids."""
    if not mails:
        return 0
    short = [msgspec.structs.replace(one, facts={k: rules.short(v) for k, v in one.facts.items()}) for one in mails]
    added = await conn.fetch(
        """
        INSERT INTO mail (id, person_id, topic, title, text, facts, link, created_at)
        SELECT id, person_id, topic, title, text, facts, link, $2
        FROM jsonb_to_recordset($1) AS m (id uuid, person_id uuid, topic text, title text, text text, facts jsonb,
            link text)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        short,
        at,
    )
    new = sorted(record["id"] for record in added)
    await enqueue(conn, [NewJob(SEND_MAIL, msgspec.json.encode(new))] if new else [])
    return len(new)


class _Unread(msgspec.Struct, frozen=True):
    person_id: UUID
    kind: NotificationKind
    topic: Topic
    text: str
    facts: dict[str, str]
    link: str


async def mail_unread(conn: Transaction, notification_ids: Collection[UUID], at: datetime) -> int:
    """Of these notifications, those that are still not read become mails, where their person wants them and has an
    address; returns how many."""
    unread = await rows(
        conn,
        _Unread,
        """
        UPDATE notification n SET mailed_at = $2 FROM mail_address a
        WHERE n.id = ANY($1::uuid[]) AND n.read_at IS NULL AND n.mailed_at IS NULL AND a.person_id = n.person_id
            AND coalesce((SELECT c.wanted FROM notification_choice c
                WHERE c.person_id = n.person_id AND c.topic = n.topic AND c.channel = 'mail'), n.topic = ANY($3))
        RETURNING n.person_id, n.kind, n.topic, n.text, n.facts, n.link
        """,
        list(notification_ids),
        at,
        rules.topics_by(NotificationChannel.MAIL),
    )
    mails = [
        NewMail(new_id(), one.person_id, one.topic, rules.TITLES[one.kind], one.text, one.facts, one.link)
        for one in unread
    ]
    return await queue_mails(conn, mails, at)


class Mailer:
    """The handlers of `actions.MAIL` and `SEND_MAIL`. Without a transport nothing is written."""

    def __init__(self, db: Database, origin: MailOrigin, transport: MailTransport | None) -> None:
        self._db = db
        self._origin = origin
        self._transport = transport

    async def mail_unread(self, payload: bytes) -> None:
        if self._transport is not None:
            async with self._db.transaction() as conn:
                await mail_unread(conn, msgspec.json.decode(payload, type=MailJob).notification_ids, now())

    async def send(self, payload: bytes) -> None:
        if self._transport is None:
            return
        async with self._db.read() as conn:
            mails = await reads.waiting_mails(conn, msgspec.json.decode(payload, type=list[UUID]))
        for one in mails:
            await self._send(one, self._transport)

    async def _send(self, one: Mail, transport: MailTransport) -> None:
        try:
            await transport.send(_written(one, self._origin))
        except NotSent as error:
            log.warning("a mail was not sent", problem=error.message, lasting=error.lasting)
            await self._note_failure(one, error)
            return
        async with self._db.transaction() as conn:
            sql = "UPDATE mail SET state = 'sent', sent_at = $2, problem = '' WHERE id = $1 AND state = 'waiting'"
            await conn.execute(sql, one.id, now())

    async def _note_failure(self, one: Mail, error: NotSent) -> None:
        final = error.lasting or one.attempts >= len(rules.MAIL_RETRY_SECONDS)
        async with self._db.transaction() as conn:
            noted = await conn.fetchval(
                """
                UPDATE mail SET attempts = attempts + 1, problem = $3, state = CASE WHEN $4 THEN 'failed' ELSE state END
                WHERE id = $1 AND state = 'waiting' AND attempts = $2 RETURNING true
                """,
                one.id,
                one.attempts,
                error.message[: rules.MAX_PROBLEM_CHARACTERS],
                final,
            )
            if noted and not final:
                again = NewJob(SEND_MAIL, msgspec.json.encode([one.id]), rules.MAIL_RETRY_SECONDS[one.attempts])
                await enqueue(conn, [again])


def _written(one: Mail, origin: MailOrigin) -> EmailMessage:
    try:
        return message_of(one, origin)
    except (ValueError, MessageError) as error:  # an address that the rules of mail do not know
        raise NotSent(repr(error), lasting=True) from error


# --- its words --------------------------------------------------------------------------------------------------------


class Unsubscription(msgspec.Struct, frozen=True):
    """What the link of a mail ends."""

    person_id: UUID
    topic: Topic


def unsubscription(secret: bytes, token: str) -> Unsubscription | None:
    """Of the link in a mail; it never expires."""
    return unseal(secret, PURPOSE, token, Unsubscription)


def message_of(one: Mail, origin: MailOrigin) -> EmailMessage:
    """In the language of its reader, as text and as HTML, with what other programs need to end such mails."""
    title, text = (gettext(one.lang, words).format(**one.facts) for words in (one.title, one.text))
    url = origin.base_url + one.link
    token = seal(origin.secret, PURPOSE, Unsubscription(one.person_id, one.topic))
    end_url = f"{origin.base_url}/unsubscribe/{token}"
    open_, why, unsubscribe = (gettext(one.lang, words) for words in (OPEN, WHY, UNSUBSCRIBE))
    message = EmailMessage()
    name, address = parseaddr(origin.sender)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(typed.line(one.name), addr_spec=one.email)
    message["Subject"] = typed.line(title)
    message["Date"] = format_datetime(one.created_at)
    message["Message-ID"] = f"<{one.id}@{address.rpartition('@')[2]}>"
    message["List-Unsubscribe"] = f"<{end_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{text}\n\n{open_}: {url}\n\n--\n{why}\n{unsubscribe}: {end_url}\n")
    shown = {"lang": one.lang, "title": title, "text": text, "url": url, "open": open_, "why": why}
    html = _TEMPLATES.get_template("mail.html")
    message.add_alternative(html.render(shown, unsubscribe=unsubscribe, unsubscribe_url=end_url), subtype="html")
    return message
