"""The facts of a quote, from what is kept of a merchant and of who buys."""

from collections.abc import Sequence

from unwall.commerce.pricing.book import PromotionBook, is_limited
from unwall.commerce.pricing.values import CodeFact, Facts, Item, Personal, Promotion, StorePricing
from unwall.commerce.sourcing.values import DeliveryPrice


class Pricing:
    """A merchant's pricing with its promotions in a book."""

    def __init__(self, store: StorePricing) -> None:
        self.store = store
        self.book = PromotionBook(store.promotions)

    def facts(self, items: tuple[Item, ...], delivery: tuple[DeliveryPrice, ...], personal: Personal) -> Facts:
        """Only the promotions that may have to do with the items."""
        store = self.store
        return Facts(
            store.currency,
            items,
            delivery,
            store.taxes,
            store.rates,
            self.book.relevant(items, personal.codes),
            personal.codes,
            personal.uses,
            personal.buyer,
        )

    def segmented(self, items: Sequence[Item], codes: Sequence[CodeFact]) -> bool:
        """Whether a promotion depends on which segments the buyer is in."""
        return any(one.conditions.segments for one in self.book.relevant(items, codes))

    def limited(self, items: Sequence[Item], codes: Sequence[CodeFact]) -> list[Promotion]:
        """The promotions that depend on what was used before."""
        return [one for one in self.book.relevant(items, codes) if is_limited(one)]
