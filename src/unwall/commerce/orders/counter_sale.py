"""A sale over the counter: an order that is paid and fulfilled at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.commerce.credit import actions as credit
from unwall.commerce.credit.values import OrderDue
from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.facts import counter_sale_facts
from unwall.commerce.orders.values import Channel, SaleDone, StoredPromise, TotalChanged
from unwall.commerce.payments import actions as payments
from unwall.commerce.payments.values import TillPayment
from unwall.commerce.pricing.promotion_rules import tidy_code
from unwall.commerce.pricing.quotes import priced
from unwall.commerce.pricing.reads import (
    BuyerAsked,
    SegmentsOf,
    UsesAsked,
    buyer,
    codes_left,
    no_segments,
    promotion_uses,
    store_pricing,
)
from unwall.commerce.pricing.uses import OrderUses, using
from unwall.commerce.pricing.values import Item, LineAsked, Personal, PricedOrder, QuoteRequest, TaxPlace
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.journal import actions as journal
from unwall.kernel import typed
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.kernel.statements import execute
from unwall.kernel.text import N_
from unwall.people import reads as people
from unwall.people.values import Staff

NOT_SOLD = N_("One of these products is not sold here.")
TOTAL_CHANGED = N_("The total is not what was shown. Tell the customer the new one, then finish the sale.")


class CounterSale(msgspec.Struct, frozen=True):
    """`sale_id` is chosen by the caller and makes the sale idempotent. `member_code` is the merchant's customer number,
    or empty. `agreed_total` is what the till showed, in minor units; None: whatever it costs now.
    """

    sale_id: UUID
    node_id: UUID
    lines: Sequence[VariantQuantity]
    member_code: str = ""
    codes: Sequence[str] = ()
    """Of promotions."""
    agreed_total: int | None = None
    paid: TillPayment = TillPayment()
    by_credit: "CounterCredit | None" = None


class CounterCredit(msgspec.Struct, frozen=True):
    """The gift cards that pay first, and what the till showed that they pay, in minor units."""

    cards: Sequence[UUID]
    agreed: int


async def sell_at_counter(
    conn: Transaction, staff: Staff, sale: CounterSale, now: datetime, segments_of: SegmentsOf = no_segments
) -> UUID:
    """Returns the order's id. Raises `stock.Short` naming the missing units, `Invalid`, `NotFound`, `TotalChanged`,
    `CreditChanged`, and `SaleDone` if the sale's id was used for another basket.
    """
    basket = _basket(sale.lines)
    order_id, member_id = new_id(), await member_of_code(conn, staff.merchant_id, sale.member_code)
    if not await _insert_order(conn, staff, sale, order_id, now):
        return await _earlier_sale(conn, staff.merchant_id, sale.sale_id, basket)
    await conn.execute("UPDATE sales_order SET member_id = $2 WHERE id = $1", order_id, member_id)
    till = Till(sale.node_id, member_id, sale.codes, segments_of)
    order = await quoted_basket(conn, staff.merchant_id, till, basket, now)
    if order is None:
        raise NotFound(NOT_SOLD)
    if sale.agreed_total not in (None, order.quote.total):
        raise TotalChanged(TOTAL_CHANGED)
    await _insert_lines(conn, order_id, order)
    await _take_payment(conn, order_id, sale, f"staff:{staff.email}")
    await execute(conn, using([OrderUses(order_id, staff.merchant_id, member_id, order)]))
    sold = [VariantQuantity(variant_id, quantity) for variant_id, quantity in basket.items()]
    cause = Cause(order_id, Reason.COUNTER_SALE, f"staff:{staff.email}")
    await stock.counter_sell(conn, staff.merchant_id, sale.node_id, sold, cause)
    made = await reads.order(conn, order_id, "en")
    assert made is not None
    await journal.record(conn, counter_sale_facts(made, sale.node_id, now))
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


async def member_of_code(conn: Connection, merchant_id: UUID, typed_code: str) -> UUID | None:
    """The member with this customer number; None where none was typed. Raises `Invalid` (member_code)."""
    code = typed.code(typed_code)
    if not code:
        return None
    member_id = await people.member_id_by_code(conn, merchant_id, code)
    if member_id is None:
        raise Invalid.one("member_code", N_("There is no customer with this number."))
    return member_id


async def _earlier_sale(conn: Connection, merchant_id: UUID, sale_id: UUID, basket: dict[UUID, int]) -> UUID:
    """The order with this sale id, if it has the same basket. Raises `SaleDone`."""
    sale = await conn.fetchrow(
        """
        SELECT o.id, (SELECT array_agg((variant_id, quantity)) FROM order_line WHERE order_id = o.id) AS lines
        FROM sales_order o WHERE o.sale_id = $1 AND o.merchant_id = $2
        """,
        sale_id,
        merchant_id,
    )
    if sale is None or dict(sale["lines"]) != basket:
        raise SaleDone(N_("This sale is finished already. Start a new one."))
    order_id: UUID = sale["id"]
    return order_id


async def _insert_order(conn: Transaction, staff: Staff, sale: CounterSale, order_id: UUID, now: datetime) -> bool:
    """Insert the order as paid and fulfilled, without totals; False if the sale's id was used before."""
    if staff.node_id not in (None, sale.node_id):
        raise NotFound(N_("There is no such shop."))
    numbers = rules.order_numbers(await _merchant_slug(conn, staff.merchant_id, sale.node_id), order_id)
    made = await conn.fetchval(
        """
        INSERT INTO sales_order (id, merchant_id, number, sale_id, channel, state, method, currency, items_total,
            total, promise, placed_at, paid_at)
        SELECT $1, m.id, free_number(m.id, $4), $3, 'counter', 'fulfilled', 'taken', m.currency, 0, 0, $5, $6, $6
        FROM merchant_profile m WHERE m.id = $2
        ON CONFLICT (merchant_id, sale_id) WHERE sale_id IS NOT NULL DO NOTHING RETURNING id
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


async def _insert_lines(conn: Transaction, order_id: UUID, order: PricedOrder) -> None:
    """Insert the lines at the quoted prices, and the totals."""
    quote = order.quote
    made = await conn.execute(
        """
        INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,
            unit_price, total, reduction, tax)
        SELECT o.id, q.line, o.merchant_id, v.product_id, v.id, v.title, v.sku, v.options, q.quantity, q.unit_price,
            q.list_total, q.list_total - q.total, q.tax
        FROM jsonb_to_recordset($2) AS q (line smallint, variant_id uuid, quantity int, unit_price bigint,
                list_total bigint, total bigint, tax bigint)
            JOIN variant_summary v ON v.id = q.variant_id
            JOIN sales_order o ON o.id = $1 AND o.merchant_id = v.merchant_id
        """,
        order_id,
        list(quote.lines),
    )
    if made != f"INSERT 0 {len(quote.lines)}":
        raise NotFound(NOT_SOLD)
    await conn.execute(
        """
        UPDATE sales_order o SET items_total = $2, discount_total = $3, tax_total = $4, tax_added = $5, total = $6,
            pricing = $7
        WHERE o.id = $1
        """,
        order_id,
        quote.goods,
        quote.reduction,
        quote.tax,
        quote.tax_added,
        quote.total,
        order,
    )


async def _take_payment(conn: Transaction, order_id: UUID, sale: CounterSale, actor: str) -> None:
    """What gift cards pay, and what the till has taken for the rest."""
    sums = await conn.fetchrow("SELECT merchant_id, total, currency, paid_at FROM sales_order WHERE id = $1", order_id)
    assert sums is not None
    paid_by_credit = 0
    if sale.by_credit:
        due = OrderDue(order_id, sums["merchant_id"], sums["currency"], sums["total"], actor)
        paid_by_credit = await credit.spend(conn, due, sale.by_credit.cards, sums["paid_at"])
        credit.check_agreed(paid_by_credit, sale.by_credit.agreed)
        await conn.execute("UPDATE sales_order SET credit_total = $2 WHERE id = $1", order_id, paid_by_credit)
    if paid_by_credit < sums["total"] or not paid_by_credit:
        rest = Money(sums["total"] - paid_by_credit, sums["currency"])
        taken = payments.TakenAtTill(order_id, sums["merchant_id"], rest, sale.paid)
        await payments.take_at_till(conn, taken, sums["paid_at"])


class Till(msgspec.Struct, frozen=True):
    """Where it is sold, to whom, and the codes of promotions that they showed."""

    node_id: UUID
    member_id: UUID | None = None
    codes: Sequence[str] = ()
    segments_of: SegmentsOf = no_segments


async def quoted_basket(
    conn: Connection, merchant_id: UUID, till: Till, basket: Mapping[UUID, int], now: datetime
) -> PricedOrder | None:
    """What goods cost that are handed over at the node; None where one is not sold by the merchant."""
    items = await catalogue.items(conn, basket, "en")
    if any(variant not in items or items[variant].merchant_id != merchant_id for variant in basket):
        return None
    pricing = (await store_pricing(conn, [merchant_id]))[merchant_id]
    country = await conn.fetchval("SELECT country FROM node_profile WHERE id = $1", till.node_id)
    codes = await codes_left(conn, merchant_id, [tidy_code(code) for code in till.codes if code.strip()])
    own = tuple(_priced_item(items[variant]) for variant in basket)
    uses = await promotion_uses(conn, [UsesAsked(one.id, till.member_id) for one in pricing.limited(own, codes)])
    who = await buyer(conn, pricing, till.member_id)
    if till.member_id and pricing.segmented(own, codes):
        segments = await till.segments_of(conn, [BuyerAsked(merchant_id, till.member_id)])
        who = replace(who, segments=segments.get((merchant_id, till.member_id), ()))
    personal = Personal(who, tuple(codes), tuple(uses.values()))
    lines = tuple(LineAsked(n, variant, count) for n, (variant, count) in enumerate(basket.items(), 1))
    typed_codes = tuple(dict.fromkeys(tidy_code(code) for code in till.codes if code.strip()))
    request = QuoteRequest(now, Channel.COUNTER, lines, place=TaxPlace(country or ""), codes=typed_codes)
    return priced(request, pricing.facts(own, (), personal))


def _priced_item(item: VariantItem) -> Item:
    return Item(item.variant_id, item.product_id, item.price, item.category_id, item.tax_class, item.weight_g)
