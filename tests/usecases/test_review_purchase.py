"""Reviews of what was bought: only by its buyer, only after it was handed over, asked for once."""

import msgspec
import pytest

from tests.commerce.market import ANN, NOW, PAYS, checkout_of, fill_cart, open_market, staff, visitor
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.fulfilment.reads import shipments_of
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.content.questions.actions import ask
from unwall.content.questions.values import NotABuyer, Said
from unwall.content.reviews.reads import asked_orders, ratings
from unwall.content.reviews.values import NotBought, ReviewDraft
from unwall.journal.values import Event, EventKind, Visit
from unwall.kernel.errors import SignInNeeded, TooMany
from unwall.kernel.ids import new_id
from unwall.usecases import review_purchase
from unwall.usecases.ask_for_reviews import ASK, HANDED_OVER, ReviewRequests

GOOD = ReviewDraft(5, "Warm.", "Ann")


async def a_member(db) -> Visit:
    member_id, visit = new_id(), visitor()
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO member (id, email, name) VALUES ($1, $2, 'Ann')", member_id, f"{member_id}@e.org"
        )
        await conn.execute("INSERT INTO visitor (id, member_id) VALUES ($1, $2)", visit.visitor_id, member_id)
    return Visit(visit.visitor_id, visit.session_id, member_id, "en", visit.place)


async def bought(db, market, visit, variant):
    checkout = checkout_of(db)
    cart = await fill_cart(db, visit, (variant, 1))
    prepared = await checkout.prepare(visit, cart, DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW)
    return await checkout.pay(prepared.id, PAYS, NOW)


async def sent(db, market, order):
    """Every parcel of the order leaves."""
    async with db.read() as conn:
        shipments = await shipments_of(conn, [order.id], "en")
    for shipment in shipments:
        await left(db, market, shipment)


async def left(db, market, shipment):
    who = staff(market, shipment.node_id)
    async with db.transaction() as conn:
        await fulfilment.start_picking(conn, shipment.id, who, NOW)
        for line in await task_lines(conn, shipment.id):
            await fulfilment.pick_line(conn, shipment.id, line, 1, who, NOW)
        await fulfilment.make_ready(conn, shipment.id, who, NOW)
        await hand_to_carrier(conn, shipment.id, "SF123", who, NOW)


async def task_lines(conn, shipment_id):
    found = await conn.fetch("SELECT line FROM shipment_line WHERE shipment_id = $1 ORDER BY line", shipment_id)
    return [one["line"] for one in found]


async def written(db, visit, market, draft=GOOD, **more):
    return await review_purchase.write_review(db, visit, market.scarf, draft, NOW, **more)


async def test_only_a_buyer_whose_goods_left_writes_a_review(db):
    market, ann, bob = await open_market(db), await a_member(db), await a_member(db)
    order = await bought(db, market, ann, market.red)
    with pytest.raises(NotBought):
        await written(db, ann, market)  # it is still here
    await sent(db, market, order)
    with pytest.raises(NotBought):
        await written(db, bob, market)  # did not buy it
    with pytest.raises(NotBought):
        await written(db, bob, market, order_id=order.id)  # somebody else's order
    with pytest.raises(NotBought):
        await written(db, ann, market, order_id=new_id())
    with pytest.raises(SignInNeeded):
        await written(db, visitor(), market)
    async with db.read() as conn:
        assert await ratings(conn, [market.scarf]) == {}
    await written(db, ann, market, order_id=order.id)
    async with db.read() as conn:
        assert (await ratings(conn, [market.scarf]))[market.scarf].by_stars == (0, 0, 0, 0, 1)
        assert await conn.fetchval("SELECT order_id FROM review") == order.id


async def test_goods_that_came_back_are_no_proof(db):
    market, ann = await open_market(db), await a_member(db)
    await sent(db, market, await bought(db, market, ann, market.red))
    async with db.transaction() as conn:
        await conn.execute("UPDATE order_line SET returned = quantity")
    with pytest.raises(NotBought):
        await written(db, ann, market)


async def test_who_writes_without_end_has_to_wait(db):
    market, ann = await open_market(db), await a_member(db)
    await sent(db, market, await bought(db, market, ann, market.red))
    for n in range(20):
        await written(db, ann, market, ReviewDraft(1 + n % 5, "", "Ann"))
    with pytest.raises(TooMany):
        await written(db, ann, market)


async def test_buyers_answer_questions(db):
    market, ann, bob = await open_market(db), await a_member(db), await a_member(db)
    await sent(db, market, await bought(db, market, ann, market.red))
    async with db.transaction() as conn:
        question_id = await ask(conn, bob, market.scarf, Said("Warm?", "Bob"), NOW)
    with pytest.raises(NotABuyer):
        async with db.transaction() as conn:
            await review_purchase.answer_question(conn, bob, question_id, Said("No idea", "Bob"))
    async with db.transaction() as conn:
        await review_purchase.answer_question(conn, ann, question_id, Said("Very", "Ann"))
    async with db.read() as conn:
        assert await conn.fetchval("SELECT words FROM answer") == "Very"


# --- asking -----------------------------------------------------------------------------------------------------------


async def jobs(db, entrypoint):
    async with db.read() as conn:
        sql = (
            "SELECT payload, execute_after - created > '47 h' AS later FROM pgqueuer WHERE entrypoint = $1 ORDER BY id"
        )
        return [tuple(one) for one in await conn.fetch(sql, entrypoint)]


async def test_the_buyer_is_asked_once_after_the_last_goods_left(db, monkeypatch):
    monkeypatch.setattr("unwall.usecases.ask_for_reviews.now", lambda: NOW)
    market, ann = await open_market(db), await a_member(db)
    order = await bought(db, market, ann, market.red)
    requests = ReviewRequests(db, 48)
    await sent(db, market, order)
    [(payload, _)] = await jobs(db, HANDED_OVER)
    await requests.handed_over(payload)
    await requests.handed_over(payload)  # the worker died before it was recorded
    [(asking, later)] = await jobs(db, ASK)
    assert later
    async with db.read() as conn:
        assert await review_purchase.reviews_due(conn, ann, "en") == []
    await requests.ask(asking)
    async with db.read() as conn:
        first = await asked_orders(conn, ann.person_ids, 10)
    await requests.ask(asking)
    async with db.read() as conn:
        assert await asked_orders(conn, ann.person_ids, 10) == first
        [due] = await review_purchase.reviews_due(conn, ann, "en")
    assert (due.order_id, due.product_id, due.title) == (order.id, market.scarf, "Silk scarf")
    await written(db, ann, market)
    async with db.read() as conn:
        assert await review_purchase.reviews_due(conn, ann, "en") == []


async def test_of_several_orders_of_a_day_the_buyer_is_told_of_one_and_all_goods_are_listed(db, monkeypatch):
    monkeypatch.setattr("unwall.usecases.ask_for_reviews.now", lambda: NOW)
    market, ann = await open_market(db), await a_member(db)
    requests = ReviewRequests(db, 0)
    for _ in range(2):
        await sent(db, market, await bought(db, market, ann, market.red))
    for payload, _ in await jobs(db, HANDED_OVER):
        await requests.handed_over(payload)
    for payload, _ in await jobs(db, ASK):
        await requests.ask(payload)
    async with db.read() as conn:
        assert len(await asked_orders(conn, ann.person_ids, 10)) == 2
        assert await conn.fetchval("SELECT count(*) FROM journal WHERE kind = 'review-request'") == 1


async def test_an_order_with_goods_still_here_is_not_asked_for(db):
    market, ann = await open_market(db), await a_member(db)
    order = await bought(db, market, ann, market.red)
    event = Event(new_id(), NOW, EventKind.SHIPPED, market.merchant, order_id=order.id)
    await ReviewRequests(db, 0).handed_over(msgspec.json.encode([event]))
    assert await jobs(db, ASK) == []
