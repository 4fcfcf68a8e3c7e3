"""What people did in the demo market as rows: members, follows, orders with all their papers, stock and journal."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np

from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.rules import order_numbers
from unwall.commerce.orders.values import Contact, SourcedPart, StoredPromise
from unwall.commerce.sourcing.rates import rates_for
from unwall.commerce.stock.values import HoldLine
from unwall.intake.demo import crowd as people
from unwall.intake.demo.crowd import Crowd
from unwall.intake.demo.deliveries import COURIER, METHODS, PICKUP, SHIP, Deliveries
from unwall.intake.demo.happenings import PAGES, POLICIES, Orders
from unwall.intake.demo.registry import Registry, or_none, time_of, times
from unwall.intake.demo.stage import ZONE, Ints, Stage
from unwall.intake.demo.warehouse import line_numbers
from unwall.kernel.ids import derived_id, id_at
from unwall.kernel.text import N_, Explanation

Row = tuple[object, ...]
STREETS = ("Zhongshan Road", "Renmin Road", "Jiefang Road", "Heping Road", "Wenhua Road", "Yan'an Road", "Xinhua Road")
SHOPPERS = {people.LOYAL: "lin@example.com", people.STEADY: "mei@example.com", people.NEW: "new@example.com"}
"""Members whom visitors of the demo can be."""
NEAR = N_("From {node}: {km} km, ready {ready}")


def members(stage: Stage, crowd: Crowd, registry: Registry, names: Sequence[str], password_hash: str) -> Iterator[Row]:
    joined = times(crowd.joined)
    for n in range(crowd.members):
        email = SHOPPERS.get(n) or f"{names[n].replace(' ', '.').lower()}.{n}@example.com"
        known = password_hash if n in SHOPPERS else None
        yield registry.members[n], email, names[n], known, "en" if n in SHOPPERS else "zh", joined[n]


def visitors(crowd: Crowd, registry: Registry) -> Iterator[Row]:
    joined = times(crowd.joined[: crowd.members])
    for n, at in enumerate(joined):
        yield registry.visitors[n], registry.members[n], at


def follows(crowd: Crowd, registry: Registry, at: Ints) -> Iterator[Row]:
    """`at` as `behaviour.follow_times` gives it for each of `crowd.follows`."""
    person, merchant = np.nonzero(crowd.follows)
    for p, m, moment in zip(person.tolist(), merchant.tolist(), times(at), strict=True):
        yield registry.accounts[m], registry.members[p], registry.merchants[m], moment


class Papers(NamedTuple):
    """Everything about the online orders. `returned`: when each line came back, or `NEVER`."""

    stage: Stage
    crowd: Crowd
    registry: Registry
    names: Sequence[str]
    orders: Orders
    deliveries: Deliveries
    returned: Ints

    def _left(self) -> list[bool]:
        left: list[bool] = (self.deliveries.left <= self.stage.now).tolist()
        return left

    def _totals(self) -> tuple[list[int], list[int]]:
        """Of goods and of shipping, by order."""
        lines, rates = self.orders.lines, rates_for("CNY")
        goods = np.zeros(len(self.orders.placed), np.int64)
        np.add.at(goods, lines.order, lines.quantity * self.stage.price[lines.variant])
        ridden = rates.courier_fee + (rates.courier_fee_per_km * self.deliveries.km).astype(np.int64)
        method = self.deliveries.method
        return goods.tolist(), np.select([method == SHIP, method == COURIER], [rates.ship_fee, ridden], 0).tolist()

    def sales_orders(self) -> Iterator[Row]:
        stage, registry, orders, deliveries = self.stage, self.registry, self.orders, self.deliveries
        merchants, nodes = stage.market.merchants, stage.market.nodes
        goods, fees = self._totals()
        placed, paid, due = times(orders.placed), times(deliveries.paid), times(deliveries.due)
        lines = self._hold_lines()
        taken: set[str] = set()
        for n, (left, person) in enumerate(zip(self._left(), orders.person.tolist(), strict=True)):
            merchant, node = merchants[orders.merchant[n]], int(deliveries.node[n])
            order_id = registry.orders[n]
            assert order_id is not None
            why = _why(nodes[node].name, float(deliveries.km[n]), due[n])
            node_id = registry.nodes[node]
            assert node_id is not None
            city = stage.market.places[self.crowd.place[person]].city
            where = nodes[node].name if deliveries.method[n] == PICKUP else city
            promise = StoredPromise(_arrives(deliveries, n, due[n]), due[n], (node_id,), where, why)
            yield (
                order_id, registry.merchants[orders.merchant[n]], _number(merchant.slug, order_id, taken), None,
                order_id, registry.visitors[person], registry.members[person], registry.sessions[orders.session[n]],
                "online", "fulfilled" if left else "paid", METHODS[deliveries.method[n]].value, merchant.currency,
                goods[n], fees[n], goods[n] + fees[n], self._contact(person, city), promise,
                [SourcedPart(node_id, why, lines[n])], placed[n], placed[n] + timedelta(minutes=15), paid[n], None,
            )  # fmt: skip

    def _hold_lines(self) -> list[tuple[HoldLine, ...]]:
        found: list[list[HoldLine]] = [[] for _ in self.orders.placed]
        lines, nodes = self.orders.lines, self.deliveries.node.tolist()
        for order, variant, quantity in zip(
            lines.order.tolist(), lines.variant.tolist(), lines.quantity.tolist(), strict=True
        ):
            variant_id, node_id = self.registry.variants[variant], self.registry.nodes[nodes[order]]
            assert variant_id is not None
            assert node_id is not None
            found[order].append(HoldLine(variant_id, node_id, quantity))
        return [tuple(one) for one in found]

    def _contact(self, person: int, city: str) -> Contact:
        latitude, longitude = self.crowd.at[person].round(5).tolist()
        street = f"{1 + person * 7 % 380} {STREETS[person % len(STREETS)]}"
        phone = f"138 0013 {person % 10_000:04d}"
        return Contact(self.names[person], phone, "", street, city, latitude, longitude)

    def lines(self) -> Iterator[Row]:
        lines, registry, market = self.orders.lines, self.registry, self.stage.market
        variants = [v for p in market.products for v in p.variants]
        pages, policies = or_none(PAGES), or_none(POLICIES)
        back = (self.returned <= self.stage.now).tolist()
        columns = (column.tolist() for column in (*lines, line_numbers(lines.order)))
        for k, (order, variant, quantity, post, page, policy, line) in enumerate(zip(*columns, strict=True)):
            product = int(self.stage.variant_product[variant])
            price = variants[variant].price_minor
            yield (
                registry.orders[order], line, registry.merchants[self.stage.owner[product]], registry.products[product],
                registry.variants[variant], market.products[product].title, variants[variant].sku,
                variants[variant].options, quantity, price, price * quantity, quantity if back[k] else 0,
                registry.posts[post], pages[page], policies[policy],
            )  # fmt: skip

    def payments(self) -> Iterator[Row]:
        goods, fees = self._totals()
        for n, (placed, paid) in enumerate(zip(times(self.orders.placed), times(self.deliveries.paid), strict=True)):
            payment, merchant = derived_id(self.registry.orders[n], "payment"), self.orders.merchant[n]
            yield (
                payment, self.registry.merchants[merchant], self.registry.orders[n], "test", f"test-{payment.hex[:12]}",
                f"{4242 + n % 5000:04d}", goods[n] + fees[n], self.stage.market.merchants[merchant].currency,
                "captured", placed, paid,
            )  # fmt: skip

    # --- what the nodes did -------------------------------------------------------------------------------------------

    def _steps(self) -> list[list[tuple[ShipmentState, int]]]:
        """What has happened to each order's parcel, in order."""
        d = self.deliveries
        ends = np.where(d.method == PICKUP, 1, 0).tolist()
        told = zip(d.paid.tolist(), d.picking.tolist(), d.ready.tolist(), d.left.tolist(), ends, strict=True)
        steps = []
        for paid, picking, ready, left, collected in told:
            end = ShipmentState.COLLECTED if collected else ShipmentState.HANDED_OVER
            whole = ((ShipmentState.ROUTED, paid), (ShipmentState.PICKING, picking), (ShipmentState.READY, ready))
            steps.append([(state, at) for state, at in (*whole, (end, left)) if at <= self.stage.now])
        return steps

    def shipments(self) -> Iterator[Row]:
        registry, deliveries = self.registry, self.deliveries
        due = times(deliveries.due)
        for n, steps in enumerate(self._steps()):
            state, at = steps[-1]
            gone = state is ShipmentState.HANDED_OVER and deliveries.method[n] == SHIP
            tracking = f"YD{registry.shipments[n].int % 10**12:012d}" if gone else None
            yield (
                registry.shipments[n], registry.merchants[self.orders.merchant[n]], registry.orders[n],
                registry.nodes[deliveries.node[n]], METHODS[deliveries.method[n]].value, state.value, due[n], tracking,
                time_of(steps[0][1]), time_of(at),
            )  # fmt: skip

    def shipment_lines(self) -> Iterator[Row]:
        lines, registry = self.orders.lines, self.registry
        picked = (self.deliveries.ready <= self.stage.now)[lines.order] * lines.quantity
        columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity, picked)
        for order, line, variant, quantity, done in zip(*(c.tolist() for c in columns), strict=True):
            merchant = registry.merchants[self.orders.merchant[order]]
            yield registry.shipments[order], line, merchant, registry.variants[variant], quantity, done

    def shipment_events(self) -> Iterator[Row]:
        for n, steps in enumerate(self._steps()):
            shipment, merchant = self.registry.shipments[n], self.registry.merchants[self.orders.merchant[n]]
            staff = f"staff:{self.registry.staff[self.deliveries.node[n]]}"
            for state, at in steps:
                actor = "house" if state is ShipmentState.ROUTED else staff
                yield (
                    id_at(time_of(at), derived_id(shipment, state).int),
                    shipment,
                    merchant,
                    time_of(at),
                    state.value,
                    actor,
                )

    def holds(self) -> Iterator[Row]:
        lines, registry, left = self.orders.lines, self.registry, self._left()
        until = times(self.orders.placed + 15 * 60_000)
        columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity)
        for order, line, variant, quantity in zip(*(c.tolist() for c in columns), strict=True):
            rest, state = (0, "issued") if left[order] else (quantity, "allocated")
            yield (
                registry.orders[order], line, registry.merchants[self.orders.merchant[order]],
                registry.variants[variant], registry.nodes[self.deliveries.node[order]], quantity, rest, state,
                until[order],
            )  # fmt: skip


def _number(slug: str, order_id: UUID, taken: set[str]) -> str:
    number = next(number for number in order_numbers(slug, order_id) if number not in taken)
    taken.add(number)
    return number


def _why(node: str, km: float, due: datetime) -> Explanation:
    return Explanation(NEAR, {"node": node, "km": f"{km:.1f}", "ready": f"{due.astimezone(ZONE):%H:%M}"})


def _arrives(deliveries: Deliveries, n: int, due: datetime) -> datetime:
    if deliveries.method[n] != SHIP:
        return due
    return due + timedelta(days=1 + int(deliveries.km[n] > 150) + int(deliveries.km[n] > 800), hours=2)
