"""Saving posts, products and sets, and the page of what was saved."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from markupsafe import Markup

from unwall.catalogue.bundle_rules import bundle_sold
from unwall.catalogue.bundles import bundles_by_id
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import see_other, with_query
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import bundle_cards, post_cards, product_cards
from unwall.channels.shop.views import products_in
from unwall.content.saves import actions, reads
from unwall.content.saves.values import SavedKind, SavedSubject
from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_
from unwall.people.attempts import count_act

PATH = "/me/saved"
TABS = {SavedKind.POST: N_("Posts"), SavedKind.PRODUCT: N_("Products"), SavedKind.BUNDLE: N_("Sets")}


class SaveView(msgspec.Struct, frozen=True):
    """The button of a post, product or set. The browser shows at once that it was pressed, on all cards of the same."""

    kind: str
    id: str
    verb: str
    pressed: str


def save_view(ctx: ShopContext, kind: SavedKind, subject_id: UUID) -> SaveView:
    saved = subject_id in ctx.saved
    return SaveView(kind, str(subject_id), "unsave" if saved else "save", "true" if saved else "false")


class SavedPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/saved.html"

    tabs: list[Tab]
    posts: Markup
    products: Markup
    sets: Markup
    next_url: str | None


@get(PATH, include_in_schema=False)
async def saved_page(ctx: ShopContext) -> Response[str]:
    """Also of a visitor without a name: what this browser saved."""
    kind = SavedKind(ctx.query["kind"]) if ctx.query.get("kind") in set(SavedKind) else SavedKind.POST
    cache, lang = ctx.services.storefront, ctx.lang
    async with ctx.services.db.read() as conn:
        saved = await reads.saved(conn, ctx.visit.person_ids, kind, ctx.query.get("after"), reads.PAGE * ctx.pages)
        ids = [one.subject_id for one in saved.rows]
        posts = await cache.posts(conn, ids, lang) if kind is SavedKind.POST else []
        cards = await cache.cards(conn, ids if kind is SavedKind.PRODUCT else products_in(posts), lang)
        bundles = await bundles_by_id(conn, ids, lang) if kind is SavedKind.BUNDLE else {}
    shown = [cards[i] for i in ids if i in cards] if kind is SavedKind.PRODUCT else []
    page = SavedPage(
        title=ctx.words(N_("Saved")),
        tabs=[Tab(with_query(PATH, {"kind": one.value}), ctx.words(label), one is kind) for one, label in TABS.items()],
        posts=post_cards(posts, cards, lang, "saved", ctx.saved),
        products=product_cards(shown, lang, "saved", ctx.saved),
        sets=bundle_cards(
            [bundles[i] for i in ids if i in bundles and bundle_sold(bundles[i])], lang, "saved", ctx.saved
        ),
        next_url=with_query(PATH, {"kind": kind.value, "after": saved.after}) if saved.after else None,
    )
    return ctx.page(page)


@post("/saved/{what:str}/{kind:str}/{subject_id:uuid}", include_in_schema=False, status_code=303)
async def save(ctx: ShopContext, what: str, kind: str, subject_id: UUID, data: FormData) -> Response[Any] | Redirect:
    """`what`: save, or unsave."""
    if what not in {"save", "unsave"} or kind not in set(SavedKind):
        raise NotFound(N_("This is not there, or not any more."))
    subject = SavedSubject(SavedKind(kind), subject_id)
    if what == "save":
        await count_act(ctx.services.db, ctx.visit, now())
    async with ctx.services.db.transaction() as conn:
        if what == "save":
            await actions.save(conn, ctx.visit, subject, now())
        else:
            await actions.unsave(conn, ctx.visit, subject)
    if ctx.by_htmx:
        return Response(None, status_code=204)
    return see_other(own_path(data.get("next", "/")))


HANDLERS: list[Any] = [saved_page, save]
