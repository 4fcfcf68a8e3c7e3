"""What is counted over all members and events, written once for every engine that Ibis speaks to. Ids are only
compared, so they may be UUIDs or their bytes."""

import math
from typing import Any, NamedTuple

import ibis

from unwall.insight.profiles.rules import (
    ACTIVITY_KINDS,
    MAX_COUNTED_A_DAY,
    MAX_TASTES,
    TASTE_HALF_LIFE_DAYS,
    TASTE_WEIGHTS,
)
from unwall.journal.values import EventKind

DAY_SECONDS = 86_400
PERSON = ["merchant_id", "member_id"]
Table = Any
"""A table expression of Ibis, whose columns are its attributes."""


class StagedTables(NamedTuple):
    """The tables that everything is counted from. Times are seconds since 1970; days and hours the merchant's own."""

    events: Table
    """of the journal: at, kind, merchant_id, visitor_id, member_id, product_id"""
    members: Table
    """member_id: of whom profiles may be kept"""
    visitors: Table
    """visitor_id, known_id: the member that a visitor is"""
    merchants: Table
    """merchant_id, zone, today: a day"""
    zones: Table
    """zone, utc_day, turn, before, after: on this day of UTC local time is `before` seconds later than UTC until the
    second `turn`, then `after`"""
    products: Table
    """product_id, category_id"""
    orders: Table
    """merchant_id, member_id, shop_id, placed (microseconds), day, hour, amount"""
    lines: Table
    """merchant_id, member_id, product_id, day, quantity, total"""
    follows: Table
    """merchant_id, member_id, follows"""


def counted(s: StagedTables) -> Table:
    """What each member did by day, hour, kind and product (count, last), without purchases."""
    second = s.events.at.truncate("s").epoch_seconds().cast("int64")
    events = s.events.filter(s.events.kind.isin(ACTIVITY_KINDS), s.events.merchant_id.notnull())
    events = events.select(
        *("merchant_id", "visitor_id", "product_id", "kind"), signed_in=events.member_id, second=second
    )
    events = events.mutate(utc_day=(events.second // DAY_SECONDS).cast("int32"))
    events = events.left_join(s.visitors, "visitor_id")
    events = events.mutate(member_id=ibis.coalesce(events.signed_in, events.known_id))
    events = events.filter(events.member_id.notnull())  # also ends the chain of joins, which a new column cannot enter
    events = events.semi_join(s.members, "member_id")
    events = events.inner_join(s.merchants.select("merchant_id", "zone"), "merchant_id")
    events = events.select(*PERSON, "kind", "product_id", "second", "utc_day", "zone")
    events = events.inner_join(s.zones, ["zone", "utc_day"])
    local = events.second + (events.second < events.turn).ifelse(events.before, events.after)
    events = events.select(*PERSON, "kind", "product_id", "second", local=local)
    events = events.mutate(
        day=(events.local // DAY_SECONDS).cast("int32"),
        hour=(events.local % DAY_SECONDS // 3600).cast("int16"),
    )
    return events.group_by([*PERSON, "day", "hour", "kind", "product_id"]).agg(
        count=events.count().cast("int64"), last=events.second.max()
    )


def people(s: StagedTables, done: Table) -> Table:
    """Every member at every merchant, with the number of their row; `done` is `counted`."""
    known = [table.select(*PERSON) for table in (done, s.orders, s.follows)]
    everybody = known[0].union(known[1], known[2], distinct=True)
    row = ibis.row_number().over(group_by="merchant_id", order_by="member_id").cast("int32")
    return everybody.select(*PERSON, row=row)


def activity(s: StagedTables, done: Table, rows: Table) -> Table:
    """As files.ACTIVITY says, with the merchant; `rows` is `people`."""
    by = [*PERSON, "day", "kind", "product_id"]
    looked = done.group_by(by).agg(count=done["count"].sum().cast("int32"))
    looked = looked.mutate(amount=ibis.literal(0, "int64"))
    bought = s.lines.mutate(kind=ibis.literal(EventKind.PURCHASE.value))
    bought = bought.group_by(by).agg(count=bought.quantity.sum().cast("int32"), amount=bought.total.sum().cast("int64"))
    both = looked.union(bought).left_join(s.products, "product_id").inner_join(rows, PERSON)
    columns = ("merchant_id", "row", "day", "kind", "product_id", "category_id", "count", "amount")
    return both.select(*columns).order_by(["merchant_id", "row", "day", "kind", "product_id"])


def unit_prices(s: StagedTables) -> Table:
    """What a unit costs on average, by merchant and category (merchant_id, group_id, unit_price)."""
    lines = _grouped(s)
    return (
        lines.group_by(["merchant_id", "group_id"])
        .agg(unit_price=lines.total.sum() / lines.quantity.sum())
        .order_by(["merchant_id", "group_id"])
    )


def _grouped(s: StagedTables) -> Table:
    """The lines by category; products without one are a group too, under the merchant's id."""
    lines = s.lines.left_join(s.products, "product_id")
    grouped = lines.mutate(group_id=ibis.coalesce(lines.category_id, lines.merchant_id))
    return grouped.select(*PERSON, "quantity", "total", "group_id").filter(grouped.group_id.notnull())


def traits(s: StagedTables, done: Table, rows: Table) -> Table:
    """What is known of each member but standing and tastes, sorted by merchant and row. Days are NULL, and numbers 0,
    for who bought nothing."""
    table = rows
    for part in (_orders(s), _days(s), _shops(s), _hours(s, done), _prices(s), s.follows, _seen(done)):
        table = _joined(table, part)
    return table.mutate(
        orders=table.orders.fill_null(0), spent=table.spent.fill_null(0), follows=table.follows.fill_null(0)
    ).order_by(["merchant_id", "row"])


def _joined(table: Table, part: Table) -> Table:
    joined = table.left_join(part, PERSON, rname="other_{name}")
    return joined.select(*table.columns, *(name for name in part.columns if name not in PERSON))


def _orders(s: StagedTables) -> Table:
    return s.orders.group_by(PERSON).agg(
        orders=s.orders.count().cast("int32"),
        spent=s.orders.amount.sum().cast("int64"),
        first_order=s.orders.placed.min(),
        last_order=s.orders.placed.max(),
    )


def _days(s: StagedTables) -> Table:
    """On how many days they bought, the first, the last and the last but one (as the last where there is none)."""
    days = s.orders.select(*PERSON, "day").distinct()
    place = ibis.row_number().over(group_by=PERSON, order_by=ibis.desc("day"))
    days = days.mutate(place=place)
    return days.group_by(PERSON).agg(
        buying_days=days.count().cast("int32"),
        first_day=days.day.min(),
        last_day=days.day.max(),
        previous_day=days.day.max(where=days.place == 1),
    )


def _shops(s: StagedTables) -> Table:
    """Where most orders were collected or bought; of several the one that was last."""
    at_shops = s.orders.filter(s.orders.shop_id.notnull())
    shops = at_shops.group_by([*PERSON, "shop_id"]).agg(times=at_shops.count(), latest=at_shops.placed.max())
    order = [ibis.desc("times"), ibis.desc("latest"), "shop_id"]
    shops = shops.mutate(place=ibis.row_number().over(group_by=PERSON, order_by=order))
    return shops.filter(shops.place == 0).select(*PERSON, favourite_node="shop_id")


def _hours(s: StagedTables, done: Table) -> Table:
    """At which hour most was done, an order as one event; of several the earliest."""
    ordered = s.orders.select(*PERSON, "hour", times=ibis.literal(1, "int64"))
    hours = done.select(*PERSON, "hour", times=done["count"]).union(ordered)
    hours = hours.group_by([*PERSON, "hour"]).agg(times=hours.times.sum())
    hours = hours.mutate(place=ibis.row_number().over(group_by=PERSON, order_by=[ibis.desc("times"), "hour"]))
    return hours.filter(hours.place == 0).select(*PERSON, favourite_hour="hour")


def _prices(s: StagedTables) -> Table:
    """What they paid, divided by what all pay for as many units of the same categories."""
    lines = _grouped(s).inner_join(unit_prices(s), ["merchant_id", "group_id"])
    usual = (lines.quantity * lines.unit_price).sum()
    return lines.group_by(PERSON).agg(price_ratio=lines.total.sum() / usual.nullif(0))


def _seen(done: Table) -> Table:
    return done.group_by(PERSON).agg(last_event=done["last"].max())


def tastes(s: StagedTables, done: Table, rows: Table) -> Table:
    """The strongest categories of each member (merchant_id, row, category_id, interest, weight), sorted by these three:
    `interest` is the weight of what they did beside buying."""
    by = [*PERSON, "day", "kind", "product_id"]
    daily = done.group_by(by).agg(times=done["count"].sum())
    weights = {kind.value: weight for kind, weight in TASTE_WEIGHTS.items()}
    looked = daily.filter(daily.kind.isin(list(weights)))
    counts = ibis.least(looked.times, MAX_COUNTED_A_DAY)
    weight = looked.kind.cases(*weights.items(), else_=0.0) * counts
    looked = looked.select(*PERSON, "day", "product_id", weight=weight, looked=weight)
    bought = s.lines.select(
        *(*PERSON, "day", "product_id"),
        weight=ibis.literal(TASTE_WEIGHTS[EventKind.PURCHASE]),
        looked=ibis.literal(0.0),
    )
    both = looked.union(bought).inner_join(s.products.filter(s.products.category_id.notnull()), "product_id")
    both = both.inner_join(s.merchants, "merchant_id")
    age = ibis.greatest(both.today - both.day, 0)
    faded = (age.cast("float64") * (-math.log(2) / TASTE_HALF_LIFE_DAYS)).exp()
    both = both.select(*PERSON, "category_id", weight=both.weight * faded, looked=both.looked * faded)
    summed = both.group_by([*PERSON, "category_id"]).agg(interest=both.looked.sum(), weight=both.weight.sum())
    place = ibis.row_number().over(group_by=PERSON, order_by=[ibis.desc("weight"), "category_id"])
    kept = summed.mutate(place=place)
    kept = kept.filter(kept.place < MAX_TASTES).inner_join(rows, PERSON)
    return kept.select("merchant_id", "row", "category_id", "interest", "weight").order_by(
        ["merchant_id", "row", "category_id"]
    )
