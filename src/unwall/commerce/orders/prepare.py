"""Preparing an order: hold its stock and fix its prices (rules M6 to M8 in docs/rules/money.md)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from unwall.commerce.orders import contacts, quoting, reads, rules
from unwall.commerce.orders.batches import BATCH_SECONDS, MAX_BATCH, Attempt, Settler, submitted
from unwall.commerce.orders.cart_values import CartToOrder
from unwall.commerce.orders.checkout_values import CheckoutRequest, OpenOrders, Preparation
from unwall.commerce.orders.closing import close_unpaid
from unwall.commerce.orders.facts import checkout_fact
from unwall.commerce.orders.locks import lock_orders
from unwall.commerce.orders.values import Order, OrderState, PaymentPending, TotalChanged
from unwall.commerce.pricing.gather import Pricing
from unwall.commerce.pricing.reads import BuyerAsked, PricingReads, buyers, promotion_uses
from unwall.commerce.pricing.uses import OrderUses, using
from unwall.commerce.pricing.values import PricedOrder
from unwall.commerce.sourcing.reads import supply_of
from unwall.commerce.sourcing.rules import source
from unwall.commerce.sourcing.values import Rates, SoldOut, Supply
from unwall.commerce.stock.hold_batcher import grant_many, holding
from unwall.commerce.stock.rules import GRANTED
from unwall.commerce.stock.values import HoldRequest
from unwall.journal import actions as journal
from unwall.journal.values import Visit
from unwall.kernel import idempotency
from unwall.kernel.batching import Batcher
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import Invalid, NotFound, UnwallError
from unwall.kernel.gazetteer import until_loaded
from unwall.kernel.idempotency import KeyedRequest
from unwall.kernel.statements import Part, together
from unwall.kernel.text import N_
from unwall.people.rules import PEOPLE_PER_NETWORK

TOO_MANY_ORDERS = N_("You have orders that are not paid yet. Pay for one of them first, or cancel it.")
TOTAL_CHANGED = N_("The total has changed since you saw it. Check it, then pay.")
TOO_MANY_OF_NETWORK = N_("Many orders from your network are not paid yet.")


class Existing(msgspec.Struct, frozen=True):
    """The cart already has an order that matches the request or is paid."""

    order_id: UUID


class StockTaken(msgspec.Struct, frozen=True):
    """Planned units were taken by others before they were held: plan again."""


Answer: TypeAlias = Order | idempotency.StoredAnswer | Existing | StockTaken | UnwallError


class Preparer:
    """Prepares orders; concurrent calls share one transaction."""

    def __init__(self, db: Database, pay_minutes: int, merchants: PricingReads) -> None:
        self._db = db
        self._pay_minutes = pay_minutes
        self._merchants = merchants
        self._settler: Settler[Preparation, Answer] = Settler(self._prepare_together)
        self._batcher: Batcher[Preparation, Answer | Exception] = Batcher(
            self._settle, max_batch=MAX_BATCH, interval=BATCH_SECONDS
        )

    async def prepare(self, visit: Visit, request: CheckoutRequest, now: datetime) -> Order:
        """As `Checkout.prepare`."""
        answer = await self._prepare(visit, request, now, None)
        assert isinstance(answer, Order)
        return answer

    async def prepare_keyed(
        self, visit: Visit, request: CheckoutRequest, now: datetime, key: KeyedRequest
    ) -> idempotency.StoredAnswer:
        """As `Checkout.prepare_keyed`."""
        answer = await self._prepare(visit, request, now, key)
        if isinstance(answer, idempotency.StoredAnswer):
            return answer
        async with self._db.read() as conn:
            return await idempotency.stored_answer(conn, key, _stored(answer))

    async def _prepare(
        self, visit: Visit, request: CheckoutRequest, now: datetime, key: KeyedRequest | None
    ) -> Order | idempotency.StoredAnswer:
        await until_loaded()
        payable_until = now + timedelta(minutes=self._pay_minutes)
        wanted = Preparation(visit, request, now, payable_until, key)
        for _ in range(rules.MAX_PLANS):
            answer: Answer = await submitted(self._batcher, wanted)
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, Order | idempotency.StoredAnswer):
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
        return await self._settler.settle_in_rounds(
            items, alone=lambda item: item.request.cart_id, like=lambda item: item.visit.lang
        )

    async def _prepare_together(self, items: Sequence[Preparation], attempt: Attempt) -> list[Answer]:
        async with self._db.transaction() as conn:
            return await prepare_orders(conn, items, attempt, self._merchants)


async def prepare_orders(
    conn: Transaction, items: Sequence[Preparation], attempt: Attempt, merchants: PricingReads
) -> list[Answer]:
    """One answer per item, in order. All items are in one language and of different carts."""
    return await _Batch(conn, items, attempt, merchants).run()


class _Batch:
    """The steps of preparing all items together. Items that have an answer are skipped by the next steps."""

    def __init__(
        self, conn: Transaction, items: Sequence[Preparation], attempt: Attempt, merchants: PricingReads
    ) -> None:
        self._conn = conn
        self._items = list(items)
        self._attempt = attempt
        self._merchants = merchants
        self._lang = items[0].visit.lang
        self._carts: dict[int, CartToOrder] = {}
        self._stores: dict[int, quoting.Store] = {}
        self._priced: dict[int, PricedOrder] = {}
        self._orders: dict[int, Order] = {}
        self._holds: dict[int, HoldRequest] = {}
        self._answers: dict[int, Answer] = {}

    async def run(self) -> list[Answer]:
        if self._attempt.look_up:
            await self._look_up()
        await self._read_carts()
        await self._read_stores()
        await self._replace_existing()
        await self._limit()
        await self._plan()
        await self._hold()
        await self._insert()
        return [self._answers[i] for i in range(len(self._items))]

    def _open(self) -> list[tuple[int, Preparation]]:
        return [(i, item) for i, item in enumerate(self._items) if i not in self._answers]

    async def _look_up(self) -> None:
        known = await idempotency.known_answers(self._conn, [item.key for item in self._items if item.key])
        self._answers |= {i: known[item.key] for i, item in enumerate(self._items) if item.key in known}

    async def _read_carts(self) -> None:
        """And check the contacts, whose country is the merchant's where they name none."""
        wanted = [item.request.cart_id for item in self._items]
        carts = await reads.carts_to_order(self._conn, wanted, self._lang, self._attempt.lock_timeout)
        by_id = {cart.id: cart for cart in carts}
        for i, item in self._open():
            cart = by_id.get(item.request.cart_id)
            if cart is None or cart.person_id != item.visit.person_id:
                self._answers[i] = NotFound(N_("There is no such bag."))
                continue
            self._carts[i] = cart
            try:
                contact = contacts.checked_contact(
                    item.request.contact, item.request.choice, item.visit.place, cart.country
                )
            except Invalid as error:
                self._answers[i] = error
            else:
                self._items[i] = replace(item, request=replace(item.request, contact=contact))

    async def _read_stores(self) -> None:
        """What decides prices besides the carts: mostly kept in memory."""
        known: dict[UUID, tuple[Pricing, Rates]] = {}
        for i, _ in self._open():
            merchant_id = self._carts[i].merchant_id
            if merchant_id not in known:
                pricing = await self._merchants.pricing(self._conn, merchant_id)
                known[merchant_id] = pricing, await self._merchants.rates(self._conn, merchant_id)
            self._stores[i] = quoting.Store(*known[merchant_id])
        await self._read_buyers()

    async def _read_buyers(self) -> None:
        """What prices depend on about each buyer: earlier orders and uses of promotions. Where no promotion needs
        it, the database is not asked."""
        asked, uses, ordered_asked, segmented = [], {}, list[reads.OrderedAsked](), list[BuyerAsked]()
        for i, item in self._open():
            cart, pricing = self._carts[i], self._stores[i].pricing
            if item.visit.member_id and pricing.store.knows_customers:
                asked.append(BuyerAsked(cart.merchant_id, item.visit.member_id))
            uses[i] = quoting.uses_asked(cart, pricing, cart.order_id)
            ordered_asked += quoting.ordered_asked(cart, pricing, item.visit)
            segmented += quoting.segments_asked(cart, pricing, item.visit)
        customers = await buyers(self._conn, asked)
        used = await promotion_uses(self._conn, [one for some in uses.values() for one in some])
        ordered = await reads.have_ordered(self._conn, ordered_asked)
        segments = await self._merchants.segments(self._conn, segmented)
        for i, item in self._open():
            cart, store, member_id = self._carts[i], self._stores[i], item.visit.member_id
            who = customers.get((cart.merchant_id, member_id), store.buyer) if member_id else store.buyer
            if member_id:
                who = replace(who, segments=segments.get((cart.merchant_id, member_id), ()))
            own = tuple(u for one in uses[i] if (u := used.get((one.promotion_id, one.person_id))))
            self._stores[i] = replace(store, buyer=replace(who, has_ordered=cart.id in ordered), uses=own)

    async def _replace_existing(self) -> None:
        """If the cart has an order, it is the answer if it matches; otherwise it is closed and replaced."""
        carts = {i: self._carts[i] for i, _ in self._open() if self._carts[i].order_id}
        ids = [cart.order_id for cart in carts.values() if cart.order_id]
        locked = {order.id: order for order in await lock_orders(self._conn, ids)} if ids else {}
        for i, cart in carts.items():
            order, item = locked[cart.order_id], self._items[i]  # type: ignore[index]
            if order.state in {OrderState.PAID, OrderState.FULFILLED} or (
                order.state is OrderState.PREPARED
                and rules.same_order(order, cart, item.request, item.now)
                and quoting.same_price(order, cart, item.now, self._stores[i])
            ):
                agreed = order.state is not OrderState.PREPARED or item.request.agreed_total in {None, order.total}
                self._answers[i] = Existing(order.id) if agreed else TotalChanged(TOTAL_CHANGED)
            elif order.state is OrderState.PREPARED and order.payment:
                self._answers[i] = PaymentPending(N_("A payment for this bag is on its way. Wait a moment."))
            elif order.state is OrderState.PREPARED:
                await close_unpaid(self._conn, order, OrderState.EXPIRED, item.now)

    async def _limit(self) -> None:
        """Who has many orders open has to pay for one first."""
        items = self._open()
        visitors = list({item.visit.visitor_id for _, item in items})
        networks = list({item.visit.network for _, item in items} - {""})
        if not items:
            return
        by_subject = {one.subject: one for one in await reads.open_orders(self._conn, visitors, networks)}
        for i, item in items:
            units = self._carts[i].units
            visitor, network = str(item.visit.visitor_id), item.visit.network
            subjects = [(visitor, 1, TOO_MANY_ORDERS), (network, PEOPLE_PER_NETWORK, TOO_MANY_OF_NETWORK)]
            held = [(by_subject.get(name, OpenOrders(name)), people, said) for name, people, said in subjects if name]
            refused = next((one for one in held if not rules.may_open(one[0], units, one[1])), None)
            if refused:
                self._answers[i] = rules.too_many_open(refused[0], item.now, refused[2])
                continue
            for one, *_ in held:
                until = one.until or item.payable_until
                by_subject[one.subject] = OpenOrders(one.subject, one.orders + 1, one.units + units, until)

    async def _plan(self) -> None:
        demands = {i: rules.demand_of(self._carts[i], item.request.contact) for i, item in self._open()}
        supplies = await self._supplies()
        for i, demand in demands.items():
            cart, item = self._carts[i], self._items[i]
            try:
                rules.check_content(cart)
                option = source(supplies[demand.merchant_id], demand, item.request.choice, item.now)
            except UnwallError as error:
                self._answers[i] = error
            else:
                place = quoting.tax_place_of(item.request.contact)
                request = quoting.cart_request(cart, item.now, [option], option, place)
                self._priced[i] = quoting.priced_cart(cart, request, self._stores[i])
                self._orders[i] = rules.new_order(item, cart, option, self._priced[i].quote)
                if item.request.agreed_total not in {None, self._orders[i].total}:
                    self._answers[i] = TotalChanged(TOTAL_CHANGED)

    async def _supplies(self) -> dict[UUID, Supply]:
        """By merchant. Units that earlier orders of the batch take are not available to later ones."""
        supplies: dict[UUID, Supply] = {}
        for i, _ in self._open():
            cart = self._carts[i]
            if cart.merchant_id not in supplies:
                supplies[cart.merchant_id] = await supply_of(self._merchants, self._conn, cart.merchant_id, self._lang)
            rules.add_available(supplies[cart.merchant_id], cart)
        return supplies

    async def _hold(self) -> None:
        holds = {i: rules.hold_request(self._orders[i], item.payable_until) for i, item in self._open()}
        granted = await grant_many(self._conn, list(holds.values()), look_up=False) if holds else []
        for (i, request), answer in zip(holds.items(), granted, strict=True):
            if answer is GRANTED:
                self._holds[i] = request
            else:
                self._answers[i] = StockTaken()

    async def _insert(self) -> None:
        """The orders with their holds, then their facts with the stored answers, which have their numbers."""
        orders = {i: self._orders[i] for i in self._holds}
        if not orders:
            return
        drafts = [
            OrderToInsert(
                order,
                rules.order_numbers(order.merchant_slug, order.id),
                self._items[i].visit.network,
                self._priced[i],
            )
            for i, order in orders.items()
        ]
        uses = [
            OrderUses(order.id, order.merchant_id, self._items[i].visit.person_id, self._priced[i])
            for i, order in orders.items()
        ]
        writes = [holding(list(self._holds.values())), Part(_INSERT, (drafts,)), *using(uses)]
        sql, args = together(writes, "SELECT id, number FROM order_made")
        numbers = {made["id"]: made["number"] for made in await self._conn.fetch(sql, *args)}
        numbered = {i: replace(order, number=numbers[order.id]) for i, order in orders.items()}
        keys = {i: key for i in numbered if (key := self._items[i].key)}
        stored = {i: _stored(numbered[i]) for i in keys}
        self._answers |= numbered
        self._answers |= stored
        answers = {keys[i]: answer for i, answer in stored.items()}
        facts = [checkout_fact(order) for order in orders.values()]
        await journal.record(self._conn, facts, along=idempotency.storing(answers))


def _stored(order: Order) -> idempotency.StoredAnswer:
    return idempotency.StoredAnswer(201, msgspec.json.encode(rules.for_shopper(order)))


class OrderToInsert(msgspec.Struct, frozen=True):
    """`numbers` are candidates: the first that the merchant has not used becomes the order's number."""

    order: Order
    numbers: list[str]
    network: str
    pricing: PricedOrder


_INSERT = """
    order_draft AS (
        SELECT o.*, w.numbers, nullif(w.network, '') AS network, w.pricing
        FROM jsonb_to_recordset($1) AS w ("order" jsonb, numbers text[], network text, pricing jsonb),
            jsonb_to_record("order") AS o (id uuid, merchant_id uuid, cart_id uuid, hold_id uuid, visitor_id uuid,
                member_id uuid, session_id uuid, channel text, state text, method text, currency text,
                items_total bigint, discount_total bigint, shipping_total bigint, tax_total bigint, tax_added bigint,
                total bigint, contact jsonb, promise jsonb, sourcing jsonb,
                placed_at timestamptz, expires_at timestamptz, lines jsonb)
    ), order_made AS (
        INSERT INTO sales_order (id, merchant_id, number, cart_id, hold_id, visitor_id, member_id, session_id, network,
            channel, state, method, currency, items_total, discount_total, shipping_total, tax_total, tax_added, total,
            pricing, contact, promise, sourcing, placed_at, expires_at)
        SELECT id, merchant_id, free_number(merchant_id, numbers), cart_id, hold_id, visitor_id, member_id, session_id,
            network, channel, state, method, currency, items_total, discount_total, shipping_total, tax_total,
            tax_added, total, pricing, contact, promise, sourcing, placed_at, expires_at
        FROM order_draft RETURNING id, number
    ), order_filled AS (
        INSERT INTO order_line (order_id, line, merchant_id, product_id, variant_id, title, sku, options, quantity,
            unit_price, total, reduction, tax, post_id, page, policy)
        SELECT w.id, l.line, w.merchant_id, l.product_id, l.variant_id, l.title, l.sku, l.options, l.quantity,
            l.unit_price, l.total, l.reduction, l.tax, l.post_id, l.page, l.policy
        FROM order_draft w, jsonb_to_recordset(w.lines) AS l (line smallint, product_id uuid, variant_id uuid,
            title text, sku text, options text[], quantity int, unit_price bigint, total bigint, reduction bigint,
            tax bigint, post_id uuid,
            page text, policy text)
    )
"""
