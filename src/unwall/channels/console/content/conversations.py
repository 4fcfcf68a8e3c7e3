"""Conversations with shoppers: answering, notes, handing over, closing, and what is done against abuse."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect, ServerSentEvent

from unwall.channels.console.content.conversation_views import (
    PATH,
    known_conversation,
    list_page,
    name_of,
    reply_view,
    thread_view,
    who_answers,
)
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm, form_of
from unwall.channels.design.values import Option
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.report_words import REASONS
from unwall.channels.http.routes import FormData
from unwall.channels.http.streams import news_events
from unwall.commerce.orders import reads as orders
from unwall.content.conversations import actions, reads, rules
from unwall.content.conversations.actions import store_topic
from unwall.content.conversations.values import (
    Author,
    Conversation,
    MayNotWrite,
    Message,
    MessageDraft,
    Writer,
)
from unwall.content.moderation.rules import MAX_REPORT_CHARACTERS
from unwall.content.moderation.values import ReportDraft, Reported, ReportReason, Subject, SubjectKind
from unwall.journal.values import Visit
from unwall.kernel.errors import Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.people.values import Permission
from unwall.usecases import moderate
from unwall.usecases.block_person import block_writer


@get(PATH, permission=Permission.CONVERSE, include_in_schema=False)
async def conversations(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx, None)


@get(f"{PATH}/{{conversation_id:uuid}}", permission=Permission.CONVERSE, include_in_schema=False)
async def conversation(ctx: ConsoleContext, conversation_id: UUID) -> Response[str]:
    """Who has it before them has read it."""
    return await _page(ctx, conversation_id)


@get("/console/events", permission=Permission.CONVERSE, include_in_schema=False)
async def events(ctx: ConsoleContext) -> ServerSentEvent:
    """An event each time somebody writes, reads or hands over at this store."""
    news = ctx.services.news
    return ServerSentEvent(news_events(news, store_topic(ctx.merchant_id), news.place(f"staff {ctx.staff.id}")))


async def _page(
    ctx: ConsoleContext, conversation_id: UUID | None, *, error: UnwallError | None = None, kept: str = ""
) -> Response[str]:
    async with ctx.confined() as conn:
        names = await who_answers(conn, ctx)
        known = await known_conversation(conn, conversation_id) if conversation_id else None
        thread = await thread_view(conn, ctx, known, names, error=error, kept=kept) if known else None
        shown = await list_page(conn, ctx, thread, names)
    return ctx.page(shown, error)


@post(
    f"{PATH}/{{conversation_id:uuid}}",
    permission=Permission.CONVERSE,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def answer(ctx: ConsoleContext, conversation_id: UUID) -> Response[Any]:
    """`do`: answer, note, or reply:ID, which puts a quick reply into the form for who has no script."""
    form = await form_of(ctx.request)
    doing, _, which = form.text("do").partition(":")
    async with ctx.confined() as conn:
        known = await known_conversation(conn, conversation_id)
    if doing == "reply":
        return await _page(ctx, conversation_id, kept=await _filled(ctx, known, which))
    try:
        await _answer(ctx, form, conversation_id, note=doing == "note")
    except (Invalid, MayNotWrite) as error:
        if ctx.by_htmx:
            raise
        return await _page(ctx, conversation_id, error=error, kept=form.text("body"))
    if ctx.by_htmx:
        return await _page(ctx, conversation_id)
    return see_other(f"{PATH}/{conversation_id}#write")


async def _filled(ctx: ConsoleContext, known: Conversation, which: str) -> str:
    async with ctx.confined() as conn:
        replies = await reads.quick_replies(conn, ctx.merchant_id)
        bought = await orders.orders_of_person(conn, ctx.merchant_id, known.person_id, 1, ctx.lang)
    chosen = next((one for one in replies if str(one.id) == which), None)
    return reply_view(ctx, chosen, known, bought).body if chosen else ""


async def _answer(ctx: ConsoleContext, form: SubmittedForm, conversation_id: UUID, *, note: bool) -> None:
    rules.tidy(MessageDraft(form.text("key"), form.text("body") or ("x" if form.uploads else "")))
    picture = None
    if form.uploads:
        picture = await picture_uploads.keep(ctx.services.db, ctx.services.files, form.uploads[0].file, field="picture")
    async with ctx.confined() as conn:
        draft = MessageDraft(form.text("key"), form.text("body"), picture)
        await actions.answer(conn, Writer(ctx.staff.id, ctx.staff.name), conversation_id, draft, ctx.now, note=note)


@post(
    f"{PATH}/{{conversation_id:uuid}}/assign", permission=Permission.CONVERSE, include_in_schema=False, status_code=303
)
async def assign(ctx: ConsoleContext, conversation_id: UUID, data: FormData) -> Redirect:
    """To somebody who may answer, or to nobody."""
    staff_id = parse_id(data.get("staff", "")) if data.get("staff") else None
    async with ctx.confined() as conn:
        if data.get("staff") and staff_id not in await who_answers(conn, ctx):
            raise Invalid.one("staff", N_("Choose somebody who may answer."))
        await actions.assign(conn, conversation_id, staff_id)
    return see_other(f"{PATH}/{conversation_id}")


@post(
    f"{PATH}/{{conversation_id:uuid}}/close", permission=Permission.CONVERSE, include_in_schema=False, status_code=303
)
async def close(ctx: ConsoleContext, conversation_id: UUID, data: FormData) -> Redirect:
    """`undo`: open it again."""
    async with ctx.confined() as conn:
        change = actions.reopen if data.get("undo") else actions.close
        await change(conn, conversation_id)
    if not data.get("undo"):
        ctx.flash(ctx.words(N_("The conversation is closed.")), f"{PATH}/{conversation_id}/close", {"undo": "1"})
    return see_other(f"{PATH}/{conversation_id}")


@post(
    f"{PATH}/{{conversation_id:uuid}}/block", permission=Permission.CONVERSE, include_in_schema=False, status_code=303
)
async def block(ctx: ConsoleContext, conversation_id: UUID, data: FormData) -> Redirect:
    """The person cannot write to this account any more, and their comments are hidden. `undo` takes it back."""
    undo = bool(data.get("undo"))
    await block_writer(ctx.services.db, rules.answering_actor(ctx.staff), conversation_id, undo=undo)
    if not undo:
        said = ctx.words(N_("This person cannot write to you any more."))
        ctx.flash(said, f"{PATH}/{conversation_id}/block", {"undo": "1"})
    return see_other(f"{PATH}/{conversation_id}")


# --- reporting --------------------------------------------------------------------------------------------------------


class ReportedMessagePage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/report_message.html"

    url: str
    said: str
    by: str
    message_id: str
    reasons: list[Option]
    chosen: str
    words: str
    max_characters: int
    errors: FieldTexts


@get(f"{PATH}/{{conversation_id:uuid}}/report", permission=Permission.CONVERSE, include_in_schema=False)
async def ask_for_report(ctx: ConsoleContext, conversation_id: UUID) -> Response[str]:
    """Of the shopper's message `message`, or of the last one."""
    known, message = await _reported(ctx, conversation_id, ctx.query.get("message", ""))
    return _report_page(ctx, known, message, {}, None)


def _report_page(
    ctx: ConsoleContext, known: Conversation, message: Message, data: dict[str, str], error: Invalid | TooMany | None
) -> Response[str]:
    page = ReportedMessagePage(
        title=ctx.words(N_("Report a message")),
        url=f"{PATH}/{known.id}",
        said=message.body or ctx.words(N_("A picture")),
        by=name_of(ctx, known),
        message_id=str(message.id),
        reasons=[Option(reason.value, ctx.words(label)) for reason, label in REASONS.items()],
        chosen=data.get("reason", ""),
        words=data.get("words", ""),
        max_characters=MAX_REPORT_CHARACTERS,
        errors=ctx.field_errors(error),
    )
    return ctx.page(page, error)


@post(
    f"{PATH}/{{conversation_id:uuid}}/report", permission=Permission.CONVERSE, include_in_schema=False, status_code=303
)
async def report(ctx: ConsoleContext, conversation_id: UUID, data: FormData) -> Response[Any]:
    """The install's moderators decide: neither side does. `block`: the person cannot write any more either."""
    known, message = await _reported(ctx, conversation_id, data.get("message", ""))
    reason, reporter = data.get("reason", ""), Visit(ctx.staff.id, ctx.staff.id, None, ctx.lang)
    try:
        if reason not in set(ReportReason):
            raise Invalid.one("reason", N_("Choose a reason."))
        reported = Reported(Subject(SubjectKind.MESSAGE, message.id), None, message.body)
        draft = ReportDraft(ReportReason(reason), data.get("words", ""))
        await moderate.report(ctx.services.db, reporter, reported, draft, ctx.now)
    except (Invalid, TooMany) as error:
        return _report_page(ctx, known, message, data, error)
    if data.get("block"):
        await block_writer(ctx.services.db, rules.answering_actor(ctx.staff), conversation_id)
    ctx.flash(ctx.words(N_("Thank you. A moderator looks at it.")))
    return see_other(f"{PATH}/{conversation_id}")


async def _reported(ctx: ConsoleContext, conversation_id: UUID, message: str) -> tuple[Conversation, Message]:
    """The shopper's last message where none is named."""
    async with ctx.confined() as conn:
        known = await known_conversation(conn, conversation_id)
        message_id = known_id(message) if message else known.last_shopper_id
        said = await reads.message(conn, known.id, message_id) if message_id else None
    if said is None or said.author is not Author.SHOPPER:
        raise NotFound(N_("There is no such message."))
    return known, said


HANDLERS: list[Any] = [conversations, conversation, events, answer, assign, close, block, ask_for_report, report]
