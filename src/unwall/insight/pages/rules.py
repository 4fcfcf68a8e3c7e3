"""The layout of pages, with the reason for each slot (numbered rules: docs/rules/pages.md)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from unwall.catalogue.bundle_rules import bundle_sold
from unwall.catalogue.values import Bundle, BundlePart, ProductCard
from unwall.commerce.sourcing import hours
from unwall.commerce.stock.values import Node, NodeKind
from unwall.insight.pages.guarantees import PlacedProduct
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Pin, Slot
from unwall.insight.recommend.model import POLICIES
from unwall.insight.recommend.values import Pick, PickSource
from unwall.journal.values import Event, EventKind, ImpressionBody, Trail, Visit
from unwall.kernel.clock import local
from unwall.kernel.geo import Point, distance_km
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_, Explanation

MAX_PINS = 20
"""Positions that can be pinned on a page. SQL repeats it: the CHECK of pin.position."""
ROW_PRODUCTS = 12
MAX_SHOWN_PRODUCTS = 2000
"""How many products of a stream an address may say that were shown before."""
MAX_HOME_PINS = 6
"""How many pins of all stores together the home page shows; the rest of its row is chosen for the person."""
HOME_PIN_CANDIDATES = 24
"""How many pins are looked at, of followed stores and of others each: enough even if some cannot be bought."""
NEAR_PRODUCTS = 8
GOES_WITH_PRODUCTS, GOES_WITH_CANDIDATES = 8, 12
CANDIDATES = 48
"""How many products the recommender is asked for: enough for both rows even if some cannot be bought."""
POSTS = 7
POSTS_BETWEEN_ROWS = 3
"""The first post is the hero; this many follow between the two product rows, the others below."""
PINNED = "pinned-1"
CHOSEN = "chosen-1"
"""The policy of what the merchant chose by hand or by category."""
PIN_GUARANTEE = "pinned"
"""The tag of `definition.Pinned`."""
BUNDLE = "bundle-newest-1"
STREAM_BUNDLES = 2
"""On each page of a stream."""
POPULAR_PEOPLE = 5
"""How many different people opened, took or bought a product in the last fourteen days, for it to be called popular."""
NEW_DAYS = 30
"""How long a product is called new."""
NEWEST_PRODUCTS = 2 * ROW_PRODUCTS
"""How many of the newest products are looked at where the recommender knows too few: some may not be for sale."""
NEAREST_SHOPS = 4
"""How many of the nearest shops are checked for products that are ready today."""
BECAUSE = {
    EventKind.VIEW: N_("Because you looked at {product}"),
    EventKind.CLICK: N_("Because you looked at {product}"),
    EventKind.ADD_TO_CART: N_("Because you put {product} into your bag"),
    EventKind.PURCHASE: N_("Because you bought {product}"),
}
SIMILAR = N_("Similar to {product}")
ANCHORED = (PickSource.TRANSITIONS, PickSource.TWO_HOPS, PickSource.CONTENT)
"""The sources that recommend because of one product of the person's trail."""
FRESH_POSITIONS = (3, 8)
"""Where, counted from 0, a row shows a product that was put on sale after the last training."""
FRESH_CANDIDATES = 4
"""How many of these are looked at: some may not be for sale."""


def shown_pins(pins: Sequence[Pin], cards: Mapping[UUID, ProductCard]) -> list[Pin]:
    """The first ones of products that can be bought (P2)."""
    return [pin for pin in dict.fromkeys(pins) if pin.product_id in cards][:MAX_HOME_PINS]


def arrange(pins: Sequence[Pin], ranked: Sequence[UUID], size: int) -> list[UUID]:
    """A row of products: every pin at its position, the others by rank, no product twice (P1 to P4).

    `pins` are of products that can be bought. The row is longer than `size` only if a pin's position is beyond it.
    """
    places: dict[int, UUID] = {}
    for pin in sorted(pins, key=lambda pin: (pin.position, pin.merchant_id, pin.product_id)):
        if pin.product_id not in places.values():
            places[_first_free(places, pin.position)] = pin.product_id
    pinned = set(places.values())
    rest = iter([item for item in dict.fromkeys(ranked) if item not in pinned])
    length = max(size, max(places, default=-1) + 1)
    row = [places[n] if n in places else next(rest, None) for n in range(length)]
    return [item for item in row if item is not None]


def _first_free(places: Mapping[int, UUID], position: int) -> int:
    while position in places:
        position += 1
    return position


def product_slots(
    row: Sequence[UUID], pins: Sequence[Pin], picks: Mapping[UUID, Pick], facts: "ReasonFacts"
) -> list[Slot]:
    pinned = {pin.product_id for pin in pins}
    reasons = varied([[chosen_by(facts.cards[item])] if item in pinned else why(picks[item], facts) for item in row])
    return [
        Slot(n, PINNED, 1.0, reason, card=facts.cards[item])
        if item in pinned
        else picked_slot(n, picks[item], reason, facts.cards)
        for n, (item, reason) in enumerate(zip(row, reasons, strict=True))
    ]


def picked_slot(n: int, pick: Pick, reason: Explanation | None, cards: Mapping[UUID, ProductCard]) -> Slot:
    return Slot(n, pick.policy, pick.propensity, reason, pick.score, card=cards[pick.product_id])


def arranged_slots(
    row: Sequence[PlacedProduct], picks: Mapping[UUID, Pick], facts: "ReasonFacts", first: int
) -> list[Slot]:
    """The slots of a row from the number `first` on: what is pinned, what the recommender picked, and what the merchant
    chose without it."""
    pinned = [placed.by == PIN_GUARANTEE for placed in row]
    reasons = varied(
        [
            why(picks[placed.product_id], facts)
            if placed.product_id in picks and not pinned[n]
            else [chosen_by(facts.cards[placed.product_id])]
            for n, placed in enumerate(row)
        ]
    )
    slots = []
    for n, placed in enumerate(row):
        pick, card = picks.get(placed.product_id), facts.cards[placed.product_id]
        if pinned[n] or pick is None:
            policy = PINNED if pinned[n] else CHOSEN
            slots.append(Slot(first + n, policy, 1.0, reasons[n], guarantee=placed.by, card=card))
        else:
            slots.append(replace(picked_slot(first + n, pick, reasons[n], facts.cards), guarantee=placed.by))
    return slots


# --- reasons ----------------------------------------------------------------------------------------------------------


class ReasonFacts(NamedTuple):
    """What reasons are worked out from: the cards that the page may show, and when it is shown."""

    cards: Mapping[UUID, ProductCard]
    now: datetime


def why(pick: Pick, facts: ReasonFacts) -> list[Explanation]:
    """The reasons for a pick, from stored facts, the best first; each is true (P5)."""
    store = {"store": facts.cards[pick.product_id].merchant_name}
    return [*_because(pick, facts.cards), *_of_itself(pick, facts)] or [Explanation(N_("More from {store}"), store)]


def _of_itself(pick: Pick, facts: ReasonFacts) -> list[Explanation]:
    card = facts.cards[pick.product_id]
    store = {"store": card.merchant_name}
    reasons = []
    if pick.people >= POPULAR_PEOPLE:
        reasons.append(Explanation(N_("Popular now at {store}"), store))
    if facts.now - card.created_at <= timedelta(days=NEW_DAYS):
        reasons.append(Explanation(N_("New at {store}"), store))
    return reasons


def _because(pick: Pick, cards: Mapping[UUID, ProductCard]) -> list[Explanation]:
    if pick.source is PickSource.SESSIONS:
        return [Explanation(N_("Others with visits like yours looked at this"))]
    if pick.source not in ANCHORED:
        return []
    anchor = cards.get(pick.anchor_id) if pick.anchor_id else None
    if anchor is None or pick.anchor_kind is None:  # the product that the reason would name is no longer sold
        return [Explanation(N_("Because of what you looked at lately"))]
    words = SIMILAR if pick.source is PickSource.CONTENT else BECAUSE[pick.anchor_kind]
    return [Explanation(words, {"product": anchor.title})]


def chosen_by(card: ProductCard) -> Explanation:
    return Explanation(N_("Chosen by {store}"), {"store": card.merchant_name})


def varied(choices: Sequence[Sequence[Explanation]]) -> list[Explanation | None]:
    """The reason of each slot of a row: its best that the two before it do not both give, or none (P5)."""
    given: list[Explanation | None] = []
    for reasons in choices:
        worn = given[-1] if len(given) > 1 and given[-1] == given[-2] else None
        given.append(next((reason for reason in reasons if reason != worn), None))
    return given


def with_fresh(ranked: Sequence[UUID], fresh: Sequence[UUID]) -> list[UUID]:
    """The recommender's products with some that it does not know yet among them, so that a product has its chance as
    soon as it is on sale (P9)."""
    chosen = [item for item in ranked if item not in fresh]
    for position, item in zip(FRESH_POSITIONS, fresh, strict=False):
        chosen.insert(position, item)
    return chosen


def newest_pick(card: ProductCard) -> Pick:
    return Pick(card.product_id, card.merchant_id, 0.0, PickSource.NEWEST, POLICIES[PickSource.NEWEST])


def goes_with_slots(picks: Sequence[Pick], facts: ReasonFacts) -> list[Slot]:
    """Only what people went on to says so; another that is neither popular nor new says nothing."""
    also = Explanation(N_("Others looked at this too"))
    together = (PickSource.TRANSITIONS, PickSource.SESSIONS)
    told = [[also] if pick.source in together else _of_itself(pick, facts) for pick in picks]
    reasons = varied(told)
    return [picked_slot(n, pick, reasons[n], facts.cards) for n, pick in enumerate(picks)]


def alike_slots(picks: Sequence[Pick], facts: ReasonFacts) -> list[Slot]:
    """The row's title says that they are alike; a slot says what else is true of the product."""
    reasons = varied([_of_itself(pick, facts) for pick in picks])
    return [picked_slot(n, pick, reasons[n], facts.cards) for n, pick in enumerate(picks)]


# --- the nearest shop -------------------------------------------------------------------------------------------------


def ready_today(nodes: Sequence[Node], point: Point, now: datetime) -> list[NearShop]:
    """Of the nearest pickup shops, from near to far, those that can have goods ready by the end of their local day
    (P6).
    """
    shops = [node for node in nodes if node.kind is NodeKind.SHOP and node.open and node.pickup]
    by_distance = sorted((distance_km(node.point, point), node.code, n) for n, node in enumerate(shops))
    near = []
    for km, _, n in by_distance[:NEAREST_SHOPS]:
        node, ready = shops[n], hours.ready_at(shops[n], now)
        if ready and local(ready, node.timezone).date() == local(now, node.timezone).date():
            near.append(NearShop(node.id, node.name, km, local(ready, node.timezone).isoformat()))
    return near


def near_slots(shop: NearShop, products: Sequence[UUID], picks: Mapping[UUID, Pick], facts: ReasonFacts) -> list[Slot]:
    """Products that can be ready at the shop today, in the order of the picks."""
    ready = Explanation(N_("Ready today at {shop}"), {"shop": shop.name})
    reasons = varied([[ready, *why(picks[item], facts)] for item in products])
    return [
        Slot(n, f"near-{picks[item].policy}", picks[item].propensity, reasons[n], card=facts.cards[item])
        for n, item in enumerate(products)
    ]


# --- bundles ----------------------------------------------------------------------------------------------------------


def bundle_slots(
    bundles: Sequence[Bundle], trail: Sequence[Trail], hidden: Collection[UUID], first: int = 0
) -> list[Slot]:
    """`STREAM_BUNDLES` of those on sale, from the `first` on: those with a part that the person looked at come before
    the others, the newest before older ones. None whose parts the person has all bought."""
    bought = {touched.product_id for touched in trail if touched.kind is EventKind.PURCHASE}
    looked_at = {touched.product_id for touched in trail} - bought
    offered = [
        bundle
        for bundle in bundles
        if bundle_sold(bundle)
        and bundle.id not in hidden
        and not bought.issuperset(part.item.product_id for part in bundle.parts)
    ]
    offered.sort(key=lambda bundle: _known_part(bundle, looked_at) is None)
    chosen = offered[first : first + STREAM_BUNDLES]
    return [Slot(n, BUNDLE, 1.0, _why_bundle(bundle, looked_at), bundle=bundle) for n, bundle in enumerate(chosen)]


def _known_part(bundle: Bundle, looked_at: Collection[UUID]) -> BundlePart | None:
    return next((part for part in bundle.parts if part.item.product_id in looked_at), None)


def _why_bundle(bundle: Bundle, looked_at: Collection[UUID]) -> Explanation:
    part = _known_part(bundle, looked_at)
    if part:
        return Explanation(N_("With {product}, which you looked at"), {"product": part.item.title})
    return Explanation(N_("A set from {store}"), {"store": bundle.merchant_name})


def filled(modules: Sequence[Module]) -> list[Module]:
    return [module for module in modules if module.slots]


def exposures(page: ComposedPage, visit: Visit, now: datetime) -> list[Event]:
    """The impressions of a page: one event per slot, with the policy and propensity that chose it (P7)."""
    return [_exposure(page, module.name, slot, visit, now) for module in page.modules for slot in module.slots]


def _exposure(page: ComposedPage, module: ModuleName, slot: Slot, visit: Visit, now: datetime) -> Event:
    shown = slot.card or slot.post or slot.account or slot.bundle
    return Event(
        id=new_id(),
        at=now,
        kind=EventKind.IMPRESSION,
        merchant_id=shown.merchant_id if shown else None,
        **visit.ids,
        account_id=slot.account.id if slot.account else None,
        post_id=slot.post.id if slot.post else None,
        product_id=slot.card.product_id if slot.card else None,
        page=f"{page.page}/{module}",
        slot=slot.slot,
        policy=slot.policy,
        propensity=slot.propensity,
        body=ImpressionBody(slot.score, slot.guarantee) if slot.score is not None or slot.guarantee else None,
    )
