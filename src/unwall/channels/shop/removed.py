"""What moderators have taken down of what a member wrote, and the appeal against it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.content.accounts.rules import member_actor
from unwall.content.comments.reads import taken_down as comments
from unwall.content.moderation import actions
from unwall.content.moderation.reads import accounts_taken_down as accounts
from unwall.content.moderation.rules import MAX_REPORT_CHARACTERS
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.content.questions.reads import answers_taken_down as answers
from unwall.content.questions.reads import taken_down as questions
from unwall.content.reviews.reads import taken_down as reviews
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound, UnwallError
from unwall.kernel.text import N_

PATH = "/me/removed"
READS = {
    SubjectKind.ACCOUNT: accounts,
    SubjectKind.COMMENT: comments,
    SubjectKind.REVIEW: reviews,
    SubjectKind.QUESTION: questions,
    SubjectKind.ANSWER: answers,
}
NAMES = {
    SubjectKind.ACCOUNT: N_("Your account"),
    SubjectKind.COMMENT: N_("Your comment"),
    SubjectKind.REVIEW: N_("Your review"),
    SubjectKind.QUESTION: N_("Your question"),
    SubjectKind.ANSWER: N_("Your answer"),
}


class RemovedView(msgspec.Struct, frozen=True):
    what: str
    words: str
    action: str
    typed: str
    errors: FieldTexts


class RemovedPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/removed.html"

    things: list[RemovedView]
    problem: str | None
    max_characters: int


@get(PATH, include_in_schema=False)
async def removed(ctx: ShopContext) -> Response[Any]:
    return await _page(ctx)


async def _page(
    ctx: ShopContext, url: str = "", data: Mapping[str, str] = {}, error: UnwallError | None = None
) -> Response[Any]:
    """`url`: of the appeal that was refused, with what was typed."""
    member, things = ctx.signed_in(), []
    async with ctx.services.db.read() as conn:
        for kind, read in READS.items():
            for one in await read(conn, member.id):
                action = f"{PATH}/{kind}/{one.id}/appeal"
                mine = action == url
                errors = ctx.field_errors(error if mine else None)
                typed = data.get("words", "") if mine else ""
                things.append(RemovedView(ctx.words(NAMES[kind]), one.words, action, typed, errors))
    page = RemovedPage(
        title=ctx.words(N_("Taken down")),
        things=things,
        problem=ctx.problem(error),
        max_characters=MAX_REPORT_CHARACTERS,
    )
    return ctx.page(page, status=status_of(error, in_form=True))


@post(f"{PATH}/{{kind:str}}/{{subject_id:uuid}}/appeal", include_in_schema=False, status_code=303)
async def appeal(ctx: ShopContext, kind: str, subject_id: UUID, data: FormData) -> Response[Any]:
    member, subject = ctx.signed_in(), _subject(kind, subject_id)
    try:
        async with ctx.services.db.transaction() as conn:
            if subject_id not in {one.id for one in await READS[subject.kind](conn, member.id)}:
                raise NotFound(N_("This is not there, or not any more."))
            await actions.appeal(conn, subject, member_actor(member).name, data.get("words", ""), now())
    except NotFound:
        raise
    except UnwallError as error:
        return await _page(ctx, f"{PATH}/{kind}/{subject_id}/appeal", data, error)
    ctx.flash(Flash(ctx.words(N_("Another moderator looks at it."))))
    return see_other(PATH)


def _subject(kind: str, subject_id: UUID) -> Subject:
    if kind not in READS:
        raise NotFound(N_("This is not there, or not any more."))
    return Subject(SubjectKind(kind), subject_id)


HANDLERS: list[Any] = [removed, appeal]
