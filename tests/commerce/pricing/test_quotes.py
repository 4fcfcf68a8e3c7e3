"""What it costs, by worked examples and by whatever may come."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.commerce.pricing.quoting import (
    AT,
    BRITISH,
    GB_VAT,
    PICKUP,
    asked,
    baskets,
    facts,
    item,
    number,
    promotion,
)
from unwall.commerce.pricing.quotes import priced, quote, requoted
from unwall.commerce.pricing.refunds import refund_of
from unwall.commerce.pricing.values import (
    BundleUnits,
    Buyer,
    CodeAnswer,
    CodeFact,
    Conditions,
    PricedOrder,
    PriceRefusal,
    PromotionKind,
    PromotionUses,
    Rounding,
    Tax,
    TaxPlace,
    TaxRate,
    TaxSettings,
    Treatment,
)
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryPrice

KIND = PromotionKind


@given(baskets())
def test_m18_a_stored_order_is_quoted_again_as_it_was(basket):
    stored = msgspec.json.decode(msgspec.json.encode(priced(*basket)), type=PricedOrder)
    assert requoted(stored) == stored.quote == quote(*basket)


@given(baskets())
def test_m19_parts_add_up_to_the_totals(basket):
    made = quote(*basket)
    for line in made.lines:
        assert line.list_total == line.unit_price * line.quantity
        assert line.total == line.list_total - sum(one.amount for one in line.reductions)
        assert line.gross == line.net + line.tax
        assert line.tax == sum(tax.amount for tax in line.taxes)
        assert min(line.total, line.net, line.tax, line.gross, *(one.amount for one in line.reductions)) >= 0
    parts = [*made.lines, *([made.delivery] if made.delivery else [])]
    assert made.net == sum(part.net for part in parts)
    assert made.tax == sum(part.tax for part in parts) == sum(tax.amount for tax in made.taxes)
    assert made.total == sum(part.gross for part in parts) == made.net + made.tax
    assert made.total == made.goods - made.reduction + made.fee + made.tax_added
    assert sum(one.amount for one in made.reductions) == made.reduction + (
        sum(one.amount for one in made.delivery.way.reductions) if made.delivery else 0
    )
    if made.delivery:
        way = made.delivery.way
        assert way.fee == way.list_fee - sum(one.amount for one in way.reductions) == made.fee
        assert made.delivery.gross == made.delivery.net + made.delivery.tax


def test_m20_each_line_is_rounded_half_up_or_the_document_once():
    goods = [item(n, 333) for n in (1, 2, 3)]
    request = asked(1, 1, 1, way="pickup")
    by_line = quote(request, facts(*goods, taxes=BRITISH, rates=GB_VAT))
    # 333 / 6 = 55.5 for each line; 999 / 6 = 166.5 for all
    assert [line.tax for line in by_line.lines] == [56, 56, 56]
    by_document = quote(request, facts(*goods, taxes=replace(BRITISH, rounding=Rounding.DOCUMENT), rates=GB_VAT))
    assert [line.tax for line in by_document.lines] == [56, 56, 55]
    assert by_line.total == by_document.total == 999
    assert by_document.taxes == (Tax("VAT", 200_000, 832, 167),)


def test_m21_tax_is_included_added_or_taken_off():
    goods, request = item(1, 1200), asked(2)
    included = quote(request, facts(goods, taxes=BRITISH, rates=GB_VAT))
    assert (included.net, included.tax, included.total, included.tax_added) == (2329, 466, 2795, 0)
    added = quote(request, facts(goods, taxes=replace(BRITISH, included=False), rates=GB_VAT))
    assert (added.net, added.tax, added.total, added.tax_added) == (2795, 559, 3354, 559)
    exempt = quote(request, facts(goods, taxes=BRITISH, rates=GB_VAT, buyer=Buyer(tax_exempt=True)))
    assert (exempt.treatment, exempt.tax, exempt.total, exempt.tax_added) == (Treatment.EXEMPT, 0, 2329, -466)
    assert exempt.taxes == ()
    none = quote(request, facts(goods))
    assert (none.treatment, none.tax, none.total) == (Treatment.UNTAXED, 0, 2795)


def test_m22_the_class_comes_before_the_region_and_names_add_up():
    canada = (
        TaxRate("CA", 50_000, "GST"),
        TaxRate("CA", 99_750, "QST", region="QC"),
        TaxRate("CA", 0, "QST", region="QC", tax_class="zero"),
    )
    settings = TaxSettings("CA", "ON", included=False)
    goods = [item(1, 10_000), item(2, 10_000, tax_class="zero")]
    made = quote(asked(1, 1, place=TaxPlace("CA", "QC")), facts(*goods, taxes=settings, rates=canada))
    assert [line.taxes for line in made.lines] == [
        (Tax("GST", 50_000, 10_000, 500), Tax("QST", 99_750, 10_000, 998)),
        (Tax("GST", 50_000, 10_000, 500), Tax("QST", 0, 10_000, 0)),
    ]
    # delivery: half of its 395 at the rates of each
    assert (made.delivery.tax, made.delivery.net) == (10 + 20 + 10, 395)
    ontario = quote(asked(1, 1, way="pickup"), facts(*goods, taxes=settings, rates=canada))
    assert [line.tax for line in ontario.lines] == [500, 500]
    own_class = replace(settings, delivery_class="zero")
    by_class = quote(asked(1, 1, place=TaxPlace("CA", "QC")), facts(*goods, taxes=own_class, rates=canada))
    assert by_class.delivery.tax == 20
    # collected in a shop abroad: the tax of that place
    collected = asked(1, ways=(replace(PICKUP, country="CA", region="QC"),), way="pickup", place=TaxPlace("US"))
    assert quote(collected, facts(goods[0], taxes=settings, rates=canada)).tax == 1498


@pytest.mark.parametrize(
    ("place", "oss", "tax_number", "expected"),
    [
        ("DE", False, "", (Treatment.DOMESTIC, 190_000)),
        ("FR", False, "", (Treatment.HOME, 190_000)),
        ("FR", True, "", (Treatment.OSS, 200_000)),
        ("AT", True, "", (Treatment.HOME, 190_000)),
        ("FR", True, "FR123", (Treatment.REVERSE_CHARGE, None)),
        ("DE", True, "DE123", (Treatment.DOMESTIC, 190_000)),
        ("GB", True, "GB123", (Treatment.DESTINATION, 200_000)),
        ("US", True, "", (Treatment.EXPORT, None)),
        ("", False, "", (Treatment.DOMESTIC, 190_000)),
    ],
)
def test_m23_where_it_goes_decides_who_taxes_it(place, oss, tax_number, expected):
    known = (TaxRate("DE", 190_000), TaxRate("FR", 200_000), *GB_VAT)
    request = asked(1, place=TaxPlace(place))
    known_buyer = Buyer(tax_number=tax_number)
    made = quote(request, facts(item(1, 1000), taxes=TaxSettings("DE", oss=oss), rates=known, buyer=known_buyer))
    assert (made.treatment, next((tax.millionths for tax in made.taxes), None)) == expected


def test_m24_delivery_is_free_from_an_amount_after_reductions():
    posted = DeliveryPrice(DeliveryMethod.SHIP, fee=395, fee_per_km=10, free_from=5000)
    off = promotion(1, KIND.AMOUNT, 1)
    cheap = quote(asked(1), facts(item(1, 5000), delivery=(posted,), promotions=(off,)))
    assert (cheap.total, cheap.fee_of("ship"), cheap.fee_of("pickup")) == (4999 + 525, 525, 0)
    assert quote(asked(1), facts(item(1, 5000), delivery=(posted,))).total == 5000
    # other ways are told beside the chosen one; without a way the goods alone are priced
    assert quote(asked(1, way="pickup"), facts(item(1, 4000), delivery=(posted,))).fee_of("ship") == 525
    assert quote(asked(1, way=None), facts(item(1, 4000), delivery=(posted,))).total == 4000
    with pytest.raises(KeyError):
        quote(asked(1, way="drone"), facts(item(1, 4000)))


@pytest.mark.parametrize(
    ("kind", "value", "more", "expected"),
    [
        (KIND.PER_CENT, 100_000, {}, (200, 300)),
        (KIND.AMOUNT, 500, {}, (200, 300)),
        (KIND.AMOUNT, 9_999, {}, (2000, 3000)),
        (KIND.FIXED_PRICE, 900, {}, (200, 2100)),
        (KIND.FIXED_PRICE, 1500, {}, (0, 1500)),
        (KIND.BUY_GET, 1_000_000, {"buy": 1, "get": 1}, (1000, 0)),
        (KIND.BUY_GET, 500_000, {"buy": 0, "get": 1}, (1000, 1500)),
        (KIND.BUNDLE_PRICE, 3000, {"parts": (BundleUnits(number(1), 1), BundleUnits(number(2), 1))}, (250, 750)),
        (KIND.PER_CENT, 100_000, {"conditions": Conditions(products=(number(102),))}, (0, 300)),
        (KIND.PER_CENT, 100_000, {"conditions": Conditions(categories=(number(201),))}, (200, 0)),
    ],
    ids=lambda value: str(value) if isinstance(value, KIND) else None,
)
def test_m25_what_each_kind_takes_off(kind, value, more, expected):
    # 2 units at 10.00 and 1 at 30.00
    made = quote(
        asked(2, 1, way="pickup"), facts(item(1, 1000), item(2, 3000), promotions=(promotion(1, kind, value, **more),))
    )
    assert tuple(line.reduction for line in made.lines) == expected


def test_m25_promotions_work_on_what_is_left_and_the_better_set_counts():
    goods = item(1, 10_000)
    ten, five, waived = (
        promotion(1, KIND.PER_CENT, 100_000),
        promotion(2, KIND.AMOUNT, 500),
        promotion(3, KIND.FREE_DELIVERY),
    )
    both = quote(asked(1), facts(goods, promotions=(waived, five, ten)))
    assert [(one.title, one.amount) for one in both.reductions] == [
        ("Promotion 1", 1000),
        ("Promotion 2", 500),
        ("Promotion 3", 395),
    ]
    assert both.total == 8500
    alone = promotion(4, KIND.AMOUNT, 1896, combines=False)
    better = quote(asked(1), facts(goods, promotions=(waived, five, ten, alone)))
    assert [(one.title, one.amount) for one in better.reductions] == [("Promotion 4", 1896)]
    as_good = replace(alone, value=1895)
    assert quote(asked(1), facts(goods, promotions=(waived, five, ten, as_good))).reductions == both.reductions


SPRING = CodeFact("SPRING", number(1))


@pytest.mark.parametrize(
    ("conditions", "more", "expected"),
    [
        (Conditions(), {}, CodeAnswer("SPRING")),
        (Conditions(starts_at=AT + timedelta(seconds=1)), {}, CodeAnswer("SPRING", PriceRefusal.TOO_EARLY)),
        (Conditions(starts_at=AT, ends_at=AT), {}, CodeAnswer("SPRING", PriceRefusal.ENDED)),
        (Conditions(max_uses=3), {"uses": (PromotionUses(number(1), 3),)}, CodeAnswer("SPRING", PriceRefusal.USED_UP)),
        (Conditions(), {"codes": (replace(SPRING, uses_left=0),)}, CodeAnswer("SPRING", PriceRefusal.USED_UP)),
        (
            Conditions(max_uses_per_customer=1),
            {"uses": (PromotionUses(number(1), 3, 1),)},
            CodeAnswer("SPRING", PriceRefusal.USED_BY_CUSTOMER),
        ),
        (Conditions(channels=("counter",)), {}, CodeAnswer("SPRING", PriceRefusal.CHANNEL)),
        (Conditions(segments=(number(9),)), {}, CodeAnswer("SPRING", PriceRefusal.CUSTOMER)),
        (
            Conditions(segments=(number(9),)),
            {"buyer": Buyer(segments=(number(8), number(9)))},
            CodeAnswer("SPRING"),
        ),
        (Conditions(first_order=True), {}, CodeAnswer("SPRING")),
        (
            Conditions(first_order=True),
            {"buyer": Buyer(has_ordered=True)},
            CodeAnswer("SPRING", PriceRefusal.FIRST_ORDER),
        ),
        (Conditions(products=(number(7),)), {}, CodeAnswer("SPRING", PriceRefusal.GOODS)),
        (Conditions(minimum=1001), {}, CodeAnswer("SPRING", PriceRefusal.MINIMUM, 1)),
        (Conditions(), {"codes": ()}, CodeAnswer("SPRING", PriceRefusal.UNKNOWN)),
    ],
    ids=range(14),
)
def test_m26_a_code_says_why_it_does_not_count(conditions, more, expected):
    spring = promotion(1, KIND.PER_CENT, 100_000, by_code=True, conditions=conditions)
    known = facts(item(1, 1000), **{"promotions": (spring,), "codes": (SPRING,)} | more)
    made = quote(asked(1, way="pickup", codes=("SPRING",)), known)
    assert made.codes == (expected,)
    assert made.total == (1000 if expected.refusal else 900)


def test_m26_a_code_counts_only_where_it_is_typed_and_says_when_others_are_better():
    spring = promotion(1, KIND.PER_CENT, 100_000, by_code=True, combines=False)
    known = facts(item(1, 1000), promotions=(spring, promotion(2, KIND.AMOUNT, 200)), codes=(SPRING,))
    assert quote(asked(1, way="pickup"), known).total == 800
    made = quote(asked(1, way="pickup", codes=("SPRING",)), known)
    assert (made.total, made.codes) == (800, (CodeAnswer("SPRING", PriceRefusal.OTHER_IS_BETTER),))
    told = quote(asked(1, way="pickup", codes=("SPRING",)), replace(known, promotions=(spring,)))
    assert [(one.code, one.amount) for one in told.reductions] == [("SPRING", 100)]


@given(baskets(), st.randoms(use_true_random=False))
def test_m27_given_back_in_any_parts_an_order_adds_up_to_what_was_paid(basket, random):
    made = quote(*basket)
    returned = dict.fromkeys((line.line for line in made.lines), 0)
    left = [line.line for line in made.lines for _ in range(line.quantity)]
    random.shuffle(left)
    back, taxes, delivery = 0, 0, True
    while left or delivery:
        taken = [left.pop() for _ in range(min(len(left), random.randint(1, 40)))]
        units = {line: taken.count(line) for line in set(taken)}
        refund = refund_of(made, units, returned, delivery=delivery)
        assert all(part.net >= 0 and part.tax >= 0 and part.gross == part.net + part.tax for part in refund.lines)
        back, delivery = back + refund.total, False
        taxes += sum(part.tax for part in refund.lines) + refund.delivery_tax
        returned |= {line: returned[line] + count for line, count in units.items()}
    assert (back, taxes) == (made.total, made.tax)


def test_m27_the_last_unit_takes_what_is_left_and_no_more_is_given_back():
    made = quote(asked(3, way="pickup"), facts(item(1, 333), promotions=(promotion(1, KIND.AMOUNT, 99),)))
    assert [refund_of(made, {1: 1}, {1: before}).total for before in range(3)] == [300, 300, 300]
    odd = quote(asked(3, way="pickup"), facts(item(1, 333), promotions=(promotion(1, KIND.AMOUNT, 97),)))
    assert [refund_of(odd, {1: 1}, {1: before}).total for before in range(3)] == [300, 300, 302]
    assert refund_of(odd, {1: 2}, {1: 1}).total == 602
    for units, before in (({1: 1}, {1: 3}), ({1: 4}, {}), ({1: -1}, {1: 2})):
        with pytest.raises(ValueError, match="of line 1"):
            refund_of(odd, units, before)
