"""Reports: what people do, what posts sell, and the model that recommends."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from babel.dates import format_skeleton
from litestar import Response, get
from litestar.response import Stream

from unwall.channels.console import listing, views
from unwall.channels.console.content.posts import FIGURES
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Cell, Plot, Series, Tab
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import DaySales, PostSales, Span
from unwall.insight.recommend.reads import active_fit
from unwall.insight.recommend.values import Trained
from unwall.journal.reads import by_day
from unwall.journal.values import DayCount, EventKind
from unwall.kernel.clock import local
from unwall.kernel.database import Transaction
from unwall.kernel.text import N_, locale_of
from unwall.people.values import Permission

PATH = "/console/insight"
SPANS = {str(days): N_("{days} days", days=days) for days in (7, 30, 90)}
POSTS, POSTS_PLOTTED = 30, 10
KINDS = {
    EventKind.VIEW: N_("Views"),
    EventKind.CLICK: N_("Clicks"),
    EventKind.DWELL: N_("Stayed on the screen"),
    EventKind.SEARCH: N_("Searches"),
    EventKind.VIDEO_START: N_("Videos begun"),
    EventKind.VIDEO_QUARTILE: N_("Quarters of videos watched"),
    EventKind.WATCH: N_("Videos watched"),
    EventKind.ADD_TO_CART: N_("Added to the bag"),
    EventKind.PURCHASE: N_("Purchases"),
    EventKind.COUNTER_SALE: N_("Counter sales"),
    EventKind.FOLLOW: N_("Follows"),
    EventKind.LIKE: N_("Likes"),
    EventKind.SHARE: N_("Shares"),
    EventKind.COMMENT: N_("Comments"),
    EventKind.SAVE: N_("Saved"),
    EventKind.REVIEW: N_("Reviews"),
    EventKind.QUESTION: N_("Questions"),
    EventKind.HIDE: N_("Hidden by people"),
    EventKind.MUTE: N_("Mutes"),
    EventKind.BLOCK: N_("Blocks"),
    EventKind.CHECKOUT: N_("Checkouts"),
    EventKind.SHIPPED: N_("Shipped"),
    EventKind.PICKUP: N_("Collected"),
    EventKind.RETURN: N_("Returns"),
    EventKind.RETURN_ACCEPTED: N_("Returns accepted"),
    EventKind.RETURN_REFUSED: N_("Returns refused"),
    EventKind.RETURN_RECEIVED: N_("Returns received"),
    EventKind.RETURN_REFUNDED: N_("Returns refunded"),
    EventKind.READY: N_("Made ready"),
    EventKind.CANCEL: N_("Orders cancelled"),
    EventKind.REVIEW_REQUEST: N_("Reviews asked for"),
    EventKind.MESSAGE: N_("Messages"),
    EventKind.PUBLISH: N_("Posts published"),
    EventKind.IMPRESSION: N_("Impressions"),
}
FUNNEL = (EventKind.VIEW, EventKind.ADD_TO_CART, EventKind.PURCHASE)
"""The lines of the plot, from the most frequent to the rarest."""


@get(PATH, permission=Permission.INSIGHT, include_in_schema=False)
async def insight(ctx: ConsoleContext) -> Response[str]:
    days, since, until = _span(ctx)
    async with ctx.confined() as conn:
        posts = await reads.post_sales(conn, ctx.merchant_id, ctx.lang, Span(since, until), POSTS)
        sales = await reads.daily_sales(conn, ctx.merchant, since, until)
        entries = await by_day(conn, ctx.merchant_id, ctx.merchant.timezone, since, until)
    async with ctx.services.db.read() as conn:  # the model is the install's, not one merchant's
        trained = await active_fit(conn)
    dates = [(local(since, ctx.merchant.timezone) + timedelta(days=n)).date() for n in range(int(days))]
    spans = [Tab(listing.address(PATH, days=value), ctx.words(label), value == days) for value, label in SPANS.items()]
    return ctx.page(
        InsightPage(
            title=ctx.words(N_("Insight")),
            spans=spans,
            sales=sales_plot(ctx, dates, sales),
            posts_plot=posts_plot(ctx, posts),
            posts=[_post(ctx, post) for post in posts],
            journal=journal_plot(ctx, dates, entries),
            kinds=_kinds(ctx, entries),
            model=_model(ctx, trained) if trained else None,
            export_url=listing.address(f"{PATH}.csv", days=days),
        )
    )


def _span(ctx: ConsoleContext) -> tuple[str, datetime, datetime]:
    """(days, from the first midnight, to the end of today) in the store's own time."""
    days = ctx.query.get("days", "30")
    days = days if days in SPANS else "30"
    today = day_of(ctx.now, ctx.merchant.timezone)
    return days, today.start - timedelta(days=int(days) - 1), today.end


@get(f"{PATH}.csv", permission=Permission.INSIGHT, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    _, since, until = _span(ctx)
    headings = ["id", "title", "published", *FIGURES, "orders", "revenue"]

    async def read(conn: Transaction) -> AsyncIterator[Sequence[object]]:
        async for post in reads.every_post_sales(conn, ctx.merchant_id, ctx.lang, Span(since, until)):
            yield _report_row(ctx, post)

    return listing.report(ctx, "posts", headings, read)


def _report_row(ctx: ConsoleContext, post: PostSales) -> Sequence[object]:
    counts = (post.opened, post.opened_product, post.added, post.bought, post.orders)
    return [post.post_id, post.title, views.iso(ctx, post.published_at), *counts, views.major(ctx, post.revenue)]


def _days(ctx: ConsoleContext, dates: Sequence[date]) -> list[str]:
    return [format_skeleton("MMMd", day, locale=locale_of(ctx.lang)) for day in dates]


def sales_plot(ctx: ConsoleContext, dates: Sequence[date], sales: Sequence[DaySales]) -> Plot:
    by_date = {one.day: one for one in sales}
    whole = [views.major(ctx, by_date[day].revenue if day in by_date else 0) for day in dates]
    posts = [views.major(ctx, by_date[day].from_posts if day in by_date else 0) for day in dates]
    return Plot(
        kind="area",
        x=_days(ctx, dates),
        x_title=ctx.words(N_("Day")),
        unit=ctx.merchant.currency,
        series=[
            Series(ctx.words(N_("Credited to posts")), posts),
            Series(ctx.words(N_("All sales")), whole, faint=True),
        ],
    )


def posts_plot(ctx: ConsoleContext, posts: Sequence[PostSales]) -> Plot:
    """The posts that sold most: sales by people who opened them."""
    points = [[post.opened, views.major(ctx, post.revenue), post.title[:24]] for post in posts[:POSTS_PLOTTED]]
    return Plot(
        kind="scatter",
        x=[],
        x_title=ctx.words(N_("People who opened it")),
        y_title=ctx.words(N_("Sales, {currency}"), currency=ctx.merchant.currency),
        series=[Series(ctx.words(N_("Posts")), points)],
    )


def journal_plot(ctx: ConsoleContext, dates: Sequence[date], entries: Sequence[DayCount]) -> Plot:
    counts = {(one.day, one.kind): one.entries for one in entries}
    return Plot(
        kind="line",
        x=_days(ctx, dates),
        x_title=ctx.words(N_("Day")),
        series=[Series(ctx.words(KINDS[kind]), [counts.get((day, kind), 0) for day in dates]) for kind in FUNNEL],
    )


class KindCount(msgspec.Struct, frozen=True):
    kind: str
    entries: str


class PostReportRow(msgspec.Struct, frozen=True):
    title: Cell
    opened: str
    opened_product: str
    added: str
    bought: str
    rate: str
    orders: str
    revenue: str


class ModelFigures(msgspec.Struct, frozen=True):
    at: str
    seconds: str
    events: str
    persons: str
    products: str
    transitions: str
    questions: str
    hits: str
    """the share of guesses that were right; empty where too few people could be asked"""
    refused: bool
    """a newer model was trained and does not serve, since it guesses worse"""


class InsightPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/insight.html"

    spans: list[Tab]
    sales: Plot
    posts_plot: Plot
    posts: list[PostReportRow]
    journal: Plot
    kinds: list[KindCount]
    model: ModelFigures | None
    export_url: str


def _kinds(ctx: ConsoleContext, entries: Sequence[DayCount]) -> list[KindCount]:
    sums: dict[EventKind, int] = defaultdict(int)
    for one in entries:
        sums[one.kind] += one.entries
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    return [KindCount(ctx.words(KINDS[kind]), views.number(ctx, count)) for kind, count in ordered]


def _post(ctx: ConsoleContext, post: PostSales) -> PostReportRow:
    return PostReportRow(
        title=views.linked(ctx, Permission.PUBLISH, post.title, views.post_url(post.post_id)),
        opened=views.number(ctx, post.opened),
        opened_product=views.number(ctx, post.opened_product),
        added=views.number(ctx, post.added),
        bought=views.number(ctx, post.bought),
        rate=f"{post.bought / post.opened:.1%}",
        orders=views.number(ctx, post.orders),
        revenue=views.money(ctx, post.revenue),
    )


def _model(ctx: ConsoleContext, trained: Trained) -> ModelFigures:
    fit = trained.fit
    return ModelFigures(
        at=views.moment(ctx, trained.at),
        seconds=views.number(ctx, fit.seconds),
        events=views.number(ctx, fit.events),
        persons=views.number(ctx, fit.persons),
        products=views.number(ctx, fit.items),
        transitions=views.number(ctx, fit.transitions),
        questions=views.number(ctx, fit.judged.questions),
        hits="" if fit.judged.hit_20 is None else f"{fit.judged.hit_20:.1%}",
        refused=trained.refused,
    )


HANDLERS: list[Any] = [insight, export]
