"""The market of a bench: one merchant with a warehouse, three shops and as many articles as the bench asks for.

Written in SQL, so that a bench measures the program through its interfaces and not through its own preparation.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.kernel.database import Transaction
from unwall.kernel.ids import derived_id

MERCHANT = derived_id("bench", "merchant")
PLACES = (
    ("WH", "warehouse", "Wuhan", 30.59, 114.30),
    ("HZ", "shop", "Hangzhou", 30.25, 120.16),
    ("SH", "shop", "Shanghai", 31.23, 121.47),
    ("BJ", "shop", "Beijing", 39.90, 116.40),
)
"""Code, kind, city, latitude, longitude. All are open day and night, so that the hour of a run changes nothing."""


class Market(msgspec.Struct, frozen=True):
    merchant: UUID
    nodes: list[UUID]
    """The warehouse first."""
    variants: list[UUID]


async def open_market(conn: Transaction, variants: int) -> Market:
    """Nothing is in stock yet. Doing it again changes nothing."""
    market = Market(
        MERCHANT,
        [derived_id("bench", "node", code) for code, *_ in PLACES],
        [derived_id("bench", "variant", n) for n in range(variants)],
    )
    await conn.execute(
        """
        INSERT INTO merchant (id, slug, name, currency, timezone)
        VALUES ($1, 'bench', 'Bench', 'CNY', 'Asia/Shanghai') ON CONFLICT DO NOTHING
        """,
        MERCHANT,
    )
    await conn.executemany(
        """
        INSERT INTO node (id, merchant_id, code, kind, name, city, address, latitude, longitude, timezone,
            opening_hours, ships, pickup, pick_minutes, pick_cost)
        VALUES ($1, $2, $3, $4, $5, $5, '1 River Road', $6, $7, 'Asia/Shanghai', '24/7', true, $4 = 'shop', 30, 100)
        ON CONFLICT DO NOTHING
        """,
        [(node, MERCHANT, *place) for node, place in zip(market.nodes, PLACES, strict=True)],
    )
    products = [derived_id("bench", "product", n) for n in range(variants)]
    await conn.executemany(
        """
        INSERT INTO product (id, merchant_id, slug, title) VALUES ($1, $2, 'article-' || $3::int, 'Article ' || $3)
        ON CONFLICT DO NOTHING
        """,
        [(product, MERCHANT, n) for n, product in enumerate(products)],
    )
    await conn.executemany(
        """
        INSERT INTO variant (id, merchant_id, product_id, position, sku, price)
        VALUES ($1, $2, $3, 1, 'SKU-' || $4::int, 10000) ON CONFLICT (id) DO NOTHING
        """,
        [(variant, MERCHANT, products[n], n) for n, variant in enumerate(market.variants)],
    )
    return market


async def receive(conn: Transaction, nodes: Sequence[UUID], variants: Sequence[UUID], quantity: int) -> None:
    """So many units of each variant arrive at each node, once, booked in the ledger."""
    pairs = [[variant for variant in variants for _ in nodes], [*nodes] * len(variants)]
    await conn.execute(
        """
        INSERT INTO stock_level (variant_id, node_id, merchant_id)
        SELECT v, n, $3 FROM unnest($1::uuid[], $2::uuid[]) AS k (v, n) ON CONFLICT DO NOTHING
        """,
        *pairs,
        MERCHANT,
    )
    await conn.execute(
        """
        INSERT INTO stock_ledger
            (merchant_id, variant_id, node_id, quantity, source, target, reason, cause_id, line, actor)
        SELECT $3, v, n, $4, 'outside', 'available', 'receipt', md5(v::text || n::text)::uuid, 1, 'bench'
        FROM unnest($1::uuid[], $2::uuid[]) AS k (v, n) ON CONFLICT DO NOTHING
        """,
        *pairs,
        MERCHANT,
        quantity,
    )
