"""The first screen of the morning: what sold, what did it, what needs me."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from litestar import Response, get

from unwall.channels.console import views
from unwall.channels.console.frame import TODAY, Seat, home_of, seat_of, see_other
from unwall.channels.console.views import View
from unwall.channels.house import House
from unwall.channels.visits import AnyRequest, signed_in
from unwall.commerce.fulfilment.reads import overdue
from unwall.commerce.fulfilment.values import Shipment
from unwall.commerce.orders.values import Channel
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import HourSales, PostSales, ShortStock, Today, TopProduct
from unwall.kernel.clock import local
from unwall.kernel.text import N_
from unwall.people.values import Permission

WEEK = timedelta(days=7)
POSTS, PRODUCTS, NEEDS = 8, 8, 6


@get(TODAY, include_in_schema=False)
async def today(request: AnyRequest, house: House) -> Response[Any]:
    """Also the door: who may not see figures goes to their first page."""
    staff = await signed_in(request, house)
    if home_of(staff.role) != TODAY:
        return see_other(home_of(staff.role))
    return await _page(await seat_of(request, house, staff))


async def _page(seat: Seat) -> Response[str]:
    day, now = day_of(seat.now, seat.merchant.timezone), seat.now
    async with seat.confined() as conn:
        sales = await reads.today(conn, seat.merchant, now)
        posts = await reads.post_sales(conn, seat.merchant_id, seat.lang, now - WEEK, now, POSTS)
        products = await reads.top_products(conn, seat.merchant_id, seat.lang, day.start, day.end, PRODUCTS)
        short = await reads.short_stock(conn, seat.merchant_id, seat.lang, now - WEEK, now, NEEDS)
        late = await overdue(conn, seat.merchant_id, seat.lang, now, NEEDS)
    return seat.page(
        "console/today.html", title=seat.words(N_("Today")), figures=_figures(seat, sales),
        hours=hours_plot(seat, sales), channels=channels_plot(seat, sales),
        posts=[post_tile(seat, post) for post in posts],
        needs=[*(_late(seat, task) for task in late), *(_short(seat, item) for item in short)],
        products=[_product(seat, product) for product in products], weekday=views.weekday(seat),
        may_publish=seat.may(Permission.PUBLISH),
    )  # fmt: skip


def _figures(seat: Seat, sales: Today) -> View:
    worth, before = _mean(sales.revenue, sales.orders), _mean(sales.before_revenue, sales.before_orders)
    passed = local(seat.now, seat.merchant.timezone).hour + 1
    return {
        "revenue": views.money(seat, sales.revenue),
        "change": views.change(seat, sales.revenue, sales.before_so_far),
        "orders": views.number(seat, sales.orders),
        "before_orders": views.number(seat, sales.before_orders),
        "worth": views.money(seat, worth),
        "worth_change": views.change(seat, worth, before),
        "counter": views.money(seat, sum(h.revenue for h in sales.hours if h.channel == Channel.COUNTER)),
        "revenue_by_hour": _by_hour(sales, lambda hour: hour.revenue)[:passed],
        "orders_by_hour": _by_hour(sales, lambda hour: hour.orders)[:passed],
    }


def _mean(revenue: int, orders: int) -> int:
    return round(revenue / orders) if orders else 0


def _by_hour(sales: Today, of: Callable[[HourSales], int]) -> list[int]:
    return [sum(of(hour) for hour in sales.hours if hour.hour == at) for at in range(24)]


def hours_plot(seat: Seat, sales: Today) -> View:
    def made(of: Callable[[HourSales], int]) -> list[float]:
        return [views.major(seat, amount) for amount in _by_hour(sales, of)]

    last = seat.words(N_("Last {weekday}"), weekday=views.weekday(seat))
    return {
        "kind": "bar", "x": [f"{hour:02d}" for hour in range(24)], "x_title": seat.words(N_("Hour")),
        "unit": seat.merchant.currency,
        "series": [
            {"name": seat.words(N_("Today")), "values": made(lambda hour: hour.revenue)},
            {"name": last, "values": made(lambda hour: hour.before_revenue), "faint": True},
        ],
    }  # fmt: skip


def channels_plot(seat: Seat, sales: Today) -> View:
    known = [channel for channel in Channel if any(hour.channel == channel for hour in sales.hours)]

    def made(of: Callable[[HourSales], int]) -> list[float]:
        return [views.major(seat, sum(of(h) for h in sales.hours if h.channel == channel)) for channel in known]

    def revenue(hour: HourSales) -> int:
        return hour.revenue

    last = seat.words(N_("Last {weekday}"), weekday=views.weekday(seat))
    return {
        "kind": "hbar", "x": [seat.words(views.CHANNELS[channel]) for channel in known],
        "unit": seat.merchant.currency,
        "series": [
            {"name": seat.words(N_("Today")), "values": made(revenue)},
            {"name": last, "values": made(lambda hour: hour.before_revenue), "faint": True},
        ],
    }  # fmt: skip


def post_tile(seat: Seat, post: PostSales) -> View:
    return {
        "url": views.post_url(post.post_id),
        "title": post.title,
        "image": views.picture_of(post.image_file),
        "revenue": views.money(seat, post.revenue),
        "orders": seat.count("{n} order", "{n} orders", post.orders),
        "views": seat.count("{n} view", "{n} views", post.views),
    }


def _late(seat: Seat, task: Shipment) -> View:
    said = seat.words(
        N_("{order} at {node}: due {ago}"), order=task.order_number, node=task.node_name,
        ago=views.ago(seat, task.due_at),
    )  # fmt: skip
    return {"icon": "clock", "text": said, "badge": seat.words(N_("Late")), "tone": "bad",
            "url": views.order_url(task.order_id) if seat.may(Permission.ORDERS) else None}  # fmt: skip


def _short(seat: Seat, item: ShortStock) -> View:
    said = seat.words(
        N_("{item}: {left} left, {sold} sold in seven days"), item=views.thing(item.title, item.options),
        left=item.available, sold=item.sold,
    )  # fmt: skip
    out = item.available <= 0
    return {"icon": "warning", "text": said, "tone": "bad" if out else "soon",
            "badge": seat.words(N_("Sold out") if out else N_("Short")),
            "url": f"/console/stock?product={item.product_id}" if seat.may(Permission.STOCK) else None}  # fmt: skip


def _product(seat: Seat, product: TopProduct) -> View:
    return {
        "title": views.linked(seat, Permission.CATALOGUE, product.title, f"/console/products/{product.product_id}"),
        "quantity": views.number(seat, product.quantity),
        "revenue": views.money(seat, product.revenue),
    }


HANDLERS: list[Any] = [today]
