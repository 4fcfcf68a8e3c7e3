"""A product file with its stock: how its bytes are read, and where the quantities go."""

import asyncio
import time

import pytest

from tests.catalogue.drafts import a_merchant
from tests.commerce.stock.stock_fixtures import node
from unwall.catalogue.product_file.rows import parse
from unwall.commerce.stock import actions
from unwall.commerce.stock import reads as stock
from unwall.kernel import encodings
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.usecases.import_products import FileText, ImportOptions, decode_product_file, import_products

FILE = "Handle,Title,Variant SKU,Variant Inventory Qty,Variant Price\npot,Pot,POT-1,-3,39\nfull,Full,POT-2,5,39\n"


async def test_what_a_person_says_of_the_encoding_counts():
    file = "Title\nPiñata".encode("cp1252")
    assert (await decode_product_file(file)).text == "Title\nPiñata"
    assert (await decode_product_file(file, encoding="cp1250")).text == "Title\nPińata"
    for wrong in ("ascii", "no such encoding"):
        with pytest.raises(Invalid) as refused:
            await decode_product_file(file, encoding=wrong)
        assert list(refused.value.by_field()) == ["encoding"]


async def test_an_example_shows_what_was_read():
    read = await decode_product_file("Title\n红茶 no. 1,杯\n红茶 no. 1\nCafé".encode("gb18030"))
    assert read.example == "红茶 no · 杯 · Café"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04\x00\x00\xff\xfe\x81"])
async def test_what_is_no_text_is_told(data):
    with pytest.raises(Invalid) as refused:
        await decode_product_file(data)
    assert list(refused.value.by_field()) == ["file"]


async def test_the_opening_stock_waits_for_the_first_place(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "shop")
        report = await import_products(conn, merchant, FILE, ImportOptions("staff:me"), files_url="")
        assert [(count.sku, count.quantity) for count in report.inventory] == [("POT-1", 0), ("POT-2", 5)]
        first = await actions.save_node(conn, merchant.id, node("A"))
        second = await actions.save_node(conn, merchant.id, node("B"))
        levels = await stock.levels(conn, [count.variant_id for count in report.inventory])
    assert [(level.node_id, level.on_hand) for level in levels if level.on_hand] == [(first, 5)]
    assert second != first


async def test_a_quantity_beyond_what_stock_holds_is_left_out_alone(db):
    """Also while it waits for the first place."""
    file = "Handle,Title,SKU,Inventory quantity,Price\na,A,A,999999999999,1\nb,B,B,1000001,1\nc,C,C,1000000,1\n"
    async with db.transaction() as conn:
        for slug, codes in (("waits", ()), ("counts", ("A",))):
            merchant = await a_merchant(conn, slug)
            nodes = [await actions.save_node(conn, merchant.id, node(code)) for code in codes]
            options = ImportOptions("staff:me", *nodes)
            report = await import_products(conn, merchant, file, options, files_url="")
            assert (report.created, report.errors) == (3, ())
            assert [(count.sku, count.quantity) for count in report.inventory] == [("C", 1_000_000)]
            told = [(change.line, change.sku, change.column) for change in report.changes]
            assert told == [(2, "A", "Inventory quantity"), (3, "B", "Inventory quantity")]


SHOPIFY = "Handle,Title,Variant SKU,Variant Price,Image Src\nx,x,X,1,"
TAOBAO = "title\tprice\tnum\tdescription\tskuProps\touter_id\tpropAlias\nx\t1\t1\tx\t{}\tX\t{}\n"
MAX_SECONDS = 2.0
"""Of processor time; what looks at each character again for each one takes ten times as long."""
MAX_STALL_SECONDS = 0.5
"""Of the event loop, likewise."""
WITHOUT_END = {
    "a word": lambda: FileText("a" * 150_000 + "é", "utf-8").example,
    "capitals": lambda: encodings.decoded(b"\xc9" * 40_000),
    "commas of pictures": lambda: parse(f'{SHOPIFY}"https://a.example/{"," * 100_000}"\n'),
    "wide commas of pictures": lambda: parse(f'{SHOPIFY}"https://a.example/{"，" * 100_000}"\n'),
    "digits of an alias": lambda: parse(TAOBAO.format("1:1:a:1:1;", "9" * 100_000)),
}


@pytest.mark.parametrize("what", WITHOUT_END)
def test_a_field_without_end_is_read_in_linear_time(what: str) -> None:
    begun = time.thread_time()
    WITHOUT_END[what]()
    assert time.thread_time() - begun < MAX_SECONDS


def test_an_option_before_the_first_variant_of_a_taobao_file_is_left_out() -> None:
    file = parse(TAOBAO.format("1627207:28341;20509:28383;9.90:5:A-1:1627207:28341;20509:28383;", ""))
    [variant] = [row for rows in file.groups.values() for row in rows]
    assert (variant["Variant SKU"], variant["Option1 Value"], variant["Option2 Value"]) == ("A-1", "28341", "28383")


LINES = {
    "products of one SKU": "".join(f"h{n},T,X,1.0\n" for n in range(20_000)),
    "variants of one product": "".join(f"h,T,X{n},1.0\n" for n in range(100_000)),
}


@pytest.mark.parametrize("what", LINES)
async def test_a_long_file_is_read_in_linear_time_and_not_on_the_event_loop(db: Database, what: str):
    file = "Handle,Title,Variant SKU,Variant Price\n" + LINES[what]
    stall = 0.0

    async def beat() -> None:
        nonlocal stall
        last = time.thread_time()  # of the loop's thread
        while True:
            await asyncio.sleep(0)
            at = time.thread_time()
            stall, last = max(stall, at - last), at

    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "shop")
        beating = asyncio.create_task(beat())
        options = ImportOptions("staff:me", strict=True)  # so that nothing is written
        report = await import_products(conn, merchant, file, options, files_url="")
        beating.cancel()
    assert report.errors
    assert stall < MAX_STALL_SECONDS
