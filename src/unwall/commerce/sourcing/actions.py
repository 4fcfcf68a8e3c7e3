"""Changes of delivery prices."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from unwall.commerce.sourcing.rates import check_prices
from unwall.commerce.sourcing.values import DeliveryPrice, DeliveryZone
from unwall.commerce.sourcing.zones import checked_zones
from unwall.kernel.database import Transaction, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

_SAVE = """
    INSERT INTO delivery_price (merchant_id, method, offered, fee, fee_per_km, free_from, cost, cost_per_100_km)
    SELECT $1, method, offered, fee, fee_per_km, free_from, cost, cost_per_100_km
    FROM jsonb_to_recordset($2) AS p (method text, offered boolean, fee bigint, fee_per_km bigint, free_from bigint,
        cost bigint, cost_per_100_km bigint)
    ON CONFLICT (merchant_id, method) DO UPDATE SET offered = excluded.offered, fee = excluded.fee,
        fee_per_km = excluded.fee_per_km, free_from = excluded.free_from, cost = excluded.cost,
        cost_per_100_km = excluded.cost_per_100_km
"""


async def save_delivery_prices(conn: Transaction, merchant_id: UUID, prices: Sequence[DeliveryPrice]) -> None:
    """Set the prices of these methods, from the next promise on. Raises `Invalid` naming each wrong field."""
    check_prices(prices)
    await conn.execute(_SAVE, merchant_id, list(prices))


async def save_delivery_zones(conn: Transaction, merchant_id: UUID, zones: Sequence[DeliveryZone]) -> None:
    """All of the merchant's zones, in their order. Raises `Invalid` naming each wrong field."""
    clean = checked_zones(zones)
    await lock_subject(conn, "delivery zones", merchant_id)
    await conn.execute("DELETE FROM delivery_zone WHERE merchant_id = $1", merchant_id)
    try:
        await conn.execute(_SAVE_ZONES, merchant_id, clean)
    except asyncpg.UniqueViolationError as error:
        raise Invalid.one("zones", N_("Another store has a zone with such an id.")) from error


_SAVE_ZONES = """
    INSERT INTO delivery_zone (id, merchant_id, position, title, countries, regions, postcodes, radius_km, prices)
    SELECT z.id, $1, row_number() OVER (), z.title, coalesce(z.countries, '{}'), coalesce(z.regions, '{}'),
        coalesce(z.postcodes, '{}'), z.radius_km, coalesce(z.prices, '[]')
    FROM jsonb_to_recordset($2) AS z (id uuid, title text, countries text[], regions text[], postcodes text[],
        radius_km int, prices jsonb)
"""
