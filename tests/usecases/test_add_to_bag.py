"""Additions to carts that may arrive twice, and share a transaction with those of others."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.commerce.market import NOW, facts, open_market, visitor
from unwall.commerce.orders.cart import Addition
from unwall.commerce.orders.cart_values import Cart
from unwall.commerce.orders.values import Origin
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.idempotency import StoredAnswer, keyed_request
from unwall.kernel.ids import new_id
from unwall.usecases.add_to_bag import BagBatcher


def wanted(visit, variant, quantity=1, *, key="the first one", body=b"body"):
    request = keyed_request(f"visitor {visit.visitor_id}", key, body)
    return request, Addition(visit, variant, quantity, Origin(page="api"), NOW)


async def together(*calls):
    return await asyncio.gather(*calls, return_exceptions=True)


def cart_of(answer: StoredAnswer) -> Cart:
    return msgspec.json.decode(answer.body, type=Cart)


async def test_many_visitors_each_get_their_own_cart(db):
    market, bags = await open_market(db), BagBatcher(db)
    visits = [visitor(lang="zh" if n == 3 else "en") for n in range(5)]
    answers = await together(*(bags.add(*wanted(visit, market.red, n + 1)) for n, visit in enumerate(visits)))
    carts = [cart_of(answer) for answer in answers]
    assert [cart.person_id for cart in carts] == [visit.visitor_id for visit in visits]
    assert [cart.wanted for cart in carts] == [{market.red: n + 1} for n in range(5)]
    assert [cart.lines[0].title for cart in carts].count("真丝围巾") == 1
    assert Counter(kind for kind, *_ in await facts(db)) == {"add-to-cart": 5}


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_request_that_arrives_twice_at_once_adds_once(db, processes):
    market, visit = await open_market(db), visitor()
    bags = [BagBatcher(db) for _ in range(processes)] * 2
    answers = await together(*(one.add(*wanted(visit, market.red, 2)) for one in bags))
    answers.append(await bags[0].add(*wanted(visit, market.red, 2)))
    assert len(set(map(msgspec.json.encode, answers))) == 1
    assert cart_of(answers[0]).wanted == {market.red: 2}
    assert len(await facts(db)) == 1


async def test_two_requests_of_one_visitor_at_once_both_count(db):
    market, visit, bags = await open_market(db), visitor(), BagBatcher(db)
    await together(
        bags.add(*wanted(visit, market.red, 2)),
        bags.add(*wanted(visit, market.red, 3, key="the second one")),
        bags.add(*wanted(visit, market.tea, 1, key="the third one")),
    )
    last = await bags.add(*wanted(visit, market.tea, 1, key="the fourth one"))
    assert cart_of(last).wanted == {market.red: 5, market.tea: 2}


async def test_a_key_with_another_body_is_refused(db):
    market, visit, bags = await open_market(db), visitor(), BagBatcher(db)
    await bags.add(*wanted(visit, market.red))
    with pytest.raises(Conflict) as caught:
        await bags.add(*wanted(visit, market.red, 2, body=b"another"))
    assert caught.value.code == "key-reused"
    assert len(await facts(db)) == 1


async def test_who_is_refused_does_not_hinder_the_others_and_may_come_again(db):
    market, bags, visits = await open_market(db), BagBatcher(db), [visitor() for _ in range(3)]
    good, many, unknown = await together(
        bags.add(*wanted(visits[0], market.red)),
        bags.add(*wanted(visits[1], market.red, 100)),
        bags.add(*wanted(visits[2], new_id())),
    )
    assert [type(answer) for answer in (good, many, unknown)] == [StoredAnswer, Invalid, NotFound]
    # under the same keys, since nothing came of them
    again = await together(
        bags.add(*wanted(visits[1], market.red, 99)),
        bags.add(*wanted(visits[2], market.tea, body=b"another")),
    )
    assert [cart_of(answer).wanted for answer in again] == [{market.red: 99}, {market.tea: 1}]
    # and more than 99 of one thing are refused when they add up
    with pytest.raises(Invalid, match="quantity"):
        await bags.add(*wanted(visits[1], market.red, key="one more, please"))
    assert len(await facts(db)) == 3


class Died(BaseException):
    """The process is gone."""


class Dying(Database):
    """Dies before each commit."""

    @asynccontextmanager
    async def transaction(self):
        async with super().transaction() as conn:
            yield conn
            raise Died


async def test_an_addition_that_died_before_its_commit_is_done_again(db):
    market, visit = await open_market(db), visitor()
    with pytest.raises(Died):
        await BagBatcher(Dying(db.pool, db.url)).add(*wanted(visit, market.red))
    assert await facts(db) == []
    assert cart_of(await BagBatcher(db).add(*wanted(visit, market.red))).wanted == {market.red: 1}
    assert len(await facts(db)) == 1
