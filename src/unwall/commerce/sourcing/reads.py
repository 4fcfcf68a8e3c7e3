"""How you can have it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from unwall.commerce.sourcing.values import Promise
from unwall.kernel.database import Connection
from unwall.people.values import Place


async def promise(
    conn: Connection, merchant_id: UUID, wanted: Mapping[UUID, int], place: Place | None, lang: str, now: datetime
) -> Promise:
    """The options for these variants and quantities of one merchant: a product's chosen variant, or a whole cart."""
    raise NotImplementedError
