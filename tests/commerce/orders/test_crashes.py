"""A checkout may die, or be met by another, at every single step: what then is true."""

from contextlib import suppress
from datetime import timedelta
from itertools import count
from uuid import UUID

import msgspec
import pytest

from tests.commerce.market import (
    ANN,
    NOW,
    PAYS,
    PICKING_UP,
    Market,
    available,
    checkout_of,
    fill_cart,
    open_market,
    sound,
    take_away,
    visitor,
)
from tests.commerce.orders.fault_injection import Died, FaultInjector, die, wired
from unwall.commerce.orders.values import OrderClosed, PaymentDeclined, PaymentPending, TooLate
from unwall.commerce.sourcing.values import DeliveryChoice, DeliveryMethod, SoldOut
from unwall.commerce.stock import actions as stock
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, NotFound

SHIP = DeliveryChoice(DeliveryMethod.SHIP)
NOT_NOW = (OrderClosed, PaymentDeclined, PaymentPending, SoldOut, TooLate, Invalid, NotFound)
LATER = NOW + timedelta(minutes=3)
NEXT = NOW + timedelta(minutes=16)
LAST = NOW + timedelta(minutes=40)


class Scene(msgspec.Struct, frozen=True):
    db: Database
    market: Market
    visit: Visit
    cart: UUID


async def scene(db, n) -> Scene:
    market = await open_market(db, slug=f"liu-yun-{n}")
    visit = visitor()
    return Scene(db, market, visit, await fill_cart(db, visit, (market.red, 2)))


async def order_and_pay(s: Scene, checkout, now=NOW):
    order = await checkout.prepare(s.visit, s.cart, SHIP, ANN, now)
    return await checkout.pay(order.id, PAYS, now)


async def settle(s: Scene) -> None:
    """What the background work of the next minutes does."""
    for now in (LATER, NEXT, LAST):
        await checkout_of(s.db).sweep(now)


async def outcome(s: Scene) -> dict[str, int]:
    """What there is of this merchant once everything has settled."""
    async with s.db.read() as conn:
        counted = await conn.fetchrow(
            """
            SELECT count(*) FILTER (WHERE state = 'paid'),
                   count(*) FILTER (WHERE state NOT IN ('paid', 'expired', 'cancelled')),
                   (SELECT count(*) FROM shipment WHERE merchant_id = $1 AND state = 'routed'),
                   (SELECT coalesce(sum(quantity), 0) FROM journal WHERE merchant_id = $1 AND kind = 'purchase'),
                   (SELECT coalesce(sum(g.amount), 0) FROM test_gateway_charge g JOIN payment p ON p.id = g.id
                    WHERE p.merchant_id = $1 AND g.state = 'captured'),
                   (SELECT coalesce(sum(amount), 0) FROM payment WHERE merchant_id = $1 AND state = 'captured'),
                   (SELECT count(*) FROM payment WHERE merchant_id = $1 AND state IN ('asked', 'voiding'))
            FROM sales_order WHERE merchant_id = $1
            """,
            s.market.merchant,
        )
    names = ("paid", "unfinished", "shipments", "purchased", "charged", "booked", "unsettled")
    return dict(zip(names, counted, strict=True)) | {"left": sum((await available(s.db, s.market.red)).values())}


BOUGHT = {
    "paid": 1,
    "unfinished": 0,
    "shipments": 1,
    "purchased": 2,
    "charged": 58600,
    "booked": 58600,
    "unsettled": 0,
    "left": 28,
}
NOTHING = {
    "paid": 0,
    "unfinished": 0,
    "shipments": 0,
    "purchased": 0,
    "charged": 0,
    "booked": 0,
    "unsettled": 0,
    "left": 30,
}


async def at_every_step(db, happens, *, inside: bool):
    """(scene, step) once `happens(scene)` has met a checkout at each of its steps, one after the other."""
    for n in count(1):
        s = await scene(db, n)

        async def now_it_happens(s=s):
            await happens(s)

        wire = FaultInjector(n, now_it_happens, inside=inside)
        with suppress(Died, *NOT_NOW):
            await order_and_pay(s, wired(db, wire))
        if not wire.fired:
            assert n > (20 if inside else 8), "a checkout has more steps than that"
            return
        yield s, n


async def test_m12_pressing_again_after_a_crash_anywhere_buys_once(db):
    async for s, n in at_every_step(db, lambda _: die(), inside=True):
        await order_and_pay(s, checkout_of(db), NOW + timedelta(seconds=n))
        await settle(s)
        assert await outcome(s) == BOUGHT, f"died at step {n}"
    await sound(db)


async def test_m12_the_sweep_ends_what_a_crash_left_anywhere(db):
    ends = []
    async for s, n in at_every_step(db, lambda _: die(), inside=True):
        await settle(s)
        ended = await outcome(s)
        assert ended in (BOUGHT, NOTHING), f"died at step {n}"
        ends.append(ended == BOUGHT)
    # from the gateway's yes on, every death ends in a paid order; before it, in nothing at all
    assert ends == sorted(ends)
    assert (ends[0], ends[-1]) == (False, True)
    await sound(db)


async def test_a_sweep_that_dies_anywhere_is_finished_by_the_next(db):
    # given a payment that was captured while the process died
    for n in count(1):
        s = await scene(db, n)
        charge_only = wired(db, FaultInjector(0, die, inside=False))
        order = await charge_only.prepare(s.visit, s.cart, SHIP, ANN, NOW)
        original = charge_only.gateway.authorise

        async def charge_and_die(*args, original=original):
            await original(*args)
            raise Died

        charge_only.gateway.authorise = charge_and_die
        with pytest.raises(Died):
            await charge_only.pay(order.id, PAYS, NOW)
        # when the sweep dies at its n-th step, and the next one runs
        wire = FaultInjector(n, die, inside=True)
        with suppress(Died):
            await wired(db, wire).sweep(LATER)
        await settle(s)
        assert await outcome(s) == BOUGHT, f"sweep died at step {n}"
        if not wire.fired:
            break
    assert n > 4
    await sound(db)


async def test_two_tabs_buy_once_wherever_they_meet(db):
    async def other_tab(s):
        with suppress(*NOT_NOW):
            await order_and_pay(s, checkout_of(db))

    async for s, n in at_every_step(db, other_tab, inside=False):
        await settle(s)
        assert await outcome(s) == BOUGHT, f"met at step {n}"
    await sound(db)


async def test_another_choice_in_another_tab_never_charges_or_holds_twice(db):
    async def other_tab(s):
        with suppress(*NOT_NOW):
            await checkout_of(db).prepare(
                s.visit, s.cart, DeliveryChoice(DeliveryMethod.PICKUP, s.market.bund), PICKING_UP, NOW
            )

    async for s, n in at_every_step(db, other_tab, inside=False):
        await settle(s)
        assert await outcome(s) in (BOUGHT, NOTHING), f"met at step {n}"
    await sound(db)


async def test_a_sweep_in_between_harms_no_checkout(db):
    async def sweeps(s):
        await checkout_of(db).sweep(NOW)

    async for s, n in at_every_step(db, sweeps, inside=False):
        assert await outcome(s) == BOUGHT, f"swept at step {n}"
    await sound(db)


async def test_an_expiry_in_between_leaves_a_whole_order_or_none(db):
    async def expires(s):
        await settle(s)

    async for s, n in at_every_step(db, expires, inside=False):
        await settle(s)
        assert await outcome(s) in (BOUGHT, NOTHING), f"expired at step {n}"
    await sound(db)


async def test_a_cancellation_in_between_leaves_a_whole_order_or_none(db):
    async def cancels(s):
        async with db.read() as conn:
            order_id = await conn.fetchval(
                "SELECT id FROM sales_order WHERE merchant_id = $1 ORDER BY id DESC LIMIT 1", s.market.merchant
            )
        with suppress(*NOT_NOW):
            if order_id:
                await checkout_of(db).cancel(order_id, "staff:bo@example.org", NOW)

    async for s, n in at_every_step(db, cancels, inside=False):
        await settle(s)
        ended = await outcome(s) | {"purchased": 0}
        assert ended in (BOUGHT | {"purchased": 0}, NOTHING), f"cancelled at step {n}"
    await sound(db)


async def test_somebody_who_takes_the_last_ones_anywhere_leaves_no_oversold_order(db):
    async def takes(s):
        left = await available(db, s.market.red)
        for node_id, units in left.items():
            await take_away(db, s.market, node_id, s.market.red, units)

    async for s, n in at_every_step(db, takes, inside=False):
        await settle(s)
        ended = await outcome(s)
        assert (ended["paid"], ended["charged"], ended["shipments"], ended["unsettled"]) in (
            (1, 58600, 1, 0),
            (0, 0, 0, 0),
        ), f"taken at step {n}"
    await sound(db)


async def test_losing_the_goods_dies_anywhere_and_still_gives_the_money_back(db):
    # given money taken for goods that are gone
    for n in count(1):
        s = await scene(db, n)
        wire = FaultInjector(n, die, inside=True)
        checkout = wired(db, wire)
        original = checkout.gateway.authorise

        async def charge_slowly(*args, original=original, s=s):
            charge = await original(*args)
            async with db.transaction() as conn:
                [hold] = await conn.fetch("SELECT hold_id FROM sales_order WHERE merchant_id = $1", s.market.merchant)
                await stock.release(conn, hold[0], "test")
            for node_id, units in (await available(db, s.market.red)).items():
                await take_away(db, s.market, node_id, s.market.red, units)
            return charge

        checkout.gateway.authorise = charge_slowly
        with suppress(Died, SoldOut):
            await order_and_pay(s, checkout)
        await settle(s)
        ended = await outcome(s)
        # dead before the goods were lost: the order may end as nothing; after: the money came back
        assert (ended["paid"], ended["charged"], ended["booked"], ended["unsettled"]) in (
            (0, 0, 0, 0),
            (1, 58600, 58600, 0),
        ), f"died at step {n}"
        if not wire.fired:
            assert (ended["paid"], ended["charged"], ended["left"]) == (0, 0, 0)
            break
    assert n > 10
    await sound(db)
