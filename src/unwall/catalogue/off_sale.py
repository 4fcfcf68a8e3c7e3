"""Products and sets that moderation has taken off sale: their merchants may change them, and may not sell them."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from unwall.catalogue.values import BundleDraft, ProductDraft, ProductStatus
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import FieldError
from unwall.kernel.text import N_

TAKEN_OFF = FieldError("status", N_("A moderator has taken this product off sale. You can appeal on its page."))
BUNDLE_TAKEN_OFF = FieldError("active", N_("A moderator has taken this set off sale. You can appeal on its page."))
_CONSTRAINTS = frozenset({"product_off_sale", "bundle_off_sale"})


async def take_off_sale(conn: Transaction, product_id: UUID) -> None:
    """As moderation decides, whichever merchant's it is, until `put_back_on_sale`. Idempotent."""
    await conn.execute(
        """
        UPDATE product SET taken_off_from = status, status = CASE status WHEN 'active' THEN 'archived' ELSE status END,
            updated_at = now()
        WHERE id = $1 AND taken_off_from IS NULL
        """,
        product_id,
    )


async def put_back_on_sale(conn: Transaction, product_id: UUID) -> None:
    """What moderation took off sale; what its merchant had not on sale then is theirs to sell. Idempotent."""
    await conn.execute(
        """
        UPDATE product SET taken_off_from = NULL, updated_at = now(),
            status = CASE WHEN taken_off_from = 'active' AND status = 'archived' THEN 'active' ELSE status END
        WHERE id = $1 AND taken_off_from IS NOT NULL
        """,
        product_id,
    )


async def take_bundle_off_sale(conn: Transaction, bundle_id: UUID) -> None:
    """As `take_off_sale`."""
    await conn.execute(
        "UPDATE bundle SET taken_off_from = active, active = false WHERE id = $1 AND taken_off_from IS NULL", bundle_id
    )


async def put_bundle_back_on_sale(conn: Transaction, bundle_id: UUID) -> None:
    """As `put_back_on_sale`."""
    await conn.execute(
        "UPDATE bundle SET active = taken_off_from, taken_off_from = NULL WHERE id = $1 AND taken_off_from IS NOT NULL",
        bundle_id,
    )


async def off_sale_errors(
    conn: Connection, merchant_id: UUID, drafts: Sequence[ProductDraft]
) -> list[tuple[int, FieldError]]:
    """Of drafts that would sell what moderation has taken off sale, by their index."""
    wanted = {draft.id: i for i, draft in enumerate(drafts) if draft.id and draft.status is ProductStatus.ACTIVE}
    off = await conn.fetch(
        "SELECT id FROM product WHERE merchant_id = $1 AND id = ANY($2::uuid[]) AND taken_off_from IS NOT NULL",
        merchant_id,
        list(wanted),
    )
    return [(wanted[record["id"]], TAKEN_OFF) for record in off]


async def bundle_off_sale_errors(conn: Connection, merchant_id: UUID, draft: BundleDraft) -> list[FieldError]:
    """As `off_sale_errors`. A draft without an id is of the bundle that has its address."""
    off = draft.active and await conn.fetchval(
        """
        SELECT EXISTS (SELECT FROM bundle WHERE merchant_id = $1 AND (id = $2 OR $2 IS NULL AND slug = $3)
            AND taken_off_from IS NOT NULL)
        """,
        merchant_id,
        draft.id,
        draft.slug,
    )
    return [BUNDLE_TAKEN_OFF] if off else []


def is_off_sale(error: asyncpg.CheckViolationError) -> bool:
    """Whether it was taken off sale between the check and the write."""
    return error.constraint_name in _CONSTRAINTS
