"""One post: its pictures with the products in them, its text, liking and sharing it."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar import post as post_to
from litestar.response import Redirect
from markupsafe import Markup

from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.rendering import Content
from unwall.channels.http.routes import FormData
from unwall.channels.shop import events, links
from unwall.channels.shop.comments import CommentsView, comments_view
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import Placement, joined, post_cards, product_card
from unwall.channels.shop.saves import SaveView, save_view
from unwall.channels.shop.views import (
    AccountView,
    PictureView,
    account_view,
    excerpt,
    products_in,
    published,
    tagged,
    tagged_pictures,
    title_of,
)
from unwall.commerce.orders.values import Origin
from unwall.content.moderation.values import Visibility
from unwall.content.posts import actions
from unwall.content.posts.reads import next_video
from unwall.content.posts.values import Post
from unwall.content.saves.values import SavedKind
from unwall.insight.pages.reads import PostInputs, post_inputs
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound, existing
from unwall.kernel.text import N_
from unwall.people.attempts import count_act

OTHER_POSTS = 3
NO_SUCH_POST = N_("This post is not there, or not any more.")


class LikeView(msgspec.Struct, frozen=True):
    id: str
    likes: str
    liked: bool


class PostPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/post.html"

    post: Post
    account: AccountView
    pictures: list[PictureView]
    published: str
    products: Markup
    edited: str | None
    warned: bool
    like: LikeView
    save: SaveView
    comments: CommentsView
    url: str
    others: Markup


@get("/post/{post_id:uuid}", include_in_schema=False)
async def post_page(ctx: ShopContext, post_id: UUID) -> Response[str]:
    lang, came, cache = ctx.lang, links.origin_of(ctx.query), ctx.services.storefront
    inside = Origin(post_id, "post", came.policy)
    async with ctx.services.db.read() as conn:
        known = await _known(conn, ctx, post_id)
        post_shown, *others = await _posts(conn, ctx, [post_id, *known.other_posts])
        cards = await cache.cards(conn, products_in([post_shown, *others]), lang)
        said = await cache.discussion(conn, post_id)
        pictures = tagged_pictures(post_shown, cards, lang, inside)
        if any(one.video for one in pictures):
            pictures = _before(await next_video(conn, ctx.visit.person_ids, post_id), pictures)
    ctx.services.ingest.add_soon([events.viewed_post(ctx.visit, post_shown, came, now())])
    return ctx.page(
        PostPage(
            title=title_of(post_shown),
            description=excerpt(post_shown.body_html),
            post=post_shown,
            account=account_view(known.account, lang, followed=known.followed),
            pictures=pictures,
            published=published(post_shown, lang),
            edited=_edited(post_shown, lang),
            warned=post_shown.visibility is Visibility.WARN,
            products=joined(
                product_card(card, lang, Placement(inside, slot, saved=card.product_id in ctx.saved))
                for slot, card in enumerate(tagged(post_shown, cards))
            ),
            like=_like_view(post_id, known, lang),
            save=save_view(ctx, SavedKind.POST, post_id),
            comments=comments_view(ctx, post_id, said.first, said.comments),
            url=ctx.base_url + links.post_url(post_id),
            others=post_cards(others, cards, lang, "post/more", ctx.saved),
            canonical=ctx.base_url + links.post_url(post_id),
        )
    )


def _before(following: UUID | None, pictures: list[PictureView]) -> list[PictureView]:
    """The pictures, with what follows their videos when one swipes."""
    url = links.post_url(following) if following else None
    return [msgspec.structs.replace(one, next_url=url) if one.video else one for one in pictures]


async def _known(conn: Connection, ctx: ShopContext, post_id: UUID) -> PostInputs:
    return existing(await post_inputs(conn, ctx.visit.person_ids, ctx.lang, post_id, OTHER_POSTS), NO_SUCH_POST)


async def _posts(conn: Connection, ctx: ShopContext, post_ids: list[UUID]) -> list[Post]:
    """The first of them must be live."""
    posts_shown = await ctx.services.storefront.posts(conn, post_ids, ctx.lang)
    if not posts_shown or posts_shown[0].id != post_ids[0]:
        raise NotFound(NO_SUCH_POST)
    return posts_shown


def _edited(post_shown: Post, lang: str) -> str | None:
    return formatters(lang).ago(post_shown.edited_at) if post_shown.edited_at else None


def _like_view(post_id: UUID, known: PostInputs, lang: str) -> LikeView:
    return LikeView(str(post_id), formatters(lang).number(known.likes), known.liked)


@post_to("/post/{post_id:uuid}/like", include_in_schema=False, status_code=303)
async def like(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    await count_act(ctx.services.db, ctx.visit, now())
    async with ctx.services.db.transaction() as conn:
        await actions.like(conn, ctx.visit, post_id)
    return await _liked(ctx, post_id)


@post_to("/post/{post_id:uuid}/unlike", include_in_schema=False, status_code=303)
async def unlike(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        await actions.unlike(conn, ctx.visit, post_id)
    return await _liked(ctx, post_id)


class LikePart(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/like.html"

    like: LikeView


async def _liked(ctx: ShopContext, post_id: UUID) -> Response[Any]:
    if not ctx.by_htmx:
        return Redirect(links.post_url(post_id), status_code=303)
    async with ctx.services.db.read() as conn:
        known = await _known(conn, ctx, post_id)
    return ctx.part(LikePart(like=_like_view(post_id, known, ctx.lang)))


@post_to("/post/{post_id:uuid}/share", include_in_schema=False, status_code=303)
async def share(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    """The browser has copied the link by itself; without scripts the next page says it."""
    async with ctx.services.db.read() as conn:
        post_shared, *_ = await _posts(conn, ctx, [post_id])
    await ctx.services.ingest.add([events.shared_post(ctx.visit, post_shared, now())])
    if ctx.by_htmx:
        return Response(None, status_code=204)
    ctx.flash(Flash(ctx.words(N_("The link: {url}"), url=ctx.base_url + links.post_url(post_id))))
    return Redirect(links.post_url(post_id), status_code=303)


HANDLERS: list[Any] = [post_page, like, unlike, share]
