"""Reads of posts."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from unwall.content.accounts.values import Owner
from unwall.content.posts.values import (
    CalendarPost,
    EditablePost,
    Post,
    PostEdit,
    PostFilter,
    TaggableProduct,
)
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, contains_pattern, row, rows

# The fields of `values.Post`, in the language $1, of posts `p` of accounts `a` with their outbox entry `o`, if any.
_COLUMNS = """
    p.id, p.account_id, p.merchant_id, p.kind, translated(p.translations, $1, 'title', p.title) AS title,
    translated(p.translations, $1, 'body_html', p.body_html) AS body_html, p.state, p.likes, p.published_at,
    a.handle AS account_handle, translated(a.translations, $1, 'name', a.name) AS account_name,
    a.avatar AS account_avatar,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'file', coalesce(v.poster, m.file), 'width', coalesce(nullif(v.width, 0), m.width),
        'height', coalesce(nullif(v.height, 0), m.height),
        'alt', translated(p.translations, $1, 'alts', position::text, alt),
        'video_id', m.video_id, 'video', CASE WHEN v.id IS NOT NULL THEN to_jsonb(v) END
        ) ORDER BY position), '[]')
        FROM post_media m LEFT JOIN video_view v ON v.id = m.video_id WHERE post_id = p.id) AS media,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'product_id', t.product_id, 'media', t.media, 'x', t.x, 'y', t.y, 't0', t.t0, 't1', t.t1
        ) ORDER BY t.position), '[]') FROM post_product t WHERE t.post_id = p.id) AS tags,
    coalesce(o.entry, p.id) AS entry, p.scheduled_at, p.edited_at,
    coalesce((SELECT visibility FROM moderated WHERE kind = 'post' AND subject_id = p.id), 'allow') AS visibility
"""
_LIVE = f"""
    SELECT {_COLUMNS}
    FROM outbox o JOIN post p ON p.id = o.post_id JOIN account_profile a ON a.id = p.account_id
"""
_ANY = f"""
    SELECT {_COLUMNS}
    FROM post p JOIN account_profile a ON a.id = p.account_id LEFT JOIN outbox o ON o.post_id = p.id
"""


async def post(conn: Connection, post_id: UUID, lang: str) -> Post | None:
    """A live post."""
    return await row(conn, Post, f"{_LIVE} WHERE p.id = $2", lang, post_id)


async def posts(conn: Connection, post_ids: Collection[UUID], lang: str) -> dict[UUID, Post]:
    """Those of the posts that are live."""
    live = await rows(conn, Post, f"{_LIVE} WHERE p.id = ANY($2::uuid[])", lang, list(post_ids))
    return {post.id: post for post in live}


async def posts_of(
    conn: Connection, account_id: UUID, lang: str, *, after: str | None = None, limit: int = 24
) -> ResultPage[Post]:
    """The posts that an account has published, newest first."""
    page = await rows(
        conn,
        Post,
        f"{_LIVE} WHERE o.account_id = $2 AND o.entry < $3 ORDER BY o.entry DESC LIMIT $4",
        lang,
        account_id,
        decode(after),
        limit + 1,
    )
    return page_of(page, limit, lambda post: post.entry)


async def posts_with_product(conn: Connection, product_id: UUID, limit: int = 6) -> list[UUID]:
    """Live posts that show the product, newest first."""
    tagged = await conn.fetch(
        """
        SELECT o.post_id AS id FROM outbox o JOIN post_product t ON t.post_id = o.post_id
        WHERE t.product_id = $1 ORDER BY o.entry DESC LIMIT $2
        """,
        product_id,
        limit,
    )
    return [record["id"] for record in tagged]


async def next_video(conn: Connection, person_ids: Collection[UUID], post_id: UUID) -> UUID | None:
    """The live video that was published before this one, and after the oldest the newest; none of accounts that the
    person has muted, and none that moderators warn of."""
    shown = """
        FROM post p
        WHERE p.kind = 'video' AND p.state = 'live' AND p.id <> $1
            AND NOT EXISTS (SELECT FROM moderated m WHERE m.kind = 'post' AND m.subject_id = p.id)
            AND NOT EXISTS (SELECT FROM hidden_account h WHERE h.account_id = p.account_id AND h.person_id = ANY($2))
    """
    order = "ORDER BY p.published_at DESC, p.id DESC LIMIT 1"
    following: UUID | None = await conn.fetchval(
        f"""
        SELECT coalesce(
            (SELECT p.id {shown}
                AND (p.published_at, p.id) < (SELECT published_at, id FROM post WHERE id = $1) {order}),
            (SELECT p.id {shown} {order}))
        """,
        post_id,
        list(person_ids),
    )
    return following


async def liked(conn: Connection, person_ids: Collection[UUID], post_ids: Collection[UUID]) -> set[UUID]:
    """Those of the posts that a person likes."""
    likes = await conn.fetch(
        "SELECT post_id FROM post_like WHERE post_id = ANY($1::uuid[]) AND person_id = ANY($2::uuid[])",
        list(post_ids),
        list(person_ids),
    )
    return {record["post_id"] for record in likes}


# --- for those who publish --------------------------------------------------------------------------------------------


ALL_POSTS = PostFilter()
_OF_MERCHANT = "p.merchant_id = $2"
_OF_STAFF = """
    ({staff}::uuid IS NULL OR EXISTS (
        SELECT FROM account_profile acting
        WHERE acting.id = p.account_id AND (acting.staff_ids IS NULL OR {staff} = ANY(acting.staff_ids))))
"""
_OF_MEMBER = "p.account_id IN (SELECT id FROM account_profile WHERE member_id = $2)"


async def own_posts(
    conn: Connection,
    owner: Owner,
    lang: str,
    wanted: PostFilter = ALL_POSTS,
    *,
    after: str | None = None,
    limit: int = 50,
) -> ResultPage[Post]:
    """The posts of the owner's accounts, the last created first."""
    owned = _OF_MERCHANT if owner.merchant_id else _OF_MEMBER
    page = await rows(
        conn,
        Post,
        f"""
        {_ANY} WHERE {owned} AND p.id < $3 AND {_OF_STAFF.format(staff="$7")} AND ($4::text IS NULL OR p.state = $4)
            AND ($5 = '%%' OR concat_ws(' ', p.title, p.body, jsonb_path_query_array(p.translations, '$.*.title')::text,
                jsonb_path_query_array(p.translations, '$.*.body')::text) ILIKE $5)
        ORDER BY p.id DESC LIMIT $6
        """,
        lang,
        owner.merchant_id or owner.member_id,
        decode(after),
        wanted.state,
        contains_pattern(wanted.words),
        limit + 1,
        wanted.staff_id,
    )
    return page_of(page, limit, lambda post: post.id)


async def editable_post(conn: Connection, owner: Owner, post_id: UUID) -> EditablePost | None:
    """A post in any state of an account of the owner, for its editor; `actions.save_draft` accepts its draft."""
    return await row(
        conn,
        EditablePost,
        """
        SELECT jsonb_build_object('account_id', p.account_id, 'kind', p.kind, 'title', p.title, 'body', p.body,
                'format', p.format,
                'media', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'file', coalesce(v.poster, m.file), 'alt', alt, 'width', coalesce(nullif(v.width, 0), m.width),
                    'height', coalesce(nullif(v.height, 0), m.height), 'video_id', m.video_id) ORDER BY position), '[]')
                    FROM post_media m LEFT JOIN video_view v ON v.id = m.video_id WHERE post_id = p.id),
                'tags', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'product_id', product_id, 'media', media, 'x', x, 'y', y, 't0', t0, 't1', t1
                    ) ORDER BY position), '[]')
                    FROM post_tag WHERE post_id = p.id),
                'translations', p.translations, 'id', p.id) AS draft,
            p.state, p.author, p.likes, p.created_at, p.published_at, p.scheduled_at,
            coalesce((SELECT visibility FROM moderated WHERE kind = 'post' AND subject_id = p.id), 'allow')
                AS visibility
        FROM post p JOIN account_profile a ON a.id = p.account_id
        WHERE p.id = $1 AND (a.merchant_id = $2 OR a.member_id = $3)
        """,
        post_id,
        owner.merchant_id,
        owner.member_id,
    )


async def edits(conn: Connection, owner: Owner, post_id: UUID, limit: int = 100) -> list[PostEdit]:
    """What was changed of a post of the owner's, the last first."""
    return await rows(
        conn,
        PostEdit,
        """
        SELECT e.at, e.actor, e.changes, e.note
        FROM post_edit e JOIN post p ON p.id = e.post_id JOIN account_profile a ON a.id = p.account_id
        WHERE e.post_id = $1 AND (a.merchant_id = $2 OR a.member_id = $3) ORDER BY e.id DESC LIMIT $4
        """,
        post_id,
        owner.merchant_id,
        owner.member_id,
        limit,
    )


async def calendar(
    conn: Connection, merchant_id: UUID, lang: str, begin: datetime, end: datetime, staff_id: UUID | None = None
) -> list[CalendarPost]:
    """The merchant's posts that were or will be published in this time, in order; missed ones too. `staff_id` as in
    `PostFilter`."""
    return await rows(
        conn,
        CalendarPost,
        f"""
        SELECT p.id, translated(p.translations, $2, 'title', p.title) AS title, left(p.body, 80) AS excerpt, p.kind,
            p.state, coalesce(p.published_at, p.scheduled_at) AS at,
            translated(a.translations, $2, 'name', a.name) AS account_name,
            (SELECT m.file FROM post_media m WHERE m.post_id = p.id ORDER BY m.position LIMIT 1) AS image_file
        FROM post p JOIN account_profile a ON a.id = p.account_id
        WHERE p.merchant_id = $1 AND p.state IN ('scheduled', 'live', 'missed') AND {_OF_STAFF.format(staff="$5")}
            AND coalesce(p.published_at, p.scheduled_at) >= $3 AND coalesce(p.published_at, p.scheduled_at) < $4
        ORDER BY coalesce(p.published_at, p.scheduled_at), p.id
        """,
        merchant_id,
        lang,
        begin,
        end,
        staff_id,
    )


async def missed(conn: Connection, owner: Owner) -> int:
    """How many of the owner's scheduled posts were not published in time."""
    owned = _OF_MERCHANT if owner.merchant_id else _OF_MEMBER
    number: int = await conn.fetchval(
        f"SELECT count(*) FROM post p WHERE p.state = 'missed' AND {owned.replace('$2', '$1')}",
        owner.merchant_id or owner.member_id,
    )
    return number


async def published_posts(conn: Connection, owner: Owner) -> int:
    """How many posts of the owner's accounts are live."""
    number: int = await conn.fetchval(
        """
        SELECT count(*) FROM outbox o JOIN account_profile a ON a.id = o.account_id
        WHERE a.merchant_id = $1 OR a.member_id = $2
        """,
        owner.merchant_id,
        owner.member_id,
    )
    return number


async def last_edits(conn: Connection, post_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The last entry of each post's history; none where it has no history."""
    edits = await conn.fetch(
        """
        SELECT DISTINCT ON (post_id) post_id, id FROM post_edit WHERE post_id = ANY($1::uuid[])
        ORDER BY post_id, id DESC
        """,
        list(post_ids),
    )
    return {record["post_id"]: record["id"] for record in edits}


async def due_posts(conn: Connection, at: datetime, limit: int) -> list[UUID]:
    """Scheduled posts whose time has come, the earliest first."""
    due = await conn.fetch(
        "SELECT id FROM post WHERE state = 'scheduled' AND scheduled_at <= $1 ORDER BY scheduled_at, id LIMIT $2",
        at,
        limit,
    )
    return [record["id"] for record in due]


async def posts_in_any_state(conn: Connection, post_ids: Collection[UUID], lang: str) -> dict[UUID, Post]:
    """For moderators."""
    by_query = await rows(conn, Post, f"{_ANY} WHERE p.id = ANY($2::uuid[])", lang, list(post_ids))
    return {post.id: post for post in by_query}


async def taggable_products(
    conn: Connection, account_id: UUID, product_ids: Collection[UUID]
) -> dict[UUID, TaggableProduct]:
    """By product id; left out are products that do not exist, and those of other merchants that are not on sale."""
    products = await rows(
        conn,
        TaggableProduct,
        "SELECT product_id, merchant_id, allowed FROM taggable_products($1, $2::uuid[])",
        account_id,
        list(product_ids),
    )
    return {product.product_id: product for product in products}
