"""Conversations of shoppers and stores: exactly once, in order, seen by the two of them only, measured."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.content.helpers import a_members_account, a_visitor, an_account, signed_in
from unwall.content.accounts.actions import block
from unwall.content.conversations import actions, answering, reads, rules
from unwall.content.conversations.values import (
    AnsweringHours,
    ConversationFilter,
    ConversationState,
    ConversationView,
    MayNotWrite,
    MessageDraft,
    NoSuchConversation,
    QuickReply,
    ResponseTimes,
    Writer,
)
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportDraft, Reported, ReportReason, Subject, SubjectKind, Verdict
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, SignInNeeded
from unwall.kernel.ids import new_id
from unwall.media import actions as media
from unwall.media.values import Image
from unwall.messages.hearing import mail_of_messages, tell_of_messages
from unwall.messages.jobs import HEAR
from unwall.messages.reads import unread
from unwall.people.values import Role, Staff
from unwall.usecases import moderate

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def clerk(merchant_id, name="Mei") -> Staff:
    return Staff(new_id(), merchant_id, f"{name}@tea.example", name, Role.OWNER, None, active=True)


def writer(staff: Staff) -> Writer:
    return Writer(staff.id, staff.name)


def words(text: str, key: str | None = None) -> MessageDraft:
    return MessageDraft(key or str(new_id()), text)


async def thread_of(db: Database, conversation_id, *, notes=False) -> list[tuple[str, str]]:
    async with db.read() as conn:
        found = await reads.messages(conn, conversation_id, None, 50, notes=notes)
    return [(one.author, one.body) for one in reversed(found.rows)]


async def started(conn, *, text="Is it warm?", at=AT):
    """Merchant, account, visit, conversation."""
    merchant, account = await an_account(conn, f"tea{str(new_id())[-6:]}")
    visit = await a_visitor(conn)
    sent = await actions.write(conn, visit, "", account, words(text), at)
    return merchant, account, visit, sent.conversation_id


async def test_a_message_that_is_sent_twice_is_there_once(db):
    async with db.transaction() as conn:
        _, account = await an_account(conn, "tea")
        visit = await a_visitor(conn)
        first = await actions.write(conn, visit, "", account, words("Hello", "k"), AT)
        again = await actions.write(conn, visit, "", account, words("Hello", "k"), AT + MINUTE)
        assert (first.new, again.new, first.message_id) == (True, False, again.message_id)
        known = await reads.own_conversation(conn, visit, account)
        assert known.last_at == AT
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", HEAR) == 1
    assert await thread_of(db, first.conversation_id) == [("shopper", "Hello")]


async def test_two_presses_at_once_begin_one_conversation(db: Database):
    async with db.transaction() as conn:
        _, account = await an_account(conn, "tea")
        visit = await a_visitor(conn)

    async def press(key: str):
        async with db.transaction() as conn:
            return await actions.write(conn, visit, "", account, words("Hi", key), AT)

    sent = await asyncio.gather(press("a"), press("a"), press("b"))
    assert len({one.conversation_id for one in sent}) == 1
    assert len(await thread_of(db, sent[0].conversation_id)) == 2


async def test_an_answer_ends_the_waiting_and_is_measured(db):
    async with db.transaction() as conn:
        merchant, account, visit, conversation = await started(conn)
        await actions.write(conn, visit, "", account, words("Anybody?"), AT + MINUTE)
    mei = clerk(merchant)
    async with db.confined(merchant) as conn:
        assert await reads.unanswered(conn, merchant) == 1
        await actions.answer(conn, writer(mei), conversation, words("Not sure", "n"), AT + 2 * MINUTE, note=True)
        assert await reads.unanswered(conn, merchant) == 1
        await actions.answer(conn, writer(mei), conversation, words("It is"), AT + 5 * MINUTE)
        await actions.answer(conn, writer(mei), conversation, words("Quite"), AT + 6 * MINUTE)
        known = await reads.conversation(conn, conversation)
        assert (known.state, known.waiting_since, known.assignee_id) == (ConversationState.OPEN, None, mei.id)
        assert await reads.response_times(conn, merchant, AT + timedelta(hours=1)) == ResponseTimes(1, 300)
        assert await reads.response_times(conn, merchant, AT + timedelta(days=40)) == ResponseTimes(0, None)
    shopper = [("shopper", "Is it warm?"), ("shopper", "Anybody?"), ("staff", "It is"), ("staff", "Quite")]
    assert await thread_of(db, conversation) == shopper
    assert ("note", "Not sure") in await thread_of(db, conversation, notes=True)


async def test_another_merchants_staff_reach_nothing(db):
    async with db.transaction() as conn:
        _, _, _, conversation = await started(conn)
        other, _ = await an_account(conn, "rival")
    async with db.confined(other) as conn:
        assert await reads.conversation(conn, conversation) is None
        assert (await reads.messages(conn, conversation, None, 9, notes=True)).rows == []
        for change in (actions.close(conn, conversation), actions.assign(conn, conversation, None)):
            with pytest.raises(NoSuchConversation):
                await change
        with pytest.raises(NoSuchConversation):
            await actions.answer(conn, writer(clerk(other)), conversation, words("Mine now"), AT)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(other) as conn:
            await conn.execute("DELETE FROM message")


async def test_another_shopper_reaches_nothing(db):
    async with db.transaction() as conn:
        _, account, visit, conversation = await started(conn)
        other = await a_visitor(conn)
        assert await reads.own_conversation(conn, other, account) is None
        assert (await reads.own_conversations(conn, other, "en", None, 9)).rows == []
        await actions.read_as_shopper(conn, other, conversation, new_id())
        assert (await reads.own_conversation(conn, visit, account)).shopper_read_id < new_id()


async def test_reading_is_seen_by_the_other_side(db):
    async with db.transaction() as conn:
        merchant, account, visit, conversation = await started(conn)
        known = await reads.conversation(conn, conversation)
        assert known.new_for_staff
        await actions.read_as_staff(conn, conversation, known.last_id)
        await actions.answer(conn, writer(clerk(merchant)), conversation, words("Yes"), AT + MINUTE)
        known = await reads.own_conversation(conn, visit, account)
        assert (known.new_for_staff, known.new_for_shopper) == (False, True)
        await actions.read_as_shopper(conn, visit, conversation, known.last_id)
        assert not (await reads.own_conversation(conn, visit, account)).new_for_shopper


async def test_a_closed_conversation_opens_with_the_next_message(db):
    async with db.transaction() as conn:
        merchant, account, visit, conversation = await started(conn)
        await actions.close(conn, conversation)
        assert await reads.unanswered(conn, merchant) == 0
        await actions.write(conn, visit, "", account, words("And blue?"), AT + MINUTE)
        known = await reads.conversation(conn, conversation)
    assert (known.state, known.waiting_since) == (ConversationState.WAITING, AT + MINUTE)


async def test_filters_and_search(db):
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        mei, found = clerk(merchant), []
        for text in ("Is it warm?", "100% silk_", "Thanks"):
            visit = await a_visitor(conn)
            found.append((await actions.write(conn, visit, "Lin", account, words(text), AT)).conversation_id)
        await actions.assign(conn, found[0], mei.id)
        await actions.answer(conn, writer(mei), found[1], words("Pure"), AT)
        await actions.close(conn, found[2])

        async def listed(view: ConversationView, text: str = ""):
            wanted = ConversationFilter(view, mei.id, text)
            return [one.id for one in (await reads.merchant_conversations(conn, merchant, wanted, None, 9)).rows]

        assert await listed(ConversationView.UNANSWERED) == [found[0]]
        assert await listed(ConversationView.MINE) == [found[1], found[0]]
        assert await listed(ConversationView.UNASSIGNED) == []
        assert await listed(ConversationView.OPEN) == [found[1], found[0]]
        assert await listed(ConversationView.CLOSED) == [found[2]]
        assert await listed(ConversationView.OPEN, "0% silk_") == [found[1]]
        assert await listed(ConversationView.OPEN, "lin") == [found[1], found[0]]
        assert await listed(ConversationView.OPEN, "0_ silk%") == []


async def test_signing_in_takes_the_conversation_along(db):
    async with db.transaction() as conn:
        _, account, visitor, conversation = await started(conn)
        member = await signed_in(conn, visitor)
        await actions.merge_conversations(conn, visitor.visitor_id, member.member_id)
        await actions.merge_conversations(conn, visitor.visitor_id, member.member_id)
        elsewhere = Visit(new_id(), new_id(), member.member_id, "en")
        assert (await reads.own_conversation(conn, elsewhere, account)).id == conversation
        assert await reads.own_conversation(conn, visitor, account) is None


async def test_signing_in_joins_two_conversations_with_one_store(db):
    async with db.transaction() as conn:
        merchant, account, visitor, old = await started(conn, text="As a visitor")
        member = await signed_in(conn, await a_visitor(conn))
        kept = (await actions.write(conn, member, "Lin", account, words("As Lin"), AT + MINUTE)).conversation_id
        await actions.answer(conn, writer(clerk(merchant)), kept, words("Hello Lin"), AT + 2 * MINUTE)
        await actions.merge_conversations(conn, visitor.visitor_id, member.member_id)
        known = await reads.own_conversation(conn, member, account)
        assert (known.id, known.state, known.waiting_since) == (kept, ConversationState.WAITING, AT)
        assert await reads.conversation(conn, old) is None
    assert [text for _, text in await thread_of(db, kept)] == ["As a visitor", "As Lin", "Hello Lin"]


async def test_who_blocked_or_is_blocked_does_not_write(db):
    async with db.transaction() as conn:
        merchant, account, visit, conversation = await started(conn)
        mei = clerk(merchant)
    async with db.confined(merchant) as conn:
        await actions.block_writer(conn, rules.answering_actor(mei), conversation)
    async with db.transaction() as conn:
        with pytest.raises(MayNotWrite):
            await actions.write(conn, visit, "", account, words("Again"), AT)
    async with db.confined(merchant) as conn:
        await actions.block_writer(conn, rules.answering_actor(mei), conversation, undo=True)
    async with db.transaction() as conn:
        await actions.write(conn, visit, "", account, words("Again"), AT)
        await block(conn, visit, account)
    async with db.confined(merchant) as conn:
        with pytest.raises(MayNotWrite):
            await actions.answer(conn, writer(mei), conversation, words("Wait"), AT)
    assert [text for _, text in await thread_of(db, conversation)] == ["Is it warm?", "Again"]


async def test_members_write_to_a_members_account_and_its_owner_is_told_and_answers(db):
    async with db.transaction() as conn:
        lin, account = await a_members_account(conn, "lin")
        ann = await signed_in(conn, await a_visitor(conn))
        owner = Visit(new_id(), new_id(), lin.owner.member_id, "en")
        for visit, error in ((await a_visitor(conn), SignInNeeded), (owner, MayNotWrite)):
            with pytest.raises(error):
                await actions.write(conn, visit, "", account, words("Hi"), AT)
        assert await conn.fetchval("SELECT count(*) FROM conversation") == 0
        sent = await actions.write(conn, ann, "Ann", account, words("Where is this?"), AT)
        for _ in range(2):
            await tell_of_messages(conn, [sent.message_id])
            await mail_of_messages(conn, [sent.message_id])
        told = await conn.fetch("SELECT person_id, kind, link FROM notification")
        assert [tuple(one) for one in told] == [
            (owner.member_id, "message", f"/me/studio/messages/{sent.conversation_id}")
        ]
        assert await conn.fetchval("SELECT count(*) FROM mail") == 0
        assert await reads.members_conversation(conn, ann.member_id, sent.conversation_id) is None
        [mine] = (await reads.members_conversations(conn, owner.member_id, None, 9)).rows
        assert (mine.conversation.id, mine.conversation.new_for_staff, mine.account_name) == (
            sent.conversation_id,
            True,
            "Lin",
        )
        await actions.answer(conn, Writer(None, "Lin"), sent.conversation_id, words("In Anji"), AT)
        await actions.block_writer(conn, lin, sent.conversation_id)
        with pytest.raises(MayNotWrite):
            await actions.write(conn, ann, "Ann", account, words("And you?"), AT)
    assert await thread_of(db, sent.conversation_id) == [("shopper", "Where is this?"), ("staff", "In Anji")]


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("body", MessageDraft("k")),
        ("body", MessageDraft("k", " \n\u200b ")),
        ("body", MessageDraft("k", "x" * 2001)),
        ("body", MessageDraft("k", "x" * 100_000)),
        ("key", MessageDraft("", "Hi")),
        ("key", MessageDraft("k" * 200, "Hi")),
    ],
)
def test_a_wrong_message_names_its_field(field, draft):
    with pytest.raises(Invalid) as error:
        rules.tidy(draft)
    assert list(error.value.by_field()) == [field]


# --- who is told ------------------------------------------------------------------------------------------------------


async def test_an_answer_is_told_where_nobody_has_seen_it(db):
    async with db.transaction() as conn:
        merchant, account, visit, conversation = await started(conn)
        first = await actions.answer(conn, writer(clerk(merchant)), conversation, words("One"), AT)
        second = await actions.answer(conn, writer(clerk(merchant)), conversation, words("Two {x}"), AT + MINUTE)
        await tell_of_messages(conn, [first.message_id, second.message_id])
        assert await unread(conn, visit) == 1  # of one conversation once
        text = await conn.fetchrow("SELECT text, facts, link FROM notification")
        assert text["text"].format(**text["facts"]).endswith(": Two {x}")
        known = await reads.own_conversation(conn, visit, account)
        await conn.execute("DELETE FROM notification")
        await actions.read_as_shopper(conn, visit, conversation, known.last_id)
        await tell_of_messages(conn, [first.message_id, second.message_id])
        assert await unread(conn, visit) == 0


async def test_staff_who_have_the_conversation_are_pushed_to_else_all(db):
    async with db.transaction() as conn:
        merchant, _, _, conversation = await started(conn)
        people = [new_id(), new_id()]
        for n, person in enumerate(people):
            await conn.execute(
                "INSERT INTO staff (id, merchant_id, email, name, password_hash, role)"
                " VALUES ($1, $2, $3, 'Mei', '', 'owner')",
                person,
                merchant,
                f"{n}@tea.example",
            )
        [message] = (await reads.messages(conn, conversation, None, 1)).rows
        count = "SELECT payload FROM pgqueuer WHERE entrypoint = 'messages.push-staff' ORDER BY id DESC LIMIT 1"
        await tell_of_messages(conn, [message.id])
        payload = await conn.fetchval(count)
        assert [str(person).encode() in payload for person in people] == [True, True]
        await actions.assign(conn, conversation, people[1])
        await tell_of_messages(conn, [message.id])
        payload = await conn.fetchval(count)
        assert (str(people[0]).encode() in payload, str(people[1]).encode() in payload) == (False, True)


# --- rules ------------------------------------------------------------------------------------------------------------


def test_a_quick_reply_is_filled_in_and_leaves_other_braces():
    filled = rules.filled(
        "Hello {name}, {order} of {store} {x} {0}", {"name": "{order}", "store": "Tea", "order": "A-1"}
    )
    assert filled == "Hello order, A-1 of Tea {x} {0}"


def test_a_store_answers_on_its_own_clock():
    hours = AnsweringHours("Mo-Fr 09:00-18:00")
    assert rules.answers_now(hours, "Asia/Shanghai", datetime(2026, 11, 24, 1, 0, tzinfo=UTC))  # 09:00 on a Tuesday
    assert not rules.answers_now(hours, "Asia/Shanghai", datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    assert rules.answers_now(hours, "Europe/Berlin", datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    assert rules.answers_now(AnsweringHours(), "Asia/Shanghai", AT)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (ResponseTimes(5, 600), "Usually answers within 10 minutes"),
        (ResponseTimes(5, 601), "Usually answers within an hour"),
        (ResponseTimes(5, 3601), None),
        (ResponseTimes(4, 10), None),
        (ResponseTimes(0, None), None),
    ],
)
def test_only_good_times_are_told_to_shoppers(times, said):
    assert rules.praise(times) == said


async def test_what_staff_keep_for_answering(db):
    async with db.transaction() as conn:
        merchant, _ = await an_account(conn, "tea")
    async with db.confined(merchant) as conn:
        reply = QuickReply(new_id(), " Thanks ", "Thank you, {name}!")
        await answering.save_quick_reply(conn, merchant, reply)
        await answering.save_quick_reply(conn, merchant, reply)
        assert [one.title for one in await reads.quick_replies(conn, merchant)] == ["Thanks"]
        await answering.save_answering_hours(conn, merchant, AnsweringHours("Mo-Su 10:00-22:00", "Back soon"))
        assert (await reads.answering_hours(conn, merchant)).away_text == "Back soon"
        with pytest.raises(Invalid) as error:
            await answering.save_answering_hours(conn, merchant, AnsweringHours("whenever", "x" * 600))
        assert set(error.value.by_field()) == {"opening_hours", "away_text"}
        with pytest.raises(Invalid) as error:
            await answering.save_quick_reply(conn, merchant, QuickReply(new_id(), "", "x" * 3000))
        assert set(error.value.by_field()) == {"title", "body"}
        await answering.remove_quick_reply(conn, reply.id)
        assert await reads.quick_replies(conn, merchant) == []


async def test_the_picture_of_a_message_is_blocked(db: Database) -> None:
    async with db.transaction() as conn:
        _, account = await an_account(conn, "tea")
        draft = MessageDraft("one", "Look", Image("ab/rude.webp", "", 8, 8))
        sent = await actions.write(conn, await a_visitor(conn), "", account, draft, AT)
        await media.remember_looks(conn, "ab/rude.webp", [0x4321], "pictures")
        subject = Subject(SubjectKind.MESSAGE, sent.message_id)
        report = ReportDraft(ReportReason.SEXUAL)
        await moderation.report(conn, await a_visitor(conn), Reported(subject, None, "Look"), report, AT)
        [case] = await queue(conn, operator("root"), None, 9)
        assert await moderate.pictures_of(conn, subject) == ["ab/rude.webp"]
    await moderate.decide(db, operator("root"), [case.case.id], Verdict(Action.BLOCK, ReportReason.SEXUAL), AT)
    async with db.read() as conn:
        assert [one["look"] for one in await conn.fetch("SELECT look FROM blocked_look")] == [0x4321]
        assert await conn.fetchval("SELECT excerpt FROM conversation") == rules.HIDDEN_EXCERPT
