"""Members with profiles, their files, and the plain way to tell which of them a definition holds for."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

from unwall.insight.profiles.files import ACTIVITY, TRAITS, write_files
from unwall.insight.profiles.values import Lifecycle, PriceBand
from unwall.insight.segments.activity import KINDS
from unwall.insight.segments.values import (
    AllOf,
    AnyOf,
    Deed,
    Definition,
    Did,
    Everyone,
    FollowsStore,
    HasTaste,
    HasTrait,
    InLifecycle,
    InPriceBand,
    Not,
    PrefersShop,
    Trait,
)

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 5, 20, 17, 30, tzinfo=UTC)
"""The 21st in the zone."""
TODAY = date(2026, 5, 21).toordinal() - date(1970, 1, 1).toordinal()
MERCHANT = UUID(int=1)


@dataclass
class Act:
    """`days_ago` 0 is today."""

    deed: Deed | str
    days_ago: int = 0
    product: UUID | None = None
    category: UUID | None = None
    count: int = 1


@dataclass
class Person:
    id: UUID
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    orders: int = 0
    spent: int = 0
    average_order: int = 0
    price_band: PriceBand | None = None
    favourite_node_id: UUID | None = None
    follows: int = 0
    last_seen_at: datetime | None = None
    alive_probability: float | None = None
    next_purchase_probability: float | None = None
    tastes: dict[UUID, float] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)


def write_people(data: Path, people: list[Person], merchant_id: UUID = MERCHANT) -> Path:
    """A generation of files, in which today is TODAY."""
    traits = [
        {name: getattr(one, name) for name in TRAITS.names if hasattr(one, name)}
        | {"row": row, "member_id": one.id.bytes, "favourite_hour": None, "computed_at": NOW}
        | {"favourite_node_id": one.favourite_node_id and one.favourite_node_id.bytes}
        | {"tastes": [(str(category), share) for category, share in one.tastes.items()]}
        for row, one in enumerate(people)
    ]
    acts = [
        {
            "row": row,
            "day": TODAY - act.days_ago,
            "kind": str(KINDS.get(act.deed, act.deed)),
            "product_id": act.product and act.product.bytes,
            "category_id": act.category and act.category.bytes,
            "count": act.count,
            "amount": 0,
        }
        for row, one in enumerate(people)
        for act in sorted(one.acts, key=lambda act: -act.days_ago)
    ]
    batches = (pa.RecordBatch.from_pylist(rows, schema=shape) for rows, shape in ((traits, TRAITS), (acts, ACTIVITY)))
    first, second = batches
    return write_files(data, merchant_id, [first], [second])


def holds(person: Person, definition: Definition) -> bool:
    """As the definition says it, one member at a time."""
    match definition:
        case Everyone():
            return True
        case Not():
            return not holds(person, definition.of)
        case AllOf():
            return all(holds(person, part) for part in definition.of)
        case AnyOf():
            return any(holds(person, part) for part in definition.of)
        case InLifecycle():
            return person.lifecycle in definition.among
        case InPriceBand():
            return person.price_band in definition.among
        case PrefersShop():
            return person.favourite_node_id in definition.among
        case FollowsStore():
            return person.follows > 0
        case HasTaste():
            share = person.tastes.get(definition.category_id)
            return share is not None and round(share * 100) >= definition.at_least
        case Did():
            return did(person, definition)
        case HasTrait():
            value = trait(person, definition.trait)
            low, high = definition.at_least, definition.at_most
            return value is not None and (low is None or low <= value) and (high is None or value <= high)


def did(person: Person, asked: Did) -> bool:
    times = sum(
        act.count
        for act in person.acts
        if act.deed == asked.deed
        and (asked.product_id is None or act.product == asked.product_id)
        and (asked.category_id is None or act.category == asked.category_id)
        and (asked.days is None or act.days_ago < asked.days)
    )
    return times >= asked.times


def trait(person: Person, name: Trait) -> int | None:
    moments = {
        Trait.FIRST_ORDER_DAYS: person.first_order_at,
        Trait.LAST_ORDER_DAYS: person.last_order_at,
        Trait.LAST_SEEN_DAYS: person.last_seen_at,
    }
    shares = {Trait.ALIVE: person.alive_probability, Trait.NEXT_PURCHASE: person.next_purchase_probability}
    if name in moments:
        at = moments[name]
        return None if at is None else TODAY - local_day(at)
    if name in shares:
        share = shares[name]
        return None if share is None else round(share * 100)
    value: int = getattr(person, name)
    return value


def ago(days: int, hours: int = 0) -> datetime:
    return NOW - timedelta(days=days, hours=hours)


def local_day(at: datetime) -> int:
    return at.astimezone(ZoneInfo(ZONE)).date().toordinal() - date(1970, 1, 1).toordinal()
