"""Blocking an account, and reporting one of its messages."""

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.flash import Flash
from unwall.channels.http.report_words import REASONS
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.conversations import PATH, account_of
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.values import Account
from unwall.content.conversations import reads
from unwall.content.conversations.values import (
    Author,
    Conversation,
    Message,
)
from unwall.content.moderation.values import ReportDraft, Reported, ReportReason, Subject, SubjectKind
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.usecases.moderate import report as report_subject


class ReportMessagePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/report_message.html"

    url: str
    words: str
    message_id: str
    reasons: list[tuple[str, str]]


@post(f"{PATH}/{{handle:str}}/block", include_in_schema=False, status_code=303)
async def block(ctx: ShopContext, handle: str, data: FormData) -> Redirect:
    """Block the account, or with the field `undo` end the block."""
    account = await account_of(ctx, handle)
    async with ctx.services.db.transaction() as conn:
        change = accounts.unblock if data.get("undo") else accounts.block
        await change(conn, ctx.visit, account.id)
    return Redirect(links.messages_url(account.handle), status_code=303)


@get(f"{PATH}/{{handle:str}}/report", include_in_schema=False)
async def ask_for_report(ctx: ShopContext, handle: str) -> Response[Any]:
    account, message = await _reported(ctx, handle, ctx.query.get("message", ""))
    return ctx.page(
        ReportMessagePage(
            title=ctx.words(N_("Report a message")),
            url=links.messages_url(account.handle),
            words=message.body,
            message_id=str(message.id),
            reasons=reason_options(ctx),
        )
    )


@post(f"{PATH}/{{handle:str}}/report", include_in_schema=False, status_code=303)
async def report(ctx: ShopContext, handle: str, data: FormData) -> Redirect:
    account, message = await _reported(ctx, handle, data.get("message", ""))
    await report_message(ctx, message, data)
    return Redirect(links.messages_url(account.handle), status_code=303)


def reason_options(ctx: ShopContext) -> list[tuple[str, str]]:
    return [(reason.value, ctx.words(label)) for reason, label in REASONS.items()]


async def report_message(ctx: ShopContext, message: Message, data: dict[str, str]) -> None:
    """The install's moderators decide: neither side does."""
    reason = data.get("reason", "")
    if reason not in set(ReportReason):
        raise Invalid.one("reason", N_("Choose a reason."))
    reported = Reported(Subject(SubjectKind.MESSAGE, message.id), None, message.body)
    draft = ReportDraft(ReportReason(reason), data.get("words", "")[:2000])
    await report_subject(ctx.services.db, ctx.visit, reported, draft, now())
    ctx.flash(Flash(ctx.words(N_("Thank you. Moderators will look at it."))))


async def _reported(ctx: ShopContext, handle: str, message: str) -> tuple[Account, Message]:
    """One of the account's messages to this person."""
    account, message_id = await account_of(ctx, handle), parse_id(message)
    async with ctx.services.db.read() as conn:
        known: Conversation | None = await reads.own_conversation(conn, ctx.visit, account.id)
        own = await reads.message(conn, known.id, message_id) if known and message_id else None
    if own is None or own.author is not Author.STAFF:
        raise NotFound(N_("There is no such message."))
    return account, own


HANDLERS: list[Any] = [block, ask_for_report, report]
