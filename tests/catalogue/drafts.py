"""Merchants and products for the catalogue's tests."""

from uuid import UUID

from unwall.catalogue.values import ProductDraft, ProductTranslation, VariantDraft
from unwall.kernel.database import Connection
from unwall.kernel.ids import new_id
from unwall.people.values import Merchant


async def a_merchant(conn: Connection, slug: str = "tea", currency: str = "CNY") -> Merchant:
    merchant = Merchant(new_id(), slug, slug.title(), currency, "Asia/Shanghai", "en")
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone, translations) VALUES ($1, $2, $3, $4, $5, $6)",
        merchant.id,
        merchant.slug,
        merchant.name,
        merchant.currency,
        merchant.timezone,
        {"zh": {"name": f"{slug}店"}},
    )
    return merchant


def a_draft(title: str = "Red Tea", **changes: object) -> ProductDraft:
    facts: dict[str, object] = {
        "title": title,
        "variants": (VariantDraft(sku=f"SKU-{title}", price=1200),),
        "translations": {"zh": ProductTranslation("红茶")},
    }
    return ProductDraft(**(facts | changes))  # type: ignore[arg-type]


async def counts(conn: Connection) -> dict[str, int]:
    """Rows of every table of the catalogue, to show that a refusal changed nothing."""
    tables = ("category", "product", "product_image", "variant", "bundle", "bundle_part")
    return {table: await conn.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


def ids(*cards) -> list[UUID]:
    return [card.product_id for card in cards]
