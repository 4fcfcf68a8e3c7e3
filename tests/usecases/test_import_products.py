"""A product file with its stock: how its bytes are read, and where the quantities go."""

import pytest

from tests.catalogue.drafts import a_merchant
from tests.commerce.stock.stock_fixtures import node
from unwall.commerce.stock import actions
from unwall.commerce.stock import reads as stock
from unwall.kernel.errors import Invalid
from unwall.usecases.import_products import ImportOptions, decode_product_file, import_products

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
