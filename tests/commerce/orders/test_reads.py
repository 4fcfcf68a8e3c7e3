"""What shoppers and staff see of orders."""

from datetime import timedelta

from msgspec.structs import replace

from tests.commerce.market import ANN, NOW, buy, checkout_of, fill_cart, open_market, staff, visitor
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.orders import listing, progress, reads, rules
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.commerce.orders.listing_values import OrderFilter
from unwall.commerce.orders.values import TimelineEntry
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod
from unwall.kernel.ids import derived_id, new_id
from unwall.people.actions import claim_visitor
from unwall.people.values import Member


async def add_member(db):
    member_id = new_id()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, name) VALUES ($1, 'A member')", member_id)
    return member_id


async def test_an_order_is_seen_by_who_placed_it(db):
    market, visit = await open_market(db), visitor()
    order = await buy(db, visit, (market.red, 1))
    async with db.read() as conn:
        assert (await reads.own_order(conn, visit, order.id, "en")).id == order.id
        assert await reads.own_order(conn, visitor(), order.id, "en") is None
        assert await reads.order(conn, new_id(), "en") is None
        assert await reads.story(conn, new_id(), "en") is None


async def test_a_member_sees_their_orders_from_any_device(db):
    market, ann = await open_market(db), Member(new_id(), "ann@example.org", "Ann", "en")
    phone = replace(visitor(), member_id=ann.id)
    order = await buy(db, phone, (market.tea, 1))
    laptop = replace(visitor(), member_id=ann.id)
    async with db.read() as conn:
        assert (await reads.own_order(conn, laptop, order.id, "en")).member_id == ann.id
        [row] = (await reads.orders_of(conn, laptop, None, 10, "en")).rows
        assert await reads.carts(conn, laptop, "en") == []
    assert row.id == order.id


async def own(db, visit, order):
    async with db.read() as conn:
        listed = [row.id for row in (await reads.orders_of(conn, visit, None, 10, "en")).rows]
        seen = await reads.own_order(conn, visit, order.id, "en") is not None
        assert await reads.is_own(conn, visit.member_id, visit.visitor_id, order.id) is seen
    assert listed == ([order.id] if seen else [])
    return seen


async def test_a_members_order_is_read_by_that_member_only(db):
    """Whoever holds the visitor's cookie, or signs in as another member with it, sees nothing."""
    market, ann, ben = await open_market(db), await add_member(db), await add_member(db)
    phone = replace(visitor(), member_id=ann)
    order = await buy(db, phone, (market.tea, 1))
    assert await own(db, replace(visitor(), member_id=ann), order)
    assert not await own(db, replace(phone, member_id=None), order)
    assert not await own(db, replace(phone, member_id=ben), order)


async def test_a_visitors_order_is_the_members_once_they_sign_in(db):
    market, visit = await open_market(db), visitor()
    ann, ben = await add_member(db), await add_member(db)
    order = await buy(db, visit, (market.tea, 1))
    assert await own(db, visit, order)
    async with db.transaction() as conn:
        await claim_visitor(conn, visit.visitor_id, ann)
    assert await own(db, replace(visitor(), member_id=ann), order)
    assert not await own(db, visit, order)
    assert not await own(db, replace(visit, member_id=ben), order)


async def test_lists_page_without_gap_and_leave_out_the_unpaid(db):
    market, visit = await open_market(db), visitor()
    bought = [await buy(db, visit, (market.tea, 1), now=NOW + timedelta(minutes=i)) for i in range(5)]
    checkout = checkout_of(db)
    left = await checkout.prepare(
        visit, await fill_cart(db, visit, (market.red, 1)), DeliveryChoice(DeliveryMethod.SHIP), ANN, NOW
    )
    await checkout.sweep(NOW + timedelta(hours=1))
    seen, after = [], None
    async with db.confined(market.merchant) as conn:
        while True:
            page = await listing.merchant_orders(conn, market.merchant, OrderFilter(), after, 2, "en")
            seen += page.rows
            after = page.after
            if after is None:
                break
    async with db.read() as conn:
        mine = await reads.orders_of(conn, visit, None, 10, "en")
    assert [row.id for row in seen] == [order.id for order in reversed(bought)]
    assert [row.id for row in mine.rows] == [row.id for row in seen]
    assert left.id not in {row.id for row in seen}
    assert (seen[0].customer, seen[0].units, seen[0].node_names, seen[0].total) == (
        "Ann Lin",
        1,
        ["Hangzhou West Lake"],
        10900,
    )


async def test_the_console_finds_by_number_and_name_and_takes_no_wildcards(db):
    market, visit = await open_market(db), visitor()
    order = await buy(db, visit, (market.tea, 1))
    found = {}
    async with db.confined(market.merchant) as conn:
        for query in (order.number.lower(), order.number[3:6], "ann", " Lin ", "%", "_", "nobody", "\\"):
            page = await listing.merchant_orders(conn, market.merchant, OrderFilter(query), None, 10, "en")
            found[query] = len(page.rows)
    assert list(found.values()) == [1, 1, 1, 1, 0, 0, 0, 0]


async def test_another_merchants_console_sees_nothing(db):
    market, other = await open_market(db), await open_market(db, slug="another")
    order = await buy(db, visitor(), (market.tea, 1))
    async with db.confined(other.merchant) as conn:
        assert await reads.order(conn, order.id, "en") is None
        assert (await listing.merchant_orders(conn, market.merchant, OrderFilter(), None, 10, "en")).rows == []


async def test_the_story_tells_why_there_and_every_movement(db):
    market, visit = await open_market(db), visitor()
    order, who = await buy(db, visit, (market.red, 2)), staff(market, market.west_lake)
    async with db.confined(market.merchant) as conn:
        [shipment] = (await reads.story(conn, order.id, "en")).shipments
        await fulfilment.pick_line(conn, shipment.id, 1, 2, who, NOW + timedelta(minutes=1))
        await fulfilment.make_ready(conn, shipment.id, who, NOW + timedelta(minutes=2))
        await hand_to_carrier(conn, shipment.id, "SF123", who, NOW + timedelta(minutes=3))
    async with db.confined(market.merchant) as conn:
        story = await reads.story(conn, order.id, "en")
    assert [(e.source, e.target, e.reason, e.quantity, e.actor) for e in story.ledger] == [
        ("available", "held", "hold", 2, f"visitor:{visit.visitor_id}"),
        ("held", "allocated", "allocate", 2, "system"),
        ("allocated", "outside", "issue", 2, "staff:bo@example.org"),
    ]
    assert story.order.sourcing[0].explanation.text_in("en").startswith("From Hangzhou West Lake: 1.9 km, ready 10:30")
    assert progress.timeline(story.order, story.shipments, story.steps) == [
        TimelineEntry("placed", NOW),
        TimelineEntry("paid", NOW),
        TimelineEntry("picking", NOW + timedelta(minutes=1)),
        TimelineEntry("ready", NOW + timedelta(minutes=2)),
        TimelineEntry("handed_over", NOW + timedelta(minutes=3)),
    ]


async def test_the_timeline_shows_what_is_to_come_and_ends_where_the_order_did(db):
    market, checkout = await open_market(db), checkout_of(db)
    order = await buy(db, visitor(), (market.red, 1), choice=DeliveryChoice(DeliveryMethod.PICKUP, market.bund))
    async with db.read() as conn:
        story = await reads.story(conn, order.id, "en")
    moments = progress.timeline(story.order, story.shipments, story.steps)
    assert [(m.state, m.at is not None) for m in moments] == [
        ("placed", True),
        ("paid", True),
        ("picking", False),
        ("ready", False),
        ("collected", False),
    ]
    cancelled = await checkout.cancel(order.id, "staff:bo@example.org", NOW)
    async with db.read() as conn:
        story = await reads.story(conn, order.id, "en")
    moments = progress.timeline(cancelled, story.shipments, story.steps)
    assert [m.state for m in moments] == ["placed", "paid", "cancelled"]


def test_order_numbers_are_short_readable_and_their_merchants_own():
    numbers = rules.order_numbers("liu-yun", derived_id("an order"))
    assert len(set(numbers)) == 8
    assert numbers == rules.order_numbers("liu-yun", derived_id("an order"))
    assert all(len(n) == 8 and n.startswith("LY-") and not set(n[3:]) & set("ILOU") for n in numbers)
    assert rules.order_numbers("tea", derived_id("x"))[0][:3] == "TE-"


async def test_a_number_that_is_taken_is_not_given_twice(db):
    market = await open_market(db)
    numbers = ["LY-00000", "LY-11111"]
    order = await buy(db, visitor(), (market.tea, 1))
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET number = 'LY-00000' WHERE id = $1", order.id)
        assert await conn.fetchval("SELECT free_number($1, $2)", market.merchant, numbers) == "LY-11111"
        assert await conn.fetchval("SELECT free_number($1, $2)", new_id(), numbers) == "LY-00000"
