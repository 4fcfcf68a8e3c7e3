"""A visitor's carts become those of the member who signs in."""

from uuid import UUID

from unwall.commerce.orders import rules
from unwall.kernel.database import Transaction

_LOCK_CARTS = """
    SELECT FROM cart WHERE person_id = ANY($1) AND state = 'open' ORDER BY id FOR NO KEY UPDATE
"""
# The member's cart at each merchant where the visitor has one, made if needed: the row stands in the way of another
# cart of the member until this transaction ends.
_LOCK_MEMBERS = """
    INSERT INTO cart (id, merchant_id, person_id)
    SELECT gen_random_uuid(), merchant_id, $2 FROM cart WHERE person_id = $1 AND state = 'open' ORDER BY id
    ON CONFLICT (person_id, merchant_id) WHERE state = 'open' DO UPDATE SET person_id = excluded.person_id
"""
# The lines of a cart whose order is being paid stay with it. Of those that do not fit, the oldest are left out.
_MOVE_LINES = """
    WITH moved AS (
        SELECT theirs.id AS cart_id, l.variant_id, l.merchant_id, l.quantity, l.post_id, l.page, l.policy, l.added_at,
            row_number() OVER (PARTITION BY theirs.id ORDER BY known.variant_id IS NULL, l.added_at DESC, l.variant_id)
                + (SELECT count(*) FROM cart_line o WHERE o.cart_id = theirs.id AND NOT EXISTS (
                    SELECT FROM cart_line m WHERE m.cart_id = old.id AND m.variant_id = o.variant_id)) AS place
        FROM cart theirs JOIN cart old ON old.person_id = $2 AND old.merchant_id = theirs.merchant_id
            JOIN cart_line l ON l.cart_id = old.id
            LEFT JOIN cart_line known ON known.cart_id = theirs.id AND known.variant_id = l.variant_id
        WHERE theirs.person_id = $1 AND theirs.state = 'open' AND old.state = 'open' AND NOT EXISTS (
            SELECT FROM sales_order s JOIN order_payment p ON p.order_id = s.id
            WHERE s.cart_id = old.id AND p.state IN ('asked', 'authorised', 'capturing', 'captured'))
    )
    INSERT INTO cart_line AS l (cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at)
    SELECT cart_id, variant_id, merchant_id, quantity, post_id, page, policy, added_at FROM moved WHERE place <= $4
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = least(l.quantity + excluded.quantity, $3)
"""
_CLOSE_OLD = """
    UPDATE cart old SET state = 'merged' FROM cart theirs
    WHERE old.person_id = $2 AND old.state = 'open'
        AND theirs.person_id = $1 AND theirs.state = 'open' AND theirs.merchant_id = old.merchant_id
"""
_HAND_OVER = "UPDATE cart SET person_id = $2 WHERE person_id = $1 AND state = 'open'"


async def merge_carts(conn: Transaction, visitor_id: UUID, member_id: UUID) -> None:
    """Where both have an open cart at a merchant, the visitor's gets the member's lines, quantities added up within the
    limits; it keeps its id, for the shopper may be looking at it. The visitor has none afterwards. Idempotent.
    """
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM cart WHERE person_id = $1 AND state = 'open')", visitor_id):
        return
    who = (visitor_id, member_id)
    await conn.execute(_LOCK_CARTS, list(who))
    await conn.execute(_LOCK_MEMBERS, *who)
    await conn.execute(_MOVE_LINES, *who, rules.MAX_UNITS_PER_LINE, rules.MAX_LINES_PER_CART)
    await conn.execute(_CLOSE_OLD, *who)
    await conn.execute(_HAND_OVER, *who)
