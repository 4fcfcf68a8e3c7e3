"""Questions on products: members ask, the merchant and buyers answer."""

import pytest

from tests.content.helpers import START, a_merchant, a_product, a_visitor, facts, signed_in
from unwall.content.questions import actions, reads
from unwall.content.questions.values import NoSuchQuestion, NotABuyer, QuestionFilter, Said
from unwall.kernel.errors import Invalid, SignInNeeded
from unwall.kernel.ids import new_id

WASH = Said("Can it be washed?", "Li")


@pytest.fixture
async def shop(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        return merchant, await a_product(conn, merchant, "Scarf")


async def a_member(db):
    async with db.transaction() as conn:
        return await signed_in(conn, await a_visitor(conn))


async def asked(db, product_id, visit, said=WASH):
    async with db.transaction() as conn:
        return await actions.ask(conn, visit, product_id, said, START)


async def answers(db, product_id):
    async with db.read() as conn:
        [found] = (await reads.product_questions(conn, product_id)).rows
    return [(answer.by_merchant, answer.author, answer.words) for answer in found.answers]


async def test_members_ask_about_what_is_on_sale(db, shop):
    visit = await a_member(db)
    await asked(db, shop[1], visit)
    async with db.transaction() as conn:
        visitor = await a_visitor(conn)
        assert await facts(conn, "question") == [(visit.visitor_id, visit.member_id, None, None)]
    for product_id, who, said, error in (
        (shop[1], visitor, WASH, SignInNeeded),
        (new_id(), visit, WASH, NoSuchQuestion),
        (shop[1], visit, Said("", "Li"), Invalid),
        (shop[1], visit, Said("x" * 1001, "Li"), Invalid),
        (shop[1], visit, Said("x", "\n"), Invalid),
    ):
        with pytest.raises(error):
            await asked(db, product_id, who, said)
    assert await answers(db, shop[1]) == []


async def test_the_merchant_and_buyers_answer_and_each_may_change_the_answer(db, shop):
    question_id = await asked(db, shop[1], await a_member(db))
    buyer = (await a_member(db)).member_id
    async with db.transaction() as conn:
        with pytest.raises(NotABuyer):
            await actions.answer_as_buyer(conn, buyer, question_id, Said("No idea", "Wei"), bought=False)
        await actions.answer_as_buyer(conn, buyer, question_id, Said("I did, cold.", "Wei"), bought=True)
        assert await reads.unanswered(conn, shop[0]) == 1
    async with db.confined(shop[0]) as conn:
        await actions.answer_as_merchant(conn, shop[0], question_id, Said("At 20 °C", "Tea"))
        await actions.answer_as_merchant(conn, shop[0], question_id, Said("At 30 °C", "Tea"))
        assert await reads.unanswered(conn, shop[0]) == 0
        assert (await reads.merchant_questions(conn, shop[0], "en", QuestionFilter(unanswered=True))).rows == []
        [listed] = (await reads.merchant_questions(conn, shop[0], "en", QuestionFilter("wash"))).rows
    assert listed.own_answer == "At 30 °C"
    assert await answers(db, shop[1]) == [(True, "Tea", "At 30 °C"), (False, "Wei", "I did, cold.")]


async def test_only_the_products_merchant_answers_as_merchant(db, shop):
    question_id = await asked(db, shop[1], await a_member(db))
    async with db.transaction() as conn:
        other = await a_merchant(conn, "silk")
    with pytest.raises(NoSuchQuestion):
        async with db.confined(other) as conn:
            await actions.answer_as_merchant(conn, other, question_id, Said("Yes", "Silk"))
    assert await answers(db, shop[1]) == []


async def test_a_dropped_question_is_not_shown_and_not_answered(db, shop):
    question_id = await asked(db, shop[1], await a_member(db))
    async with db.confined(shop[0]) as conn:
        assert await actions.drop(conn, question_id)
    async with db.transaction() as conn:
        assert (await reads.product_questions(conn, shop[1])).rows == []
        with pytest.raises(NoSuchQuestion):
            await actions.answer_as_merchant(conn, shop[0], question_id, Said("Yes", "Tea"))
        assert await actions.restore(conn, question_id)
        assert await reads.question(conn, question_id) is not None
