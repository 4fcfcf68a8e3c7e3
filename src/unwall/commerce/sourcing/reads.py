"""Reads of delivery options, sourcing plans and delivery prices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from unwall.commerce.sourcing.rates import rates_of
from unwall.commerce.sourcing.rules import promise_of
from unwall.commerce.sourcing.values import DeliveryPrice, DeliveryZone, Demand, MerchantPrices, Promise, Rates, Supply
from unwall.commerce.stock import reads as stock
from unwall.commerce.stock.values import Node
from unwall.kernel.database import Connection, rows

_PRICES = "SELECT method, offered, fee, fee_per_km, free_from, cost, cost_per_100_km FROM delivery_price"


class MerchantReads(Protocol):
    """What sourcing takes from a merchant besides its stock: from the database, or from a cache."""

    async def nodes(self, conn: Connection, merchant_id: UUID, lang: str) -> list[Node]: ...

    async def rates(self, conn: Connection, merchant_id: UUID) -> Rates: ...


class DatabaseReads:
    """`MerchantReads` without a cache."""

    async def nodes(self, conn: Connection, merchant_id: UUID, lang: str) -> list[Node]:
        return await stock.nodes(conn, [merchant_id], lang)

    async def rates(self, conn: Connection, merchant_id: UUID) -> Rates:
        [prices] = await merchant_prices(conn, [merchant_id])
        return rates_of(prices.currency, prices.prices, prices.zones)


async def supply_of(merchants: MerchantReads, conn: Connection, merchant_id: UUID, lang: str) -> Supply:
    """Without its available units, which the caller adds."""
    return Supply(await merchants.nodes(conn, merchant_id, lang), {}, await merchants.rates(conn, merchant_id))


async def promise(conn: Connection, demand: Demand, lang: str, now: datetime) -> Promise:
    """Every delivery option for a cart or product."""
    if not demand.wanted:
        return Promise((), ())
    return promise_of((await supplies(conn, [demand], lang))[demand.merchant_id], demand, now)


async def supplies(conn: Connection, demands: Sequence[Demand], lang: str) -> dict[UUID, Supply]:
    """By merchant: its nodes, the available units of all wanted variants at each, and its delivery prices."""
    merchant_ids = list({demand.merchant_id for demand in demands})
    variant_ids = list({variant_id for demand in demands for variant_id in demand.wanted})
    merchant_rates = {
        one.merchant_id: Supply([], {}, rates_of(one.currency, one.prices, one.zones))
        for one in await merchant_prices(conn, merchant_ids)
    }
    for stocked in await stock.node_stock(conn, merchant_ids, variant_ids, lang):
        supply = merchant_rates[stocked.node.merchant_id]
        supply.nodes.append(stocked.node)
        if stocked.available:
            supply.available[stocked.node.id] = {part.variant_id: part.quantity for part in stocked.available}
    return merchant_rates


async def merchant_prices(conn: Connection, merchant_ids: Sequence[UUID]) -> list[MerchantPrices]:
    """What each of the merchants has set."""
    return await rows(
        conn,
        MerchantPrices,
        """
        SELECT m.id AS merchant_id, m.currency,
            coalesce((SELECT jsonb_agg(jsonb_build_object('method', p.method, 'offered', p.offered, 'fee', p.fee,
                'fee_per_km', p.fee_per_km, 'free_from', p.free_from, 'cost', p.cost,
                'cost_per_100_km', p.cost_per_100_km)) FROM delivery_price p WHERE p.merchant_id = m.id), '[]')
                AS prices,
            coalesce((SELECT jsonb_agg(to_jsonb(z) - 'merchant_id' - 'position' ORDER BY z.position)
                FROM delivery_zone z WHERE z.merchant_id = m.id), '[]') AS zones
        FROM few_ids($1) AS wanted (id) JOIN merchant_profile m ON m.id = wanted.id
        """,
        merchant_ids,
    )


async def delivery_prices(conn: Connection, merchant_id: UUID) -> list[DeliveryPrice]:
    """What the merchant has set."""
    return await rows(conn, DeliveryPrice, _PRICES + " WHERE merchant_id = $1", merchant_id)


async def delivery_zones(conn: Connection, merchant_id: UUID) -> list[DeliveryZone]:
    """In the order in which they are looked at."""
    sql = """
        SELECT id, title, countries, regions, postcodes, radius_km, prices FROM delivery_zone
        WHERE merchant_id = $1 ORDER BY position
    """
    return await rows(conn, DeliveryZone, sql, merchant_id)


async def sets_delivery_prices(conn: Connection, merchant_id: UUID) -> bool:
    """Whether the merchant has saved any, for everywhere or for a zone."""
    sql = """
        SELECT EXISTS (SELECT FROM delivery_price WHERE merchant_id = $1)
            OR EXISTS (SELECT FROM delivery_zone WHERE merchant_id = $1)
    """
    return bool(await conn.fetchval(sql, merchant_id))
