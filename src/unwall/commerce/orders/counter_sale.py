"""A sale over the counter: an order that is paid and fulfilled at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.facts import counter_sale_facts
from unwall.commerce.orders.values import SaleDone, StoredPromise
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.journal import actions as journal
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people import reads as people
from unwall.people.values import Staff


class CounterSale(msgspec.Struct, frozen=True):
    """`sale_id` is chosen by the caller and makes the sale idempotent. `member_code` is the merchant's customer number,
    or empty.
    """

    sale_id: UUID
    node_id: UUID
    lines: Sequence[VariantQuantity]
    member_code: str = ""


async def sell_at_counter(conn: Transaction, staff: Staff, sale: CounterSale, now: datetime) -> UUID:
    """Returns the order's id. Raises `stock.Short` naming the missing units, `Invalid`, `NotFound`, and `SaleDone` if
    the sale's id was used for another basket.
    """
    basket = _basket(sale.lines)
    order_id, member_id = new_id(), await _member_of_code(conn, staff.merchant_id, sale.member_code.strip())
    if not await _insert_order(conn, staff, sale, order_id, now):
        return await _earlier_sale(conn, staff.merchant_id, sale.sale_id, basket)
    await conn.execute("UPDATE sales_order SET member_id = $2 WHERE id = $1", order_id, member_id)
    await _insert_lines(conn, order_id, basket)
    sold = [VariantQuantity(variant_id, quantity) for variant_id, quantity in basket.items()]
    cause = Cause(order_id, Reason.COUNTER_SALE, f"staff:{staff.email}")
    await stock.counter_sell(conn, staff.merchant_id, sale.node_id, sold, cause)
    order = await reads.order(conn, order_id, "en")
    assert order is not None
    await journal.record(conn, counter_sale_facts(order, sale.node_id, now))
    return order_id


def _basket(lines: Sequence[VariantQuantity]) -> dict[UUID, int]:
    """Units by variant. Raises `Invalid` (quantity)."""
    basket: dict[UUID, int] = {}
    for line in lines:
        basket[line.variant_id] = basket.get(line.variant_id, 0) + line.quantity
    if not basket:
        raise rules.wrong_quantity()
    for quantity in basket.values():
        rules.check_quantity(quantity)
    return basket


async def _member_of_code(conn: Connection, merchant_id: UUID, code: str) -> UUID | None:
    if not code:
        return None
    found = await people.member_id_by_code(conn, merchant_id, code)
    if found is None:
        raise Invalid.one("member_code", N_("There is no customer with this number."))
    return found


async def _earlier_sale(conn: Connection, merchant_id: UUID, sale_id: UUID, basket: dict[UUID, int]) -> UUID:
    """The order with this sale id, if it has the same basket. Raises `SaleDone`."""
    found = await conn.fetchrow(
        """
        SELECT o.id, (SELECT array_agg((variant_id, quantity)) FROM order_line WHERE order_id = o.id) AS lines
        FROM sales_order o WHERE o.cart_id = $1 AND o.merchant_id = $2
        """,
        sale_id,
        merchant_id,
    )
    if found is None or dict(found["lines"]) != basket:
        raise SaleDone(N_("This sale is finished already. Start a new one."))
    order_id: UUID = found["id"]
    return order_id


async def _insert_order(conn: Transaction, staff: Staff, sale: CounterSale, order_id: UUID, now: datetime) -> bool:
    """Insert the order as paid and fulfilled, without totals; False if the sale's id was used before."""
    if staff.node_id not in (None, sale.node_id):
        raise NotFound(N_("There is no such shop."))
    numbers = rules.order_numbers(await _merchant_slug(conn, staff.merchant_id, sale.node_id), order_id)
    made = await conn.fetchval(
        """
        INSERT INTO sales_order (id, merchant_id, number, cart_id, channel, state, method, currency, items_total,
            total, promise, placed_at, paid_at)
        SELECT $1, m.id, free_number(m.id, $4), $3, 'counter', 'fulfilled', 'taken', m.currency, 0, 0, $5, $6, $6
        FROM merchant_profile m WHERE m.id = $2
        ON CONFLICT (cart_id) WHERE state IN ('prepared', 'paid', 'fulfilled') DO NOTHING RETURNING id
        """,
        order_id,
        staff.merchant_id,
        sale.sale_id,
        numbers,
        StoredPromise(now, now, (sale.node_id,)),
        now,
    )
    return made is not None


async def _merchant_slug(conn: Connection, merchant_id: UUID, node_id: UUID) -> str:
    """Raises `NotFound` if the node belongs to another merchant."""
    slug: str | None = await conn.fetchval(
        """
        SELECT m.slug FROM merchant_profile m JOIN node_profile n ON n.merchant_id = m.id WHERE m.id = $1 AND n.id = $2
        """,
        merchant_id,
        node_id,
    )
    if slug is None:
        raise NotFound(N_("There is no such shop."))
    return slug


async def _insert_lines(conn: Transaction, order_id: UUID, basket: dict[UUID, int]) -> None:
    """Insert the lines at current prices, and the payment that the till has taken."""
    made = await conn.execute(
        """
        INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,
            unit_price, total)
        SELECT o.id, b.line, o.merchant_id, v.product_id, v.id, v.title, v.sku, v.options, b.quantity, v.price,
            v.price * b.quantity
        FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS b (variant_id, quantity, line)
            JOIN variant_summary v ON v.id = b.variant_id
            JOIN sales_order o ON o.id = $1 AND o.merchant_id = v.merchant_id
        """,
        order_id,
        list(basket),
        list(basket.values()),
    )
    if made != f"INSERT 0 {len(basket)}":
        raise NotFound(N_("One of these products is not sold here."))
    await conn.execute(
        """
        WITH priced AS (
            UPDATE sales_order o SET items_total = l.sum, total = l.sum
            FROM (SELECT sum(total)::bigint AS sum FROM order_line WHERE order_id = $1) l
            WHERE o.id = $1 RETURNING o.*
        )
        INSERT INTO payment (id, merchant_id, order_id, gateway, amount, currency, state, asked_at, settled_at)
        SELECT $2, merchant_id, id, 'till', total, currency, 'captured', paid_at, paid_at FROM priced
        """,
        order_id,
        new_id(),
    )
