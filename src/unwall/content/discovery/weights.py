"""Changes of the weights by which discovery ranks; every process hears of them."""

from datetime import datetime

import msgspec

from unwall.content.discovery.rules import check_weights
from unwall.content.discovery.values import Weights
from unwall.kernel.database import Transaction


async def save_weights(conn: Transaction, weights: Weights, by: str, at: datetime) -> None:
    """Raises `Invalid` naming each weight that is out of its limits."""
    check_weights(weights)
    await conn.execute(
        """
        INSERT INTO discovery_weights (single, weights, changed_by, changed_at) VALUES (true, $1, $2, $3)
        ON CONFLICT (single) DO UPDATE SET weights = EXCLUDED.weights, changed_by = EXCLUDED.changed_by,
            changed_at = EXCLUDED.changed_at
        """,
        msgspec.to_builtins(weights),
        by,
        at,
    )


async def reset_weights(conn: Transaction) -> None:
    """Those of the setting hold again. Idempotent."""
    await conn.execute("DELETE FROM discovery_weights")
