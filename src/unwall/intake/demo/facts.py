"""Sales over the counter, the stock ledger and the journal of the demo market as rows."""

from collections.abc import Iterator
from uuid import UUID

import numpy as np

from unwall.commerce.orders.rules import order_numbers
from unwall.commerce.orders.values import StoredPromise
from unwall.intake.demo.deliveries import PICKUP, CounterSales
from unwall.intake.demo.happenings import KINDS, PAGES, POLICIES, Happenings
from unwall.intake.demo.records import Papers, Row
from unwall.intake.demo.registry import ids_at, or_none, times
from unwall.intake.demo.stage import Ints
from unwall.intake.demo.warehouse import ALLOCATE, HOLD, ISSUE, MOVES, RECEIPT, RETURN, Keeping, Movements, line_numbers
from unwall.journal.values import EventKind
from unwall.kernel.ids import derived_id

# --- over the counter -------------------------------------------------------------------------------------------------


def counter_orders(papers: Papers, sales: CounterSales) -> Iterator[Row]:
    stage, registry = papers.stage, papers.registry
    totals = np.zeros(len(sales.at), np.int64)
    np.add.at(totals, sales.lines.order, sales.lines.quantity * stage.price[sales.lines.variant])
    taken: set[str] = set()
    for n, (at, node, total) in enumerate(zip(times(sales.at), sales.node.tolist(), totals.tolist(), strict=True)):
        order_id, node_id, owner = registry.sales[n], registry.nodes[node], int(stage.node_owner[node])
        assert order_id is not None
        assert node_id is not None
        slug = stage.market.merchants[owner].slug
        # a till's numbers carry its shop's code, so that they never meet the online ones
        number = next(
            f"{stage.market.nodes[node].code}-{number[3:]}"
            for number in order_numbers(slug, order_id)
            if number[3:] not in taken
        )
        taken.add(number[4:])
        yield (
            order_id, registry.merchants[owner], number, derived_id(order_id, "sale"), None, None, None, None,
            "counter", "fulfilled", "taken", stage.market.merchants[owner].currency, total, 0, total, {},
            StoredPromise(at, at, (node_id,)), [], at, None, at, None,
        )  # fmt: skip


def counter_lines(papers: Papers, sales: CounterSales) -> Iterator[Row]:
    stage, registry, lines = papers.stage, papers.registry, sales.lines
    variants = [v for p in stage.market.products for v in p.variants]
    columns = (lines.order, line_numbers(lines.order), lines.variant, lines.quantity)
    for order, line, variant, quantity in zip(*(c.tolist() for c in columns), strict=True):
        product = int(stage.variant_product[variant])
        price = variants[variant].price_minor
        yield (
            registry.sales[order], line, registry.merchants[stage.owner[product]], registry.products[product],
            registry.variants[variant], stage.market.products[product].title, variants[variant].sku,
            variants[variant].options, quantity, price, price * quantity, 0, None, None, None,
        )  # fmt: skip


def counter_payments(orders: list[Row]) -> Iterator[Row]:
    """The till has taken the money: from the rows of `counter_orders`."""
    for row in orders:
        payment = derived_id(row[0], "payment")
        yield payment, row[1], row[0], "till", None, None, row[14], row[11], "captured", row[18], row[18]


# --- stock ------------------------------------------------------------------------------------------------------------


def levels(papers: Papers, keeping: Keeping) -> Iterator[Row]:
    """Born empty; the ledger fills them."""
    stage, registry = papers.stage, papers.registry
    for variant, node, safety in zip(*(column.tolist() for column in keeping), strict=True):
        owner = registry.merchants[stage.node_owner[node]]
        yield registry.variants[variant], registry.nodes[node], owner, safety


def ledger(papers: Papers, movements: Movements) -> Iterator[Row]:
    stage, registry = papers.stage, papers.registry
    columns = (column.tolist() for column in movements[1:])
    words = [(reason.value, source.value, target.value) for reason, source, target in MOVES]
    told = zip(times(movements.at), *columns, strict=True)
    for at, move, variant, node, quantity, cause, line in told:
        reason, source, target = words[move]
        yield (
            at, registry.merchants[stage.node_owner[node]], registry.variants[variant], registry.nodes[node], quantity,
            source, target, reason, _cause(papers, move, cause), line, _actor(papers, move, cause, node),
        )  # fmt: skip


def _cause(papers: Papers, move: int, cause: int) -> UUID | None:
    registry = papers.registry
    if move == RECEIPT:
        return derived_id("demo", "lorry", cause)
    if move in (HOLD, ALLOCATE):
        return registry.orders[cause]
    if move == ISSUE:
        return registry.shipments[cause]
    return derived_id("demo", "return", cause) if move == RETURN else registry.sales[cause]


def _actor(papers: Papers, move: int, cause: int, node: int) -> str:
    if move == HOLD:
        return f"visitor:{papers.registry.visitors[papers.orders.person[cause]]}"
    return "house" if move == ALLOCATE else f"staff:{papers.registry.staff[node]}"


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


def journal(papers: Papers, columns: dict[str, Ints], rng: np.random.Generator) -> Iterator[Row]:
    """`columns` as `Happenings.columns` gives them."""
    registry = papers.registry
    queries: list[dict[str, str] | None] = [
        {"query": (c.name, c.name_zh)[n % 2]} for n, c in enumerate(papers.stage.market.categories)
    ]
    orders = or_none([*registry.orders[:-1], *registry.sales[:-1]])
    lookups: tuple[tuple[str, list[object]], ...] = (
        ("kind", or_none([kind.value for kind in KINDS])), ("merchant", [*registry.merchants]),
        ("person", [*registry.visitors]), ("person", [*registry.members]), ("session", [*registry.sessions]),
        ("account", [*registry.accounts]), ("post", [*registry.posts]), ("product", [*registry.products]),
        ("variant", [*registry.variants]), ("order", [*orders]), ("node", [*registry.nodes]),
        ("page", or_none(PAGES)),
    )  # fmt: skip
    told = [[things[i] for i in columns[name].tolist()] for name, things in lookups]
    impression = columns["kind"] == KINDS.index(EventKind.IMPRESSION)
    sure = [1.0 if seen else None for seen in (impression & (columns["policy"] >= 0)).tolist()]
    numbers = [[None if n < 0 else n for n in columns[name].tolist()] for name in ("slot", "quantity", "amount")]
    policies: list[object] = or_none(POLICIES)
    policy = [policies[i] for i in columns["policy"].tolist()]
    bodies = [*queries, None]
    body = [bodies[i] for i in columns["query"].tolist()]
    return zip(
        ids_at(columns["at"], rng), times(columns["at"]), *told, numbers[0], policy, sure, numbers[1], numbers[2], body,
        strict=True,
    )  # fmt: skip


def likes(papers: Papers, columns: dict[str, Ints]) -> tuple[list[Row], Ints]:
    """Each person likes a post once; the rows, and how many likes each post has."""
    which = columns["kind"] == KINDS.index(EventKind.LIKE)
    post, person, at = (columns[name][which] for name in ("post", "person", "at"))
    first = np.sort(np.unique(post * papers.crowd.size + person, return_index=True)[1])
    post, person, at = post[first], person[first], at[first]
    registry, owner = papers.registry, papers.stage.post_owner
    rows: list[Row] = [
        (registry.posts[p], registry.members[q] or registry.visitors[q], registry.merchants[owner[p]], moment)
        for p, q, moment in zip(post.tolist(), person.tolist(), times(at), strict=True)
    ]
    return rows, np.bincount(post, minlength=len(owner))
