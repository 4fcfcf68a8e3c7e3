"""Opening stock of a merchant without a node: the quantities of a product file wait for the first node."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from unwall.commerce.stock.values import VariantQuantity
from unwall.kernel.database import Transaction, rows


async def keep(conn: Transaction, merchant_id: UUID, counted: Sequence[VariantQuantity]) -> None:
    """Store quantities; a later file replaces those of its variants."""
    await conn.execute(
        """
        INSERT INTO opening_stock (variant_id, merchant_id, quantity)
        SELECT variant_id, $1, quantity FROM jsonb_to_recordset($2) AS x (variant_id uuid, quantity int)
        ON CONFLICT (variant_id) DO UPDATE SET quantity = EXCLUDED.quantity
        """,
        merchant_id,
        [msgspec.structs.asdict(one) for one in counted],
    )


async def take(conn: Transaction, merchant_id: UUID) -> list[VariantQuantity]:
    """Return the waiting quantities and delete them."""
    sql = "DELETE FROM opening_stock WHERE merchant_id = $1 RETURNING variant_id, quantity"
    return [one for one in await rows(conn, VariantQuantity, sql, merchant_id) if one.quantity]
