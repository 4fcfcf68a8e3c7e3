"""Every question about stock."""

from collections.abc import Sequence
from uuid import UUID

from unwall.commerce.stock.values import Discrepancy, GridRow, HeldLine, LedgerEntry, Level, Node
from unwall.kernel.cursors import Page
from unwall.kernel.database import Connection


async def nodes(conn: Connection, merchant_ids: Sequence[UUID] | None, lang: str) -> list[Node]:
    """Of these merchants (None: of all), by merchant and code; closed ones too."""
    raise NotImplementedError


async def node(conn: Connection, node_id: UUID, lang: str) -> Node | None:
    raise NotImplementedError


async def levels(conn: Connection, variant_ids: Sequence[UUID]) -> list[Level]:
    """At every node that knows the variant."""
    raise NotImplementedError


async def level_grid(conn: Connection, merchant_id: UUID, product_ids: Sequence[UUID], lang: str) -> list[GridRow]:
    """Variants x nodes of these products, in the products' and variants' order."""
    raise NotImplementedError


async def movements(
    conn: Connection, variant_id: UUID, node_id: UUID, after: str | None, limit: int
) -> Page[LedgerEntry]:
    """Of one level, newest first."""
    raise NotImplementedError


async def held_lines(conn: Connection, request_id: UUID) -> list[HeldLine]:
    raise NotImplementedError


async def audit(conn: Connection) -> list[Discrepancy]:
    """Empty when for every level the ledger's sums, the level and the open holds agree."""
    raise NotImplementedError
