"""The ids of everything in the demo market, by number. What has a time has a time-ordered id; the rest is derived."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import numpy as np

from unwall.kernel.ids import derived_id
from unwall_demo.crowd import Crowd
from unwall_demo.deliveries import CounterSales
from unwall_demo.happenings import Orders
from unwall_demo.stage import Ints, Stage
from unwall_demo.values import DemoMerchant

Thing = TypeVar("Thing")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def times(at: Ints) -> list[datetime]:
    return [_EPOCH + timedelta(milliseconds=ms) for ms in at.tolist()]


def ids_at(at: Ints, rng: np.random.Generator) -> list[UUID]:
    """Version 7 ids of these times, as `kernel.ids.id_at` makes them, for many at once."""
    high = (at << 16) | 0x7000 | rng.integers(1 << 12, size=len(at))
    low = rng.integers(1 << 62, size=len(at))
    return [UUID(int=(h << 64) | (2 << 62) | b) for h, b in zip(high.tolist(), low.tolist(), strict=True)]


def or_none(things: Sequence[Thing]) -> list[Thing | None]:
    """With None at the end, so that number -1 means none."""
    return [*things, None]


def known(thing: Thing | None) -> Thing:
    """One of a list of `or_none` that is there."""
    assert thing is not None
    return thing


def merchant_id(merchant: DemoMerchant) -> UUID:
    return derived_id("demo", merchant.slug)


class Registry:
    def __init__(
        self, stage: Stage, crowd: Crowd, orders: Orders, sales: CounterSales, rng: np.random.Generator
    ) -> None:
        market = stage.market
        age = rng.permutation(len(stage.owner)) * 3_600_000 * 20  # one new product in twenty hours, before we open
        self.created = stage.start - 86_400_000 - age
        self.merchants = or_none([merchant_id(m) for m in market.merchants])
        self.accounts = or_none([derived_id("demo", "account", m.slug) for m in market.merchants])
        self.products = or_none(ids_at(self.created, rng))
        self.variants = or_none([derived_id("demo", "variant", v.sku) for p in market.products for v in p.variants])
        self.posts = or_none(ids_at(stage.post_at, rng))
        self.entries = ids_at(stage.post_at, rng)
        self.nodes = or_none([derived_id("demo", "node", n.merchant, n.code) for n in market.nodes])
        people = range(crowd.size)
        guests: list[UUID | None] = [None] * (crowd.size - crowd.members)
        self.members = [*(derived_id("demo", "member", n) for n in range(crowd.members)), *guests, None]
        self.visitors = or_none([derived_id("demo", "visitor", n) for n in people])
        self.sessions = or_none([UUID(bytes=rng.bytes(16), version=4) for _ in range(orders.visits)])
        self.orders = or_none(ids_at(orders.placed, rng))
        self.sales = or_none(ids_at(sales.at, rng))
        self.shipments = ids_at(orders.placed + 1, rng)
        self.staff = [f"{n.code.lower()}@{n.merchant}.example" for n in market.nodes]
