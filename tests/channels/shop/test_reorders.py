"""Ordering the same again."""

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order
from tests.html import fields, form_with, texts
from unwall.kernel.database import Database


@pytest.fixture
async def bought(browser: Shopper, db: Database, store: Store) -> str:
    """The address of an order of two scarves and a tea."""
    await put_into_bag(browser, store.market.red, 2)
    await put_into_bag(browser, store.market.tea, 1)
    answer = await order(browser, db, **BY_POST)
    assert answer.status_code == 303
    return answer.headers["location"].partition("?")[0]


async def lines(db: Database) -> list[tuple[str, int]]:
    sql = """
        SELECT v.sku, l.quantity FROM cart_line l JOIN cart c ON c.id = l.cart_id JOIN variant v ON v.id = l.variant_id
        WHERE c.state = 'open' ORDER BY v.sku
    """
    async with db.read() as conn:
        return [tuple(record) for record in await conn.fetch(sql)]


async def test_what_is_still_sold_goes_into_the_bag_once(browser: Shopper, db: Database, bought: str) -> None:
    page = (await browser.get(bought)).text
    form = fields(form_with(page, f"{bought}/again"))
    before = await lines(db)
    assert before == []
    for _ in range(2):
        assert (await browser.post(f"{bought}/again", form)).headers["location"] == "/bag"
    assert [quantity for _, quantity in await lines(db)] == [2, 1]
    assert "at today's prices" in " ".join(texts((await browser.get("/bag")).text, "body"))


async def test_what_is_not_sold_any_more_is_named(browser: Shopper, db: Database, store: Store, bought: str) -> None:
    async with db.transaction() as conn:
        await conn.execute("UPDATE product SET status = 'archived' WHERE slug LIKE '%scarf%'")
    assert (await browser.post(f"{bought}/again", {})).headers["location"] == "/bag"
    assert [quantity for _, quantity in await lines(db)] == [1]
    assert "Silk scarf" in " ".join(texts((await browser.get("/bag")).text, "body"))
    async with db.transaction() as conn:
        await conn.execute("DELETE FROM cart_line")
        await conn.execute("UPDATE product SET status = 'archived'")
    assert (await browser.post(f"{bought}/again", {})).headers["location"] == bought
    assert await lines(db) == []
