"""Mails: of what nobody has read, once, in the reader's language, until somebody ends them; and servers that refuse."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiosmtpd.smtp import SMTP

from tests.content.helpers import a_visitor, an_account, signed_in
from unwall.content.conversations import actions as conversations
from unwall.content.conversations.values import MessageDraft, Writer
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.messages import actions, rules
from unwall.messages.actions import notify
from unwall.messages.hearing import mail_of_messages
from unwall.messages.mail import FolderTransport, LogTransport, MailTransport, NotSent, SmtpTransport, transport_of
from unwall.messages.mailing import SEND_MAIL, Mailer, MailOrigin, Unsubscription, queue_mails, unsubscription
from unwall.messages.values import (
    Choice,
    NewMail,
    NewNotification,
    NotificationChannel,
    NotificationKind,
    Topic,
)

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECRET = b"s" * 32
ORIGIN = MailOrigin("Unwall <shop@unwall.example>", "https://shop.example", SECRET)


class Inbox:
    """A mail server of the test; `refusal` is what it answers to a recipient."""

    def __init__(self) -> None:
        self.mails = []
        self.refusal = ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Inbox, MailTransport | None]]:
    inbox, loop = Inbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="test", loop=loop), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield inbox, transport_of(f"smtp://127.0.0.1:{port}")


async def a_member(conn, *, lang: str = "en"):
    visit = await signed_in(conn, await a_visitor(conn))
    await conn.execute(
        "UPDATE member SET locale = $2, email = $3 WHERE id = $1", visit.member_id, lang, "lin@me.example"
    )
    return visit


def said(person_id, subject_id=None, *, words: str = "It is warm.") -> NewNotification:
    kind, facts = NotificationKind.MESSAGE, {"store": "Tea & <Co>", "words": words}
    return NewNotification(
        person_id, kind, subject_id or new_id(), "{store}: {words}", facts, "/me/messages/tea", renews=True
    )


async def jobs(conn, entrypoint: str) -> list[bytes]:
    found = await conn.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = $1 ORDER BY id", entrypoint)
    return [record["payload"] for record in found]


async def run(db, mailer: Mailer) -> None:
    """Everything that is due, without waiting for it."""
    async with db.transaction() as conn:
        due = await jobs(conn, actions.MAIL)
        await conn.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", actions.MAIL)
    for payload in due:
        await mailer.mail_unread(payload)
    async with db.transaction() as conn:
        to_send = await jobs(conn, SEND_MAIL)
        await conn.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", SEND_MAIL)
    for payload in to_send:
        await mailer.send(payload)
        await mailer.send(payload)  # a job may run twice


async def states(db) -> list[tuple[str, int]]:
    async with db.read() as conn:
        found = await conn.fetch("SELECT state, attempts FROM mail ORDER BY created_at, id")
    return [(one["state"], one["attempts"]) for one in found]


async def test_what_was_not_read_comes_by_mail_once_in_the_reader_s_language(db):
    async with mail_server() as (inbox, transport):
        mailer = Mailer(db, ORIGIN, transport)
        async with db.transaction() as conn:
            visit = await a_member(conn, lang="zh")
            await notify(conn, [said(visit.person_id)], AT)
        await run(db, mailer)
        [mail] = inbox.mails
    assert (mail["From"], mail["To"].addresses[0].addr_spec) == ("Unwall <shop@unwall.example>", "lin@me.example")
    assert mail["Subject"] == "新消息"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://shop.example/me/messages/tea" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "Tea &amp; &lt;Co&gt;" in html
    assert 'lang="zh"' in html
    assert await states(db) == [("sent", 0)]


async def test_who_has_looked_gets_none(db):
    async with mail_server() as (inbox, transport):
        async with db.transaction() as conn:
            visit = await a_member(conn)
            await notify(conn, [said(visit.person_id)], AT)
            await actions.mark_read(conn, visit, None, AT)
        await run(db, Mailer(db, ORIGIN, transport))
        assert inbox.mails == []
    assert await states(db) == []


async def test_many_answers_are_one_mail_until_somebody_looks(db):
    subject = new_id()
    async with mail_server() as (inbox, transport):
        mailer = Mailer(db, ORIGIN, transport)
        async with db.transaction() as conn:
            visit = await a_member(conn)
        for minute in range(3):
            async with db.transaction() as conn:
                await notify(conn, [said(visit.person_id, subject, words=str(minute))], AT + timedelta(minutes=minute))
            await run(db, mailer)
        assert len(inbox.mails) == 1
        async with db.transaction() as conn:
            await actions.mark_read(conn, visit, None, AT)
            await notify(conn, [said(visit.person_id, subject, words="later")], AT + timedelta(hours=1))
        await run(db, mailer)
        assert len(inbox.mails) == 2


async def test_who_wants_none_or_has_no_address_gets_none(db):
    async with mail_server() as (inbox, transport):
        async with db.transaction() as conn:
            unwilling, visitor = await a_member(conn), await a_visitor(conn)
            await actions.choose(conn, unwilling, [Choice(Topic.MESSAGES, NotificationChannel.MAIL, wanted=False)])
            await notify(conn, [said(unwilling.person_id), said(visitor.person_id)], AT)
            order = NewNotification(
                unwilling.person_id, NotificationKind.ORDER_PAID, new_id(), "Paid", {}, "/order/1"
            )  # of orders nobody is told by mail who did not ask for it
            await notify(conn, [order], AT)
        await run(db, Mailer(db, ORIGIN, transport))
        assert inbox.mails == []


async def test_without_a_mail_server_nothing_is_kept(db):
    async with db.transaction() as conn:
        visit = await a_member(conn)
        await notify(conn, [said(visit.person_id)], AT)
    await run(db, Mailer(db, ORIGIN, transport_of("")))
    assert await states(db) == []


async def test_a_refused_address_ends_it_and_a_busy_server_is_asked_again(db):
    async with mail_server() as (inbox, transport):
        mailer = Mailer(db, ORIGIN, transport)
        async with db.transaction() as conn:
            visit = await a_member(conn)
            await notify(conn, [said(visit.person_id)], AT)
        inbox.refusal = "450 come again"
        await run(db, mailer)
        [(state, attempts)] = await states(db)
        assert state == "waiting"
        assert attempts > 0
        inbox.refusal = ""
        await run(db, mailer)
        assert (len(inbox.mails), (await states(db))[0][0]) == (1, "sent")
        inbox.refusal = "550 nobody here"
        async with db.transaction() as conn:
            await notify(conn, [said(visit.person_id)], AT + timedelta(hours=1))
        await run(db, mailer)
        assert [state for state, _ in await states(db)] == ["sent", "failed"]
        async with db.read() as conn:
            assert await jobs(conn, SEND_MAIL) == []


async def test_it_is_given_up_after_the_last_attempt(db):
    async with mail_server() as (inbox, transport):
        inbox.refusal = "451 later"
        mailer = Mailer(db, ORIGIN, transport)
        async with db.transaction() as conn:
            visit = await a_member(conn)
            await notify(conn, [said(visit.person_id)], AT)
        for _ in range(len(rules.MAIL_RETRY_SECONDS) + 1):
            await run(db, mailer)
    assert await states(db) == [("failed", len(rules.MAIL_RETRY_SECONDS) + 1)]


async def test_a_mail_that_is_sent_twice_has_the_same_message_id(db, tmp_path):
    mailer = Mailer(db, ORIGIN, FolderTransport(tmp_path))
    async with db.transaction() as conn:
        visit = await a_member(conn)
        one = NewMail(new_id(), visit.person_id, Topic.MESSAGES, "New\nmessage", "Hello", {}, "/me")
        assert await queue_mails(conn, [one], AT) == 1
        assert await queue_mails(conn, [one], AT) == 0
    await mailer.send(msgspec.json.encode([one.id]))
    async with db.transaction() as conn:  # the process died before it noted it
        await conn.execute("UPDATE mail SET state = 'waiting', sent_at = NULL")
    await mailer.send(msgspec.json.encode([one.id]))
    [file] = tmp_path.iterdir()
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert mail["Message-ID"] == f"<{one.id}@unwall.example>"
    assert mail["Subject"] == "New message"


async def test_the_link_of_a_mail_ends_such_mails_and_no_other_link_does(db):
    async with mail_server() as (inbox, transport):
        async with db.transaction() as conn:
            visit = await a_member(conn)
            await notify(conn, [said(visit.person_id)], AT)
        await run(db, Mailer(db, ORIGIN, transport))
        [mail] = inbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = mail["List-Unsubscribe"].strip("<>").removeprefix("https://shop.example/unsubscribe/")
    assert unsubscription(SECRET, token) == Unsubscription(visit.person_id, Topic.MESSAGES)
    assert unsubscription(b"x" * 32, token) is None


async def test_staff_get_a_mail_once_where_nobody_has_looked_and_a_shopper_waits(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        for name, role in (("mei", "owner"), ("bo", "analyst")):  # who reads figures answers nobody
            await conn.execute(
                "INSERT INTO staff (id, merchant_id, email, name, password_hash, role) VALUES ($1, $2, $3, $3, '', $4)",
                new_id(),
                merchant,
                f"{name}@tea.example",
                role,
            )
        visit = await a_member(conn)
        first = await conversations.write(conn, visit, "Lin", account, MessageDraft("1", "Is it warm?"), AT)
        later = AT + timedelta(minutes=1)
        second = await conversations.write(conn, visit, "Lin", account, MessageDraft("2", "Hello?"), later)
        for _ in range(2):
            await mail_of_messages(conn, [first.message_id, second.message_id])
        assert await conn.fetch("SELECT title, facts->>'words' FROM mail") == [
            ("{name} waits for an answer", "Is it warm?")
        ]
        await conversations.answer(
            conn, Writer(None, "Mei"), first.conversation_id, MessageDraft("3", "Yes"), later + timedelta(minutes=1)
        )
        third = await conversations.write(
            conn, visit, "Lin", account, MessageDraft("4", "And dry?"), later + timedelta(minutes=2)
        )
        await conversations.read_as_staff(conn, third.conversation_id, third.message_id)
        await mail_of_messages(conn, [third.message_id])  # somebody has looked
        assert await conn.fetchval("SELECT count(*) FROM mail") == 1


def test_the_setting_names_a_server_a_folder_or_the_log():
    assert isinstance(transport_of("smtps://me%40x:secret@mail.example"), SmtpTransport)
    assert isinstance(transport_of("file:///tmp/mail"), FolderTransport)
    assert isinstance(transport_of("console:"), LogTransport)
    for wrong in ("mail.example", "http://mail.example", "smtp://", "file:mail"):
        with pytest.raises(Invalid, match="UNWALL_MAIL_URL"):
            transport_of(wrong)


async def test_an_address_that_no_mail_program_takes_fails_for_good(db):
    async with mail_server() as (inbox, transport):
        async with db.transaction() as conn:
            visit = await a_member(conn)
            await conn.execute("UPDATE member SET email = 'lin@@me..example'")
            await notify(conn, [said(visit.person_id)], AT)
        await run(db, Mailer(db, ORIGIN, transport))
        assert inbox.mails == []
    assert [state for state, _ in await states(db)] == ["failed"]


async def test_a_server_that_is_not_there_is_asked_again():
    message = email.message_from_string("From: a@x.example\nTo: b@x.example\n\nHello", policy=email.policy.default)
    with pytest.raises(NotSent) as caught:
        await transport_of("smtp://127.0.0.1:1").send(message)
    assert caught.value.lasting is False
