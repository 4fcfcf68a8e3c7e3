"""Today: what sold by hour, channel, post and product, and what needs somebody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Response, get

from unwall.channels.console import views
from unwall.channels.console.context import TODAY, ConsoleContext, console_context, home_of
from unwall.channels.console.views import FigureChange
from unwall.channels.design.values import Cell, Plot, Series
from unwall.channels.http.context import AnyRequest, signed_in
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.commerce.fulfilment.reads import overdue
from unwall.commerce.fulfilment.values import Shipment
from unwall.commerce.orders.values import Channel
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import HourSales, PostSales, ShortStock, Today, TopProduct
from unwall.kernel.clock import local
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.services import Services

WEEK = timedelta(days=7)
POSTS, PRODUCTS, NEEDS = 8, 8, 6


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
        posts = await reads.post_sales(conn, ctx.merchant_id, ctx.lang, now - WEEK, now, POSTS)
        products = await reads.top_products(conn, ctx.merchant_id, ctx.lang, day.start, day.end, PRODUCTS)
        short = await reads.short_stock(conn, ctx.merchant_id, ctx.lang, now - WEEK, now, NEEDS)
        late = await overdue(conn, ctx.merchant_id, ctx.lang, now, NEEDS)
    return ctx.page(
        "console/today.html",
        title=ctx.words(N_("Today")),
        figures=_figures(ctx, sales),
        hours=hours_plot(ctx, sales),
        channels=channels_plot(ctx, sales),
        posts=[post_tile(ctx, post) for post in posts],
        needs=[*(_late(ctx, task) for task in late), *(_short(ctx, item) for item in short)],
        products=[_product(ctx, product) for product in products],
        weekday=views.weekday(ctx),
        may_publish=ctx.may(Permission.PUBLISH),
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
    views: str


class Need(msgspec.Struct, frozen=True):
    """One thing that somebody should look after."""

    icon: str
    text: str
    badge: str
    tone: str
    url: str | None


class SoldProductView(msgspec.Struct, frozen=True):
    title: Cell
    quantity: str
    revenue: str


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


def post_tile(ctx: ConsoleContext, post: PostSales) -> SellingPostTile:
    return SellingPostTile(
        url=views.post_url(post.post_id),
        title=post.title,
        image=thumbnail_url(post.image_file),
        revenue=views.money(ctx, post.revenue),
        orders=ctx.count("{n} order", "{n} orders", post.orders),
        views=ctx.count("{n} view", "{n} views", post.views),
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
        N_("{item}: {left} left, {sold} sold in seven days"),
        item=views.item_name(item.title, item.options),
        left=item.available,
        sold=item.sold,
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


HANDLERS: list[Any] = [today]
