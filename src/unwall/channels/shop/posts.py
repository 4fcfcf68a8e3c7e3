"""One post: its pictures with what stands in them, its words, liking and passing it on."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar import post as post_to
from litestar.response import Redirect

from unwall.catalogue import reads as catalogue
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.routes import FormData
from unwall.channels.shop import events as tellings
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import (
    View,
    account_view,
    excerpt,
    post_tiles,
    products_in,
    spreads,
    tagged,
    tile,
)
from unwall.commerce.orders.values import Origin
from unwall.content.accounts import reads as accounts
from unwall.content.posts import actions, reads
from unwall.content.posts.values import Post
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

MORE = 3
NONE_SUCH = N_("This post is not there, or not any more.")


@get("/post/{post_id:uuid}", include_in_schema=False)
async def post_page(ctx: ShopContext, post_id: UUID) -> Response[str]:
    lang, came = ctx.lang, links.origin_of(ctx.query)
    inside = Origin(post_id, "post", came.policy)
    async with ctx.services.db.read() as conn:
        found = await _post(conn, ctx, post_id)
        others = await _others(conn, ctx, found)
        cards = await catalogue.cards(conn, products_in([found, *others]), lang)
        ctx.services.ingest.add_soon([tellings.viewed_post(ctx.visit, found, came, now())])
        return await ctx.page(
            conn,
            "shop/post.html",
            title=found.title or excerpt(found.body_html)[:60],
            post=found,
            account=await _account(conn, ctx, found),
            spreads=spreads(found, cards, lang, inside),
            published=formatters(lang).ago(found.published_at) if found.published_at else "",
            products=[tile(card, lang, inside, slot) for slot, card in enumerate(tagged(found, cards))],
            like=await _like(conn, ctx, found),
            url=ctx.base + links.post_url(post_id),
            others=post_tiles(others, cards, lang, "post/more"),
            canonical=ctx.base + links.post_url(post_id),
        )


async def _post(conn: Connection, ctx: ShopContext, post_id: UUID) -> Post:
    found = await reads.post(conn, post_id, ctx.lang)
    if found is None:
        raise NotFound(NONE_SUCH)
    return found


async def _others(conn: Connection, ctx: ShopContext, shown: Post) -> list[Post]:
    """The last ones of the same account."""
    last = await reads.posts_of(conn, shown.account_id, ctx.lang, limit=MORE + 1)
    return [post for post in last.rows if post.id != shown.id][:MORE]


async def _account(conn: Connection, ctx: ShopContext, shown: Post) -> View:
    account = await accounts.account(conn, shown.account_id, ctx.lang)
    following = await accounts.following(conn, ctx.visit.person_ids)
    if account is None:
        raise NotFound(NONE_SUCH)
    return account_view(account, ctx.lang, followed=account.id in following)


async def _like(conn: Connection, ctx: ShopContext, shown: Post) -> View:
    liked = await reads.liked(conn, ctx.visit.person_ids, [shown.id])
    return {"id": str(shown.id), "likes": formatters(ctx.lang).number(shown.likes), "liked": bool(liked)}


@post_to("/post/{post_id:uuid}/like", include_in_schema=False, status_code=303)
async def like(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        await actions.like(conn, ctx.visit, post_id)
    return await _liked(ctx, post_id)


@post_to("/post/{post_id:uuid}/unlike", include_in_schema=False, status_code=303)
async def unlike(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        await actions.unlike(conn, ctx.visit, post_id)
    return await _liked(ctx, post_id)


async def _liked(ctx: ShopContext, post_id: UUID) -> Response[Any]:
    if not ctx.by_htmx:
        return Redirect(links.post_url(post_id), status_code=303)
    async with ctx.services.db.read() as conn:
        found = await _post(conn, ctx, post_id)
        return ctx.part("shop/like.html", like=await _like(conn, ctx, found))


@post_to("/post/{post_id:uuid}/share", include_in_schema=False, status_code=303)
async def share(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    """The browser has copied the link by itself; without scripts the next page says it."""
    async with ctx.services.db.read() as conn:
        found = await _post(conn, ctx, post_id)
    await ctx.services.ingest.add([tellings.shared_post(ctx.visit, found, now())])
    if ctx.by_htmx:
        return Response(None, status_code=204)
    ctx.flash(Flash(ctx.words(N_("The link: {url}"), url=ctx.base + links.post_url(post_id))))
    return Redirect(links.post_url(post_id), status_code=303)


HANDLERS: list[Any] = [post_page, like, unlike, share]
