"""Which promotions count, and what each takes off (rules M25 and M26 in docs/rules/money.md)."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import msgspec

from unwall.commerce.pricing.amounts import half_up, shares
from unwall.commerce.pricing.values import (
    WHOLE,
    CodeAnswer,
    Facts,
    Item,
    LineAsked,
    PriceRefusal,
    Promotion,
    PromotionKind,
    QuoteRequest,
    Reduction,
)

KINDS = tuple(PromotionKind)
"""The order in which they are taken off: each works on what those before have left."""


class PricedLine(msgspec.Struct):
    """A line while promotions work on it: `left` of its `list_total`."""

    asked: LineAsked
    item: Item
    list_total: int
    left: int
    reductions: list[Reduction] = msgspec.field(default_factory=list)


class Applied(msgspec.Struct):
    """What a set of promotions leaves; `free` are those that waive delivery."""

    lines: list[PricedLine]
    free: list[Promotion] = msgspec.field(default_factory=list)
    worth: int = 0


def apply_promotions(
    request: QuoteRequest, facts: Facts, fresh: Callable[[], list[PricedLine]], fee: int
) -> tuple[Applied, tuple[CodeAnswer, ...]]:
    """All that combine together, or the one that does not where it takes off more (`fee` is that of the chosen way).
    `fresh` makes the lines at list prices."""
    if not facts.promotions and not request.codes:
        return Applied(fresh()), ()
    listed = fresh()
    refused = {one.id: why for one in facts.promotions if (why := _refusal(one, request, facts, listed))}
    able = sorted((p for p in facts.promotions if p.id not in refused), key=lambda p: (KINDS.index(p.kind), p.id))
    codes = {fact.promotion_id: fact.code for fact in facts.codes}
    together = [p for p in able if p.combines]
    tried = [(together, _take_off(together, fresh(), codes, fee))]
    tried += [([p], _take_off([p], fresh(), codes, fee)) for p in able if not p.combines]
    counted, best = max(tried, key=lambda one: one[1].worth)
    refused |= {p.id: PriceRefusal.OTHER_IS_BETTER for p in able if p not in counted}
    return best, tuple(_answer(code, facts, refused, listed) for code in request.codes)


def _answer(code: str, facts: Facts, refused: Mapping[UUID, PriceRefusal], listed: Sequence[PricedLine]) -> CodeAnswer:
    coupon = next((fact for fact in facts.codes if fact.code == code), None)
    if coupon is None:
        return CodeAnswer(code, PriceRefusal.UNKNOWN)
    why = refused.get(coupon.promotion_id)
    if why is not PriceRefusal.MINIMUM:
        return CodeAnswer(code, why)
    promotion = next(one for one in facts.promotions if one.id == coupon.promotion_id)
    value = sum(line.list_total for line in matching(promotion, listed))
    return CodeAnswer(code, why, promotion.conditions.minimum - value)


def _refusal(
    promotion: Promotion, request: QuoteRequest, facts: Facts, listed: Sequence[PricedLine]
) -> PriceRefusal | None:
    by_code = next((fact for fact in facts.codes if fact.promotion_id == promotion.id), None)
    if promotion.by_code and (by_code is None or by_code.code not in request.codes):
        return PriceRefusal.UNKNOWN
    if by_code is not None and by_code.uses_left is not None and by_code.uses_left < 1:
        return PriceRefusal.USED_UP
    return _by_conditions(promotion, request, facts) or _by_goods(promotion, listed)


def _by_conditions(promotion: Promotion, request: QuoteRequest, facts: Facts) -> PriceRefusal | None:
    asked, buyer = promotion.conditions, facts.buyer
    used = next((one for one in facts.uses if one.promotion_id == promotion.id), None)
    uses, by_customer = (used.uses, used.by_customer) if used else (0, 0)
    checks = {
        PriceRefusal.TOO_EARLY: asked.starts_at is not None and request.at < asked.starts_at,
        PriceRefusal.ENDED: asked.ends_at is not None and request.at >= asked.ends_at,
        PriceRefusal.USED_UP: asked.max_uses is not None and uses >= asked.max_uses,
        PriceRefusal.USED_BY_CUSTOMER: asked.max_uses_per_customer is not None
        and by_customer >= asked.max_uses_per_customer,
        PriceRefusal.CHANNEL: bool(asked.channels) and request.channel not in asked.channels,
        PriceRefusal.CUSTOMER: bool(asked.segments) and not set(asked.segments) & set(buyer.segments),
        PriceRefusal.FIRST_ORDER: asked.first_order and buyer.has_ordered,
    }
    return next((why for why, holds in checks.items() if holds), None)


def _by_goods(promotion: Promotion, lines: Sequence[PricedLine]) -> PriceRefusal | None:
    matched = matching(promotion, lines)
    if not matched:
        return PriceRefusal.GOODS
    if sum(line.list_total for line in matched) < promotion.conditions.minimum:
        return PriceRefusal.MINIMUM
    if promotion.kind is PromotionKind.BUNDLE_PRICE and not _bundles(promotion, matched):
        return PriceRefusal.GOODS
    if promotion.kind is PromotionKind.BUY_GET and not _groups(promotion, matched):
        return PriceRefusal.GOODS
    return None


def matching(promotion: Promotion, lines: Sequence[PricedLine]) -> list[PricedLine]:
    """The lines that it is for."""
    if promotion.kind is PromotionKind.BUNDLE_PRICE:
        wanted = {part.variant_id for part in promotion.parts}
        return [line for line in lines if line.item.variant_id in wanted]
    asked = promotion.conditions
    if not asked.products and not asked.categories:
        return list(lines)
    return [
        line for line in lines if line.item.product_id in asked.products or line.item.category_id in asked.categories
    ]


def _take_off(promotions: Sequence[Promotion], lines: list[PricedLine], codes: Mapping[UUID, str], fee: int) -> Applied:
    applied = Applied(lines)
    for one in promotions:
        if one.kind is PromotionKind.FREE_DELIVERY:
            applied.free.append(one)
            continue
        matched = matching(one, lines)
        for line, amount in zip(matched, _AMOUNTS[one.kind](one, matched), strict=True):
            if amount > 0:
                line.left -= amount
                line.reductions.append(reduction_by(one, amount, codes))
    applied.worth = sum(line.list_total - line.left for line in lines) + (fee if applied.free else 0)
    return applied


def reduction_by(promotion: Promotion, amount: int, codes: Mapping[UUID, str]) -> Reduction:
    return Reduction(promotion.id, promotion.title, amount, codes.get(promotion.id, ""), promotion.translations)


# --- what each kind takes off the lines it is for ---------------------------------------------------------------------


def _fixed_price(one: Promotion, lines: Sequence[PricedLine]) -> list[int]:
    return [max(0, line.left - one.value * line.asked.quantity) for line in lines]


def _per_cent(one: Promotion, lines: Sequence[PricedLine]) -> list[int]:
    return [half_up(line.left * one.value, WHOLE) for line in lines]


def _amount(one: Promotion, lines: Sequence[PricedLine]) -> list[int]:
    left = [line.left for line in lines]
    return shares(min(one.value, sum(left)), left)


def _bundles(one: Promotion, lines: Sequence[PricedLine]) -> int:
    """How many whole bundles are among the lines."""
    units = {line.item.variant_id: line.asked.quantity for line in lines}
    return min((units.get(part.variant_id, 0) // part.quantity for part in one.parts), default=0)


def _bundle_price(one: Promotion, lines: Sequence[PricedLine]) -> list[int]:
    count, needed = _bundles(one, lines), {part.variant_id: part.quantity for part in one.parts}
    values = [line.left * count * needed[line.item.variant_id] // line.asked.quantity for line in lines]
    return shares(max(0, sum(values) - one.value * count), values)


def _groups(one: Promotion, lines: Sequence[PricedLine]) -> int:
    """How many units are reduced."""
    size = one.buy + one.get
    return sum(line.asked.quantity for line in lines) // size * one.get if size else 0


def _buy_get(one: Promotion, lines: Sequence[PricedLine]) -> list[int]:
    reduced, amounts = _groups(one, lines), [0] * len(lines)
    for i in sorted(range(len(lines)), key=lambda i: (lines[i].left / lines[i].asked.quantity, i)):
        units = min(reduced, lines[i].asked.quantity)
        amounts[i] = half_up(lines[i].left * units * one.value, lines[i].asked.quantity * WHOLE)
        reduced -= units
    return amounts


_AMOUNTS: Mapping[PromotionKind, Callable[[Promotion, Sequence[PricedLine]], list[int]]] = MappingProxyType(
    {
        PromotionKind.FIXED_PRICE: _fixed_price,
        PromotionKind.BUNDLE_PRICE: _bundle_price,
        PromotionKind.BUY_GET: _buy_get,
        PromotionKind.PER_CENT: _per_cent,
        PromotionKind.AMOUNT: _amount,
    }
)
