"""The demo market's stores as records: merchants with their accounts, staff, catalogue, posts, nodes and guarantees."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from unwall.catalogue.values import ProductTranslation
from unwall.commerce.stock.values import NodeKind
from unwall.content.accounts.values import AccountKind
from unwall.content.posts.values import PostFormat, PostKind, PostState
from unwall.insight.pages.definition import DEFAULT_PAGE, PageDefinition, Pinned, RowGuarantee, VersionState
from unwall.intake.dataset.records.behaviour import PinRecord, StorePageRecord, StorePageVersionRecord
from unwall.intake.dataset.records.catalogue import (
    BundlePartRecord,
    BundleRecord,
    CategoryRecord,
    ProductImageRecord,
    ProductRecord,
    VariantRecord,
)
from unwall.intake.dataset.records.content import (
    AccountRecord,
    OutboxRecord,
    PostMediaRecord,
    PostRecord,
    PostTagRecord,
    PostTranslationRecord,
    VideoRecord,
)
from unwall.intake.dataset.records.people import MerchantRecord, StaffRecord
from unwall.intake.dataset.records.stock import NodeRecord
from unwall.kernel.ids import derived_id
from unwall.people.values import Role
from unwall_demo.coming_posts import Newest, coming_media, coming_posts, coming_tags
from unwall_demo.filming import SECONDS, Film, captions
from unwall_demo.registry import Registry, known, time_of, times
from unwall_demo.stage import Stage
from unwall_demo.values import Art, DemoImage, DemoMerchant, DemoPost, DemoProduct

ZONE = "Asia/Shanghai"
COUNTRY = "CN"
ROLES = {Role.OWNER: "Owner", Role.EDITOR: "Editor", Role.ANALYST: "Analyst", Role.STOCK: "Stock keeper"}
SIZES = {"avatar": (800, 800), "mark": (800, 800), "banner": (1600, 640)}
PINNED = 2
"""Products that each merchant guarantees a place."""


class Scenery(NamedTuple):
    """`files` are the keys of the drawn pictures, `films` the videos by their post's slug."""

    stage: Stage
    registry: Registry
    files: Mapping[Art, str]
    films: Mapping[str, Film]

    # --- stores -------------------------------------------------------------------------------------------------------

    def merchants(self) -> Iterator[MerchantRecord]:
        since = time_of(self.stage.start) - timedelta(days=400)
        for n, m in enumerate(self.stage.market.merchants):
            yield MerchantRecord(
                id=known(self.registry.merchants[n]),
                slug=m.slug,
                name=m.name,
                currency=m.currency,
                timezone=ZONE,
                country=COUNTRY,
                translations={"zh": {"name": m.name_zh}},
                created_at=since + timedelta(days=n),  # stores are listed in the order they opened
            )

    def accounts(self) -> Iterator[AccountRecord]:
        since = time_of(self.stage.start) - timedelta(days=400)
        for n, m in enumerate(self.stage.market.merchants):
            yield AccountRecord(
                id=known(self.registry.accounts[n]),
                merchant_id=known(self.registry.merchants[n]),
                kind=AccountKind.BRAND,
                handle=handle(m),
                name=m.name,
                bio=f"{m.tagline} {m.about}",
                translations={"zh": {"name": m.name_zh, "bio": f"{m.tagline_zh}{m.about_zh}"}},
                avatar=self.files[m.avatar],
                banner=self.files[m.banner],
                created_at=since,
            )

    def staff(self, password: str) -> Iterator[StaffRecord]:
        since = time_of(self.stage.start)
        for n, m in enumerate(self.stage.market.merchants):
            for role, name in ROLES.items():
                email = f"{role}@{m.slug}.example"
                yield StaffRecord(
                    id=derived_id("demo", "staff", email),
                    merchant_id=known(self.registry.merchants[n]),
                    email=email,
                    name=f"{m.name} {name}",
                    role=role,
                    password=password,
                    created_at=since,
                )
        for n, node in enumerate(self.stage.market.nodes):
            email = self.registry.staff[n]
            yield StaffRecord(
                id=derived_id("demo", "staff", email),
                merchant_id=known(self.registry.merchants[self.stage.node_owner[n]]),
                email=email,
                name=f"{node.name} Staff",
                role=Role.NODE,
                node_id=self.registry.nodes[n],
                password=password,
                created_at=since,
            )

    def nodes(self) -> Iterator[NodeRecord]:
        for n, node in enumerate(self.stage.market.nodes):
            shop = node.kind is NodeKind.SHOP
            yield NodeRecord(
                id=known(self.registry.nodes[n]),
                merchant_id=known(self.registry.merchants[self.stage.node_owner[n]]),
                code=node.code,
                kind=node.kind,
                name=node.name,
                translations={"zh": {"name": node.name_zh, "city": node.city_zh, "address": node.address_zh}},
                city=node.city,
                address=node.address,
                latitude=node.lat,
                longitude=node.lon,
                timezone=ZONE,
                country=COUNTRY,
                opening_hours=node.opening_hours,
                ships=True,
                pickup=shop,
                pick_minutes=40 if shop else 90,
                pick_cost=node.handling_cost_minor,
            )

    def pins(self) -> Iterator[PinRecord]:
        """On the home page, one of each merchant, with room between."""
        for n in range(len(self.stage.market.merchants)):
            yield PinRecord(
                merchant_id=known(self.registry.merchants[n]), position=2 + 3 * n, product_id=self._best(n)[0]
            )

    def _best(self, merchant: int) -> list[UUID]:
        """The merchant's most popular products of the season."""
        best = np.argsort(np.where(self.stage.owner == merchant, -self.stage.appeal[-1], np.inf), kind="stable")
        return [known(self.registry.products[product]) for product in best[:PINNED].tolist()]

    def _store_page(self, merchant: int) -> PageDefinition:
        pins: list[RowGuarantee] = [Pinned(product, position) for position, product in enumerate(self._best(merchant))]
        hero, row, *others = DEFAULT_PAGE.modules
        return PageDefinition([hero, msgspec.structs.replace(row, guarantees=pins), *others])

    def store_pages(self) -> Iterator[StorePageRecord]:
        for n in range(len(self.stage.market.merchants)):
            yield StorePageRecord(merchant_id=known(self.registry.merchants[n]), draft=self._store_page(n))

    def store_page_versions(self) -> Iterator[StorePageVersionRecord]:
        for n in range(len(self.stage.market.merchants)):
            yield StorePageVersionRecord(
                merchant_id=known(self.registry.merchants[n]),
                version=1,
                state=VersionState.LIVE,
                definition=self._store_page(n),
                publish_at=time_of(self.stage.now),
                written_by="demo",
            )

    # --- catalogue ----------------------------------------------------------------------------------------------------

    def categories(self) -> Iterator[CategoryRecord]:
        for n, c in enumerate(self.stage.market.categories):
            yield CategoryRecord(
                id=_category(c.merchant, c.slug),
                merchant_id=known(self.registry.merchants[self.stage.category_owner[n]]),
                slug=c.slug,
                title=c.name,
                translations={"zh": {"title": c.name_zh}},
            )

    def products(self) -> Iterator[ProductRecord]:
        created = times(self.registry.created)
        for n, product in enumerate(self.stage.market.products):
            yield ProductRecord(
                id=known(self.registry.products[n]),
                merchant_id=self._owner(n),
                category_id=_category(product.merchant, product.category),
                slug=product.slug,
                title=product.title,
                description=f"<p>{product.description}</p>",
                translations={
                    "zh": ProductTranslation(product.title_zh, f"<p>{product.description_zh}</p>", _words(product))
                },
                vendor=self.stage.market.merchants[self.stage.owner[n]].name,
                tags=product.tags,
                option_names=product.option_names,
                created_at=created[n],
                updated_at=created[n],
            )

    def product_images(self) -> Iterator[ProductImageRecord]:
        for n, product in enumerate(self.stage.market.products):
            for position, image in enumerate(product.images):
                width, height = _size(image.art)
                yield ProductImageRecord(
                    product_id=known(self.registry.products[n]),
                    position=position,
                    merchant_id=self._owner(n),
                    file=self.files[image.art],
                    alt=image.alt,
                    width=width,
                    height=height,
                    shows=image.shows,
                )

    def variants(self) -> Iterator[VariantRecord]:
        for n, product in enumerate(self.stage.market.products):
            for position, variant in enumerate(product.variants):
                yield VariantRecord(
                    id=known(self.registry.variants[self.stage.first_variant[n] + position]),
                    merchant_id=self._owner(n),
                    product_id=known(self.registry.products[n]),
                    position=position,
                    sku=variant.sku,
                    barcode=variant.barcode,
                    options=variant.options,
                    price=variant.price_minor,
                    compare_at=variant.compare_at_minor,
                    weight_g=variant.weight_g,
                )

    def _owner(self, product: int) -> UUID:
        owner: UUID = known(self.registry.merchants[self.stage.owner[product]])
        return owner

    def bundles(self) -> Iterator[BundleRecord]:
        for bundle in self.stage.market.bundles:
            yield BundleRecord(
                id=derived_id("demo", "bundle", bundle.slug),
                merchant_id=derived_id("demo", bundle.merchant),
                slug=bundle.slug,
                title=bundle.title,
                description=f"<p>{bundle.description}</p>",
                translations={"zh": ProductTranslation(bundle.title_zh, f"<p>{bundle.description_zh}</p>")},
            )

    def bundle_parts(self) -> Iterator[BundlePartRecord]:
        number = {p.slug: n for n, p in enumerate(self.stage.market.products)}
        for bundle in self.stage.market.bundles:
            for position, product in enumerate(bundle.products):
                yield BundlePartRecord(
                    bundle_id=derived_id("demo", "bundle", bundle.slug),
                    position=position,
                    variant_id=known(self.registry.variants[self.stage.first_variant[number[product]]]),
                    merchant_id=derived_id("demo", bundle.merchant),
                )

    # --- posts --------------------------------------------------------------------------------------------------------

    def posts(self) -> Iterator[PostRecord]:
        """What is published, then what is scheduled."""
        yield from self._published()
        for owner, newest in self._newest():
            author = f"{self.stage.market.merchants[owner].name} {ROLES[Role.EDITOR]}"
            yield from coming_posts(newest, author, self._now)

    @property
    def _now(self) -> datetime:
        return time_of(self.stage.now).astimezone(ZoneInfo(ZONE))

    def _newest(self) -> Iterator[tuple[int, Newest]]:
        """Of each merchant, by its number: what it showed last."""
        last = {
            owner: n for n, owner in sorted(enumerate(self.stage.post_owner), key=lambda p: self.stage.post_at[p[0]])
        }
        media, tags = list(self._media()), list(self._tags())
        for owner, n in sorted(last.items()):
            post = known(self.registry.posts[n])
            yield (
                owner,
                Newest(
                    known(self.registry.merchants[owner]),
                    known(self.registry.accounts[owner]),
                    [one for one in media if one.post_id == post],
                    [one for one in tags if one.post_id == post],
                ),
            )

    def _published(self) -> Iterator[PostRecord]:
        published = times(self.stage.post_at)
        for n, post in enumerate(self.stage.market.posts):
            owner = self.stage.post_owner[n]
            alts = tuple(image.alt_zh for image in post.images)
            yield PostRecord(
                id=known(self.registry.posts[n]),
                merchant_id=known(self.registry.merchants[owner]),
                account_id=known(self.registry.accounts[owner]),
                kind=PostKind.VIDEO if post.slug in self.films else post.kind,
                title=post.title,
                body=post.body,
                format=PostFormat.MARKDOWN,
                translations={"zh": PostTranslationRecord(title=post.title_zh, body=post.body_zh, alts=alts)},
                state=PostState.LIVE,
                author=f"{self.stage.market.merchants[owner].name} {ROLES[Role.EDITOR]}",
                created_at=published[n] - timedelta(hours=2),
                published_at=published[n],
            )

    def outbox(self) -> Iterator[OutboxRecord]:
        for n, owner in enumerate(self.stage.post_owner):
            yield OutboxRecord(
                account_id=known(self.registry.accounts[owner]),
                entry=self.registry.entries[n],
                merchant_id=known(self.registry.merchants[owner]),
                post_id=known(self.registry.posts[n]),
            )

    def media(self) -> Iterator[PostMediaRecord]:
        yield from self._media()
        for _, newest in self._newest():
            yield from coming_media(newest, self._now)

    def _media(self) -> Iterator[PostMediaRecord]:
        for n, post in enumerate(self.stage.market.posts):
            for position, image in enumerate(post.images):
                film = self.films.get(post.slug) if position == 0 else None
                width, height = (film.width, film.height) if film else _size(image.art)
                yield PostMediaRecord(
                    post_id=known(self.registry.posts[n]),
                    position=position,
                    merchant_id=known(self.registry.merchants[self.stage.post_owner[n]]),
                    file=film.cover if film else self.files[image.art],
                    alt=image.alt,
                    width=width,
                    height=height,
                    video_id=_video_id(post.slug) if film else None,
                )

    def videos(self) -> Iterator[VideoRecord]:
        """As somebody would have sent them; the worker makes what is shown of them."""
        published = times(self.stage.post_at)
        for n, post in enumerate(self.stage.market.posts):
            film = self.films.get(post.slug)
            if film:
                yield VideoRecord(
                    id=_video_id(post.slug),
                    merchant_id=known(self.registry.merchants[self.stage.post_owner[n]]),
                    source=film.source,
                    bytes=film.bytes,
                    poster=film.cover,
                    captions=captions(post.slug),
                    created_at=published[n] - timedelta(hours=2),
                )

    def tags(self) -> Iterator[PostTagRecord]:
        yield from self._tags()
        for _, newest in self._newest():
            yield from coming_tags(newest, self._now)

    def _tags(self) -> Iterator[PostTagRecord]:
        number = {p.slug: n for n, p in enumerate(self.stage.market.products)}
        for n, post in enumerate(self.stage.market.posts):
            span = SECONDS / max(1, len(post.tags)) if post.slug in self.films else None
            for position, tag in enumerate(post.tags):
                yield PostTagRecord(
                    post_id=known(self.registry.posts[n]),
                    position=position,
                    merchant_id=known(self.registry.merchants[self.stage.post_owner[n]]),
                    product_id=known(self.registry.products[number[tag.product]]),
                    media=0,
                    x=None if span else tag.x,
                    y=None if span else tag.y,
                    t0=position * span if span else None,
                    t1=(position + 1) * span if span else None,
                )


def _category(merchant: str, slug: str) -> UUID:
    return derived_id("demo", "category", merchant, slug)


def _video_id(slug: str) -> UUID:
    return derived_id("demo", "video", slug)


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
