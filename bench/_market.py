"""The market of a bench: one merchant with a warehouse, three shops and as many articles as the bench asks for.

The rows of many articles are written in SQL, so that a bench measures the program through its interfaces and not
through its own preparation.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.commerce.pricing.actions import save_promotion, save_rates, save_tax_choices
from unwall.commerce.pricing.tax_rules import TaxChoices
from unwall.commerce.pricing.values import Conditions, Promotion, PromotionKind, TaxRate, TaxSettings
from unwall.commerce.sourcing.actions import save_delivery_zones
from unwall.commerce.sourcing.values import DeliveryMethod, DeliveryZone, ZonePrice
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


PROMOTIONS = 20
"""Of them one is for every cart, one counts its uses, one is for who buys for the first time."""
MOST_USES = 10_000_000


class Market(msgspec.Struct, frozen=True):
    merchant: UUID
    nodes: list[UUID]
    """The warehouse first."""
    variants: list[UUID]

    def product(self, n: int) -> UUID:
        """Of the n-th variant."""
        return derived_id("bench", "product", n)


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


async def set_prices(conn: Transaction, market: Market) -> None:
    """A store in use: prices include tax at two rates, delivery costs by zone and weight, promotions are on."""
    await save_tax_choices(conn, MERCHANT, TaxChoices(TaxSettings("CN")))
    await save_rates(conn, MERCHANT, "CN", [TaxRate("CN", 130_000), TaxRate("CN", 90_000, tax_class="reduced")])
    await save_delivery_zones(conn, MERCHANT, [_zone("Near", 100, 500), _zone("Far", None, 1200)])
    for promotion in _promotions(market):
        await save_promotion(conn, MERCHANT, promotion, active=True)


def _zone(title: str, radius_km: int | None, fee: int) -> DeliveryZone:
    prices = (
        ZonePrice(DeliveryMethod.SHIP, fee, weight_to_g=2_000, free_from=50_000),
        ZonePrice(DeliveryMethod.SHIP, 2 * fee),
        ZonePrice(DeliveryMethod.COURIER, fee, fee_per_km=100, km_to=20),
    )
    return DeliveryZone(derived_id("bench", "zone", title), title, ("CN",), radius_km=radius_km, prices=prices)


def _promotions(market: Market) -> list[Promotion]:
    """Most are for an article each, the first of them for two articles and counted."""
    kinds = (PromotionKind.PER_CENT, PromotionKind.AMOUNT)
    one_by_one = [
        Promotion(
            derived_id("bench", "promotion", n),
            f"Promotion {n}",
            kinds[n % 2],
            (100_000, 700)[n % 2],
            conditions=Conditions(products=(market.product(n), market.product(n + 1))),
        )
        for n in range(PROMOTIONS - 2)
    ]
    counted = msgspec.structs.replace(one_by_one[0].conditions, max_uses=MOST_USES)
    one_by_one[0] = msgspec.structs.replace(one_by_one[0], conditions=counted)
    return [
        *one_by_one,
        Promotion(derived_id("bench", "promotion", "all"), "For all", PromotionKind.PER_CENT, 50_000),
        Promotion(
            derived_id("bench", "promotion", "first"),
            "First order",
            PromotionKind.AMOUNT,
            300,
            conditions=Conditions(first_order=True, minimum=5_000),
        ),
    ]
