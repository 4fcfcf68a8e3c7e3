"""Who follows a member's account: those who publish are named, the others counted."""

from typing import Any
from uuid import UUID

from litestar import Response, get

from unwall.channels.http.follower_lists import FollowerView, follower_views, followers_words
from unwall.channels.http.page_context import with_query
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.studio import PATH as STUDIO
from unwall.channels.shop.studio import actor_of
from unwall.content.accounts.actions import NO_SUCH_ACCOUNT
from unwall.content.accounts.reads import account, draft, followers
from unwall.kernel.errors import existing
from unwall.kernel.text import N_

SHOWN = 50


class FollowersPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/studio_followers.html"

    name: str
    counted: str
    rows: list[FollowerView]
    next_url: str | None


@get(f"{STUDIO}/accounts/{{account_id:uuid}}/followers", include_in_schema=False)
async def followers_page(ctx: ShopContext, account_id: UUID) -> Response[Any]:
    owner = actor_of(ctx).owner
    async with ctx.services.db.read() as conn:
        existing(await draft(conn, owner, account_id), NO_SUCH_ACCOUNT)
        own = existing(await account(conn, account_id, ctx.lang), NO_SUCH_ACCOUNT)
        after, limit = ctx.query.get("after"), SHOWN * ctx.pages
        page = await followers(conn, owner, account_id, ctx.lang, after=after, limit=limit)
    url = f"{STUDIO}/accounts/{account_id}/followers"
    return ctx.page(
        FollowersPage(
            title=ctx.words(N_("Followers of {name}"), name=own.name),
            name=own.name,
            counted=followers_words(own.followers, ctx.lang),
            rows=follower_views(page.rows, ctx.lang),
            next_url=with_query(url, {"after": page.after}) if page.after else None,
        )
    )


HANDLERS: list[Any] = [followers_page]
