"""Crediting orders to posts. A credit is never changed, so every function here may be called again at any time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from unwall.kernel.database import Transaction, row_count

# In-post: the post that most of the order's goods were bought from. Browsers name it, so it must be this merchant's, or
# show the goods and be allowed to. Else last-touch: the last post of this merchant, or that shows its products and is
# allowed to, which the person (the member, and every visitor known to be them) touched within the window $2 before
# ordering.
_CREDIT = """
    WITH bought AS MATERIALIZED (
        SELECT o.id, o.merchant_id, o.member_id, o.visitor_id, o.placed_at, o.amount,
            (SELECT l.post_id FROM paid_order_line l JOIN post_summary p ON p.id = l.post_id
                WHERE l.order_id = o.id AND (p.merchant_id = o.merchant_id OR EXISTS (
                    SELECT FROM post_product s WHERE s.post_id = p.id AND s.product_id = l.product_id
                        AND s.product_merchant_id = o.merchant_id))
                GROUP BY l.post_id ORDER BY sum(l.total) DESC, min(l.line) LIMIT 1) AS in_post
        FROM paid_order o
        WHERE {which} AND NOT EXISTS (SELECT FROM attribution a WHERE a.order_id = o.id)
    )
    INSERT INTO attribution (order_id, merchant_id, post_id, rule, amount, touched_at, ordered_at)
    SELECT b.id, b.merchant_id, coalesce(b.in_post, touch.post_id),
        CASE WHEN b.in_post IS NULL THEN 'last-touch' ELSE 'in-post' END,
        b.amount, coalesce(touch.at, b.placed_at), b.placed_at
    FROM bought b LEFT JOIN LATERAL (
        SELECT t.post_id, t.at FROM person_touch t
        WHERE t.person_id = ANY(ARRAY(SELECT v.visitor_id FROM member_visitor v WHERE v.member_id = b.member_id)
                || b.member_id || b.visitor_id)
            AND t.at > b.placed_at - $2::interval AND t.at <= b.placed_at
            AND (t.post_id = b.in_post OR b.in_post IS NULL AND EXISTS (
                SELECT FROM post_summary p WHERE p.id = t.post_id AND (p.merchant_id = b.merchant_id OR EXISTS (
                    SELECT FROM post_product s WHERE s.post_id = p.id AND s.product_merchant_id = b.merchant_id))))
        ORDER BY t.at DESC, t.post_id DESC LIMIT 1
    ) touch ON true
    WHERE coalesce(b.in_post, touch.post_id) IS NOT NULL
    ON CONFLICT (order_id) DO NOTHING
"""
_CREDIT_THESE = _CREDIT.format(which="o.id = ANY($1::uuid[])")
_CREDIT_SINCE = _CREDIT.format(which="o.placed_at >= $1")


async def attribute(conn: Transaction, order_ids: Sequence[UUID], window: timedelta) -> int:
    """Credit these paid orders; returns how many were newly credited to a post."""
    return row_count(await conn.execute(_CREDIT_THESE, list(order_ids), window))


async def attribute_since(conn: Transaction, since: datetime, window: timedelta) -> int:
    """As `attribute`, for every paid order placed since then: for imported data."""
    return row_count(await conn.execute(_CREDIT_SINCE, since, window))
