"""Taxes and promotions of a merchant."""

from typing import Annotated
from uuid import UUID

import msgspec

from unwall.commerce.pricing.values import WHOLE, Promotion, Rounding
from unwall.intake.dataset.records.base import Amount, Quantity, Record, When

Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
Millionths = Annotated[int, msgspec.Meta(ge=0, le=WHOLE)]


class TaxSettingsRecord(Record, frozen=True, kw_only=True):
    """How a merchant charges tax; without a record it charges none."""

    merchant_id: UUID
    country: Country
    region: str = ""
    included: bool = True
    """whether list prices include tax"""
    rounding: Rounding = Rounding.LINE
    oss: bool = False
    """whether what is sent to other countries of the EU is declared through the One-Stop Shop"""
    delivery_class: str | None = None
    """the tax class of delivery; as the goods where it is left out"""


class TaxNumberRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    country: Country
    number: str


class TaxRateRecord(Record, frozen=True, kw_only=True):
    """`millionths`: 19 % is 190000. Without a region of the whole country; without a class of whatever has no own."""

    merchant_id: UUID
    country: Country
    region: str = ""
    tax_class: str = ""
    name: str
    millionths: Millionths


class TaxCustomerRecord(Record, frozen=True, kw_only=True):
    """A member who is exempt, or a business whose number the merchant has checked."""

    merchant_id: UUID
    member_id: UUID
    code: str
    """the customer number by which it was written"""
    exempt: bool = False
    tax_number: str = ""


class PromotionRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    active: bool = True
    rule: Promotion
    uses: Quantity = 0
    """how many orders it is on, where they are limited"""
    created_at: When


class PromotionCodeRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    code: str
    promotion_id: UUID
    max_uses: Quantity | None = None
    uses: Quantity = 0


class PromotionUseRecord(Record, frozen=True, kw_only=True):
    """An order that a promotion is on; `nth` numbers those of a person where they are limited."""

    merchant_id: UUID
    promotion_id: UUID
    order_id: UUID
    person_id: UUID | None = None
    code: str | None = None
    nth: Quantity | None = None
    amount: Amount
