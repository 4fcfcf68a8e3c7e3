"""A composed page as the editors of pages show it, beside the form."""

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.channels.design.values import Tab
from unwall.channels.http.pictures import thumbnail_url
from unwall.insight.pages.rules import PIN_GUARANTEE, PINNED
from unwall.insight.pages.values import ComposedPage, Module, ModuleName, Slot
from unwall.kernel.text import N_

TABS = {"/console/pages": N_("Store front"), "/console/pages/home": N_("Home page")}
MODULES = {ModuleName.HERO: N_("First post")}
GUARANTEES = {
    PIN_GUARANTEE: N_("Pinned"),
    "hits": N_("Hit"),
    "new-arrivals": N_("New arrival"),
}


class PreviewSlot(msgspec.Struct, frozen=True):
    image: str | None
    title: str
    note: str
    guarantee: str
    """the words of what placed it; empty: its score"""
    why: str


class PreviewModule(msgspec.Struct, frozen=True):
    title: str
    slots: list[PreviewSlot]


def page_tabs(ctx: ConsoleContext, chosen: str) -> list[Tab]:
    return [Tab(path, ctx.words(label), path == chosen) for path, label in TABS.items()]


def preview(ctx: ConsoleContext, page: ComposedPage) -> list[PreviewModule]:
    return [_module(ctx, module) for module in page.modules]


def _module(ctx: ConsoleContext, module: Module) -> PreviewModule:
    title = module.title.text_in(ctx.lang) or ctx.words(MODULES.get(module.name, N_("Products")))
    return PreviewModule(title, [_slot(ctx, slot) for slot in module.slots])


def _slot(ctx: ConsoleContext, slot: Slot) -> PreviewSlot:
    if slot.card:
        image, title, note = slot.card.image_file, slot.card.title, slot.card.merchant_name
    elif slot.post:
        image = slot.post.media[0].file if slot.post.media else None
        title, note = slot.post.title, slot.post.account_name
    elif slot.bundle:
        image = slot.bundle.parts[0].item.image_file if slot.bundle.parts else None
        title, note = slot.bundle.title, slot.bundle.merchant_name
    else:
        image, title = (slot.account.avatar, slot.account.name) if slot.account else (None, "")
        note = f"@{slot.account.handle}" if slot.account else ""
    placed_by = PIN_GUARANTEE if slot.policy == PINNED else slot.guarantee
    return PreviewSlot(
        image=thumbnail_url(image),
        title=title,
        note=note,
        guarantee=ctx.words(GUARANTEES[placed_by]) if placed_by else "",
        why=slot.reason.text_in(ctx.lang) if slot.reason else "",
    )
