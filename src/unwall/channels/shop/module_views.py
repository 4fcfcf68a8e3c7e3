"""The modules of a composed page as rows of views. Pure."""

from datetime import datetime

from unwall.channels.http.formatters import formatters
from unwall.channels.shop.delivery_views import when
from unwall.channels.shop.views import View, account_view, post_tile, tile
from unwall.commerce.orders.values import Origin
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.insight.pages.values import ComposedPage, Module, NearShop, Slot
from unwall.kernel.text import N_, gettext


def rows(page: ComposedPage, lang: str, now: datetime) -> list[View]:
    return [_row(page, module, lang, now) for module in page.modules]


def _row(page: ComposedPage, module: Module, lang: str, now: datetime) -> View:
    where = f"{page.page}/{module.name}"
    return {
        "name": str(module.name),
        "title": module.title.say(lang),
        "note": near_words(module.shop, now, lang) if module.shop else None,
        "products": [v for slot in module.slots if (v := _product(page, slot, where, lang))],
        "posts": [
            post_tile(slot.post, page.cards, lang, Origin(page=where, policy=slot.policy), slot.slot)
            for slot in module.slots
            if slot.post
        ],
        "accounts": [
            account_view(slot.account, lang, followed=False, slot=slot.slot) for slot in module.slots if slot.account
        ],
    }


def _product(page: ComposedPage, slot: Slot, where: str, lang: str) -> View | None:
    if slot.card is None:
        return None
    origin = Origin(page=where, policy=slot.policy)
    return tile(slot.card, lang, origin, slot.slot, reason=slot.reason, store=page.merchant_id is None)


def near_words(shop: NearShop, now: datetime, lang: str) -> str:
    """ "West Lake, 2.1 km: ready today at 15:00"; the shop's own offset is its clock."""
    at = when(DeliveryMethod.PICKUP, datetime.fromisoformat(shop.ready_at), now, lang)
    km = formatters(lang).number(round(shop.distance_km, 1))
    return gettext(lang, N_("{shop}, {km} km away. {when}."), shop=shop.name, km=km, when=at)
