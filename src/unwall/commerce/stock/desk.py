"""The stock desk."""

from unwall.commerce.stock.values import HoldRequest, Verdict
from unwall.kernel.database import Database


class Desk:
    """Holds stock for requests, many in one commit."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def hold(self, request: HoldRequest) -> Verdict:
        """All lines or nothing; idempotent by the request's id. Raises `Invalid` naming the field, `HoldReused` where
        the id stands for other lines, `HoldGone` where what it stood for was released or ran out."""
        raise NotImplementedError

    async def close(self) -> None:
        """Wait until every request has been answered."""
        raise NotImplementedError
