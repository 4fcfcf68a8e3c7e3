"""What follows from facts: who is told of an order's steps, of a message, of a new post."""

from collections.abc import Iterable, Sequence
from urllib.parse import quote
from uuid import UUID

import msgspec

from unwall.catalogue.reads import cards
from unwall.commerce.orders.reads import order_heads
from unwall.commerce.orders.values import OrderHead
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.content.comments.reads import reply_head
from unwall.content.conversations.reads import heads
from unwall.content.conversations.rules import excerpt
from unwall.content.conversations.values import Author, MessageHead
from unwall.content.questions.reads import answer_head
from unwall.content.reviews.reads import review as review_of
from unwall.content.reviews.reads import review_author
from unwall.journal.values import Event, EventKind
from unwall.kernel.clock import now
from unwall.kernel.database import Transaction
from unwall.kernel.ids import derived_id
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.text import N_
from unwall.messages import reads, rules
from unwall.messages.actions import LOOK_SECONDS, notify, push_to_staff
from unwall.messages.announcing import ANNOUNCE, announce
from unwall.messages.mailing import queue_mails
from unwall.messages.values import NewMail, NewNotification, NotificationKind, StaffPush, Topic
from unwall.people.reads import staff_list
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Permission

PAID = N_("{store} has your order {number}.")
READY = N_("Your order {number} from {store} waits for you at {shop}. Bring its code.")
SENT = N_("Your order {number} from {store} has left {shop}.")
COLLECTED = N_("You have collected your order {number} from {store}.")
CANCELLED = N_("Your order {number} from {store} is cancelled. What you paid goes back.")
RETURN_ACCEPTED = N_("{store} takes back what you return of order {number}. See how to bring or send it.")
RETURN_REFUSED = N_("{store} does not take back what you wanted to return of order {number}. See why.")
RETURN_RECEIVED = N_("{shop} has what you return of order {number}.")
RETURN_REFUNDED = N_("{store} has given back your money for what you returned of order {number}.")
HOW_IS_IT = N_("How was what you bought from {store}? Tell others.")
ANSWERED = N_("{store}: {words}")
WRITTEN = N_("{name}: {words}")
WRITTEN_BY_VISITOR = N_("A visitor: {words}")
WAITS = N_("{name} waits for an answer")
A_VISITOR_WAITS = N_("A visitor waits for an answer")
TALK = "messages.talk"
"""The entry point that tells of messages; its payload is their ids."""
ANSWER = "messages.answer"
"""The entry point that tells of answers (`Answered`)."""
TALK_MAIL = "messages.talk-mail"
"""The same by mail, to the staff of a store where nobody has looked."""
ORDER_WORDS = {
    EventKind.PURCHASE: (NotificationKind.ORDER_PAID, PAID),
    EventKind.READY: (NotificationKind.ORDER_READY, READY),
    EventKind.SHIPPED: (NotificationKind.ORDER_SENT, SENT),
    EventKind.PICKUP: (NotificationKind.ORDER_COLLECTED, COLLECTED),
    EventKind.REVIEW_REQUEST: (NotificationKind.REVIEW_REQUEST, HOW_IS_IT),
    EventKind.CANCEL: (NotificationKind.ORDER_CANCELLED, CANCELLED),
    EventKind.RETURN_ACCEPTED: (NotificationKind.RETURN_STEP, RETURN_ACCEPTED),
    EventKind.RETURN_REFUSED: (NotificationKind.RETURN_STEP, RETURN_REFUSED),
    EventKind.RETURN_RECEIVED: (NotificationKind.RETURN_STEP, RETURN_RECEIVED),
    EventKind.RETURN_REFUNDED: (NotificationKind.RETURN_STEP, RETURN_REFUNDED),
}


async def hear(conn: Transaction, events: Sequence[Event]) -> None:
    """Idempotent: what was told is not told again."""
    await notify(conn, await _of_orders(conn, [event for event in events if event.kind in ORDER_WORDS]), now())
    written = [event.id for event in events if event.kind is EventKind.MESSAGE]
    if written:
        await enqueue(conn, _jobs_of_messages(written, [event.id for event in events if _by_shopper(event)]))
    published = [event for event in events if event.kind is EventKind.PUBLISH]
    for event in published:
        if event.post_id and event.account_id:
            await announce(conn, event.post_id, event.account_id, event.at)
    if published:
        await enqueue(conn, [NewJob(ANNOUNCE, b"")])


def _by_shopper(event: Event) -> bool:
    return event.kind is EventKind.MESSAGE and event.visitor_id is not None


def _jobs_of_messages(written: Sequence[UUID], by_shoppers: Sequence[UUID]) -> list[NewJob]:
    jobs = [NewJob(TALK, msgspec.json.encode(written), LOOK_SECONDS)]
    if by_shoppers:
        jobs.append(NewJob(TALK_MAIL, msgspec.json.encode(by_shoppers), rules.MAIL_AFTER_SECONDS))
    return jobs


async def mail_of_messages(conn: Transaction, message_ids: Sequence[UUID]) -> None:
    """To the staff, once for each time that a shopper waits and nobody has looked."""
    for head in await heads(conn, message_ids):
        if head.author is Author.SHOPPER and head.merchant_id and head.first and not head.seen:
            wanted = await reads.wants_mail(conn, await _who_answers(conn, head), Topic.MESSAGES)
            await queue_mails(conn, [_staff_mail(head, staff_id) for staff_id in wanted], now())


def _staff_mail(head: MessageHead, staff_id: UUID) -> NewMail:
    title, text = (WAITS, WRITTEN) if head.name else (A_VISITOR_WAITS, WRITTEN_BY_VISITOR)
    facts = {"name": head.name, "words": excerpt(head.body)}
    link = f"/console/conversations/{head.conversation_id}"
    return NewMail(derived_id(head.id, staff_id), staff_id, Topic.MESSAGES, title, text, facts, link)


async def tell_of_messages(conn: Transaction, message_ids: Sequence[UUID]) -> None:
    """A while after they were written: who has seen them needs no telling."""
    unseen = [head for head in await heads(conn, message_ids) if not head.seen]
    answers = [_answer(head) for head in unseen if head.author is Author.STAFF]
    written = [_written(head, head.owner_id) for head in unseen if head.author is Author.SHOPPER and head.owner_id]
    await notify(conn, [*answers, *written], now())
    for head in unseen:
        if head.author is Author.SHOPPER and head.merchant_id:
            await push_to_staff(conn, await _staff_push(conn, head))


def _answer(head: MessageHead) -> NewNotification:
    text, facts = ANSWERED, {"store": head.account_name, "words": excerpt(head.body)}
    link = f"/me/messages/{quote(head.handle)}"
    return NewNotification(
        head.person_id, NotificationKind.MESSAGE, head.conversation_id, text, facts, link, renews=True
    )


def _written(head: MessageHead, owner_id: UUID) -> NewNotification:
    """To the member whose account was written to."""
    facts = {"name": head.name, "words": excerpt(head.body)}
    link = f"/me/studio/messages/{head.conversation_id}"
    return NewNotification(owner_id, NotificationKind.MESSAGE, head.conversation_id, WRITTEN, facts, link, renews=True)


async def _who_answers(conn: Transaction, head: MessageHead) -> list[UUID]:
    """Who has the conversation; else all who may answer. Of a store's only."""
    assert head.merchant_id is not None
    staff = [
        one.id
        for one in await staff_list(conn, head.merchant_id)
        if one.active and Permission.CONVERSE in ROLE_PERMISSIONS[one.role]
    ]
    return [head.assignee_id] if head.assignee_id in staff and head.assignee_id else staff


async def _staff_push(conn: Transaction, head: MessageHead) -> StaffPush:
    told = await _who_answers(conn, head)
    text = WRITTEN if head.name else WRITTEN_BY_VISITOR
    facts = {"name": head.name, "words": excerpt(head.body)}
    return StaffPush(told, head.conversation_id, text, facts, f"/console/conversations/{head.conversation_id}")


class Answered(msgspec.Struct, frozen=True):
    """What is new: the `answer` to a question, by its id; the store's to a `review`, a reply (`comment`), by theirs."""

    kind: str
    id: UUID


async def answered(conn: Transaction, what: Answered) -> None:
    """Whoever wrote it is told, once, after this transaction."""
    await enqueue(conn, [NewJob(ANSWER, msgspec.json.encode(what))])


async def tell_of_answer(conn: Transaction, what: Answered) -> None:
    """Nobody is told where it was taken back meanwhile, or is not shown."""
    told = await _ANSWERED[what.kind](conn, what.id)
    await notify(conn, [told] if told else [], now())


async def _answered_review(conn: Transaction, review_id: UUID) -> NewNotification | None:
    review = await review_of(conn, review_id)
    author = await review_author(conn, review_id)
    if review is None or author is None or not review.answer:
        return None
    card = (await cards(conn, [review.product_id], "en")).get(review.product_id)
    if card is None:
        return None
    facts = {"store": card.merchant_name, "words": excerpt(review.answer)}
    link = f"/m/{card.merchant_slug}/p/{card.slug}/reviews"
    return NewNotification(author, NotificationKind.ANSWER, review_id, ANSWERED, facts, link)


async def _answered_question(conn: Transaction, answer_id: UUID) -> NewNotification | None:
    head = await answer_head(conn, answer_id)
    card = (await cards(conn, [head.product_id], "en")).get(head.product_id) if head else None
    if head is None or card is None:
        return None
    facts = {"store": head.author, "words": excerpt(head.words)}
    link = f"/m/{card.merchant_slug}/p/{card.slug}/questions"
    return NewNotification(head.asked_by, NotificationKind.ANSWER, answer_id, ANSWERED, facts, link)


async def _replied(conn: Transaction, reply_id: UUID) -> NewNotification | None:
    reply = await reply_head(conn, reply_id)
    if reply is None:
        return None
    facts = {"store": reply.author, "words": excerpt(reply.words)}
    link = f"/post/{reply.post_id}/comments"
    return NewNotification(reply.asked_by, NotificationKind.ANSWER, reply_id, ANSWERED, facts, link)


_ANSWERED = {"review": _answered_review, "answer": _answered_question, "comment": _replied}


async def _of_orders(conn: Transaction, events: Sequence[Event]) -> list[NewNotification]:
    if not events:
        return []
    heads = {head.id: head for head in await order_heads(conn, _ids(event.order_id for event in events))}
    nodes = await reads.node_names(conn, _ids(event.node_id for event in events))
    return [
        told
        for event in events
        if event.order_id in heads and (told := _told(event, heads[event.order_id], nodes)) is not None
    ]


def _ids(ids: Iterable[UUID | None]) -> list[UUID]:
    return sorted({one for one in ids if one is not None})


_ONCE_AN_ORDER = {EventKind.PURCHASE, EventKind.CANCEL, EventKind.REVIEW_REQUEST}


def _told(event: Event, order: OrderHead, nodes: dict[UUID, str]) -> NewNotification | None:
    """None where it is of no use to the shopper: a packed parcel is one when it leaves."""
    kind, text = ORDER_WORDS[event.kind]
    person_id = order.member_id or order.visitor_id
    if person_id is None or (event.kind is EventKind.READY and order.method is not DeliveryMethod.PICKUP):
        return None
    shop = nodes.get(event.node_id, order.merchant_name) if event.node_id else order.merchant_name
    facts = {"number": order.number, "store": order.merchant_name, "shop": shop}
    subject = order.id if event.kind in _ONCE_AN_ORDER else event.id
    return NewNotification(person_id, kind, subject, text, facts, f"/order/{order.id}")
