"""Reviews: found, read with their earlier versions, answered, exported."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, Stream

from unwall.channels.console import listing, views
from unwall.channels.console.content.opinion_views import (
    REVIEWS,
    UNANSWERED,
    OpinionRow,
    OpinionsPage,
    PictureLink,
    filter_tabs,
)
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import picture_url, thumbnail_url
from unwall.channels.http.routes import FormData, own_path
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
        filters=filter_tabs(ctx, REVIEWS, "unanswered", UNANSWERED, asked),
        stars=filter_tabs(ctx, REVIEWS, "stars", [("", N_("All stars")), *((str(n), f"{n} ★") for n in STARS)], asked),
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


HANDLERS: list[Any] = [reviews, export, review, answer_review]
