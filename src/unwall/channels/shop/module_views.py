"""The modules of a composed page as the templates show them. Pure, but for the fragments that it keeps."""

from datetime import datetime
from uuid import UUID

import msgspec
from markupsafe import Markup

from unwall.channels.http.formatters import formatters
from unwall.channels.shop.delivery_views import when
from unwall.channels.shop.fragments import Placement, bundle_card, impression, joined, post_card, product_card
from unwall.channels.shop.views import AccountView, account_view
from unwall.commerce.orders.values import Origin
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Slot
from unwall.kernel.text import N_, gettext


class ModuleView(msgspec.Struct, frozen=True):
    """Of products, posts, the stream of both (HTML) and accounts one is filled."""

    name: str
    title: str
    note: str | None
    products: Markup
    posts: Markup
    accounts: list[AccountView]
    stream: Markup = Markup()


class Reader(msgspec.Struct, frozen=True):
    """For whom a page is written."""

    lang: str
    saved: frozenset[UUID] = frozenset()


def module_views(page: ComposedPage, reader: Reader, now: datetime) -> list[ModuleView]:
    return [_module(page, module, reader, now) for module in page.modules]


def _module(page: ComposedPage, module: Module, reader: Reader, now: datetime) -> ModuleView:
    lang = reader.lang
    name = f"{page.page}/{module.name}"
    if module.name is ModuleName.STREAM:
        return ModuleView(module.name, "", None, Markup(), Markup(), [], _stream(page, module, name, reader))
    return ModuleView(
        name=str(module.name),
        title=module.title.text_in(lang),
        note=near_words(module.shop, now, lang) if module.shop else None,
        products=joined(_product(page, slot, name, reader) for slot in module.slots if slot.card),
        posts=joined(
            _post(page, slot, name, reader, lead=module.name is ModuleName.HERO) for slot in module.slots if slot.post
        ),
        accounts=[_account(slot, lang) for slot in module.slots if slot.account],
    )


def _stream(page: ComposedPage, module: Module, name: str, reader: Reader) -> Markup:
    return joined(_tile(page, slot, name, reader) for slot in module.slots)


def _tile(page: ComposedPage, slot: Slot, name: str, reader: Reader) -> Markup:
    if slot.bundle:
        origin = Origin(page=name, policy=slot.policy)
        placement = Placement(origin, slot.slot, _reason(slot, reader.lang), slot.bundle.id in reader.saved)
        return bundle_card(slot.bundle, reader.lang, placement)
    return _product(page, slot, name, reader) if slot.card else _post(page, slot, name, reader, lead=False)


def _product(page: ComposedPage, slot: Slot, name: str, reader: Reader) -> Markup:
    assert slot.card
    origin = Origin(page=name, policy=slot.policy)
    placement = Placement(origin, slot.slot, _reason(slot, reader.lang), slot.card.product_id in reader.saved)
    return product_card(slot.card, reader.lang, placement, store=page.merchant_id is None)


def _post(page: ComposedPage, slot: Slot, name: str, reader: Reader, *, lead: bool) -> Markup:
    assert slot.post
    origin = Origin(page=name, policy=slot.policy)
    placement = Placement(origin, slot.slot, _reason(slot, reader.lang), slot.post.id in reader.saved)
    return post_card(slot.post, page.cards, reader.lang, placement, lead=lead, first=lead)


def _reason(slot: Slot, lang: str) -> str | None:
    return slot.reason.text_in(lang) if slot.reason else None


def _account(slot: Slot, lang: str) -> AccountView:
    assert slot.account
    seen = impression(Origin(page="home/follow"), slot.slot, "account_id", slot.account.id)
    return account_view(slot.account, lang, followed=False, impression=seen)


def near_words(shop: NearShop, now: datetime, lang: str) -> str:
    """ "West Lake, 2.1 km: ready today at 15:00"; the shop's own offset is its clock."""
    at = when(DeliveryMethod.PICKUP, datetime.fromisoformat(shop.ready_at), now, lang)
    km = formatters(lang).number(round(shop.distance_km, 1))
    return gettext(lang, N_("{shop}, {km} km away. {when}."), shop=shop.name, km=km, when=at)
