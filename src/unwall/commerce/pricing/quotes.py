"""What it costs: one pure function from what is asked for and the facts to a quote (rules M18 to M26 in
docs/rules/money.md).
"""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.pricing import taxes
from unwall.commerce.pricing.promotions import Applied, PricedLine, apply_promotions, reduction_by
from unwall.commerce.pricing.taxes import Charged, Taxable, TaxRules
from unwall.commerce.pricing.values import (
    Facts,
    Item,
    PricedOrder,
    Quote,
    QuotedDelivery,
    QuotedLine,
    QuotedWay,
    QuoteRequest,
    TaxPlace,
    WayAsked,
)
from unwall.commerce.sourcing.values import DeliveryMethod

DELIVERY = "delivery"
CARRIED = frozenset({DeliveryMethod.SHIP, DeliveryMethod.COURIER})


def quote(request: QuoteRequest, facts: Facts) -> Quote:
    """What the lines and the chosen way cost, and what the other ways would. Raises `KeyError` for a variant without
    facts or a way that is not among those asked for."""
    items = {item.variant_id: item for item in facts.items}
    chosen = next((way for way in request.ways if way.key == request.way), None)
    if request.way is not None and chosen is None:
        raise KeyError(request.way)
    weight_g = sum(items[asked.variant_id].weight_g * asked.quantity for asked in request.lines)
    list_fee = _list_fee(chosen, facts, sum(line.left for line in _fresh(request, items)), weight_g) if chosen else 0
    applied, codes = apply_promotions(request, facts, lambda: _fresh(request, items), list_fee)
    left = sum(line.left for line in applied.lines)
    ways = tuple(_quoted_way(way, facts, applied, _list_fee(way, facts, left, weight_g)) for way in request.ways)
    way = next((one for one in ways if one.key == request.way), None)
    rules = taxes.tax_rules(facts.taxes, facts.rates, _tax_place(request.place, chosen), facts.buyer)
    charged = taxes.charge(rules, _taxables(rules, facts, applied.lines, way))
    lines = tuple(_quoted_line(line, charged[line.asked.line]) for line in applied.lines)
    delivery = _quoted_delivery(way, charged.get(DELIVERY, Charged())) if way else None
    goods, fee = sum(line.list_total for line in lines), way.fee if way else 0
    parts: tuple[QuotedLine | QuotedDelivery, ...] = (*lines, delivery) if delivery else lines
    total = sum(part.gross for part in parts)
    return Quote(
        currency=facts.currency,
        lines=lines,
        ways=ways,
        delivery=delivery,
        treatment=rules.treatment,
        tax_included=rules.included,
        rounding=rules.rounding,
        goods=goods,
        reduction=goods - left,
        fee=fee,
        tax_added=total - left - fee,
        net=sum(part.net for part in parts),
        tax=sum(part.tax for part in parts),
        total=total,
        taxes=taxes.summed(tax for part in parts for tax in part.taxes),
        codes=codes,
    )


def priced(request: QuoteRequest, facts: Facts) -> PricedOrder:
    return PricedOrder(request, facts, quote(request, facts))


def requoted(order: PricedOrder) -> Quote:
    """The quote made again from what is stored: equal to the stored one."""
    return quote(order.request, order.facts)


def _fresh(request: QuoteRequest, items: dict[UUID, Item]) -> list[PricedLine]:
    """At list prices."""
    lines = []
    for asked in request.lines:
        item = items[asked.variant_id]
        total = item.price * asked.quantity
        lines.append(PricedLine(asked, item, total, total))
    return lines


def _list_fee(way: WayAsked, facts: Facts, goods: int, weight_g: int) -> int:
    price = next((price for price in facts.delivery if price.method == way.method), None)
    return price.fee_for(way.km, goods, weight_g) if price else 0


def _quoted_way(way: WayAsked, facts: Facts, applied: Applied, fee: int) -> QuotedWay:
    """`fee`: free from an amount of goods on, of what is left to pay of them."""
    if not fee or not applied.free:
        return QuotedWay(way.key, way.method, fee, fee)
    codes = {fact.promotion_id: fact.code for fact in facts.codes}
    return QuotedWay(way.key, way.method, fee, 0, (reduction_by(applied.free[0], fee, codes),))


def _tax_place(place: TaxPlace, chosen: WayAsked | None) -> TaxPlace:
    """What is carried is taxed where it goes, what is collected where it is handed over."""
    if chosen is not None and chosen.method not in CARRIED:
        return TaxPlace(chosen.country, chosen.region)
    return place


def _taxables(rules: TaxRules, facts: Facts, lines: Sequence[PricedLine], way: QuotedWay | None) -> list[Taxable]:
    taxables = [Taxable(line.asked.line, line.left, rules.rates_of(line.item.tax_class)) for line in lines]
    if way is None or not way.fee:
        return taxables
    if facts.taxes.delivery_class is not None:
        return [*taxables, Taxable(DELIVERY, way.fee, rules.rates_of(facts.taxes.delivery_class))]
    goods: dict[taxes.Rates, int] = {}
    for one in taxables:
        goods[one.rates] = goods.get(one.rates, 0) + one.amount
    return taxables + taxes.as_goods(DELIVERY, way.fee, goods) if goods else [*taxables, Taxable(DELIVERY, way.fee, ())]


def _quoted_line(line: PricedLine, charged: Charged) -> QuotedLine:
    return QuotedLine(
        line.asked.line,
        line.asked.variant_id,
        line.asked.quantity,
        line.item.price,
        line.list_total,
        line.left,
        charged.net,
        charged.tax,
        charged.gross,
        tuple(line.reductions),
        charged.taxes,
        line.item.usual_price,
        line.item.price_list,
    )


def _quoted_delivery(way: QuotedWay, charged: Charged) -> QuotedDelivery:
    return QuotedDelivery(way, charged.net, charged.tax, charged.gross, charged.taxes)
