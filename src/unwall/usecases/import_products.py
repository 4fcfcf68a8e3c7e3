"""Import a product file together with its stock quantities."""

from uuid import UUID

from unwall.catalogue import actions as catalogue
from unwall.catalogue.values import CountedQuantity, ProductImportReport
from unwall.commerce.stock import actions as stock
from unwall.commerce.stock import reads as stock_reads
from unwall.commerce.stock.values import Cause, Reason, VariantQuantity
from unwall.kernel.database import Transaction
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Merchant


def decode_product_file(data: bytes, *, field: str = "file") -> str:
    """Raises `Invalid` naming `field` if the file is missing or not UTF-8."""
    if not data:
        raise Invalid.one(field, N_("Choose a CSV file."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid.one(field, N_("The file is not in UTF-8. Export it again as CSV UTF-8.")) from None


async def import_products(
    conn: Transaction, merchant: Merchant, text: str, *, files_url: str, actor: str, node_id: UUID | None = None
) -> ProductImportReport:
    """Runs `catalogue.csv_import`; if a node is given, its on-hand quantities are set to those of the file."""
    report = await catalogue.csv_import(conn, merchant, text, files_url=files_url)
    if node_id:
        await _set_on_hand(conn, merchant.id, node_id, report.inventory, actor)
    return report


async def _set_on_hand(
    conn: Transaction, merchant_id: UUID, node_id: UUID, counted: tuple[CountedQuantity, ...], actor: str
) -> None:
    levels = await stock_reads.levels(conn, [count.variant_id for count in counted])
    on_hand = {level.variant_id: level.on_hand for level in levels if level.node_id == node_id}
    changes = [
        VariantQuantity(count.variant_id, delta)
        for count in counted
        if (delta := count.quantity - on_hand.get(count.variant_id, 0))
    ]
    if changes:
        await stock.adjust(conn, merchant_id, node_id, changes, Cause(new_id(), Reason.COUNT, actor))
