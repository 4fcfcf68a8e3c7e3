"""Paying an order by gift cards and store credit: what is put aside before the rest is asked of a gateway, what a bag
could pay with, and their audit (rules G3 to G6 in docs/rules/credit.md).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.credit import actions, reads, rules
from unwall.commerce.credit.values import CreditAccount, CreditDiscrepancy, OrderDue
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.checkout_values import CreditAsked, LockedOrder
from unwall.commerce.orders.locks import lock_cart, lock_order
from unwall.commerce.orders.reads import is_own
from unwall.commerce.orders.values import OrderState
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database, Transaction, rows
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.text import N_

NO_SUCH_BAG = N_("There is no such bag.")


async def put_aside(db: Database, order_id: UUID, visit: Visit | None, asked: CreditAsked, now: datetime) -> None:
    """Hold what is to pay the order, instead of what was held for it before. An order that is paid, closed, or whose
    payment is on its way keeps what it has. Raises `NotFound`, and `CreditChanged` where it is not what was agreed."""
    async with db.transaction() as conn:
        order = await lock_order(conn, order_id)
        if visit and not await is_own(conn, visit.member_id, visit.visitor_id, order_id):
            raise NotFound(N_("There is no such order."))
        overdue = order.expires_at is not None and order.expires_at <= now
        if order.state is not OrderState.PREPARED or order.payment or overdue:
            return
        wanted = await _accounts_of_order(conn, order, store_credit=asked.store_credit)
        due = OrderDue(order.id, order.merchant_id, order.currency, order.total, f"visitor:{order.visitor_id}")
        taken = await actions.hold(conn, due, [account.id for account in wanted], now)
        actions.check_agreed(taken, asked.agreed)
        await conn.execute("UPDATE sales_order SET credit_total = $2 WHERE id = $1", order_id, taken)


async def _accounts_of_order(conn: Connection, order: LockedOrder, *, store_credit: bool) -> list[CreditAccount]:
    cards = await gift_cards_of(conn, order.cart_id) if order.cart_id else []
    if not store_credit or order.member_id is None:
        return cards
    own = await reads.store_credit(conn, order.merchant_id, order.member_id, order.currency)
    return [*cards, own] if own else cards


async def gift_cards_of(conn: Connection, cart_id: UUID) -> list[CreditAccount]:
    ids = await conn.fetch("SELECT account_id FROM cart_gift_card WHERE cart_id = $1", cart_id)
    return await reads.accounts(conn, [record["account_id"] for record in ids]) if ids else []


async def credit_for_cart(conn: Connection, visit: Visit, cart: Cart) -> list[CreditAccount]:
    """What the shopper could pay the bag with: its gift cards, and the member's store credit."""
    cards = await gift_cards_of(conn, cart.id)
    if visit.member_id is None:
        return cards
    own = await reads.store_credit(conn, cart.merchant_id, visit.member_id, cart.currency)
    return [*cards, own] if own and own.available else cards


async def released_by(conn: Connection, cart_id: UUID) -> dict[UUID, int]:
    """What the bag's unpaid order holds of accounts, which paying anew takes again first: by account."""
    sql = """
        SELECT c.account_id, sum(c.amount)::bigint AS amount
        FROM sales_order o JOIN order_credit c ON c.order_id = o.id AND c.state = 'held'
        WHERE o.cart_id = $1 AND o.state = 'prepared' GROUP BY c.account_id
    """
    return {record["account_id"]: record["amount"] for record in await conn.fetch(sql, cart_id)}


async def add_gift_card(conn: Transaction, visit: Visit, cart_id: UUID, code: str, now: datetime) -> bool:
    """False for what is no gift card's code of the merchant. Raises `Invalid` (code) where nothing can be spent of the
    card, `NotFound`."""
    cart = await lock_cart(conn, visit, cart_id)
    tidied = rules.tidy_card_code(code)
    card = await reads.card_of_code(conn, cart.merchant_id, rules.code_hash(tidied)) if tidied else None
    if card is None or not cart.open:
        return False
    actions.check_usable(card, cart.currency, now)
    known = await gift_cards_of(conn, cart_id)
    if len(known) >= rules.MAX_CARDS_PER_ORDER and card not in known:
        raise Invalid.one("code", N_("At most {limit} gift cards for an order.", limit=rules.MAX_CARDS_PER_ORDER))
    sql = "INSERT INTO cart_gift_card (cart_id, merchant_id, account_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    await conn.execute(sql, cart_id, cart.merchant_id, card.id)
    return True


async def remove_gift_card(conn: Transaction, visit: Visit, cart_id: UUID, account_id: UUID) -> None:
    """Raises `NotFound` for another person's cart."""
    await lock_cart(conn, visit, cart_id)
    await conn.execute("DELETE FROM cart_gift_card WHERE cart_id = $1 AND account_id = $2", cart_id, account_id)


_AUDIT = """
    WITH used AS (
        SELECT order_id, sum(amount)::bigint AS amount, sum(amount - given_back)::bigint AS kept
        FROM order_credit GROUP BY order_id
    )
    SELECT 'paid by credit' AS what, o.id, coalesce(u.amount, 0) AS expected, o.credit_total AS actual
        FROM sales_order o LEFT JOIN used u ON u.order_id = o.id
        WHERE (u.order_id IS NOT NULL OR o.credit_total > 0) AND o.credit_total <> coalesce(u.amount, 0)
    UNION ALL SELECT 'credit kept of a closed order', o.id, 0, u.kept
        FROM used u JOIN sales_order o ON o.id = u.order_id WHERE o.state IN ('cancelled', 'expired') AND u.kept > 0
    ORDER BY id, what
"""


async def audit_credit(conn: Connection) -> Sequence[CreditDiscrepancy]:
    """Every account and order of which the ledger of credit says something else; empty when all agree."""
    return [*await reads.audit(conn), *await rows(conn, CreditDiscrepancy, _AUDIT)]
