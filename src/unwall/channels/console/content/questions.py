"""Questions on products: answered; an answer that moderators have taken down is appealed against."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console import listing, views
from unwall.channels.console.appeals import DropState, appeal_against, drop_state
from unwall.channels.console.content.opinion_views import (
    QUESTIONS,
    UNANSWERED,
    BuyersAnswer,
    OpinionRow,
    OpinionsPage,
    filter_tabs,
)
from unwall.channels.console.context import ConsoleContext
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData, own_path
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.content.questions import actions as question_actions
from unwall.content.questions import reads as question_reads
from unwall.content.questions.values import MerchantQuestion, QuestionFilter, Said
from unwall.kernel.errors import existing
from unwall.kernel.text import N_
from unwall.messages.hearing import Answered, answered
from unwall.people.values import Permission


@get(QUESTIONS, permission=Permission.PUBLISH, include_in_schema=False)
async def questions(ctx: ConsoleContext) -> Response[str]:
    asked = {name: ctx.query.get(name) for name in ("q", "unanswered")}
    async with ctx.confined() as conn:
        matches = await question_reads.merchant_questions(
            conn,
            ctx.merchant_id,
            ctx.lang,
            QuestionFilter(asked["q"] or "", unanswered=bool(asked["unanswered"])),
            after=ctx.query.get("after"),
            limit=listing.ROWS,
        )
    page = OpinionsPage(
        title=ctx.words(N_("Questions")),
        path=QUESTIONS,
        subjects=views.said_tabs(ctx, QUESTIONS),
        query=asked["q"] or "",
        filters=filter_tabs(ctx, QUESTIONS, "unanswered", UNANSWERED, asked),
        stars=[],
        rows=[await _question_row(ctx, one) for one in matches.rows],
        next_url=listing.address(QUESTIONS, after=matches.after, **asked) if matches.after else None,
        export_url=None,
        answerable=True,
        here=listing.address(QUESTIONS, **asked),
        empty=ctx.words(N_("No question is here. Shoppers ask them on a product's page.")),
    )
    return ctx.page(page)


async def _question_row(ctx: ConsoleContext, one: MerchantQuestion) -> OpinionRow:
    dropped = one.dropped_answer
    return OpinionRow(
        id=str(one.id),
        kind="question",
        about=one.product_title,
        about_url=views.product_url(one.product_id),
        image=thumbnail_url(one.product_image),
        author=one.author,
        words=one.words,
        said=views.moment(ctx, one.created_at),
        answer=one.own_answer,
        answered=ctx.words(N_("Answered")) if one.own_answer else "",
        others=[
            BuyersAnswer(str(answer.id), answer.author, answer.words)
            for answer in one.answers
            if not answer.by_merchant
        ],
        dropped=await drop_state(ctx, Subject(SubjectKind.ANSWER, dropped.id)) if dropped else DropState(),
        dropped_words=dropped.words if dropped else "",
    )


@post(
    f"{QUESTIONS}/{{question_id:uuid}}/answer",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
)
async def answer_question(ctx: ConsoleContext, question_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        said = Said(data.get("answer", ""), ctx.merchant.name)
        written = await question_actions.answer_as_merchant(conn, ctx.merchant_id, question_id, said)
        await answered(conn, Answered("answer", written))
    ctx.flash(ctx.words(N_("Your answer is shown below the question.")))
    return see_other(own_path(data.get("next", QUESTIONS), QUESTIONS))


@post(
    f"{QUESTIONS}/{{question_id:uuid}}/appeal",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
)
async def appeal(ctx: ConsoleContext, question_id: UUID, data: FormData) -> Redirect:
    """The store asks moderators to look again at an answer of its own that they took down."""
    async with ctx.confined() as conn:
        answer_id = await question_reads.dropped_answer(conn, ctx.merchant_id, question_id)
    subject = Subject(SubjectKind.ANSWER, existing(answer_id, question_actions.NO_SUCH_QUESTION))
    await appeal_against(ctx, subject, data.get("words", ""))
    return see_other(QUESTIONS)


HANDLERS: list[Any] = [questions, answer_question, appeal]
