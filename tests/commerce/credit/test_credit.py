"""Gift cards and store credit: what they pay, what is held of them, and where it goes back (G1 to G9)."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from tests.commerce.credit.crediting import (
    a_card,
    accounts,
    at_gateway,
    credit_of,
    member_visit,
    movements,
    ordered,
    put_card_in,
)
from tests.commerce.market import DECLINED, NOW, PAYS, checkout_of, open_market, sound, visitor
from unwall.commerce.credit import actions, reads, rules
from unwall.commerce.credit.values import (
    CreditAccount,
    CreditChanged,
    CreditGrant,
    CreditKind,
    CreditReason,
    GiftRecipient,
)
from unwall.commerce.orders import credit as order_credit
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.checkout_values import CreditAsked
from unwall.commerce.orders.give_back import give_back
from unwall.commerce.orders.locks import lock_order
from unwall.commerce.orders.values import OrderState, PaymentDeclined
from unwall.commerce.payments.actions import carry_out_refunds
from unwall.commerce.payments.payouts import payout_days
from unwall.commerce.payments.values import PaymentState, RefundDestination, RefundReason, RefundRequest, RefundTooLarge
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.ids import new_id

CARDS = CreditAsked(store_credit=False)
EVERYTHING = CreditAsked(store_credit=True)
TOTAL = 29800
"""A red scarf and its delivery."""
LATER = NOW + timedelta(hours=1)


def account(kind=CreditKind.GIFT_CARD, available=1000, **more) -> CreditAccount:
    facts = {"id": new_id(), "merchant_id": new_id(), "kind": kind, "currency": "CNY", "last4": "WXYZ"}
    facts |= {"member_id": None, "recipient": GiftRecipient(), "paid_by": "", "expires_at": None, "issued_at": NOW}
    return CreditAccount(**facts | {"sent_at": None, "voided_at": None, "available": available, "held": 0} | more)


def test_g3_cards_pay_before_store_credit_and_those_that_expire_first_before_others():
    own = account(CreditKind.STORE_CREDIT, 500)
    lasting, soon = account(available=300), account(available=200, expires_at=LATER)
    assert rules.shares([own, lasting, soon], 600, "CNY", NOW) == {soon.id: 200, lasting.id: 300, own.id: 100}
    assert list(rules.shares([own, lasting, soon], 600, "CNY", NOW)) == [soon.id, lasting.id, own.id]


def test_g6_what_is_voided_expired_empty_or_in_another_currency_pays_nothing():
    wrong = [
        account(voided_at=NOW),
        account(expires_at=NOW),
        account(currency="EUR"),
        account(available=0),
    ]
    assert rules.shares(wrong, 600, "CNY", NOW) == {}
    assert [rules.why_not(one, "CNY", NOW) for one in wrong] == [
        rules.VOIDED,
        rules.EXPIRED,
        rules.OTHER_CURRENCY,
        rules.EMPTY,
    ]


def test_g2_a_code_is_made_of_the_secret_and_read_as_people_write_it():
    card = UUID(int=1)
    code = rules.code_of(b"one", card)
    assert code == rules.code_of(b"one", card)
    assert len({code, rules.code_of(b"two", card), rules.code_of(b"one", UUID(int=2))}) == 3
    assert rules.tidy_card_code(rules.shown_code(code).lower().replace("-", " - ")) == code
    assert [rules.tidy_card_code(text) for text in ("", "SPRING", code[:-1], code + "A", "0" * 16)] == [""] * 5


async def test_g2_the_code_is_found_in_no_table_and_its_card_by_its_hash(db):
    market = await open_market(db)
    card = await a_card(db, market, 5000)
    code = rules.code_of(b"secret", card)
    async with db.read() as conn:
        stored = await conn.fetchval("SELECT string_agg(a::text, '') FROM credit_account a")
        assert code not in stored
        assert code[-4:] in stored
        known = await reads.card_of_code(conn, market.merchant, rules.code_hash(code))
        assert known is not None
        assert (known.id, known.last4, known.available) == (card, code[-4:], 5000)


async def test_g9_the_same_request_again_issues_once_and_a_reason_is_needed(db):
    market = await open_market(db)
    card = await a_card(db, market, 5000)
    await a_card(db, market, 5000, card_id=card)
    assert await accounts(db, market) == {card: (5000, 0)}
    assert await movements(db, card) == [(CreditReason.SOLD, 5000)]
    with pytest.raises(Invalid) as wrong:
        await a_card(db, market, 0, paid_by="", expires_at=NOW)
    assert set(wrong.value.by_field()) == {"amount", "expires_at", "note"}
    other = await open_market(db, slug="other")
    with pytest.raises(Conflict):
        await a_card(db, other, 5000, card_id=card)
    member = new_id()
    grant = CreditGrant(new_id(), market.merchant, member, 700, "late", "staff:bo@example.org")
    async with db.transaction() as conn:
        await actions.grant(conn, grant, "CNY", NOW)
        await actions.grant(conn, grant, "CNY", NOW)
    for wrong_grant, field in ((replace(grant, note=" "), "note"), (replace(grant, amount=-1), "amount")):
        with pytest.raises(Invalid) as refused:
            async with db.transaction() as conn:
                await actions.grant(conn, wrong_grant, "CNY", NOW)
        assert list(refused.value.by_field()) == [field]
    assert (await credit_of(db, market, member)).available == 700
    await sound(db)


async def test_g3_a_card_pays_its_part_and_the_gateway_the_rest(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000)
    order = await ordered(db, market, visit, card)
    paid = await checkout_of(db).pay(order.id, PAYS, NOW, visit, CreditAsked(False, 5000))
    assert (paid.state, paid.total, paid.credit_total, paid.payments[0].amount) == (OrderState.PAID, TOTAL, 5000, 24800)
    assert paid.quote == order.quote
    assert await at_gateway(db) == 24800
    assert await accounts(db, market) == {card: (0, 0)}
    assert await movements(db, card) == [
        (CreditReason.SOLD, 5000),
        (CreditReason.HELD, 5000),
        (CreditReason.SPENT, 5000),
    ]
    await sound(db)


async def test_g3_where_nothing_is_left_to_charge_no_gateway_is_asked(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 40000)
    order = await ordered(db, market, visit, card)
    paid = await checkout_of(db).pay(order.id, DECLINED, NOW, visit, CARDS)
    assert (paid.state, paid.credit_total) == (OrderState.PAID, TOTAL)
    assert [(one.gateway, one.amount, one.state) for one in paid.payments] == [("credit", 0, PaymentState.CAPTURED)]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM test_gateway_charge") == 0
    assert await accounts(db, market) == {card: (40000 - TOTAL, 0)}
    await checkout_of(db).cancel(order.id, "shopper", NOW)
    assert await accounts(db, market) == {card: (40000, 0)}
    await sound(db)


async def test_g5_what_is_held_for_a_declined_payment_is_let_go_when_the_order_expires(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000)
    order = await ordered(db, market, visit, card)
    with pytest.raises(PaymentDeclined):
        await checkout_of(db).pay(order.id, DECLINED, NOW, visit, CARDS)
    assert await accounts(db, market) == {card: (0, 5000)}
    await sound(db)
    await checkout_of(db).sweep(LATER)
    assert await accounts(db, market) == {card: (5000, 0)}
    await sound(db)


async def test_g4_another_attempt_holds_anew_and_less_than_agreed_charges_nothing(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000)
    order = await ordered(db, market, visit, card)
    with pytest.raises(PaymentDeclined):
        await checkout_of(db).pay(order.id, DECLINED, NOW, visit, CARDS)
    with pytest.raises(CreditChanged):
        await checkout_of(db).pay(order.id, PAYS, NOW, visit, CreditAsked(False, 6000))
    assert await accounts(db, market) == {card: (0, 5000)}
    assert await at_gateway(db) == 0
    paid = await checkout_of(db).pay(order.id, PAYS, NOW, visit, CreditAsked(False, 5000))
    assert paid.payments[-1].amount == 24800
    assert await at_gateway(db) == 24800
    await sound(db)


async def test_g4_two_orders_that_want_the_same_card_get_what_is_on_it_once(db, monkeypatch):
    market, first, second = await open_market(db), visitor(), visitor()
    card = await a_card(db, market, 5000)
    mine, theirs = await ordered(db, market, first, card), await ordered(db, market, second, card)
    original = order_credit.lock_order
    rivals: list[UUID] = []

    async def let_the_other_in(conn, order_id):
        locked = await original(conn, order_id)
        if not rivals:
            rivals.append(theirs.id)
            await checkout_of(db).pay(theirs.id, PAYS, NOW, second, CARDS)
        return locked

    monkeypatch.setattr(order_credit, "lock_order", let_the_other_in)
    with pytest.raises(CreditChanged):
        await checkout_of(db).pay(mine.id, PAYS, NOW, first, CreditAsked(False, 5000))
    assert rivals == [theirs.id]
    assert await accounts(db, market) == {card: (0, 0)}
    assert await at_gateway(db) == 24800
    await sound(db)


async def test_g4_many_at_once_never_take_more_than_there_is(db):
    market, visits = await open_market(db), [visitor() for _ in range(4)]
    card = await a_card(db, market, 50000)
    made = [await ordered(db, market, visit, card) for visit in visits]
    checkout = checkout_of(db)
    paid = await asyncio.gather(
        *(checkout.pay(order.id, PAYS, NOW, visit, CARDS) for order, visit in zip(made, visits, strict=True))
    )
    assert sum(order.credit_total for order in paid) == 50000
    assert sum(order.total - order.credit_total for order in paid) == await at_gateway(db) == 4 * TOTAL - 50000
    assert await accounts(db, market) == {card: (0, 0)}
    await sound(db)


async def test_g6_store_credit_is_spent_by_its_member_only(db):
    market, member = await open_market(db), await member_visit(db)
    async with db.transaction() as conn:
        request = CreditGrant(new_id(), market.merchant, member.member_id, 9000, "welcome", "staff:bo@example.org")
        await actions.grant(conn, request, "CNY", NOW)
    stranger = visitor()
    order = await ordered(db, market, stranger)
    assert (await checkout_of(db).pay(order.id, PAYS, NOW, stranger, EVERYTHING)).credit_total == 0
    order = await ordered(db, market, member)
    assert (await checkout_of(db).pay(order.id, PAYS, NOW, member, EVERYTHING)).credit_total == 9000
    assert (await credit_of(db, market, member.member_id)).available == 0
    await sound(db)


async def test_g6_a_card_of_another_merchant_or_one_that_is_voided_is_not_taken(db):
    market, other, visit = await open_market(db), await open_market(db, slug="other"), visitor()
    foreign, voided = await a_card(db, other, 5000), await a_card(db, market, 5000)
    async with db.confined(market.merchant) as conn:
        await actions.void(conn, market.merchant, voided, "lost", "staff:bo@example.org", NOW)
        with pytest.raises(Conflict):
            await actions.void(conn, market.merchant, voided, "lost", "staff:bo@example.org", NOW)
    order = await ordered(db, market, visit)
    async with db.transaction() as conn:
        code = rules.code_of(b"secret", foreign)
        assert not await order_credit.add_gift_card(conn, visit, order.cart_id, code, NOW)
        with pytest.raises(Invalid):
            code = rules.code_of(b"secret", voided)
            await order_credit.add_gift_card(conn, visit, order.cart_id, code, NOW)
    assert await movements(db, voided) == [(CreditReason.SOLD, 5000), (CreditReason.VOIDED, 5000)]
    await sound(db)


async def test_g6_what_comes_back_to_an_expired_card_can_be_spent_for_thirty_days(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000, expires_at=LATER)
    order = await ordered(db, market, visit, card)
    await checkout_of(db).pay(order.id, PAYS, NOW, visit, CARDS)
    then = NOW + timedelta(days=3)
    await checkout_of(db).cancel(order.id, "shopper", then)
    async with db.read() as conn:
        [known] = await reads.accounts(conn, [card])
    assert (known.available, known.expires_at) == (5000, then + timedelta(days=30))


async def refund_of(db, order_id, amount, destination=RefundDestination.PAYMENT, request_id=None) -> int:
    request = RefundRequest(request_id or new_id(), order_id, amount, RefundReason.GOODWILL, "", "staff:bo@example.org")
    async with db.transaction() as conn:
        order = await lock_order(conn, order_id)
        as_credit = await give_back(conn, order, request, destination, "test", NOW)
    await carry_out_refunds(db, checkout_of(db).gateway, order_id, NOW)
    return as_credit


async def test_g7_a_refund_gives_back_what_was_charged_first_and_then_the_card(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000)
    order = await ordered(db, market, visit, card)
    await checkout_of(db).pay(order.id, PAYS, NOW, visit, CARDS)
    assert await refund_of(db, order.id, 20000) == 0
    request = new_id()
    assert await refund_of(db, order.id, 6800, request_id=request) == 2000
    assert await refund_of(db, order.id, 6800, request_id=request) == 2000
    assert await accounts(db, market) == {card: (2000, 0)}
    with pytest.raises(RefundTooLarge):
        await refund_of(db, order.id, 3001)
    assert await refund_of(db, order.id, 3000) == 3000
    assert await accounts(db, market) == {card: (5000, 0)}
    assert await at_gateway(db) == 0
    await sound(db)


async def test_g8_a_refund_as_store_credit_keeps_the_money_and_counts_as_given_back(db):
    market, visit = await open_market(db), await member_visit(db)
    order = await ordered(db, market, visit)
    paid = await checkout_of(db).pay(order.id, PAYS, NOW, visit)
    request = new_id()
    for _ in range(2):
        assert await refund_of(db, order.id, 20000, RefundDestination.CREDIT, request) == 20000
    assert (await credit_of(db, market, visit.member_id)).available == 20000
    assert await at_gateway(db) == TOTAL
    with pytest.raises(RefundTooLarge):
        await refund_of(db, order.id, 9801)
    async with db.read() as conn:
        days = await payout_days(conn, market.merchant, "UTC", NOW.date(), NOW.date() + timedelta(days=1))
        [refund] = (await orders.order(conn, paid.id, "en")).refunds
    assert [(one.captured, one.refunded) for one in days] == [(TOTAL, 0)]
    assert refund.destination is RefundDestination.CREDIT
    await checkout_of(db).cancel(order.id, "shopper", NOW)
    assert await at_gateway(db) == 20000
    await sound(db)


async def test_g8_it_needs_a_member(db):
    market, visit = await open_market(db), visitor()
    order = await ordered(db, market, visit)
    await checkout_of(db).pay(order.id, PAYS, NOW, visit)
    with pytest.raises(Conflict):
        await refund_of(db, order.id, 100, RefundDestination.CREDIT)
    await sound(db)


async def test_g1_the_ledger_only_grows_and_no_balance_falls_below_zero(db):
    market = await open_market(db)
    card = await a_card(db, market, 5000)
    too_much = """
        INSERT INTO credit_ledger (at, merchant_id, account_id, reason, source, target, amount, cause_id, actor)
        VALUES (now(), $1, $2, 'held', 'available', 'held', 5001, gen_random_uuid(), 'test')
    """
    for sql, args, error in (
        ("UPDATE credit_ledger SET amount = 1", (), asyncpg.RaiseError),
        ("DELETE FROM credit_ledger", (), asyncpg.RaiseError),
        (too_much, (market.merchant, card), asyncpg.CheckViolationError),
    ):
        with pytest.raises(error):
            async with db.transaction() as conn:
                await conn.execute(sql, *args)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(market.merchant) as conn:
            await conn.execute("UPDATE credit_account SET available = 1")
    await sound(db)


async def test_g1_the_audit_tells_what_does_not_agree(db):
    market, visit = await open_market(db), visitor()
    card = await a_card(db, market, 5000)
    order = await ordered(db, market, visit, card)
    await checkout_of(db).pay(order.id, PAYS, NOW, visit, CARDS)
    async with db.transaction() as conn:
        await conn.execute("UPDATE credit_account SET available = 7")
        await conn.execute("UPDATE sales_order SET credit_total = 6")
    async with db.read() as conn:
        told = {(one.id, one.what, one.expected, one.actual) for one in await order_credit.audit_credit(conn)}
    assert told == {
        (card, "available by the ledger of credit", 0, 7),
        (card, "sum of all holders of credit", 0, 7),
        (order.id, "paid by credit", 5000, 6),
    }


async def test_g4_a_bag_takes_few_cards_and_no_strangers_bag_is_changed(db):
    market, visit = await open_market(db), visitor()
    order = await ordered(db, market, visit)
    cards = [await a_card(db, market, 100) for _ in range(rules.MAX_CARDS_PER_ORDER + 1)]
    for card in cards[:-1]:
        await put_card_in(db, visit, order.cart_id, card)
    with pytest.raises(Invalid):
        await put_card_in(db, visit, order.cart_id, cards[-1])
    await put_card_in(db, visit, order.cart_id, cards[0])
    with pytest.raises(NotFound):
        await put_card_in(db, visitor(), order.cart_id, cards[0])
