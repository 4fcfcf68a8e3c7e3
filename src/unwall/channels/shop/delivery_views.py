"""Delivery options in words. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.channels.http.formatters import formatters
from unwall.commerce.orders.quoting import way_key
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryOption, Promise
from unwall.commerce.stock.values import Node
from unwall.kernel.clock import local
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of

WHEN = {
    DeliveryMethod.PICKUP: (
        N_("Ready today at {time}"),
        N_("Ready tomorrow at {time}"),
        N_("Ready on {day} at {time}"),
    ),
    DeliveryMethod.COURIER: (
        N_("Arrives today by {time}"),
        N_("Arrives tomorrow by {time}"),
        N_("Arrives on {day} by {time}"),
    ),
    DeliveryMethod.SHIP: (N_("Arrives today"), N_("Arrives tomorrow"), N_("Arrives by {day}")),
}
KINDS = {DeliveryMethod.PICKUP: "pickup", DeliveryMethod.COURIER: "courier", DeliveryMethod.SHIP: "post"}
MAX_PICKUPS = 3
"""On a product's page; the checkout offers all."""
NEAR_KM = 50.0
"""The distance that most people would travel to collect something."""


class DeliveryWay(msgspec.Struct, frozen=True):
    """One way to have the goods; `value` is its name in forms."""

    kind: str
    """pickup, courier or post"""
    title: str
    when: str
    note: str
    cost: str
    value: str
    checked: bool
    at: str
    """the promise, as a form sends it back"""


def when(method: DeliveryMethod, there: datetime, now: datetime, lang: str) -> str:
    """`there`: on the clock of the place it comes from."""
    days = (there.date() - now.astimezone(there.tzinfo).date()).days
    words = WHEN[method][max(0, min(days, 2))]
    return gettext(lang, words, time=f"{there:%H:%M}", day=formatters(lang).weekday(there.date()))


def title(option: DeliveryOption, lang: str) -> str:
    if option.method is DeliveryMethod.PICKUP and option.node:
        return gettext(lang, N_("Collect at {shop}"), shop=option.node.name)
    return gettext(lang, N_("Courier") if option.method is DeliveryMethod.COURIER else N_("By post"))


def note(option: DeliveryOption, now: datetime, timezone: str, lang: str) -> str:
    """How far, where from, and until when to order for that: a true cut-off, told on its own day only."""
    parts = []
    if option.method is DeliveryMethod.PICKUP and option.node:
        city, street = option.node.city, option.node.address
        whole = gettext(lang, N_("{city}, {address}"), city=city, address=street)
        parts.append(street if option.km is not None else whole)
    elif option.node:
        parts.append(gettext(lang, N_("From {shop}"), shop=option.node.name))
    else:
        parts.append(option.explanation.text_in(lang))  # of several parcels
    if option.km is not None and option.method is not DeliveryMethod.SHIP:
        parts.append(gettext(lang, N_("{km} km"), km=formatters(lang).number(round(option.km, 1))))
    if timedelta(0) < option.cutoff - now < timedelta(hours=12):
        parts.append(gettext(lang, N_("order by {time}"), time=f"{local(option.cutoff, timezone):%H:%M}"))
    return " · ".join(parts)


def way(
    option: DeliveryOption, timezone: str, now: datetime, lang: str, *, checked: bool = False, fee: Money | None = None
) -> DeliveryWay:
    """`fee`: as it was quoted; else the list price."""
    cost = option.fee if fee is None else fee
    where = option.node.timezone if option.node else timezone
    return DeliveryWay(
        kind=KINDS[option.method],
        title=title(option, lang),
        when=when(option.method, local(option.at, where), now, lang),
        note=note(option, now, where, lang),
        cost=cost.text(locale_of(lang)) if cost.amount else gettext(lang, N_("Free")),
        value=way_key(option),
        checked=checked,
        at=option.at.isoformat(timespec="minutes"),
    )


def brief(promise: Promise, *, placed: bool) -> list[DeliveryOption]:
    """For a product's page: first what most people would choose, then one courier, the nearest shops, and the post.
    Shops come last until a place is chosen (`placed`), since nobody knows which of them is near."""
    pickups = promise.of(DeliveryMethod.PICKUP)
    pickups = tuple(o for o in pickups if o.km is None or o.km <= NEAR_KM)[:MAX_PICKUPS] or pickups[:1]
    shown = [o for o in promise.options if o.method is not DeliveryMethod.PICKUP or o in pickups]
    best = chosen(promise, "")
    return sorted(shown, key=lambda o: (o is not best, not placed and o.method is DeliveryMethod.PICKUP))


def chosen(promise: Promise, name: str) -> DeliveryOption | None:
    """The option of this name; else what most people would choose: a shop near the chosen place, else the post."""
    for option in promise.options:
        if way_key(option) == name:
            return option
    if name.startswith(DeliveryMethod.COURIER):  # it was to be brought, and now no courier goes there
        return next(iter((*promise.of(DeliveryMethod.COURIER), *promise.of(DeliveryMethod.SHIP))), None)
    near = [o for o in promise.of(DeliveryMethod.PICKUP) if o.km is not None and o.km <= NEAR_KM]
    return next(iter((*near, *promise.of(DeliveryMethod.SHIP), *promise.options)), None)


WHO_DOES_WHAT = {
    DeliveryMethod.PICKUP: N_("You collect it at {shop}. {when}."),
    DeliveryMethod.COURIER: N_("A courier brings it from {shop}. {when}."),
    DeliveryMethod.SHIP: N_("It is posted to you from {shop}. {when}."),
}


def sources(option: DeliveryOption, nodes: Iterable[Node], zone: str, now: datetime, lang: str) -> Mapping[UUID, str]:
    """For each variant who does what, where it comes from and when."""
    by_id = {node.id: node for node in nodes}
    names: dict[UUID, list[str]] = {}
    for line in option.plan.lines:
        names.setdefault(line.variant_id, []).append(by_id[line.node_id].name)
    at = when(option.method, local(option.at, option.node.timezone if option.node else zone), now, lang)
    words = WHO_DOES_WHAT[option.method]
    return {variant: gettext(lang, words, shop=" + ".join(shops), when=at) for variant, shops in names.items()}
