"""Accounts: what one has published, what it sells, and following it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect
from markupsafe import Markup

from unwall.catalogue import reads as catalogue
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import with_query
from unwall.channels.http.rendering import Content
from unwall.channels.http.routes import FormData, own_path
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.fragments import post_cards, product_cards
from unwall.channels.shop.links import account_url, products_url, store_url
from unwall.channels.shop.views import AccountView, account_view, products_in
from unwall.content.accounts import actions, reads
from unwall.content.accounts.values import Account
from unwall.content.posts.reads import posts_of
from unwall.insight.pages.reads import store_slug
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, NotFound, existing
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.attempts import count_act

POSTS = 12
PRODUCTS = 24
RECENT_POSTS = 40
"""How many of its last posts an account without a store takes its products from."""


class AccountPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/account.html"

    account: AccountView
    products: str
    tabs: list[Tab]
    posts: str
    next_url: str | None


@get("/a/{handle:str}", include_in_schema=False)
async def account_page(ctx: ShopContext, handle: str) -> Response[Any]:
    """A store's own account is the store's page, at the store's address."""
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        store = await _store_of(conn, account)
        if store:
            return moved(store_url(store))
        posts = await posts_of(conn, account.id, ctx.lang, after=ctx.query.get("after"), limit=POSTS * ctx.pages)
        cards = await ctx.services.storefront.cards(conn, products_in(posts.rows), ctx.lang)
        head = await _head(conn, ctx, account)
    return ctx.page(
        AccountPage(
            title=account.name,
            account=head,
            description=head.bio,
            products="",
            tabs=_tabs(ctx, account, "posts"),
            posts=post_cards(posts.rows, cards, ctx.lang, "account", ctx.saved, first=True),
            next_url=with_query(account_url(handle), {"after": posts.after}) if posts.after else None,
        )
    )


@get("/a/{handle:str}/products", include_in_schema=False)
async def account_products(ctx: ShopContext, handle: str) -> Response[Any]:
    """A merchant's account shows what the merchant sells; another's what its posts show."""
    async with ctx.services.db.read() as conn:
        account = await _account(conn, ctx, handle)
        store = await _store_of(conn, account)
        if store:
            return moved(products_url(store))
        products, after = await _products(conn, ctx, account)
        head = await _head(conn, ctx, account)
    return ctx.page(
        AccountPage(
            title=account.name,
            account=head,
            description=head.bio,
            posts="",
            tabs=_tabs(ctx, account, "products"),
            products=products,
            next_url=with_query(f"{account_url(handle)}/products", {"after": after}) if after else None,
        )
    )


async def _account(conn: Connection, ctx: ShopContext, handle: str) -> Account:
    return existing(await reads.account_by_handle(conn, handle, ctx.lang), N_("There is no such account."))


async def _store_of(conn: Connection, account: Account) -> str | None:
    """The slug of the store whose own account this is."""
    return await store_slug(conn, account.id) if account.merchant_id else None


def moved(url: str) -> Redirect:
    return Redirect(url, status_code=301)


async def _head(conn: Connection, ctx: ShopContext, account: Account) -> AccountView:
    following = await reads.following(conn, ctx.visit.person_ids)
    return account_view(account, ctx.lang, followed=account.id in following)


async def _products(conn: Connection, ctx: ShopContext, account: Account) -> tuple[Markup, str | None]:
    """With the cursor of what comes after them."""
    lang = ctx.lang
    if account.merchant_id:
        page = await catalogue.products(
            conn, account.merchant_id, lang, after=ctx.query.get("after"), limit=PRODUCTS * ctx.pages
        )
        return product_cards(page.rows, lang, "account/products", ctx.saved, store=False), page.after
    posts = await posts_of(conn, account.id, lang, limit=RECENT_POSTS)
    ids = products_in(posts.rows)
    cards = await ctx.services.storefront.cards(conn, ids, lang)
    return product_cards([cards[i] for i in ids if i in cards], lang, "account/products", ctx.saved), None


def _tabs(ctx: ShopContext, account: Account, active: str) -> list[Tab]:
    url = account_url(account.handle)
    return [
        Tab(url, ctx.words(N_("Posts")), active == "posts"),
        Tab(f"{url}/products", ctx.words(N_("Products")), active == "products"),
    ]


@post("/follow", include_in_schema=False, status_code=303)
async def follow(ctx: ShopContext, data: FormData) -> Response[Any]:
    await count_act(ctx.services.db, ctx.visit, now())
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


class FollowPart(Content, frozen=True, kw_only=True):
    TEMPLATE = "shop/follow.html"

    account: AccountView
    back: str


async def _followed(ctx: ShopContext, data: dict[str, str], *, followed: bool) -> Response[Any]:
    """To htmx the new button and count; else back to the page where it was pressed."""
    back = own_path(data.get("next", "/"))
    if not ctx.by_htmx:
        return Redirect(back, status_code=303)
    async with ctx.services.db.read() as conn:
        account = await reads.account(conn, _wanted(data), ctx.lang)
    if account is None:
        raise NotFound(N_("There is no such account."))
    return ctx.part(FollowPart(account=account_view(account, ctx.lang, followed=followed), back=back))


HANDLERS: list[Any] = [account_page, account_products, follow, unfollow]
