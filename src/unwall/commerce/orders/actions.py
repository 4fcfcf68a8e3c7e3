"""Every change of a cart, and a sale over the counter. Each needs a transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from unwall.commerce.orders.values import Origin
from unwall.kernel.database import Connection
from unwall.people.values import Staff, Visit


async def add_to_cart(
    conn: Connection, visit: Visit, variant_id: UUID, quantity: int, origin: Origin, now: datetime
) -> UUID:
    """Add to the visitor's open cart at the variant's merchant, making it if need be; the cart's id. Where the line is
    there already the quantities add up, and a new origin replaces the old one only if it names something. Raises
    `Invalid` (quantity) beyond 99 of one variant, `NotFound` for a variant that is not sold."""
    raise NotImplementedError


async def set_quantity(conn: Connection, visit: Visit, cart_id: UUID, variant_id: UUID, quantity: int) -> None:
    """0 removes the line. Raises `Invalid` (quantity), `NotFound`."""
    raise NotImplementedError


async def remove(conn: Connection, visit: Visit, cart_id: UUID, variant_id: UUID) -> None:
    raise NotImplementedError


async def sell_at_counter(
    conn: Connection,
    staff: Staff,
    node_id: UUID,
    lines: Sequence[tuple[UUID, int]],
    sale_id: UUID,
    now: datetime,
) -> UUID:
    """A sale in the shop: `lines` are (variant_id, quantity). `sale_id` is the caller's and becomes the order's: telling
    it twice sells once. Raises `stock.Short` naming what is not there."""
    raise NotImplementedError
