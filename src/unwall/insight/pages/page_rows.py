"""From a page's definition and what is known of its products to the rows that `guarantees` arranges (P13)."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from unwall.insight.pages.definition import (
    HandPicked,
    HitList,
    ModuleKind,
    Newest,
    OfCategory,
    PageDefinition,
    PageModule,
    Pinned,
)
from unwall.insight.pages.guarantees import CandidateRow, PageCandidate, PlacedGuarantee
from unwall.insight.pages.layout import weight

PRODUCT_ROWS = (ModuleKind.PRODUCTS, ModuleKind.NEW)


class RowFacts(NamedTuple):
    """`ranked` and `newest` are of products that can be shown, the best and the newest first."""

    ranked: Sequence[UUID]
    newest: Sequence[UUID]
    by_category: Mapping[UUID, Sequence[UUID]]
    categories: Mapping[UUID, UUID]
    """of each product that has one"""
    new: Collection[UUID]
    """what is called new"""
    sold: Collection[UUID]
    """what can be shown"""


class ArrangementOf(NamedTuple):
    """The arguments of `guarantees.arrange` and `guarantees.conflict`."""

    rows: list[CandidateRow]
    candidates: dict[UUID, PageCandidate]
    guarantees: list[PlacedGuarantee]


def named_products(definition: PageDefinition) -> set[UUID]:
    """Those that the merchant chose by hand."""
    named = set(definition.hits)
    for module in definition.modules:
        named |= {one.product_id for one in module.guarantees if isinstance(one, Pinned)}
        named |= set(module.source.products) if isinstance(module.source, HandPicked) else set()
    return named


def shown_modules(definition: PageDefinition, segments: Collection[UUID]) -> list[PageModule]:
    """Those for everybody, and for one of the segments that the person is in."""
    return [module for module in definition.modules if not module.audience or module.audience.intersection(segments)]


def arrangement_of(definition: PageDefinition, modules: Sequence[PageModule], facts: RowFacts) -> ArrangementOf:
    """Of the product rows among the modules. A product's score is what its rank is worth: the recommender's ranks, then
    what the merchant chose, then the newest."""
    rows = [module for module in modules if module.kind in PRODUCT_ROWS]
    sources = [_products(definition, module, facts) for module in rows]
    pins = [one.product_id for module in rows for one in module.guarantees if isinstance(one, Pinned)]
    ranks = dict.fromkeys([*facts.ranked, *(one for some in sources for one in some), *definition.hits, *pins])
    wanted = {one for some in sources for one in some}.union(definition.hits, pins)
    hits = set(definition.hits)
    candidates = {
        one: PageCandidate(one, weight(rank), facts.categories.get(one), one in hits, one in facts.new)
        for rank, one in enumerate(one for one in ranks if one in facts.sold and one in wanted)
    }
    guarantees = [PlacedGuarantee(n, one) for n, module in enumerate(rows) for one in module.guarantees]
    if definition.hits_above and rows:
        guarantees.append(PlacedGuarantee(None, definition.hits_above))
    # a hit may stand in any row, since otherwise the hits of the page could not stand above
    return ArrangementOf(
        [CandidateRow(module.slots, _with_hits(some, definition)) for module, some in zip(rows, sources, strict=True)],
        candidates,
        guarantees,
    )


def _with_hits(products: Sequence[UUID], definition: PageDefinition) -> list[UUID]:
    return [*products, *definition.hits] if definition.hits_above else list(products)


def _products(definition: PageDefinition, module: PageModule, facts: RowFacts) -> Sequence[UUID]:
    source = module.source
    if isinstance(source, HandPicked):
        return source.products
    if isinstance(source, OfCategory):
        return facts.by_category.get(source.category_id, ())
    if isinstance(source, Newest):
        return facts.newest
    return definition.hits if isinstance(source, HitList) else facts.ranked
