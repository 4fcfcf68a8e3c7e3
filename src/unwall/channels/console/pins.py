"""Page guarantees: which product keeps which place of the home page and of the store's front, and how it looks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Response, get, post

from unwall.catalogue import reads as catalogue
from unwall.catalogue.values import Status
from unwall.channels.common import Form as Sent
from unwall.channels.console import listing, views
from unwall.channels.console.forms import Form, number_of
from unwall.channels.console.frame import Seat, known_id, see_other
from unwall.channels.console.views import View
from unwall.insight.pages import actions, reads
from unwall.insight.pages.compose import compose_home, compose_store
from unwall.insight.pages.values import MOST_PINS, PAGES, Module, ModuleName, Page, Slot
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Permission, Visit

PATH = "/console/pages"
NAMES = {"store": N_("Store front"), "home": N_("Home page")}
FOUND = 6
Places = list[tuple[int, UUID]]
MODULES = {ModuleName.HERO: N_("First post")}


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def pages(seat: Seat) -> Response[str]:
    name = _name(seat)
    async with seat.confined() as conn:
        pins = await reads.pins(conn, seat.merchant_id, name)
    return await _page(seat, name, [(pin.position, pin.product_id) for pin in pins])


@post(PATH, permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def save(seat: Seat, data: Sent) -> Response[Any]:
    """Every button sends the whole form; only saving changes anything but the page."""
    form, name = Form(data, []), _name(seat)
    doing, _, which = form.text("do").partition(":")
    places = _read(form)
    try:
        if doing == "save":
            form.check()
            async with seat.confined() as conn:
                await actions.save_pins(conn, seat.merchant_id, name, places)
            seat.say(seat.words(N_("The page keeps these places now.")))
            return see_other(listing.address(PATH, page=name))
    except Invalid as error:
        return await _page(seat, name, places, error=error, form=form)
    return await _page(seat, name, _changed(places, doing, which), form=form)


def _name(seat: Seat) -> str:
    asked = seat.query.get("page", "")
    return asked if asked in PAGES else "store"


def _read(form: Form) -> Places:
    """People count places from one."""
    numbers = form.parts("pins")
    return [(form.read(f"pins.{n}.position", int, 0) - 1, known_id(form.text(f"pins.{n}.product_id"))) for n in numbers]


def _changed(places: Places, doing: str, which: str) -> Places:
    if doing == "drop":
        return [place for n, place in enumerate(places) if n != number_of(which)]
    if doing == "add":
        taken = {position for position, _ in places}
        free = next((n for n in range(MOST_PINS) if n not in taken), MOST_PINS)
        return [*places, (free, known_id(which))]
    return places


async def _page(
    seat: Seat, name: str, places: Places, *, error: Invalid | None = None, form: Form | None = None
) -> Response[str]:
    find = form.text("find") if form else ""
    products = [product_id for _, product_id in places]
    async with seat.confined() as conn:
        titles = {item.product_id: item for item in await catalogue.items_of(conn, products, seat.lang)}
        found = await catalogue.desk_products(
            conn, seat.merchant_id, seat.lang, query=find, status=Status.ACTIVE, limit=FOUND + len(products)
        )
    composed = await _composed(seat, name)
    pins = [
        {"position": position + 1, "product_id": str(product_id),
         "title": titles[product_id].title if product_id in titles else "–",
         "image": views.picture_of(titles[product_id].image_file) if product_id in titles else None}
        for position, product_id in places
    ]  # fmt: skip
    fresh = [row for row in found.rows if row.product_id not in products][:FOUND] if find else []
    return seat.page(
        "console/pages.html", title=seat.words(N_("Pages")), status=422 if error else 200, name=name, pins=pins,
        action=listing.address(PATH, page=name), errors=seat.marks(error), find=find,
        found=[{"id": str(r.product_id), "title": r.title, "image": views.picture_of(r.image_file)} for r in fresh],
        tabs=_tabs(seat, name), modules=[_module(seat, module, products) for module in composed.modules],
    )  # fmt: skip


def _tabs(seat: Seat, name: str) -> list[View]:
    return [
        {"url": listing.address(PATH, page=page), "label": seat.words(label), "active": page == name}
        for page, label in NAMES.items()
    ]


async def _composed(seat: Seat, name: str) -> Page:
    """As someone sees it who comes for the first time: with the places that are saved."""
    newcomer = Visit(new_id(), new_id(), None, seat.lang)
    async with seat.house.db.read() as conn:  # a shop's page: the home page shows every store
        if name == "home":
            return await compose_home(conn, seat.house.recommender, newcomer, seat.now)
        return await compose_store(conn, seat.house.recommender, newcomer, seat.merchant_id, seat.now)


def _module(seat: Seat, module: Module, pinned: Sequence[UUID]) -> View:
    title = module.title.say(seat.lang) or seat.words(MODULES.get(module.name, N_("Products")))
    return {"title": title, "slots": [_slot(seat, slot, pinned) for slot in module.slots]}


def _slot(seat: Seat, slot: Slot, pinned: Sequence[UUID]) -> View:
    if slot.card:
        image, title, note = slot.card.image_file, slot.card.title, slot.card.merchant_name
    elif slot.post:
        image = slot.post.media[0].file if slot.post.media else None
        title, note = slot.post.title, slot.post.account_name
    else:
        image, title = (slot.account.avatar, slot.account.name) if slot.account else (None, "")
        note = f"@{slot.account.handle}" if slot.account else ""
    is_pinned = slot.card is not None and slot.card.product_id in pinned
    return {"image": views.picture_of(image), "title": title, "note": note, "pinned": is_pinned,
            "why": slot.reason.say(seat.lang) if slot.reason else ""}  # fmt: skip


HANDLERS: list[Any] = [pages, save]
