"""Which members a definition holds for, over columns."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from unwall.insight.segments.activity import DEEDS
from unwall.insight.segments.columns import BANDS, LIFECYCLES, MISSING, Columns
from unwall.insight.segments.values import (
    DAYS,
    AllOf,
    AnyOf,
    Condition,
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
)
from unwall.kernel.clock import local

Mask = NDArray[np.bool_]
CHUNK_ENTRIES = 1 << 18
"""Added up at once: NumPy keeps the interpreter meanwhile, a few milliseconds."""
KEPT_MASKS = 32
"""Of conditions that were asked for before, a byte for each member."""


class Stopped(Exception):
    """A later question took the place of this one."""


class Counting:
    """Of one state of the columns on one day, since 1970 in the merchant's zone."""

    def __init__(self, columns: Columns, today: int) -> None:
        self.columns, self.today = columns, today
        self._known: OrderedDict[Condition, Mask] = OrderedDict()

    def count(self, definition: Definition, stopped: Callable[[], bool] = lambda: False) -> int:
        """Raises `Stopped`."""
        return int(np.count_nonzero(self.holds(definition, stopped)))

    def holds(self, definition: Definition, stopped: Callable[[], bool] = lambda: False) -> Mask:
        """For each row. Raises `Stopped`."""
        match definition:
            case Everyone():
                return np.ones(self.columns.subjects.members, bool)
            case Not(of=inner):
                return ~self.holds(inner, stopped)
            case AllOf(of=parts):
                return _all(self.holds(part, stopped) for part in parts)
            case AnyOf(of=parts):
                return ~_all(~self.holds(part, stopped) for part in parts)
        return self._condition(definition, stopped)

    def _condition(self, condition: Condition, stopped: Callable[[], bool]) -> Mask:
        if stopped():
            raise Stopped
        mask = self._known.pop(condition, None)
        if mask is None:
            mask = self._did(condition, stopped) if isinstance(condition, Did) else self._has(condition)
        self._known[condition] = mask
        while len(self._known) > KEPT_MASKS:
            self._known.popitem(last=False)
        return mask

    def _has(self, condition: InLifecycle | InPriceBand | HasTrait | PrefersShop | FollowsStore | HasTaste) -> Mask:
        columns = self.columns
        match condition:
            case InLifecycle(among=among):
                return np.isin(columns.column("lifecycle"), [LIFECYCLES.index(one) for one in among])
            case InPriceBand(among=bands):
                return np.isin(columns.column("price_band"), [BANDS.index(one) for one in bands])
            case PrefersShop(among=shops):
                known = columns.subjects.shops
                return np.isin(columns.column("shop"), [known[one] for one in shops if one in known])
            case HasTaste():
                return self._tastes(condition)
            case HasTrait():
                return self._trait(condition)
        return np.array(columns.column("follows"), bool)

    def _trait(self, condition: HasTrait) -> Mask:
        values = np.asarray(self.columns.column(f"trait_{condition.trait}"))
        mask: Mask = np.asarray(values != MISSING)
        low, high = condition.at_least, condition.at_most
        if condition.trait in DAYS:  # so many days ago: the other way round
            low, high = (None if end is None else self.today - end for end in (high, low))
        if low is not None:
            mask &= values >= low
        if high is not None:
            mask &= values <= high
        return mask

    def _tastes(self, condition: HasTaste) -> Mask:
        mask = np.zeros(self.columns.subjects.members, bool)
        number = self.columns.subjects.tastes.get(condition.category_id)
        if number is not None:
            start, end = self.columns.column("taste_starts")[number : number + 2]
            enough = self.columns.column("taste_shares")[start:end] >= condition.at_least
            mask[self.columns.column("taste_rows")[start:end][enough]] = True
        return mask

    def _did(self, condition: Did, stopped: Callable[[], bool]) -> Mask:
        size = self.columns.subjects.members
        within, number, subjects = self._subject(condition)
        mask = np.zeros(size, bool)
        if number is None:
            return mask
        entries = self.columns.entries(within)
        start, end = entries.starts[DEEDS.index(condition.deed) * subjects + number :][:2]
        if condition.days is not None:
            start += np.searchsorted(entries.days[start:end], self.today - condition.days, side="right")
        times = np.zeros(size, np.int32)
        for at in range(int(start), int(end), CHUNK_ENTRIES):
            if stopped():
                raise Stopped
            part = slice(at, min(at + CHUNK_ENTRIES, int(end)))
            if condition.times == 1:
                mask[entries.rows[part]] = True
            else:
                np.add.at(times, entries.rows[part].astype(np.intp), entries.counts[part])
        if condition.times > 1:
            mask = np.asarray(times >= condition.times)
        return mask

    def _subject(self, condition: Did) -> tuple[str, int | None, int]:
        known = self.columns.subjects
        if condition.product_id is not None:
            return "product", known.products.get(condition.product_id), len(known.products)
        if condition.category_id is not None:
            return "category", known.categories.get(condition.category_id), len(known.categories)
        return "anything", 0, 1


def _all(masks: Iterable[Mask]) -> Mask:
    """With one mask in memory at a time."""
    rest = iter(masks)
    mask = next(rest).copy()
    for other in rest:
        mask &= other
    return mask


def local_day(at: datetime, timezone: str) -> int:
    """Since 1970, as `activity.parquet` has them."""
    return local(at, timezone).toordinal() - date(1970, 1, 1).toordinal()
