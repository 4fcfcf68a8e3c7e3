"""Money, by the rules of docs/rules/money.md."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unwall.kernel.errors import Invalid
from unwall.kernel.money import (
    Money,
    decimal_sign_of,
    known_currency,
    parse_money,
    precision,
    read_amount,
    split,
    total,
)

AMOUNTS = st.integers(-(10**15) + 1, 10**15 - 1)
CURRENCIES = st.sampled_from(["CNY", "GBP", "JPY", "KWD", "EUR"])
MONEY = st.builds(Money, AMOUNTS, CURRENCIES)


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3)])
def test_m1_the_currency_says_how_many_digits_stand_after_the_point(currency, digits):
    assert precision(currency) == digits
    assert Money(1250, currency).decimal() == Decimal(1250) / 10**digits


def test_m1_currencies_are_known_by_their_code():
    assert [known_currency(code) for code in ("CNY", "GBP", "cny", "XYZ", "")] == [True, True, False, False, False]


@given(AMOUNTS, AMOUNTS, st.integers(-1000, 1000), CURRENCIES)
def test_m1_arithmetic_stays_whole(a, b, count, currency):
    one, other = Money(a, currency), Money(b, currency)
    assert one + other == Money(a + b, currency)
    assert one - other == Money(a - b, currency)
    assert one * count == Money(a * count, currency)
    assert (one < other, one <= other, one > other, one >= other) == (a < b, a <= b, a > b, a >= b)


@given(AMOUNTS, AMOUNTS)
def test_m2_currencies_do_not_mix(a, b):
    yuan, pounds = Money(a, "CNY"), Money(b, "GBP")
    for mix in (
        lambda: yuan + pounds,
        lambda: yuan - pounds,
        lambda: yuan < pounds,
        lambda: yuan <= pounds,
        lambda: total([yuan, pounds], "CNY"),
    ):
        with pytest.raises(ValueError, match="cannot mix"):
            mix()
    assert yuan != pounds


@given(st.lists(AMOUNTS))
def test_m2_a_sum_knows_its_currency_even_over_nothing(amounts):
    assert total([Money(a, "CNY") for a in amounts], "CNY") == Money(sum(amounts), "CNY")


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12", "CNY", 1200),
        ("12.5", "CNY", 1250),
        (" 12.50 ", "CNY", 1250),
        ("-0.05", "GBP", -5),
        ("0", "CNY", 0),
        ("1280", "JPY", 1280),
        ("1.234", "KWD", 1234),
        ("１２", "CNY", 1200),
        ("١٢٫٥٠", "AED", 1250),
        ("12.", "CNY", 1200),
        (".5", "CNY", 50),
        ("12,50", "EUR", 1250),
        ("12,50 €", "EUR", 1250),
        ("€12.50", "EUR", 1250),
        ("12.50 EUR", "EUR", 1250),
        ("1.234,50", "EUR", 123450),
        ("1 234,50", "EUR", 123450),
        ("1.234.567,89", "EUR", 123456789),
        ("12,-", "EUR", 1200),
        ("12.–", "CHF", 1200),
        ("1’234.50", "CHF", 123450),
        ("US$ 1,234.50", "USD", 123450),
        ("1,280", "CNY", 128000),
        ("¥12", "CNY", 1200),
        ("￥12.50", "CNY", 1250),
        ("12.50元", "CNY", 1250),
        ("¥1,200", "JPY", 1200),
        ("12.000", "KRW", 12000),
        ("120.000₫", "VND", 120000),
        ("₹1,23,456.50", "INR", 12345650),
        ("Rs. 500", "INR", 50000),
        ("R$ 1.234,50", "BRL", 123450),
    ],
)
def test_m3_amounts_are_read_exactly(text, currency, amount):
    assert parse_money(text, currency, field="price") == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "CNY"),
        ("12.505", "CNY"),
        ("12.5", "JPY"),
        ("1e3", "CNY"),
        ("NaN", "CNY"),
        ("(12.50)", "USD"),
        ("12.50-", "USD"),
        ("10-20", "USD"),
        ("~12", "USD"),
        ("12块5", "CNY"),
        ("12.50.00", "USD"),
        ("1,2345", "JPY"),
        ("12 50", "EUR"),
        ("€12", "USD"),
        ("12 USD", "EUR"),
        ("free", "USD"),
        ("1" * 16, "CNY"),
        ("--1", "CNY"),
    ],
)
def test_m3_anything_else_is_refused_by_the_name_of_its_field(text, currency):
    with pytest.raises(Invalid) as caught:
        parse_money(text, currency, field="variants.0.price")
    assert list(caught.value.by_field()) == ["variants.0.price"]


@pytest.mark.parametrize(
    ("column", "sign"),
    [(["12,50", "1.234"], ","), (["12.50", "1,234"], "."), (["1.234,5"], ","), (["1.234"], ""), (["1.5", "1,5"], "")],
)
def test_m3_a_column_says_what_its_points_mean(column, sign):
    assert decimal_sign_of(column) == sign
    assert read_amount("1.234", "EUR", sign) == (Decimal(1234) if sign == "," else Decimal("1.234"))


@given(MONEY, st.sampled_from(["en", "de", "fr", "de_CH", "pt_BR", "zh", "ar_AE", "hi", "ja"]))
def test_m3_what_is_written_for_people_is_read_back(money, locale):
    written = money.text(locale)
    # 1,001 KWD is either, and so is a whole amount with points between thousands
    if abs(money.decimal()) < 10**9 and precision(money.currency) != 3 and not re.search(r"\.\d{3}(?![\d.,])", written):
        assert parse_money(money.text(locale), money.currency, field="price") == money


@given(MONEY)
def test_m3_what_is_written_in_digits_is_read_back(money):
    assert parse_money(f"{money.decimal():f}", money.currency, field="price") == money


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(128000, "CNY"), "zh_Hans_CN", "¥1,280"),
        (Money(1250, "CNY"), "zh_Hans_CN", "¥12.50"),
        (Money(1250, "GBP"), "en_GB", "£12.50"),
        (Money(500000, "GBP"), "en_GB", "£5,000"),
        (Money(1250, "JPY"), "en_GB", "JP¥1,250"),
        (Money(-1250, "GBP"), "en_GB", "-£12.50"),
        (Money(1250, "PLN"), "en_GB", "PLN\N{NO-BREAK SPACE}12.50"),
        (Money(-128000, "CHF"), "en_GB", "-CHF\N{NO-BREAK SPACE}1,280"),
        (Money(1250, "CNY"), "en_GB", "CN¥12.50"),
        (Money(128000, "EUR"), "de", "1.280\N{NO-BREAK SPACE}€"),
        (Money(128050, "EUR"), "de", "1.280,50\N{NO-BREAK SPACE}€"),
        (Money(128000, "PLN"), "pl", "1\N{NO-BREAK SPACE}280\N{NO-BREAK SPACE}zł"),
        (Money(-500, "EUR"), "nl", "€\N{NO-BREAK SPACE}-5"),
    ],
)
def test_m4_amounts_are_shown_as_people_write_them(money, locale, text):
    assert money.text(locale) == text


WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


@given(MONEY, WEIGHTS)
def test_m5_a_split_adds_up_and_is_fair_to_the_unit(money, weights):
    parts = split(money, weights)
    assert total(parts, money.currency) == money
    for part, weight in zip(parts, weights, strict=True):
        # |part - share| < 1, without leaving whole numbers
        assert abs(part.amount * sum(weights) - money.amount * weight) < sum(weights)
        assert weight or part.amount == 0


def test_m5_the_largest_remainders_get_the_odd_units():
    assert [p.amount for p in split(Money(100, "CNY"), [1, 1, 1])] == [34, 33, 33]
    assert [p.amount for p in split(Money(100, "CNY"), [0, 5, 1])] == [0, 83, 17]
    assert [p.amount for p in split(Money(5, "JPY"), [3, 3, 3, 3])] == [2, 1, 1, 1]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [2, -1]])
def test_m5_weights_that_divide_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        split(Money(100, "CNY"), weights)
