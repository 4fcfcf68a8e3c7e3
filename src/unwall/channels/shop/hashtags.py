"""The posts under a hashtag, and the tags that are suggested while one writes or searches."""

from typing import Any

import msgspec
from litestar import Response, get
from markupsafe import Markup

from unwall.channels.design.values import Tab
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import with_query
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import post_cards
from unwall.channels.shop.views import products_in
from unwall.content.posts.hashtag_reads import HashtagCount, hashtags_like, posts_under, tagged_entries
from unwall.content.posts.hashtags import name_of, url_of
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

POSTS = 12
SUGGESTIONS = 6


class HashtagPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/hashtag.html"

    name: str
    count: str
    posts: Markup
    next_url: str | None


class SuggestedHashtag(msgspec.Struct, frozen=True):
    name: str
    posts: str


@get("/tag/{tag:str}", include_in_schema=False)
async def hashtag_page(ctx: ShopContext, tag: str) -> Response[str]:
    name = name_of(tag)
    if not name:
        raise NotFound(N_("This is no hashtag."))
    url, cache = url_of(name), ctx.services.storefront
    async with ctx.services.db.read() as conn:
        entries = await tagged_entries(conn, name, ctx.visit.person_ids, ctx.query.get("after"), POSTS * ctx.pages)
        posts = await cache.posts(conn, [one.post_id for one in entries.rows], ctx.lang)
        cards = await cache.cards(conn, products_in(posts), ctx.lang)
        count = await posts_under(conn, name)
    return ctx.page(
        HashtagPage(
            title=f"#{name}",
            name=name,
            count=ctx.count("{n} post", "{n} posts", count),
            posts=post_cards(posts, cards, ctx.lang, "hashtag", ctx.saved, first=True),
            next_url=with_query(url, {"after": entries.after}) if entries.after else None,
            canonical=ctx.base_url + url,
        )
    )


@get("/hashtags", include_in_schema=False)
async def suggested(ctx: ShopContext) -> list[SuggestedHashtag]:
    """As JSON, for the script that completes them in a text."""
    async with ctx.services.db.read() as conn:
        tags = await hashtags_like(conn, ctx.query.get("q", ""), SUGGESTIONS)
    return [SuggestedHashtag(one.name, formatters(ctx.lang).number(one.posts)) for one in tags]


def hashtag_tabs(tags: list[HashtagCount]) -> list[Tab]:
    """For search."""
    return [Tab(url_of(one.name), f"#{one.name}", active=False) for one in tags]


HANDLERS: list[Any] = [hashtag_page, suggested]
