"""Export a merchant's products with their stock quantities, in the layout that `import_products` reads."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from unwall.catalogue import merchant_reads as catalogue
from unwall.commerce.stock import reads as stock
from unwall.kernel.database import Connection
from unwall.people.values import Merchant


async def export_products(
    opened: Callable[[], AbstractAsyncContextManager[Connection]], merchant: Merchant, *, files_url: str
) -> AsyncIterator[str]:
    """The file in pieces, however many products there are. `opened` gives a transaction for each, so that none lasts as
    long as a slow reader takes."""
    after, quantities = None, None
    while True:
        async with opened() as conn:
            if quantities is None:
                quantities = await stock.on_hand(conn, merchant.id)
            text, after = await catalogue.csv_part(conn, merchant, after, files_url=files_url, quantities=quantities)
        yield text
        if after is None:
            return
