"""The inputs of pages, across packages: one statement per page, to keep the number of statements low."""

from collections.abc import Collection, Sequence
from itertools import islice
from uuid import UUID

import msgspec

from unwall.content.accounts.values import Account
from unwall.content.discovery.reads import HIDDEN, HIDDEN_POSTS, Hidden
from unwall.content.feed.reads import FOLLOWED
from unwall.content.feed.values import Seen
from unwall.insight.pages.definition import PageDefinition
from unwall.insight.pages.values import Pin
from unwall.journal.values import Trail
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.secrets import fingerprint
from unwall.people.values import Member


class PageHeader(msgspec.Struct, frozen=True):
    """The shopper's data in the header of every shop page."""

    member: Member | None
    units_in_bag: int
    visitor_taken: bool = False
    """the visitor is a member's, and that member is not signed in here"""
    saved: frozenset[UUID] = frozenset()
    """the posts and products that they saved"""
    unread: int = 0
    """notifications"""


HEADER_PERSON = "(SELECT id FROM who)"
"""An SQL expression in the statement of `page_header`: the id of the person."""


async def page_header(conn: Connection, session_token: str, visitor_id: UUID, unread: str = "0") -> PageHeader:
    """`session_token` as the member's cookie holds it, or empty; `unread` is an SQL expression that counts what
    `HEADER_PERSON` has not read."""
    sql = f"""
        WITH me AS (SELECT id, email, name, locale, place FROM member_session WHERE token_hash = $1),
            who AS (SELECT coalesce((SELECT id FROM me), $2) AS id)
        SELECT (SELECT to_jsonb(me) FROM me) AS member,
            (SELECT coalesce(sum(quantity), 0)::int FROM open_cart_line
                WHERE person_id = {HEADER_PERSON}) AS units_in_bag,
            EXISTS (SELECT FROM member_visitor v
                WHERE v.visitor_id = $2 AND v.member_id IS DISTINCT FROM (SELECT id FROM me)) AS visitor_taken,
            ARRAY(SELECT subject_id FROM saved_thing WHERE person_id IN ($2, (SELECT id FROM me))) AS saved,
            {unread} AS unread
    """
    header = await row(conn, PageHeader, sql, fingerprint(session_token) if session_token else None, visitor_id)
    assert header is not None  # one row by its nature
    return header


class HomeInputs(msgspec.Struct, frozen=True):
    """The inputs of a person's home page: trail, pins, posts and accounts."""

    trail: list[Trail]
    """latest first"""
    pins: list[Pin]
    """those of stores that the person follows first"""
    followed: list[UUID] | None
    """the accounts that the person follows, muted ones among them; None where the caller knows them"""
    seen: Seen | None
    hidden: Hidden
    """what the person does not want to see"""
    newest_posts: list[UUID]
    """of all accounts, if the person follows nobody"""
    newest_products: list[UUID]
    accounts: list[Account]
    """suggestions, most followed first, if the person follows nobody"""


class StreamInputs(msgspec.Struct, frozen=True):
    """The inputs of a further page of a stream, or of another tab."""

    trail: list[Trail]
    hidden: Hidden


class HomeRows(msgspec.Struct, frozen=True):
    """The most posts, pins of followed stores (twice as many in all) and products that are asked for."""

    posts: int
    pins: int
    products: int


class StoreRows(msgspec.Struct, frozen=True):
    """The most posts and products that are asked for."""

    posts: int
    products: int


class CategoryProducts(msgspec.Struct, frozen=True):
    category_id: UUID
    products: list[UUID]
    """the newest first"""


class StoreInputs(msgspec.Struct, frozen=True):
    """The inputs of a store's front page."""

    trail: list[Trail]
    newest_posts: list[UUID]
    newest_products: list[UUID]
    definition: PageDefinition | None
    """None: the merchant has published none"""
    category_products: list[CategoryProducts]
    """of the categories that the definition names"""


class PostInputs(msgspec.Struct, frozen=True):
    """The current counts of a live post, and whether the person likes it and follows its account."""

    likes: int
    liked: bool
    account: Account
    followed: bool
    other_posts: list[UUID]
    """the latest posts of the same account"""


# Of the person $1.
_TRAIL = """
    coalesce((SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'kind', kind, 'at', at)
        ORDER BY at DESC, product_id) FROM (
            SELECT product_id, kind, at FROM person_trail WHERE person_id = ANY($1)
            ORDER BY at DESC, product_id LIMIT 60) t), '[]')
"""
_HIDDEN = f"(SELECT to_jsonb(h) FROM (SELECT {HIDDEN}) h)"
PIN_ACCOUNTS = 200
"""Of how many followed accounts the stores are searched for pins: a limit for people who follow thousands."""
_PIN = "jsonb_build_object('merchant_id', merchant_id, 'position', position, 'product_id', product_id)"
# At most $4 pins of stores that the person $1 follows, then as many of other stores: those next on a circle of
# all stores after a place that depends on the person. The index pin_circle gives them without reading the others.
_HOME_PINS = f"""
    coalesce((SELECT jsonb_agg({_PIN} ORDER BY turn, position, circle) FROM (
        (SELECT 1 AS turn, '' AS circle, * FROM pin WHERE merchant_id IN (
            SELECT a.merchant_id FROM account_profile a WHERE a.id = ANY(mine.followed[1:{PIN_ACCOUNTS}])
                AND a.id NOT IN (SELECT account_id FROM hidden_account WHERE person_id = ANY($1)))
            ORDER BY position, merchant_id LIMIT $4)
        UNION ALL
        SELECT 2, circle, merchant_id, position, product_id FROM (
            (SELECT 1 AS part, md5(merchant_id::text) AS circle, * FROM pin
                WHERE md5(merchant_id::text) >= md5($1[1]::text)
                ORDER BY md5(merchant_id::text), position LIMIT $4)
            UNION ALL
            (SELECT 2, md5(merchant_id::text), * FROM pin
                WHERE md5(merchant_id::text) < md5($1[1]::text)
                ORDER BY md5(merchant_id::text), position LIMIT $4)
            ORDER BY part, circle, position LIMIT $4) others) p), '[]')
"""
# The fields of `Account` of the row `a`, in the language $2.
_ACCOUNT = """
    jsonb_build_object('id', a.id, 'merchant_id', a.merchant_id, 'kind', a.kind, 'handle', a.handle,
        'name', translated(a.translations, $2, 'name', a.name), 'bio', translated(a.translations, $2, 'bio', a.bio),
        'avatar', a.avatar, 'banner', a.banner, 'followers', a.followers, 'verified', a.verified)
"""


# The person's own follows where $6 is NULL, else those that it says.
HOME_INPUTS = f"""
    WITH mine AS MATERIALIZED (SELECT coalesce($6, {FOLLOWED}) AS followed)
    SELECT {_TRAIL} AS trail, {_HOME_PINS} AS pins, CASE WHEN $6 IS NULL THEN mine.followed END AS followed,
        (SELECT jsonb_build_object('before', before, 'newest', newest, 'at', at)
            FROM feed_position WHERE person_id = $1[1]) AS seen,
        {_HIDDEN} AS hidden,
        CASE WHEN mine.followed <> '{{}}' THEN '{{}}' ELSE ARRAY(
            SELECT post_id FROM published_post
            WHERE account_id NOT IN (SELECT account_id FROM hidden_account WHERE person_id = ANY($1))
                AND post_id NOT IN ({HIDDEN_POSTS})
            ORDER BY entry DESC LIMIT $3) END AS newest_posts,
        ARRAY(SELECT id FROM product_summary WHERE active ORDER BY id DESC LIMIT $5) AS newest_products,
        CASE WHEN mine.followed <> '{{}}' THEN '[]' ELSE
            coalesce((SELECT jsonb_agg({_ACCOUNT}) FROM (
                SELECT * FROM account_profile
                WHERE id NOT IN (SELECT account_id FROM account_follower WHERE follower_id = ANY($1)
                    UNION ALL SELECT account_id FROM hidden_account WHERE person_id = ANY($1))
                ORDER BY followers DESC, id LIMIT 6) a), '[]') END AS accounts
    FROM mine
"""


async def home_inputs(
    conn: Connection, person_ids: Sequence[UUID], lang: str, rows_wanted: HomeRows, followed: Collection[UUID] | None
) -> HomeInputs:
    """`followed`: the accounts that the person follows, or some of them, where they are known."""
    some = None if followed is None else list(islice(followed, PIN_ACCOUNTS))
    most = (rows_wanted.posts, rows_wanted.pins, rows_wanted.products)
    inputs = await row(conn, HomeInputs, HOME_INPUTS, list(person_ids), lang, *most, some)
    assert inputs is not None
    return inputs


async def stream_inputs(conn: Connection, person_ids: Sequence[UUID]) -> StreamInputs:
    inputs = await row(conn, StreamInputs, f"SELECT {_TRAIL} AS trail, {_HIDDEN} AS hidden", list(person_ids))
    assert inputs is not None
    return inputs


async def store_inputs(
    conn: Connection, person_ids: Collection[UUID], merchant_id: UUID, wanted: StoreRows, draft: PageDefinition | None
) -> StoreInputs:
    """Of the page that is live, or of a draft."""
    sql = f"""
        WITH page AS MATERIALIZED (SELECT coalesce($5, (
            SELECT definition FROM store_page_version WHERE merchant_id = $2 AND state = 'live')) AS definition)
        SELECT {_TRAIL} AS trail,
            ARRAY(SELECT post_id FROM published_post WHERE merchant_id = $2 ORDER BY entry DESC LIMIT $3)
                AS newest_posts,
            ARRAY(SELECT id FROM product_summary WHERE active AND merchant_id = $2 ORDER BY id DESC LIMIT $4)
                AS newest_products,
            page.definition,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('category_id', c.category_id, 'products', ARRAY(
                    SELECT p.id FROM product_summary p
                    WHERE p.category_id = c.category_id AND p.active AND p.merchant_id = $2
                    ORDER BY p.id DESC LIMIT $4))), '[]')
                FROM (SELECT DISTINCT (module -> 'source' ->> 'category_id')::uuid AS category_id
                    FROM jsonb_array_elements(page.definition -> 'modules') module
                    WHERE module -> 'source' ->> 'category_id' IS NOT NULL) c) AS category_products
        FROM page
    """
    given = msgspec.to_builtins(draft) if draft else None
    inputs = await row(conn, StoreInputs, sql, list(person_ids), merchant_id, wanted.posts, wanted.products, given)
    assert inputs is not None
    return inputs


class FollowableAccount(msgspec.Struct, frozen=True):
    account: Account
    followed: bool


async def store_account(
    conn: Connection, person_ids: Collection[UUID], lang: str, merchant_id: UUID
) -> FollowableAccount | None:
    """The account under which the store publishes: the merchant's first one."""
    sql = f"""
        SELECT {_ACCOUNT} AS account,
            EXISTS (SELECT FROM account_follower WHERE account_id = a.id AND follower_id = ANY($1)) AS followed
        FROM account_profile a WHERE a.merchant_id = $3 ORDER BY a.id LIMIT 1
    """
    return await row(conn, FollowableAccount, sql, list(person_ids), lang, merchant_id)


async def store_slug(conn: Connection, account_id: UUID) -> str | None:
    """Of the store that publishes under this account (see `store_account`); None where it is no store's."""
    sql = """
        SELECT m.slug FROM account_profile a JOIN merchant_profile m ON m.id = a.merchant_id
        WHERE a.id = $1 AND NOT EXISTS (
            SELECT FROM account_profile b WHERE b.merchant_id = a.merchant_id AND b.id < a.id
        )
    """
    slug: str | None = await conn.fetchval(sql, account_id)
    return slug


async def post_inputs(
    conn: Connection, person_ids: Collection[UUID], lang: str, post_id: UUID, others: int
) -> PostInputs | None:
    """With at most `others` other posts; None where the post is not live."""
    sql = f"""
        SELECT p.likes,
            EXISTS (SELECT FROM post_liker WHERE post_id = p.id AND person_id = ANY($1)) AS liked,
            {_ACCOUNT} AS account,
            EXISTS (SELECT FROM account_follower WHERE account_id = a.id AND follower_id = ANY($1)) AS followed,
            ARRAY(SELECT post_id FROM published_post WHERE account_id = o.account_id AND post_id <> p.id
                ORDER BY entry DESC LIMIT $4) AS other_posts
        FROM published_post o JOIN post_summary p ON p.id = o.post_id JOIN account_profile a ON a.id = o.account_id
        WHERE o.post_id = $3
    """
    return await row(conn, PostInputs, sql, list(person_ids), lang, post_id, others)


class StockedNode(msgspec.Struct, frozen=True):
    node_id: UUID
    product_ids: list[UUID]


async def first_stocked(conn: Connection, node_ids: Sequence[UUID], product_ids: Sequence[UUID]) -> StockedNode | None:
    """The first of the nodes that has any of the products, and those of them that have an active variant available to
    promise there. Nodes after it are not looked at, nor the variants of a product after one that is available.
    """
    sql = """
        SELECT n.node_id, stocked.product_ids
        FROM (SELECT * FROM unnest($1::uuid[]) WITH ORDINALITY AS u (node_id, rank) ORDER BY rank) n
        CROSS JOIN LATERAL (
            SELECT ARRAY(
                SELECT product_id FROM unnest($2::uuid[]) AS p (product_id) WHERE EXISTS (
                    SELECT FROM variant_summary v JOIN available_stock s ON s.variant_id = v.id
                    WHERE v.product_id = p.product_id AND v.active AND s.node_id = n.node_id AND s.available > 0
                    OFFSET 0 -- asked for each product, until one variant is found; not joined
                )
            ) AS product_ids OFFSET 0 -- asked once for each node
        ) stocked
        WHERE stocked.product_ids <> '{}'
        ORDER BY n.rank LIMIT 1
    """
    return await row(conn, StockedNode, sql, list(node_ids), list(product_ids))


async def pins(conn: Connection, merchant_id: UUID) -> list[Pin]:
    """Of the home page, for the merchant's console."""
    sql = "SELECT merchant_id, position, product_id FROM pin WHERE merchant_id = $1 ORDER BY position"
    return await rows(conn, Pin, sql, merchant_id)


async def categories(conn: Connection, product_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Of those of the products that have one."""
    sql = "SELECT id, category_id FROM product_summary WHERE id = ANY($1) AND category_id IS NOT NULL"
    return {record["id"]: record["category_id"] for record in await conn.fetch(sql, list(product_ids))}
