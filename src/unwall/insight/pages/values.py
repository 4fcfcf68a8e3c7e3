"""A composed page: modules and slots, with the reason for each."""

from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.catalogue.values import Bundle, ProductCard
from unwall.content.accounts.values import Account
from unwall.content.posts.values import Post
from unwall.kernel.text import Explanation


class ModuleName(StrEnum):
    HERO = "hero"
    """one post, full bleed"""
    FOR_YOU = "for-you"
    NEW = "new"
    """the new season"""
    NEAR = "near"
    """products that the nearest shop can have ready today"""
    POSTS = "posts"
    FOLLOW = "follow"
    """accounts to follow"""
    GOES_WITH = "goes-with"
    INSTEAD = "instead"
    """products like the one that is looked at"""
    SETS = "sets"
    """bundles"""
    STREAM = "stream"
    """posts, products and bundles in two columns"""


class Slot(msgspec.Struct, frozen=True):
    """A position of a module that shows exactly one of card, post, bundle or account."""

    slot: int
    """counted from 0"""
    policy: str
    propensity: float
    reason: Explanation | None = None
    score: float | None = None
    """the recommender's, where it chose"""
    guarantee: str | None = None
    """the guarantee without which another item might stand here"""
    card: ProductCard | None = None
    post: Post | None = None
    account: Account | None = None
    bundle: Bundle | None = None


class Module(msgspec.Struct, frozen=True):
    """Modules without slots are left out of a page."""

    name: ModuleName
    title: Explanation
    slots: list[Slot]
    shop: "NearShop | None" = None


class NearShop(msgspec.Struct, frozen=True):
    """Kilometres from the chosen place; `ready_at` is ISO 8601 with the shop's own offset."""

    node_id: UUID
    name: str
    distance_km: float
    ready_at: str


class ComposedPage(msgspec.Struct, frozen=True):
    page: str
    """`home`, `store`, `product` or `bag`"""
    modules: list[Module]
    cards: dict[UUID, ProductCard]
    """of every product on the page, also those tagged in its posts; by product id"""
    merchant_id: UUID | None = None
    """of a store front"""
    new: int = 0
    """how many posts of followed accounts are new since the person came last"""


class Pin(msgspec.Struct, frozen=True):
    """A merchant's pin: the product is always at this position of the home page's product row."""

    merchant_id: UUID
    position: int
    product_id: UUID
