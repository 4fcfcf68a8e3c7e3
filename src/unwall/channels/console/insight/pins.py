"""Pins: which product keeps which position of the home page of all stores, with a preview."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import VariantItem
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm, number_of
from unwall.channels.console.insight.previews import PreviewModule, page_tabs, preview
from unwall.channels.console.product_finder import FoundProduct, find_products
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Tab
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.insight.pages import actions, reads
from unwall.insight.pages.compose import PageSources, compose_home
from unwall.insight.pages.rules import MAX_PINS
from unwall.insight.pages.values import ComposedPage
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/pages/home"
PinList = list[tuple[int, UUID]]


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def home_pins(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        pins = await _pins(conn, ctx)
    return await _page(ctx, pins)


async def _pins(conn: Connection, ctx: ConsoleContext) -> PinList:
    return sorted((pin.position, pin.product_id) for pin in await reads.pins(conn, ctx.merchant_id))


@post(PATH, permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, data: FormData) -> Response[Any]:
    """Every button sends the whole form; only saving changes anything but the page."""
    form = SubmittedForm(data, [])
    doing, _, which = form.text("do").partition(":")
    pins = _read(form)
    try:
        if doing == "save":
            form.check()
            async with ctx.confined() as conn:
                await lock_subject(conn, PATH, ctx.merchant_id)
                stored = await _pins(conn, ctx)
                check_version(form.text(FIELD), {"pins": stored}, {"pins": sorted(pins)})
                await actions.save_pins(conn, ctx.merchant_id, pins)
            ctx.flash(ctx.words(N_("The pins are saved.")))
            return see_other(PATH)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, pins, error=error, form=form)
    return await _page(ctx, _changed(pins, doing, which), form=form)


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
    composed = await _composed(ctx)
    rows = [_pin(position, product_id, titles.get(product_id)) for position, product_id in pins]
    return ctx.page(
        PinsPage(
            title=ctx.words(N_("Pages")),
            version=form.text(FIELD) if form else version_of({"pins": pins}),
            pins=rows,
            action=PATH,
            errors=ctx.field_errors(error),
            find=find,
            matches=products_found,
            tabs=page_tabs(ctx, PATH),
            modules=preview(ctx, composed),
        ),
        error=error,
    )


class PinRow(msgspec.Struct, frozen=True):
    """`position` counts from one."""

    position: int
    product_id: str
    title: str
    image: str | None


class PinsPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/home_pins.html"

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


async def _composed(ctx: ConsoleContext) -> ComposedPage:
    """As a new visitor sees it, with the pins that are saved."""
    newcomer = Visit(new_id(), new_id(), None, ctx.lang)
    async with ctx.services.db.read() as conn:  # not confined: the home page shows every store
        sources = PageSources(conn, ctx.services.storefront, ctx.services.recommender)
        return await compose_home(sources, newcomer, ctx.now)


HANDLERS: list[Any] = [home_pins, save]
