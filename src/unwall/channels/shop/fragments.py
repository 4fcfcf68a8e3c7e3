"""Product cards and posts as HTML that is the same for everybody, rendered once and kept, with gaps that each request
fills: where the card stands (for addresses and the journal), the reason it is shown, how long ago a post was published.

A fragment is kept together with the values it was rendered from and used only for equal ones, so it is never older than
the values at hand. It is rendered outside the request's context: a template that asks for the visitor fails.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import Context
from functools import lru_cache
from re import escape as escaped_pattern
from re import split
from secrets import token_hex
from typing import Any
from uuid import UUID

import msgspec
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from unwall.catalogue.values import Bundle, ProductCard
from unwall.channels.http.page_context import with_query
from unwall.channels.http.rendering import environment
from unwall.channels.shop import links
from unwall.channels.shop.views import bundle_tile, post_tile, product_tile, published, tagged
from unwall.commerce.orders.values import Origin
from unwall.content.posts.values import Post

MAX_FRAGMENTS = 10_000
"""A product card takes about 1 kB, a post 3 kB."""
COMPONENTS = "design/components.html"
HIDEABLE = frozenset(
    {
        "home/hero",
        "home/stream",
        "account",
        "hashtag",
        "search",
        "search/posts",
        "post",
        "post/more",
        "product/posts",
        "store/products",
        "store/sets",
    }
)
"""The pages whose posts and products come with a way to hide them."""
GAPS = ("origin", "seen", "why", "when", "verb", "pressed")
ORIGIN, IMPRESSION, REASON, PUBLISHED, VERB, PRESSED = (f"gap-{name}-{token_hex(8)}" for name in GAPS)
"""Stand in a fragment's HTML where the gaps are; no text of a merchant can hold them."""
_GAPS = "|".join(escaped_pattern(gap) for gap in (ORIGIN, IMPRESSION, REASON, PUBLISHED, VERB, PRESSED))


class Fragment:
    """HTML with gaps."""

    def __init__(self, html: str) -> None:
        self._parts: list[str] = split(f"({_GAPS})", html)  # what stands at odd places is a gap

    def fill(self, values: dict[str, str]) -> Markup:
        """`values` are HTML, by gap."""
        parts = self._parts.copy()
        parts[1::2] = [values[gap] for gap in parts[1::2]]
        return Markup("".join(parts))  # noqa: S704 (each value was escaped)


class FragmentCache:
    """At most `max_fragments`, the oldest go first. Not shared between threads."""

    def __init__(self, max_fragments: int) -> None:
        self._max = max_fragments
        self._kept: dict[object, tuple[object, Fragment]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: object, sources: object, render: Callable[[], str]) -> Fragment:
        """The fragment of `key`; rendered anew where it was made from other sources."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != sources:
            kept = self._kept[key] = (sources, Fragment(Context().run(render)))
            if len(self._kept) > self._max:
                del self._kept[next(iter(self._kept))]
        return kept[1]


def joined(html: Iterable[Markup]) -> Markup:
    return Markup("".join(html))  # noqa: S704 (each is Markup)


_cache = FragmentCache(MAX_FRAGMENTS)


def component(lang: str, name: str, *args: Any, **more: Any) -> str:
    """What a macro of the components renders."""
    html: str = getattr(environment(lang).get_template(COMPONENTS).module, name)(*args, **more)
    return html


class Placement(msgspec.Struct, frozen=True):
    """Where a card stands on a page, and why it is shown there."""

    origin: Origin
    slot: int | None = None
    reason: str | None = None
    saved: bool = False
    """whether the person saved it"""


class SaveMark(msgspec.Struct, frozen=True):
    """The button of a card that saves what it shows; a gap where nobody's answer is known yet."""

    kind: str
    id: UUID
    verb: str = VERB
    pressed: str = PRESSED


# --- product cards ----------------------------------------------------------------------------------------------------


def product_card(
    card: ProductCard, lang: str, placement: Placement, *, store: bool = True, first: bool = False
) -> Markup:
    """`store`: whether to name the store, which a page of the store itself need not; `first`: seen before scrolling."""
    origin, reason = placement.origin, placement.reason
    menu = links.choices_url("product", card.product_id) if origin.page in HIDEABLE else None

    def render() -> str:
        why = REASON if reason else None
        tile = product_tile(card, lang, address_end=ORIGIN, impression=IMPRESSION, reason=why, store=store)
        return component(lang, "product_card", tile, first=first, menu=menu, save=SaveMark("product", card.product_id))

    key = ("card", card.product_id, lang, store, first, bool(reason), menu is not None)
    return _cache.get(key, card, render).fill(
        {
            ORIGIN: origin_query(origin),
            IMPRESSION: impression(origin, placement.slot, "product_id", card.product_id),
            REASON: str(escape(reason or "")),
            **_marked(placement),
        }
    )


def product_cards(
    products: Iterable[ProductCard], lang: str, page: str, saved: Collection[UUID], *, store: bool = True
) -> Markup:
    """Of a grid, whose first two are seen before scrolling. `saved`: what the person saved."""
    origin = Origin(page=page)
    return joined(
        product_card(card, lang, Placement(origin, n, saved=card.product_id in saved), store=store, first=n < 2)
        for n, card in enumerate(products)
    )


def bundle_card(bundle: Bundle, lang: str, placement: Placement) -> Markup:
    """Of a bundle on sale."""
    reason = placement.reason
    menu = links.choices_url("bundle", bundle.id) if placement.origin.page in HIDEABLE else None

    def render() -> str:
        tile = bundle_tile(bundle, lang, REASON if reason else None)
        return component(lang, "bundle_card", tile, menu=menu, save=SaveMark("bundle", bundle.id))

    key = ("bundle", bundle.id, lang, bool(reason), menu is not None)
    return _cache.get(key, bundle, render).fill({REASON: str(escape(reason or "")), **_marked(placement)})


def bundle_cards(bundles: Iterable[Bundle], lang: str, page: str, saved: Collection[UUID]) -> Markup:
    """Of bundles on sale. `saved`: what the person saved."""
    return joined(
        bundle_card(bundle, lang, Placement(Origin(page=page), n, saved=bundle.id in saved))
        for n, bundle in enumerate(bundles)
    )


# --- posts ------------------------------------------------------------------------------------------------------------


def post_card(
    post: Post,
    cards: Mapping[UUID, ProductCard],
    lang: str,
    placement: Placement,
    *,
    lead: bool = False,
    first: bool = False,
) -> Markup:
    """`lead`: large, at the top of a page; `first`: seen before scrolling."""
    origin, reason, products = placement.origin, placement.reason, tagged(post, cards)
    menu = links.choices_url("post", post.id) if origin.page in HIDEABLE else None

    def render() -> str:
        tile = post_tile(post, products, lang, address_end=ORIGIN, impression=IMPRESSION, published=PUBLISHED)
        why = REASON if reason else None
        mark = SaveMark("post", post.id)
        return component(lang, "post_card", tile, lead=lead, first=first, why=why, menu=menu, save=mark)

    key = ("post", post.id, lang, lead, first, bool(reason), menu is not None)
    return _cache.get(key, (post, products), render).fill(
        {
            ORIGIN: origin_query(Origin(post.id, origin.page, origin.policy)),
            IMPRESSION: impression(origin, placement.slot, "post_id", post.id),
            PUBLISHED: published(post, lang),
            REASON: str(escape(reason or "")),
            **_marked(placement),
        }
    )


def post_cards(
    posts: Iterable[Post],
    cards: Mapping[UUID, ProductCard],
    lang: str,
    page: str,
    saved: Collection[UUID],
    *,
    first: bool = False,
) -> Markup:
    """`saved`: what the person saved; `first`: the first of them is seen before scrolling."""
    origin = Origin(page=page)
    return joined(
        post_card(post, cards, lang, Placement(origin, n, saved=post.id in saved), first=first and n == 0)
        for n, post in enumerate(posts)
    )


# --- what fills the gaps ----------------------------------------------------------------------------------------------


def _marked(placement: Placement) -> dict[str, str]:
    """What the button that saves does, and says."""
    return {VERB: "unsave", PRESSED: "true"} if placement.saved else {VERB: "save", PRESSED: "false"}


def impression(origin: Origin, slot: int | None, kind: str, item_id: UUID) -> Markup:
    """JSON for the attribute that the browser sends when it was seen, under `kind` (product_id, post_id, account_id);
    propensities are the server's own."""
    place = "" if slot is None else f', "slot": {slot}'
    return Markup(f'{_impression_start(origin.page, origin.policy, kind)}"{item_id}"{place}}}')  # noqa: S704


@lru_cache(maxsize=1000)
def _impression_start(page: str | None, policy: str | None, kind: str) -> str:
    told = {name: value for name, value in (("page", page), ("policy", policy)) if value}
    start = htmlsafe_json_dumps(told | {kind: ""})
    return start.removesuffix('""}')


@lru_cache(maxsize=1000)
def origin_query(origin: Origin) -> str:
    """The end of an address that tells what led there, as HTML."""
    return str(escape(with_query("", links.origin_fields(origin))))
