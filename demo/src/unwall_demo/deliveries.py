"""From orders to parcels: how each is wanted, which node gives it, and when staff do what. Also what is sold over the
counter and what comes back. Pure and seeded."""

from typing import NamedTuple

import numpy as np

from unwall.commerce.fulfilment.values import ShipmentMethod
from unwall.kernel.geo import EARTH_KM
from unwall_demo.crowd import Crowd
from unwall_demo.draw import Draw
from unwall_demo.happenings import Lines, Orders
from unwall_demo.stage import DAY_MS, HOUR_MS, MINUTE_MS, Flags, Floats, Ints, Stage

METHODS = tuple(ShipmentMethod)
SHIP, COURIER, PICKUP = (METHODS.index(m) for m in (ShipmentMethod.SHIP, ShipmentMethod.COURIER, ShipmentMethod.PICKUP))
NEVER = np.iinfo(np.int64).max
COURIER_KM, PICKUP_KM = 8.0, 25.0
OPENS, CLOSES, COLLECTION = 10, 20, 18
"""Local hours: between the first two staff pick; at the third the carrier comes."""
RETURN_RATE = 0.05


class Deliveries(NamedTuple):
    """One entry an order; the times of its steps, some of which are still to come."""

    method: Ints
    node: Ints
    km: Floats
    paid: Ints
    due: Ints
    picking: Ints
    ready: Ints
    left: Ints


class CounterSales(NamedTuple):
    """Sales over the counter, in order of time; `lines.order` counts from 0."""

    node: Ints
    at: Ints
    lines: Lines


def deliver(stage: Stage, crowd: Crowd, orders: Orders, rng: np.random.Generator) -> Deliveries:
    size = len(orders.placed)
    km = _distances(stage, crowd.at[orders.person])
    mine = stage.node_owner[None, :] == orders.merchant[:, None]
    shop = np.argmin(np.where(mine & stage.node_shop, km, np.inf), axis=1)
    near = km[np.arange(size), shop]
    paid = orders.placed + rng.integers(20_000, 70_000, size)
    method = _methods(near, orders.placed > stage.now - 20 * HOUR_MS, rng)
    hub = hubs(stage)[orders.merchant]
    node = np.where((method == SHIP) & (rng.random(size) < 0.72), hub, shop)
    picking = _working(stage, paid + rng.integers(40, 480, size) * MINUTE_MS, rng)
    ready = picking + rng.integers(8, 40, size) * MINUTE_MS
    collected = _at_hour(stage, ready, COLLECTION) + rng.integers(0, 25, size) * MINUTE_MS
    fetched = _working(stage, ready + (rng.exponential(11, size) * HOUR_MS).astype(np.int64) + 20 * MINUTE_MS, rng)
    left = np.select([method == SHIP, method == PICKUP], [collected, fetched], ready + 25 * MINUTE_MS)
    due = np.where(method == SHIP, _at_hour(stage, picking, COLLECTION), picking + 45 * MINUTE_MS)
    return Deliveries(method, node, km[np.arange(size), node], paid, due, picking, ready, left)


def _distances(stage: Stage, people: Floats) -> Floats:
    """Kilometres from each person to each node by the haversine formula."""
    a, b = np.radians(people)[:, None, :], np.radians(stage.node_at)[None, :, :]
    half = (b - a) / 2
    h = np.sin(half[..., 0]) ** 2 + np.cos(a[..., 0]) * np.cos(b[..., 0]) * np.sin(half[..., 1]) ** 2
    distances: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    return distances


def _methods(near: Floats, fresh: Flags, rng: np.random.Generator) -> Ints:
    """Who lives near a shop often fetches it; the more so of the latest orders, so that every counter has work."""
    chance = rng.random(len(near))
    fetches = (near < PICKUP_KM) & (chance < np.where(fresh, 0.6, 0.42))
    rides = (near < COURIER_KM) & (chance > 0.84)
    return np.select([fetches, rides], [PICKUP, COURIER], SHIP)


def hubs(stage: Stage) -> Ints:
    """Where each merchant ships from: the node that can pick most."""
    room = np.array([n.capacity_per_day for n in stage.market.nodes])
    owners = range(len(stage.market.merchants))
    return np.array([np.argmax(np.where(stage.node_owner == owner, room, -1)) for owner in owners])


def _working(stage: Stage, at: Ints, rng: np.random.Generator) -> Ints:
    """The time itself within working hours, else some time after the next opening."""
    clock = (at - stage.start) % DAY_MS
    midnight = at - clock
    opening = midnight + OPENS * HOUR_MS + np.where(clock >= CLOSES * HOUR_MS, DAY_MS, 0)
    within = (clock >= OPENS * HOUR_MS) & (clock < CLOSES * HOUR_MS)
    return np.where(within, at, opening + rng.integers(0, 100, len(at)) * MINUTE_MS)


def _at_hour(stage: Stage, at: Ints, hour: int) -> Ints:
    """The next time that the clock shows the hour."""
    same_day = at - (at - stage.start) % DAY_MS + hour * HOUR_MS
    return np.where(same_day >= at, same_day, same_day + DAY_MS)


def sell_at_counters(stage: Stage, crowd: Crowd, rng: np.random.Generator) -> CounterSales:
    """A shop sells by its size, the day and how many people the market has; whoever walks in has somebody's taste."""
    shops = np.flatnonzero(stage.node_shop)
    room = np.array([n.capacity_per_day for n in stage.market.nodes])[shops]
    sales = rng.poisson(crowd.members / 5000 * np.sqrt(room / 90)[:, None] * stage.day_weight[None, :])
    shop, day = (np.repeat(index, sales.ravel()) for index in np.indices(sales.shape).reshape(2, -1))
    at = stage.start + day * DAY_MS + (10.6 * HOUR_MS + rng.beta(2.2, 1.6, len(day)) * 9.8 * HOUR_MS).astype(np.int64)
    order = np.argsort(at, kind="stable")
    order = order[at[order] < stage.now]
    node, at = shops[shop[order]], at[order]
    sale = np.repeat(np.arange(len(at)), np.minimum(rng.geometric(0.65, len(at)), 4))
    walked_in = rng.integers(crowd.size, size=len(sale))
    product = Draw(stage, crowd, rng).products(walked_in, stage.node_owner[node[sale]], at[sale])
    first, last = stage.first_variant[product], stage.first_variant[product + 1]
    variant = first + (rng.random(len(sale)) * (last - first)).astype(np.int64)
    kept = np.unique(sale * len(stage.price) + variant, return_index=True)[1]
    sale, variant = sale[kept], variant[kept]
    none = np.full(len(sale), -1)
    return CounterSales(node, at, Lines(sale, variant, np.ones(len(sale), np.int64), none, none, none))


def returns(stage: Stage, orders: Orders, deliveries: Deliveries, rng: np.random.Generator) -> Ints:
    """When each online line came back, or `NEVER`: some days after it left."""
    order = orders.lines.order
    later = (rng.uniform(3, 9, len(order)) * DAY_MS).astype(np.int64)
    left = deliveries.left[order]
    comes = (rng.random(len(order)) < RETURN_RATE) & (left < stage.now - 9 * DAY_MS) & (left > 0)
    return np.where(comes, _working(stage, np.minimum(left, stage.now) + later, rng), NEVER)
