"""A few conversations of the demo's shoppers with its stores, the newest of them unanswered."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from unwall.content.conversations.rules import excerpt
from unwall.content.conversations.values import Author, ConversationState
from unwall.intake.dataset.records.conversations import (
    AnsweringHoursRecord,
    ConversationRecord,
    MessageRecord,
    QuickReplyRecord,
)
from unwall.kernel.ids import derived_id, id_at
from unwall_demo.records import SHOPPERS, Papers
from unwall_demo.registry import known, time_of


class Line(NamedTuple):
    """`minutes`: after the line before it."""

    author: Author
    text: str
    minutes: int = 0


class Talk(NamedTuple):
    """`shopper` is one of those whom visitors of the demo can be, by number; `hours_ago` is its first line."""

    merchant: int
    shopper: int
    hours_ago: int
    lines: Sequence[Line]


_S, _A = Author.SHOPPER, Author.STAFF
TALKS = (
    Talk(
        0,
        0,
        50,
        (
            Line(_S, "The linen dress: does it shrink when it is washed?"),
            Line(_A, "Hardly. It was washed before it was cut. 30 degrees, and hang it while it is wet.", 6),
            Line(_S, "Wonderful, thank you.", 2),
            Line(_A, "You are welcome. Enjoy it!", 1),
        ),
    ),
    Talk(
        1,
        0,
        26,
        (
            Line(_S, "How long does Longjing keep once the tin is open?"),
            Line(_A, "Six weeks if it is cool and dark. In the fridge, well closed, it keeps a whole summer.", 9),
        ),
    ),
    Talk(1, 1, 3, (Line(_S, "雪这么大，春茶会晚吗？"), Line(_A, "会晚一周左右，但叶子会更甜。", 4))),
    Talk(0, 1, 1, (Line(_S, "Can I collect at the shop what I ordered by post?"),)),
    Talk(2, 1, 5, (Line(_S, "Is the cream all right for a child?"), Line(_A, "From three years on, yes.", 8))),
)
REPLIES = (
    ("Thanks", "Thank you, {name}! If anything else comes up, write to us."),
    ("Order", "Your order {order} is with us; you see each step on its page."),
)
HOURS = "Mo-Su 09:00-21:00"
AWAY = "We are asleep, and answer from nine in the morning."


class Written(NamedTuple):
    conversations: list[ConversationRecord]
    messages: list[MessageRecord]


def talks(papers: Papers) -> Written:
    written = Written([], [])
    for number, talk in enumerate(TALKS):
        messages = list(_messages(papers, number, talk))
        written.messages.extend(messages)
        written.conversations.append(_conversation(papers, talk, messages))
    return written


def _member(papers: Papers, talk: Talk) -> tuple[UUID, str]:
    number = list(SHOPPERS)[talk.shopper]
    return known(papers.registry.members[number]), papers.names[number]


def _messages(papers: Papers, number: int, talk: Talk) -> Iterator[MessageRecord]:
    merchant = papers.stage.market.merchants[talk.merchant]
    email = f"owner@{merchant.slug}.example"
    at = time_of(papers.stage.now) - timedelta(hours=talk.hours_ago)
    for n, line in enumerate(talk.lines):
        at += timedelta(minutes=line.minutes)
        staff = line.author is Author.STAFF
        yield MessageRecord(
            id=id_at(at, number * 100 + n),
            conversation_id=derived_id("demo", "conversation", number),
            merchant_id=known(papers.registry.merchants[talk.merchant]),
            author=line.author,
            staff_id=derived_id("demo", "staff", email) if staff else None,
            staff_name=f"{merchant.name} Owner" if staff else "",
            key=f"demo-{n}",
            body=line.text,
            waited_seconds=line.minutes * 60 if staff and talk.lines[n - 1].author is Author.SHOPPER else None,
            created_at=at,
        )


def _conversation(papers: Papers, talk: Talk, messages: Sequence[MessageRecord]) -> ConversationRecord:
    first, last = messages[0], messages[-1]
    mine = [one.id for one in messages if one.author is Author.SHOPPER]
    theirs = [one for one in messages if one.author is Author.STAFF]
    person_id, name = _member(papers, talk)
    waits = last.author is Author.SHOPPER
    return ConversationRecord(
        id=first.conversation_id,
        merchant_id=first.merchant_id,
        account_id=known(papers.registry.accounts[talk.merchant]),
        person_id=person_id,
        name=name,
        state=ConversationState.WAITING if waits else ConversationState.OPEN,
        assignee_id=theirs[0].staff_id if theirs else None,
        excerpt=excerpt(last.body),
        waiting_since=last.created_at if waits else None,
        last_id=last.id,
        last_at=last.created_at,
        last_shopper_id=mine[-1],
        last_staff_id=theirs[-1].id if theirs else None,
        shopper_read_id=last.id,
        staff_read_id=theirs[-1].id if theirs else None,
        created_at=first.created_at,
    )


def quick_replies(papers: Papers) -> Iterator[QuickReplyRecord]:
    since = time_of(papers.stage.start)
    for n, _ in enumerate(papers.stage.market.merchants):
        merchant_id = known(papers.registry.merchants[n])
        for title, body in REPLIES:
            reply_id = derived_id("demo", "quick-reply", n, title)
            yield QuickReplyRecord(id=reply_id, merchant_id=merchant_id, title=title, body=body, created_at=since)


def answering_hours(papers: Papers) -> Iterator[AnsweringHoursRecord]:
    for n, _ in enumerate(papers.stage.market.merchants):
        merchant_id = known(papers.registry.merchants[n])
        yield AnsweringHoursRecord(merchant_id=merchant_id, opening_hours=HOURS, away_text=AWAY)
