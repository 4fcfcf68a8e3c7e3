"""What a profile says, from what a member did (docs/rules/profiles.md)."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from unwall.insight.profiles.values import Lifecycle, PriceBand, Profile
from unwall.journal.values import EventKind
from unwall.kernel.text import N_, Explanation

NEXT_PURCHASE_DAYS = 30
COOLING_ALIVE = 0.6
"""Whoever is less likely to buy again cools."""
DORMANT_ALIVE = 0.25
COOLING_RHYTHMS = 3
"""A pause of so many of a member's usual intervals is long, whatever the model says."""
DORMANT_RHYTHMS = 6
MIN_RHYTHM_DAYS = 7
USUAL_RHYTHM_DAYS = 60
"""For who bought once, where too few have bought again."""
LOYAL_DAYS = 4
"""On how many days somebody has bought who is loyal."""

TASTE_HALF_LIFE_DAYS = 90
TASTE_WEIGHTS: Mapping[EventKind, float] = MappingProxyType(
    {
        EventKind.VIEW: 1.0,
        EventKind.CLICK: 1.0,
        EventKind.LIKE: 2.0,
        EventKind.SHARE: 2.0,
        EventKind.SAVE: 3.0,
        EventKind.ADD_TO_CART: 3.0,
        EventKind.PURCHASE: 10.0,
    }
)
"""What an event, or a line of an order, says about the taste for the product's category."""
MAX_COUNTED_A_DAY = 3
"""Events of one kind about one product."""
MAX_TASTES = 20
"""Categories that are kept of a member, the strongest first."""
LOW_PRICE, HIGH_PRICE = 0.8, 1.25
"""What a member paid for their units, divided by what all paid for as many of the same categories."""

ACTIVITY_KINDS = tuple(
    sorted(
        {
            *(TASTE_WEIGHTS.keys() - {EventKind.PURCHASE}),
            *(EventKind.SEARCH, EventKind.FOLLOW, EventKind.COMMENT, EventKind.REVIEW, EventKind.QUESTION),
            *(EventKind.CHECKOUT, EventKind.PICKUP, EventKind.RETURN, EventKind.HIDE, EventKind.WATCH),
        }
    )
)
"""What is read of the journal. Purchases are read from the orders."""
EVENT_COLUMNS = ("at", "kind", "merchant_id", "visitor_id", "member_id", "product_id")
"""What is read of an event."""


def price_band(ratio: float) -> PriceBand:
    """`ratio`: see `LOW_PRICE`."""
    if ratio < LOW_PRICE:
        return PriceBand.LOW
    return PriceBand.HIGH if ratio > HIGH_PRICE else PriceBand.MIDDLE


def shares(weights: Mapping[UUID, float]) -> dict[UUID, float]:
    """The strongest categories, as parts of their sum; by id where two are as strong."""
    kept = sorted(weights.items(), key=lambda one: (-one[1], one[0]))[:MAX_TASTES]
    total = sum(weight for _, weight in kept)
    return {category: weight / total for category, weight in kept} if total > 0 else {}


def decay(days: float) -> float:
    return float(2.0 ** (-max(days, 0.0) / TASTE_HALF_LIFE_DAYS))


# --- why: one line each -----------------------------------------------------------------------------------------------

ONCE = MappingProxyType(
    {
        Lifecycle.NEW: N_("New customer: bought for the first time {days} days ago"),
        Lifecycle.COOLING: N_("Cooling customer: bought once, {days} days ago"),
        Lifecycle.DORMANT: N_("Dormant customer: bought once, {days} days ago"),
    }
)
IN_DAYS = MappingProxyType(
    {
        Lifecycle.ACTIVE: N_("Active customer: {orders} orders, usually every {days} days"),
        Lifecycle.LOYAL: N_("Loyal customer: {orders} orders, usually every {days} days"),
        Lifecycle.COOLING: N_("Cooling customer: {orders} orders, usually every {days} days, the last {ago} days ago"),
        Lifecycle.DORMANT: N_("Dormant customer: {orders} orders, usually every {days} days, the last {ago} days ago"),
        Lifecycle.WON_BACK: N_("Won back: {orders} orders, usually every {days} days, the last after a long pause"),
    }
)
IN_WEEKS = MappingProxyType(
    {
        Lifecycle.ACTIVE: N_("Active customer: {orders} orders, usually every {weeks} weeks"),
        Lifecycle.LOYAL: N_("Loyal customer: {orders} orders, usually every {weeks} weeks"),
        Lifecycle.COOLING: N_(
            "Cooling customer: {orders} orders, usually every {weeks} weeks, the last {ago} days ago"
        ),
        Lifecycle.DORMANT: N_(
            "Dormant customer: {orders} orders, usually every {weeks} weeks, the last {ago} days ago"
        ),
        Lifecycle.WON_BACK: N_("Won back: {orders} orders, usually every {weeks} weeks, the last after a long pause"),
    }
)
MIN_WEEKS_DAYS = 14
"""From which a rhythm is told in weeks."""


FIRST_LATELY = MappingProxyType(
    {
        0: N_("New customer: bought for the first time today"),
        1: N_("New customer: bought for the first time yesterday"),
    }
)
"""By days."""


def explain_lifecycle(profile: Profile) -> Explanation:
    if profile.first_order_at is None or profile.last_order_at is None:
        return Explanation(N_("Known here, and has not bought yet"))
    since = _days(profile.computed_at - profile.last_order_at)
    ago = str(since)
    between = (profile.last_order_at - profile.first_order_at) / max(profile.orders - 1, 1)
    rhythm = max(_days(between), 1)
    if between < timedelta(days=0.5) or profile.lifecycle is Lifecycle.NEW:
        said = ONCE.get(profile.lifecycle, ONCE[Lifecycle.NEW])
        if said is ONCE[Lifecycle.NEW] and since in FIRST_LATELY:
            return Explanation(FIRST_LATELY[since])
        return Explanation(said, {"days": ago})
    facts = {"orders": str(profile.orders), "ago": ago}
    if rhythm >= MIN_WEEKS_DAYS:
        return Explanation(IN_WEEKS[profile.lifecycle], {**facts, "weeks": str(round(rhythm / 7))})
    return Explanation(IN_DAYS[profile.lifecycle], {**facts, "days": str(rhythm)})


def _days(span: timedelta) -> int:
    return max(round(span / timedelta(days=1)), 0)


PRICES = MappingProxyType(
    {
        PriceBand.LOW: N_("Pays less for a piece than others in the same categories"),
        PriceBand.MIDDLE: N_("Pays as much for a piece as others in the same categories"),
        PriceBand.HIGH: N_("Pays more for a piece than others in the same categories"),
    }
)


def explain_traits(profile: Profile, categories: Mapping[UUID, str], nodes: Mapping[UUID, str]) -> list[Explanation]:
    """A line for each trait that is known but the lifecycle; the names are in the reader's language."""
    lines = []
    if profile.next_purchase_probability is not None and profile.alive_probability is not None:
        text = N_("Buys within {days} days with a probability of {next} %, and some time with {alive} %")
        chances = {"next": profile.next_purchase_probability, "alive": profile.alive_probability}
        percent = {name: f"{100 * chance:.0f}" for name, chance in chances.items()}
        lines.append(Explanation(text, {"days": str(NEXT_PURCHASE_DAYS), **percent}))
    if profile.price_band is not None:
        lines.append(Explanation(PRICES[profile.price_band]))
    liked = [(categories[one], share) for one, share in profile.tastes.items() if one in categories]
    if liked:
        category, share = max(liked, key=lambda one: one[1])
        text = N_("Likes {category} best: {share} % of what was bought and looked at, the latest counting most")
        lines.append(Explanation(text, {"category": category, "share": f"{100 * share:.0f}"}))
    node = profile.favourite_node_id
    if node is not None and node in nodes:
        lines.append(Explanation(N_("Buys and collects most at {shop}"), {"shop": nodes[node]}))
    if profile.favourite_hour is not None:
        lines.append(Explanation(N_("Is here most at {time}"), {"time": f"{profile.favourite_hour:02}:00"}))
    if profile.follows:
        lines.append(Explanation(N_("Follows {follows} of the store's accounts"), {"follows": str(profile.follows)}))
    return lines
