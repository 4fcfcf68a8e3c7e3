"""Choosing a place: any town, Chinese district or postcode, a city with a shop, or where the device is."""

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import AnyRequest, keep_place, lang_of
from unwall.channels.http.rendering import Content, PageContent, render
from unwall.channels.http.routes import FormData, own_path
from unwall.commerce.stock.places import places
from unwall.kernel import gazetteer
from unwall.kernel.errors import Invalid
from unwall.kernel.gazetteer import Town
from unwall.kernel.geo import Place, Point, distance_km
from unwall.kernel.text import N_, gettext
from unwall.services import Services

NEAR_KM = 30.0
"""A device is named after a place within this distance, else after its coordinates."""
MAX_NAME_CHARACTERS = 200


class PlaceOption(msgspec.Struct, frozen=True):
    value: str
    label: str
    detail: str = ""


class PlaceSheet(Content, frozen=True, kw_only=True):
    TEMPLATE = "design/place_sheet.html"

    places: list[PlaceOption]
    query: str
    next: str


class PlacePage(PageContent, frozen=True, kw_only=True):
    TEMPLATE = "design/place.html"

    places: list[PlaceOption]
    query: str
    next: str


@get("/place", include_in_schema=False)
async def place_page(request: AnyRequest, services: Services, q: str = "", next: str = "/") -> Response[str]:  # noqa: A002
    """Without a query: the cities that have a shop."""
    await gazetteer.until_loaded()
    lang, query = lang_of(request), q.strip()[:MAX_NAME_CHARACTERS]
    async with services.db.read() as conn:
        with_shops = await places(conn, lang, query)
    options = list(_options(with_shops, gazetteer.search(query), lang))
    if HTMXDetails(request):
        return render(request, lang, PlaceSheet(places=options, query=query, next=own_path(next)))
    title = gettext(lang, N_("Choose a place"))
    return render(request, lang, PlacePage(title=title, places=options, query=query, next=own_path(next)))


def _options(with_shops: Iterable[Place], towns: Iterable[Town], lang: str) -> Iterable[PlaceOption]:
    """Each place once: a city with a shop is known to the gazetteer as well."""
    shown: list[Place] = []
    for place in with_shops:
        shown.append(place)
        yield PlaceOption(place.label, place.label)
    for town in towns:
        name = town.label(lang).removesuffix("市")
        if any(name == one.label and distance_km(one.point, town.point) < NEAR_KM for one in shown):
            continue
        yield PlaceOption(town.id, town.label(lang), town.detail(lang))


@post("/place", include_in_schema=False, status_code=303)
async def choose_place(request: AnyRequest, services: Services, data: FormData) -> Redirect:
    """A place by its id or name, or where the device says it is, named after the nearest town."""
    await gazetteer.until_loaded()
    lang = lang_of(request)
    chosen = _position(data, lang) if data.get("latitude") else await _named(services, data.get("place", ""), lang)
    await keep_place(request, services, chosen)
    return Redirect(own_path(data.get("next", "/")), status_code=303)


async def _named(services: Services, name: str, lang: str) -> Place:
    wanted = name.strip()[:MAX_NAME_CHARACTERS]
    async with services.db.read() as conn:
        with_shops = await places(conn, lang, wanted) if wanted else []
    for place in with_shops:
        if place.label == wanted:
            return place
    town = gazetteer.town_of_id(wanted) or gazetteer.town_named(wanted)
    if town is None:
        raise Invalid.one("place", N_("Choose one of the places offered."))
    return town.place(lang)


def _position(data: dict[str, str], lang: str) -> Place:
    try:
        latitude, longitude = float(data["latitude"]), float(data.get("longitude", ""))
    except ValueError:
        raise Invalid.one("latitude", N_("Send degrees, such as 30.25 and 120.16.")) from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid.one("latitude", N_("Latitudes go from -90 to 90, longitudes from -180 to 180."))
    town = gazetteer.nearest(Point(latitude, longitude))
    near = distance_km(town.point, Point(latitude, longitude)) <= NEAR_KM
    return Place(town.label(lang) if near else f"{latitude:.2f}, {longitude:.2f}", latitude, longitude)


HANDLERS: list[Any] = [place_page, choose_place]
