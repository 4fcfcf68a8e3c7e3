"""Sales over the counter, the stock ledger and the journal of the demo market as records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np

from unwall.commerce.orders.rules import order_numbers
from unwall.commerce.orders.values import SYSTEM, Channel, OrderState, StoredPromise
from unwall.commerce.payments.rules import holder_of
from unwall.commerce.payments.values import EntryKind, Holder, PaymentState
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.intake.dataset.records.behaviour import JournalRecord
from unwall.intake.dataset.records.content import PostLikeRecord
from unwall.intake.dataset.records.orders import OrderLineRecord, OrderRecord, PaymentLedgerRecord, PaymentRecord
from unwall.intake.dataset.records.stock import StockLedgerRecord, StockLevelRecord
from unwall.journal.values import DwellBody, EventKind, SearchBody
from unwall.kernel.ids import derived_id
from unwall_demo.deliveries import PICKUP, CounterSales
from unwall_demo.happenings import KINDS, PAGES, POLICIES, Happenings
from unwall_demo.records import Papers
from unwall_demo.registry import ids_at, known, or_none, times
from unwall_demo.stage import Ints
from unwall_demo.warehouse import ALLOCATE, HOLD, ISSUE, MOVES, RECEIPT, RETURN, Keeping, Movements, line_numbers

# --- over the counter -------------------------------------------------------------------------------------------------


def counter_orders(papers: Papers, sales: CounterSales) -> Iterator[OrderRecord]:
    stage, registry = papers.stage, papers.registry
    totals = np.zeros(len(sales.at), np.int64)
    np.add.at(totals, sales.lines.order, sales.lines.quantity * stage.price[sales.lines.variant])
    taken: set[str] = set()
    for n, (at, node, total) in enumerate(zip(times(sales.at), sales.node.tolist(), totals.tolist(), strict=True)):
        order_id, node_id, owner = known(registry.sales[n]), known(registry.nodes[node]), int(stage.node_owner[node])
        slug = stage.market.merchants[owner].slug
        # a till's numbers carry its shop's code, so that they never meet the online ones
        number = next(
            f"{stage.market.nodes[node].code}-{number[3:]}"
            for number in order_numbers(slug, order_id)
            if number[3:] not in taken
        )
        taken.add(number[4:])
        yield OrderRecord(
            id=order_id,
            merchant_id=known(registry.merchants[owner]),
            number=number,
            cart_id=derived_id(order_id, "sale"),
            channel=Channel.COUNTER,
            state=OrderState.FULFILLED,
            method=DeliveryMethod.TAKEN,
            currency=stage.market.merchants[owner].currency,
            items_total=total,
            total=total,
            promise=StoredPromise(at, at, (node_id,)),
            placed_at=at,
            paid_at=at,
        )


def counter_lines(papers: Papers, sales: CounterSales) -> Iterator[OrderLineRecord]:
    stage, registry, lines = papers.stage, papers.registry, sales.lines
    variants = [v for p in stage.market.products for v in p.variants]
    columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity)
    for order, line, variant, quantity in zip(*(c.tolist() for c in columns), strict=True):
        product = int(stage.variant_product[variant])
        price = variants[variant].price_minor
        yield OrderLineRecord(
            order_id=known(registry.sales[order]),
            line=line,
            merchant_id=known(registry.merchants[stage.owner[product]]),
            product_id=known(registry.products[product]),
            variant_id=known(registry.variants[variant]),
            title=stage.market.products[product].title,
            sku=variants[variant].sku,
            options=variants[variant].options,
            quantity=quantity,
            unit_price=price,
            total=price * quantity,
        )


def counter_payments(orders: Iterable[OrderRecord]) -> Iterator[PaymentRecord]:
    """The till has taken the money."""
    for order in orders:
        yield PaymentRecord(
            id=derived_id(order.id, "payment"),
            merchant_id=order.merchant_id,
            order_id=order.id,
            gateway="till",
            amount=order.total,
            currency=order.currency,
            state=PaymentState.CAPTURED,
            asked_at=order.placed_at,
            settled_at=order.paid_at,
        )


def money_taken(payments: Iterable[PaymentRecord]) -> Iterator[PaymentLedgerRecord]:
    """The ledger's entry of each captured payment."""
    for payment in payments:
        if payment.state is PaymentState.CAPTURED and payment.amount:
            yield PaymentLedgerRecord(
                at=payment.settled_at or payment.asked_at,
                merchant_id=payment.merchant_id,
                order_id=payment.order_id,
                payment_id=payment.id,
                kind=EntryKind.CAPTURED,
                source=Holder.CUSTOMER,
                target=holder_of(payment.gateway),
                amount=payment.amount,
                currency=payment.currency,
                cause_id=payment.id,
                actor=SYSTEM,
            )


# --- stock ------------------------------------------------------------------------------------------------------------


def levels(papers: Papers, keeping: Keeping) -> Iterator[StockLevelRecord]:
    stage, registry = papers.stage, papers.registry
    for variant, node, safety in zip(*(column.tolist() for column in keeping), strict=True):
        yield StockLevelRecord(
            variant_id=known(registry.variants[variant]),
            node_id=known(registry.nodes[node]),
            merchant_id=known(registry.merchants[stage.node_owner[node]]),
            safety_stock=safety,
        )


def ledger(papers: Papers, movements: Movements) -> Iterator[StockLedgerRecord]:
    stage, registry = papers.stage, papers.registry
    columns = (column.tolist() for column in movements[1:])
    told = zip(times(movements.at), *columns, strict=True)
    for at, move, variant, node, quantity, cause, line in told:
        reason, source, target = MOVES[move]
        yield StockLedgerRecord(
            at=at,
            merchant_id=known(registry.merchants[stage.node_owner[node]]),
            variant_id=known(registry.variants[variant]),
            node_id=known(registry.nodes[node]),
            quantity=quantity,
            source=source,
            target=target,
            reason=reason.value,
            cause_id=_cause(papers, move, cause),
            line=line,
            actor=_actor(papers, move, cause, node),
        )


def _cause(papers: Papers, move: int, cause: int) -> UUID:
    registry = papers.registry
    if move == RECEIPT:
        return derived_id("demo", "lorry", cause)
    if move in (HOLD, ALLOCATE):
        return known(registry.orders[cause])
    if move == ISSUE:
        return registry.shipments[cause]
    return derived_id("demo", "return", cause) if move == RETURN else known(registry.sales[cause])


def _actor(papers: Papers, move: int, cause: int, node: int) -> str:
    if move == HOLD:
        return f"visitor:{papers.registry.visitors[papers.orders.person[cause]]}"
    return "system" if move == ALLOCATE else f"staff:{papers.registry.staff[node]}"


# --- the journal ------------------------------------------------------------------------------------------------------


def tell_orders(papers: Papers, happenings: Happenings) -> None:
    """Checkout, a purchase and perhaps a return for each line, and the parcel's leaving."""
    stage, orders, deliveries = papers.stage, papers.orders, papers.deliveries
    lines, number = orders.lines, np.arange(len(orders.placed))
    price = stage.price[lines.variant] * lines.quantity
    total = np.zeros(len(number), np.int64)
    np.add.at(total, lines.order, price)
    who = {"person": orders.person, "session": orders.session, "merchant": orders.merchant}
    happenings.add(EventKind.CHECKOUT, orders.placed, order=number, amount=total, **who)
    bought = {name: column[lines.order] for name, column in who.items()} | {
        "order": lines.order, "product": stage.variant_product[lines.variant], "variant": lines.variant,
        "node": deliveries.node[lines.order], "quantity": lines.quantity, "amount": price,
    }  # fmt: skip
    origin = {"post": lines.post, "page": lines.page, "policy": lines.policy}
    happenings.add(EventKind.PURCHASE, deliveries.paid[lines.order], **bought, **origin)
    happenings.add(EventKind.RETURN, papers.returned, **(bought | {"session": -1}))
    for kind, which in (
        (EventKind.PICKUP, deliveries.method == PICKUP),
        (EventKind.SHIPPED, deliveries.method != PICKUP),
    ):
        happenings.add(
            kind, deliveries.left[which], person=orders.person[which], merchant=orders.merchant[which],
            order=number[which], node=deliveries.node[which],
        )  # fmt: skip


def tell_counters(papers: Papers, sales: CounterSales, happenings: Happenings) -> None:
    """Orders over the counter are numbered after the online ones."""
    stage, lines = papers.stage, sales.lines
    product, node = stage.variant_product[lines.variant], sales.node[lines.order]
    happenings.add(
        EventKind.COUNTER_SALE, sales.at[lines.order], merchant=stage.owner[product], product=product, variant=lines.variant,
        order=lines.order + len(papers.orders.placed), node=node, quantity=lines.quantity,
        amount=stage.price[lines.variant] * lines.quantity,
    )  # fmt: skip


def journal(papers: Papers, columns: dict[str, Ints], rng: np.random.Generator) -> Iterator[JournalRecord]:
    """`columns` as `Happenings.columns` gives them."""
    registry = papers.registry
    queries = [SearchBody((c.name, c.name_zh)[n % 2]) for n, c in enumerate(papers.stage.market.categories)]
    lookups: tuple[tuple[str, str, Sequence[object]], ...] = (
        ("kind", "kind", KINDS),
        ("merchant_id", "merchant", registry.merchants),
        ("visitor_id", "person", registry.visitors),
        ("member_id", "person", registry.members),
        ("session_id", "session", registry.sessions),
        ("account_id", "account", registry.accounts),
        ("post_id", "post", registry.posts),
        ("product_id", "product", registry.products),
        ("variant_id", "variant", registry.variants),
        ("order_id", "order", or_none([*registry.orders[:-1], *registry.sales[:-1]])),
        ("node_id", "node", registry.nodes),
        ("page", "page", or_none(PAGES)),
        ("policy", "policy", or_none(POLICIES)),
    )
    told: dict[str, list[Any]] = {"id": ids_at(columns["at"], rng), "at": times(columns["at"])}
    told |= {field: [things[i] for i in columns[name].tolist()] for field, name, things in lookups}
    told["body"] = _bodies(queries, columns)
    for name in ("slot", "quantity", "amount"):
        told[name] = [None if n < 0 else n for n in columns[name].tolist()]
    shown = (columns["kind"] == KINDS.index(EventKind.IMPRESSION)) & (columns["policy"] >= 0)
    told["propensity"] = [1.0 if sure else None for sure in shown.tolist()]
    return map(JournalRecord, *(told[field] for field in JournalRecord.__struct_fields__))


def _bodies(queries: Sequence[SearchBody], columns: dict[str, Ints]) -> list[SearchBody | DwellBody | None]:
    """The fields of searches and of dwell."""
    asked: list[SearchBody | None] = [*queries, None]
    stayed = {tenths: DwellBody(tenths / 10) for tenths in np.unique(columns["tenths"]).tolist() if tenths >= 0}
    return [
        stayed.get(t) or asked[q] for q, t in zip(columns["query"].tolist(), columns["tenths"].tolist(), strict=True)
    ]


def likes(papers: Papers, columns: dict[str, Ints]) -> Iterator[PostLikeRecord]:
    """Each person likes a post once."""
    which = columns["kind"] == KINDS.index(EventKind.LIKE)
    post, person, at = (columns[name][which] for name in ("post", "person", "at"))
    first = np.sort(np.unique(post * papers.crowd.size + person, return_index=True)[1])
    post, person, at = post[first], person[first], at[first]
    registry, owner = papers.registry, papers.stage.post_owner
    for p, q, moment in zip(post.tolist(), person.tolist(), times(at), strict=True):
        yield PostLikeRecord(
            post_id=known(registry.posts[p]),
            person_id=registry.members[q] or known(registry.visitors[q]),
            merchant_id=known(registry.merchants[owner[p]]),
            created_at=moment,
        )
