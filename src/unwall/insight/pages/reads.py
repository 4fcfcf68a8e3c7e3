"""The inputs of pages, across packages: one statement per page, to keep the number of statements low."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from unwall.content.accounts.values import Account
from unwall.insight.pages.values import Pin
from unwall.journal.values import Trail
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.secrets import fingerprint
from unwall.people.values import Member


class PageHeader(msgspec.Struct, frozen=True):
    """The shopper's data in the header of every shop page."""

    member: Member | None
    units_in_bag: int


async def page_header(conn: Connection, session_token: str, visitor_id: UUID) -> PageHeader:
    """`session_token` as the member's cookie holds it, or empty."""
    sql = """
        SELECT
            (SELECT jsonb_build_object('id', id, 'email', email, 'name', name, 'locale', locale)
                FROM member_session WHERE token_hash = $1) AS member,
            (SELECT coalesce(sum(quantity), 0)::int FROM open_cart_line WHERE visitor_id = $2) AS units_in_bag
    """
    found = await row(conn, PageHeader, sql, fingerprint(session_token) if session_token else None, visitor_id)
    assert found is not None  # one row by its nature
    return found


class HomeInputs(msgspec.Struct, frozen=True):
    """The inputs of a person's home page: trail, pins, posts and accounts."""

    trail: list[Trail]
    """latest first"""
    pins: list[Pin]
    followed_posts: list[UUID]
    """live ones of the accounts that the person follows, newest first"""
    newest_posts: list[UUID]
    """of all accounts, if there are no followed posts"""
    accounts: list[Account]
    """suggestions, most followed first, if there are no followed posts"""


class StoreInputs(msgspec.Struct, frozen=True):
    """The inputs of a store's front page."""

    trail: list[Trail]
    pins: list[Pin]
    newest_posts: list[UUID]


class PostInputs(msgspec.Struct, frozen=True):
    """The current counts of a live post, and whether the person likes it and follows its account."""

    likes: int
    liked: bool
    account: Account
    followed: bool
    other_posts: list[UUID]
    """the latest posts of the same account"""


# Of the person $1 and the pins of the page $2.
_TRAIL = """
    coalesce((SELECT jsonb_agg(jsonb_build_object('product_id', product_id, 'kind', kind, 'at', at)
        ORDER BY at DESC, product_id) FROM (
            SELECT product_id, kind, at FROM person_trail WHERE person_id = ANY($1)
            ORDER BY at DESC, product_id LIMIT 60) t), '[]')
"""
_PINS = """
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'merchant_id', merchant_id, 'position', position, 'product_id', product_id)), '[]') FROM pin
"""
# The fields of `Account` of the row `a`, in the language $2.
_ACCOUNT = """
    jsonb_build_object('id', a.id, 'merchant_id', a.merchant_id, 'kind', a.kind, 'handle', a.handle,
        'name', translated(a.translations, $2, 'name', a.name), 'bio', translated(a.translations, $2, 'bio', a.bio),
        'avatar', a.avatar, 'banner', a.banner, 'followers', a.followers)
"""


async def home_inputs(conn: Connection, person_ids: Collection[UUID], lang: str, posts: int) -> HomeInputs:
    """With at most `posts` posts of each kind."""
    sql = f"""
        WITH followed AS (
            SELECT top.post_id, top.entry
            FROM (SELECT DISTINCT account_id FROM account_follower WHERE follower_id = ANY($1)) mine
            CROSS JOIN LATERAL (
                SELECT post_id, entry FROM published_post WHERE account_id = mine.account_id
                ORDER BY entry DESC LIMIT $3
            ) top
            ORDER BY top.entry DESC LIMIT $3
        )
        SELECT {_TRAIL} AS trail, ({_PINS} WHERE page = 'home') AS pins,
            ARRAY(SELECT post_id FROM followed ORDER BY entry DESC) AS followed_posts,
            CASE WHEN EXISTS (SELECT FROM followed) THEN '{{}}' ELSE
                ARRAY(SELECT post_id FROM published_post ORDER BY entry DESC LIMIT $3) END AS newest_posts,
            CASE WHEN EXISTS (SELECT FROM followed) THEN '[]' ELSE
                coalesce((SELECT jsonb_agg({_ACCOUNT}) FROM (
                    SELECT * FROM account_profile
                    WHERE id NOT IN (SELECT account_id FROM account_follower WHERE follower_id = ANY($1))
                    ORDER BY followers DESC, id LIMIT 6) a), '[]') END AS accounts
    """
    found = await row(conn, HomeInputs, sql, list(person_ids), lang, posts)
    assert found is not None
    return found


async def store_inputs(conn: Connection, person_ids: Collection[UUID], merchant_id: UUID, posts: int) -> StoreInputs:
    sql = f"""
        SELECT {_TRAIL} AS trail, ({_PINS} WHERE page = 'store' AND merchant_id = $2) AS pins,
            ARRAY(SELECT post_id FROM published_post WHERE merchant_id = $2 ORDER BY entry DESC LIMIT $3)
                AS newest_posts
    """
    found = await row(conn, StoreInputs, sql, list(person_ids), merchant_id, posts)
    assert found is not None
    return found


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


async def stocked_products(
    conn: Connection, node_ids: Sequence[UUID], product_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """By node id, those of the products that have an active variant available to promise at the node."""
    found = await conn.fetch(
        """
        SELECT s.node_id, array_agg(DISTINCT v.product_id) AS product_ids
        FROM variant_summary v JOIN available_stock s ON s.variant_id = v.id
        WHERE v.product_id = ANY($2::uuid[]) AND v.active AND s.node_id = ANY($1::uuid[]) AND s.available > 0
        GROUP BY s.node_id
        """,
        list(node_ids),
        list(product_ids),
    )
    return {record["node_id"]: record["product_ids"] for record in found}


async def pins(conn: Connection, merchant_id: UUID, page: str) -> list[Pin]:
    """For the merchant's console."""
    sql = "SELECT merchant_id, position, product_id FROM pin WHERE merchant_id = $1 AND page = $2 ORDER BY position"
    return await rows(conn, Pin, sql, merchant_id, page)
