"""A merchant's promotions, found by what is in a bag: most have nothing to do with it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from unwall.commerce.pricing.values import CodeFact, Item, Promotion, PromotionKind


class PromotionBook:
    """Made once for the promotions of a merchant."""

    def __init__(self, promotions: Sequence[Promotion]) -> None:
        self.promotions = sorted(promotions, key=lambda one: one.id)
        self._everywhere: list[int] = []
        self._by_subject: dict[UUID, list[int]] = {}
        self._by_id = {one.id: n for n, one in enumerate(self.promotions)}
        for n, one in enumerate(self.promotions):
            if not one.by_code:
                for subject in subjects(one) or (None,):
                    (self._everywhere if subject is None else self._by_subject.setdefault(subject, [])).append(n)

    def relevant(self, items: Iterable[Item], codes: Iterable[CodeFact]) -> tuple[Promotion, ...]:
        """Those that count by themselves and are for one of the items, and those of the codes."""
        numbers = set(self._everywhere)
        for item in items:
            for subject in (item.product_id, item.category_id, item.variant_id):
                if subject is not None:
                    numbers.update(self._by_subject.get(subject, ()))
        numbers.update(self._by_id[code.promotion_id] for code in codes if code.promotion_id in self._by_id)
        return tuple(self.promotions[n] for n in sorted(numbers))


def subjects(promotion: Promotion) -> tuple[UUID, ...]:
    """The products, categories or variants that it is for; none where it is for everything."""
    if promotion.kind is PromotionKind.BUNDLE_PRICE:
        return tuple(part.variant_id for part in promotion.parts[:1])
    return (*promotion.conditions.products, *promotion.conditions.categories)


def is_limited(promotion: Promotion) -> bool:
    """Whether it depends on what was used before."""
    asked = promotion.conditions
    return asked.max_uses is not None or asked.max_uses_per_customer is not None
