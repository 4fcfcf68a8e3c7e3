"""Named after the rules in docs/rules/online-retail.md."""

import contextlib
import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared_data import shared
from unwall.intake.online_retail import rules
from unwall.intake.online_retail.reader import COLUMNS, digest
from unwall.intake.online_retail.values import (
    Customer,
    Digest,
    InvoiceCharge,
    LineBucket,
    LineKind,
    LineProblem,
    Malformed,
    Report,
    RetailLine,
    Tally,
)
from unwall.kernel.errors import Invalid

HEADER = ",".join(COLUMNS)
Read = Callable[..., Digest]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(*lines: str, header: str = HEADER) -> Digest:
        path = tmp_path / "retail.csv"
        path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return digest(path)

    return read


def line(
    *,
    no="1",
    code="85123A",
    words="WHITE HEART",
    units=1,
    at="2010-12-01 08:26:00",
    price="2.55",
    who="17850.0",
    country="United Kingdom",
):
    return f"{no},{code},{words},{units},{at},{price},{who},{country}"


def filled(report: Report) -> dict[LineBucket, tuple[int, int]]:
    """The buckets that are not empty, as (lines, pence)."""
    return {bucket: (tally.lines, tally.amount_minor) for bucket, tally in report.buckets.items() if tally.lines}


def count(report: Report, label: str) -> int:
    return next(row.count for row in report.rows() if row.label == label)


# O1


def test_o1_quotes_commas_and_pounds_are_read_from_plain_and_compressed_files(tmp_path: Path) -> None:
    row = line(words='"LETTER ""A"", £5"')
    content = f"{HEADER}\r\n{row}\r\n"
    (tmp_path / "utf-8.csv").write_bytes(content.encode("utf-8-sig"))
    (tmp_path / "latin-1.csv").write_bytes(content.encode("latin-1"))
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(content.encode()))

    titles = [digest(path).products[0].title for path in sorted(tmp_path.iterdir())]

    assert titles == ['Letter "A", £5'] * 3


def test_o1_columns_may_stand_in_any_order(read: Read) -> None:
    found = read(
        "x,United Kingdom,17850,2.55,2010-12-01 08:26:00,3,HEART,85123A,536365",
        header="Extra," + ",".join(reversed(COLUMNS)),
    )

    assert found.invoices[0].lines == (RetailLine("85123A", 255, 3),)


def test_o1_a_missing_column_stops_the_import_and_is_named(read: Read) -> None:
    with pytest.raises(Invalid) as error:
        read(header="InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Country")

    assert error.value.by_field() == {
        "UnitPrice": "The file has no column UnitPrice.",
        "CustomerID": "The file has no column CustomerID.",
    }


def test_o1_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()

    with pytest.raises(Invalid) as error:
        digest(tmp_path / "empty.csv")

    assert [each.field for each in error.value.errors] == list(COLUMNS)


def test_o1_a_missing_or_damaged_file_is_an_error(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.csv.gz"
    damaged.write_bytes(gzip.compress(f"{HEADER}\n{line()}\n".encode())[:-12])

    with pytest.raises(Invalid, match="There is no file"):
        digest(tmp_path / "none.csv")
    with pytest.raises(Invalid, match="The compressed file is damaged after line"):
        digest(damaged)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (line(no="X12Y"), "InvoiceNo"),
        (line(no=""), "InvoiceNo"),
        (line(code=""), "StockCode"),
        (line(code="9" * 33), "StockCode"),
        (line(units="0"), "Quantity"),
        (line(units="1.5"), "Quantity"),
        (line(units="9999999999"), "Quantity"),
        (line(at="01/12/2010 08:26"), "InvoiceDate"),
        (line(at="2010-13-01 08:26:00"), "InvoiceDate"),
        (line(price="1e3"), "UnitPrice"),
        (line(price=""), "UnitPrice"),
        (line(price="NaN"), "UnitPrice"),
        (line(price="-2.55"), "UnitPrice"),
        (line(who="Bob"), "CustomerID"),
        (line(country=" "), "Country"),
        (line(no="C1", units="3"), "Quantity"),
        ("1,2,3", "line"),
        ("", "line"),
        (line() + ",more", "line"),
    ],
)
def test_o1_a_malformed_line_is_counted_with_number_and_field_and_leaves_nothing(
    read: Read, bad: str, field: str
) -> None:
    found = read(line(), bad, line(no="2"))

    assert [(problem.number, problem.field, problem.lines) for problem in found.report.problems] == [(3, field, 1)]
    assert filled(found.report) == {LineBucket.SALE: (2, 510), LineBucket.MALFORMED: (1, 0)}
    assert [invoice.no for invoice in found.invoices] == ["1", "2"]


def test_o1_an_open_quote_counts_every_line_it_swallows(read: Read) -> None:
    found = read(line(words='"OPEN'), line(no="2"), line(no="3", words='CLOSED"'), line(no="4"))

    assert found.report.problems == (LineProblem(4, "line", "a quoted field runs over the end of the line", 3),)
    assert filled(found.report) == {LineBucket.MALFORMED: (3, 0), LineBucket.SALE: (1, 255)}


def test_o1_a_field_too_long_for_the_csv_module_counts_every_line_it_swallows(read: Read) -> None:
    found = read(line(), line(words='"OPEN'), *[line(no="2")] * 5000)

    assert found.report.lines == 5002
    assert filled(found.report)[LineBucket.SALE][0] + filled(found.report)[LineBucket.MALFORMED][0] == 5002
    assert found.report.problems[0].reason == "field larger than field limit (131072)"


def test_o1_prices_round_to_the_penny_half_up() -> None:
    assert [rules.parse_price(text) for text in ("0.001", "0.005", "2.5", "7", "-11062.06")] == [
        0,
        1,
        250,
        700,
        -1106206,
    ]


@pytest.mark.parametrize(
    "parse",
    [
        rules.parse_invoice,
        rules.parse_code,
        rules.parse_description,
        rules.parse_quantity,
        rules.parse_time,
        rules.parse_price,
        rules.parse_customer,
        rules.parse_country,
    ],
)
@given(text=st.text(st.characters()))
def test_o1_a_field_reads_or_is_malformed_whatever_the_text(parse: Callable[[str], object], text: str) -> None:
    with contextlib.suppress(Malformed):
        parse(text)


# O2, O3


def test_o2_codes_are_compared_in_capitals(read: Read) -> None:
    found = read(line(code="85123a"), line(no="2", code=" 85123A"))

    assert [(product.code, product.units) for product in found.products] == [("85123A", 2)]
    assert count(found.report, "Stock codes as written") == 2
    assert count(found.report, "Stock codes") == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("22423", LineKind.GOODS),
        ("15056BL", LineKind.GOODS),
        ("DCGS0003", LineKind.GOODS),
        ("dcgssgirl", LineKind.GOODS),
        ("POST", LineKind.CARRIAGE),
        ("DOT", LineKind.CARRIAGE),
        ("C2", LineKind.CARRIAGE),
        ("23444", LineKind.CARRIAGE),
        ("gift_0001_20", LineKind.VOUCHER),
        ("m", LineKind.MANUAL),
        ("PADS", LineKind.MANUAL),
        ("D", LineKind.DISCOUNT),
        ("BANK CHARGES", LineKind.BOOKS),
        ("AMAZONFEE", LineKind.BOOKS),
        ("CRUK", LineKind.BOOKS),
        ("B", LineKind.BOOKS),
        ("S", LineKind.SAMPLE),
        ("TEST001", LineKind.UNKNOWN),
        ("123456", LineKind.UNKNOWN),
    ],
)
def test_o2_a_code_says_what_the_line_is(code: str, kind: LineKind) -> None:
    assert rules.parse_code(code) == (code.upper(), kind)


def test_o2_an_unknown_code_is_counted_and_left_out(read: Read) -> None:
    found = read(line(code="TEST001"))

    assert filled(found.report) == {LineBucket.UNKNOWN_CODE: (1, 255)}
    assert (found.products, found.invoices, found.returns) == ((), (), ())


def test_o3_each_letter_is_a_product_of_its_own(read: Read) -> None:
    found = read(line(code="47504H", words="SPIRIT LEVEL"), line(code="47504K", words="SECATEURS"))

    assert [(product.code, product.title) for product in found.products] == [
        ("47504H", "Spirit Level"),
        ("47504K", "Secateurs"),
    ]


# O4 to O8


def test_o4_an_invoice_is_one_order_in_utc_at_its_earliest_line(read: Read) -> None:
    found = read(line(at="2011-07-01 09:01:00"), line(code="22423", at="2011-07-01 09:00:00"))

    assert [(invoice.no, invoice.at) for invoice in found.invoices] == [("1", datetime(2011, 7, 1, 8, 0, tzinfo=UTC))]


def test_o4_the_same_code_at_the_same_price_is_one_order_line(read: Read) -> None:
    found = read(line(units=2), line(units=2), line(units=1, price="1.95"))

    assert found.invoices[0].lines == (RetailLine("85123A", 195, 1), RetailLine("85123A", 255, 4))
    assert found.invoices[0].total_minor == 195 + 4 * 255
    assert count(found.report, "Lines added to another of the same order") == 1


def test_o5_a_sale_is_an_order_line_of_its_customer(read: Read) -> None:
    found = read(line(units=6))

    (invoice,) = found.invoices
    assert (invoice.customer, invoice.country, invoice.lines) == (
        "17850",
        "United Kingdom",
        (RetailLine("85123A", 255, 6),),
    )
    assert (invoice.charges, invoice.cancelled, invoice.total_minor) == ((), False, 1530)
    assert filled(found.report) == {LineBucket.SALE: (1, 1530)}


def test_o6_a_sale_without_customer_is_an_order_of_an_unknown_visitor(read: Read) -> None:
    found = read(line(who=""))

    assert [(invoice.customer, invoice.total_minor) for invoice in found.invoices] == [(None, 255)]
    assert found.customers == ()
    assert found.products[0].units == 1
    assert filled(found.report) == {LineBucket.GUEST_SALE: (1, 255)}


def test_o7_goods_at_no_price_for_a_customer_are_given_free(read: Read) -> None:
    found = read(line(price="0.0"))

    assert found.invoices[0].lines == (RetailLine("85123A", 0, 1),)
    assert filled(found.report) == {LineBucket.FREE: (1, 0)}


@pytest.mark.parametrize(
    "adjusted",
    [
        line(units=-20, price="0.0", who="", words="damages"),
        line(units=20, price="0.0", who="", words="?"),
        line(code="gift_0001_20", price="0.0", who="", words=""),
        line(code="POST", price="0.0", who="", words=""),
    ],
)
def test_o8_neither_price_nor_customer_is_a_stock_adjustment(read: Read, adjusted: str) -> None:
    found = read(adjusted)

    assert filled(found.report) == {LineBucket.STOCK_ADJUSTMENT: (1, 0)}
    assert (found.products, found.customers, found.invoices, found.returns) == ((), (), (), ())


# O9 to O11


def test_o9_carriage_vouchers_and_manual_lines_are_charges_and_no_products(read: Read) -> None:
    found = read(
        line(),
        line(code="POST", words="POSTAGE", price="18.00", units=2),
        line(code="gift_0001_20", words="Gift Voucher", price="16.67"),
        line(code="M", words="Manual", price="1.00"),
    )

    (invoice,) = found.invoices
    assert invoice.charges == (
        InvoiceCharge(LineKind.CARRIAGE, "POSTAGE", 3600),
        InvoiceCharge(LineKind.VOUCHER, "Gift Voucher", 1667),
        InvoiceCharge(LineKind.MANUAL, "Manual", 100),
    )
    assert invoice.total_minor == 255 + 3600 + 1667 + 100
    assert [product.code for product in found.products] == ["85123A"]
    assert filled(found.report) == {
        LineBucket.SALE: (1, 255),
        LineBucket.CARRIAGE: (1, 3600),
        LineBucket.VOUCHER: (1, 1667),
        LineBucket.MANUAL: (1, 100),
    }


def test_o9_an_invoice_with_nothing_but_charges_has_no_order_lines(read: Read) -> None:
    found = read(line(code="POST"))

    assert [(invoice.lines, invoice.total_minor, invoice.cancelled) for invoice in found.invoices] == [((), 255, False)]
    assert count(found.report, "Invoices with charges only") == 1


def test_o10_discounts_and_charges_given_back_are_counted_and_left_out(read: Read) -> None:
    found = read(line(no="C1", code="D", units=-1, price="27.50"), line(no="C2", code="POST", units=-1, price="18.00"))

    assert filled(found.report) == {LineBucket.DISCOUNT: (1, -2750), LineBucket.CREDIT: (1, -1800)}
    assert (found.invoices, found.returns) == ((), ())


@pytest.mark.parametrize("code", ["BANK CHARGES", "AMAZONFEE", "CRUK", "B"])
def test_o11_bookkeeping_is_no_dealing_with_a_customer(read: Read, code: str) -> None:
    found = read(line(no="A1", code=code, price="-11062.06", who=""))

    assert filled(found.report) == {LineBucket.BOOKS: (1, -1106206)}
    assert (found.products, found.invoices) == ((), ())


def test_o11_samples_are_left_out(read: Read) -> None:
    assert filled(read(line(no="C1", code="S", units=-1, who="")).report) == {LineBucket.SAMPLE: (1, -255)}


# O12


def came_back(found: Digest) -> list[tuple[str, int, str | None, int | None]]:
    return [(each.no, each.seq, each.invoice, each.sold_minor) for each in found.returns]


def test_o12_a_return_is_taken_from_the_latest_earlier_order_with_enough_left(read: Read) -> None:
    found = read(
        line(no="1", units=6, at="2011-01-01 09:00:00"),
        line(no="2", units=9, at="2011-01-02 09:00:00"),
        line(no="3", units=1, at="2011-01-03 09:00:00"),
        line(no="C4", units=-5, at="2011-01-04 09:00:00"),
        line(no="C4", units=-5, at="2011-01-04 09:00:00"),
        line(no="C4", units=-5, at="2011-01-04 09:00:00"),
        line(no="5", units=9, at="2011-01-05 09:00:00"),
    )

    assert came_back(found) == [("C4", 1, "2", 255), ("C4", 2, "1", 255), ("C4", 3, None, None)]
    assert filled(found.report) == {
        LineBucket.SALE: (4, 25 * 255),
        LineBucket.RETURN_MATCHED: (2, -10 * 255),
        LineBucket.RETURN_UNMATCHED: (1, -5 * 255),
    }


@pytest.mark.parametrize(
    "other",
    [
        line(who="12345.0"),
        line(code="22423"),
        line(price="2.54"),
        line(at="2011-12-01 09:00:00"),
        line(who=""),
    ],
)
def test_o12_another_customer_code_lower_price_or_later_order_is_no_match(read: Read, other: str) -> None:
    found = read(line(no="C9", units=-1, at="2011-06-01 09:00:00"), other)

    assert came_back(found) == [("C9", 1, None, None)]


def test_o12_a_return_without_customer_is_unmatched_though_a_visitor_bought_it(read: Read) -> None:
    found = read(line(who=""), line(no="C2", who="", units=-1))

    assert came_back(found) == [("C2", 1, None, None)]


def test_o12_goods_below_zero_at_a_price_are_a_return_without_a_c(read: Read) -> None:
    found = read(line(no="1", price="3.00"), line(no="2", units=-1, price="2.55", at="2010-12-02 09:00:00"))

    assert came_back(found) == [("2", 1, "1", 300)]
    assert [invoice.no for invoice in found.invoices] == ["1"]


def test_o12_an_order_whose_every_unit_came_back_is_cancelled(read: Read) -> None:
    found = read(
        line(no="1", units=2),
        line(no="2", units=2, code="22423"),
        line(no="C3", units=-2),
        line(no="C3", units=-1, code="22423"),
    )

    assert {invoice.no: invoice.cancelled for invoice in found.invoices} == {"1": True, "2": False}


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(0, 3), st.sampled_from([100, 150])), max_size=30)
)
def test_o12_no_order_line_returns_more_than_it_had(tmp_path_factory, moves) -> None:
    rows = [
        line(no=f"{'C' if back else ''}{i}", units=-n if back else n, at=f"2011-01-0{day + 1} 09:00:00", price=p / 100)
        for i, (back, n, day, p) in enumerate(moves)
    ]
    path = tmp_path_factory.mktemp("o12") / "retail.csv"
    path.write_text("\n".join((HEADER, *rows)), encoding="utf-8")

    found = digest(path)

    had = {(invoice.no, each.price_minor): each.units for invoice in found.invoices for each in invoice.lines}
    for each in found.returns:
        if each.invoice is not None:
            assert each.sold_minor is not None
            assert each.sold_minor >= each.price_minor
            had[each.invoice, each.sold_minor] -= each.units
    assert min(had.values(), default=0) >= 0
    assert len(found.returns) == sum(back for back, *_ in moves)


# O13, O14


def test_o13_the_description_on_most_sold_lines_is_the_title(read: Read) -> None:
    found = read(
        line(no="1", words="CREAM HEART"),
        line(no="2", words="WHITE  HEART "),
        line(no="3", words="WHITE HEART"),
        *[line(no="4", words="wrongly coded 20713", units=-1, price="0.0", who="")] * 5,
        *[line(no="C5", words="RED HEART", units=-1)] * 5,
    )

    assert [(product.title, product.other_titles) for product in found.products] == [("White Heart", ("Cream Heart",))]


def test_o13_the_latest_wins_a_tie(read: Read) -> None:
    found = read(line(words="B", at="2011-02-01 09:00:00"), line(no="2", words="A", at="2011-03-01 09:00:00"))

    assert (found.products[0].title, found.products[0].other_titles) == ("A", ("B",))


@pytest.mark.parametrize("note", ["?", "", "damages", "Unsaleable, destroyed.", "MISSING?", "FOUND", "Amazon", "85123"])
def test_o13_clerks_notes_never_win_however_many(read: Read, note: str) -> None:
    found = read(*[line(no="1", words=f'"{note}"')] * 3, line(no="2", words="WHITE HEART"))

    assert (found.products[0].title, found.products[0].other_titles) == ("White Heart", ())


def test_o13_where_all_are_notes_the_filter_is_left_out(read: Read) -> None:
    found = read(line(words="Dr. Jam's Arouzer Stress Ball"), line(no="2", code="22423", words=""))

    assert [(product.code, product.title) for product in found.products] == [
        ("22423", "22423"),
        ("85123A", "Dr. Jam's Arouzer Stress Ball"),
    ]


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "White Hanging Heart T-Light Holder"),
        ("SET OF 2 TEA TOWELS , THE CHILDREN'S", "Set of 2 Tea Towels, the Children's"),
        ("OF THE SEA WITH A", "Of the Sea with A"),
        ("METAL SIGN,CUPCAKE SINGLE HOOK", "Metal Sign, Cupcake Single Hook"),
        ("S/4 3D NOTEBOOK A6 40X40cm LED", "S/4 3D Notebook A6 40x40cm LED"),
        ('LETTER "A" BLING KEY RING', 'Letter "A" Bling Key Ring'),
        ("3 TRADITIONAl BISCUIT CUTTERS SET", "3 Traditional Biscuit Cutters Set"),
        ("*USB Office Mirror Ball", "USB Office Mirror Ball"),
        ("RED WOOLLY HOTTIE WHITE HEART.", "Red Woolly Hottie White Heart"),
    ],
)
def test_o13_titles_are_shown_in_title_case(description: str, title: str) -> None:
    assert rules.display_title(description) == title


def test_o14_the_price_is_that_of_most_lines_and_the_latest_of_a_tie(read: Read) -> None:
    common = read(line(price="3.00"), *[line(no="2", price="2.55", units=1)] * 2, line(no="3", price="9.99", units=99))
    tied = read(line(price="3.00", at="2011-01-01 09:00:00"), line(no="2", price="2.55", at="2011-02-01 09:00:00"))
    free = read(*[line(price="0.0")] * 3, line(no="2", price="2.55"))

    assert [found.products[0].price_minor for found in (common, tied, free)] == [255, 255, 255]


def test_o14_a_product_that_only_came_back_takes_title_and_price_from_there(read: Read) -> None:
    found = read(line(no="C1", units=-3, price="1.65", words="ROUND BOX"))

    (product,) = found.products
    assert (product.title, product.price_minor, product.currency, product.units) == ("Round Box", 165, "GBP", 0)
    assert count(found.report, "Products that only came back") == 1


def test_o14_first_and_last_seen_and_units_are_of_sold_lines(read: Read) -> None:
    found = read(
        line(units=4, at="2011-02-01 09:00:00"),
        line(units=3, at="2011-01-01 09:00:00", words="OTHER"),
        line(no="C3", units=-2, at="2011-03-01 09:00:00"),
    )

    (product,) = found.products
    assert (product.first_seen.month, product.last_seen.month, product.units) == (1, 2, 7)


# O15 to O17


def test_o15_customers_live_where_their_latest_line_says(read: Read) -> None:
    found = read(
        line(no="2", at="2011-02-01 09:00:00", country="Spain"),
        line(no="1", at="2011-01-01 09:00:00", country="Belgium"),
        line(no="C3", code="D", units=-1, who="12345", at="2011-03-01 09:00:00", country="EIRE"),
    )

    january, february, march = (datetime(2011, month, 1, 9, tzinfo=UTC) for month in (1, 2, 3))
    assert found.customers == (Customer("12345", "EIRE", march, march), Customer("17850", "Spain", january, february))


def test_o16_the_usual_cleaning_keeps_uncancelled_lines_of_known_customers(read: Read) -> None:
    found = read(line(units=2), line(code="POST"), line(no="2", who=""), line(no="C3", units=-1))

    rows = [(row.label, row.count, row.amount_minor) for row in found.report.rows() if row.rule == "O16"]
    assert rows == [
        ("Lines after the usual cleaning", 2, 3 * 255),
        ("Invoices after the usual cleaning", 1, None),
    ]


def test_o17_a_line_or_penny_without_a_bucket_is_an_error(read: Read) -> None:
    report = read(line()).report

    with pytest.raises(ArithmeticError, match="lines: 2 read, 1 accounted for"):
        msgspec.structs.replace(report, lines=2).check()
    with pytest.raises(ArithmeticError, match="pence on orders: 254 read, 255 accounted for"):
        msgspec.structs.replace(report, invoiced_minor=254).check()
    with pytest.raises(ArithmeticError, match="pence given back: 1 read, 0 accounted for"):
        msgspec.structs.replace(report, refunded_minor=1).check()


def test_o17_every_bucket_is_a_row_and_then_their_sum(read: Read) -> None:
    rows = read(line(), line(no="C1", units=-1)).report.rows()

    buckets, total = rows[: len(LineBucket)], rows[len(LineBucket)]
    assert (total.label, total.count, total.amount_minor) == ("All lines", 2, 0)
    assert sum(row.count for row in buckets) == 2


def test_o17_progress_ends_at_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    path.write_text(f"{HEADER}\n{line()}\n", encoding="utf-8")
    told: list[tuple[int, float]] = []

    digest(path, lambda lines, share: told.append((lines, share)))

    assert told[-1] == (1, 1.0)


@pytest.fixture(scope="module")
def whole() -> Digest:
    return digest(shared("online_retail/online_retail.csv.gz"))


@pytest.mark.shared
def test_o17_the_whole_file_is_accounted_for(whole: Digest) -> None:
    report = whole.report

    assert report.lines == sum(tally.lines for tally in report.buckets.values()) == 541_909
    assert report.buckets[LineBucket.MALFORMED] == Tally()
    assert report.amount_minor == 974_774_793
    assert count(report, "Invoice numbers") == 25_900
    assert count(report, "Stock codes as written") == 4_070
    assert count(report, "Stock codes") == 3_958
    assert count(report, "Countries") == 38
    assert len(whole.customers) == 4_372
    assert [(row.count, row.amount_minor) for row in report.rows() if row.rule == "O16"] == [
        (397_924, 891_140_790),
        (18_536, None),
    ]


@pytest.mark.shared
def test_o17_the_whole_file_refers_only_to_what_it_holds(whole: Digest) -> None:
    products = {product.code for product in whole.products}
    members = {customer.id for customer in whole.customers}
    lines = {(invoice.no, each.code, each.price_minor) for invoice in whole.invoices for each in invoice.lines}

    assert {code for _, code, _ in lines} | {each.code for each in whole.returns} == products
    assert {invoice.customer for invoice in whole.invoices} - members == {None}
    assert len({invoice.no for invoice in whole.invoices}) == len(whole.invoices)
    assert len({(each.no, each.seq) for each in whole.returns}) == len(whole.returns)
    assert {(e.invoice, e.code, e.sold_minor) for e in whole.returns if e.invoice is not None} <= lines
