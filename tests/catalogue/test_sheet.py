"""The catalogue as a file in Shopify's layout."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalogue.drafts import a_draft, a_merchant, counts
from unwall.catalogue import actions, merchant_reads, product_import, reads
from unwall.catalogue.product_file.drafts import SQUARE
from unwall.catalogue.values import CellError, ProductDraft, ProductStatus, ProductTranslation, VariantDraft
from unwall.kernel import typed
from unwall.kernel.database import EXPORT
from unwall.kernel.errors import Invalid
from unwall.media.values import Image

FILES = "https://shop.example/files/"
SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,\
Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,\
Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Barcode,Image Src,Image Position,\
Image Alt Text,Gift Card,SEO Title,Status
scarf,Silk Scarf,"<p>Soft,
and ""light""</p><script>x()</script>",Acme,Apparel & Accessories > Scarves,Scarves,"silk, gift",TRUE,\
Colour,Red,Size,S,SC-R-S,120.0,shopify,7,deny,49.00,59.00,TRUE,'0690,https://cdn.example/a.jpg,2,Back,FALSE,\
Buy me,active
scarf,,,,,,,,,Red,,L,SC-R-L,130,shopify,3,deny,52.50,0.00,TRUE,,https://cdn.example/b.jpg,1,Front,,,
scarf,,,,,,,,,,,,,,,,,,,,,https://cdn.example/c.jpg,3,,,,
mug,Mug,,,,,,FALSE,Title,Default Title,,,,0,,,deny,9.5,,TRUE,,,,,FALSE,,active
"""


async def bring(conn, merchant, text, **options):
    return await product_import.csv_import(conn, merchant, text, files_url=FILES, **options)


async def export(conn, merchant, **options):
    parts, after = [], None
    while after is not None or not parts:
        part, after = await merchant_reads.csv_part(conn, merchant, after, files_url=FILES, **options)
        parts.append(part)
    return "".join(parts)


@pytest.fixture
async def shop(db):
    async with db.transaction(EXPORT) as conn:  # Hypothesis may think for longer than a page may
        yield conn, await a_merchant(conn, "shop")


async def test_a_file_of_shopify_comes_in(shop):
    conn, merchant = shop

    report = await bring(conn, merchant, SHOPIFY)

    assert (report.created, report.updated, report.unchanged, report.errors) == (2, 0, 0, ())
    assert report.ignored_columns == ("Variant Inventory Tracker", "SEO Title")
    assert [(c.sku, c.quantity) for c in report.inventory] == [("SC-R-S", 7), ("SC-R-L", 3)]
    items = await reads.variants_by_sku(conn, merchant.id, ["SC-R-S"], "en")
    assert report.inventory[0].variant_id == items["SC-R-S"].variant_id
    mug, scarf = await merchant_reads.drafts(conn, merchant.id)
    assert (scarf.title, scarf.vendor, scarf.category, scarf.status) == (
        "Silk Scarf",
        "Acme",
        "Scarves",
        ProductStatus.ACTIVE,
    )
    assert scarf.description == '<p>Soft,\nand "light"</p>'
    assert (scarf.taxonomy, scarf.tags) == ("Apparel & Accessories > Scarves", ("silk", "gift"))
    assert scarf.option_names == ("Colour", "Size")
    assert [(v.sku, v.options, v.price, v.compare_at, v.weight_g, v.barcode) for v in scarf.variants] == [
        ("SC-R-S", ("Red", "S"), 4900, 5900, 120, "0690"),
        ("SC-R-L", ("Red", "L"), 5250, None, 130, None),
    ]
    assert [(image.file[-5:], image.alt) for image in scarf.images] == [
        ("b.jpg", "Front"),
        ("a.jpg", "Back"),
        ("c.jpg", ""),
    ]
    assert (mug.option_names, mug.status) == ((), ProductStatus.DRAFT), "active but not published is not to be seen"
    assert [(v.sku, v.price, v.options) for v in mug.variants] == [("mug", 950, ())]


async def test_bringing_it_twice_changes_nothing(shop):
    conn, merchant = shop
    await bring(conn, merchant, SHOPIFY)
    before = await merchant_reads.drafts(conn, merchant.id)

    report = await bring(conn, merchant, SHOPIFY)

    assert (report.created, report.updated, report.unchanged) == (0, 0, 2)
    assert await merchant_reads.drafts(conn, merchant.id) == before


async def test_the_newer_headings_are_known(shop):
    conn, merchant = shop
    report = await bring(
        conn,
        merchant,
        "\ufeffTitle,URL handle,Description,Option1 name,Option1 value,SKU,Price,Compare-at price,Inventory quantity,"
        "Weight value (grams),Product image URL,Image position,Image alt text,Published on online store\r\n"
        "Cup,cup,<b>x</b>,Size,S,C-1,10,12,4,300,https://cdn.example/c.png,1,Cup,TRUE\r\n",
    )
    assert (report.errors, report.created, report.inventory[0].quantity) == ((), 1, 4)
    (cup,) = await merchant_reads.drafts(conn, merchant.id)
    assert (cup.description, cup.variants[0].price, cup.variants[0].weight_g) == ("<b>x</b>", 1000, 300)
    assert cup.images == (Image("https://cdn.example/c.png", "Cup", SQUARE, SQUARE),)


async def test_a_column_that_is_missing_keeps_what_was_there(shop):
    conn, merchant = shop
    draft = a_draft(
        option_names=("Size",),
        variants=(VariantDraft(sku="T-S", price=100, options=("S",), weight_g=5, barcode="1"),),
        **{"vendor": "Acme", "tags": ("a",), "images": (Image("ab/x.webp", "", 3, 4),), "category": "Teas"},
    )
    await actions.save_product(conn, merchant.id, draft)
    (before,) = await merchant_reads.drafts(conn, merchant.id)

    report = await bring(conn, merchant, "Handle,Title,Variant SKU,Variant Price\nred-tea,Red Tea,T-S,2\n")

    (after,) = await merchant_reads.drafts(conn, merchant.id)
    assert (report.updated, report.errors) == (1, ())
    assert after.variants[0].price == 200
    assert after != before
    assert (after.vendor, after.tags, after.images, after.category, after.translations) == (
        *(before.vendor, before.tags, before.images, before.category, {"zh": ProductTranslation("红茶")}),
    )
    assert (after.variants[0].options, after.variants[0].weight_g, after.variants[0].barcode) == (("S",), 5, "1")


async def test_a_product_that_the_file_does_not_name_stays(shop):
    conn, merchant = shop
    await actions.save_product(conn, merchant.id, a_draft("Stays"))
    await bring(conn, merchant, SHOPIFY)
    assert len(await merchant_reads.drafts(conn, merchant.id)) == 3


HEAD = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Price,Image Src,Image Position,"
    "Published,Status\n"
)
GOOD = "ok,Fine,,,OK,1,1,,,,\n"


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        ("a,A,,,A,1,dear,,,,\n", [(3, "Variant Price")]),
        ("a,A,,,A,1,1.005,,,,\n", [(3, "Variant Price")]),
        ("a,A,,,A,1,-1,,,,\n", [(3, "Variant Price")]),
        ("a,A,,,A,heavy,1,,,,\n", [(3, "Variant Grams")]),
        ("a,A,,,A,--1,1,,,,\n", [(3, "Variant Grams")]),
        ("a,,,,A,1,1,,,,\n", [(3, "Title")]),
        ("a,A,,,,,,,,,\n", [(3, "Variant Price")]),
        (",,,,A,1,1,,,,\n", [(3, "Handle")]),
        ("a b,A,,,A,1,1,,,,\n", [(3, "Handle")]),
        ("a,A,,,A,1,1,,,maybe,\n", [(3, "Published")]),
        ("a,A,,,A,1,1,,,,sold\n", [(3, "Status")]),
        ("a,A,,,A,1,1,ftp://x/y,,,\n", [(3, "Image Src")]),
        ("a,A,,,A,1,1,https://x/y,first,,\n", [(3, "Image Position")]),
        ("a,A,,,OK,1,1,,,,\n", [(3, "Variant SKU")]),
        ("a,A,,,A,1,1,,,,,x,\n", [(3, "")]),
        ("a,A,Size,S,A,1,1,,,,\na,,,S,B,1,1,,,,\na,,,,C,1,1,,,,\n", [(4, "Option1 Value"), (5, "Option1 Value")]),
        ("a,A,,S,A,1,1,,,,\na,,,M,B,1,1,,,,\n", [(3, "Option1 Name")]),
        ("a,A,Size,S,A,1,1,,,,\na,Other,,M,B,1,1,,,,\n", [(4, "Title")]),
        ('a,"A\nB",,,A,1,1,,,,\nb,B,,,B,x,1,,,,\n', [(5, "Variant Grams")]),
        ("a,A\0B,,,A,1,1,,,,\n", [(3, "Title")]),
        ('a,"A\n', [(3, "")]),
        ("a,A,,,A,x,x,,,,\n", [(3, "Variant Grams"), (3, "Variant Price")]),
    ],
)
async def test_a_bad_cell_is_named_and_nothing_is_changed_where_asked_for(shop, lines, cells):
    conn, merchant = shop

    report = await bring(conn, merchant, HEAD + GOOD + lines, strict=True)

    named = [(error.line, error.column) for error in report.errors]
    assert [cell for cell in cells if cell not in named] == []
    assert {line for line, _ in named} == {line for line, _ in cells}
    assert all(error.message for error in report.errors)
    assert (report.created, report.updated, report.unchanged, report.inventory) == (0, 0, 0, ())
    assert set((await counts(conn)).values()) == {0}


TOO_WIDE = "The file has more than 1,000 columns from this line on."


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", CellError(1, "", "The file is empty.")),
        ("\n , \n", CellError(1, "", "The file is empty.")),
        ("Handle,Title" + ",x" * 1000, CellError(1, "", TOO_WIDE)),
        (
            "Handle,Title\na,b\n" + "a," * 1000,
            CellError(3, "", TOO_WIDE),
        ),
        ("Handle,Vendor\na,b\n", CellError(1, "Title", "The file needs this column.")),
        ("Title,Title\na,b\n", CellError(1, "Title", "The file has this column twice.")),
        ("Title,Price,Variant Price\na,1,1\n", CellError(1, "Variant Price", "The file has this column twice.")),
    ],
)
async def test_a_file_that_is_none_is_refused(shop, text, error):
    conn, merchant = shop
    assert (await bring(conn, merchant, text)).errors == (error,)


async def skus(conn, merchant) -> dict[str, list[str]]:
    return {draft.slug: [v.sku for v in draft.variants] for draft in await merchant_reads.drafts(conn, merchant.id)}


async def test_a_repeated_sku_gets_a_number_and_keeps_it(shop):
    conn, merchant = shop
    await actions.save_product(conn, merchant.id, a_draft("Old", variants=(VariantDraft(sku="A", price=1),)))
    text = HEAD + "a,A,Size,S,A,1,1,,,,\na,,,M,A,1,1,,,,\nb,B,,,A,1,1,,,,\n"
    wanted = {"a": ["A-2", "A-3"], "b": ["A-4"], "old": ["A"]}

    report = await bring(conn, merchant, text)
    assert (report.created, report.errors, await skus(conn, merchant)) == (2, (), wanted)
    assert [(change.line, change.column) for change in report.changes] == [(n, "Variant SKU") for n in (2, 3, 4)]

    again = await bring(conn, merchant, text)
    assert (again.unchanged, await skus(conn, merchant)) == (2, wanted)


@pytest.mark.parametrize(
    ("lines", "columns", "kept"),
    [
        ("a,A,,,A,226.796185,12.00,,,,\n", ["Variant Grams"], (227, 1200)),
        ("a,A,,,A,0.4,1.00,,,,\n", ["Variant Grams"], (0, 100)),
        ("a,A,,,A,heavy,1,,,,\n", ["Variant Grams"], (0, 100)),
        ("a,A,,,A,99999999999,1,,,,\n", ["Variant Grams"], (0, 100)),
        ('a,A,,,A,1,"1.234,505",,,,\n', ["Variant Price"], (1, 123451)),
        ('a,A,,,A,1,"1,234.50",,,,\n', ["Variant Price"], (1, 123450)),
        ('a,A,,,A,1,"12,50",,,,\n', ["Variant Price"], (1, 1250)),
        ("a,A,,,A,1,¥12.50,,,,\n", ["Variant Price"], (1, 1250)),
        ("a,A,,,A,１２,１２.５０,,,,\n", ["Variant Price"], (12, 1250)),
        ("a,A,,,A,1,2,ftp://x/y.png,,,\n", ["Image Src"], (1, 200)),
        ("a,A,,,A,1,2,https://x/y.png,first,,\n", ["Image Position"], (1, 200)),
        ("a b,A,,,A,1,2,,,,\n", ["Handle"], (1, 200)),
        ("a,A,,,A,1,2,,,maybe,sold\n", ["Published"], (1, 200)),
        (f"a,{'A' * 300},,,A,1,2,,,,\n", ["Title"], (1, 200)),
    ],
)
async def test_what_can_be_kept_is_kept_and_told(shop, lines, columns, kept):
    conn, merchant = shop
    report = await bring(conn, merchant, HEAD + lines)
    assert (report.created, report.errors) == (1, ())
    assert [(change.line, change.column) for change in report.changes] == [(2, column) for column in columns]
    [draft] = await merchant_reads.drafts(conn, merchant.id)
    assert (draft.variants[0].weight_g, draft.variants[0].price) == kept


async def test_a_product_with_an_error_is_left_out_alone(shop):
    conn, merchant = shop
    report = await bring(conn, merchant, HEAD + GOOD + "a,A,,,A,1,dear,,,,\n,,,,X,1,1,,,,\n")
    assert (report.created, report.left_out) == (1, ("a",))
    assert [(error.line, error.column) for error in report.errors] == [(3, "Variant Price"), (4, "Handle")]
    assert list(await skus(conn, merchant)) == ["ok"]


async def test_less_than_nothing_is_nothing(shop):
    conn, merchant = shop
    report = await bring(conn, merchant, "Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\np,P,P,-3,9\n")
    assert [(count.sku, count.quantity) for count in report.inventory] == [("P", 0)]
    assert [(change.line, change.column) for change in report.changes] == [(2, "Variant Inventory Qty")]


async def test_paragraphs_and_headings_stay_and_pictures_of_the_text_are_kept(shop):
    conn, merchant = shop
    html = (
        "<div>First line.</div><div>Second line.</div><h1>Care</h1><p>Wash cold.</p><h5>Size</h5><div>One</div>"
        '<img src=""https://cdn.example/chart.png"" alt=""size chart"">'
    )
    report = await bring(conn, merchant, f'Handle,Title,Body (HTML),Variant Price\np,P,"{html}",9\n')
    [draft] = await merchant_reads.drafts(conn, merchant.id)
    assert draft.description == (
        "<p>First line.</p><p>Second line.</p><h2>Care</h2><p>Wash cold.</p><h4>Size</h4><p>One</p>"
    )
    assert [(image.file, image.alt) for image in draft.images] == [("https://cdn.example/chart.png", "size chart")]
    assert [(change.line, change.column) for change in report.changes] == [(2, "Body (HTML)")]


async def test_a_picture_in_the_text_that_cannot_be_fetched_is_told(shop):
    conn, merchant = shop
    html = (
        '<p>x</p><img src=""http://cdn.example/a.png""><img src=""data:image/png;base64,AAAA""><img src=""../b.png"">'
    )
    report = await bring(conn, merchant, f'Handle,Title,Body (HTML),Variant Price\np,P,"{html}",9\n')
    [draft] = await merchant_reads.drafts(conn, merchant.id)
    assert [image.file for image in draft.images] == ["https://cdn.example/a.png"]
    assert sorted(change.message for change in report.changes) == [
        "A picture in the text has no web address that can be fetched and is left out.",
        "Pictures in the text are now among the product's pictures.",
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
async def test_the_delimiter_is_found(shop, delimiter):
    conn, merchant = shop
    text = "Handle,Title,Variant SKU,Variant Price\na,A,A-1,1\n".replace(",", delimiter)
    assert (await bring(conn, merchant, text)).created == 1


async def test_values_that_all_products_have_are_no_unknown_columns(shop):
    conn, merchant = shop
    text = "Title,Variant Price,Variant Taxable,Variant Weight Unit,Gift Card,Cost\nA,1,true,kg,False,3\n"
    assert (await bring(conn, merchant, text)).ignored_columns == ("Cost",)


async def test_the_tax_class_comes_in_goes_out_and_stays_without_its_column(shop):
    conn, merchant = shop
    report = await bring(conn, merchant, "Handle,Title,Variant Price,Tax Class\ncup,Cup,1,Reduced rate\nmug,Mug,1,\n")
    assert (report.created, report.errors, report.changes, report.ignored_columns) == (2, (), (), ())
    assert {d.slug: d.tax_class for d in await merchant_reads.drafts(conn, merchant.id)} == {
        "cup": "reduced-rate",
        "mug": "",
    }
    lines = list(csv.DictReader(io.StringIO(await export(conn, merchant))))
    assert [(line["Handle"], line["Tax Class"]) for line in lines] == [("cup", "reduced-rate"), ("mug", "")]
    await bring(conn, merchant, "Handle,Title,Variant Price\ncup,Cup,2\n")
    cup, _ = await merchant_reads.drafts(conn, merchant.id)
    assert (cup.variants[0].price, cup.tax_class) == (200, "reduced-rate")


async def test_quantities_go_out_where_they_are_known(shop):
    conn, merchant = shop
    await bring(conn, merchant, SHOPIFY)
    items = await reads.variants_by_sku(conn, merchant.id, ["mug"], "en")
    text = await export(conn, merchant, quantities={items["mug"].variant_id: 12})
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(line["Handle"], line["Variant Inventory Qty"]) for line in lines] == [
        *[("mug", "12"), ("scarf", ""), ("scarf", ""), ("scarf", "")]
    ]


# --- out, in, out: the same bytes -------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(typed.line) | st.sampled_from(
    ["红茶", 'a "b", c', "Title", "Default Title", "=1+1", "line\nline", "'quoted", "TRUE", "\u2028x"]
)
HTML = st.lists(
    st.sampled_from(["<p>", "</p>", "<b>x</b>", "&#13;", "\r\n", "<ul><li>", '"', ",", "<td>"]) | WORDS, max_size=6
)


@st.composite
def products(draw, number: int) -> ProductDraft:
    names = tuple(draw(st.lists(WORDS, max_size=3, unique_by=typed.line)))
    values = st.tuples(*[WORDS] * len(names))
    options = draw(st.lists(values, min_size=1, max_size=4, unique_by=lambda v: tuple(map(typed.line, v))))
    variants = tuple(
        VariantDraft(
            sku=f"{draw(WORDS)} {number}-{i}",
            price=draw(price := st.integers(0, 10**9)),
            options=chosen if names else (),
            compare_at=draw(st.none() | price.map(lambda p: 10**9 + 1 + p)),
            barcode=draw(st.none() | WORDS),
            weight_g=draw(st.integers(0, 10**6)),
            active=draw(st.booleans()),
        )
        for i, chosen in enumerate(options if names else options[:1])
    )
    files = st.sampled_from(["ab/x.webp", "https://cdn.example/1.jpg", "cd/y.webp", "https://cdn.example/2.jpg?v=1"])
    return ProductDraft(
        title=draw(WORDS),
        slug=f"p-{number}",
        variants=variants,
        description="".join(draw(HTML)),
        vendor=draw(st.just("") | WORDS),
        category=draw(st.just("") | st.sampled_from(["Teas", "teas", "红茶"])),
        taxonomy=draw(st.just("") | WORDS),
        tax_class=draw(st.just("") | WORDS),
        tags=tuple(draw(st.lists(WORDS, max_size=3))),
        option_names=names,
        status=draw(st.sampled_from(ProductStatus)),
        images=tuple(Image(f, draw(st.just("") | WORDS), 3, 4) for f in draw(st.lists(files, unique=True, max_size=4))),
        translations={"zh": ProductTranslation("红茶")},
    )


@given(st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_out_and_in_and_out_again_gives_the_same_bytes(shop, data):
    conn, merchant = shop
    outer = conn.transaction()
    await outer.start()
    try:
        drafts = [data.draw(products(n)) for n in range(data.draw(st.integers(1, 3)))]
        try:
            await actions.save_products(conn, merchant.id, drafts)
        except Invalid as refused:
            raise AssertionError(refused) from refused
        before = await merchant_reads.drafts(conn, merchant.id)
        text = await export(conn, merchant)

        # into the same shop: nothing has changed
        report = await bring(conn, merchant, text)
        assert (report.errors, report.ignored_columns) == ((), ())
        assert report.unchanged == len(drafts)
        assert await merchant_reads.drafts(conn, merchant.id) == before
        assert await export(conn, merchant) == text

        # into an empty one: all that is sold is there
        fresh = await a_merchant(conn, "fresh")
        sold = [draft for draft in before if any(variant.active for variant in draft.variants)]
        if len(sold) == len(before):
            report = await bring(conn, fresh, text)
            assert (report.errors, report.created) == ((), len(drafts))
            assert await export(conn, fresh) == text
    finally:
        await outer.rollback()
