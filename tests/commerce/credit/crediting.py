"""Cards, members and orders of tests about credit."""

from datetime import datetime
from uuid import UUID

from tests.commerce.market import ANN, NOW, Market, checkout_of, fill_cart, visitor
from unwall.commerce.credit import actions, reads, rules
from unwall.commerce.credit.actions import Issuer
from unwall.commerce.credit.values import CreditAccount, CreditReason, GiftCardDraft
from unwall.commerce.orders.credit import add_gift_card
from unwall.commerce.orders.values import Order
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

SECRET = b"secret"


async def a_card(
    db: Database,
    market: Market,
    amount: int,
    *,
    card_id: UUID | None = None,
    paid_by: str = "cash",
    expires_at: datetime | None = None,
) -> UUID:
    draft = GiftCardDraft(card_id or new_id(), amount, expires_at, paid_by=paid_by)
    async with db.confined(market.merchant) as conn:
        by = Issuer(market.merchant, "CNY", "staff:bo@example.org")
        await actions.issue_gift_card(conn, by, draft, rules.code_of(SECRET, draft.id), NOW)
    return draft.id


async def put_card_in(db: Database, visit: Visit, cart_id: UUID, card: UUID) -> None:
    async with db.transaction() as conn:
        assert await add_gift_card(conn, visit, cart_id, rules.code_of(SECRET, card), NOW)


async def ordered(db: Database, market: Market, visit: Visit, *cards: UUID) -> Order:
    """One red scarf, and its delivery, to be paid with these cards."""
    cart = await fill_cart(db, visit, (market.red, 1))
    for card in cards:
        await put_card_in(db, visit, cart, card)
    return await checkout_of(db).prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)


async def member_visit(db: Database) -> Visit:
    member, visit = new_id(), visitor()
    async with db.transaction() as conn:
        sql = "INSERT INTO member (id, email, name) VALUES ($1, $2, 'Ann')"
        await conn.execute(sql, member, f"{member}@example.org")
    return Visit(visit.visitor_id, visit.session_id, member, "en", visit.place)


async def accounts(db: Database, market: Market) -> dict[UUID, tuple[int, int]]:
    """What is available and held of each account of the market."""
    async with db.read() as conn:
        sql = "SELECT id, available, held FROM credit_account WHERE merchant_id = $1"
        return {r["id"]: (r["available"], r["held"]) for r in await conn.fetch(sql, market.merchant)}


async def credit_of(db: Database, market: Market, member_id: UUID) -> CreditAccount:
    async with db.read() as conn:
        known = await reads.store_credit(conn, market.merchant, member_id, "CNY")
    assert known is not None
    return known


async def movements(db: Database, account_id: UUID) -> list[tuple[CreditReason, int]]:
    async with db.read() as conn:
        return [(entry.reason, entry.amount) for entry in await reads.ledger_of(conn, account_id)]


async def at_gateway(db: Database) -> int:
    """What the gateway has, less what it gave back."""
    async with db.read() as conn:
        sql = """
            SELECT (SELECT coalesce(sum(captured), 0) FROM test_gateway_charge WHERE state = 'captured')
                - (SELECT coalesce(sum(amount), 0) FROM test_gateway_refund)
        """
        return int(await conn.fetchval(sql))
