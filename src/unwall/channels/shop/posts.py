"""One post: its pictures with the products in them, its text, liking and sharing it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar import post as post_to
from litestar.response import Redirect

from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.routes import FormData
from unwall.channels.shop import events, links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.fragments import joined, post_cards, product_card
from unwall.channels.shop.views import account_view, excerpt, products_in, published, tagged, tagged_pictures
from unwall.commerce.orders.values import Origin
from unwall.content.posts import actions
from unwall.content.posts.values import Post
from unwall.insight.pages.reads import PostInputs, post_inputs
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

OTHER_POSTS = 3
NO_SUCH_POST = N_("This post is not there, or not any more.")


class LikeView(msgspec.Struct, frozen=True):
    id: str
    likes: str
    liked: bool


@get("/post/{post_id:uuid}", include_in_schema=False)
async def post_page(ctx: ShopContext, post_id: UUID) -> Response[str]:
    lang, came, cache = ctx.lang, links.origin_of(ctx.query), ctx.services.storefront
    inside = Origin(post_id, "post", came.policy)
    async with ctx.services.db.read() as conn:
        known = await _known(conn, ctx, post_id)
        found, *others = await _posts(conn, ctx, [post_id, *known.other_posts])
        cards = await cache.cards(conn, products_in([found, *others]), lang)
    ctx.services.ingest.add_soon([events.viewed_post(ctx.visit, found, came, now())])
    return ctx.page(
        "shop/post.html",
        title=found.title or excerpt(found.body_html)[:60],
        post=found,
        account=account_view(known.account, lang, followed=known.followed),
        pictures=tagged_pictures(found, cards, lang, inside),
        published=published(found, lang),
        products=joined(product_card(card, lang, inside, slot) for slot, card in enumerate(tagged(found, cards))),
        like=_like_view(post_id, known, lang),
        url=ctx.base_url + links.post_url(post_id),
        others=post_cards(others, cards, lang, "post/more"),
        canonical=ctx.base_url + links.post_url(post_id),
    )


async def _known(conn: Connection, ctx: ShopContext, post_id: UUID) -> PostInputs:
    found = await post_inputs(conn, ctx.visit.person_ids, ctx.lang, post_id, OTHER_POSTS)
    if found is None:
        raise NotFound(NO_SUCH_POST)
    return found


async def _posts(conn: Connection, ctx: ShopContext, post_ids: list[UUID]) -> list[Post]:
    """The first of them must be live."""
    found = await ctx.services.storefront.posts(conn, post_ids, ctx.lang)
    if not found or found[0].id != post_ids[0]:
        raise NotFound(NO_SUCH_POST)
    return found


def _like_view(post_id: UUID, known: PostInputs, lang: str) -> LikeView:
    return LikeView(str(post_id), formatters(lang).number(known.likes), known.liked)


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
        known = await _known(conn, ctx, post_id)
    return ctx.part("shop/like.html", like=_like_view(post_id, known, ctx.lang))


@post_to("/post/{post_id:uuid}/share", include_in_schema=False, status_code=303)
async def share(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    """The browser has copied the link by itself; without scripts the next page says it."""
    async with ctx.services.db.read() as conn:
        found, *_ = await _posts(conn, ctx, [post_id])
    await ctx.services.ingest.add([events.shared_post(ctx.visit, found, now())])
    if ctx.by_htmx:
        return Response(None, status_code=204)
    ctx.flash(Flash(ctx.words(N_("The link: {url}"), url=ctx.base_url + links.post_url(post_id))))
    return Redirect(links.post_url(post_id), status_code=303)


HANDLERS: list[Any] = [post_page, like, unlike, share]
