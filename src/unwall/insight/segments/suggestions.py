"""Segments that a merchant may want, by what their members are like."""

from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

import msgspec
import numpy as np

from unwall.insight.profiles.values import Lifecycle
from unwall.insight.segments.columns import MISSING
from unwall.insight.segments.counting import Counting
from unwall.insight.segments.values import (
    AllOf,
    Deed,
    Definition,
    Did,
    HasTaste,
    HasTrait,
    InLifecycle,
    Not,
    Trait,
)

VALUABLE_SHARE = 0.25
"""Of the buyers: those who spent the most."""
LOOKED_DAYS, LEFT_IN_BAG_DAYS = 30, 14
FOND_PER_CENT = 60
"""Of what somebody does, in one category."""
MAX_CATEGORIES = 3


class SuggestionKind(StrEnum):
    LEAVING = "leaving"
    """They spent much, and wait longer than their own rhythm says."""
    LOOKED = "looked"
    """They looked around lately, and have never bought."""
    LEFT_IN_BAG = "left-in-bag"
    FOND = "fond"
    """Loyal customers of one category."""


class Suggestion(msgspec.Struct, frozen=True):
    kind: SuggestionKind
    definition: Definition
    people: int
    category_id: UUID | None = None


def suggestions(counting: Counting) -> list[Suggestion]:
    """Those with somebody in them."""
    counted = (
        Suggestion(kind, definition, counting.count(definition), category_id)
        for kind, definition, category_id in (*_general(counting), *_fond(counting))
    )
    return [one for one in counted if one.people]


def _general(counting: Counting) -> Iterator[tuple[SuggestionKind, Definition, None]]:
    valuable = HasTrait(Trait.SPENT, at_least=_high_spent(counting))
    yield SuggestionKind.LEAVING, AllOf((InLifecycle((Lifecycle.COOLING,)), valuable)), None
    never = Not(Did(Deed.BOUGHT))
    yield SuggestionKind.LOOKED, AllOf((Did(Deed.VIEWED, days=LOOKED_DAYS), never)), None
    days = LEFT_IN_BAG_DAYS
    left = AllOf((Did(Deed.ADDED, days=days), Not(Did(Deed.BOUGHT, days=days))))
    yield SuggestionKind.LEFT_IN_BAG, left, None


def _high_spent(counting: Counting) -> int:
    """In whole units of a hundred, so that it reads well."""
    spent = np.asarray(counting.columns.column(f"trait_{Trait.SPENT}"))
    spent = spent[(spent != MISSING) & (spent > 0)]
    return int(np.quantile(spent, 1 - VALUABLE_SHARE)) // 100 * 100 if len(spent) else 0


def _fond(counting: Counting) -> list[tuple[SuggestionKind, Definition, UUID]]:
    """Of the categories with the most of them."""
    columns = counting.columns
    rated = []
    for category_id, number in columns.subjects.tastes.items():
        start, end = columns.column("taste_starts")[number : number + 2]
        rated.append((int(np.count_nonzero(columns.column("taste_shares")[start:end] >= FOND_PER_CENT)), category_id))
    loyal = InLifecycle((Lifecycle.LOYAL,))
    best = [category_id for _, category_id in sorted(rated, reverse=True)[:MAX_CATEGORIES]]
    return [(SuggestionKind.FOND, AllOf((loyal, HasTaste(one, FOND_PER_CENT))), one) for one in best]
