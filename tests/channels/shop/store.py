"""A shop for tests: the store of commerce's test market, with an account and posts that tag its products."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from httpx import Cookies
from litestar.testing import AsyncTestClient

from tests.channels.conftest import Shopper
from tests.commerce.market import Market, open_market
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.values import AccountDraft, Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.values import Media, PostDraft, PostFormat, Tag
from unwall.kernel.clock import now
from unwall.kernel.database import Database

STORE = "/m/liu-yun"
SCARF, TEA = f"{STORE}/p/scarf", f"{STORE}/p/tea"


class Store(msgspec.Struct, frozen=True):
    market: Market
    tea: UUID
    """The product; `market.tea` is its variant."""
    account: UUID
    morning: UUID
    """A post that shows the scarf at a point of its picture, and the tea as a whole."""
    evening: UUID
    """A later post without products."""


def author(market: Market) -> Actor:
    return Actor("bo@example.org", Owner(merchant_id=market.merchant))


async def open_store(db: Database) -> Store:
    market = await open_market(db)
    async with db.transaction() as conn:
        await conn.execute("UPDATE product SET option_names = ARRAY['Colour'] WHERE id = $1", market.scarf)
        tea = await conn.fetchval("SELECT id FROM product WHERE slug = 'tea'")
    async with db.transaction() as conn:
        account = await save_account(conn, author(market), AccountDraft(handle="liuyun", name="Liu Yun", bio="Silk."))
        tags = (Tag(market.scarf, 0, 0.25, 0.5), Tag(tea))
        picture = Media("3f/lake.svg", "A lake", 800, 1000)
        morning = await _publish(
            conn,
            market,
            PostDraft(
                account_id=account,
                title="Morning",
                body="On the **lake**.",
                format=PostFormat.MARKDOWN,
                media=(picture,),
                tags=tags,
            ),
            3600,
        )
        evening = await _publish(conn, market, PostDraft(account_id=account, title="Evening", body="Lamps."), 1800)
    return Store(market, tea, account, morning, evening)


async def _publish(conn, market: Market, draft: PostDraft, seconds_ago: int) -> UUID:
    """Seconds, because posts of one millisecond have no order."""
    post_id = await posts.save_draft(conn, author(market), draft)
    await posts.publish(conn, author(market), post_id, now() - timedelta(seconds=seconds_ago))
    return post_id


async def older_posts(db: Database, store: Store, count: int) -> None:
    async with db.transaction() as conn:
        for n in range(count):
            draft = PostDraft(account_id=store.account, title=f"Note {n:02}", body="Words.")
            await _publish(conn, store.market, draft, count - n)


def another(browser: Shopper) -> Shopper:
    """From now on somebody else sits at this browser: it has forgotten everything."""
    browser.http.cookies.clear()
    return browser


class StoreShopper(Shopper):
    """One of two people who use the shop in turn, with cookies of their own."""

    def __init__(self, http: AsyncTestClient) -> None:
        super().__init__(http)
        self.own = Cookies()

    async def get(self, url: str, **more):
        return await self._in_turn(super().get(url, **more))

    async def post(self, url: str, data: dict | None = None, **more):
        return await self._in_turn(super().post(url, data, **more))

    async def _in_turn(self, asking: Coroutine[Any, Any, Any]) -> Any:
        others, self.http.cookies = self.http.cookies, self.own
        try:
            return await asking
        finally:
            self.own, self.http.cookies = self.http.cookies, others


async def join(browser: Shopper, form: dict[str, str]) -> None:
    """Become a member and sign in."""
    assert (await browser.post("/sign-up", form)).status_code == 200
    answer = await browser.post("/sign-in", form)
    assert answer.status_code == 303


async def put_into_bag(browser: Shopper, variant: UUID, quantity: int = 1, **origin: str) -> None:
    answer = await browser.post("/bag/add", {"variant": str(variant), "quantity": str(quantity), **origin})
    assert answer.status_code == 303


async def cart_of(db: Database) -> UUID:
    """Of the only shopper."""
    async with db.read() as conn:
        found: UUID = await conn.fetchval("SELECT id FROM cart")
        return found


async def counted(db: Database) -> dict[str, int]:
    """How many rows of what a form might change."""
    tables = ("cart", "cart_line", "sales_order", "payment", "follow", "post_like", "member", "session", "stock_hold")
    async with db.read() as conn:
        return {table: await conn.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
