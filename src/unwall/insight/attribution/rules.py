"""The merchant's local days, and totals of sales."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from unwall.insight.attribution.values import HourSales, Span, Today
from unwall.kernel.clock import local

MAX_REPORT_DAYS = 366


def day_of(now: datetime, timezone: str, *, weeks_ago: int = 0) -> Span:
    """The local day of `now`, or the same weekday some weeks before: 23 or 25 hours long when clocks change."""
    midnight = local(now, timezone).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(weeks=weeks_ago)
    return Span(midnight, midnight + timedelta(days=1))


def total(hours: Sequence[HourSales]) -> Today:
    return Today(
        list(hours),
        orders=sum(h.orders for h in hours),
        revenue=sum(h.revenue for h in hours),
        before_orders=sum(h.before_orders for h in hours),
        before_revenue=sum(h.before_revenue for h in hours),
        before_so_far=sum(h.before_so_far for h in hours),
    )
