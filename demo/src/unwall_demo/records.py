"""What people did in the demo market as records: members, follows, orders with all their papers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.rules import order_numbers
from unwall.commerce.orders.values import Channel, Contact, OrderState, SourcedPart, StoredPromise
from unwall.commerce.payments.values import PaymentState
from unwall.commerce.sourcing.rates import rates_of
from unwall.commerce.stock.values import HoldLine, HoldState
from unwall.intake.dataset.records.content import FollowRecord
from unwall.intake.dataset.records.orders import (
    OrderLineRecord,
    OrderRecord,
    PaymentRecord,
    ShipmentEventRecord,
    ShipmentLineRecord,
    ShipmentRecord,
)
from unwall.intake.dataset.records.people import MemberRecord, VisitorRecord
from unwall.intake.dataset.records.stock import StockHoldRecord
from unwall.kernel.addresses import Address
from unwall.kernel.ids import derived_id, id_at
from unwall.kernel.text import N_, Explanation
from unwall_demo import crowd as people
from unwall_demo.crowd import Crowd
from unwall_demo.deliveries import COURIER, METHODS, PICKUP, SHIP, Deliveries
from unwall_demo.happenings import PAGES, POLICIES, Orders
from unwall_demo.registry import Registry, known, or_none, time_of, times
from unwall_demo.stage import ZONE, Ints, Stage
from unwall_demo.warehouse import line_numbers

STREETS = ("Zhongshan Road", "Renmin Road", "Jiefang Road", "Heping Road", "Wenhua Road", "Yan'an Road", "Xinhua Road")
SHOPPERS = {people.LOYAL: "lin@example.com", people.STEADY: "mei@example.com", people.NEW: "new@example.com"}
"""Members whom visitors of the demo can be."""
NEAR = N_("From {node}: {km} km, ready {ready}")


def members(
    stage: Stage, crowd: Crowd, registry: Registry, names: Sequence[str], password: str
) -> Iterator[MemberRecord]:
    joined = times(crowd.joined)
    for n in range(crowd.members):
        yield MemberRecord(
            id=known(registry.members[n]),
            email=SHOPPERS.get(n) or f"{names[n].replace(' ', '.').lower()}.{n}@example.com",
            name=names[n],
            locale="en" if n in SHOPPERS else "zh",
            password=password if n in SHOPPERS else None,
            created_at=joined[n],
        )


def visitors(crowd: Crowd, registry: Registry) -> Iterator[VisitorRecord]:
    joined = times(crowd.joined[: crowd.members])
    for n, at in enumerate(joined):
        yield VisitorRecord(id=known(registry.visitors[n]), member_id=registry.members[n], created_at=at)


def follows(crowd: Crowd, registry: Registry, at: Ints) -> Iterator[FollowRecord]:
    """`at` as `behaviour.follow_times` gives it for each of `crowd.follows`."""
    person, merchant = np.nonzero(crowd.follows)
    for p, m, moment in zip(person.tolist(), merchant.tolist(), times(at), strict=True):
        yield FollowRecord(
            account_id=known(registry.accounts[m]),
            follower_id=known(registry.members[p]),
            merchant_id=known(registry.merchants[m]),
            created_at=moment,
        )


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
        lines, rates = self.orders.lines, rates_of("CNY")
        goods = np.zeros(len(self.orders.placed), np.int64)
        np.add.at(goods, lines.order, lines.quantity * self.stage.price[lines.variant])
        ridden = rates.courier.fee + (rates.courier.fee_per_km * self.deliveries.km).astype(np.int64)
        method = self.deliveries.method
        return goods.tolist(), np.select([method == SHIP, method == COURIER], [rates.ship.fee, ridden], 0).tolist()

    def sales_orders(self) -> Iterator[OrderRecord]:
        stage, registry, orders, deliveries = self.stage, self.registry, self.orders, self.deliveries
        merchants, nodes = stage.market.merchants, stage.market.nodes
        goods, fees = self._totals()
        placed, paid, due = times(orders.placed), times(deliveries.paid), times(deliveries.due)
        lines, numbers = self._hold_lines(), self._numbers()
        for n, (left, person) in enumerate(zip(self._left(), orders.person.tolist(), strict=True)):
            merchant, node = merchants[orders.merchant[n]], int(deliveries.node[n])
            order_id, node_id = known(registry.orders[n]), known(registry.nodes[node])
            why = _why(nodes[node].name, float(deliveries.km[n]), due[n])
            city = self._city(person)
            where = nodes[node].name if deliveries.method[n] == PICKUP else city
            yield OrderRecord(
                id=order_id,
                merchant_id=known(registry.merchants[orders.merchant[n]]),
                number=numbers[n],
                hold_id=order_id,
                visitor_id=registry.visitors[person],
                member_id=registry.members[person],
                session_id=registry.sessions[orders.session[n]],
                channel=Channel.ONLINE,
                state=OrderState.FULFILLED if left else OrderState.PAID,
                method=METHODS[deliveries.method[n]],
                currency=merchant.currency,
                items_total=goods[n],
                shipping_total=fees[n],
                total=goods[n] + fees[n],
                contact=self._contact(person, city),
                promise=StoredPromise(_arrives(deliveries, n, due[n]), due[n], (node_id,), where, why),
                sourcing=(SourcedPart(node_id, why, lines[n]),),
                placed_at=placed[n],
                expires_at=placed[n] + timedelta(minutes=15),
                paid_at=paid[n],
            )

    def _numbers(self) -> list[str]:
        merchants, taken, numbers = self.stage.market.merchants, set[str](), []
        for n in range(len(self.orders.placed)):
            slug = merchants[self.orders.merchant[n]].slug
            wanted = order_numbers(slug, known(self.registry.orders[n]))
            numbers.append(next(number for number in wanted if number not in taken))
            taken.add(numbers[-1])
        return numbers

    def _hold_lines(self) -> list[tuple[HoldLine, ...]]:
        lines_of_orders: list[list[HoldLine]] = [[] for _ in self.orders.placed]
        lines, nodes = self.orders.lines, self.deliveries.node.tolist()
        for order, variant, quantity in zip(
            lines.order.tolist(), lines.variant.tolist(), lines.quantity.tolist(), strict=True
        ):
            variant_id, node_id = known(self.registry.variants[variant]), known(self.registry.nodes[nodes[order]])
            lines_of_orders[order].append(HoldLine(variant_id, node_id, quantity))
        return [tuple(one) for one in lines_of_orders]

    def _city(self, person: int) -> str:
        city: str = self.stage.market.places[self.crowd.place[person]].city
        return city

    def _contact(self, person: int, city: str) -> Contact:
        latitude, longitude = self.crowd.at[person].round(5).tolist()
        street = f"{1 + person * 7 % 380} {STREETS[person % len(STREETS)]}"
        phone = f"138 0013 {person % 10_000:04d}"
        return Contact(self.names[person], phone, "", street, city, latitude, longitude, country="CN")

    def lines(self) -> Iterator[OrderLineRecord]:
        lines, registry, market = self.orders.lines, self.registry, self.stage.market
        variants = [v for p in market.products for v in p.variants]
        pages, policies = or_none(PAGES), or_none(POLICIES)
        back = (self.returned <= self.stage.now).tolist()
        columns = (column.tolist() for column in (*lines, line_numbers(lines.order)))
        for k, (order, variant, quantity, post, page, policy, line) in enumerate(zip(*columns, strict=True)):
            product = int(self.stage.variant_product[variant])
            price = variants[variant].price_minor
            yield OrderLineRecord(
                order_id=known(registry.orders[order]),
                line=line,
                merchant_id=known(registry.merchants[self.stage.owner[product]]),
                product_id=known(registry.products[product]),
                variant_id=known(registry.variants[variant]),
                title=market.products[product].title,
                sku=variants[variant].sku,
                options=variants[variant].options,
                quantity=quantity,
                unit_price=price,
                total=price * quantity,
                returned=quantity if back[k] else 0,
                post_id=registry.posts[post],
                page=pages[page],
                policy=policies[policy],
            )

    def payments(self) -> Iterator[PaymentRecord]:
        goods, fees = self._totals()
        for n, (placed, paid) in enumerate(zip(times(self.orders.placed), times(self.deliveries.paid), strict=True)):
            payment, merchant = derived_id(self.registry.orders[n], "payment"), self.orders.merchant[n]
            yield PaymentRecord(
                id=payment,
                merchant_id=known(self.registry.merchants[merchant]),
                order_id=known(self.registry.orders[n]),
                gateway="test",
                reference=f"test-{payment.hex[:12]}",
                last4=f"{4242 + n % 5000:04d}",
                amount=goods[n] + fees[n],
                currency=self.stage.market.merchants[merchant].currency,
                state=PaymentState.CAPTURED,
                asked_at=placed,
                settled_at=paid,
            )

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

    def shipments(self) -> Iterator[ShipmentRecord]:
        registry, deliveries = self.registry, self.deliveries
        due, numbers, persons = times(deliveries.due), self._numbers(), self.orders.person.tolist()
        for n, steps in enumerate(self._steps()):
            state, at = steps[-1]
            gone = state is ShipmentState.HANDED_OVER and deliveries.method[n] == SHIP
            contact = self._contact(persons[n], self._city(persons[n]))
            yield ShipmentRecord(
                id=registry.shipments[n],
                merchant_id=known(registry.merchants[self.orders.merchant[n]]),
                order_id=known(registry.orders[n]),
                order_number=numbers[n],
                customer=contact.name,
                phone=contact.phone,
                address=Address() if deliveries.method[n] == PICKUP else contact.postal,
                hold_id=known(registry.orders[n]),
                node_id=known(registry.nodes[deliveries.node[n]]),
                method=METHODS[deliveries.method[n]],
                state=state,
                due_at=due[n],
                tracking=f"YD{registry.shipments[n].int % 10**12:012d}" if gone else None,
                created_at=time_of(steps[0][1]),
                updated_at=time_of(at),
            )

    def shipment_lines(self) -> Iterator[ShipmentLineRecord]:
        lines, registry = self.orders.lines, self.registry
        picked = (self.deliveries.ready <= self.stage.now)[lines.order] * lines.quantity
        columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity, picked)
        for order, line, variant, quantity, done in zip(*(c.tolist() for c in columns), strict=True):
            yield ShipmentLineRecord(
                shipment_id=registry.shipments[order],
                line=line,
                merchant_id=known(registry.merchants[self.orders.merchant[order]]),
                order_id=known(registry.orders[order]),
                order_line=line,
                hold_id=known(registry.orders[order]),
                variant_id=known(registry.variants[variant]),
                quantity=quantity,
                picked=done,
            )

    def shipment_events(self) -> Iterator[ShipmentEventRecord]:
        for n, steps in enumerate(self._steps()):
            shipment, merchant = self.registry.shipments[n], self.registry.merchants[self.orders.merchant[n]]
            staff = f"staff:{self.registry.staff[self.deliveries.node[n]]}"
            for state, at in steps:
                yield ShipmentEventRecord(
                    id=id_at(time_of(at), derived_id(shipment, state).int),
                    shipment_id=shipment,
                    merchant_id=known(merchant),
                    at=time_of(at),
                    state=state.value,
                    actor="system" if state is ShipmentState.ROUTED else staff,
                )

    def holds(self) -> Iterator[StockHoldRecord]:
        lines, registry, left = self.orders.lines, self.registry, self._left()
        until = times(self.orders.placed + 15 * 60_000)
        columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity)
        for order, line, variant, quantity in zip(*(c.tolist() for c in columns), strict=True):
            yield StockHoldRecord(
                request_id=known(registry.orders[order]),
                line=line,
                merchant_id=known(registry.merchants[self.orders.merchant[order]]),
                variant_id=known(registry.variants[variant]),
                node_id=known(registry.nodes[self.deliveries.node[order]]),
                quantity=quantity,
                open=0 if left[order] else quantity,
                state=HoldState.ISSUED if left[order] else HoldState.ALLOCATED,
                expires_at=until[order],
            )


def _why(node: str, km: float, due: datetime) -> Explanation:
    return Explanation(NEAR, {"node": node, "km": f"{km:.1f}", "ready": f"{due.astimezone(ZONE):%H:%M}"})


def _arrives(deliveries: Deliveries, n: int, due: datetime) -> datetime:
    if deliveries.method[n] != SHIP:
        return due
    return due + timedelta(days=1 + int(deliveries.km[n] > 150) + int(deliveries.km[n] > 800), hours=2)
