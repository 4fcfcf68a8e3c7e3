"""Today: what sold by hour, channel, post and product, and what needs attention."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, get

from unwall.channels.console import views
from unwall.channels.console.content.posts import opened_words
from unwall.channels.console.context import ConsoleContext, ConsolePage, console_context
from unwall.channels.console.store_setup import StoreSetup, store_setup
from unwall.channels.console.views import FigureChange
from unwall.channels.design.values import Cell, Plot, Series
from unwall.channels.http.context import AnyRequest, signed_in
from unwall.channels.http.menus import TODAY, home_of
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.commerce.fulfilment.reads import overdue, work_counts
from unwall.commerce.fulfilment.rules import PICKUP_OVERDUE_DAYS
from unwall.commerce.fulfilment.values import Shipment, Work, WorkCounts
from unwall.commerce.orders.values import Channel
from unwall.content.accounts.values import Owner
from unwall.content.posts.reads import missed as missed_posts
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import HourSales, PostSales, ShortStock, Span, Today, TopProduct
from unwall.kernel.clock import local
from unwall.kernel.jobs import FailedJob, failed_jobs
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.services import Services

WEEK = timedelta(days=7)
POSTS, PRODUCTS, NEEDS, JOBS = 8, 8, 6, 50
FAILED_JOBS = f"{TODAY}/jobs"


@get(TODAY, include_in_schema=False)
async def today(request: AnyRequest, services: Services) -> Response[Any]:
    """Staff who may not see figures are sent to the first page that they may open."""
    staff = await signed_in(request, services)
    if home_of(staff.role) != TODAY:
        return see_other(home_of(staff.role))
    return await _page(await console_context(request, services, staff))


async def _page(ctx: ConsoleContext) -> Response[str]:
    day, now = day_of(ctx.now, ctx.merchant.timezone), ctx.now
    async with ctx.confined() as conn:
        sales = await reads.today(conn, ctx.merchant, now)
        posts = await reads.post_sales(conn, ctx.merchant_id, ctx.lang, Span(now - WEEK, now), POSTS)
        products = await reads.top_products(conn, ctx.merchant_id, ctx.lang, day.start, day.end, PRODUCTS)
        short = await reads.short_stock(conn, ctx.merchant_id, ctx.lang, now - WEEK, now, NEEDS)
        late = await overdue(conn, ctx.merchant_id, ctx.lang, now, NEEDS)
        work = await work_counts(conn, ctx.merchant_id, now)
        missed = await missed_posts(conn, Owner(merchant_id=ctx.merchant_id))
        empty = await reads.empty_places(conn, ctx.merchant_id, now - WEEK, now)
        setup = await store_setup(conn, ctx)
    failed = await _failed_jobs(ctx) if ctx.may(Permission.PEOPLE) else None
    return ctx.page(
        TodayPage(
            title=ctx.words(N_("Today")),
            setup=setup,
            figures=_figures(ctx, sales),
            days=WEEK.days,
            hours=hours_plot(ctx, sales),
            channels=channels_plot(ctx, sales),
            posts=[post_tile(ctx, post) for post in posts],
            work=[*_missed(ctx, missed), *_work_tiles(ctx, work, empty, None if failed is None else len(failed))],
            needs=[*(_late(ctx, task) for task in late), *(_short(ctx, item) for item in short)],
            products=[_product(ctx, product) for product in products],
            weekday=views.weekday(ctx),
            may_publish=ctx.may(Permission.PUBLISH),
        )
    )


class Figures(msgspec.Struct, frozen=True):
    revenue: str
    change: FigureChange
    orders: str
    before_orders: str
    worth: str
    worth_change: FigureChange
    counter: str
    revenue_by_hour: list[int]
    orders_by_hour: list[int]


class SellingPostTile(msgspec.Struct, frozen=True):
    url: str
    title: str
    image: str | None
    revenue: str
    orders: str
    opened: str


class Need(msgspec.Struct, frozen=True):
    """Something that needs attention."""

    icon: str
    text: str
    badge: str
    tone: str
    url: str | None


class WorkTile(msgspec.Struct, frozen=True):
    """How many of something wait, with the list that it counts."""

    label: str
    count: str
    definition: str
    tone: str
    url: str | None


class SoldProductView(msgspec.Struct, frozen=True):
    title: Cell
    quantity: str
    revenue: str


class TodayPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/today.html"

    setup: StoreSetup | None
    figures: Figures
    hours: Plot
    channels: Plot
    posts: list[SellingPostTile]
    work: list[WorkTile]
    needs: list[Need]
    products: list[SoldProductView]
    weekday: str
    days: int
    """whose sales count for posts and for what runs short"""
    may_publish: bool


def _figures(ctx: ConsoleContext, sales: Today) -> Figures:
    worth, before = _mean(sales.revenue, sales.orders), _mean(sales.before_revenue, sales.before_orders)
    hours = local(ctx.now, ctx.merchant.timezone).hour + 1
    return Figures(
        revenue=views.money(ctx, sales.revenue),
        change=views.change(ctx, sales.revenue, sales.before_so_far),
        orders=views.number(ctx, sales.orders),
        before_orders=views.number(ctx, sales.before_orders),
        worth=views.money(ctx, worth),
        worth_change=views.change(ctx, worth, before),
        counter=views.money(ctx, sum(h.revenue for h in sales.hours if h.channel == Channel.COUNTER)),
        revenue_by_hour=_by_hour(sales, lambda hour: hour.revenue)[:hours],
        orders_by_hour=_by_hour(sales, lambda hour: hour.orders)[:hours],
    )


def _mean(revenue: int, orders: int) -> int:
    return round(revenue / orders) if orders else 0


def _by_hour(sales: Today, of: Callable[[HourSales], int]) -> list[int]:
    return [sum(of(hour) for hour in sales.hours if hour.hour == at) for at in range(24)]


def _revenue(hour: HourSales) -> int:
    return hour.revenue


def _revenue_before(hour: HourSales) -> int:
    return hour.before_revenue


def hours_plot(ctx: ConsoleContext, sales: Today) -> Plot:
    def amounts(of: Callable[[HourSales], int]) -> list[float]:
        return [views.major(ctx, amount) for amount in _by_hour(sales, of)]

    return Plot(
        kind="bar",
        x=[f"{hour:02d}" for hour in range(24)],
        x_title=ctx.words(N_("Hour")),
        unit=ctx.merchant.currency,
        series=_against_last_week(ctx, amounts),
    )


def channels_plot(ctx: ConsoleContext, sales: Today) -> Plot:
    known = [channel for channel in Channel if any(hour.channel == channel for hour in sales.hours)]

    def amounts(of: Callable[[HourSales], int]) -> list[float]:
        return [views.major(ctx, sum(of(h) for h in sales.hours if h.channel == channel)) for channel in known]

    return Plot(
        kind="hbar",
        x=[ctx.words(views.CHANNELS[channel]) for channel in known],
        unit=ctx.merchant.currency,
        series=_against_last_week(ctx, amounts),
    )


def _against_last_week(
    ctx: ConsoleContext, amounts: Callable[[Callable[[HourSales], int]], list[float]]
) -> list[Series]:
    last = ctx.words(N_("Last {weekday}"), weekday=views.weekday(ctx))
    return [
        Series(ctx.words(N_("Today")), amounts(_revenue)),
        Series(last, amounts(_revenue_before), faint=True),
    ]


def _work_tiles(ctx: ConsoleContext, work: WorkCounts, empty: int, failed: int | None) -> list[WorkTile]:
    def tile(label: str, count: int, definition: str, tone: str, url: str | None) -> WorkTile:
        return WorkTile(
            ctx.words(label),
            views.number(ctx, count),
            ctx.words(definition, days=PICKUP_OVERDUE_DAYS),
            tone if count else "",
            url,
        )

    def orders(kind: Work) -> str | None:
        return f"/console/orders?state={kind}" if ctx.may(Permission.ORDERS) else None

    to_do = N_("Orders that a shop or warehouse has to pick or to pack.")
    late = N_("Those of them that were not ready by the promised time.")
    waiting = N_(
        "Parcels that are ready: not with their carrier by the promised time, or not collected for {days} days."
    )
    empty_words = N_(
        "Items that sold in the last {days} days, at each open shop or warehouse where none is left.", days=WEEK.days
    )
    tiles = [
        tile(N_("To pick and pack"), work.open, to_do, "", orders(Work.OPEN)),
        tile(N_("Late"), work.late, late, "bad", orders(Work.LATE)),
        tile(N_("Waiting too long"), work.waiting, waiting, "bad", orders(Work.WAITING)),
        tile(N_("Out of stock somewhere"), empty, empty_words, "soon", _stock_url(ctx)),
    ]
    if ctx.may(Permission.CONVERSE):
        unanswered = N_("Conversations in which a shopper waits for an answer.")
        tiles.append(
            tile(
                N_("Unanswered messages"), ctx.unanswered, unanswered, "soon", "/console/conversations?view=unanswered"
            )
        )
    if failed is not None:
        tiles.append(tile(N_("Failed jobs"), failed, JOBS_WORDS, "bad", FAILED_JOBS))
    return tiles


def _missed(ctx: ConsoleContext, missed: int) -> list[WorkTile]:
    """Only where there are some."""
    words = ctx.words(N_("Scheduled posts that were not published in time: they wait for a new one."))
    url = "/console/posts?state=missed" if ctx.may(Permission.PUBLISH) else None
    return [WorkTile(ctx.words(N_("Missed posts")), views.number(ctx, missed), words, "bad", url)] if missed else []


def _stock_url(ctx: ConsoleContext) -> str | None:
    return "/console/stock?show=empty" if ctx.may(Permission.STOCK) else None


def post_tile(ctx: ConsoleContext, post: PostSales) -> SellingPostTile:
    return SellingPostTile(
        url=views.post_url(post.post_id),
        title=post.title,
        image=thumbnail_url(post.image_file),
        revenue=views.money(ctx, post.revenue),
        orders=ctx.count("{n} order", "{n} orders", post.orders),
        opened=opened_words(ctx, post.opened),
    )


def _late(ctx: ConsoleContext, task: Shipment) -> Need:
    text = ctx.words(
        N_("{order} at {node}: due {ago}"),
        order=task.order_number,
        node=task.node_name,
        ago=views.ago(ctx, task.due_at),
    )
    url = views.order_url(task.order_id) if ctx.may(Permission.ORDERS) else None
    return Need("clock", text, ctx.words(N_("Late")), "bad", url)


def _short(ctx: ConsoleContext, item: ShortStock) -> Need:
    text = ctx.words(
        N_("{item}: {left} left, {sold} sold in {days} days"),
        item=views.item_name(item.title, item.options),
        left=item.available,
        sold=item.sold,
        days=WEEK.days,
    )
    badge, tone = (N_("Sold out"), "bad") if item.available <= 0 else (N_("Short"), "soon")
    url = f"/console/stock?product={item.product_id}" if ctx.may(Permission.STOCK) else None
    return Need("warning", text, ctx.words(badge), tone, url)


def _product(ctx: ConsoleContext, product: TopProduct) -> SoldProductView:
    return SoldProductView(
        title=views.linked(ctx, Permission.CATALOGUE, product.title, views.product_url(product.product_id)),
        quantity=views.number(ctx, product.quantity),
        revenue=views.money(ctx, product.revenue),
    )


# --- failed jobs ------------------------------------------------------------------------------------------------------

JOBS_WORDS = N_("Background jobs of this install that failed at every attempt in the last {days} days.", days=WEEK.days)


class FailedJobView(msgspec.Struct, frozen=True):
    at: str
    job: str
    error: str


async def _failed_jobs(ctx: ConsoleContext) -> list[FailedJob]:
    """Of the whole install; the queue is no merchant's, so it cannot be read confined to one."""
    async with ctx.services.db.read() as conn:
        return await failed_jobs(conn, ctx.now - WEEK, JOBS)


class FailedJobsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/jobs.html"

    definition: str
    rows: list[FailedJobView]


@get(FAILED_JOBS, permission=Permission.PEOPLE, include_in_schema=False)
async def jobs(ctx: ConsoleContext) -> Response[str]:
    failed = await _failed_jobs(ctx)
    return ctx.page(
        FailedJobsPage(
            title=ctx.words(N_("Failed jobs")),
            definition=ctx.words(JOBS_WORDS),
            rows=[FailedJobView(views.moment(ctx, job.at), job.entrypoint, job.error) for job in failed],
        )
    )


HANDLERS: list[Any] = [today, jobs]
