"""What people do, what posts lead to, and what the house has learned from it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from litestar import Response, get

from unwall.channels.console import listing, views
from unwall.channels.console.frame import Seat
from unwall.channels.console.views import View
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import day_of
from unwall.insight.attribution.values import DaySales, PostSales
from unwall.insight.recommend.reads import active_fit
from unwall.insight.recommend.values import Trained
from unwall.journal.reads import by_day
from unwall.journal.values import DayCount, Kind
from unwall.kernel.clock import local
from unwall.kernel.text import LOCALES, N_
from unwall.people.values import Permission

PATH = "/console/insight"
SPANS = {"7": N_("7 days"), "30": N_("30 days"), "90": N_("90 days")}
POSTS = 30
KINDS = {
    Kind.VIEW: N_("Views"),
    Kind.CLICK: N_("Clicks"),
    Kind.DWELL: N_("Dwells"),
    Kind.SEARCH: N_("Searches"),
    Kind.ADD_TO_CART: N_("Into the bag"),
    Kind.PURCHASE: N_("Bought"),
    Kind.COUNTER_SALE: N_("Sold at the counter"),
    Kind.FOLLOW: N_("Follows"),
    Kind.LIKE: N_("Likes"),
    Kind.SHARE: N_("Shared"),
    Kind.CHECKOUT: N_("Checkouts"),
    Kind.SHIPPED: N_("Shipped"),
    Kind.PICKUP: N_("Picked up"),
    Kind.RETURN: N_("Came back"),
    Kind.IMPRESSION: N_("Impressions"),
}
SEEN = (Kind.VIEW, Kind.CLICK, Kind.ADD_TO_CART, Kind.PURCHASE)
"""What a shopper goes through, from the most to the fewest: the plot's lines."""


@get(PATH, permission=Permission.INSIGHT, include_in_schema=False)
async def insight(seat: Seat) -> Response[str]:
    days, since, until = _span(seat)
    async with seat.confined() as conn:
        posts = await reads.post_sales(conn, seat.merchant_id, seat.lang, since, until, POSTS)
        sales = await reads.daily_sales(conn, seat.merchant, since, until)
        entries = await by_day(conn, seat.merchant_id, seat.merchant.timezone, since, until)
    async with seat.house.db.read() as conn:  # the model is the install's, not one merchant's
        trained = await active_fit(conn)
    dates = [(local(since, seat.merchant.timezone) + timedelta(days=n)).date() for n in range(int(days))]
    spans = [
        {"url": listing.address(PATH, days=value), "label": seat.words(label), "active": value == days}
        for value, label in SPANS.items()
    ]
    return seat.page(
        "console/insight.html", title=seat.words(N_("Insight")), spans=spans, sales=sales_plot(seat, dates, sales),
        posts_plot=posts_plot(seat, posts), posts=[_post(seat, post) for post in posts],
        journal=journal_plot(seat, dates, entries), kinds=_kinds(seat, entries),
        model=_model(seat, trained) if trained else None, export_url=listing.address(f"{PATH}.csv", days=days),
    )  # fmt: skip


def _span(seat: Seat) -> tuple[str, datetime, datetime]:
    """(days, from the first midnight, to the end of today) in the store's own time."""
    days = seat.query.get("days", "30")
    days = days if days in SPANS else "30"
    today = day_of(seat.now, seat.merchant.timezone)
    return days, today.start - timedelta(days=int(days) - 1), today.end


@get(f"{PATH}.csv", permission=Permission.INSIGHT, include_in_schema=False)
async def export(seat: Seat) -> Response[str]:
    _, since, until = _span(seat)
    async with seat.confined() as conn:
        posts = await reads.post_sales(conn, seat.merchant_id, seat.lang, since, until, listing.ALL)
    headings = ["id", "title", "published", "views", "product clicks", "into the bag", "orders", "revenue"]
    return listing.sheet(
        "posts", headings,
        (
            [p.post_id, p.title, views.iso(seat, p.published_at), p.views, p.product_clicks, p.add_to_carts, p.orders,
             views.major(seat, p.revenue)]
            for p in posts
        ),
    )  # fmt: skip


def _days(seat: Seat, dates: Sequence[date]) -> list[str]:
    return [format_date(day, "d MMM" if seat.lang == "en" else "M月d日", locale=LOCALES[seat.lang]) for day in dates]


def sales_plot(seat: Seat, dates: Sequence[date], sales: Sequence[DaySales]) -> View:
    by_date = {one.day: one for one in sales}
    whole = [views.major(seat, by_date[day].revenue if day in by_date else 0) for day in dates]
    posts = [views.major(seat, by_date[day].from_posts if day in by_date else 0) for day in dates]
    return {
        "kind": "area", "x": _days(seat, dates), "x_title": seat.words(N_("Day")), "unit": seat.merchant.currency,
        "series": [
            {"name": seat.words(N_("Led to by posts")), "values": posts},
            {"name": seat.words(N_("All sales")), "values": whole, "faint": True},
        ],
    }  # fmt: skip


def posts_plot(seat: Seat, posts: Sequence[PostSales]) -> View:
    """The ten that sold most, each at what it was seen and what it brought."""
    return {
        "kind": "scatter", "x": [], "x_title": seat.words(N_("Views")),
        "y_title": seat.words(N_("Sales, {currency}"), currency=seat.merchant.currency),
        "series": [
            {
                "name": seat.words(N_("Posts")),
                "values": [[post.views, views.major(seat, post.revenue), post.title[:24]] for post in posts[:10]],
            }
        ],
    }  # fmt: skip


def journal_plot(seat: Seat, dates: Sequence[date], entries: Sequence[DayCount]) -> View:
    counts = {(one.day, one.kind): one.entries for one in entries}
    return {
        "kind": "line", "x": _days(seat, dates), "x_title": seat.words(N_("Day")),
        "series": [
            {"name": seat.words(KINDS[kind]), "values": [counts.get((day, kind), 0) for day in dates]} for kind in SEEN
        ],
    }  # fmt: skip


def _kinds(seat: Seat, entries: Sequence[DayCount]) -> list[View]:
    sums: dict[Kind, int] = defaultdict(int)
    for one in entries:
        sums[one.kind] += one.entries
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    return [{"kind": seat.words(KINDS[kind]), "entries": views.number(seat, count)} for kind, count in ordered]


def _post(seat: Seat, post: PostSales) -> View:
    rate = post.orders / post.views if post.views else 0
    return {
        "title": views.linked(seat, Permission.PUBLISH, post.title, views.post_url(post.post_id)),
        "views": views.number(seat, post.views),
        "clicks": views.number(seat, post.product_clicks),
        "carts": views.number(seat, post.add_to_carts),
        "orders": views.number(seat, post.orders),
        "rate": f"{rate:.1%}",
        "revenue": views.money(seat, post.revenue),
    }


def _model(seat: Seat, trained: Trained) -> View:
    fit = trained.fit
    counts = {name: views.number(seat, getattr(fit, name)) for name in ("events", "persons", "items", "transitions")}
    return {**counts, "seconds": views.number(seat, fit.seconds), "at": views.moment(seat, trained.at)}


HANDLERS: list[Any] = [insight, export]
