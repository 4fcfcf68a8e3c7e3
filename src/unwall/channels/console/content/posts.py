"""Posts: the list with the sales credited to each, removing one, and undoing that. The editor is in `composer`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext
from unwall.channels.http.page_context import see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.content.accounts.rules import staff_actor
from unwall.content.posts import actions, reads
from unwall.content.posts.values import EditablePost, NoSuchPost, Post, PostState
from unwall.insight.attribution.reads import post_sales
from unwall.insight.attribution.values import PostSales
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.ids import derived_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/posts"
MONTH = timedelta(days=30)
STATES = (("", N_("All")), *((state.value, label) for state, label in views.POST_STATES.items()))


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def posts(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        found = await _found(conn, ctx, listing.ROWS)
        sold = await _sold(conn, ctx, found.rows, ctx.now)
    asked = {"q": ctx.query.get("q"), "state": ctx.query.get("state")}
    return ctx.page(
        "console/posts.html",
        title=ctx.words(N_("Posts")),
        query=asked["q"] or "",
        state=asked["state"] or "",
        states=listing.filter_tabs(ctx, PATH, "state", STATES),
        rows=[_row(ctx, p, sold.get(p.id)) for p in found.rows],
        next_url=listing.address(PATH, after=found.after, **asked) if found.after else None,
        tagging_url=f"{PATH}/tagging",
        export_url=listing.address(f"{PATH}.csv", **asked),
    )


@get(f"{PATH}.csv", permission=Permission.PUBLISH, include_in_schema=False)
async def export(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        found = await _found(conn, ctx, listing.ALL)
        sold = await _sold(conn, ctx, found.rows, ctx.now)
    headings = [
        "id",
        "title",
        "account",
        "state",
        "published",
        "likes",
        "views",
        "clicks",
        "carts",
        "orders",
        "revenue",
    ]
    return listing.sheet("posts", headings, ([*_cells(ctx, p), *_figures(ctx, sold.get(p.id))] for p in found.rows))


async def _found(conn: Connection, ctx: ConsoleContext, limit: int) -> ResultPage[Post]:
    asked = ctx.query
    state = PostState(asked["state"]) if asked.get("state") in set(PostState) else None
    return await reads.own_posts(
        conn,
        staff_actor(ctx.staff).owner,
        ctx.lang,
        query=asked.get("q", ""),
        state=state,
        after=asked.get("after"),
        limit=limit,
    )


async def _sold(conn: Connection, ctx: ConsoleContext, found: list[Post], now: datetime) -> dict[UUID, PostSales]:
    """What the posts did in the last thirty days."""
    ids = [one.id for one in found]
    sales = await post_sales(conn, ctx.merchant_id, ctx.lang, now - MONTH, now, len(ids), posts=ids)
    return {one.post_id: one for one in sales}


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
    views: str
    orders: str
    revenue: str


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
        views=views.number(ctx, sales.views if sales else 0),
        orders=views.number(ctx, sales.orders if sales else 0),
        revenue=views.money(ctx, sales.revenue if sales else 0),
    )


def _cells(ctx: ConsoleContext, one: Post) -> list[object]:
    return [one.id, one.title, one.account_handle, one.state.value, views.iso(ctx, one.published_at), one.likes]


def _figures(ctx: ConsoleContext, sales: PostSales | None) -> list[object]:
    if sales is None:
        return [0, 0, 0, 0, 0]
    counts = [sales.views, sales.product_clicks, sales.add_to_carts, sales.orders]
    return [*counts, views.major(ctx, sales.revenue)]


# --- what is done to one ----------------------------------------------------------------------------------------------


@post(f"{PATH}/{{post_id:uuid}}/remove", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def remove(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        before = await own(conn, ctx, post_id)
        await actions.remove(conn, staff_actor(ctx.staff), post_id)
    again = {"live": "1"} if before.state is PostState.LIVE else {}
    ctx.flash(ctx.words(N_("The post is removed.")), f"{PATH}/{post_id}/again", again)
    return see_other(PATH)


@post(f"{PATH}/{{post_id:uuid}}/again", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def again(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Redirect:
    """A removed post does not come back; its words and pictures do, as a new one. Pressing twice makes one."""
    new_id, author = derived_id("post again", post_id), staff_actor(ctx.staff)
    async with ctx.confined() as conn:
        removed = await own(conn, ctx, post_id)
        if await reads.editable_post(conn, author.owner, new_id) is None:
            await actions.save_draft(conn, author, replace(removed.draft, id=new_id))
        if data.get("live"):
            await actions.publish(conn, author, new_id, ctx.now)
    ctx.flash(ctx.words(N_("It is published again.") if data.get("live") else N_("It is a draft again.")))
    return see_other(views.post_url(new_id))


async def own(conn: Connection, ctx: ConsoleContext, post_id: UUID) -> EditablePost:
    found = await reads.editable_post(conn, staff_actor(ctx.staff).owner, post_id)
    if found is None:
        raise NoSuchPost(actions.NO_SUCH_POST)
    return found


HANDLERS: list[Any] = [posts, export, remove, again]
