"""Delivery options: shipping, courier from a nearby shop, pickup; and the choice of nodes for an order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from unwall.commerce.sourcing import hours
from unwall.commerce.sourcing.plans import cheapest_plan, explain, parcel_cost
from unwall.commerce.sourcing.values import (
    DeliveryChoice,
    DeliveryMethod,
    DeliveryOption,
    Demand,
    NodeCandidate,
    Plan,
    Promise,
    Rates,
    SoldOut,
    Supply,
)
from unwall.commerce.sourcing.zones import price_at
from unwall.commerce.stock.values import HoldLine, Node
from unwall.kernel.errors import Invalid
from unwall.kernel.geo import Place, distance_km
from unwall.kernel.money import Money
from unwall.kernel.text import N_, Explanation

Wanted = Mapping[UUID, int]
Available = Mapping[UUID, Mapping[UUID, int]]
"""By node, then by variant."""


def promise_of(supply: Supply, demand: Demand, now: datetime) -> Promise:
    """Every delivery option for a cart or product."""
    if not demand.wanted:
        return Promise((), ())
    options = delivery_options(supply, demand, now)
    return Promise(tuple(options), shortage(supply.nodes, supply.available, demand.wanted))


def source(supply: Supply, demand: Demand, choice: DeliveryChoice, now: datetime) -> DeliveryOption:
    """The chosen delivery option with its plan; takes the planned units out of `supply`. Raises `SoldOut` naming the
    variants with too few units, or `Invalid` if the method is not offered (too far, closed).
    """
    where = demand.place if choice.method is DeliveryMethod.PICKUP else demand.destination
    able = candidates(supply.nodes, supply.available, where, now)
    option = chosen_option(able, demand, choice, now, supply.rates)
    if option:
        for line in option.plan.lines:
            supply.available[line.node_id][line.variant_id] -= line.quantity
        return option
    short = lacking(supply.nodes, supply.available, demand.wanted, choice)
    if short:
        raise SoldOut(N_("Some items are no longer available this way. Choose another way or change the bag."), short)
    raise Invalid.one("method", N_("This delivery option is not offered for this place now. Choose another."))


def candidates(nodes: Sequence[Node], available: Available, place: Place | None, now: datetime) -> list[NodeCandidate]:
    """The nodes that have available units and will be open."""
    return [
        NodeCandidate(node, distance_km(node.point, place.point) if place else None, available[node.id])
        for node in nodes
        if node.open and available.get(node.id) and hours.ready_at(node, now)
    ]


def shortage(nodes: Sequence[Node], available: Available, wanted: Wanted) -> tuple[UUID, ...]:
    """The variants with too few units at all open nodes together."""
    having = [available.get(node.id, {}) for node in nodes if node.open]
    return tuple(v for v, quantity in wanted.items() if sum(h.get(v, 0) for h in having) < quantity)


def delivery_options(supply: Supply, demand: Demand, now: datetime) -> list[DeliveryOption]:
    """Courier first, then pickup from near to far (without a place: by time), then shipping. Shops that are too far
    away are not offered, but can be chosen by their id.
    """
    rates, wanted = supply.rates, demand.wanted
    able = candidates(supply.nodes, supply.available, demand.destination, now)
    near = candidates(supply.nodes, supply.available, demand.place, now) if demand.place != demand.destination else able
    collecting = _whole(near, wanted) if rates.pickup.offered else []
    within_reach = [c for c in collecting if c.node.pickup and (c.km is None or c.km <= rates.pickup_km)]
    pickups = [o for c in within_reach if (o := _pickup(c, wanted, now, rates))]
    pickups.sort(key=lambda o: (o.km is not None and o.km, o.at, o.node.code if o.node else ""))
    return [
        o for o in (_courier(_whole(able, wanted), demand, now, rates), *pickups, _ship(able, demand, now, rates)) if o
    ]


def chosen_option(
    able: Sequence[NodeCandidate], demand: Demand, choice: DeliveryChoice, now: datetime, rates: Rates
) -> DeliveryOption | None:
    """The option of the chosen method. A courier comes from the shop that is nearest now, not when the shopper
    looked.
    """
    whole = _whole(able, demand.wanted)
    if choice.method is DeliveryMethod.PICKUP:
        shop = next((c for c in whole if c.node.pickup and c.node.id == choice.node_id), None)
        return _pickup(shop, demand.wanted, now, rates) if shop and rates.pickup.offered else None
    if choice.method is DeliveryMethod.COURIER:
        return _courier(whole, demand, now, rates)
    return _ship(able, demand, now, rates)


def _whole(able: Sequence[NodeCandidate], wanted: Wanted) -> list[NodeCandidate]:
    """The candidates that have all wanted units."""
    return [c for c in able if all(c.available.get(v, 0) >= quantity for v, quantity in wanted.items())]


def lacking(nodes: Sequence[Node], available: Available, wanted: Wanted, choice: DeliveryChoice) -> tuple[UUID, ...]:
    """The variants that prevent this choice: too few units at the shop, or at all nodes that ship."""
    if choice.method is DeliveryMethod.PICKUP:
        return shortage([node for node in nodes if node.id == choice.node_id], available, wanted)
    return shortage([node for node in nodes if node.ships], available, wanted)


def _pickup(candidate: NodeCandidate, wanted: Wanted, now: datetime, rates: Rates) -> DeliveryOption | None:
    node, ready = candidate.node, hours.ready_at(candidate.node, now)
    waits = hours.open_at(node, ready) if ready else None
    if waits is None:
        return None
    cutoff = hours.latest_start(node, hours.last_minute(node, waits))
    plan = _from_one(candidate, wanted, rates, now)
    fee = Money(rates.pickup.fee_for(None, 0), rates.currency)
    return DeliveryOption(
        DeliveryMethod.PICKUP, node, candidate.km, waits, waits, max(now, cutoff), fee, plan, plan.explanations[0]
    )


def _courier(whole: Sequence[NodeCandidate], demand: Demand, now: datetime, rates: Rates) -> DeliveryOption | None:
    """A courier from the nearest shop that can still deliver today."""
    rides = [o for c in whole if c.node.ships and (o := _ride(c, demand, now, rates))]
    return min(rides, key=lambda o: (o.km, o.at), default=None)


def _ride(candidate: NodeCandidate, demand: Demand, now: datetime, rates: Rates) -> DeliveryOption | None:
    """A courier's delivery; None unless it arrives on the node's current local day."""
    node, km = candidate.node, candidate.km
    ready = hours.ready_at(node, now)
    leaves = hours.open_at(node, ready) if ready else None
    price = price_at(rates, DeliveryMethod.COURIER, demand.goal, km)
    if not price.carries(km, demand.weight_g):
        return None
    if km is None or km > rates.courier_km or leaves is None or leaves >= hours.next_midnight(node, now):
        return None
    ride = timedelta(minutes=rates.courier_minutes + ceil(km * rates.courier_minutes_per_km))
    cutoff = hours.latest_start(node, hours.last_minute(node, leaves))
    fee = Money(price.fee_for(km, demand.goods_total, demand.weight_g), rates.currency)
    plan = _from_one(candidate, demand.wanted, rates, now)
    return DeliveryOption(
        DeliveryMethod.COURIER, node, km, leaves + ride, leaves, max(now, cutoff), fee, plan, plan.explanations[0]
    )


def _from_one(candidate: NodeCandidate, wanted: Wanted, rates: Rates, now: datetime) -> Plan:
    lines = tuple(HoldLine(variant, candidate.node.id, quantity) for variant, quantity in wanted.items())
    picking = sum(wanted.values()) * candidate.node.pick_cost
    return Plan(lines, parcel_cost(candidate, rates) + picking, (explain(candidate, now, {}),))


def _ship(able: Sequence[NodeCandidate], demand: Demand, now: datetime, rates: Rates) -> DeliveryOption | None:
    shipping = [c for c in able if c.node.ships]
    plan = cheapest_plan(shipping, demand.wanted, rates, now)
    if plan is None:
        return None
    senders = [next(c for c in able if c.node.id == node_id) for node_id in plan.node_ids]
    trips = [_trip(sender, now, rates) for sender in senders]
    one = senders[0] if len(senders) == 1 else None
    km = max((s.km or 0 for s in senders), default=0) if all(s.km is not None for s in senders) else None
    price = price_at(rates, DeliveryMethod.SHIP, demand.goal, km)
    if not price.carries(km, demand.weight_g):
        return None
    return DeliveryOption(
        DeliveryMethod.SHIP,
        one.node if one else None,
        km,
        max(arrives for arrives, _, _ in trips),
        min(collected for _, collected, _ in trips),
        min(cutoff for _, _, cutoff in trips),
        Money(price.fee_for(km, demand.goods_total, demand.weight_g), rates.currency),
        plan,
        explain(one, now, {}) if one else _in_parcels(senders),
    )


def _trip(sender: NodeCandidate, now: datetime, rates: Rates) -> tuple[datetime, datetime, datetime]:
    """Returns (arrival, carrier's collection, order cutoff for that collection)."""
    collected = collection(sender.node, now, rates)
    arrives = hours.at_hour(sender.node, collected, rates.delivery_hour, days=days_on_the_road(sender.km, rates))
    return arrives, collected, hours.latest_start(sender.node, collected)


def collection(node: Node, now: datetime, rates: Rates) -> datetime:
    """The carrier's first daily collection after goods ordered now are ready."""
    ready = hours.ready_at(node, now) or now + hours.HORIZON
    today = hours.at_hour(node, ready, rates.collection_hour)
    return today if ready <= today else hours.at_hour(node, ready, rates.collection_hour, days=1)


def days_on_the_road(km: float | None, rates: Rates) -> int:
    """Transit days by distance band; the longest if the place is not known."""
    if km is None:
        return rates.days_beyond
    return next((days for up_to, days in rates.day_bands if km <= up_to), rates.days_beyond)


def _in_parcels(senders: Sequence[NodeCandidate]) -> Explanation:
    names = " + ".join(sender.node.name for sender in senders)
    return Explanation(N_("In {parcels} parcels: {nodes}"), {"parcels": str(len(senders)), "nodes": names})
