"""Accounts: what one has published, what it sells, and following it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from markupsafe import Markup

from unwall.catalogue import reads as catalogue
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext
from unwall.channels.shop.fragments import post_cards, product_cards
from unwall.channels.shop.links import account_url
from unwall.channels.shop.views import AccountView, account_view, products_in
from unwall.content.accounts import actions, reads
from unwall.content.accounts.values import Account
from unwall.content.posts.reads import posts_of
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_

POSTS = 12
PRODUCTS = 24
RECENT_POSTS = 40
"""How many of its last posts an account without a store takes its products from."""


@get("/a/{handle:str}", include_in_schema=False)
async def account_page(ctx: ShopContext, handle: str) -> Response[str]:
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        found = await posts_of(conn, account.id, ctx.lang, after=ctx.query.get("after"), limit=POSTS)
        cards = await ctx.services.storefront.cards(conn, products_in(found.rows), ctx.lang)
        head = await _head(conn, ctx, account)
    return ctx.page(
        "shop/account.html",
        title=account.name,
        account=head,
        products="",
        tabs=_tabs(ctx, account, "posts"),
        posts=post_cards(found.rows, cards, ctx.lang, "account", first=True),
        next_url=with_query(account_url(handle), {"after": found.after}) if found.after else None,
    )


@get("/a/{handle:str}/products", include_in_schema=False)
async def account_products(ctx: ShopContext, handle: str) -> Response[str]:
    """A merchant's account shows what the merchant sells; another's what its posts show."""
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        products, after = await _products(conn, ctx, account)
        head = await _head(conn, ctx, account)
    return ctx.page(
        "shop/account.html",
        title=account.name,
        account=head,
        posts="",
        tabs=_tabs(ctx, account, "products"),
        products=products,
        next_url=with_query(f"{account_url(handle)}/products", {"after": after}) if after else None,
    )


async def _account(conn: Connection, ctx: ShopContext, handle: str) -> Account:
    account = await reads.account_by_handle(conn, handle, ctx.lang)
    if account is None:
        raise NotFound(N_("There is no such account."))
    return account


async def _head(conn: Connection, ctx: ShopContext, account: Account) -> AccountView:
    following = await reads.following(conn, ctx.visit.person_ids)
    return account_view(account, ctx.lang, followed=account.id in following)


async def _products(conn: Connection, ctx: ShopContext, account: Account) -> tuple[Markup, str | None]:
    """With the cursor of what comes after them."""
    lang = ctx.lang
    if account.merchant_id:
        found = await catalogue.products(conn, account.merchant_id, lang, after=ctx.query.get("after"), limit=PRODUCTS)
        return product_cards(found.rows, lang, "account/products", store=False), found.after
    posts = await posts_of(conn, account.id, lang, limit=RECENT_POSTS)
    ids = products_in(posts.rows)
    cards = await ctx.services.storefront.cards(conn, ids, lang)
    return product_cards([cards[i] for i in ids if i in cards], lang, "account/products"), None


def _tabs(ctx: ShopContext, account: Account, active: str) -> list[Tab]:
    url = account_url(account.handle)
    return [
        Tab(url, ctx.words(N_("Posts")), active == "posts"),
        Tab(f"{url}/products", ctx.words(N_("Products")), active == "products"),
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
        raise Invalid.one("account", N_("Choose an account to follow."))
    return account_id


async def _followed(ctx: ShopContext, data: dict[str, str], *, followed: bool) -> Response[Any]:
    """To htmx the new button and count; else back to the page where it was pressed."""
    back = own_path(data.get("next", "/"))
    if not ctx.by_htmx:
        return Redirect(back, status_code=303)
    async with ctx.services.db.read() as conn:
        account = await reads.account(conn, _wanted(data), ctx.lang)
    if account is None:
        raise NotFound(N_("There is no such account."))
    return ctx.part("shop/follow.html", account=account_view(account, ctx.lang, followed=followed), back=back)


HANDLERS: list[Any] = [account_page, account_products, follow, unfollow]
