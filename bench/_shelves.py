"""A merchant with one node and as many articles as a bench wants."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.commerce.stock import actions, rules
from unwall.commerce.stock.values import Cause, NodeDraft, NodeKind, Reason
from unwall.kernel.database import Transaction
from unwall.kernel.ids import derived_id

MERCHANT, PRODUCT, NODE = (derived_id("bench", name) for name in ("merchant", "product", "node"))
DRAFT = NodeDraft(
    id=NODE,
    code="HUB",
    kind=NodeKind.WAREHOUSE,
    name="Hub",
    city="Wuhan",
    address="1 River Road",
    latitude=30.59,
    longitude=114.3,
    timezone="Asia/Shanghai",
    opening_hours="24/7",
)


class Shelves(msgspec.Struct, frozen=True):
    merchant: UUID
    node: UUID
    variants: list[UUID]


async def stock_up(conn: Transaction, counts: Sequence[int]) -> Shelves:
    """An article for each count, and so many of it; doing it again changes nothing."""
    variants = [derived_id("bench", "variant", n) for n in range(len(counts))]
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone)"
        " VALUES ($1, 'bench', 'Bench', 'CNY', 'Asia/Shanghai') ON CONFLICT DO NOTHING",
        MERCHANT,
    )
    await conn.execute(
        "INSERT INTO product (id, merchant_id, slug, title) VALUES ($1, $2, 'bench', 'Bench') ON CONFLICT DO NOTHING",
        PRODUCT,
        MERCHANT,
    )
    await conn.executemany(
        "INSERT INTO variant (id, merchant_id, product_id, position, sku, price) VALUES ($1, $2, $3, $4, $5, 100)"
        " ON CONFLICT (id) DO NOTHING",
        [(variant, MERCHANT, PRODUCT, n, f"SKU-{n}") for n, variant in enumerate(variants, 1)],
    )
    await actions.save_node(conn, MERCHANT, DRAFT)
    receipt = Cause(derived_id("bench", "receipt"), Reason.RECEIPT, "bench")
    most = rules.MOST_UNITS  # of one line
    lines = [
        (variant, min(most, count - start))
        for variant, count in zip(variants, counts, strict=True)
        for start in range(0, count, most)
    ]
    await actions.receive(conn, MERCHANT, NODE, lines, receipt)
    return Shelves(MERCHANT, NODE, variants)
