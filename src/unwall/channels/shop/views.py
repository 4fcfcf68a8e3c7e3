"""Values of the rooms as the templates want them: addresses, words and money written out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import Any
from uuid import UUID

import nh3

from unwall.catalogue.values import ProductCard
from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import frame_of, picture_url, srcset, thumbnail_url
from unwall.channels.shop import links
from unwall.commerce.orders.values import Origin
from unwall.content.accounts.values import Account
from unwall.content.posts.values import Post, Tag
from unwall.kernel.money import Money
from unwall.kernel.text import N_, Explanation, gettext, locale_of, ngettext
from unwall.media.values import Image

View = dict[str, Any]
EXCERPT = 220
BLOCK = re.compile(r"</?(?:p|li|ul|ol|h[1-6]|br|blockquote)\b[^>]*>")


def money(amount: int, currency: str, lang: str) -> str:
    return Money(amount, currency).text(locale_of(lang))


def price_words(card: ProductCard, lang: str) -> str:
    lowest = card.money.text(locale_of(lang))
    return lowest if card.highest_price == card.price else gettext(lang, N_("from {price}"), price=lowest)


def impression(origin: Origin, slot: int | None, **ids: UUID) -> View:
    """What the browser tells when it was seen; propensities are the server's own."""
    told = {"page": origin.page, "slot": slot, "policy": origin.policy, **{name: str(i) for name, i in ids.items()}}
    return {name: value for name, value in told.items() if value is not None}


def tile(  # the parts of a card
    card: ProductCard,
    lang: str,
    origin: Origin,
    slot: int | None = None,
    *,
    reason: Explanation | None = None,
    store: bool = True,
) -> View:
    """`store`: whether to name the store, which a page of the store itself need not."""
    compare_at = card.compare_at if card.highest_price == card.price else None
    return {
        "url": links.product_url(card.merchant_slug, card.slug, origin),
        "title": card.title,
        "image": picture_url(card.image_file),
        "srcset": srcset(card.image_file),
        "image_alt": card.image_alt or card.title,
        "price": price_words(card, lang),
        "compare_at": money(compare_at, card.currency, lang) if compare_at else None,
        "reason": reason.say(lang) if reason else None,
        "merchant": card.merchant_name if store else None,
        "availability": None,
        "impression": impression(origin, slot, product_id=card.product_id),
    }


def tiles(found: Iterable[ProductCard], lang: str, page: str, *, store: bool = True) -> list[View]:
    return [tile(card, lang, Origin(page=page), slot, store=store) for slot, card in enumerate(found)]


def excerpt(html: str) -> str:
    """The first words of a text, cut at a word."""
    text = " ".join(unescape(nh3.clean(BLOCK.sub(" ", html), tags=set())).split())
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT].rsplit(' ', 1)[0]}…"


def tagged(post: Post, cards: Mapping[UUID, ProductCard]) -> list[ProductCard]:
    """The products of a post that can be bought, in the order of its tags."""
    ids = dict.fromkeys(tag.product_id for tag in post.tags)
    return [cards[product_id] for product_id in ids if product_id in cards]


def chip(card: ProductCard, lang: str, origin: Origin) -> View:
    url = links.product_url(card.merchant_slug, card.slug, origin)
    return {"url": url, "title": card.title, "price": price_words(card, lang)}


def post_tile(
    post: Post, cards: Mapping[UUID, ProductCard], lang: str, origin: Origin, slot: int | None = None
) -> View:
    words = excerpt(post.body_html)
    first = post.media[0] if post.media else None
    inside = Origin(post.id, origin.page, origin.policy)
    return {
        "url": links.post_url(post.id),
        "account_name": post.account_name,
        "account_url": links.account_url(post.account_handle),
        "avatar": thumbnail_url(post.account_avatar),
        "title": post.title or words,
        "body": words if post.title else "",
        "image": picture_url(first.file) if first else None,
        "srcset": srcset(first.file) if first else None,
        "image_alt": first.alt if first else "",
        "published": formatters(lang).ago(post.published_at) if post.published_at else "",
        "products": [chip(card, lang, inside) for card in tagged(post, cards)],
        "impression": impression(origin, slot, post_id=post.id),
    }


def post_tiles(posts: Iterable[Post], cards: Mapping[UUID, ProductCard], lang: str, page: str) -> list[View]:
    return [post_tile(post, cards, lang, Origin(page=page), slot) for slot, post in enumerate(posts)]


def products_in(posts: Iterable[Post]) -> list[UUID]:
    return list(dict.fromkeys(tag.product_id for post in posts for tag in post.tags))


def spreads(post: Post, cards: Mapping[UUID, ProductCard], lang: str, origin: Origin) -> list[View]:
    """The pictures of a post, each with the products that stand in it."""
    return [
        {
            "src": picture_url(media.file),
            "srcset": srcset(media.file),
            "alt": media.alt,
            "shape": frame_of(media.width, media.height),
            "points": [
                point(tag, cards[tag.product_id], lang, origin)
                for tag in post.tags
                if tag.media == place and tag.product_id in cards
            ],
        }
        for place, media in enumerate(post.media)
    ]


def point(tag: Tag, card: ProductCard, lang: str, origin: Origin) -> View:
    """Per cent of the picture; in its middle where no point was given."""
    x, y = (50.0 if at is None else round(at * 100, 1) for at in (tag.x, tag.y))
    return {**chip(card, lang, origin), "label": f"{card.title}, {price_words(card, lang)}", "x": x, "y": y}


def pictures(images: Sequence[Image], title: str) -> list[View]:
    return [
        {"src": picture_url(image.file), "srcset": srcset(image.file), "alt": image.alt or title} for image in images
    ]


def followers_words(followers: int, lang: str) -> str:
    number = formatters(lang).number(followers)
    return ngettext(lang, "{number} follower", "{number} followers", followers, number=number)


def account_view(account: Account, lang: str, *, followed: bool, slot: int | None = None) -> View:
    origin = Origin(page="home/follow")
    return {
        "id": str(account.id),
        "url": links.account_url(account.handle),
        "name": account.name,
        "handle": account.handle,
        "bio": account.bio,
        "avatar": thumbnail_url(account.avatar),
        "banner": picture_url(account.banner),
        "banner_srcset": srcset(account.banner),
        "followers": followers_words(account.followers, lang),
        "followed": followed,
        "impression": impression(origin, slot, account_id=account.id),
    }
