"""Processing what has changed, in slices: each is a transaction."""

from unwall.content.search.actions import take_in
from unwall.kernel.database import Database

SLICE = 500


async def take_in_changes(db: Database) -> int:
    """Returns how many changes there were."""
    total = 0
    while True:
        async with db.transaction() as conn:
            taken = await take_in(conn, SLICE)
        total += taken
        if taken < SLICE:
            return total
