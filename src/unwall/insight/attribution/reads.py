"""Reads of sales and of the posts they are credited to. All work on a connection confined to the merchant."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from uuid import UUID

from unwall.insight.attribution.rules import day_of, total
from unwall.insight.attribution.values import (
    Credit,
    DaySales,
    HourSales,
    PostSales,
    ShortStock,
    Span,
    Today,
    TopProduct,
)
from unwall.journal.values import TOUCH_KINDS, EventKind
from unwall.kernel.clock import local
from unwall.kernel.database import Connection, Transaction, each_row, row, rows
from unwall.people.values import Merchant

_POST_KINDS = sorted(TOUCH_KINDS - {EventKind.PURCHASE} | {EventKind.ADD_TO_CART})
"""What people do with a post, short of buying, which the credited orders tell."""


_POST_SALES = """
    WITH sold AS (
        SELECT a.post_id, o.visitor_id, o.member_id, o.id AS order_id, a.amount
        FROM attribution a JOIN paid_order o ON o.id = a.order_id
        WHERE a.merchant_id = $1 AND a.ordered_at >= $3 AND a.ordered_at < $4
            AND ($6::uuid[] IS NULL OR a.post_id = ANY($6))
    ), done AS (
        SELECT post_id, visitor_id, member_id, coalesce(visitor_id, member_id) AS known_by,
            CASE WHEN kind = 'add-to-cart' THEN 3 WHEN product_id IS NULL THEN 1 ELSE 2 END AS step
        FROM behaviour
        WHERE merchant_id = $1 AND kind = ANY($7) AND at >= $3 AND at < $4
            AND post_id IS NOT NULL AND ($6::uuid[] IS NULL OR post_id = ANY($6))
        UNION ALL
        SELECT post_id, visitor_id, member_id, coalesce(visitor_id, member_id, order_id), 4 FROM sold
    ), signed_in AS (
        SELECT DISTINCT ON (visitor_id) visitor_id, member_id FROM done
        WHERE visitor_id IS NOT NULL AND member_id IS NOT NULL ORDER BY visitor_id, member_id
    ), person AS (
        SELECT d.post_id, coalesce(d.member_id, s.member_id, d.known_by) AS id, max(d.step) AS step
        FROM done d LEFT JOIN signed_in s ON s.visitor_id = d.visitor_id
        GROUP BY 1, 2
    ), people AS (
        SELECT post_id, count(*) AS opened, count(*) FILTER (WHERE step >= 2) AS opened_product,
            count(*) FILTER (WHERE step >= 3) AS added, count(*) FILTER (WHERE step >= 4) AS bought
        FROM person GROUP BY post_id
    ), money AS (
        SELECT post_id, count(*) AS orders, sum(amount)::bigint AS revenue FROM sold GROUP BY post_id
    )
    SELECT p.id AS post_id,
        coalesce(nullif(translated(p.translations, $2, 'title', p.title), ''), p.excerpt) AS title, p.image_file,
        p.published_at, opened, opened_product, added, bought, coalesce(orders, 0) AS orders,
        coalesce(revenue, 0) AS revenue
    FROM people LEFT JOIN money USING (post_id) JOIN post_summary p ON p.id = post_id
    ORDER BY coalesce(revenue, 0) DESC, opened DESC, p.id DESC LIMIT $5
"""
"""Each person counts in every step up to the furthest that they reached, so no step has more people than the one
before. A visitor who signs in is one person: whoever is known as a member in one of the events is so in all.
"""


async def post_sales(
    conn: Connection,
    merchant_id: UUID,
    lang: str,
    span: Span,
    limit: int = 12,
    *,
    posts: Collection[UUID] | None = None,
) -> list[PostSales]:
    """The merchant's posts with the people who opened them and what those bought in the span, by revenue, then by
    people. Posts that nobody opened are left out."""
    asked = None if posts is None else list(posts)
    facts = (merchant_id, lang, span.start, span.end, limit, asked, _POST_KINDS)
    return await rows(conn, PostSales, _POST_SALES, *facts)


def every_post_sales(conn: Transaction, merchant_id: UUID, lang: str, span: Span) -> AsyncIterator[PostSales]:
    """As `post_sales` to the end, a batch at a time."""
    return each_row(conn, PostSales, _POST_SALES, merchant_id, lang, span.start, span.end, None, None, _POST_KINDS)


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


async def empty_places(conn: Connection, merchant_id: UUID, since: datetime, until: datetime) -> int:
    """At how many open nodes nothing is left of a variant that sold in [since, until), counted for each variant."""
    sql = """
        SELECT count(*) FROM available_stock s JOIN variant_summary v ON v.id = s.variant_id AND v.sellable
        WHERE s.node_open AND s.available <= 0 AND s.variant_id IN (
            SELECT variant_id FROM paid_order_line WHERE merchant_id = $1 AND placed_at >= $2 AND placed_at < $3)
    """
    return int(await conn.fetchval(sql, merchant_id, since, until))


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
