"""Posts: the list with the sales credited to each, removing one, and undoing that. The editor is in `composer`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, Stream

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.content.accounts.reads import owner_of
from unwall.content.accounts.rules import may_act, staff_actor
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.content.posts import actions, reads
from unwall.content.posts.locks import NO_SUCH_POST
from unwall.content.posts.values import EditablePost, NoSuchPost, Post, PostFilter, PostState
from unwall.insight.attribution.reads import post_sales
from unwall.insight.attribution.values import PostSales, Span
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/posts"
MONTH = timedelta(days=30)
FIGURES = ("opened by", "opened a product", "put into the bag", "bought")
"""The people whom a post brought, as exports name them: `PostSales`."""
STATES = (("", N_("All")), *((state.value, label) for state, label in views.POST_STATES.items()))


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def posts(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        page = await _found(conn, ctx, ctx.query.get("after"), listing.ROWS)
        sold = await _sold(conn, ctx, page.rows, ctx.now)
    asked = {"q": ctx.query.get("q"), "state": ctx.query.get("state")}
    return ctx.page(
        PostsPage(
            title=ctx.words(N_("Posts")),
            query=asked["q"] or "",
            days=MONTH.days,
            states=listing.filter_tabs(ctx, PATH, "state", STATES),
            rows=[_row(ctx, p, sold.get(p.id)) for p in page.rows],
            next_url=listing.address(PATH, after=page.after, **asked) if page.after else None,
            accounts_url=f"{PATH}/accounts",
            tagging_url=f"{PATH}/tagging",
            export_url=listing.address(f"{PATH}.csv", **asked),
        )
    )


@get(f"{PATH}.csv", permission=Permission.PUBLISH, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Stream:
    async def read(conn: Connection, after: str | None) -> listing.Page:
        page = await _found(conn, ctx, after, listing.EXPORT_ROWS)
        sold = await _sold(conn, ctx, page.rows, ctx.now)
        return [[*_cells(ctx, p), *_figures(ctx, sold.get(p.id))] for p in page.rows], page.after

    headings = [
        "id",
        "title",
        "account",
        "state",
        "published",
        "likes",
        *FIGURES,
        "orders",
        "revenue",
    ]
    return listing.export(ctx, "posts", headings, read)


async def _found(conn: Connection, ctx: ConsoleContext, after: str | None, limit: int) -> ResultPage[Post]:
    asked, author = ctx.query, staff_actor(ctx.staff)
    state = PostState(asked["state"]) if asked.get("state") in set(PostState) else None
    return await reads.own_posts(
        conn,
        author.owner,
        ctx.lang,
        PostFilter(asked.get("q", ""), state, author.staff_id),
        after=after,
        limit=limit,
    )


async def _sold(conn: Connection, ctx: ConsoleContext, posts_shown: list[Post], now: datetime) -> dict[UUID, PostSales]:
    """What the posts did in the last thirty days."""
    ids = [one.id for one in posts_shown]
    sales = await post_sales(conn, ctx.merchant_id, ctx.lang, Span(now - MONTH, now), len(ids), posts=ids)
    return {one.post_id: one for one in sales}


def opened_words(ctx: ConsoleContext, people: int) -> str:
    return ctx.count("opened by {n} person", "opened by {n} people", people)


class PostRow(msgspec.Struct, frozen=True):
    url: str
    title: str
    image: str | None
    image_alt: str
    account: str
    state: str
    tone: str
    published: str | None
    likes: str
    tags: str
    opened: str
    orders: str
    revenue: str


class PostsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/posts.html"

    query: str
    days: int
    """whose figures are shown"""
    states: list[Tab]
    rows: list[PostRow]
    next_url: str | None
    accounts_url: str
    tagging_url: str
    export_url: str


def _row(ctx: ConsoleContext, one: Post, sales: PostSales | None) -> PostRow:
    return PostRow(
        url=views.post_url(one.id),
        title=one.title or ctx.words(N_("Without a title")),
        image=thumbnail_url(one.media[0].file) if one.media else None,
        image_alt=one.media[0].alt if one.media else "",
        account=one.account_name,
        state=ctx.words(views.POST_STATES[one.state]),
        tone=views.POST_TONES[one.state],
        published=views.moment(ctx, one.published_at) if one.published_at else None,
        likes=ctx.count("{n} like", "{n} likes", one.likes),
        tags=ctx.count("{n} product", "{n} products", len(one.tags)),
        opened=opened_words(ctx, sales.opened if sales else 0),
        orders=ctx.count("{n} order", "{n} orders", sales.orders if sales else 0),
        revenue=views.money(ctx, sales.revenue if sales else 0),
    )


def _cells(ctx: ConsoleContext, one: Post) -> list[object]:
    return [one.id, one.title, one.account_handle, one.state.value, views.iso(ctx, one.published_at), one.likes]


def _figures(ctx: ConsoleContext, sales: PostSales | None) -> list[object]:
    if sales is None:
        return [0, 0, 0, 0, 0, 0]
    people = [sales.opened, sales.opened_product, sales.added, sales.bought]
    return [*people, sales.orders, views.major(ctx, sales.revenue)]


# --- what is done to one ----------------------------------------------------------------------------------------------


@post(f"{PATH}/{{post_id:uuid}}/remove", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def remove(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        before = await own(conn, ctx, post_id)
        await actions.remove(conn, staff_actor(ctx.staff), post_id)
    undo = {"undo": "1"} if before.state is PostState.LIVE else {}
    ctx.flash(ctx.words(N_("The post is removed.")), f"{PATH}/{post_id}/again", undo)
    return see_other(PATH)


@post(f"{PATH}/{{post_id:uuid}}/again", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def again(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Redirect:
    """`undo`: as if it had not been removed."""
    author = staff_actor(ctx.staff)
    async with ctx.confined() as conn:
        if data.get("undo"):
            await actions.undo_remove(conn, author, post_id)
        else:
            await actions.restore(conn, author, post_id)
    ctx.flash(ctx.words(N_("The post is back.") if data.get("undo") else N_("It is a draft again.")))
    return see_other(views.post_url(post_id))


async def own(conn: Connection, ctx: ConsoleContext, post_id: UUID) -> EditablePost:
    """Raises `NoSuchPost` also for a post of an account that the member of staff may not act for."""
    author = staff_actor(ctx.staff)
    editable = await reads.editable_post(conn, author.owner, post_id)
    account = await owner_of(conn, editable.draft.account_id) if editable else None
    if editable is None or account is None or not may_act(author, account):
        raise NoSuchPost(NO_SUCH_POST)
    return editable


@post(f"{PATH}/{{post_id:uuid}}/appeal", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def appeal(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Redirect:
    """Against a post's being taken down or standing behind a warning; somebody else decides."""
    async with ctx.confined() as conn:
        await own(conn, ctx, post_id)
        subject = Subject(SubjectKind.POST, post_id)
        await moderation.appeal(conn, subject, staff_actor(ctx.staff).name, data.get("words", ""), ctx.now)
    ctx.flash(ctx.words(N_("Another moderator looks at it.")))
    return see_other(views.post_url(post_id))


HANDLERS: list[Any] = [posts, export, remove, again, appeal]
