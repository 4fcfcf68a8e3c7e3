"""What a merchant sets of its payments."""

from uuid import UUID

from unwall.commerce.payments.values import CaptureAt
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_


async def capture_at(conn: Connection, merchant_id: UUID) -> CaptureAt:
    chosen = await conn.fetchval("SELECT capture FROM payment_settings WHERE merchant_id = $1", merchant_id)
    return CaptureAt(chosen) if chosen else CaptureAt.ORDER


def capture_in(text: str) -> CaptureAt:
    """Raises `Invalid` (capture)."""
    if text not in set(CaptureAt):
        raise Invalid.one("capture", N_("Choose when the money is taken."))
    return CaptureAt(text)


async def save_capture_at(conn: Transaction, merchant_id: UUID, capture: CaptureAt) -> None:
    """For payments that are asked for from now on."""
    await conn.execute(
        """
        INSERT INTO payment_settings (merchant_id, capture) VALUES ($1, $2)
        ON CONFLICT (merchant_id) DO UPDATE SET capture = excluded.capture
        """,
        merchant_id,
        capture,
    )
