"""Reads of posts."""

from collections.abc import Collection
from uuid import UUID

from unwall.content.accounts.values import Owner
from unwall.content.posts.values import EditablePost, Post, PostState, TaggableProduct
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

# The fields of `values.Post`, in the language $1, of posts `p` of accounts `a` with their outbox entry `o`, if any.
_COLUMNS = """
    p.id, p.account_id, p.merchant_id, p.kind, translated(p.translations, $1, 'title', p.title) AS title,
    translated(p.translations, $1, 'body_html', p.body_html) AS body_html, p.state, p.likes, p.published_at,
    a.handle AS account_handle, translated(a.translations, $1, 'name', a.name) AS account_name,
    a.avatar AS account_avatar,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'file', file, 'width', width, 'height', height,
        'alt', translated(p.translations, $1, 'alts', position::text, alt)
        ) ORDER BY position), '[]') FROM post_media WHERE post_id = p.id) AS media,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'product_id', t.product_id, 'media', t.media, 'x', t.x, 'y', t.y
        ) ORDER BY t.position), '[]') FROM post_product t WHERE t.post_id = p.id) AS tags,
    coalesce(o.entry, p.id) AS entry
"""
_OF_ENTRIES = "JOIN post p ON p.id = o.post_id JOIN account_profile a ON a.id = p.account_id"
_LIVE = f"SELECT {_COLUMNS} FROM outbox o {_OF_ENTRIES}"
_ANY = f"""
    SELECT {_COLUMNS}
    FROM post p JOIN account_profile a ON a.id = p.account_id LEFT JOIN outbox o ON o.post_id = p.id
"""
POSTS_OF_ENTRIES = f"SELECT {_COLUMNS} FROM o {_OF_ENTRIES}"
"""For a statement that has chosen entries of `published_post` as `o` (post_id, entry); the language is $1."""


async def post(conn: Connection, post_id: UUID, lang: str) -> Post | None:
    """A live post."""
    return await row(conn, Post, f"{_LIVE} WHERE p.id = $2", lang, post_id)


async def posts(conn: Connection, post_ids: Collection[UUID], lang: str) -> dict[UUID, Post]:
    """Those of the posts that are live."""
    found = await rows(conn, Post, f"{_LIVE} WHERE p.id = ANY($2::uuid[])", lang, list(post_ids))
    return {post.id: post for post in found}


async def posts_of(
    conn: Connection, account_id: UUID, lang: str, *, after: str | None = None, limit: int = 24
) -> ResultPage[Post]:
    """The posts that an account has published, newest first."""
    found = await rows(
        conn,
        Post,
        f"{_LIVE} WHERE o.account_id = $2 AND o.entry < $3 ORDER BY o.entry DESC LIMIT $4",
        lang,
        account_id,
        decode(after),
        limit + 1,
    )
    return page_of(found, limit, lambda post: post.entry)


async def posts_with_product(conn: Connection, product_id: UUID, limit: int = 6) -> list[UUID]:
    """Live posts that show the product, newest first."""
    found = await conn.fetch(
        """
        SELECT o.post_id AS id FROM outbox o JOIN post_product t ON t.post_id = o.post_id
        WHERE t.product_id = $1 ORDER BY o.entry DESC LIMIT $2
        """,
        product_id,
        limit,
    )
    return [record["id"] for record in found]


async def liked(conn: Connection, person_ids: Collection[UUID], post_ids: Collection[UUID]) -> set[UUID]:
    """Those of the posts that a person likes."""
    found = await conn.fetch(
        "SELECT post_id FROM post_like WHERE post_id = ANY($1::uuid[]) AND person_id = ANY($2::uuid[])",
        list(post_ids),
        list(person_ids),
    )
    return {record["post_id"] for record in found}


# --- for those who publish --------------------------------------------------------------------------------------------


_OF_MERCHANT = "p.merchant_id = $2"
_OF_MEMBER = "p.account_id IN (SELECT id FROM account_profile WHERE member_id = $2)"


async def own_posts(
    conn: Connection,
    owner: Owner,
    lang: str,
    *,
    query: str = "",
    state: PostState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> ResultPage[Post]:
    """The posts of the owner's accounts, the last created first: in any state or one, all or those whose title or text
    in any language contains `query`.
    """
    owned = _OF_MERCHANT if owner.merchant_id else _OF_MEMBER
    found = await rows(
        conn,
        Post,
        f"""
        {_ANY} WHERE {owned} AND p.id < $3 AND ($4::text IS NULL OR p.state = $4)
            AND ($5 = '%%' OR concat_ws(' ', p.title, p.body, jsonb_path_query_array(p.translations, '$.*.title')::text,
                jsonb_path_query_array(p.translations, '$.*.body')::text) ILIKE $5)
        ORDER BY p.id DESC LIMIT $6
        """,
        lang,
        owner.merchant_id or owner.member_id,
        decode(after),
        state,
        contains_pattern(query),
        limit + 1,
    )
    return page_of(found, limit, lambda post: post.id)


async def editable_post(conn: Connection, owner: Owner, post_id: UUID) -> EditablePost | None:
    """A post in any state of an account of the owner, for its editor; `actions.save_draft` accepts its draft."""
    return await row(
        conn,
        EditablePost,
        """
        SELECT jsonb_build_object('account_id', p.account_id, 'kind', p.kind, 'title', p.title, 'body', p.body,
                'media', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'file', file, 'alt', alt, 'width', width, 'height', height) ORDER BY position), '[]')
                    FROM post_media WHERE post_id = p.id),
                'tags', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'product_id', product_id, 'media', media, 'x', x, 'y', y) ORDER BY position), '[]')
                    FROM post_tag WHERE post_id = p.id),
                'translations', p.translations, 'id', p.id) AS draft,
            p.state, p.author, p.likes, p.created_at, p.published_at
        FROM post p JOIN account_profile a ON a.id = p.account_id
        WHERE p.id = $1 AND (a.merchant_id = $2 OR a.member_id = $3)
        """,
        post_id,
        owner.merchant_id,
        owner.member_id,
    )


async def taggable_products(
    conn: Connection, account_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, TaggableProduct]:
    """By product id; left out are products that do not exist, and those of other merchants that are not on sale."""
    found = await rows(
        conn,
        TaggableProduct,
        "SELECT product_id, merchant_id, allowed FROM taggable_products($1, $2::uuid[])",
        account_id,
        list(product_ids),
    )
    return {product.product_id: product for product in found}
