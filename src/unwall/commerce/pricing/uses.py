"""The uses of promotions, written with the orders that they are on."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from unwall.commerce.pricing.values import PricedOrder
from unwall.kernel.statements import Part


class OrderUses(msgspec.Struct, frozen=True):
    order_id: UUID
    merchant_id: UUID
    person_id: UUID | None
    priced: PricedOrder


class _Use(msgspec.Struct, frozen=True):
    merchant_id: UUID
    promotion_id: UUID
    order_id: UUID
    person_id: UUID | None
    code: str | None
    nth: int | None
    amount: int


def using(orders: Iterable[OrderUses]) -> list[Part]:
    """Counts what each order uses. Where another order took the last use meanwhile, the statement fails as two equal
    keys do (`UniqueViolationError`)."""
    uses = [use for order in orders for use in _uses(order)]
    return [Part(_USING, (uses,))] if uses else []


def _uses(order: OrderUses) -> list[_Use]:
    rules = {one.id: one for one in order.priced.facts.promotions}
    last = {one.promotion_id: one.last for one in order.priced.facts.uses}
    uses = []
    for one in order.priced.quote.reductions:
        rule = rules[one.promotion_id]
        limited = rule.conditions.max_uses_per_customer is not None and order.person_id is not None
        uses.append(
            _Use(
                order.merchant_id,
                one.promotion_id,
                order.order_id,
                order.person_id,
                one.code or None,
                last.get(one.promotion_id, 0) + 1 if limited else None,
                one.amount,
            )
        )
    return uses


_USING = """
    use_wanted AS (
        SELECT * FROM jsonb_to_recordset($1) AS w (merchant_id uuid, promotion_id uuid, order_id uuid, person_id uuid,
            code text, nth int, amount bigint)
    ), use_made AS (
        INSERT INTO promotion_use (merchant_id, promotion_id, order_id, person_id, code, nth, amount)
        SELECT merchant_id, promotion_id, order_id, person_id, code, nth, amount FROM use_wanted
    ), use_of_codes AS (
        UPDATE promotion_code c SET uses = used(c.uses, w.more, c.max_uses)
        FROM (SELECT merchant_id, code, count(*)::int AS more FROM use_wanted GROUP BY merchant_id, code) w
        WHERE c.merchant_id = w.merchant_id AND c.code = w.code
    ), use_counted AS (
        UPDATE promotion p SET uses = used(p.uses, w.more, (p.rule #>> '{conditions,max_uses}')::int)
        FROM (SELECT promotion_id, count(*)::int AS more FROM use_wanted GROUP BY promotion_id) w
        WHERE p.id = w.promotion_id AND p.rule #> '{conditions,max_uses}' IS NOT NULL
    )
"""
