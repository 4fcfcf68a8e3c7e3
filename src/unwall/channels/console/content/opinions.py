"""Reviews and questions to be answered, and comments to be moderated."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, Stream

from unwall.channels.console import listing, views
from unwall.channels.console.appeals import DropState, appeal_against, drop_state
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import picture_url, thumbnail_url
from unwall.channels.http.routes import FormData, own_path
from unwall.content.accounts.rules import staff_actor
from unwall.content.comments import actions as comment_actions
from unwall.content.comments import reads as comment_reads
from unwall.content.comments.values import PostComment
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.content.questions import actions as question_actions
from unwall.content.questions import reads as question_reads
from unwall.content.questions.values import MerchantQuestion, QuestionFilter, Said
from unwall.content.reviews import actions, reads
from unwall.content.reviews.rules import STARS
from unwall.content.reviews.values import MerchantReview, ReviewFilter, ReviewState, ReviewVersion
from unwall.kernel.database import Connection
from unwall.kernel.errors import existing
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.media.reads import shown as shown_videos
from unwall.messages.hearing import Answered, answered
from unwall.people.values import Permission

REVIEWS, QUESTIONS, COMMENTS = "/console/reviews", "/console/questions", "/console/comments"
UNANSWERED = (("", N_("All")), ("1", N_("Unanswered")))


class PictureLink(msgspec.Struct, frozen=True):
    src: str
    url: str


class BuyersAnswer(msgspec.Struct, frozen=True):
    id: str
    author: str
    words: str


class OpinionRow(msgspec.Struct, frozen=True):
    """A review, question or comment in a list."""

    id: str
    about: str
    about_url: str
    image: str | None
    author: str
    words: str
    said: str
    kind: str
    """as /report/KIND/ID names it"""
    stars: int = 0
    badge: str = ""
    tone: str = ""
    note: str = ""
    url: str = ""
    answer: str = ""
    answered: str = ""
    own: bool = False
    """the store's own words"""
    others: list[BuyersAnswer] = []
    dropped: DropState = DropState()
    dropped_words: str = ""
    """the store's answer that moderators have taken down"""
    pictures: list[PictureLink] = []
    film: str | None = None
    """the address of its video, as soon as it plays"""


class OpinionsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/opinions.html"

    path: str
    subjects: list[Tab]
    query: str
    filters: list[Tab]
    stars: list[Tab]
    rows: list[OpinionRow]
    next_url: str | None
    export_url: str | None
    answerable: bool
    here: str
    empty: str


# --- reviews ----------------------------------------------------------------------------------------------------------


@get(REVIEWS, permission=Permission.PUBLISH, include_in_schema=False)
async def reviews(ctx: ConsoleContext) -> Response[str]:
    wanted, asked = _wanted(ctx), _asked(ctx)
    async with ctx.confined() as conn:
        matches = await reads.merchant_reviews(
            conn, ctx.merchant_id, wanted, ctx.lang, ctx.query.get("after"), listing.ROWS
        )
    films = await _films(ctx, matches.rows)
    page = OpinionsPage(
        title=ctx.words(N_("Reviews")),
        path=REVIEWS,
        subjects=views.said_tabs(ctx, REVIEWS),
        query=wanted.words,
        filters=_tabs(ctx, REVIEWS, "unanswered", UNANSWERED, asked),
        stars=_tabs(ctx, REVIEWS, "stars", [("", N_("All stars")), *((str(n), f"{n} ★") for n in STARS)], asked),
        rows=[_review_row(ctx, one, films) for one in matches.rows],
        next_url=listing.address(REVIEWS, after=matches.after, **asked) if matches.after else None,
        export_url=listing.address(f"{REVIEWS}.csv", **asked),
        answerable=True,
        here=listing.address(REVIEWS, **asked),
        empty=ctx.words(N_("No review is here. Buyers are asked for one after their goods were handed over.")),
    )
    return ctx.page(page)


def _asked(ctx: ConsoleContext) -> dict[str, str | None]:
    return {name: ctx.query.get(name) for name in ("q", "unanswered", "stars", "product")}


def _wanted(ctx: ConsoleContext) -> ReviewFilter:
    asked = ctx.query
    return ReviewFilter(
        unanswered=bool(asked.get("unanswered")),
        stars=int(asked["stars"]) if asked.get("stars") in {str(n) for n in STARS} else None,
        product_id=parse_id(asked.get("product", "")),
        words=asked.get("q", ""),
    )


def _tabs(
    ctx: ConsoleContext, path: str, name: str, options: Iterable[tuple[str, str]], asked: dict[str, str | None]
) -> list[Tab]:
    """The other filters stay."""
    chosen = asked.get(name) or ""
    return [
        Tab(listing.address(path, **{**asked, name: value}), ctx.words(label), value == chosen)
        for value, label in options
    ]


async def _films(ctx: ConsoleContext, reviews: Iterable[MerchantReview]) -> dict[UUID, str]:
    """The addresses of their videos, by the id of the video; those that do not play yet are left out. They are the
    buyers', whose rows no store's connection sees."""
    async with ctx.services.db.read() as conn:
        films = await shown_videos(conn, [one.video_id for one in reviews if one.video_id])
    return {one.id: f"/files/{one.renditions[-1].file}" for one in films.values() if one.playable}


def _review_row(ctx: ConsoleContext, one: MerchantReview, films: Mapping[UUID, str]) -> OpinionRow:
    dropped = one.state is ReviewState.DROPPED
    return OpinionRow(
        id=str(one.id),
        kind="review",
        about=one.product_title,
        about_url=listing.address(REVIEWS, product=str(one.product_id)),
        image=thumbnail_url(one.product_image),
        author=one.author,
        words=one.words,
        said=views.moment(ctx, one.created_at),
        stars=one.stars,
        badge=ctx.words(N_("Removed by moderators")) if dropped else "",
        tone="bad",
        note=ctx.count("{n} person finds it helpful", "{n} people find it helpful", one.helpful) if one.helpful else "",
        url=f"{REVIEWS}/{one.id}",
        answer=one.answer,
        answered=ctx.words(N_("Answered {moment}"), moment=views.moment(ctx, one.answered_at)) if one.answer else "",
        pictures=[PictureLink(thumbnail_url(p.file) or "", picture_url(p.file) or "") for p in one.pictures],
        film=films.get(one.video_id) if one.video_id else None,
    )


@get(f"{REVIEWS}.csv", permission=Permission.PUBLISH, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    wanted = _wanted(ctx)

    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await reads.merchant_reviews(conn, ctx.merchant_id, wanted, ctx.lang, after, listing.EXPORT_ROWS)
        return [_cells(ctx, one) for one in page.rows], page.after

    headings = ["id", "product", "written", "author", "stars", "review", "helpful", "state", "answer", "answered"]
    return listing.export(ctx, "reviews", headings, read)


def _cells(ctx: ConsoleContext, one: MerchantReview) -> list[object]:
    written, answered = views.iso(ctx, one.created_at), views.iso(ctx, one.answered_at)
    said = [one.author, one.stars, one.words, one.helpful, one.state.value]
    return [one.id, one.product_title, written, *said, one.answer, answered]


class VersionRow(msgspec.Struct, frozen=True):
    said: str
    stars: int
    words: str


class ReviewPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/review.html"

    row: OpinionRow
    back: str
    order_url: str | None
    product_url: str
    versions: list[VersionRow]


@get(f"{REVIEWS}/{{review_id:uuid}}", permission=Permission.PUBLISH, include_in_schema=False)
async def review(ctx: ConsoleContext, review_id: UUID) -> Response[str]:
    async with ctx.confined() as conn:
        shown = existing(
            await reads.merchant_review(conn, ctx.merchant_id, review_id, ctx.lang), actions.NO_SUCH_REVIEW
        )
        before = await reads.versions(conn, review_id)
    films = await _films(ctx, [shown])
    page = ReviewPage(
        title=ctx.words(N_("Review by {author}"), author=shown.author),
        row=_review_row(ctx, shown, films),
        back=REVIEWS,
        order_url=views.order_url(shown.order_id) if ctx.may(Permission.ORDERS) else None,
        product_url=views.product_url(shown.product_id),
        versions=[_version(ctx, one) for one in before],
    )
    return ctx.page(page)


def _version(ctx: ConsoleContext, one: ReviewVersion) -> VersionRow:
    return VersionRow(views.moment(ctx, one.written_at), one.stars, one.words)


@post(f"{REVIEWS}/{{review_id:uuid}}/answer", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def answer_review(ctx: ConsoleContext, review_id: UUID, data: FormData) -> Redirect:
    """An empty answer takes it back."""
    words = data.get("answer", "")
    async with ctx.confined() as conn:
        await actions.answer(conn, ctx.merchant_id, review_id, words, ctx.actor, ctx.now)
        await answered(conn, Answered("review", review_id))
    ctx.flash(ctx.words(N_("Your answer is shown below the review.") if words.strip() else N_("The answer is gone.")))
    return see_other(own_path(data.get("next", REVIEWS), REVIEWS))


# --- questions --------------------------------------------------------------------------------------------------------


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
        filters=_tabs(ctx, QUESTIONS, "unanswered", UNANSWERED, asked),
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


# --- comments ---------------------------------------------------------------------------------------------------------


@get(COMMENTS, permission=Permission.PUBLISH, include_in_schema=False)
async def comments(ctx: ConsoleContext) -> Response[str]:
    query = ctx.query.get("q") or ""
    async with ctx.confined() as conn:
        matches = await comment_reads.merchant_comments(
            conn, ctx.merchant_id, ctx.lang, query, ctx.query.get("after"), listing.ROWS
        )
    page = OpinionsPage(
        title=ctx.words(N_("Comments")),
        path=COMMENTS,
        subjects=views.said_tabs(ctx, COMMENTS),
        query=query,
        filters=[],
        stars=[],
        rows=[_comment_row(ctx, one) for one in matches.rows],
        next_url=listing.address(COMMENTS, after=matches.after, q=query) if matches.after else None,
        export_url=None,
        answerable=False,
        here=listing.address(COMMENTS, q=query),
        empty=ctx.words(N_("No comment is here. Members write them below your posts.")),
    )
    return ctx.page(page)


def _comment_row(ctx: ConsoleContext, one: PostComment) -> OpinionRow:
    return OpinionRow(
        id=str(one.id),
        kind="comment",
        about=one.post_title,
        about_url=views.post_url(one.post_id),
        image=None,
        author=one.author,
        words=one.words,
        said=views.moment(ctx, one.created_at),
        badge=ctx.words(N_("Author")) if one.by_account else ctx.words(N_("Answered")) if one.answered else "",
        tone="solid" if one.by_account else "good",
        own=one.by_account,
    )


@post(f"{COMMENTS}/{{comment_id:uuid}}/reply", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def reply_to_comment(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    """In the name of the post's account."""
    async with ctx.confined() as conn:
        replied = existing(await comment_reads.comment(conn, comment_id), comment_actions.NO_SUCH_COMMENT)
        words = data.get("answer", "")
        written = await comment_actions.speak(conn, staff_actor(ctx.staff), replied.post_id, words, comment_id, ctx.now)
        await answered(conn, Answered("comment", written))
    ctx.flash(ctx.words(N_("Your reply is shown below the comment.")))
    return see_other(own_path(data.get("next", COMMENTS), COMMENTS))


@post(f"{COMMENTS}/{{comment_id:uuid}}/remove", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def remove_comment(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await comment_actions.remove(conn, staff_actor(ctx.staff), comment_id)
    ctx.flash(ctx.words(N_("The comment is removed.")), f"{COMMENTS}/{comment_id}/again")
    return see_other(COMMENTS)


@post(f"{COMMENTS}/{{comment_id:uuid}}/again", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def comment_again(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await comment_actions.undo_remove(conn, staff_actor(ctx.staff), comment_id)
    ctx.flash(ctx.words(N_("The comment is back.")))
    return see_other(COMMENTS)


HANDLERS: list[Any] = [
    reviews,
    export,
    review,
    answer_review,
    questions,
    answer_question,
    appeal,
    comments,
    reply_to_comment,
    remove_comment,
    comment_again,
]
