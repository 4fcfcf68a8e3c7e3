"""Preparing an order: hold its stock and fix its prices (rules M6 to M8 in docs/rules/money.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.orders import reads, rules
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, settle_in_rounds
from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.facts import checkout_fact
from unwall.commerce.orders.locks import lock_orders
from unwall.commerce.orders.values import (
    CartToOrder,
    CheckoutRequest,
    Order,
    OrderState,
    PaymentPending,
    Preparation,
)
from unwall.commerce.sourcing.reads import supplies
from unwall.commerce.sourcing.rules import source
from unwall.commerce.sourcing.values import SoldOut
from unwall.commerce.stock.hold_batcher import hold_many
from unwall.commerce.stock.rules import GRANTED
from unwall.journal import actions as journal
from unwall.journal.values import Visit
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import NotFound, UnwallError
from unwall.kernel.text import N_


class Existing(msgspec.Struct, frozen=True):
    """The cart already has an order that matches the request or is paid."""

    order_id: UUID


class StockTaken(msgspec.Struct, frozen=True):
    """Planned units were taken by others before they were held: plan again."""


Answer: TypeAlias = Order | Existing | StockTaken | UnwallError


class Preparer:
    """Prepares orders; concurrent calls share one transaction."""

    def __init__(self, db: Database, pay_minutes: int) -> None:
        self._db = db
        self._pay_minutes = pay_minutes
        self._batcher: Batcher[Preparation, Answer | Exception] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def prepare(self, visit: Visit, request: CheckoutRequest, now: datetime) -> Order:
        """As `Checkout.prepare`."""
        payable_until = now + timedelta(minutes=self._pay_minutes)
        wanted = Preparation(visit, request, now, payable_until)
        for _ in range(rules.MAX_PLANS):
            answer = await self._batcher.submit(wanted)
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, Order):
                return answer
            if isinstance(answer, Existing):
                return await self._read(answer.order_id, visit.lang)
        raise SoldOut(
            N_("The last units are held for other shoppers. Try again in a moment."),
            await self._variants_of(visit, request.cart_id),
        )

    async def close(self) -> None:
        await self._batcher.close()

    async def _read(self, order_id: UUID, lang: str) -> Order:
        async with self._db.read() as conn:
            order = await reads.order(conn, order_id, lang)
        assert order is not None
        return order

    async def _variants_of(self, visit: Visit, cart_id: UUID) -> tuple[UUID, ...]:
        async with self._db.read() as conn:
            cart = await reads.cart(conn, visit, cart_id, visit.lang)
        return tuple(cart.wanted) if cart else ()

    async def _settle(self, items: list[Preparation]) -> list[Answer | Exception]:
        return await settle_in_rounds(
            self._prepare_together, items, alone=lambda item: item.request.cart_id, like=lambda item: item.visit.lang
        )

    async def _prepare_together(self, items: Sequence[Preparation]) -> list[Answer]:
        async with self._db.transaction() as conn:
            return await prepare_orders(conn, items)


async def prepare_orders(conn: Transaction, items: Sequence[Preparation]) -> list[Answer]:
    """One answer per item, in order. All items are in one language and of different carts."""
    return await _Batch(conn, items).run()


class _Batch:
    """The steps of preparing all items together. Items that have an answer are skipped by the next steps."""

    def __init__(self, conn: Transaction, items: Sequence[Preparation]) -> None:
        self._conn = conn
        self._items = items
        self._lang = items[0].visit.lang
        self._carts: dict[int, CartToOrder] = {}
        self._orders: dict[int, Order] = {}
        self._answers: dict[int, Answer] = {}

    async def run(self) -> list[Answer]:
        await self._read_carts()
        await self._replace_existing()
        await self._plan()
        await self._hold()
        await self._insert()
        return [self._answers[i] for i in range(len(self._items))]

    def _open(self) -> list[tuple[int, Preparation]]:
        return [(i, item) for i, item in enumerate(self._items) if i not in self._answers]

    async def _read_carts(self) -> None:
        wanted = [item.request.cart_id for item in self._items]
        found = {cart.id: cart for cart in await reads.carts_to_order(self._conn, wanted, self._lang)}
        for i, item in self._open():
            cart = found.get(item.request.cart_id)
            if cart is None or cart.visitor_id != item.visit.visitor_id:
                self._answers[i] = NotFound(N_("There is no such bag."))
            else:
                self._carts[i] = cart

    async def _replace_existing(self) -> None:
        """If the cart has an order, it is the answer if it matches; otherwise it is closed and replaced."""
        carts = {i: self._carts[i] for i, _ in self._open() if self._carts[i].order_id}
        ids = [cart.order_id for cart in carts.values() if cart.order_id]
        locked = {order.id: order for order in await lock_orders(self._conn, ids)} if ids else {}
        for i, cart in carts.items():
            order, item = locked[cart.order_id], self._items[i]  # type: ignore[index]
            if order.state in {OrderState.PAID, OrderState.FULFILLED} or (
                order.state is OrderState.PREPARED and rules.same_order(order, cart, item.request, item.now)
            ):
                self._answers[i] = Existing(order.id)
            elif order.state is OrderState.PREPARED and order.payment:
                self._answers[i] = PaymentPending(N_("A payment for this bag is on its way. Wait a moment."))
            elif order.state is OrderState.PREPARED:
                await close_unpaid(self._conn, order, OrderState.EXPIRED, item.now)

    async def _plan(self) -> None:
        demands = {i: rules.demand_of(self._carts[i], item.request.contact) for i, item in self._open()}
        if not demands:
            return
        found = await supplies(self._conn, list(demands.values()), self._lang)
        for i, demand in demands.items():
            cart, item = self._carts[i], self._items[i]
            try:
                rules.check_content(cart)
                option = source(found[demand.merchant_id], demand, item.request.choice, item.now)
            except UnwallError as error:
                self._answers[i] = error
            else:
                self._orders[i] = rules.new_order(item, cart, option)

    async def _hold(self) -> None:
        orders = {i: self._orders[i] for i, _ in self._open()}
        requests = [rules.hold_request(order, self._items[i].payable_until) for i, order in orders.items()]
        if not requests:
            return
        held = await hold_many(self._conn, requests, look_up=False)
        for i, answer in zip(orders, held, strict=True):
            if answer is not GRANTED:
                self._answers[i] = StockTaken()

    async def _insert(self) -> None:
        orders = {i: self._orders[i] for i, _ in self._open()}
        if not orders:
            return
        drafts = [OrderToInsert(o, rules.order_numbers(o.merchant_slug, o.id)) for o in orders.values()]
        numbers = {made["id"]: made["number"] for made in await self._conn.fetch(_INSERT, drafts)}
        self._answers |= {i: replace(order, number=numbers[order.id]) for i, order in orders.items()}
        await journal.record(self._conn, [checkout_fact(order) for order in orders.values()])


class OrderToInsert(msgspec.Struct, frozen=True):
    """`numbers` are candidates: the first that the merchant has not used becomes the order's number."""

    order: Order
    numbers: list[str]


_INSERT = """
    WITH wanted AS (
        SELECT o.*, w.numbers FROM jsonb_to_recordset($1) AS w ("order" jsonb, numbers text[]),
            jsonb_to_record("order") AS o (id uuid, merchant_id uuid, cart_id uuid, hold_id uuid, visitor_id uuid,
                member_id uuid, session_id uuid, channel text, state text, method text, currency text,
                items_total bigint, shipping_total bigint, total bigint, contact jsonb, promise jsonb, sourcing jsonb,
                placed_at timestamptz, expires_at timestamptz, lines jsonb)
    ), made AS (
        INSERT INTO sales_order (id, merchant_id, number, cart_id, hold_id, visitor_id, member_id, session_id, channel,
            state, method, currency, items_total, shipping_total, total, contact, promise, sourcing, placed_at,
            expires_at)
        SELECT id, merchant_id, free_number(merchant_id, numbers), cart_id, hold_id, visitor_id, member_id, session_id,
            channel, state, method, currency, items_total, shipping_total, total, contact, promise, sourcing, placed_at,
            expires_at
        FROM wanted RETURNING id, number
    ), filled AS (
        INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,
            unit_price, total, post_id, page, policy)
        SELECT w.id, l.line, w.merchant_id, l.product_id, l.variant_id, l.title, l.sku, l.options, l.quantity,
            l.unit_price, l.total, l.post_id, l.page, l.policy
        FROM wanted w, jsonb_to_recordset(w.lines) AS l (line smallint, product_id uuid, variant_id uuid, title text,
            sku text, options text[], quantity int, unit_price bigint, total bigint, post_id uuid, page text,
            policy text)
    )
    SELECT id, number FROM made
"""
