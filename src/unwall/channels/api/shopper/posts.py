"""Feed, discovery and search of posts, and what the shopper hid."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.params import Parameter

from unwall.catalogue.bundles import bundle_by_id
from unwall.catalogue.values import ProductCard
from unwall.content.discovery import actions as hiding
from unwall.content.discovery import reads as discovery_reads
from unwall.content.discovery.reads import Ask, discover
from unwall.content.discovery.values import HiddenThing, ItemKind
from unwall.content.feed import reads as feed_reads
from unwall.content.posts import reads as post_reads
from unwall.content.posts.values import Post
from unwall.content.search.reads import Asked
from unwall.content.search.reads import search as content_search
from unwall.content.search.values import FoundKind
from unwall.insight.pages.compose import PageSources
from unwall.insight.pages.rules import MAX_SHOWN_PRODUCTS
from unwall.insight.pages.stream import Turn, near_you
from unwall.insight.pages.values import NearShop
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection
from unwall.kernel.errors import NotFound, existing
from unwall.kernel.geo import Place
from unwall.people.attempts import count_act
from unwall.services import Services

TAGS = ["shopper"]
HIDDEN = 24
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


@get("/feed", tags=TAGS)
async def feed(services: Services, caller: Visit, after: str | None = AFTER) -> ResultPage[Post]:
    """New posts of the accounts that the shopper follows; of everybody while they follow nobody."""
    async with services.db.read() as conn:
        entries = await feed_reads.feed(conn, services.storefront.feeds, caller.person_ids, after=after)
        if not entries.follows:
            entries = await feed_reads.newest(conn, caller.person_ids, after=after)
        posts = await services.storefront.posts(conn, [entry.post_id for entry in entries.entries], caller.lang)
    return ResultPage(posts, entries.after)


@get("/discovery", tags=TAGS)
async def discovery(services: Services, caller: Visit, after: str | None = AFTER) -> ResultPage[Post]:
    """Posts of all accounts, by how likely people are to do something with them; without what the shopper hid, mutes or
    blocks. `after` says what was shown, so no post comes twice."""
    async with services.db.read() as conn:
        unwanted = await discovery_reads.hidden(conn, caller.person_ids)
        ask = Ask(now(), str(caller.person_id), after)
        discovered = await discover(conn, services.storefront.discovery, unwanted, ask, services.scorer)
        ids = [one.candidate.post_id for one in discovered.posts]
        return ResultPage(await services.storefront.posts(conn, ids, caller.lang), discovered.after)


class NearYou(msgspec.Struct, frozen=True):
    """What the nearest shop with any of it can have ready today."""

    shop: NearShop | None
    posts: list[Post]
    products: list[ProductCard]
    after: str | None
    """The cursor of the next page of posts; None at the end."""
    shown: int
    """How many products were given until now: `shown` of the next page."""


@get("/near-you", tags=TAGS)
async def near(
    services: Services,
    caller: Visit,
    latitude: Annotated[float, Parameter(ge=-90, le=90)],
    longitude: Annotated[float, Parameter(ge=-180, le=180)],
    after: str | None = AFTER,
    shown: Annotated[int, Parameter(ge=0, le=MAX_SHOWN_PRODUCTS)] = 0,
) -> NearYou:
    """Products that a shop near the place can have ready today, and the posts that show them; without what the shopper
    hid, mutes or blocks."""
    visit = msgspec.structs.replace(caller, place=Place("", latitude, longitude))
    async with services.db.read() as conn:
        sources = PageSources(conn, services.storefront, services.recommender)
        page = await near_you(sources, Turn(visit, now(), after, shown, services.scorer))
    slots = [slot for module in page.page.modules for slot in module.slots]
    posts, cards = [slot.post for slot in slots if slot.post], [slot.card for slot in slots if slot.card]
    return NearYou(page.shop, posts, cards, page.after, page.products)


@get("/hidden/{kind:str}", tags=TAGS)
async def hidden(
    services: Services, caller: Visit, kind: ItemKind, after: str | None = AFTER
) -> ResultPage[HiddenThing]:
    """The posts (`post`), products (`product`) or bundles (`bundle`) that the shopper hid, the latest first."""
    async with services.db.read() as conn:
        return await discovery_reads.hidden_things(conn, caller.person_ids, kind, after, HIDDEN)


@put("/hidden/{kind:str}/{subject_id:uuid}", status_code=204, tags=TAGS)
async def hide(services: Services, caller: Visit, kind: ItemKind, subject_id: UUID) -> None:
    """Do not show the shopper this `post`, `product` or `bundle` again where they have not asked for it."""
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        if not await _exists(conn, services, caller.lang, kind, subject_id):
            raise NotFound("There is no such post, product or bundle.")
        await hiding.hide(conn, caller, kind, subject_id)


async def _exists(conn: Connection, services: Services, lang: str, kind: ItemKind, subject_id: UUID) -> bool:
    if kind is ItemKind.POST:
        return bool(await services.storefront.posts(conn, [subject_id], lang))
    if kind is ItemKind.PRODUCT:
        return bool(await services.storefront.cards(conn, [subject_id], lang))
    return await bundle_by_id(conn, subject_id, lang) is not None


@delete("/hidden/{kind:str}/{subject_id:uuid}", status_code=204, tags=TAGS)
async def show_again(services: Services, caller: Visit, kind: ItemKind, subject_id: UUID) -> None:
    async with services.db.transaction() as conn:
        await hiding.show_again(conn, caller, kind, subject_id)


@get("/posts/{post_id:uuid}", tags=TAGS)
async def read_post(services: Services, caller: Visit, post_id: UUID) -> Post:
    async with services.db.read() as conn:
        live = await post_reads.post(conn, post_id, caller.lang)
    return existing(live, "There is no such post.")


@get("/search/posts", tags=TAGS)
async def search_posts(services: Services, caller: Visit, q: str, after: str | None = AFTER) -> ResultPage[Post]:
    """By words of their title, text, account and products, in English or Chinese."""
    async with services.db.read() as conn:
        matches = await content_search(conn, FoundKind.POST, Asked(q, caller.person_ids, after=after))
        return ResultPage(await services.storefront.posts(conn, matches.rows, caller.lang), matches.after)


HANDLERS: list[Any] = [feed, discovery, near, hidden, hide, show_again, read_post, search_posts]
