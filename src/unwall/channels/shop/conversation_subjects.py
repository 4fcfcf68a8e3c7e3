"""What a message to a store is about: a product, an order or a post."""

from collections.abc import Sequence
from uuid import UUID

from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.talks import AboutView
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.views import money
from unwall.commerce.orders import reads as orders
from unwall.content.accounts.values import Account
from unwall.content.conversations.values import (
    About,
    Message,
)
from unwall.content.posts.reads import posts
from unwall.content.posts.values import Post
from unwall.kernel.database import Connection
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_


def about_fields(asked: dict[str, str]) -> dict[str, str | None]:
    return {name: asked[name] for name in ("product", "order", "post") if parse_id(asked.get(name, ""))}


def named(about: About) -> dict[str, UUID | None]:
    return {"product": about.product_id, "order": about.order_id, "post": about.post_id}


def about_of(message: Message) -> About:
    return About(message.product_id, message.order_id, message.post_id)


async def checked_about(conn: Connection, ctx: ShopContext, account: Account, asked: dict[str, str]) -> About:
    """What of it is the account's or its store's, and the order the shopper's own; the rest is left out."""
    product, order, post_id = (parse_id(asked.get(name, "")) for name in ("product", "order", "post"))
    if product:
        cards = await ctx.services.storefront.cards(conn, [product], ctx.lang)
        product = product if product in cards and cards[product].merchant_id == account.merchant_id else None
    if order:
        own = await orders.own_order(conn, ctx.visit, order, ctx.lang)
        order = order if own and own.merchant_id == account.merchant_id else None
    if post_id:
        live = (await posts(conn, [post_id], ctx.lang)).get(post_id)
        post_id = post_id if live and _published_by(live, account) else None
    return About(product, order, post_id)


def _published_by(live: Post, account: Account) -> bool:
    """By the account, or another one of its store."""
    return live.account_id == account.id or (
        account.merchant_id is not None and live.merchant_id == account.merchant_id
    )


async def about_views(conn: Connection, ctx: ShopContext, abouts: Sequence[About]) -> dict[UUID, AboutView]:
    """By the id of product, order or post; what is gone is left out."""
    views: dict[UUID, AboutView] = {}
    cards = await ctx.services.storefront.cards(conn, [a.product_id for a in abouts if a.product_id], ctx.lang)
    for product_id, card in cards.items():
        url = links.product_url(card.merchant_slug, card.slug)
        price = money(card.price, card.currency, ctx.lang)
        views[product_id] = AboutView(
            ctx.words(N_("A product")), card.title, url, thumbnail_url(card.image_file), price
        )
    for head in await orders.order_heads(conn, [a.order_id for a in abouts if a.order_id]):
        views[head.id] = AboutView(ctx.words(N_("An order")), head.number, f"/order/{head.id}")
    shown = await posts(conn, [a.post_id for a in abouts if a.post_id], ctx.lang)
    for post_id, one in shown.items():
        image = thumbnail_url(one.media[0].file) if one.media else None
        title = one.title or ctx.words(N_("A post"))
        views[post_id] = AboutView(ctx.words(N_("A post")), title, links.post_url(post_id), image)
    return views
