"""One post: its pictures with what stands in them, its words, liking and passing it on."""

from typing import Any
from uuid import UUID

from litestar import Response, get
from litestar import post as post_to
from litestar.response import Redirect

from unwall.catalogue import reads as catalogue
from unwall.channels.common import Form
from unwall.channels.saying import Said
from unwall.channels.shop import links, tellings
from unwall.channels.shop.frame import Shopper
from unwall.channels.shop.views import (
    View,
    account_view,
    excerpt,
    pens,
    post_tiles,
    products_in,
    spreads,
    tagged,
    tile,
)
from unwall.commerce.orders.values import Origin
from unwall.content.accounts import reads as accounts
from unwall.content.posts import actions, reads
from unwall.content.posts.values import Post
from unwall.kernel.clock import now
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound
from unwall.kernel.text import N_

MORE = 3
NONE_SUCH = N_("This post is not there, or not any more.")


@get("/post/{post_id:uuid}", include_in_schema=False)
async def post_page(shopper: Shopper, post_id: UUID) -> Response[str]:
    lang, came = shopper.lang, links.origin_of(shopper.query)
    inside = Origin(post_id, "post", came.policy)
    async with shopper.house.db.read() as conn:
        found = await _post(conn, shopper, post_id)
        others = await _others(conn, shopper, found)
        cards = await catalogue.cards(conn, products_in([found, *others]), lang)
        shopper.house.ingest.add_soon([tellings.viewed_post(shopper.visit, found, came, now())])
        return await shopper.page(
            conn, "shop/post.html", title=found.title or excerpt(found.body_html)[:60], post=found,
            account=await _account(conn, shopper, found), spreads=spreads(found, cards, lang, inside),
            published=pens(lang)["ago"](found.published_at) if found.published_at else "",
            products=[tile(card, lang, inside, slot) for slot, card in enumerate(tagged(found, cards))],
            like=await _like(conn, shopper, found), url=shopper.base + links.post_url(post_id),
            others=post_tiles(others, cards, lang, "post/more"), canonical=shopper.base + links.post_url(post_id),
        )  # fmt: skip


async def _post(conn: Connection, shopper: Shopper, post_id: UUID) -> Post:
    found = await reads.post(conn, post_id, shopper.lang)
    if found is None:
        raise NotFound(NONE_SUCH)
    return found


async def _others(conn: Connection, shopper: Shopper, shown: Post) -> list[Post]:
    """The last ones of the same account."""
    last = await reads.posts_of(conn, shown.account_id, shopper.lang, limit=MORE + 1)
    return [post for post in last.rows if post.id != shown.id][:MORE]


async def _account(conn: Connection, shopper: Shopper, shown: Post) -> View:
    account = await accounts.account(conn, shown.account_id, shopper.lang)
    following = await accounts.following(conn, shopper.visit.person_ids)
    if account is None:
        raise NotFound(NONE_SUCH)
    return account_view(account, shopper.lang, followed=account.id in following)


async def _like(conn: Connection, shopper: Shopper, shown: Post) -> View:
    liked = await reads.liked(conn, shopper.visit.person_ids, [shown.id])
    return {"id": str(shown.id), "likes": pens(shopper.lang)["number"](shown.likes), "liked": bool(liked)}


@post_to("/post/{post_id:uuid}/like", include_in_schema=False, status_code=303)
async def like(shopper: Shopper, post_id: UUID, data: Form) -> Response[Any]:
    async with shopper.house.db.transaction() as conn:
        await actions.like(conn, shopper.visit, post_id)
    return await _liked(shopper, post_id)


@post_to("/post/{post_id:uuid}/unlike", include_in_schema=False, status_code=303)
async def unlike(shopper: Shopper, post_id: UUID, data: Form) -> Response[Any]:
    async with shopper.house.db.transaction() as conn:
        await actions.unlike(conn, shopper.visit, post_id)
    return await _liked(shopper, post_id)


async def _liked(shopper: Shopper, post_id: UUID) -> Response[Any]:
    if not shopper.by_htmx:
        return Redirect(links.post_url(post_id), status_code=303)
    async with shopper.house.db.read() as conn:
        found = await _post(conn, shopper, post_id)
        return shopper.part("shop/like.html", like=await _like(conn, shopper, found))


@post_to("/post/{post_id:uuid}/share", include_in_schema=False, status_code=303)
async def share(shopper: Shopper, post_id: UUID, data: Form) -> Response[Any]:
    """The browser has copied the link by itself; without scripts the next page says it."""
    async with shopper.house.db.read() as conn:
        found = await _post(conn, shopper, post_id)
    await shopper.house.ingest.add([tellings.shared_post(shopper.visit, found, now())])
    if shopper.by_htmx:
        return Response(None, status_code=204)
    shopper.say(Said(shopper.words(N_("The link: {url}"), url=shopper.base + links.post_url(post_id))))
    return Redirect(links.post_url(post_id), status_code=303)


HANDLERS: list[Any] = [post_page, like, unlike, share]
