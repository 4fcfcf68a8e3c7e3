"""Orders keep what they were quoted by, whatever channel they come through."""

import msgspec

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, staff, visitor
from unwall.commerce.orders import reads
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.pricing.quotes import requoted
from unwall.commerce.pricing.values import PricedOrder, Tax, Treatment
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.values import VariantQuantity
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)


async def tax_at(conn, market, *, included: bool) -> None:
    """13 %, and 9 % on tea."""
    sql = "INSERT INTO tax_settings (merchant_id, country, included) VALUES ($1, 'CN', $2)"
    await conn.execute(sql, market.merchant, included)
    await conn.execute(
        "INSERT INTO tax_rate (merchant_id, country, tax_class, name, millionths)"
        " VALUES ($1, 'CN', '', 'VAT', 130000), ($1, 'CN', 'reduced', 'VAT', 90000)",
        market.merchant,
    )
    await conn.execute("UPDATE product SET tax_class = 'reduced' WHERE slug = 'tea'")


async def stored(conn, order_id) -> PricedOrder:
    found = await conn.fetchval("SELECT pricing FROM sales_order WHERE id = $1", order_id)
    return msgspec.convert(found, PricedOrder, strict=False)


async def test_m18_an_order_keeps_its_quote_whatever_changes_afterwards(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    async with db.transaction() as conn:
        await tax_at(conn, market, included=False)
    cart = await fill_cart(db, visit, (market.red, 2), (market.tea, 1))
    order = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    # goods 675.00 and post 10.00; 13 % of 576.00 and of 8.53 of the post, 9 % of 99.00 and of 1.47
    assert (order.items_total, order.shipping_total, order.tax_total, order.total) == (67500, 1000, 8503, 77003)
    assert order.quote.treatment is Treatment.DOMESTIC
    assert [(line.total, line.tax) for line in order.lines] == [(57600, 7488), (9900, 891)]
    # the same request finds the same order, and the payment takes all of it
    assert (await checkout.prepare(visit, cart, SHIP, ANN, NOW)).id == order.id
    async with db.transaction() as conn:
        await conn.execute("UPDATE variant SET price = 99900")
        await conn.execute("UPDATE tax_rate SET millionths = 500000")
    paid = await checkout.pay(order.id, PAYS, NOW)
    assert (paid.total, paid.payments[0].amount, paid.quote) == (77003, 77003, order.quote)
    async with db.read() as conn:
        kept = await stored(conn, order.id)
    assert requoted(kept) == kept.quote == order.quote


async def test_m18_a_prepared_order_is_replaced_when_its_price_has_changed(db):
    market, visit, checkout = await open_market(db), visitor(), checkout_of(db)
    cart = await fill_cart(db, visit, (market.red, 1))
    first = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    async with db.transaction() as conn:
        await tax_at(conn, market, included=False)
    second = await checkout.prepare(visit, cart, SHIP, ANN, NOW)
    assert (second.id != first.id, first.total, second.total) == (True, 29800, 33674)


async def test_m18_the_counter_sells_at_the_quote(db):
    market = await open_market(db)
    async with db.transaction() as conn:
        await tax_at(conn, market, included=True)
        sale = CounterSale(new_id(), market.west_lake, [VariantQuantity(market.red, 1), VariantQuantity(market.tea, 2)])
        order_id = await sell_at_counter(conn, staff(market), sale, NOW)
        order, kept = await reads.order(conn, order_id, "en"), await stored(conn, order_id)
    assert (order.total, order.tax_total, order.payments[0].amount) == (48600, 3313 + 1635, 48600)
    assert order.quote.taxes == (Tax("VAT", 130_000, 25_487, 3313), Tax("VAT", 90_000, 18_165, 1635))
    assert requoted(kept) == kept.quote == order.quote
