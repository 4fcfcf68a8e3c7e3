"""Messages to stores and other accounts: the shopper's conversations, and one of them."""

from typing import Any

import msgspec
from babel import Locale
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.errors import status_of, words_of
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, with_query
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.talks import AboutView, MessageView, ThreadReader, message_views
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.conversation_subjects import about_fields, about_of, about_views, checked_about, named
from unwall.content.accounts.actions import NO_SUCH_ACCOUNT
from unwall.content.accounts.reads import account_by_handle, owner_of, standing
from unwall.content.accounts.values import Account
from unwall.content.conversations import actions, reads, rules
from unwall.content.conversations.values import (
    Author,
    MayNotWrite,
    MessageDraft,
    OwnConversation,
)
from unwall.content.moderation.reads import visibilities
from unwall.content.moderation.values import SubjectKind, Visibility
from unwall.insight.pages.reads import store_account
from unwall.journal.values import Visit
from unwall.kernel import gazetteer
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound, TooMany, UnwallError, existing
from unwall.kernel.text import N_, locale_of
from unwall.media import picture_uploads
from unwall.media.values import Image
from unwall.messages.actions import mark_subject_read
from unwall.messages.reads import quiet_hours
from unwall.messages.values import NotificationKind
from unwall.people.attempts import count_attempt
from unwall.people.reads import merchant

PATH = "/me/messages"
CONVERSATIONS, MESSAGES = 20, 40
NO_SUCH_STORE = N_("There is no such store.")


class ConversationRow(msgspec.Struct, frozen=True):
    url: str
    name: str
    avatar: str | None
    excerpt: str
    ago: str
    new: bool


class ConversationsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/conversations.html"

    rows: list[ConversationRow]
    next_url: str | None


class ThreadPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/conversation.html"

    url: str
    name: str
    avatar: str | None
    account_url: str
    messages: list[MessageView]
    older_url: str | None
    about: AboutView | None
    """what the next message is about"""
    fields: dict[str, str]
    """of what it is about"""
    away: str | None
    praise: str | None
    is_own: bool
    """the account is the reader's"""
    sign_in: bool
    """only members write to it"""
    blocked: bool
    kept: str = ""
    problem: str | None = None
    errors: FieldTexts


@get(PATH, include_in_schema=False)
async def conversations(ctx: ShopContext) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        limit = CONVERSATIONS * ctx.pages
        page = await reads.own_conversations(conn, ctx.visit, ctx.lang, ctx.query.get("after"), limit)
    return ctx.page(
        ConversationsPage(
            title=ctx.words(N_("Messages")),
            rows=[_row(ctx, one) for one in page.rows],
            next_url=f"{PATH}?after={page.after}" if page.after else None,
        )
    )


def _row(ctx: ShopContext, one: OwnConversation) -> ConversationRow:
    return ConversationRow(
        url=links.messages_url(one.handle),
        name=one.account_name,
        avatar=thumbnail_url(one.avatar),
        excerpt=one.conversation.excerpt or ctx.words(N_("A picture")),
        ago=formatters(ctx.lang).ago(one.conversation.last_at),
        new=one.conversation.new_for_shopper,
    )


@get("/m/{slug:str}/message", include_in_schema=False)
async def message_store(ctx: ShopContext, slug: str) -> Redirect:
    """To the conversation with the store's own account; what it is about goes along."""
    async with ctx.services.db.read() as conn:
        store = await ctx.services.storefront.merchant(conn, slug, ctx.lang)
        account = await store_account(conn, [], ctx.lang, store.id) if store else None
    if account is None:
        raise NotFound(NO_SUCH_STORE)
    return Redirect(with_query(links.messages_url(account.account.handle), about_fields(ctx.query)))


# --- one conversation -------------------------------------------------------------------------------------------------


@get(f"{PATH}/{{handle:str}}", include_in_schema=False)
async def thread(ctx: ShopContext, handle: str) -> Response[Any]:
    """Who has it before them has read it."""
    return await _page(ctx, await account_of(ctx, handle), ctx.query)


async def account_of(ctx: ShopContext, handle: str) -> Account:
    async with ctx.services.db.read() as conn:
        account = await account_by_handle(conn, handle, ctx.lang)
    if account is None:
        raise NotFound(NO_SUCH_ACCOUNT)
    return account


class _Answers(msgspec.Struct, frozen=True):
    """When and how fast the account answers; of a member's account nothing is said."""

    timezone: str
    away: str | None = None
    praise: str | None = None


async def _answers(conn: Connection, ctx: ShopContext, account: Account) -> _Answers:
    if account.merchant_id is None:
        return _Answers(await own_zone(conn, ctx))
    store = existing(await merchant(conn, account.merchant_id, ctx.lang), NO_SUCH_STORE)
    hours = await reads.answering_hours(conn, store.id)
    praise = rules.praise(await reads.response_times(conn, store.id, now()))
    away = None if rules.answers_now(hours, store.timezone, now()) else _away(ctx, hours.away_text)
    return _Answers(store.timezone, away, ctx.words(praise) if praise else None)


async def own_zone(conn: Connection, ctx: ShopContext) -> str:
    """The reader's, as they chose it for their quiet hours; else the likely one."""
    quiet = await quiet_hours(conn, ctx.visit)
    return quiet.timezone if quiet else await likely_zone(ctx.visit)


async def likely_zone(visit: Visit) -> str:
    """The time zone that is offered first: of the place that they chose, else of the country of their language. Where
    there are scripts, the browser's own takes its place."""
    await gazetteer.until_loaded()
    if visit.place:
        return gazetteer.nearest(visit.place.point).timezone
    return gazetteer.timezone_of_country(Locale.parse(locale_of(visit.lang)).territory or "")


async def _page(
    ctx: ShopContext, account: Account, asked: dict[str, str], *, error: UnwallError | None = None, kept: str = ""
) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        blocked = (await standing(conn, ctx.visit.person_ids, account.id)).blocked
        known = await reads.shown_conversation(conn, ctx.visit, account.id)
        part = await reads.messages(conn, known.id, asked.get("before"), MESSAGES) if known else None
        if known and not asked.get("before"):
            await actions.read_as_shopper(conn, ctx.visit, known.id, known.last_id)
            await mark_subject_read(conn, ctx.visit, NotificationKind.MESSAGE, known.id, now())
        answers = await _answers(conn, ctx, account)
        about = await checked_about(conn, ctx, account, asked)
        messages = part.rows if part else []
        abouts = await about_views(conn, ctx, [*(about_of(m) for m in messages), about])
        seen = await visibilities(conn, SubjectKind.MESSAGE, [m.id for m in messages])
        owner = await owner_of(conn, account.id)
    url = links.messages_url(account.handle)
    reader = ThreadReader(
        ctx.lang,
        answers.timezone,
        Author.SHOPPER,
        known.staff_read_id if known else None,
        frozenset(one for one, what in seen.items() if what is Visibility.DROP),
        f"{url}/report?message={{message}}",
    )
    shown = ThreadPage(
        title=account.name,
        url=url,
        name=account.name,
        avatar=thumbnail_url(account.avatar),
        account_url=links.account_url(account.handle),
        messages=message_views(messages, reader, abouts),
        older_url=with_query(url, {"before": part.after}) if part and part.after else None,
        about=next((abouts[i] for i in (about.order_id, about.product_id, about.post_id) if i in abouts), None),
        fields={name: str(value) for name, value in named(about).items() if value},
        away=answers.away,
        praise=answers.praise,
        is_own=owner is not None and ctx.member is not None and owner.member_id == ctx.member.id,
        sign_in=account.merchant_id is None and ctx.member is None,
        blocked=blocked,
        kept=kept,
        problem=words_of(error, ctx.lang) if error and not isinstance(error, Invalid) else None,
        errors=ctx.field_errors(error),
    )
    return ctx.page(shown, status=status_of(error))


def _away(ctx: ShopContext, text: str) -> str:
    return text or ctx.words(N_("The store is closed now. It will answer when it is open again."))


@post(f"{PATH}/{{handle:str}}", include_in_schema=False, status_code=303, request_max_body_size=MAX_UPLOAD_BYTES)
async def send(ctx: ShopContext, handle: str) -> Response[Any]:
    account = await account_of(ctx, handle)
    form = await ctx.request.form()
    data = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile) and value.filename]
    try:
        await _send(ctx, account, data, files)
    except (Invalid, TooMany, MayNotWrite) as error:
        if ctx.by_htmx:
            raise
        return await _page(ctx, account, data, error=error, kept=data.get("body", ""))
    if ctx.by_htmx:
        return await _page(ctx, account, {})
    return Redirect(f"{links.messages_url(account.handle)}#write", status_code=303)


async def _send(ctx: ShopContext, account: Account, data: dict[str, str], files: list[UploadFile]) -> None:
    rules.tidy(MessageDraft(data.get("key", ""), data.get("body", "") or ("x" if files else "")))
    limits = rules.writing_limits(ctx.visit.person_id, ctx.origin)
    await count_attempt(ctx.services.db, limits, now(), rules.TOO_MANY)
    picture = await stored(ctx, files)
    async with ctx.services.db.transaction() as conn:
        about = await checked_about(conn, ctx, account, data)
        draft = MessageDraft(data.get("key", ""), data.get("body", ""), picture, about)
        name = ctx.member.name if ctx.member else ""
        await actions.write(conn, ctx.visit, name, account.id, draft, now())


async def stored(ctx: ShopContext, files: list[UploadFile]) -> Image | None:
    """The first of the pictures."""
    if not files:
        return None
    return await picture_uploads.keep(ctx.services.db, ctx.services.files, files[0].file, field="picture")


HANDLERS: list[Any] = [conversations, message_store, thread, send]
