"""The pages of conversations with shoppers: the list, one of them, and what its shopper bought and asks about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from unwall.catalogue.reads import cards as product_cards
from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Option, Tab
from unwall.channels.http.page_context import FieldTexts
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.talks import AboutView, MessageView, ThreadReader, message_views
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.progress import stage
from unwall.commerce.orders.values import OrderRow
from unwall.content.conversations import actions, reads, rules
from unwall.content.conversations.values import (
    Author,
    Conversation,
    ConversationFilter,
    ConversationState,
    ConversationView,
    Message,
    NoSuchConversation,
    QuickReply,
    ResponseTimes,
)
from unwall.content.moderation.reads import visibilities
from unwall.content.moderation.values import SubjectKind, Visibility
from unwall.content.posts.reads import posts
from unwall.kernel.database import Connection
from unwall.kernel.errors import UnwallError
from unwall.kernel.money import Money
from unwall.kernel.text import N_, locale_of
from unwall.people.reads import staff_list
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Permission, Staff

PATH = "/console/conversations"
ROWS, MESSAGES, ORDERS = 30, 60, 4
VIEWS = (
    (ConversationView.UNANSWERED, N_("Unanswered")),
    (ConversationView.MINE, N_("Mine")),
    (ConversationView.UNASSIGNED, N_("Unassigned")),
    (ConversationView.OPEN, N_("Open")),
    (ConversationView.CLOSED, N_("Closed")),
)
STATES = {
    ConversationState.WAITING: N_("Waits for an answer"),
    ConversationState.OPEN: N_("Answered"),
    ConversationState.CLOSED: N_("Closed"),
}


class ConversationLine(msgspec.Struct, frozen=True):
    url: str
    name: str
    excerpt: str
    ago: str
    waiting: bool
    new: bool
    chosen: bool
    assignee: str


class OrderCard(msgspec.Struct, frozen=True):
    url: str | None
    number: str
    state: str
    total: str
    placed: str
    pictures: list[str]


class SavedReplyView(msgspec.Struct, frozen=True):
    id: str
    title: str
    body: str
    """filled in"""


class ThreadView(msgspec.Struct, frozen=True):
    id: str
    url: str
    name: str
    state: str
    closed: bool
    waiting: str | None
    messages: list[MessageView]
    older_url: str | None
    assignee: str
    staff: list[Option]
    replies: list[SavedReplyView]
    asked: list[AboutView]
    orders: list[OrderCard]
    member: bool
    kept: str = ""
    problem: str | None = None
    errors: FieldTexts = FieldTexts()


class InboxPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/conversations.html"

    thread: ThreadView | None
    tabs: list[Tab]
    query: str
    rows: list[ConversationLine]
    next_url: str | None
    here: str
    """of the list, with its filter"""
    median: str
    answers: str


async def known_conversation(conn: Connection, conversation_id: UUID) -> Conversation:
    known = await reads.conversation(conn, conversation_id)
    if known is None:
        raise NoSuchConversation(actions.NO_SUCH_CONVERSATION)
    return known


async def who_answers(conn: Connection, ctx: ConsoleContext) -> dict[UUID, Staff]:
    """By id: those of the staff whose role permits it."""
    members = await staff_list(conn, ctx.merchant_id)
    return {one.id: one for one in members if one.active and Permission.CONVERSE in ROLE_PERMISSIONS[one.role]}


async def list_page(
    conn: Connection, ctx: ConsoleContext, thread: ThreadView | None, names: dict[UUID, Staff]
) -> InboxPage:
    asked, words = ctx.query.get("view", ""), ctx.query.get("q", "")
    view = ConversationView(asked) if asked in set(ConversationView) else ConversationView.OPEN
    wanted = ConversationFilter(view, ctx.staff.id, words[:100])
    page = await reads.merchant_conversations(conn, ctx.merchant_id, wanted, ctx.query.get("after"), ROWS)
    times = await reads.response_times(conn, ctx.merchant_id, ctx.now)
    waiting = await reads.unanswered(conn, ctx.merchant_id)
    query = {"view": view.value, "q": words}
    return InboxPage(
        title=thread.name if thread else ctx.words(N_("Conversations")),
        thread=thread,
        tabs=[
            Tab(listing.address(PATH, view=value, q=words), _tab(ctx, value, label, waiting), value is view)
            for value, label in VIEWS
        ],
        query=words,
        rows=[_line(ctx, one, thread, names, query) for one in page.rows],
        next_url=listing.address(PATH, after=page.after, **query) if page.after else None,
        here=listing.address(PATH, **query),
        median=_median(ctx, times),
        answers=ctx.count(
            "{n} answer in {days} days", "{n} answers in {days} days", times.answers, days=rules.MEASURED.days
        ),
    )


def _tab(ctx: ConsoleContext, view: ConversationView, label: str, waiting: int) -> str:
    words = ctx.words(label)
    return f"{words} {waiting}" if view is ConversationView.UNANSWERED and waiting else words


def _median(ctx: ConsoleContext, times: ResponseTimes) -> str:
    if times.median_seconds is None:
        return "–"
    minutes = max(1, round(times.median_seconds / 60))
    if minutes < 120:
        return ctx.count("{n} minute", "{n} minutes", minutes)
    return ctx.count("{n} hour", "{n} hours", round(minutes / 60))


def name_of(ctx: ConsoleContext, one: Conversation) -> str:
    return one.name or ctx.words(N_("A visitor"))


def _line(
    ctx: ConsoleContext, one: Conversation, thread: ThreadView | None, names: dict[UUID, Staff], query: dict[str, str]
) -> ConversationLine:
    assignee = names.get(one.assignee_id) if one.assignee_id else None
    return ConversationLine(
        url=listing.address(f"{PATH}/{one.id}", **query),
        name=name_of(ctx, one),
        excerpt=one.excerpt or ctx.words(N_("A picture")),
        ago=views.ago(ctx, one.last_at),
        waiting=one.state is ConversationState.WAITING,
        new=one.new_for_staff,
        chosen=thread is not None and thread.id == str(one.id),
        assignee=assignee.name if assignee else "",
    )


# --- one conversation -------------------------------------------------------------------------------------------------


async def thread_view(
    conn: Any,
    ctx: ConsoleContext,
    known: Conversation,
    names: dict[UUID, Staff],
    *,
    error: UnwallError | None,
    kept: str,
) -> ThreadView:
    before = ctx.query.get("before")
    messages = await reads.messages(conn, known.id, before, MESSAGES, notes=True)
    if not before:
        await actions.read_as_staff(conn, known.id, known.last_id)
    abouts = await _abouts(conn, ctx, messages.rows)
    bought = await orders.orders_of_person(conn, ctx.merchant_id, known.person_id, ORDERS, ctx.lang)
    replies = await reads.quick_replies(conn, ctx.merchant_id)
    reader = ThreadReader(
        ctx.lang,
        ctx.merchant.timezone,
        Author.STAFF,
        known.shopper_read_id,
        await _dropped(ctx, messages.rows),
        f"{PATH}/{known.id}/report?message={{message}}",
    )
    latest = [i for m in messages.rows for i in (m.product_id, m.order_id, m.post_id) if i in abouts]
    url = f"{PATH}/{known.id}"
    return ThreadView(
        id=str(known.id),
        url=url,
        name=name_of(ctx, known),
        state=ctx.words(STATES[known.state]),
        closed=known.state is ConversationState.CLOSED,
        waiting=views.ago(ctx, known.waiting_since) if known.waiting_since else None,
        messages=message_views(messages.rows, reader, abouts),
        older_url=listing.address(url, before=messages.after) if messages.after else None,
        assignee=str(known.assignee_id or ""),
        staff=[Option("", ctx.words(N_("Nobody"))), *(Option(str(one.id), one.name) for one in names.values())],
        replies=[reply_view(ctx, one, known, bought) for one in replies],
        asked=[abouts[i] for i in dict.fromkeys(latest)][:3],
        orders=[_order(ctx, one) for one in bought],
        member=bool(known.name),
        kept=kept,
        problem=ctx.problem(error),
        errors=ctx.field_errors(error),
    )


async def _dropped(ctx: ConsoleContext, messages: Sequence[Message]) -> frozenset[UUID]:
    """Those that moderators have removed: the install's, whose cases no store's connection sees."""
    async with ctx.services.db.read() as conn:
        judged = await visibilities(conn, SubjectKind.MESSAGE, [one.id for one in messages])
    return frozenset(one for one, what in judged.items() if what is Visibility.DROP)


def reply_view(ctx: ConsoleContext, one: QuickReply, known: Conversation, bought: Sequence[OrderRow]) -> SavedReplyView:
    facts = {"name": known.name, "store": ctx.merchant.name, "order": bought[0].number if bought else ""}
    return SavedReplyView(str(one.id), one.title, rules.filled(one.body, facts))


def _order(ctx: ConsoleContext, one: OrderRow) -> OrderCard:
    reached = stage(one.state, one.shipment_states)
    return OrderCard(
        url=views.order_url(one.id) if ctx.may(Permission.ORDERS) else None,
        number=one.number,
        state=ctx.words(views.ORDER_STAGES[reached]),
        total=views.money(ctx, one.total),
        placed=views.moment(ctx, one.placed_at),
        pictures=[url for file in one.pictures if (url := thumbnail_url(file))],
    )


async def _abouts(conn: Connection, ctx: ConsoleContext, messages: Sequence[Message]) -> dict[UUID, AboutView]:
    """By the id of product, order or post; what is gone is left out."""
    about_views: dict[UUID, AboutView] = {}
    cards = await product_cards(conn, {m.product_id for m in messages if m.product_id}, ctx.lang)
    for product_id, card in cards.items():
        price = Money(card.price, card.currency).text(locale_of(ctx.lang))
        url = (
            views.product_url(product_id) if ctx.may(Permission.CATALOGUE) else f"/m/{card.merchant_slug}/p/{card.slug}"
        )
        about_views[product_id] = AboutView(
            ctx.words(N_("A product")), card.title, url, thumbnail_url(card.image_file), price
        )
    for head in await orders.order_heads(conn, {m.order_id for m in messages if m.order_id}):
        state = ctx.words(views.ORDER_STATES[head.state])
        about_views[head.id] = AboutView(ctx.words(N_("An order")), head.number, views.order_url(head.id), None, state)
    shown = await posts(conn, {m.post_id for m in messages if m.post_id}, ctx.lang)
    for post_id, one in shown.items():
        image = thumbnail_url(one.media[0].file) if one.media else None
        title = one.title or ctx.words(N_("A post without a title"))
        about_views[post_id] = AboutView(ctx.words(N_("A post")), title, f"/post/{post_id}", image)
    return about_views
