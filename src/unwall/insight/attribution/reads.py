"""Reads of sales and of the posts they are credited to. All work on a connection confined to the merchant."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from unwall.insight.attribution.rules import day_of, total
from unwall.insight.attribution.values import (
    Credit,
    DaySales,
    HourSales,
    PostSales,
    ShortStock,
    Today,
    TopProduct,
)
from unwall.kernel.clock import local
from unwall.kernel.database import Connection, row, rows
from unwall.people.values import Merchant


async def post_sales(  # what a period of posts is asked by
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    since: datetime,
    until: datetime,
    limit: int = 12,
    *,
    posts: Collection[UUID] | None = None,
) -> list[PostSales]:
    """The merchant's posts with their views and sales in [since, until), by revenue, then by views. Posts without views
    or sales are left out.
    """
    sql = """
        WITH done AS (
            SELECT post_id, count(*) FILTER (WHERE kind = 'view' AND product_id IS NULL) AS views,
                count(DISTINCT (coalesce(session_id, visitor_id), product_id))
                    FILTER (WHERE kind IN ('view', 'click') AND product_id IS NOT NULL) AS clicks,
                count(*) FILTER (WHERE kind = 'add-to-cart') AS carts
            FROM behaviour
            WHERE merchant_id = $1 AND kind IN ('view', 'click', 'add-to-cart')
                AND at >= $3 AND at < $4 AND post_id IS NOT NULL AND ($6::uuid[] IS NULL OR post_id = ANY($6))
            GROUP BY post_id
        ), sold AS (
            SELECT a.post_id, count(*) AS orders, sum(a.amount)::bigint AS revenue
            FROM attribution a JOIN paid_order o ON o.id = a.order_id
            WHERE a.merchant_id = $1 AND a.ordered_at >= $3 AND a.ordered_at < $4
                AND ($6::uuid[] IS NULL OR a.post_id = ANY($6))
            GROUP BY a.post_id
        )
        SELECT p.id AS post_id,
            coalesce(nullif(translated(p.translations, $2, 'title', p.title), ''), p.excerpt) AS title, p.image_file,
            p.published_at, coalesce(views, 0) AS views, coalesce(clicks, 0) AS product_clicks,
            coalesce(carts, 0) AS add_to_carts, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue
        FROM done FULL JOIN sold USING (post_id) JOIN post_summary p ON p.id = post_id
        ORDER BY coalesce(revenue, 0) DESC, coalesce(views, 0) DESC, p.id DESC LIMIT $5
    """
    asked = None if posts is None else list(posts)
    return await rows(conn, PostSales, sql, merchant_id, lang, since, until, limit, asked)


async def today(conn: Connection, merchant: Merchant, now: datetime) -> Today:
    """Sales by hour and channel of the merchant's local day so far, and of the same weekday a week ago."""
    sql = """
        SELECT extract(hour FROM placed_at AT TIME ZONE $7)::int AS hour, channel,
            count(*) FILTER (WHERE placed_at >= $2) AS orders,
            coalesce(sum(amount) FILTER (WHERE placed_at >= $2), 0)::bigint AS revenue,
            count(*) FILTER (WHERE placed_at < $2) AS before_orders,
            coalesce(sum(amount) FILTER (WHERE placed_at < $2), 0)::bigint AS before_revenue,
            coalesce(sum(amount) FILTER (WHERE placed_at <= $6), 0)::bigint AS before_so_far
        FROM paid_order
        WHERE merchant_id = $1 AND (placed_at >= $2 AND placed_at < $3 OR placed_at >= $4 AND placed_at < $5)
        GROUP BY hour, channel ORDER BY hour, channel
    """
    day, before = day_of(now, merchant.timezone), day_of(now, merchant.timezone, weeks_ago=1)
    same_time = local(now, merchant.timezone) - timedelta(weeks=1)
    spans = (day.start, day.end, before.start, before.end, same_time)
    return total(await rows(conn, HourSales, sql, merchant.id, *spans, merchant.timezone))


async def sale_post(conn: Connection, order_id: UUID, lang: str) -> Credit | None:
    """The post that an order is credited to."""
    sql = """
        SELECT a.order_id, a.post_id,
            coalesce(nullif(translated(p.translations, $2, 'title', p.title), ''), p.excerpt, '') AS post_title,
            p.account_handle, a.rule, a.amount, a.touched_at, a.ordered_at
        FROM attribution a LEFT JOIN post_summary p ON p.id = a.post_id
        WHERE a.order_id = $1
    """
    return await row(conn, Credit, sql, order_id, lang)


async def top_products(
    conn: Connection, merchant_id: UUID, lang: str, since: datetime, until: datetime, limit: int = 10
) -> list[TopProduct]:
    """The products with the highest revenue in paid orders placed in [since, until)."""
    sql = """
        WITH sold AS (
            SELECT product_id, max(title) AS title, sum(quantity)::int AS quantity, sum(total)::bigint AS revenue
            FROM paid_order_line WHERE merchant_id = $1 AND placed_at >= $3 AND placed_at < $4
            GROUP BY product_id ORDER BY revenue DESC, product_id LIMIT $5
        )
        SELECT product_id, translated(p.translations, $2, 'title', coalesce(p.title, sold.title)) AS title, quantity,
            revenue
        FROM sold LEFT JOIN product_summary p ON p.id = product_id
        ORDER BY revenue DESC, product_id
    """
    return await rows(conn, TopProduct, sql, merchant_id, lang, since, until, limit)


async def daily_sales(conn: Connection, merchant: Merchant, since: datetime, until: datetime) -> list[DaySales]:
    """Sales of paid orders per local day of the merchant in [since, until), and the part credited to posts."""
    sql = """
        SELECT (o.placed_at AT TIME ZONE $2)::date AS day, count(*) AS orders,
            sum(o.amount)::bigint AS revenue, coalesce(sum(a.amount), 0)::bigint AS from_posts
        FROM paid_order o LEFT JOIN attribution a ON a.order_id = o.id
        WHERE o.merchant_id = $1 AND o.placed_at >= $3 AND o.placed_at < $4
        GROUP BY day ORDER BY day
    """
    return await rows(conn, DaySales, sql, merchant.id, merchant.timezone, since, until)


async def short_stock(
    conn: Connection, merchant_id: UUID, lang: str, since: datetime, until: datetime, limit: int = 8
) -> list[ShortStock]:
    """Variants that sold more units in [since, until) than all open nodes together can promise now, the scarcest
    first.
    """
    sql = """
        WITH sold AS (
            SELECT variant_id, sum(quantity)::int AS quantity FROM paid_order_line
            WHERE merchant_id = $1 AND placed_at >= $3 AND placed_at < $4 GROUP BY variant_id
        ), stocked AS (
            SELECT sold.*, coalesce((
                SELECT sum(greatest(available, 0)) FROM available_stock s
                WHERE s.variant_id = sold.variant_id AND s.node_open), 0)::int AS available
            FROM sold
        )
        SELECT v.id AS variant_id, v.product_id, translated(v.translations, $2, 'title', v.title) AS title,
            translated_words(v.translations, $2, v.options) AS options, available, quantity AS sold
        FROM stocked JOIN variant_summary v ON v.id = variant_id AND v.sellable
        WHERE available < quantity ORDER BY available, quantity DESC, v.id LIMIT $5
    """
    return await rows(conn, ShortStock, sql, merchant_id, lang, since, until, limit)
