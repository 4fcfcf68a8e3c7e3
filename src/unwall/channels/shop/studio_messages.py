"""What others write to a member's accounts, on the phone: the list, one conversation, answering, and what is done
against abuse."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.errors import status_of, words_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, known_id, see_other, with_query
from unwall.channels.http.routes import FormData
from unwall.channels.http.talks import MessageView, ThreadReader, message_views
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.conversation_reports import ReportMessagePage, reason_options, report_message
from unwall.channels.shop.conversation_subjects import about_of, about_views
from unwall.channels.shop.conversations import CONVERSATIONS, MESSAGES, own_zone, stored
from unwall.channels.shop.studio import PATH as STUDIO
from unwall.channels.shop.studio import actor_of
from unwall.content.accounts.reads import blocked_people
from unwall.content.conversations import actions, reads, rules
from unwall.content.conversations.values import (
    AccountConversation,
    Author,
    Conversation,
    ConversationState,
    MayNotWrite,
    Message,
    MessageDraft,
    NoSuchConversation,
    Writer,
)
from unwall.content.moderation.reads import visibilities
from unwall.content.moderation.values import SubjectKind, Visibility
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.text import N_
from unwall.messages.actions import mark_subject_read
from unwall.messages.values import NotificationKind
from unwall.people.attempts import count_attempt
from unwall.usecases.block_person import block_writer

PATH = f"{STUDIO}/messages"
NO_NAME = N_("Somebody who has left")


class ReceivedRow(msgspec.Struct, frozen=True):
    url: str
    name: str
    account: str
    excerpt: str
    ago: str
    new: bool
    waiting: bool


class StudioMessagesPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/studio_messages.html"

    rows: list[ReceivedRow]
    next_url: str | None


class StudioThreadPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/studio_thread.html"

    url: str
    name: str
    account: str
    messages: list[MessageView]
    older_url: str | None
    blocked: bool
    kept: str
    problem: str | None
    errors: FieldTexts


@get(PATH, include_in_schema=False)
async def received(ctx: ShopContext) -> Response[Any]:
    member, limit = ctx.signed_in(), CONVERSATIONS * ctx.pages
    async with ctx.services.db.read() as conn:
        page = await reads.members_conversations(conn, member.id, ctx.query.get("after"), limit)
    return ctx.page(
        StudioMessagesPage(
            title=ctx.words(N_("Messages to your accounts")),
            rows=[_row(ctx, one) for one in page.rows],
            next_url=with_query(PATH, {"after": page.after}) if page.after else None,
        )
    )


def _row(ctx: ShopContext, one: AccountConversation) -> ReceivedRow:
    known = one.conversation
    return ReceivedRow(
        url=f"{PATH}/{known.id}",
        name=known.name or ctx.words(NO_NAME),
        account=one.account_name,
        excerpt=known.excerpt or ctx.words(N_("A picture")),
        ago=formatters(ctx.lang).ago(known.last_at),
        new=known.new_for_staff,
        waiting=known.state is ConversationState.WAITING,
    )


# --- one conversation -------------------------------------------------------------------------------------------------


@get(f"{PATH}/{{conversation_id:uuid}}", include_in_schema=False)
async def conversation(ctx: ShopContext, conversation_id: UUID) -> Response[Any]:
    """Who has it before them has read it."""
    return await _page(ctx, conversation_id)


async def _known(conn: Connection, ctx: ShopContext, conversation_id: UUID) -> AccountConversation:
    known = await reads.members_conversation(conn, ctx.signed_in().id, conversation_id)
    if known is None:
        raise NoSuchConversation(actions.NO_SUCH_CONVERSATION)
    return known


async def _page(
    ctx: ShopContext, conversation_id: UUID, *, error: UnwallError | None = None, kept: str = ""
) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        with_account = await _known(conn, ctx, conversation_id)
        known, before = with_account.conversation, ctx.query.get("before")
        part = await reads.messages(conn, known.id, before, MESSAGES)
        if not before:
            await actions.read_as_staff(conn, known.id, known.last_id)
            await mark_subject_read(conn, ctx.visit, NotificationKind.MESSAGE, known.id, now())
        views = await _views(conn, ctx, known, part.rows)
        blocked = known.person_id in await blocked_people(conn, known.account_id)
    url = f"{PATH}/{known.id}"
    page = StudioThreadPage(
        title=known.name or ctx.words(NO_NAME),
        url=url,
        name=known.name or ctx.words(NO_NAME),
        account=with_account.account_name,
        messages=views,
        older_url=with_query(url, {"before": part.after}) if part.after else None,
        blocked=blocked,
        kept=kept,
        problem=words_of(error, ctx.lang) if error and not isinstance(error, Invalid) else None,
        errors=ctx.field_errors(error),
    )
    return ctx.page(page, status=status_of(error))


async def _views(conn: Connection, ctx: ShopContext, known: Conversation, messages: list[Message]) -> list[MessageView]:
    abouts = await about_views(conn, ctx, [about_of(one) for one in messages])
    seen = await visibilities(conn, SubjectKind.MESSAGE, [one.id for one in messages])
    reader = ThreadReader(
        ctx.lang,
        await own_zone(conn, ctx),
        Author.STAFF,
        known.shopper_read_id,
        frozenset(one for one, what in seen.items() if what is Visibility.DROP),
        f"{PATH}/{known.id}/report?message={{message}}",
    )
    return message_views(messages, reader, abouts)


@post(
    f"{PATH}/{{conversation_id:uuid}}",
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def answer(ctx: ShopContext, conversation_id: UUID) -> Response[Any]:
    form = await ctx.request.form()
    data = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile) and value.filename]
    async with ctx.services.db.read() as conn:
        known = await _known(conn, ctx, conversation_id)
    try:
        await _answer(ctx, known, data, files)
    except (Invalid, TooMany, MayNotWrite) as error:
        if ctx.by_htmx:
            raise
        return await _page(ctx, conversation_id, error=error, kept=data.get("body", ""))
    if ctx.by_htmx:
        return await _page(ctx, conversation_id)
    return see_other(f"{PATH}/{conversation_id}#write")


async def _answer(ctx: ShopContext, known: AccountConversation, data: dict[str, str], files: list[UploadFile]) -> None:
    rules.tidy(MessageDraft(data.get("key", ""), data.get("body", "") or ("x" if files else "")))
    await count_attempt(ctx.services.db, rules.answering_limits(ctx.visit.person_id), now(), rules.TOO_MANY)
    picture = await stored(ctx, files)
    async with ctx.services.db.transaction() as conn:
        draft = MessageDraft(data.get("key", ""), data.get("body", ""), picture)
        await actions.answer(conn, Writer(None, known.account_name), known.conversation.id, draft, now())


# --- abuse ------------------------------------------------------------------------------------------------------------


@post(f"{PATH}/{{conversation_id:uuid}}/block", include_in_schema=False, status_code=303)
async def block(ctx: ShopContext, conversation_id: UUID, data: FormData) -> Redirect:
    """The person cannot write to this account any more. `undo`: they can again."""
    undo, url = bool(data.get("undo")), f"{PATH}/{conversation_id}"
    async with ctx.services.db.read() as conn:
        await _known(conn, ctx, conversation_id)
    await block_writer(ctx.services.db, actor_of(ctx), conversation_id, undo=undo)
    if not undo:
        ctx.flash(Flash(ctx.words(N_("This person cannot write to you any more.")), f"{url}/block", {"undo": "1"}))
    return see_other(url)


@get(f"{PATH}/{{conversation_id:uuid}}/report", include_in_schema=False)
async def ask_for_report(ctx: ShopContext, conversation_id: UUID) -> Response[Any]:
    message = await _reported(ctx, conversation_id, ctx.query.get("message", ""))
    return ctx.page(
        ReportMessagePage(
            title=ctx.words(N_("Report a message")),
            url=f"{PATH}/{conversation_id}",
            words=message.body,
            message_id=str(message.id),
            reasons=reason_options(ctx),
        )
    )


@post(f"{PATH}/{{conversation_id:uuid}}/report", include_in_schema=False, status_code=303)
async def report(ctx: ShopContext, conversation_id: UUID, data: FormData) -> Redirect:
    await report_message(ctx, await _reported(ctx, conversation_id, data.get("message", "")), data)
    return see_other(f"{PATH}/{conversation_id}")


async def _reported(ctx: ShopContext, conversation_id: UUID, message: str) -> Message:
    """One of the other's; the last one where none is named."""
    async with ctx.services.db.read() as conn:
        known = (await _known(conn, ctx, conversation_id)).conversation
        message_id = known_id(message) if message else known.last_shopper_id
        said = await reads.message(conn, known.id, message_id) if message_id else None
    if said is None or said.author is not Author.SHOPPER:
        raise NotFound(N_("There is no such message."))
    return said


HANDLERS: list[Any] = [received, conversation, answer, block, ask_for_report, report]
