"""Accounts: what one has published, what it sells, and following it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.catalogue import reads as catalogue
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.links import account_url, with_query
from unwall.channels.shop.views import View, account_view, post_tiles, products_in, tiles
from unwall.content.accounts import actions, reads
from unwall.content.accounts.values import Account
from unwall.content.posts.reads import posts_of
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_

POSTS = 12
SHELF = 24
RECENT = 40
"""How many of its last posts a creator's shelf is made of."""


@get("/a/{handle:str}", include_in_schema=False)
async def account_page(ctx: ShopContext, handle: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        found = await posts_of(conn, account.id, ctx.lang, after=ctx.query.get("after"), limit=POSTS)
        cards = await catalogue.cards(conn, products_in(found.rows), ctx.lang)
        return await ctx.page(
            conn,
            "shop/account.html",
            title=account.name,
            account=await head(conn, ctx, account),
            products=[],
            tabs=_tabs(ctx, account, "posts"),
            posts=post_tiles(found.rows, cards, ctx.lang, "account"),
            next_url=with_query(account_url(handle), {"after": found.after}) if found.after else None,
        )


@get("/a/{handle:str}/shelf", include_in_schema=False)
async def account_shelf(ctx: ShopContext, handle: str) -> Response[str]:
    """A merchant's account shows what the merchant sells; a creator's what their posts show."""
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        products, after = await _shelf(conn, ctx, account)
        return await ctx.page(
            conn,
            "shop/account.html",
            title=account.name,
            account=await head(conn, ctx, account),
            posts=[],
            tabs=_tabs(ctx, account, "shelf"),
            products=products,
            next_url=with_query(f"{account_url(handle)}/shelf", {"after": after}) if after else None,
        )


async def _account(conn: Connection, ctx: ShopContext, handle: str) -> Account:
    account = await reads.account_by_handle(conn, handle, ctx.lang)
    if account is None:
        raise NotFound(N_("There is no such account."))
    return account


async def head(conn: Connection, ctx: ShopContext, account: Account) -> View:
    following = await reads.following(conn, ctx.visit.person_ids)
    return account_view(account, ctx.lang, followed=account.id in following)


async def _shelf(conn: Connection, ctx: ShopContext, account: Account) -> tuple[list[View], str | None]:
    lang = ctx.lang
    if account.merchant_id:
        found = await catalogue.products(conn, account.merchant_id, lang, after=ctx.query.get("after"), limit=SHELF)
        return tiles(found.rows, lang, "account/shelf", store=False), found.after
    posts = await posts_of(conn, account.id, lang, limit=RECENT)
    ids = products_in(posts.rows)
    cards = await catalogue.cards(conn, ids, lang)
    return tiles([cards[i] for i in ids if i in cards], lang, "account/shelf"), None


def _tabs(ctx: ShopContext, account: Account, active: str) -> list[View]:
    url = account_url(account.handle)
    return [
        {"url": url, "label": ctx.words(N_("Posts")), "active": active == "posts"},
        {"url": f"{url}/shelf", "label": ctx.words(N_("Shelf")), "active": active == "shelf"},
    ]


@post("/follow", include_in_schema=False, status_code=303)
async def follow(ctx: ShopContext, data: FormData) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        await actions.follow(conn, ctx.visit, _wanted(data))
    return await _followed(ctx, data, followed=True)


@post("/unfollow", include_in_schema=False, status_code=303)
async def unfollow(ctx: ShopContext, data: FormData) -> Response[Any]:
    async with ctx.services.db.transaction() as conn:
        await actions.unfollow(conn, ctx.visit, _wanted(data))
    return await _followed(ctx, data, followed=False)


def _wanted(data: dict[str, str]) -> UUID:
    account_id = parse_id(data.get("account", ""))
    if account_id is None:
        raise Invalid.one("account", N_("Say which account to follow."))
    return account_id


async def _followed(ctx: ShopContext, data: dict[str, str], *, followed: bool) -> Response[Any]:
    """To htmx the button anew, and the count beside it; else back to where it was pressed."""
    back = own_path(data.get("next", "/"))
    if not ctx.by_htmx:
        return Redirect(back, status_code=303)
    async with ctx.services.db.read() as conn:
        account = await reads.account(conn, _wanted(data), ctx.lang)
    if account is None:
        raise NotFound(N_("There is no such account."))
    return ctx.part("shop/follow.html", account=account_view(account, ctx.lang, followed=followed), back=back)


HANDLERS: list[Any] = [account_page, account_shelf, follow, unfollow]
