"""The demo market's stock as movements: receipts that cover everything that leaves, and what the orders move.

Levels are what the ledger adds up to (the database's own trigger does it), so no level is written here.
"""

from typing import NamedTuple

import numpy as np

from unwall.commerce.stock.values import Reason, StockBucket
from unwall_demo.deliveries import CounterSales, Deliveries, hubs
from unwall_demo.happenings import Orders
from unwall_demo.stage import DAY_MS, DAYS, HOUR_MS, Flags, Ints, Stage

MOVES: tuple[tuple[Reason, StockBucket, StockBucket], ...] = (
    (Reason.RECEIPT, StockBucket.OUTSIDE, StockBucket.AVAILABLE),
    (Reason.HOLD, StockBucket.AVAILABLE, StockBucket.HELD),
    (Reason.ALLOCATE, StockBucket.HELD, StockBucket.ALLOCATED),
    (Reason.ISSUE, StockBucket.ALLOCATED, StockBucket.OUTSIDE),
    (Reason.COUNTER_SALE, StockBucket.AVAILABLE, StockBucket.OUTSIDE),
    (Reason.RETURN, StockBucket.OUTSIDE, StockBucket.AVAILABLE),
)
RECEIPT, HOLD, ALLOCATE, ISSUE, COUNTER_SALE, RETURN = range(len(MOVES))
RECEIPT_EVERY = 31
"""Days between two lorries."""
SHOWN = 4
"""At least so many are available, wherever a store sells, of each thing that its newest post shows."""


class Movements(NamedTuple):
    """In order of time. `cause` is the number of the online order, the counter sale, the online line that came back, or
    of the lorry (`node * 100 + round`), by `move`."""

    at: Ints
    move: Ints
    variant: Ints
    node: Ints
    quantity: Ints
    cause: Ints
    line: Ints


class Keeping(NamedTuple):
    """Which node keeps which variant, and how many of it are kept back from promises."""

    variant: Ints
    node: Ints
    safety: Ints


def keep_stock(
    stage: Stage,
    orders: Orders,
    deliveries: Deliveries,
    returned: Ints,
    counter: CounterSales,
    rng: np.random.Generator,
) -> tuple[Keeping, Movements]:
    moved = _moved(stage, orders, deliveries, returned, counter)
    keeping, wanted = _keeping(stage, moved, rng)
    movements = Movements(
        *(np.concatenate(c) for c in zip(_receipts(stage, keeping, wanted, moved), moved, strict=True))
    )
    order = np.lexsort((movements.move, movements.at))
    return keeping, Movements(*(column[order] for column in movements))


def line_numbers(groups: Ints) -> Ints:
    """1, 2, 3 ... within each run of equal numbers."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(groups) != 0)))[: len(groups)]
    lengths = np.diff(np.append(starts, len(groups)))
    return np.arange(len(groups)) - np.repeat(starts, lengths) + 1


def _moved(stage: Stage, orders: Orders, deliveries: Deliveries, returned: Ints, counter: CounterSales) -> Movements:
    """Everything that orders and sales move, as far as it has happened."""
    lines = orders.lines
    line, node, order = line_numbers(lines.order), deliveries.node[lines.order], lines.order
    sold = counter.lines
    size = len(order)
    steps = (
        (HOLD, orders.placed[order], order),
        (ALLOCATE, deliveries.paid[order], order),
        (ISSUE, deliveries.left[order], order),
        (RETURN, returned, np.arange(size)),
    )
    parts = [
        Movements(at, np.full(size, move), lines.variant, node, lines.quantity, cause, line)
        for move, at, cause in steps
    ]
    parts.append(
        Movements(
            counter.at[sold.order], np.full(len(sold.order), COUNTER_SALE), sold.variant, counter.node[sold.order],
            sold.quantity, sold.order, line_numbers(sold.order),
        )
    )  # fmt: skip
    whole = Movements(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Movements(*(column[whole.at <= stage.now] for column in whole))


def _keeping(stage: Stage, moved: Movements, rng: np.random.Generator) -> tuple[Keeping, Ints]:
    """Nodes keep what ever moved there; a merchant's largest keeps everything, shops about three products in four. With how many
    of each shall be available now: few in shops, and here and there none, except of what a newest post shows."""
    products, nodes = len(stage.owner), len(stage.node_owner)
    is_hub = ~stage.node_shop
    is_hub[hubs(stage)] = True
    shown = _shown(stage)
    kept = (rng.random((products, nodes)) < 0.75) | is_hub | shown[:, None]
    kept &= stage.owner[:, None] == stage.node_owner[None, :]
    cells = kept[stage.variant_product]
    cells[moved.variant, moved.node] = True
    variant, node = np.nonzero(cells)
    appeal = stage.appeal[-1, stage.variant_product[variant]]
    hub = is_hub[node]
    mean = np.where(hub, 12 + 30 * appeal, 3 + 5 * appeal)
    wanted = rng.poisson(np.clip(mean, 0, 160) * rng.gamma(2.5, 0.4, len(mean)))
    wanted[rng.random(len(wanted)) < np.where(hub, 0.02, 0.06)] = 0
    wanted = np.maximum(wanted, SHOWN * shown[stage.variant_product[variant]])
    safety = np.where(hub, 2, (wanted > 5).astype(np.int64))
    return Keeping(variant, node, safety), wanted


def _shown(stage: Stage) -> Flags:
    """The products of each merchant's newest post, which leads the home pages of its followers."""
    shown = np.zeros(len(stage.owner), np.bool_)
    for merchant in np.unique(stage.post_owner):
        newest = np.where(stage.post_owner == merchant, stage.post_at, 0).argmax()
        shown[stage.tag_product[stage.tag_first[newest] : stage.tag_first[newest + 1]]] = True
    return shown


def _receipts(stage: Stage, keeping: Keeping, wanted: Ints, moved: Movements) -> Movements:
    """A lorry before the first day brings what shall be left at the end and all that leaves until the next lorry; each
    later one what leaves until the one after it."""
    width = len(stage.node_owner)
    rounds = -(-(DAYS + 1) // RECEIPT_EVERY)
    place = np.full(len(stage.price) * width, -1)
    place[keeping.variant * width + keeping.node] = np.arange(len(keeping.variant))
    brought = np.zeros((rounds, len(keeping.variant)), np.int64)
    leaves = np.isin(moved.move, (HOLD, COUNTER_SALE))
    turn = (moved.at[leaves] - stage.start) // (RECEIPT_EVERY * DAY_MS)
    np.add.at(brought, (turn, place[moved.variant[leaves] * width + moved.node[leaves]]), moved.quantity[leaves])
    brought[0] += wanted + keeping.safety
    turn, level = np.nonzero(brought)
    order = np.lexsort((level, keeping.node[level], turn))
    turn, level = turn[order], level[order]
    cause = keeping.node[level] * 100 + turn
    return Movements(
        at=stage.start + turn * RECEIPT_EVERY * DAY_MS - 14 * HOUR_MS,
        move=np.full(len(level), RECEIPT),
        variant=keeping.variant[level],
        node=keeping.node[level],
        quantity=brought[turn, level],
        cause=cause,
        line=line_numbers(cause),
    )
