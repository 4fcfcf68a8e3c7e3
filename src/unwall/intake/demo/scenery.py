"""The demo market's stores as rows: merchants with their accounts, staff, catalogue, posts, nodes and guarantees."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import numpy as np

from unwall.catalogue.values import BundleDraft, BundlePartDraft, ProductDraft, ProductTranslation, VariantDraft
from unwall.content.posts.rules import render
from unwall.content.posts.values import PostTranslation
from unwall.intake.demo.registry import Registry, time_of, times
from unwall.intake.demo.stage import Ints, Stage
from unwall.intake.demo.values import Art, DemoImage, DemoMerchant, DemoPost, DemoProduct, NodeKind
from unwall.kernel.ids import derived_id
from unwall.media.values import Image
from unwall.people.values import Role

Row = tuple[object, ...]
ZONE = "Asia/Shanghai"
ROLES = {Role.OWNER: "Owner", Role.EDITOR: "Editor", Role.ANALYST: "Analyst", Role.STOCK: "Stock keeper"}
SIZES = {"avatar": (800, 800), "mark": (800, 800), "banner": (1600, 640)}
PINNED = 2
"""Products that each merchant guarantees a place."""


class Scenery(NamedTuple):
    """`files` are the keys of the drawn pictures."""

    stage: Stage
    registry: Registry
    files: Mapping[Art, str]

    # --- stores -------------------------------------------------------------------------------------------------------

    def merchants(self) -> Iterator[Row]:
        since = time_of(self.stage.start) - timedelta(days=400)
        for n, m in enumerate(self.stage.market.merchants):
            words = {"zh": {"name": m.name_zh}}
            opened = since + timedelta(days=n)  # stores are listed in the order they opened
            yield self.registry.merchants[n], m.slug, m.name, m.currency, ZONE, "en", words, opened

    def accounts(self, followers: Sequence[int]) -> Iterator[Row]:
        since = time_of(self.stage.start) - timedelta(days=400)
        for n, m in enumerate(self.stage.market.merchants):
            words = {"zh": {"name": m.name_zh, "bio": f"{m.tagline_zh}{m.about_zh}"}}
            yield (
                self.registry.accounts[n], self.registry.merchants[n], "brand", handle(m), m.name,
                f"{m.tagline} {m.about}", words, self.files[m.avatar], self.files[m.banner], followers[n], since,
            )  # fmt: skip

    def staff(self, password_hash: str) -> Iterator[Row]:
        since = time_of(self.stage.start)
        for n, m in enumerate(self.stage.market.merchants):
            for role, name in ROLES.items():
                email = f"{role}@{m.slug}.example"
                who = (derived_id("demo", "staff", email), self.registry.merchants[n], email, f"{m.name} {name}")
                yield *who, password_hash, role, None, since
        for n, node in enumerate(self.stage.market.nodes):
            email, owner = self.registry.staff[n], self.registry.merchants[self.stage.node_owner[n]]
            who = (derived_id("demo", "staff", email), owner, email, f"{node.name} Staff")
            yield *who, password_hash, Role.NODE, self.registry.nodes[n], since

    def nodes(self) -> Iterator[Row]:
        for n, node in enumerate(self.stage.market.nodes):
            shop = node.kind is NodeKind.SHOP
            words = {"zh": {"name": node.name_zh, "city": node.city_zh, "address": node.address_zh}}
            yield (
                self.registry.nodes[n], self.registry.merchants[self.stage.node_owner[n]], node.code, node.kind.value,
                node.name, words, node.city, node.address, node.lat, node.lon, ZONE, node.opening_hours, True, shop,
                40 if shop else 90, node.handling_cost_minor,
            )  # fmt: skip

    def pins(self) -> Iterator[Row]:
        """The most popular products of the season; on the home page there is one of each merchant, with room between."""
        for n in range(len(self.stage.market.merchants)):
            best = np.argsort(np.where(self.stage.owner == n, -self.stage.appeal[-1], np.inf), kind="stable")[:PINNED]
            for position, product in enumerate(best.tolist()):
                yield self.registry.merchants[n], "store", position, self.registry.products[product]
            yield self.registry.merchants[n], "home", 2 + 3 * n, self.registry.products[int(best[0])]

    # --- catalogue ----------------------------------------------------------------------------------------------------

    def categories(self) -> Iterator[Row]:
        for n, c in enumerate(self.stage.market.categories):
            owner = self.registry.merchants[self.stage.category_owner[n]]
            yield (
                derived_id("demo", "category", c.merchant, c.slug),
                owner,
                c.slug,
                c.name,
                {"zh": {"title": c.name_zh}},
            )

    def products(self, merchant: int) -> list[ProductDraft]:
        names = {(c.merchant, c.slug): c.name for c in self.stage.market.categories}
        mine = np.flatnonzero(self.stage.owner == merchant).tolist()
        shelf = self.stage.market.products
        return [self._product(n, shelf[n], names[shelf[n].merchant, shelf[n].category]) for n in mine]

    def _product(self, n: int, product: DemoProduct, category: str) -> ProductDraft:
        first = int(self.stage.first_variant[n])
        return ProductDraft(
            id=self.registry.products[n],
            slug=product.slug,
            title=product.title,
            description=f"<p>{product.description}</p>",
            vendor=self.stage.market.merchants[self.stage.owner[n]].name,
            category=category,
            tags=product.tags,
            option_names=product.option_names,
            images=tuple(Image(self.files[i.art], i.alt, *_size(i.art)) for i in product.images),
            variants=tuple(
                VariantDraft(
                    id=self.registry.variants[first + k],
                    sku=v.sku,
                    price=v.price_minor,
                    options=v.options,
                    compare_at=v.compare_at_minor,
                    barcode=v.barcode,
                    weight_g=v.weight_g,
                )
                for k, v in enumerate(product.variants)
            ),
            translations={
                "zh": ProductTranslation(product.title_zh, f"<p>{product.description_zh}</p>", _words(product))
            },
        )

    def bundles(self, merchant: int) -> Iterator[BundleDraft]:
        number = {p.slug: n for n, p in enumerate(self.stage.market.products)}
        slug = self.stage.market.merchants[merchant].slug
        for bundle in self.stage.market.bundles:
            if bundle.merchant == slug:
                parts = [self.registry.variants[self.stage.first_variant[number[p]]] for p in bundle.products]
                yield BundleDraft(
                    id=derived_id("demo", "bundle", bundle.slug),
                    title=bundle.title,
                    slug=bundle.slug,
                    description=f"<p>{bundle.description}</p>",
                    parts=tuple(BundlePartDraft(part) for part in parts if part),
                    translations={"zh": ProductTranslation(bundle.title_zh, f"<p>{bundle.description_zh}</p>")},
                )

    # --- posts --------------------------------------------------------------------------------------------------------

    def posts(self, likes: Ints) -> Iterator[Row]:
        published = times(self.stage.post_at)
        for n, post in enumerate(self.stage.market.posts):
            owner = self.stage.post_owner[n]
            alts = tuple(image.alt_zh for image in post.images)
            words = {"zh": PostTranslation(post.title_zh, post.body_zh, render(post.body_zh), alts)}
            author = f"{self.stage.market.merchants[owner].name} {ROLES[Role.EDITOR]}"
            yield (
                self.registry.posts[n], self.registry.merchants[owner], self.registry.accounts[owner], post.kind.value,
                post.title, post.body, render(post.body), words, "live", int(likes[n]), author,
                published[n] - timedelta(hours=2), published[n],
            )  # fmt: skip

    def outbox(self) -> Iterator[Row]:
        for n, owner in enumerate(self.stage.post_owner):
            entry, post = self.registry.entries[n], self.registry.posts[n]
            yield self.registry.accounts[owner], entry, self.registry.merchants[owner], post

    def media(self) -> Iterator[Row]:
        for n, post in enumerate(self.stage.market.posts):
            owner = self.registry.merchants[self.stage.post_owner[n]]
            for position, image in enumerate(post.images):
                yield self.registry.posts[n], position, owner, self.files[image.art], image.alt, *_size(image.art)

    def tags(self) -> Iterator[Row]:
        number = {p.slug: n for n, p in enumerate(self.stage.market.products)}
        for n, post in enumerate(self.stage.market.posts):
            owner = self.registry.merchants[self.stage.post_owner[n]]
            for position, tag in enumerate(post.tags):
                product: UUID | None = self.registry.products[number[tag.product]]
                yield self.registry.posts[n], position, owner, product, 0, tag.x, tag.y


def handle(merchant: DemoMerchant) -> str:
    return merchant.slug.replace("-", "_")


def pictures(stage: Stage) -> dict[Art, None]:
    """Everything to be drawn, each once."""
    market = stage.market
    shown: list[DemoProduct | DemoPost] = [*market.products, *market.posts]
    images: Iterator[DemoImage] = chain.from_iterable(thing.images for thing in shown)
    faces = chain.from_iterable((m.avatar, m.banner) for m in market.merchants)
    return dict.fromkeys(chain(faces, (image.art for image in images)))


def _size(art: Art) -> tuple[int, int]:
    return SIZES.get(art.motif, (800, 1000))


def _words(product: DemoProduct) -> dict[str, str]:
    """The product's other words in Chinese: options and the descriptions of pictures."""
    said = dict(zip(product.option_names, product.option_names_zh, strict=True))
    for variant in product.variants:
        said |= dict(zip(variant.options, variant.options_zh, strict=True))
    return said | {image.alt: image.alt_zh for image in product.images}
