"""Where members who bought stand: their lifecycle and how likely they buy again. Days are the merchant's local ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unwall.insight.profiles.buying import BuyingModel, Customers, Floats, alive_probability, purchase_probability
from unwall.insight.profiles.rules import (
    COOLING_ALIVE,
    COOLING_RHYTHMS,
    DORMANT_ALIVE,
    DORMANT_RHYTHMS,
    LOYAL_DAYS,
    MIN_RHYTHM_DAYS,
    NEXT_PURCHASE_DAYS,
    USUAL_RHYTHM_DAYS,
)
from unwall.insight.profiles.values import Lifecycle


class Buyers(NamedTuple):
    """Of members who bought: on how many days, the first and last of these, and the last but one (as the last where
    there is none). Days since 1970."""

    buying_days: Floats
    first: Floats
    last: Floats
    previous: Floats


class BuyerStanding(NamedTuple):
    """An array each, of the same members."""

    lifecycle: NDArray[np.object_]
    alive: Floats
    next_purchase: Floats


def customers_of(buyers: Buyers, today: float) -> Customers:
    return Customers(buyers.buying_days - 1, buyers.last - buyers.first, np.maximum(today - buyers.first, 0))


def usual_rhythm(buyers: Buyers) -> float:
    """The median of the mean intervals, in days, of those who bought on several days."""
    several = buyers.buying_days > 1
    if not several.any():
        return USUAL_RHYTHM_DAYS
    return float(np.median((buyers.last - buyers.first)[several] / (buyers.buying_days[several] - 1)))


def standing(buyers: Buyers, today: float, model: BuyingModel | None, usual: float) -> BuyerStanding:
    """`usual` is `usual_rhythm` of all the merchant's buyers."""
    many = buyers.buying_days
    own = (buyers.last - buyers.first) / np.maximum(many - 1, 1)
    rhythm = np.maximum(np.where(many > 1, own, usual), MIN_RHYTHM_DAYS)
    pauses = np.maximum(today - buyers.last, 0) / rhythm
    customers = customers_of(buyers, today)
    if model is None:
        alive = 2.0 ** (-pauses / COOLING_RHYTHMS)
        following = alive * -np.expm1(-NEXT_PURCHASE_DAYS / rhythm)
    else:
        alive = alive_probability(model, customers)
        following = purchase_probability(model, customers, NEXT_PURCHASE_DAYS)
    dormant = (pauses > DORMANT_RHYTHMS) | (alive < DORMANT_ALIVE)
    cooling = (pauses > COOLING_RHYTHMS) | (alive < COOLING_ALIVE)
    names = [Lifecycle.DORMANT, Lifecycle.COOLING, Lifecycle.NEW, Lifecycle.WON_BACK, Lifecycle.LOYAL]
    conditions = [dormant, cooling, many == 1, _won_back(buyers, model), many >= LOYAL_DAYS]
    chosen = np.select(conditions, list(range(len(names))), len(names))
    return BuyerStanding(np.array([*names, Lifecycle.ACTIVE], object)[chosen], alive, following)


def _won_back(buyers: Buyers, model: BuyingModel | None) -> NDArray[np.bool_]:
    """Whether, on the day before the last purchase, they would have counted as dormant. With two purchases no rhythm is
    known before the last, so nobody comes back with their second."""
    before = buyers.buying_days - 1
    own = (buyers.previous - buyers.first) / np.maximum(before - 1, 1)
    pause = buyers.last - buyers.previous
    long = pause > DORMANT_RHYTHMS * np.maximum(own, MIN_RHYTHM_DAYS)
    if model is not None:
        earlier = Customers(np.maximum(before - 1, 0), buyers.previous - buyers.first, buyers.last - buyers.first)
        long |= alive_probability(model, earlier) < DORMANT_ALIVE
    return (before > 1) & long
