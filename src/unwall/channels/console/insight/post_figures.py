"""What each post did: reach, impressions, opens, dwell, product opens, bags, orders and money, by days and account."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_skeleton
from litestar import Response, get
from litestar.response import Stream

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Cell, Option, Plot, Series, Tab
from unwall.content.accounts.reads import own_accounts
from unwall.content.accounts.values import Owner
from unwall.insight.attribution.rules import MAX_REPORT_DAYS
from unwall.insight.reports import reads
from unwall.insight.reports.values import MAX_AGE_MINUTES, DayFigures, Days, FigureSort, PostFigures
from unwall.kernel.clock import local
from unwall.kernel.database import Connection
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_, locale_of
from unwall.people.values import Permission

PATH = "/console/insight/posts"
SPANS = {str(days): N_("{days} days", days=days) for days in (7, 30, 90)}
PLOTTED = 10
_S = FigureSort
LABELS = {
    _S.REACH: N_("Reach"),
    _S.IMPRESSIONS: N_("Impressions"),
    _S.OPENS: N_("Opened"),
    _S.DWELL: N_("Dwell, s"),
    _S.PLAYS: N_("Videos begun"),
    _S.COMPLETION: N_("Watched to the end, %"),
    _S.PRODUCT_OPENS: N_("Product opened"),
    _S.ADDS: N_("Into the bag"),
    _S.ORDERS: N_("Orders"),
    _S.REVENUE: N_("Sales"),
    _S.LIKES: N_("Likes"),
    _S.SAVES: N_("Saved"),
    _S.COMMENTS: N_("Comments"),
    _S.SHARES: N_("Shares"),
}
DEFINITIONS = {
    _S.REACH: N_("People who saw or opened the post: members, and browsers that were not signed in, each once."),
    _S.IMPRESSIONS: N_("How often the post was on somebody's screen, as browsers report it."),
    _S.OPENS: N_("How often the post's page was opened."),
    _S.DWELL: N_("Seconds that the post stayed on a screen, on average over the times that browsers told."),
    _S.PLAYS: N_("How often a video of the post began to play, by itself or because somebody pressed it."),
    _S.COMPLETION: N_("Of these, the share that was seen nearly whole: each second once, played and on the screen."),
    _S.PRODUCT_OPENS: N_("How often a product was opened from the post."),
    _S.ADDS: N_("How often something was put into the bag from the post."),
    _S.ORDERS: N_("Paid orders credited to the post: bought from it, or it was the last post opened before."),
    _S.REVENUE: N_("Goods less discounts of these orders."),
    _S.LIKES: N_("How often somebody pressed Like; taking it back is not counted off."),
    _S.SAVES: N_("How often somebody saved the post; taking it back is not counted off."),
    _S.COMMENTS: N_("Comments and replies that were written, also those that are not shown any more."),
    _S.SHARES: N_("How often somebody shared the post's link."),
}


class FigureRow(msgspec.Struct, frozen=True):
    title: Cell
    account: str
    published: str
    reach: str
    impressions: str
    opens: str
    dwell: str
    plays: str
    completion: str
    product_opens: str
    adds: str
    orders: str
    revenue: str
    likes: str
    saves: str
    comments: str
    shares: str


class FigureColumn(msgspec.Struct, frozen=True):
    key: str
    label: str
    num: bool = True
    sort_url: str | None = None
    sorted: str | None = None


class Definition(msgspec.Struct, frozen=True):
    label: str
    words: str


class PostFiguresPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/post_figures.html"

    spans: list[Tab]
    path: str
    first: str
    last: str
    accounts: list[Option]
    account: str
    sort: str
    by_day: Plot
    top: Plot
    columns: list[FigureColumn]
    rows: list[FigureRow]
    definitions: list[Definition]
    counted: str
    late: bool
    """they are older than they may be"""
    cut: bool
    """there are more posts than are listed"""
    export_url: str


class FiguresRequest(msgspec.Struct, frozen=True):
    """What the page is asked for."""

    days: Days
    account: UUID | None
    sort: FigureSort

    def url(self, path: str = PATH, **other: str) -> str:
        account = str(self.account) if self.account else None
        fields = {"first": str(self.days.first), "last": str(self.days.last), "account": account}
        return listing.address(path, **(fields | {"sort": self.sort.value} | other))


@get(PATH, permission=Permission.INSIGHT, include_in_schema=False)
async def post_figures(ctx: ConsoleContext) -> Response[str]:
    asked = _asked(ctx)
    days, account, sort = asked.days, asked.account, asked.sort
    async with ctx.confined() as conn:
        top = await reads.top_posts(conn, ctx.merchant_id, ctx.lang, days, account, sort)
        daily = await reads.by_day(conn, ctx.merchant_id, days, account)
        known = await reads.progress(conn)
        accounts = await own_accounts(conn, Owner(merchant_id=ctx.merchant_id), ctx.lang)
    page = PostFiguresPage(
        title=ctx.words(N_("What posts did")),
        spans=[_span(ctx, asked, int(value), label) for value, label in SPANS.items()],
        path=PATH,
        first=str(days.first),
        last=str(days.last),
        accounts=[Option("", ctx.words(N_("All accounts"))), *(Option(str(one.id), one.name) for one in accounts)],
        account=str(account or ""),
        sort=sort.value,
        by_day=_day_plot(ctx, days, daily),
        top=_top_plot(ctx, top, sort),
        columns=_columns(ctx, asked),
        rows=[_row(ctx, one) for one in top],
        definitions=[Definition(ctx.words(LABELS[one]), ctx.words(words)) for one, words in DEFINITIONS.items()],
        counted=views.moment(ctx, known.at) if known else "",
        late=known is not None and ctx.now - known.at > timedelta(minutes=MAX_AGE_MINUTES),
        cut=len(top) == reads.MAX_LISTED,
        export_url=asked.url(f"{PATH}.csv"),
    )
    return ctx.page(page)


def _asked(ctx: ConsoleContext) -> FiguresRequest:
    sort = ctx.query.get("sort", "")
    wanted = FigureSort(sort) if sort in set(FigureSort) else FigureSort.REVENUE
    return FiguresRequest(_days(ctx), parse_id(ctx.query.get("account", "")), wanted)


def _days(ctx: ConsoleContext) -> Days:
    """The last thirty days where none are asked, or what is asked makes no sense."""
    today = local(ctx.now, ctx.merchant.timezone).date()
    first, last = _date(ctx.query.get("first", "")), _date(ctx.query.get("last", ""))
    if first is None or last is None or not timedelta(0) <= last - first < timedelta(days=MAX_REPORT_DAYS):
        first, last = today - timedelta(days=29), today
    return Days(first, last, _midnight(ctx, first), _midnight(ctx, last + timedelta(days=1)))


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _midnight(ctx: ConsoleContext, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(ctx.merchant.timezone))


def _span(ctx: ConsoleContext, asked: FiguresRequest, days: int, label: str) -> Tab:
    """So many days until today."""
    today = local(ctx.now, ctx.merchant.timezone).date()
    first = today - timedelta(days=days - 1)
    active = (asked.days.first, asked.days.last) == (first, today)
    return Tab(asked.url(first=str(first), last=str(today)), ctx.words(label), active)


def _columns(ctx: ConsoleContext, asked: FiguresRequest) -> list[FigureColumn]:
    texts = [("title", N_("Post")), ("account", N_("Account")), ("published", N_("Published"))]
    columns = [FigureColumn(key, ctx.words(label), num=False) for key, label in texts]
    for one, label in LABELS.items():
        order = "descending" if one is asked.sort else None
        columns.append(FigureColumn(one.value, ctx.words(label), sort_url=asked.url(sort=one.value), sorted=order))
    return columns


def _row(ctx: ConsoleContext, one: PostFigures) -> FigureRow:
    number = views.number
    title = one.title or ctx.words(N_("Without a title"))
    return FigureRow(
        title=views.linked(ctx, Permission.PUBLISH, title, views.post_url(one.post_id)),
        account=f"@{one.account_handle}",
        published=views.moment(ctx, one.published_at),
        reach=number(ctx, one.reach),
        impressions=number(ctx, one.impressions),
        opens=number(ctx, one.opens),
        dwell=number(ctx, round(one.dwell, 1)) if one.dwell else "–",
        plays=number(ctx, one.plays) if one.plays else "–",
        completion=number(ctx, round(100 * one.completion)) if one.plays else "–",
        product_opens=number(ctx, one.product_opens),
        adds=number(ctx, one.adds),
        orders=number(ctx, one.orders),
        revenue=views.money(ctx, one.revenue),
        likes=number(ctx, one.likes),
        saves=number(ctx, one.saves),
        comments=number(ctx, one.comments),
        shares=number(ctx, one.shares),
    )


def _day_plot(ctx: ConsoleContext, days: Days, daily: Sequence[DayFigures]) -> Plot:
    dates = [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]
    known = {one.day: one for one in daily}
    lines = (_S.REACH, _S.IMPRESSIONS, _S.OPENS, _S.PRODUCT_OPENS)
    return Plot(
        kind="line",
        x=[format_skeleton("MMMd", day, locale=locale_of(ctx.lang)) for day in dates],
        x_title=ctx.words(N_("Day")),
        series=[
            Series(ctx.words(LABELS[one]), [getattr(known[day], one.value) if day in known else 0 for day in dates])
            for one in lines
        ],
    )


def _top_plot(ctx: ConsoleContext, top: Sequence[PostFigures], sort: FigureSort) -> Plot:
    shown = top[:PLOTTED]
    values = [getattr(one, sort.value) * (100 if sort is FigureSort.COMPLETION else 1) for one in shown]
    if sort is FigureSort.REVENUE:
        values = [views.major(ctx, value) for value in values]
    return Plot(
        kind="hbar",
        x=[one.title[:24] for one in shown],
        x_title=ctx.words(N_("Post")),
        series=[Series(ctx.words(LABELS[sort]), [round(value, 1) for value in values])],
    )


@get(f"{PATH}.csv", permission=Permission.INSIGHT, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    asked = _asked(ctx)

    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await reads.all_posts(conn, ctx.merchant_id, ctx.lang, asked.days, asked.account, after)
        return [_cells(ctx, one) for one in page.rows], page.after

    headings = ["id", "title", "account", "published", *(one.value for one in LABELS)]
    return listing.export(ctx, "post-figures", headings, read)


def _cells(ctx: ConsoleContext, one: PostFigures) -> list[object]:
    figures = [_figure(ctx, name, getattr(one, name.value)) for name in LABELS]
    return [one.post_id, one.title, one.account_handle, views.iso(ctx, one.published_at), *figures]


def _figure(ctx: ConsoleContext, name: FigureSort, value: float) -> float:
    return views.major(ctx, int(value)) if name is FigureSort.REVENUE else round(value, 2)


HANDLERS: list[Any] = [post_figures, export]
