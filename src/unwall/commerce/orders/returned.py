"""How many units of an order's lines were given back."""

from collections.abc import Mapping
from uuid import UUID

from unwall.kernel.database import Transaction


async def count_returned(conn: Transaction, order_id: UUID, units: Mapping[int, int]) -> None:
    """So many more by line. The caller has locked the order; the table refuses more than were bought."""
    sql = """
        UPDATE order_line l SET returned = l.returned + u.units
        FROM unnest($2::smallint[], $3::int[]) AS u (line, units) WHERE l.order_id = $1 AND l.line = u.line
    """
    await conn.execute(sql, order_id, list(units), list(units.values()))
