"""What the templates of the shop show: addresses, texts and money written out. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from typing import NamedTuple
from uuid import UUID

import msgspec
import nh3

from unwall.catalogue.bundle_rules import bundle_price
from unwall.catalogue.values import Bundle, ProductCard
from unwall.channels.http.follower_lists import followers_words
from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import frame_of, picture_url, srcset, thumbnail_url
from unwall.channels.http.videos import VideoView, video_shape, video_view
from unwall.channels.shop import links
from unwall.commerce.orders.values import Origin
from unwall.content.accounts.values import Account
from unwall.content.moderation.values import Visibility
from unwall.content.posts.values import Media, Post, Tag
from unwall.kernel.money import Money
from unwall.kernel.text import N_, gettext, locale_of, ngettext
from unwall.media.values import Image

EXCERPT_CHARACTERS = 220
TITLE_CHARACTERS = 60
BLOCK = re.compile(r"</?(?:p|li|ul|ol|h[1-6]|br|blockquote)\b[^>]*>")


class ProductTile(msgspec.Struct, frozen=True):
    """A product in a grid or a row."""

    url: str
    title: str
    image: str | None
    image_alt: str
    price: str
    compare_at: str | None
    merchant: str | None
    impression: str
    srcset: str | None = None
    availability: str | None = None
    availability_tone: str = ""
    reason: str | None = None
    rating: str | None = None
    """its average stars and how many reviews it has"""


class ProductChip(msgspec.Struct, frozen=True):
    """A product below the post that shows it."""

    url: str
    title: str
    price: str


class PostTile(msgspec.Struct, frozen=True):
    """A post in a list, or at the top of a page."""

    url: str
    account_id: str
    account_name: str
    account_url: str
    avatar: str | None
    title: str
    body: str
    image: str | None
    image_alt: str
    published: str
    products: list[ProductChip]
    impression: str
    srcset: str | None = None
    film: bool = False


class TagPoint(msgspec.Struct, frozen=True):
    """A product in a picture: x and y in per cent of it."""

    url: str
    label: str
    x: float
    y: float


class VideoTag(msgspec.Struct, frozen=True):
    """A product in a video, from t0 to t1 in seconds, or all the time."""

    url: str
    label: str
    t0: float | None
    t1: float | None


class PictureView(msgspec.Struct, frozen=True):
    """A picture, or the video of which it is the cover."""

    src: str | None
    alt: str
    shape: str = "portrait"
    points: list[TagPoint] = []
    srcset: str | None = None
    video: VideoView | None = None
    tags: list[VideoTag] = []
    impression: str | None = None
    """what the journal says of the video"""
    url: str | None = None
    """the page of the video's post"""
    next_url: str | None = None
    """that of the video that follows when one swipes"""


class AccountView(msgspec.Struct, frozen=True):
    id: str
    url: str
    name: str
    handle: str
    bio: str
    avatar: str | None
    banner: str | None
    banner_srcset: str | None
    followers: str
    followed: bool
    impression: str | None = None
    verified: bool = False
    messages_url: str | None = None
    """where people write to it"""


class LineView(msgspec.Struct, frozen=True):
    """A line of a bag, an order or a bundle."""

    url: str
    title: str
    image: str | None
    image_alt: str
    detail: str
    quantity: int | None
    price: str
    note: str | None
    note_tone: str
    variant_id: str = ""


class Total(NamedTuple):
    label: str
    amount: str


def money(amount: int, currency: str, lang: str) -> str:
    return Money(amount, currency).text(locale_of(lang))


def price_words(card: ProductCard, lang: str) -> str:
    lowest = card.money.text(locale_of(lang))
    return lowest if card.highest_price == card.price else gettext(lang, N_("from {price}"), price=lowest)


def product_tile(
    card: ProductCard, lang: str, *, address_end: str, impression: str, reason: str | None, store: bool
) -> ProductTile:
    """`store`: whether it names the store."""
    compare_at = card.compare_at if card.highest_price == card.price else None
    return ProductTile(
        url=links.product_url(card.merchant_slug, card.slug) + address_end,
        title=card.title,
        image=picture_url(card.image_file),
        srcset=srcset(card.image_file),
        image_alt=card.image_alt or card.title,
        price=price_words(card, lang),
        compare_at=money(compare_at, card.currency, lang) if compare_at else None,
        merchant=card.merchant_name if store else None,
        impression=impression,
        reason=reason,
        rating=rating_words(card, lang),
    )


class BundleTile(msgspec.Struct, frozen=True):
    url: str
    title: str
    pictures: list[str]
    price: str
    merchant: str
    parts: str
    reason: str | None


MOSAIC_PICTURES = 4


def bundle_tile(bundle: Bundle, lang: str, reason: str | None) -> BundleTile:
    """Of a bundle on sale, at the price of all its parts."""
    first = bundle.parts[0].item
    pictures = [picture_url(part.item.image_file) for part in bundle.parts if part.item.image_file]
    number = len(bundle.parts)
    return BundleTile(
        url=links.bundle_url(first.merchant_slug, bundle.slug),
        title=bundle.title,
        pictures=[picture for picture in pictures if picture][:MOSAIC_PICTURES],
        price=bundle_price(bundle.parts, first.currency).text(locale_of(lang)),
        merchant=bundle.merchant_name,
        parts=ngettext(lang, "{num} product", "{num} products", number, num=str(number)),
        reason=reason,
    )


def rating_words(card: ProductCard, lang: str) -> str | None:
    if not card.reviews:
        return None
    number = formatters(lang).number
    stars, reviews = number(card.stars), number(card.reviews)
    return ngettext(
        lang, "{stars} · {number} review", "{stars} · {number} reviews", card.reviews, stars=stars, number=reviews
    )


def excerpt(html: str) -> str:
    """The first words of a text, cut at a word."""
    text = " ".join(unescape(nh3.clean(BLOCK.sub(" ", html), tags=set())).split())
    return text if len(text) <= EXCERPT_CHARACTERS else f"{text[:EXCERPT_CHARACTERS].rsplit(' ', 1)[0]}…"


def title_of(post: Post) -> str:
    """The title, else the first words; empty where the post has neither."""
    return post.title or excerpt(post.body_html)[:TITLE_CHARACTERS]


def tagged(post: Post, cards: Mapping[UUID, ProductCard]) -> list[ProductCard]:
    """The products of a post that can be bought, in the order of its tags."""
    ids = dict.fromkeys(tag.product_id for tag in post.tags)
    return [cards[product_id] for product_id in ids if product_id in cards]


def product_chip(card: ProductCard, lang: str, address_end: str) -> ProductChip:
    url = links.product_url(card.merchant_slug, card.slug) + address_end
    return ProductChip(url, card.title, price_words(card, lang))


def post_tile(
    post: Post, products: Sequence[ProductCard], lang: str, *, address_end: str, impression: str, published: str
) -> PostTile:
    """A post with a moderators' warning shows nothing of itself in a list."""
    warned = post.visibility is Visibility.WARN
    words = "" if warned else excerpt(post.body_html)
    first = post.media[0] if post.media and not warned else None
    title = gettext(lang, N_("A post with a moderators' warning")) if warned else post.title
    return PostTile(
        url=links.post_url(post.id),
        account_id=str(post.account_id),
        account_name=post.account_name,
        account_url=links.account_url(post.account_handle),
        avatar=thumbnail_url(post.account_avatar),
        title=title or words,
        body=words if title else "",
        image=picture_url(first.file) if first else None,
        srcset=srcset(first.file) if first else None,
        image_alt=first.alt if first else "",
        published=published,
        products=[product_chip(card, lang, address_end) for card in products],
        impression=impression,
    )


def published(post: Post, lang: str) -> str:
    return formatters(lang).ago(post.published_at) if post.published_at else ""


def products_in(posts: Iterable[Post]) -> list[UUID]:
    return list(dict.fromkeys(tag.product_id for post in posts for tag in post.tags))


def tagged_pictures(post: Post, cards: Mapping[UUID, ProductCard], lang: str, origin: Origin) -> list[PictureView]:
    """The pictures of a post, each with the products at their points, and its videos with theirs at their times."""
    return [
        _video(
            post, media, n, [(tag, cards[tag.product_id]) for tag in post.tags if tag.product_id in cards], lang, origin
        )
        if media.video
        else PictureView(
            src=picture_url(media.file),
            srcset=srcset(media.file),
            alt=media.alt,
            shape=frame_of(media.width, media.height),
            points=[
                tag_point(tag, cards[tag.product_id], lang, origin)
                for tag in post.tags
                if tag.media == n and tag.product_id in cards
            ],
        )
        for n, media in enumerate(post.media)
    ]


def _video(
    post: Post, media: Media, n: int, tagged: list[tuple[Tag, ProductCard]], lang: str, origin: Origin
) -> PictureView:
    """Products of the whole post are in its only video all the time."""
    assert media.video is not None
    alone = sum(one.video is not None for one in post.media) == 1
    return PictureView(
        src=picture_url(media.file),
        alt=media.alt or post.title,
        shape=video_shape(media.width, media.height),
        video=video_view(media.video),
        tags=[
            VideoTag(
                links.product_url(card.merchant_slug, card.slug, origin),
                f"{card.title}, {price_words(card, lang)}",
                tag.t0,
                tag.t1,
            )
            for tag, card in tagged
            if tag.media == n or (tag.media is None and alone)
        ],
        impression=msgspec.json.encode({"post_id": str(post.id), "page": "post"}).decode(),
        url=links.post_url(post.id),
    )


def tag_point(tag: Tag, card: ProductCard, lang: str, origin: Origin) -> TagPoint:
    """In the middle of the picture where no point was given."""
    x, y = (50.0 if at is None else round(at * 100, 1) for at in (tag.x, tag.y))
    url = links.product_url(card.merchant_slug, card.slug, origin)
    return TagPoint(url, f"{card.title}, {price_words(card, lang)}", x, y)


def pictures(images: Sequence[Image], title: str) -> list[PictureView]:
    return [
        PictureView(src=picture_url(image.file), srcset=srcset(image.file), alt=image.alt or title) for image in images
    ]


def account_view(account: Account, lang: str, *, followed: bool, impression: str | None = None) -> AccountView:
    return AccountView(
        id=str(account.id),
        url=links.account_url(account.handle),
        name=account.name,
        handle=account.handle,
        bio=account.bio,
        avatar=thumbnail_url(account.avatar),
        banner=picture_url(account.banner),
        banner_srcset=srcset(account.banner),
        followers=followers_words(account.followers, lang),
        followed=followed,
        impression=impression,
        verified=account.verified,
        messages_url=links.messages_url(account.handle),
    )
