"""The merchant's list of orders: filters and search, and what staff put on orders."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.commerce.market import HANGZHOU, NOW, Market, buy, open_market, staff, visitor
from unwall.commerce.fulfilment import actions as fulfilment
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders import listing, listing_rules, marks
from unwall.commerce.orders.hand_over import hand_to_carrier
from unwall.commerce.orders.listing_values import OrderFilter, OrderNote, OrderProgress
from unwall.commerce.orders.progress import stage
from unwall.commerce.orders.values import Channel, OrderState
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.kernel.database import Database
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.ids import new_id


async def numbers(db: Database, market: Market, wanted: OrderFilter) -> list[str]:
    async with db.confined(market.merchant) as conn:
        page = await listing.merchant_orders(conn, market.merchant, wanted, None, 50, "en")
    return [one.number for one in page.rows]


async def found_by(db: Database, market: Market, *words: str) -> dict[str, list[str]]:
    return {one: await numbers(db, market, OrderFilter(one)) for one in words}


async def test_staff_find_an_order_by_whatever_the_customer_names(db: Database) -> None:
    market = await open_market(db)
    red, tea = await buy(db, visitor(), (market.red, 1)), await buy(db, visitor(), (market.tea, 1))
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET contact = $2 WHERE id = $1", tea.id, {"phone": "0571 8765 4321"})
    sku = red.lines[0].sku
    both, only = [tea.number, red.number], [red.number]
    asked = await found_by(
        db, market, "138 0013 8000", "+86 13800138000", "8000", "800", "ANN@example.org", "ann@", sku.lower(), "4321"
    )
    assert asked == {
        "138 0013 8000": only,
        "+86 13800138000": only,
        "8000": only,
        "800": [],
        "ANN@example.org": only,
        "ann@": [],
        sku.lower(): only,
        "4321": [tea.number],
    }
    assert await numbers(db, market, OrderFilter()) == both


async def test_staff_find_an_order_by_its_tracking_number(db: Database) -> None:
    market = await open_market(db)
    order = await buy(db, visitor(), (market.red, 1))
    await buy(db, visitor(), (market.red, 1))
    await pack(db, market, order.id)
    async with db.transaction() as conn:
        [shipment] = await conn.fetch("SELECT id FROM shipment WHERE order_id = $1", order.id)
        await hand_to_carrier(conn, shipment["id"], "SF-1234567", staff(market), NOW)
    assert await numbers(db, market, OrderFilter("sf-1234567")) == [order.number]


async def pack(db: Database, market: Market, order_id: UUID) -> None:
    who = staff(market)
    async with db.confined(market.merchant) as conn:
        shipment = await conn.fetchval("SELECT id FROM shipment WHERE order_id = $1", order_id)
        await fulfilment.start_picking(conn, shipment, who, NOW)
        await conn.execute("UPDATE shipment_line SET picked = quantity WHERE shipment_id = $1", shipment)
        await fulfilment.make_ready(conn, shipment, who, NOW)


async def test_progress_selects_what_the_list_calls_by_that_name(db: Database) -> None:
    """For every state of an order and every pair of states of its shipments."""
    market = await open_market(db)
    order = await buy(db, visitor(), (market.red, 1))
    async with db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO shipment (id, merchant_id, order_id, order_number, hold_id, node_id, method, state, due_at)
            SELECT $1, merchant_id, order_id, order_number, hold_id, node_id, method, state, due_at FROM shipment
            """,
            new_id(),
        )
    named = {"to_pick", "picking", "ready", "on_its_way", "done", "unpaid", "cancelled", "expired"}
    for state in (OrderState.PAID, OrderState.CANCELLED):
        for first in ShipmentState:
            for second in ShipmentState:
                async with db.transaction() as conn:
                    await conn.execute("UPDATE sales_order SET state = $1", state)
                    await conn.execute(
                        "UPDATE shipment SET state = CASE id WHEN (SELECT min(id::text)::uuid FROM shipment) "
                        "THEN $1 ELSE $2 END",
                        first,
                        second,
                    )
                shown = stage(state, [first, second])
                if state is OrderState.PAID and shown == "done":
                    continue  # such an order is fulfilled
                chosen = {one for one in named if await numbers(db, market, OrderFilter(progress=OrderProgress(one)))}
                assert (first, second, chosen) == (first, second, {shown.value})
    assert await numbers(db, market, OrderFilter()) == [order.number]


async def test_late_returned_and_the_other_filters(db: Database) -> None:
    market = await open_market(db)
    early = await buy(db, visitor(), (market.red, 1), now=NOW)
    later = await buy(db, visitor(), (market.tea, 1), now=NOW + timedelta(days=2))
    async with db.transaction() as conn:
        await conn.execute("UPDATE order_line SET returned = 1 WHERE order_id = $1", later.id)
        await conn.execute("UPDATE shipment SET due_at = now() + interval '1 day' WHERE order_id = $1", later.id)
    today = date(NOW.year, NOW.month, NOW.day)
    [node] = early.promise.node_ids
    asked = {
        "late": OrderFilter(progress=OrderProgress.LATE),
        "returned": OrderFilter(progress=OrderProgress.RETURNED),
        "since": OrderFilter(since=today + timedelta(days=2)),
        "until": OrderFilter(until=today),
        "between": OrderFilter(since=today + timedelta(days=1), until=today + timedelta(days=1)),
        "node": OrderFilter(node_id=node),
        "no node": OrderFilter(node_id=new_id()),
        "shipped": OrderFilter(method=DeliveryMethod.SHIP),
        "collected": OrderFilter(method=DeliveryMethod.PICKUP),
        "online": OrderFilter(channel=Channel.ONLINE, since=today + timedelta(days=1)),
        "counter": OrderFilter(channel=Channel.COUNTER),
    }
    both = [later.number, early.number]
    assert {name: await numbers(db, market, wanted) for name, wanted in asked.items()} == {
        "late": [early.number],
        "returned": [later.number],
        "since": [later.number],
        "until": [early.number],
        "between": [],
        "node": both,
        "no node": [],
        "shipped": both,
        "collected": [],
        "online": [later.number],
        "counter": [],
    }


async def test_days_are_those_of_the_stores_clock(db: Database) -> None:
    """At half past midnight in Shanghai it is still the day before elsewhere."""
    market = await open_market(db)
    order = await buy(db, visitor(), (market.red, 1))
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET placed_at = '2026-03-01T16:30:00Z'")
    assert await numbers(db, market, OrderFilter(since=date(2026, 3, 2), until=date(2026, 3, 2))) == [order.number]
    assert await numbers(db, market, OrderFilter(until=date(2026, 3, 1))) == []


async def test_tags_are_put_on_taken_off_and_looked_for(db: Database) -> None:
    market = await open_market(db)
    one, two = [await buy(db, visitor(), (market.tea, 1)) for _ in range(2)]
    async with db.confined(market.merchant) as conn:
        assert await marks.tag(conn, market.merchant, [one.id, two.id, one.id], " call  back ") == 2
        assert await marks.tag(conn, market.merchant, [one.id], "call back") == 0
        assert await marks.untag(conn, market.merchant, [two.id], "call back") == 1
        assert await listing.tags_in_use(conn, market.merchant) == ["call back"]
        assert (await listing.marks_of(conn, one.id)).tags == ["call back"]
    assert await numbers(db, market, OrderFilter(tag="call back")) == [one.number]


async def test_marks_have_limits_and_touch_nothing_beyond_them(db: Database) -> None:
    market = await open_market(db)
    order = await buy(db, visitor(), (market.tea, 1))
    async with db.confined(market.merchant) as conn:
        for n in range(listing_rules.MAX_TAGS):
            await marks.tag(conn, market.merchant, [order.id], f"tag {n}")
    for name, error in (("one more", Conflict), ("", Invalid), ("x" * 31, Invalid), ("\u200b", Invalid)):
        with pytest.raises(error):
            async with db.confined(market.merchant) as conn:
                await marks.tag(conn, market.merchant, [order.id], name)
    for orders, error in (([], Invalid), ([new_id()], NotFound), ([new_id() for _ in range(201)], Invalid)):
        with pytest.raises(error):
            async with db.confined(market.merchant) as conn:
                await marks.untag(conn, market.merchant, orders, "tag 1")
    async with db.confined(market.merchant) as conn:
        assert len((await listing.marks_of(conn, order.id)).tags) == listing_rules.MAX_TAGS


async def test_another_merchants_orders_cannot_be_marked(db: Database) -> None:
    market, rival = await open_market(db), await open_market(db, slug="rival")
    order = await buy(db, visitor(), (market.tea, 1))
    note = OrderNote(new_id(), NOW, "staff:eve@example.org", "mine")
    for act in (
        lambda conn: marks.tag(conn, rival.merchant, [order.id], "mine"),
        lambda conn: marks.archive(conn, rival.merchant, [order.id], NOW, archived=True),
        lambda conn: marks.add_note(conn, rival.merchant, order.id, note),
    ):
        with pytest.raises(NotFound):
            async with db.confined(rival.merchant) as conn:
                await act(conn)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT (SELECT count(*) FROM order_tag) + (SELECT count(*) FROM order_note)") == 0


async def test_only_closed_orders_are_archived_and_words_still_find_them(db: Database) -> None:
    market = await open_market(db)
    order = await buy(db, visitor(), (market.tea, 1))
    with pytest.raises(Conflict, match="still open"):
        async with db.confined(market.merchant) as conn:
            await marks.archive(conn, market.merchant, [order.id], NOW, archived=True)
    async with db.transaction() as conn:
        await conn.execute("UPDATE sales_order SET state = 'fulfilled'")
    async with db.confined(market.merchant) as conn:
        assert await marks.archive(conn, market.merchant, [order.id], NOW, archived=True) == 1
        assert await marks.archive(conn, market.merchant, [order.id], NOW, archived=True) == 0
    assert await numbers(db, market, OrderFilter()) == []
    assert await numbers(db, market, OrderFilter(order.number)) == [order.number]
    assert await numbers(db, market, OrderFilter(archived=True)) == [order.number]
    async with db.confined(market.merchant) as conn:
        assert await marks.archive(conn, market.merchant, [order.id], NOW, archived=False) == 1
    assert await numbers(db, market, OrderFilter()) == [order.number]
    assert await numbers(db, market, OrderFilter(archived=True)) == []


async def test_a_note_that_is_sent_twice_stands_once(db: Database) -> None:
    market = await open_market(db)
    order = await buy(db, visitor(place=HANGZHOU), (market.tea, 1))
    note = OrderNote(new_id(), NOW, "staff:bo@example.org", " Call before nine.\r\nBlue door. ")
    for _ in range(2):
        async with db.confined(market.merchant) as conn:
            await marks.add_note(conn, market.merchant, order.id, note)
    async with db.confined(market.merchant) as conn:
        assert await listing.notes_of(conn, order.id) == [replace(note, text="Call before nine.\nBlue door.")]
    for text in ("", " ", "x" * 2001, "x" * 9000):
        with pytest.raises(Invalid):
            async with db.confined(market.merchant) as conn:
                await marks.add_note(conn, market.merchant, order.id, replace(note, id=new_id(), text=text))


async def test_filters_are_kept_under_a_name(db: Database) -> None:
    market, rival = await open_market(db), await open_market(db, slug="rival")
    wanted = OrderFilter("ann", OrderProgress.LATE, since=date(2026, 1, 1), method=DeliveryMethod.PICKUP, tag="gift")
    async with db.confined(market.merchant) as conn:
        await marks.save_filter(conn, market.merchant, "gifts", OrderFilter("old"))
        await marks.save_filter(conn, market.merchant, "gifts", wanted)
        [kept] = await listing.saved_filters(conn, market.merchant)
    assert (kept.name, kept.wanted) == ("gifts", wanted)
    async with db.confined(rival.merchant) as conn:
        assert await listing.saved_filters(conn, rival.merchant) == []
    async with db.confined(market.merchant) as conn:
        await marks.delete_filter(conn, market.merchant, "gifts")
        assert await listing.saved_filters(conn, market.merchant) == []
