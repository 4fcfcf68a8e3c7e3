"""What a person does not want to see: hiding a post or product, muting and blocking an account, and undoing it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.catalogue.bundle_rules import bundle_sold
from unwall.catalogue.bundles import bundle_by_id, bundles_by_id
from unwall.catalogue.values import Bundle
from unwall.channels.design.values import Tab
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import with_query
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.rendering import Content, here
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.links import bundle_url, post_url, product_url
from unwall.channels.shop.views import AccountView, account_view, title_of
from unwall.content.accounts import actions as accounts
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts.values import NoSuchAccount, Standing
from unwall.content.discovery import actions as discovery
from unwall.content.discovery.reads import hidden_things
from unwall.content.discovery.values import ItemKind
from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.attempts import count_act

HIDDEN = "/me/hidden"
HIDDEN_ROWS = 24
KINDS = ((ItemKind.POST, N_("Posts")), (ItemKind.PRODUCT, N_("Products")), (ItemKind.BUNDLE, N_("Sets")))
GONE = N_("It is not there, or not any more.")


class Choices(Content, frozen=True, kw_only=True):
    """For the sheet."""

    TEMPLATE = "shop/unwanted.html"

    name: str
    kind: str
    item_id: str
    account: AccountView | None
    """whose post it is, or the account itself"""
    standing: Standing
    back: str


class UnwantedPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/unwanted_page.html"

    choices: Choices


@get("/not-for-me/{kind:str}/{subject_id:uuid}", include_in_schema=False)
async def choices(ctx: ShopContext, kind: str, subject_id: UUID) -> Response[str]:
    """A page, or a sheet over the one it was opened on."""
    async with ctx.services.db.read() as conn:
        named = await _named(conn, ctx, kind, subject_id)
        account_id = named.account_id
        account = await account_reads.account(conn, account_id, ctx.lang) if account_id else None
        person_ids = ctx.visit.person_ids
        standing = await account_reads.standing(conn, person_ids, account_id) if account_id else Standing()
    shown = Choices(
        name=named.name,
        kind=kind,
        item_id=str(subject_id),
        account=account_view(account, ctx.lang, followed=standing.followed) if account else None,
        standing=standing,
        back=own_path(ctx.query.get("next") or here(ctx.request)),
    )
    if ctx.wants("sheet-body"):
        return ctx.part(shown)
    return ctx.page(UnwantedPage(title=ctx.words(N_("Not for me")), choices=shown))


class _Named(msgspec.Struct, frozen=True):
    name: str
    account_id: UUID | None = None


async def _named(conn: Connection, ctx: ShopContext, kind: str, item_id: UUID) -> _Named:
    """What it is called, and the account it is of, if any. Raises `NotFound`."""
    cache, lang = ctx.services.storefront, ctx.lang
    if kind == ItemKind.POST and (posts := await cache.posts(conn, [item_id], lang)):
        return _Named(posts[0].title or posts[0].account_name, posts[0].account_id)
    if kind == ItemKind.PRODUCT and (card := (await cache.cards(conn, [item_id], lang)).get(item_id)):
        return _Named(card.title)
    if kind == ItemKind.BUNDLE and (bundle := await bundle_by_id(conn, item_id, lang)):
        return _Named(bundle.title)
    if kind == "account" and (account := await account_reads.account(conn, item_id, lang)):
        return _Named(account.name, item_id)
    raise NotFound(GONE)


# --- what is hidden ---------------------------------------------------------------------------------------------------


class HiddenView(msgspec.Struct, frozen=True):
    kind: str
    id: str
    title: str
    url: str
    image: str | None


class HiddenPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/hidden.html"

    tabs: list[Tab]
    things: list[HiddenView]
    next_url: str | None


@get(HIDDEN, include_in_schema=False)
async def hidden(ctx: ShopContext) -> Response[str]:
    """What the person, or this browser, does not want to see; each can be shown again."""
    kind = ItemKind(ctx.query["kind"]) if ctx.query.get("kind") in set(ItemKind) else ItemKind.POST
    async with ctx.services.db.read() as conn:
        after = ctx.query.get("after")
        things = await hidden_things(conn, ctx.visit.person_ids, kind, after, HIDDEN_ROWS * ctx.pages)
        views = await _hidden_views(conn, ctx, kind, [one.item_id for one in things.rows])
    return ctx.page(
        HiddenPage(
            title=ctx.words(N_("Hidden")),
            tabs=[Tab(with_query(HIDDEN, {"kind": one.value}), ctx.words(label), one is kind) for one, label in KINDS],
            things=views,
            next_url=with_query(HIDDEN, {"kind": kind.value, "after": things.after}) if things.after else None,
        )
    )


async def _hidden_views(conn: Connection, ctx: ShopContext, kind: ItemKind, ids: list[UUID]) -> list[HiddenView]:
    """What is gone meanwhile is left out."""
    cache, lang = ctx.services.storefront, ctx.lang
    if kind is ItemKind.POST:
        return [
            HiddenView(
                kind.value,
                str(one.id),
                title_of(one) or one.account_name,
                post_url(one.id),
                thumbnail_url(one.media[0].file) if one.media else None,
            )
            for one in await cache.posts(conn, ids, lang)
        ]
    if kind is ItemKind.BUNDLE:
        kept = await bundles_by_id(conn, ids, lang)
        return [_hidden_bundle(kept[one]) for one in ids if one in kept and bundle_sold(kept[one])]
    cards = await cache.cards(conn, ids, lang)
    return [
        HiddenView(
            kind.value,
            str(card.product_id),
            card.title,
            product_url(card.merchant_slug, card.slug),
            thumbnail_url(card.image_file),
        )
        for card in (cards[i] for i in ids if i in cards)
    ]


def _hidden_bundle(bundle: Bundle) -> HiddenView:
    first = bundle.parts[0].item
    url = bundle_url(first.merchant_slug, bundle.slug)
    return HiddenView(ItemKind.BUNDLE.value, str(bundle.id), bundle.title, url, thumbnail_url(first.image_file))


# --- posts and products -----------------------------------------------------------------------------------------------


@post("/hide", include_in_schema=False, status_code=303)
async def hide(ctx: ShopContext, data: FormData) -> Redirect:
    await count_act(ctx.services.db, ctx.visit, now())
    item = await _item(ctx, data)
    async with ctx.services.db.transaction() as conn:
        await discovery.hide(conn, ctx.visit, item.kind, item.id)
    undo = {"kind": item.kind.value, "id": str(item.id)}
    return _done(ctx, data, N_("You will not be shown this again."), "/show-again", undo)


@post("/show-again", include_in_schema=False, status_code=303)
async def show_again(ctx: ShopContext, data: FormData) -> Redirect:
    item = await _item(ctx, data)
    async with ctx.services.db.transaction() as conn:
        await discovery.show_again(conn, ctx.visit, item.kind, item.id)
    return _back(data)


class _Item(msgspec.Struct, frozen=True):
    kind: ItemKind
    id: UUID


async def _item(ctx: ShopContext, data: dict[str, str]) -> _Item:
    """It must exist: otherwise the table could be filled with made-up ids."""
    item_id, kind = parse_id(data.get("id", "")), data.get("kind", "")
    if item_id is None or kind not in set(ItemKind):
        raise Invalid.one("id", N_("Say which post, product or set."))
    async with ctx.services.db.read() as conn:
        await _named(conn, ctx, kind, item_id)
    return _Item(ItemKind(kind), item_id)


# --- accounts ---------------------------------------------------------------------------------------------------------


@post("/mute", include_in_schema=False, status_code=303)
async def mute(ctx: ShopContext, data: FormData) -> Redirect:
    await count_act(ctx.services.db, ctx.visit, now())
    account_id = await _change(ctx, data, accounts.mute)
    return _done(ctx, data, N_("You will not be shown posts of this account."), "/unmute", {"account": str(account_id)})


@post("/unmute", include_in_schema=False, status_code=303)
async def unmute(ctx: ShopContext, data: FormData) -> Redirect:
    await _change(ctx, data, accounts.unmute)
    return _back(data)


@post("/block", include_in_schema=False, status_code=303)
async def block(ctx: ShopContext, data: FormData) -> Redirect:
    await count_act(ctx.services.db, ctx.visit, now())
    account_id = await _change(ctx, data, accounts.block)
    return _done(ctx, data, N_("You have blocked this account."), "/unblock", {"account": str(account_id)})


@post("/unblock", include_in_schema=False, status_code=303)
async def unblock(ctx: ShopContext, data: FormData) -> Redirect:
    await _change(ctx, data, accounts.unblock)
    return _back(data)


async def _change(
    ctx: ShopContext, data: dict[str, str], change: Callable[[Transaction, Any, UUID], Awaitable[bool]]
) -> UUID:
    account_id = parse_id(data.get("account", ""))
    if account_id is None:
        raise NoSuchAccount(accounts.NO_SUCH_ACCOUNT)
    async with ctx.services.db.transaction() as conn:
        await change(conn, ctx.visit, account_id)
    return account_id


def _done(ctx: ShopContext, data: dict[str, str], said: str, undo_url: str, undo: dict[str, str]) -> Redirect:
    back = own_path(data.get("next", "/"))
    ctx.flash(Flash(ctx.words(said), undo_url, {**undo, "next": back}))
    return Redirect(back, status_code=303)


def _back(data: dict[str, str]) -> Redirect:
    return Redirect(own_path(data.get("next", "/")), status_code=303)


HANDLERS: list[Any] = [hidden, choices, hide, show_again, mute, unmute, block, unblock]
