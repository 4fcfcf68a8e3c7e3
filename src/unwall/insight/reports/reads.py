"""The figures of posts, as counted from the journal and credited by the attribution. For connections confined to the
merchant.
"""

from collections.abc import Collection
from uuid import UUID

from unwall.insight.reports.values import CountProgress, DayFigures, Days, FigureSort, PostFigures, PostResults
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows

MAX_LISTED = 100
EXPORTED_AT_ONCE = 1000

# The posts of the merchant $1 (of the account $7, where it is named) that did something in the days $3 to $4, whose
# moments are $5 to $6; titles in the language $2.
_FIGURES = """
    WITH done AS (
        SELECT post_id, sum(impressions)::bigint AS impressions, sum(opens)::bigint AS opens,
            sum(dwell_seconds) / nullif(sum(dwells), 0) AS dwell, sum(plays)::bigint AS plays,
            least(sum(completions), sum(plays))::float8 / nullif(sum(plays), 0) AS completion,
            sum(product_opens)::bigint AS product_opens, sum(adds)::bigint AS adds, sum(likes)::bigint AS likes,
            sum(shares)::bigint AS shares, sum(saves)::bigint AS saves, sum(comments)::bigint AS comments
        FROM post_day WHERE merchant_id = $1 AND day BETWEEN $3 AND $4 GROUP BY post_id
    ), seen AS (
        SELECT post_id, count(DISTINCT person_id) AS reach FROM post_viewer
        WHERE merchant_id = $1 AND day BETWEEN $3 AND $4 GROUP BY post_id
    ), sold AS (
        SELECT post_id, count(*) AS orders, sum(amount)::bigint AS revenue FROM credited_order
        WHERE merchant_id = $1 AND ordered_at >= $5 AND ordered_at < $6 GROUP BY post_id
    ), figures AS (
        SELECT p.id AS post_id,
            coalesce(nullif(translated(p.translations, $2, 'title', p.title), ''), p.excerpt) AS title, p.image_file,
            coalesce(p.account_handle, '') AS account_handle, p.published_at, coalesce(reach, 0) AS reach,
            coalesce(impressions, 0) AS impressions, coalesce(opens, 0) AS opens,
            coalesce(dwell, 0)::float8 AS dwell, coalesce(plays, 0) AS plays,
            coalesce(completion, 0)::float8 AS completion, coalesce(product_opens, 0) AS product_opens,
            coalesce(adds, 0) AS adds, coalesce(orders, 0) AS orders, coalesce(revenue, 0) AS revenue,
            coalesce(done.likes, 0) AS likes, coalesce(shares, 0) AS shares, coalesce(saves, 0) AS saves,
            coalesce(comments, 0) AS comments
        FROM post_summary p LEFT JOIN done ON done.post_id = p.id LEFT JOIN seen ON seen.post_id = p.id
            LEFT JOIN sold ON sold.post_id = p.id
        WHERE p.merchant_id = $1 AND (done.post_id IS NOT NULL OR sold.post_id IS NOT NULL)
            AND ($7::uuid IS NULL OR p.account_id = $7)
    )
"""


async def top_posts(
    conn: Connection, merchant_id: UUID, lang: str, days: Days, account_id: UUID | None, sort: FigureSort
) -> list[PostFigures]:
    """The posts with the most of what they are sorted by, at most `MAX_LISTED`."""
    sql = f"{_FIGURES} SELECT * FROM figures ORDER BY {sort.value} DESC, post_id DESC LIMIT $8"
    return await rows(conn, PostFigures, sql, merchant_id, lang, *_asked(days), account_id, MAX_LISTED)


async def all_posts(  # a page of an export
    conn: Connection, merchant_id: UUID, lang: str, days: Days, account_id: UUID | None, after: str | None
) -> ResultPage[PostFigures]:
    """Every post, the newest first, in pages."""
    sql = f"{_FIGURES} SELECT * FROM figures WHERE post_id < $8 ORDER BY post_id DESC LIMIT $9"
    asked = (merchant_id, lang, *_asked(days), account_id, decode(after), EXPORTED_AT_ONCE + 1)
    figures = await rows(conn, PostFigures, sql, *asked)
    return page_of(figures, EXPORTED_AT_ONCE, lambda one: one.post_id)


def _asked(days: Days) -> tuple[object, ...]:
    return days.first, days.last, days.since, days.until


async def by_day(conn: Connection, merchant_id: UUID, days: Days, account_id: UUID | None) -> list[DayFigures]:
    """All posts of the merchant, or of one account, together."""
    sql = """
        WITH chosen AS (
            SELECT id FROM post_summary WHERE merchant_id = $1 AND ($4::uuid IS NULL OR account_id = $4)
        ), seen AS (
            SELECT day, count(DISTINCT person_id) AS reach FROM post_viewer
            WHERE merchant_id = $1 AND day BETWEEN $2 AND $3 AND post_id IN (SELECT id FROM chosen) GROUP BY day
        )
        SELECT d.day, coalesce(max(reach), 0) AS reach, sum(impressions)::bigint AS impressions,
            sum(opens)::bigint AS opens, sum(product_opens)::bigint AS product_opens
        FROM post_day d LEFT JOIN seen USING (day)
        WHERE merchant_id = $1 AND d.day BETWEEN $2 AND $3 AND post_id IN (SELECT id FROM chosen)
        GROUP BY d.day ORDER BY d.day
    """
    return await rows(conn, DayFigures, sql, merchant_id, days.first, days.last, account_id)


async def results(conn: Connection, post_ids: Collection[UUID]) -> dict[UUID, PostResults]:
    """What each of the posts has done since it was published, whoever published it: the caller asks for one owner's.
    What was sold is of the stores that sold it, each in its currency."""
    posts = await rows(
        conn,
        PostResults,
        """
        SELECT p.id AS post_id,
            (SELECT count(DISTINCT person_id) FROM post_viewer v WHERE v.post_id = p.id) AS reach,
            coalesce((SELECT sum(opens)::bigint FROM post_day d WHERE d.post_id = p.id), 0) AS opens,
            coalesce((SELECT sum(product_opens)::bigint FROM post_day d WHERE d.post_id = p.id), 0) AS product_opens,
            p.likes, (SELECT count(*) FROM credited_order c WHERE c.post_id = p.id) AS orders,
            coalesce((SELECT jsonb_object_agg(currency, amount) FROM (
                SELECT m.currency, sum(c.amount)::bigint AS amount FROM credited_order c
                JOIN merchant_profile m ON m.id = c.merchant_id WHERE c.post_id = p.id GROUP BY m.currency
            ) sold), '{}') AS revenue
        FROM post_summary p WHERE p.id = ANY($1::uuid[])
        """,
        list(post_ids),
    )
    return {one.post_id: one for one in posts}


async def progress(conn: Connection) -> CountProgress | None:
    return await row(conn, CountProgress, "SELECT arrival, at FROM report_progress WHERE report = 'posts'")


async def audit(conn: Connection) -> list[UUID]:
    """The posts whose figures differ from those that the whole journal gives, as far as it is counted."""
    sql = f"""
        WITH event AS (SELECT * FROM arrived_event WHERE arrival < (
            SELECT arrival FROM report_progress WHERE report = 'posts')),
        recounted AS ({COUNTED})
        SELECT DISTINCT coalesce(r.post_id, d.post_id) AS id FROM recounted r FULL JOIN post_day d USING (post_id, day)
        WHERE (r.impressions, r.opens, r.dwells, r.plays, r.completions, r.product_opens, r.adds, r.likes, r.shares,
                r.saves, r.comments)
            IS DISTINCT FROM
            (d.impressions, d.opens, d.dwells, d.plays, d.completions, d.product_opens, d.adds, d.likes, d.shares,
                d.saves, d.comments)
            OR abs(r.dwell_seconds - d.dwell_seconds) > 0.001
        UNION
        (SELECT post_id FROM ({VIEWERS}) v EXCEPT ALL SELECT post_id FROM post_viewer)
        ORDER BY 1
    """
    return [wrong["id"] for wrong in await conn.fetch(sql)]


_OF_POSTS = """
    FROM event e JOIN post_summary p ON p.id = e.post_id LEFT JOIN merchant_profile m ON m.id = p.merchant_id
"""
_DAY = "(e.at AT TIME ZONE coalesce(m.timezone, 'UTC'))::date"
COUNTED = f"""
    SELECT e.post_id, {_DAY} AS day, p.merchant_id,
        count(*) FILTER (WHERE kind = 'impression' AND product_id IS NULL) AS impressions,
        count(*) FILTER (WHERE kind = 'view' AND product_id IS NULL) AS opens,
        count(*) FILTER (WHERE kind = 'dwell' AND product_id IS NULL) AS dwells,
        coalesce(sum(seconds) FILTER (WHERE kind = 'dwell' AND product_id IS NULL), 0) AS dwell_seconds,
        count(*) FILTER (WHERE kind = 'video-start') AS plays,
        count(*) FILTER (WHERE kind = 'video-quartile' AND quartile = 4) AS completions,
        count(*) FILTER (WHERE kind = 'view' AND product_id IS NOT NULL) AS product_opens,
        count(*) FILTER (WHERE kind = 'add-to-cart') AS adds,
        count(*) FILTER (WHERE kind = 'like') AS likes,
        count(*) FILTER (WHERE kind = 'share') AS shares,
        count(*) FILTER (WHERE kind = 'save') AS saves,
        count(*) FILTER (WHERE kind = 'comment') AS comments
    {_OF_POSTS}
    WHERE kind IN ('impression', 'view', 'dwell', 'video-start', 'video-quartile', 'add-to-cart', 'like', 'share',
        'save', 'comment')
    GROUP BY e.post_id, day, p.merchant_id
"""
"""The figures of the events `event`, by post and day of the post's merchant; of posts that are none, nothing."""
VIEWERS = f"""
    SELECT DISTINCT e.post_id, {_DAY} AS day, coalesce(e.member_id, e.visitor_id) AS person_id, p.merchant_id
    {_OF_POSTS} WHERE kind IN ('impression', 'view') AND coalesce(e.member_id, e.visitor_id) IS NOT NULL
"""
"""The people whom the events `event` show to have seen or opened a post, by day."""
