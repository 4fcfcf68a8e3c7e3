"""The first page of all stores: tabs Following, For you and Near you, each a stream of posts and products."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Response, get
from litestar.response import Redirect

from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.shop import composed_pages as composed
from unwall.channels.shop import home
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.module_views import ModuleView, near_words
from unwall.content.feed.rules import MAX_NEW
from unwall.insight.pages.compose import PageSources
from unwall.insight.pages.rules import MAX_SHOWN_PRODUCTS
from unwall.insight.pages.stream import StreamPage, Turn, for_you, more_followed, near_you, streamed
from unwall.insight.pages.values import ComposedPage
from unwall.kernel.clock import now
from unwall.kernel.cursors import encode
from unwall.kernel.text import N_, ngettext

FOLLOWING, FOR_YOU, NEAR = "/", "/for-you", "/near-you"
TABS = ((FOLLOWING, N_("Following")), (FOR_YOU, N_("For you")), (NEAR, N_("Near you")))

Ask = Callable[[PageSources, Turn], Awaitable[StreamPage]]


class HomePage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/home.html"

    tabs: list[Tab]
    modules: list[ModuleView]
    note: str | None
    """what is new, or where the things are"""
    next_url: str | None
    place_asked: bool = False
    """nothing is near, since no place is chosen"""


@get("/", include_in_schema=False)
async def following(ctx: ShopContext) -> Response[str]:
    """Of all stores; where an install is for one merchant, the front of that store."""
    only = ctx.services.settings.merchant
    async with ctx.services.db.read() as conn:
        if only:
            return await home.front_of(conn, ctx, only, FOLLOWING)
        if ctx.query.get("after") or ctx.query.get("products"):
            return _more(
                ctx, FOLLOWING, await _turn(composed.sources(conn, ctx), more_followed, _asked(ctx), ctx.pages)
            )
        page = streamed(await composed.home(conn, ctx))
        start = _below(ctx, page)
        older = [await _turn(composed.sources(conn, ctx), more_followed, start, ctx.pages - 1)] if ctx.pages > 1 else []
    last = older[-1] if older else start
    return _page(ctx, FOLLOWING, [page, *(one.page for one in older)], _next(FOLLOWING, last), _new(ctx, page))


def _new(ctx: ShopContext, page: ComposedPage) -> str | None:
    number = f"{MAX_NEW}+" if page.new >= MAX_NEW else str(page.new)
    words = ngettext(ctx.lang, "{num} new since you were here", "{num} new since you were here", page.new, num=number)
    return words if page.new else None


@get("/for-you", include_in_schema=False)
async def for_everybody(ctx: ShopContext) -> Response[Any]:
    return await _tab(ctx, FOR_YOU, for_you)


@get("/near-you", include_in_schema=False)
async def near(ctx: ShopContext) -> Response[Any]:
    return await _tab(ctx, NEAR, near_you)


async def _tab(ctx: ShopContext, url: str, ask: Ask) -> Response[Any]:
    if ctx.services.settings.merchant:
        return Redirect(FOLLOWING, status_code=303)
    async with ctx.services.db.read() as conn:
        page = await _turn(composed.sources(conn, ctx), ask, _asked(ctx), ctx.pages)
    if ctx.query.get("after") or ctx.query.get("products"):
        return _more(ctx, url, page)
    note = near_words(page.shop, now(), ctx.lang) if page.shop else None
    return _page(ctx, url, [page.page], _next(url, page), note)


# --- turning pages ----------------------------------------------------------------------------------------------------


def _asked(ctx: ShopContext) -> Turn:
    shown = ctx.query.get("products", "")
    products = min(int(shown), MAX_SHOWN_PRODUCTS) if shown.isascii() and shown.isdecimal() and len(shown) < 6 else 0
    return Turn(ctx.visit, now(), ctx.query.get("after") or None, products, ctx.services.scorer)


async def _turn(sources: PageSources, ask: Ask, turn: Turn, pages: int) -> StreamPage:
    """So many pages as one: those that were loaded before this page was left (`ShopContext.pages`)."""
    page = await ask(sources, turn)
    for _ in range(pages - 1):
        if page.after is None:
            break
        again = Turn(turn.visit, turn.now, page.after, page.products, turn.scorer)
        page = page.joined(await ask(sources, again))
    return page


def _below(ctx: ShopContext, page: ComposedPage) -> Turn:
    """Where the stream goes on below a composed page."""
    slots = [slot for module in page.modules for slot in module.slots]
    entries = [slot.post.entry for slot in slots if slot.post]
    products = sum(1 for slot in slots if slot.card)
    return Turn(ctx.visit, now(), encode(min(entries)) if entries else None, products, ctx.services.scorer)


def _next(url: str, last: StreamPage | Turn) -> str | None:
    return with_query(url, {"after": last.after, "products": str(last.products)}) if last.after else None


def _page(
    ctx: ShopContext, url: str, pages: list[ComposedPage], next_url: str | None, note: str | None
) -> Response[str]:
    modules = [view for page in pages for view in composed.shown(ctx, page)]
    return ctx.page(
        HomePage(
            title=ctx.words(N_("Unwall: new from the stores you follow")),
            tabs=[Tab(to, ctx.words(label), to == url) for to, label in TABS],
            modules=modules,
            note=note,
            next_url=next_url,
            place_asked=url == NEAR and ctx.visit.place is None,
            canonical=ctx.base_url + (url if url != FOLLOWING else ""),
        )
    )


def _more(ctx: ShopContext, url: str, page: StreamPage) -> Response[str]:
    """A further page of the stream, without the rest of the page."""
    return _page(ctx, url, [page.page], _next(url, page), None)


HANDLERS: list[Any] = [following, for_everybody, near]
