"""The modules of a composed page as the templates show them. Pure, but for the fragments that it keeps."""

from datetime import datetime

import msgspec
from markupsafe import Markup

from unwall.channels.http.formatters import formatters
from unwall.channels.shop.delivery_views import when
from unwall.channels.shop.fragments import impression, joined, post_card, product_card
from unwall.channels.shop.views import AccountView, account_view
from unwall.commerce.orders.values import Origin
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, NearShop, Slot
from unwall.kernel.text import N_, gettext


class ModuleView(msgspec.Struct, frozen=True):
    """Of products, posts (HTML) and accounts one is filled."""

    name: str
    title: str
    note: str | None
    products: Markup
    posts: Markup
    accounts: list[AccountView]


def module_views(page: ComposedPage, lang: str, now: datetime) -> list[ModuleView]:
    return [_module(page, module, lang, now) for module in page.modules]


def _module(page: ComposedPage, module: Module, lang: str, now: datetime) -> ModuleView:
    name = f"{page.page}/{module.name}"
    return ModuleView(
        name=str(module.name),
        title=module.title.say(lang),
        note=near_words(module.shop, now, lang) if module.shop else None,
        products=joined(_product(page, slot, name, lang) for slot in module.slots if slot.card),
        posts=joined(
            _post(page, slot, name, lang, lead=module.name is ModuleName.HERO) for slot in module.slots if slot.post
        ),
        accounts=[_account(slot, lang) for slot in module.slots if slot.account],
    )


def _product(page: ComposedPage, slot: Slot, name: str, lang: str) -> Markup:
    assert slot.card
    origin = Origin(page=name, policy=slot.policy)
    reason = slot.reason.say(lang) if slot.reason else None
    return product_card(slot.card, lang, origin, slot.slot, reason=reason, store=page.merchant_id is None)


def _post(page: ComposedPage, slot: Slot, name: str, lang: str, *, lead: bool) -> Markup:
    assert slot.post
    origin = Origin(page=name, policy=slot.policy)
    return post_card(slot.post, page.cards, lang, origin, slot.slot, lead=lead, first=lead)


def _account(slot: Slot, lang: str) -> AccountView:
    assert slot.account
    seen = impression(Origin(page="home/follow"), slot.slot, "account_id", slot.account.id)
    return account_view(slot.account, lang, followed=False, impression=seen)


def near_words(shop: NearShop, now: datetime, lang: str) -> str:
    """ "West Lake, 2.1 km: ready today at 15:00"; the shop's own offset is its clock."""
    at = when(DeliveryMethod.PICKUP, datetime.fromisoformat(shop.ready_at), now, lang)
    km = formatters(lang).number(round(shop.distance_km, 1))
    return gettext(lang, N_("{shop}, {km} km away. {when}."), shop=shop.name, km=km, when=at)
