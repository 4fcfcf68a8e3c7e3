"""What a page's definition may hold."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from unwall.insight.pages.definition import (
    HandPicked,
    NewArrivals,
    OfCategory,
    PageDefinition,
    PageModule,
    Pinned,
    RowGuarantee,
)
from unwall.insight.pages.guarantees import PlacedGuarantee, conflict
from unwall.insight.pages.page_rows import PRODUCT_ROWS, RowFacts, arrangement_of, shown_modules
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

MAX_MODULES = 12
MAX_ROW_SLOTS = 24
MAX_PAGE_SLOTS = 60
"""Product slots of all rows together."""
MAX_TITLE_CHARACTERS = 60
MAX_LISTED_PRODUCTS = 40
"""On the list of hits, and on a list chosen by hand."""
MAX_GUARANTEES = 12
"""Of one module."""
MAX_SCHEDULE_DAYS = 366


class Own(NamedTuple):
    """What the merchant's definition may name."""

    products: Collection[UUID]
    categories: Collection[UUID]
    posts: Collection[UUID]
    segments: Collection[UUID]


def check(definition: PageDefinition, own: Own) -> None:
    """Raises `Invalid` naming `modules.1.slots`, `modules.1.guarantees.0.position`, `hits`, ..."""
    errors = list(_page_faults(definition, own))
    for n, module in enumerate(definition.modules):
        errors += [FieldError(f"modules.{n}.{one.field}", one.message) for one in _module_faults(module, own)]
    if errors:
        raise Invalid(errors)


def _page_faults(definition: PageDefinition, own: Own) -> list[FieldError]:
    errors = []
    slots = sum(module.slots for module in definition.modules if module.kind in PRODUCT_ROWS)
    pinned = [one.product_id for module in definition.modules for one in module.guarantees if isinstance(one, Pinned)]
    if len(definition.modules) > MAX_MODULES:
        errors.append(FieldError("modules", N_("A page has at most {limit} modules.", limit=MAX_MODULES)))
    if slots > MAX_PAGE_SLOTS:
        errors.append(
            FieldError("modules", N_("The rows have at most {limit} products together.", limit=MAX_PAGE_SLOTS))
        )
    if len(set(pinned)) < len(pinned):
        errors.append(FieldError("modules", N_("A product is pinned twice.")))
    if len(definition.hits) > MAX_LISTED_PRODUCTS:
        errors.append(FieldError("hits", N_("At most {limit} products.", limit=MAX_LISTED_PRODUCTS)))
    if not set(definition.hits) <= set(own.products):
        errors.append(FieldError("hits", N_("This is not one of your products on sale.")))
    above = definition.hits_above
    if above and not (1 <= above.at_least <= above.first <= MAX_PAGE_SLOTS):
        errors.append(FieldError("hits_above", N_("Write how many hits, and among how many first products.")))
    return errors


def _module_faults(module: PageModule, own: Own) -> list[FieldError]:
    errors = []
    if not 1 <= module.slots <= MAX_ROW_SLOTS:
        errors.append(FieldError("slots", N_("Write a number from 1 to {limit}.", limit=MAX_ROW_SLOTS)))
    if len(module.title) > MAX_TITLE_CHARACTERS:
        errors.append(FieldError("title", N_("At most {limit} characters.", limit=MAX_TITLE_CHARACTERS)))
    if isinstance(module.source, HandPicked):
        if len(module.source.products) > MAX_LISTED_PRODUCTS:
            errors.append(FieldError("source", N_("At most {limit} products.", limit=MAX_LISTED_PRODUCTS)))
        if not set(module.source.products) <= set(own.products):
            errors.append(FieldError("source", N_("This is not one of your products on sale.")))
    if isinstance(module.source, OfCategory) and module.source.category_id not in own.categories:
        errors.append(FieldError("source", N_("Choose one of your categories.")))
    if module.post_id and module.post_id not in own.posts:
        errors.append(FieldError("post_id", N_("Choose one of your posts that are live.")))
    if not module.audience <= set(own.segments):
        errors.append(FieldError("audience", N_("Choose one of your segments.")))
    if len(module.guarantees) > MAX_GUARANTEES:
        errors.append(FieldError("guarantees", N_("At most {limit} guarantees.", limit=MAX_GUARANTEES)))
    return errors + list(
        chain.from_iterable(
            _guarantee_faults(f"guarantees.{n}", module, one, own) for n, one in enumerate(module.guarantees)
        )
    )


def _guarantee_faults(field: str, module: PageModule, one: RowGuarantee, own: Own) -> list[FieldError]:
    if isinstance(one, Pinned):
        errors = []
        if one.product_id not in own.products:
            errors.append(FieldError(f"{field}.product_id", N_("This is not one of your products on sale.")))
        if not 0 <= one.position < module.slots:
            limit = module.slots
            errors.append(FieldError(f"{field}.position", N_("Write a position from 1 to {limit}.", limit=limit)))
        return errors
    figure, name = (one.at_least, "at_least") if isinstance(one, NewArrivals) else (one.at_most, "at_most")
    if 1 <= figure <= MAX_ROW_SLOTS:
        return []
    return [FieldError(f"{field}.{name}", N_("Write a number from 1 to {limit}.", limit=MAX_ROW_SLOTS))]


def check_schedule(at: datetime, now: datetime) -> None:
    """Raises `Invalid` naming `scheduled_at`."""
    if at <= now:
        raise Invalid.one("scheduled_at", N_("Choose a time that is still to come."))
    if at - now > timedelta(days=MAX_SCHEDULE_DAYS):
        raise Invalid.one("scheduled_at", N_("Choose a time within {limit} days.", limit=MAX_SCHEDULE_DAYS))


class Conflicting(NamedTuple):
    guarantee: PlacedGuarantee
    row: PageModule | None
    """None: of the page"""


def conflicts(definition: PageDefinition, facts: RowFacts) -> list[Conflicting]:
    """A smallest set of guarantees that cannot hold together, for everybody or for those of one segment (P15)."""
    audiences: list[frozenset[UUID]] = [frozenset()]
    audiences += [frozenset([one]) for module in definition.modules for one in sorted(module.audience)]
    for segments in dict.fromkeys(audiences):
        modules = shown_modules(definition, segments)
        named = conflict(*arrangement_of(definition, modules, facts))
        if named:
            rows = [module for module in modules if module.kind in PRODUCT_ROWS]
            return [Conflicting(one, None if one.row is None else rows[one.row]) for one in named]
    return []


def facts_for_all(products: Sequence[tuple[UUID, UUID | None, datetime]], new_since: datetime, newest: int) -> RowFacts:
    """What is known of a page that nobody asked for yet: everything on sale may be picked. `products`: id, category and
    creation of those on sale, the newest first."""
    ids = [one for one, _, _ in products]
    by_category: dict[UUID, list[UUID]] = {}
    for one, category, _ in products:
        if category:
            by_category.setdefault(category, []).append(one)
    return RowFacts(
        ids,
        ids[:newest],
        by_category,
        {one: category for one, category, _ in products if category},
        {one for one, _, created_at in products if created_at >= new_since},
        set(ids),
    )
