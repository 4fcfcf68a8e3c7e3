"""Pins: which product keeps which position of the home page and of the store front, with a preview."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.console import listing
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm, number_of
from unwall.channels.console.product_finder import FoundProduct, find_products
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.insight.pages import actions, reads
from unwall.insight.pages.compose import PageSources, compose_home, compose_store
from unwall.insight.pages.rules import MAX_PINS
from unwall.insight.pages.values import PAGES, ComposedPage, Module, ModuleName, Slot
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/pages"
NAMES = {"store": N_("Store front"), "home": N_("Home page")}
PinList = list[tuple[int, UUID]]
MODULES = {ModuleName.HERO: N_("First post")}


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def pages(ctx: ConsoleContext) -> Response[str]:
    name = _name(ctx)
    async with ctx.confined() as conn:
        pins = await _pins(conn, ctx, name)
    return await _page(ctx, name, pins)


async def _pins(conn: Connection, ctx: ConsoleContext, name: str) -> PinList:
    return sorted((pin.position, pin.product_id) for pin in await reads.pins(conn, ctx.merchant_id, name))


@post(PATH, permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    """Every button sends the whole form; only saving changes anything but the page."""
    form, name = SubmittedForm(data, []), _name(ctx)
    doing, _, which = form.text("do").partition(":")
    pins = _read(form)
    try:
        if doing == "save":
            form.check()
            async with ctx.confined() as conn:
                await lock_subject(conn, PATH, ctx.merchant_id, name)
                stored = await _pins(conn, ctx, name)
                check_version(form.text(FIELD), {"pins": stored}, {"pins": sorted(pins)})
                await actions.save_pins(conn, ctx.merchant_id, name, pins)
            ctx.flash(ctx.words(N_("The pins are saved.")))
            return see_other(listing.address(PATH, page=name))
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, name, pins, error=error, form=form)
    return await _page(ctx, name, _changed(pins, doing, which), form=form)


def _name(ctx: ConsoleContext) -> str:
    asked = ctx.query.get("page", "")
    return asked if asked in PAGES else "store"


def _read(form: SubmittedForm) -> PinList:
    """The form counts positions from one, the database from zero."""
    numbers = form.parts("pins")
    return [(form.read(f"pins.{n}.position", int, 0) - 1, known_id(form.text(f"pins.{n}.product_id"))) for n in numbers]


def _changed(pins: PinList, doing: str, which: str) -> PinList:
    if doing == "drop":
        return [pin for n, pin in enumerate(pins) if n != number_of(which)]
    if doing == "add":
        taken = {position for position, _ in pins}
        free = next((n for n in range(MAX_PINS) if n not in taken), MAX_PINS)
        return [*pins, (free, known_id(which))]
    return pins


async def _page(
    ctx: ConsoleContext,
    name: str,
    pins: PinList,
    *,
    error: Invalid | ChangedMeanwhile | None = None,
    form: SubmittedForm | None = None,
) -> Response[str]:
    find = form.text("find") if form else ""
    products = [product_id for _, product_id in pins]
    async with ctx.confined() as conn:
        titles = {item.product_id: item for item in await catalogue.items_of(conn, products, ctx.lang)}
        products_found = await find_products(conn, ctx, find, products)
    composed = await _composed(ctx, name)
    rows = [_pin(position, product_id, titles.get(product_id)) for position, product_id in pins]
    return ctx.page(
        PinsPage(
            title=ctx.words(N_("Pages")),
            version=form.text(FIELD) if form else version_of({"pins": pins}),
            pins=rows,
            action=listing.address(PATH, page=name),
            errors=ctx.field_errors(error),
            find=find,
            matches=products_found,
            tabs=_tabs(ctx, name),
            modules=[_module(ctx, module, products) for module in composed.modules],
        ),
        error=error,
    )


class PinRow(msgspec.Struct, frozen=True):
    """`position` counts from one."""

    position: int
    product_id: str
    title: str
    image: str | None


class PreviewSlot(msgspec.Struct, frozen=True):
    image: str | None
    title: str
    note: str
    pinned: bool
    why: str


class PreviewModule(msgspec.Struct, frozen=True):
    title: str
    slots: list[PreviewSlot]


class PinsPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/pages.html"

    pins: list[PinRow]
    action: str
    errors: FieldTexts
    find: str
    matches: list[FoundProduct]
    tabs: list[Tab]
    modules: list[PreviewModule]


def _pin(position: int, product_id: UUID, item: VariantItem | None) -> PinRow:
    title, image = (item.title, thumbnail_url(item.image_file)) if item else ("–", None)
    return PinRow(position + 1, str(product_id), title, image)


def _tabs(ctx: ConsoleContext, name: str) -> list[Tab]:
    return [Tab(listing.address(PATH, page=page), ctx.words(label), page == name) for page, label in NAMES.items()]


async def _composed(ctx: ConsoleContext, name: str) -> ComposedPage:
    """As a new visitor sees it, with the pins that are saved."""
    newcomer = Visit(new_id(), new_id(), None, ctx.lang)
    async with ctx.services.db.read() as conn:  # not confined: the home page shows every store
        sources = PageSources(conn, ctx.services.storefront, ctx.services.recommender)
        if name == "home":
            return await compose_home(sources, newcomer, ctx.now)
        return await compose_store(sources, newcomer, ctx.merchant_id, ctx.now)


def _module(ctx: ConsoleContext, module: Module, pinned: Sequence[UUID]) -> PreviewModule:
    title = module.title.text_in(ctx.lang) or ctx.words(MODULES.get(module.name, N_("Products")))
    return PreviewModule(title, [_slot(ctx, slot, pinned) for slot in module.slots])


def _slot(ctx: ConsoleContext, slot: Slot, pinned: Sequence[UUID]) -> PreviewSlot:
    if slot.card:
        image, title, note = slot.card.image_file, slot.card.title, slot.card.merchant_name
    elif slot.post:
        image = slot.post.media[0].file if slot.post.media else None
        title, note = slot.post.title, slot.post.account_name
    else:
        image, title = (slot.account.avatar, slot.account.name) if slot.account else (None, "")
        note = f"@{slot.account.handle}" if slot.account else ""
    return PreviewSlot(
        image=thumbnail_url(image),
        title=title,
        note=note,
        pinned=slot.card is not None and slot.card.product_id in pinned,
        why=slot.reason.text_in(ctx.lang) if slot.reason else "",
    )


HANDLERS: list[Any] = [pages, save]
