"""How buyers rate a product, as cards and searches know it."""

from uuid import UUID

from unwall.kernel.database import Transaction


async def put_stars(conn: Transaction, merchant_id: UUID, product_id: UUID, total: int, reviews: int) -> None:
    """What cards and searches know of the reviews of a product: how many there are, and all stars that they give."""
    if not reviews:
        await conn.execute("DELETE FROM product_stars WHERE product_id = $1", product_id)
        return
    await conn.execute(
        """
        INSERT INTO product_stars (product_id, merchant_id, total, reviews) VALUES ($1, $2, $3, $4)
        ON CONFLICT (product_id) DO UPDATE SET total = excluded.total, reviews = excluded.reviews
        """,
        product_id,
        merchant_id,
        total,
        reviews,
    )
