"""A promotion for a segment counts for the members who are in it, whatever channel they come through."""

import asyncio
from uuid import UUID

from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, Market, fill_cart, open_market, staff, visitor
from tests.commerce.pricing.quoting import promotion
from tests.insight.segments.people import NOW as COUNTED
from tests.insight.segments.people import Person, write_people
from tests.insight.segments.test_segments import LOYAL, add_members, save
from unwall.commerce.orders import cart as carts
from unwall.commerce.orders import reads as orders
from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.counter_sale import CounterSale, sell_at_counter
from unwall.commerce.orders.quoting import store_for
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.pricing import actions as pricing
from unwall.commerce.pricing.reads import DatabasePricing
from unwall.commerce.pricing.values import CodeAnswer, Conditions, PriceRefusal, PromotionKind
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.commerce.stock.values import VariantQuantity
from unwall.insight.profiles.values import Lifecycle
from unwall.insight.segments.jobs import Materialiser
from unwall.insight.segments.reads import segments_of_buyers
from unwall.insight.segments.values import SegmentDraft
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
CODE = "LOYAL-20"
REFUSED = (CodeAnswer(CODE, PriceRefusal.CUSTOMER),)


async def loyal_and_new(db: Database, market: Market, folder) -> tuple[UUID, UUID, UUID]:
    """A voucher's segment, a member in it, and one who is not; each with a customer number."""
    segment_id = new_id()
    loyal, new = await add_members(db, 2)
    await save(db, market.merchant, SegmentDraft(segment_id, "Loyal", LOYAL))
    write_people(folder, [Person(loyal, Lifecycle.LOYAL), Person(new, Lifecycle.NEW)], market.merchant)
    await Materialiser(db, folder).refresh(COUNTED)
    rule = promotion(1, PromotionKind.AMOUNT, 2000, by_code=True, conditions=Conditions(segments=(segment_id,)))
    async with db.confined(market.merchant) as conn:
        await pricing.save_promotion(conn, market.merchant, rule, active=True)
        await pricing.add_codes(conn, market.merchant, rule.id, [CODE], None)
    async with db.transaction() as conn:
        sql = "INSERT INTO member_code (merchant_id, code, member_id) VALUES ($1, $2, $3)"
        await conn.executemany(sql, [(market.merchant, "L-1", loyal), (market.merchant, "N-1", new)])
    return segment_id, loyal, new


async def test_a_voucher_for_a_segment_is_refused_to_others_and_says_why(db: Database, tmp_path) -> None:
    market = await open_market(db)
    segment_id, loyal, new = await loyal_and_new(db, market, tmp_path)
    checkout = Checkout(db, HoldBatcher(db), TestGateway(db), merchants=DatabasePricing(segments_of_buyers))
    visits = [replace(visitor(), member_id=member) for member in (loyal, new, None)]
    bags = []
    for visit in visits:
        bags.append(await fill_cart(db, visit, (market.red, 1)))
        async with db.transaction() as conn:
            await carts.add_code(conn, visit, bags[-1], CODE)
    # as the bag's page and the API ask, before anything is ordered
    for visit, segments in zip(visits, ((segment_id,), (), ()), strict=True):
        async with db.read() as conn:
            [cart] = await orders.carts(conn, visit, "en")
            store = await DatabasePricing().pricing(conn, market.merchant)
            rates = await DatabasePricing().rates(conn, market.merchant)
            quoted = await store_for(conn, cart, store, rates, visit, segments_of_buyers)
        assert quoted.buyer.segments == segments
    made = await asyncio.gather(
        *(checkout.prepare(visit, bag, SHIP, ANN, NOW) for visit, bag in zip(visits, bags, strict=True))
    )
    assert [order.discount_total for order in made] == [2000, 0, 0]
    assert [order.quote.codes for order in made] == [(CodeAnswer(CODE),), REFUSED, REFUSED]


async def test_the_counter_asks_which_segments_the_customer_is_in(db: Database, tmp_path) -> None:
    market = await open_market(db)
    await loyal_and_new(db, market, tmp_path)
    told = []
    for number in ("L-1", "N-1", ""):
        lines = [VariantQuantity(market.red, 1)]
        sale = CounterSale(new_id(), market.west_lake, lines, member_code=number, codes=[CODE])
        async with db.confined(market.merchant) as conn:
            made = await sell_at_counter(conn, staff(market), sale, NOW, segments_of_buyers)
            order = await orders.order(conn, made, "en")
        told.append((order.discount_total, order.quote.codes))
    assert told == [(2000, (CodeAnswer(CODE),)), (0, REFUSED), (0, REFUSED)]
