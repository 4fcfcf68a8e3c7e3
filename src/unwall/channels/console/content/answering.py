"""How a store answers: its hours, what shoppers read outside them, and quick replies."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.content.conversations import answering as kept
from unwall.content.conversations import reads
from unwall.content.conversations.rules import tidy_hours
from unwall.content.conversations.values import AnsweringHours, QuickReply
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.ids import derived_id
from unwall.kernel.text import N_
from unwall.messages.actions import choose_as
from unwall.messages.reads import wants_mail
from unwall.messages.rules import MAIL_AFTER_SECONDS
from unwall.messages.values import Choice, NotificationChannel, Topic
from unwall.messages.vapid import public_key
from unwall.people.values import Permission

PATH = "/console/conversations/answering"


class AnsweringPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/answering.html"

    hours: AnsweringHours
    replies: list[QuickReply]
    errors: FieldTexts
    kept: dict[str, str]
    """of a new quick reply"""
    timezone: str
    key: str
    """of this install, for the browser's push service"""
    mail: bool | None
    """whether this person gets mails; None where none are sent"""
    mail_minutes: int


@get(PATH, permission=Permission.CONVERSE, include_in_schema=False)
async def answering(ctx: ConsoleContext) -> Response[Any]:
    return await _page(ctx)


async def _page(
    ctx: ConsoleContext,
    *,
    error: UnwallError | None = None,
    hours: AnsweringHours | None = None,
    version: str | None = None,
    kept: dict[str, str] | None = None,
) -> Response[Any]:
    async with ctx.confined() as conn:
        stored = await reads.answering_hours(conn, ctx.merchant_id)
        replies = await reads.quick_replies(conn, ctx.merchant_id)
    mail = await _wants_mail(ctx) if ctx.services.settings.mail_url else None
    kept = kept or {}
    return ctx.page(
        AnsweringPage(
            title=ctx.words(N_("How you answer")),
            version=version or version_of(stored),
            hours=hours or stored,
            replies=replies,
            errors=ctx.field_errors(error),
            kept={"title": kept.get("title", ""), "body": kept.get("body", "")},
            timezone=ctx.merchant.timezone,
            key=public_key(ctx.services.secret),
            mail=mail,
            mail_minutes=MAIL_AFTER_SECONDS // 60,
        ),
        error,
    )


async def _wants_mail(ctx: ConsoleContext) -> bool:
    async with ctx.services.db.read() as conn:
        return bool(await wants_mail(conn, [ctx.staff.id], Topic.MESSAGES))


@post(f"{PATH}/mail", permission=Permission.CONVERSE, include_in_schema=False, status_code=303)
async def choose_mail(ctx: ConsoleContext, data: FormData) -> Redirect:
    """Of the person who is signed in."""
    async with ctx.services.db.transaction() as conn:
        await choose_as(conn, ctx.staff.id, [Choice(Topic.MESSAGES, NotificationChannel.MAIL, wanted="mail" in data)])
    ctx.flash(ctx.words(N_("Your choice is saved.")))
    return see_other(PATH)


@post(PATH, permission=Permission.CONVERSE, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    typed = AnsweringHours(data.get("opening_hours", ""), data.get("away_text", ""))
    try:
        async with ctx.confined() as conn:
            await lock_subject(conn, PATH, ctx.merchant_id)
            stored = await reads.answering_hours(conn, ctx.merchant_id)
            check_version(data.get(FIELD, ""), stored, tidy_hours(typed))
            await kept.save_answering_hours(conn, ctx.merchant_id, typed)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, error=error, hours=typed, version=data.get(FIELD, ""))
    ctx.flash(ctx.words(N_("The hours are saved.")))
    return see_other(PATH)


@post(f"{PATH}/replies", permission=Permission.CONVERSE, include_in_schema=False, status_code=303)
async def add_reply(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    """Sent twice, it is there once."""
    reply_id = derived_id(ctx.merchant_id, "quick-reply", data.get("key", "")[:100])
    try:
        async with ctx.confined() as conn:
            reply = QuickReply(reply_id, data.get("title", ""), data.get("body", ""))
            await kept.save_quick_reply(conn, ctx.merchant_id, reply)
    except Invalid as error:
        return await _page(ctx, error=error, kept=data)
    ctx.flash(ctx.words(N_("The quick reply is saved.")))
    return see_other(PATH)


@post(f"{PATH}/replies/remove", permission=Permission.CONVERSE, include_in_schema=False, status_code=303)
async def remove_reply(ctx: ConsoleContext, data: FormData) -> Redirect:
    reply_id = known_id(data.get("reply", ""))
    async with ctx.confined() as conn:
        await kept.remove_quick_reply(conn, reply_id)
    ctx.flash(ctx.words(N_("The quick reply is removed.")))
    return see_other(PATH)


HANDLERS: list[Any] = [answering, save, choose_mail, add_reply, remove_reply]
