"""A quote, what is asked for, and the facts that decide it.

All amounts are whole minor units of the quote's currency; rates and percentages are in millionths (19 % is 190,000).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice

WHOLE = 1_000_000
"""The millionths of a whole: 100 %."""


class Rounding(StrEnum):
    """Where taxes are rounded to minor units."""

    LINE = "line"
    DOCUMENT = "document"
    """Once for each rate, over all that has it; the lines share the result."""


class Treatment(StrEnum):
    """Why an order is taxed as it is."""

    UNTAXED = "untaxed"
    """The merchant has no rate for its own country: it charges no tax."""
    DOMESTIC = "domestic"
    HOME = "home"
    """Sent to another country of the EU by a merchant below the threshold for distance sales: taxed at home."""
    OSS = "oss"
    """Sent to another country of the EU and taxed there, declared through the One-Stop Shop."""
    DESTINATION = "destination"
    """Sent to a country outside the home area for which the merchant has rates: taxed there."""
    EXPORT = "export"
    REVERSE_CHARGE = "reverse_charge"
    """Sold to a business in another country of the EU, which accounts for the tax."""
    EXEMPT = "exempt"
    """The customer is exempt."""


UNCHARGED = frozenset({Treatment.EXPORT, Treatment.REVERSE_CHARGE, Treatment.EXEMPT})
"""The merchant charges no tax though it would at home; of prices that include tax, that of the home country is taken
off."""


class PromotionKind(StrEnum):
    FIXED_PRICE = "fixed_price"
    BUNDLE_PRICE = "bundle_price"
    BUY_GET = "buy_get"
    PER_CENT = "per_cent"
    AMOUNT = "amount"
    FREE_DELIVERY = "free_delivery"


class PriceRefusal(StrEnum):
    """Why a promotion does not count."""

    UNKNOWN = "unknown"
    TOO_EARLY = "too_early"
    ENDED = "ended"
    USED_UP = "used_up"
    USED_BY_CUSTOMER = "used_by_customer"
    CHANNEL = "channel"
    CUSTOMER = "customer"
    FIRST_ORDER = "first_order"
    GOODS = "goods"
    MINIMUM = "minimum"
    OTHER_IS_BETTER = "other_is_better"
    """It does not combine with others, which together are worth more."""


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """Kept with orders as JSON: a field that is added later needs a default."""


# --- what is asked for ------------------------------------------------------------------------------------------------


class LineAsked(_Stored, frozen=True):
    line: int
    variant_id: UUID
    quantity: int


class WayAsked(_Stored, frozen=True):
    """A way to have the goods. `country` is the node's where it is collected; empty: the merchant's."""

    key: str
    method: DeliveryMethod
    km: float | None = None
    country: str = ""
    region: str = ""


class TaxPlace(_Stored, frozen=True):
    """Where it is sent; without a country, nobody knows yet, and the merchant's counts."""

    country: str = ""
    region: str = ""
    postcode: str = ""


class QuoteRequest(_Stored, frozen=True):
    """`way` is the key of the chosen one of `ways`; without it goods alone are priced."""

    at: datetime
    channel: str
    lines: tuple[LineAsked, ...]
    ways: tuple[WayAsked, ...] = ()
    way: str | None = None
    place: TaxPlace = TaxPlace()
    codes: tuple[str, ...] = ()


# --- the facts --------------------------------------------------------------------------------------------------------


class Item(_Stored, frozen=True):
    """A variant as it is priced today. `usual_price` is the catalogue's, where a price list has a lower one."""

    variant_id: UUID
    product_id: UUID
    price: int
    category_id: UUID | None = None
    tax_class: str = ""
    weight_g: int = 0
    usual_price: int | None = None
    price_list: str = ""
    """The title of the price list that `price` is from."""


class TaxSettings(_Stored, frozen=True):
    country: str = ""
    """The merchant's, where it is registered."""
    region: str = ""
    included: bool = True
    """Whether list prices and delivery prices include tax."""
    rounding: Rounding = Rounding.LINE
    oss: bool = False
    """Whether the merchant declares through the One-Stop Shop what it sends to other countries of the EU."""
    delivery_class: str | None = None
    """The tax class of delivery; None: as the goods that are delivered, by their value."""


class TaxRate(_Stored, frozen=True):
    """`tax_class` '' is of whatever has no rate of its own class, `region` '' of the whole country."""

    country: str
    millionths: int
    name: str = "VAT"
    region: str = ""
    tax_class: str = ""


class BundleUnits(_Stored, frozen=True):
    variant_id: UUID
    quantity: int


class Conditions(_Stored, frozen=True):
    """When a promotion counts; what is empty does not matter."""

    products: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    """Of products or of categories: one is enough."""
    segments: tuple[UUID, ...] = ()
    first_order: bool = False
    minimum: int = 0
    """Of the goods that it is for, at list prices."""
    channels: tuple[str, ...] = ()
    starts_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    ends_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    max_uses: int | None = None
    max_uses_per_customer: int | None = None


class Promotion(_Stored, frozen=True):
    """`value`: millionths (per cent; off the goods that buy-and-get gives) or an amount (off the whole, of a unit, of a
    bundle). `get` of each `buy + get` units are reduced, the cheapest."""

    id: UUID
    title: str
    kind: PromotionKind
    value: int = 0
    buy: int = 0
    get: int = 0
    parts: tuple[BundleUnits, ...] = ()
    by_code: bool = False
    combines: bool = True
    """Whether it counts beside others; else alone, if it is worth more than they are."""
    conditions: Conditions = Conditions()
    translations: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The title by language."""

    def title_in(self, lang: str) -> str:
        return self.translations.get(lang) or self.title


class CodeFact(_Stored, frozen=True):
    """A code that was typed, as it is stored; `uses_left` None is any number."""

    code: str
    promotion_id: UUID
    uses_left: int | None = None


class PromotionUses(_Stored, frozen=True):
    """How often it was used, where that is limited."""

    promotion_id: UUID
    uses: int = 0
    by_customer: int = 0
    last: int = 0
    """The highest number of the customer's uses."""


class Buyer(_Stored, frozen=True):
    """Who buys, as far as a price depends on it."""

    segments: tuple[UUID, ...] = ()
    has_ordered: bool = False
    tax_exempt: bool = False
    tax_number: str = ""
    """Of a business, checked by the merchant."""


class Facts(_Stored, frozen=True):
    """All that decides a quote but what is asked for."""

    currency: str
    items: tuple[Item, ...]
    delivery: tuple[DeliveryPrice, ...] = ()
    taxes: TaxSettings = TaxSettings()
    rates: tuple[TaxRate, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    codes: tuple[CodeFact, ...] = ()
    uses: tuple[PromotionUses, ...] = ()
    buyer: Buyer = Buyer()


class Personal(msgspec.Struct, frozen=True):
    """What of who buys, and of what they typed, decides a quote."""

    buyer: Buyer = Buyer()
    codes: tuple[CodeFact, ...] = ()
    uses: tuple[PromotionUses, ...] = ()


class StorePricing(msgspec.Struct, frozen=True):
    """What of a merchant decides every quote of its goods; the same for everybody."""

    merchant_id: UUID
    currency: str
    taxes: TaxSettings = TaxSettings()
    rates: tuple[TaxRate, ...] = ()
    knows_customers: bool = False
    """Whether a price may depend on which member buys."""
    promotions: tuple[Promotion, ...] = ()


# --- the quote --------------------------------------------------------------------------------------------------------


class Reduction(_Stored, frozen=True):
    """What a promotion takes off a line or off delivery."""

    promotion_id: UUID
    title: str
    amount: int
    code: str = ""
    translations: Mapping[str, str] = msgspec.field(default_factory=dict)

    def title_in(self, lang: str) -> str:
        return self.translations.get(lang) or self.title


class Tax(_Stored, frozen=True):
    """One tax at one rate: what it is on, and how much it is."""

    name: str
    millionths: int
    net: int
    amount: int


class QuotedLine(_Stored, frozen=True):
    """`total` is at list prices, less reductions; `net` and `gross` are what is charged without and with tax."""

    line: int
    variant_id: UUID
    quantity: int
    unit_price: int
    list_total: int
    total: int
    net: int
    tax: int
    gross: int
    reductions: tuple[Reduction, ...] = ()
    taxes: tuple[Tax, ...] = ()
    usual_price: int | None = None
    price_list: str = ""

    @property
    def reduction(self) -> int:
        return self.list_total - self.total


class QuotedWay(_Stored, frozen=True):
    """What a way costs, as list prices are told: with or without tax."""

    key: str
    method: DeliveryMethod
    list_fee: int
    fee: int
    reductions: tuple[Reduction, ...] = ()


class QuotedDelivery(_Stored, frozen=True):
    """The chosen way with its tax."""

    way: QuotedWay
    net: int
    tax: int
    gross: int
    taxes: tuple[Tax, ...] = ()


class CodeAnswer(_Stored, frozen=True):
    """What became of a code. `missing` is how much more of its goods is needed."""

    code: str
    refusal: PriceRefusal | None = None
    missing: int = 0


class Quote(_Stored, frozen=True):
    """total = goods - reduction + fee + tax_added = net + tax, for the chosen way."""

    currency: str
    lines: tuple[QuotedLine, ...]
    ways: tuple[QuotedWay, ...]
    delivery: QuotedDelivery | None
    treatment: Treatment
    tax_included: bool
    rounding: Rounding
    goods: int
    """At list prices."""
    reduction: int
    """Of the goods."""
    fee: int
    """Of delivery, less its reductions."""
    tax_added: int
    """What taxes add to list prices; negative where tax is taken off them."""
    net: int
    tax: int
    total: int
    taxes: tuple[Tax, ...] = ()
    codes: tuple[CodeAnswer, ...] = ()

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """By promotion, over all lines and the chosen way, in the order in which they were taken off."""
        by_promotion: dict[UUID, Reduction] = {}
        of_delivery = self.delivery.way.reductions if self.delivery else ()
        for one in (*(r for line in self.lines for r in line.reductions), *of_delivery):
            before = by_promotion.get(one.promotion_id)
            amount = one.amount + (before.amount if before else 0)
            by_promotion[one.promotion_id] = msgspec.structs.replace(one, amount=amount)
        return tuple(by_promotion.values())

    def fee_of(self, key: str) -> int:
        return next((way.fee for way in self.ways if way.key == key), 0)


class PricedOrder(_Stored, frozen=True):
    """Stored with an order: the quote, and what it was made from, by which it can be made again."""

    request: QuoteRequest
    facts: Facts
    quote: Quote
