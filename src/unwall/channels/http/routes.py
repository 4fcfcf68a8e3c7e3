"""What every channel shares: language and place, files, health, figures, the style guide."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar_htmx import HTMXDetails

from unwall.channels.http.context import LANG, YEAR, AnyRequest, lang_of, set_cookie, set_place
from unwall.channels.http.files import file
from unwall.channels.http.rendering import render
from unwall.commerce.stock.places import places
from unwall.kernel.errors import Invalid
from unwall.kernel.geo import Place
from unwall.kernel.health import Readiness, readiness
from unwall.kernel.telemetry import metrics_text
from unwall.kernel.text import LANGUAGES, N_
from unwall.services import Services

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


def own_path(next_page: str, otherwise: str = "/") -> str:
    """`next_page` where it is a path of this install, else `otherwise`."""
    # browsers read a backslash as a slash, and leave out tabs and line ends
    safe = next_page.startswith("/") and not next_page.startswith(("//", "/\\")) and next_page.isprintable()
    return next_page if safe else otherwise


@post("/language", include_in_schema=False, status_code=303)
async def choose_language(request: AnyRequest, services: Services, data: FormData) -> Redirect:
    if data.get("lang") not in LANGUAGES:
        raise Invalid.one("lang", N_("Choose one of the languages offered."))
    set_cookie(request, services, LANG, data["lang"], YEAR)
    return Redirect(own_path(data.get("next", "/")), status_code=303)


@get("/place", include_in_schema=False)
async def place_page(request: AnyRequest, services: Services, q: str = "", next: str = "/") -> Response[str]:  # noqa: A002
    lang = lang_of(request)
    async with services.db.read() as conn:
        found = await places(conn, lang, q)
    options = [{"value": p.label, "label": p.label} for p in found]
    partial = bool(HTMXDetails(request))
    template = "design/place_sheet.html" if partial else "design/place.html"
    return render(request, lang, template, title="", places=options, query=q, next=own_path(next))


@post("/place", include_in_schema=False, status_code=303)
async def choose_place(request: AnyRequest, services: Services, data: FormData) -> Redirect:
    """A place from the list, or where the device says it is, named after the nearest place of the list."""
    lang = lang_of(request)
    async with services.db.read() as conn:
        known = await places(conn, lang, "")
    set_place(request, services, _chosen(data, known))
    return Redirect(own_path(data.get("next", "/")), status_code=303)


def _chosen(data: dict[str, str], known: list[Place]) -> Place:
    if data.get("latitude"):
        return _position(data, known)
    for place in known:
        if place.label == data.get("place"):
            return place
    raise Invalid.one("place", N_("Choose one of the places offered."))


def _position(data: dict[str, str], known: list[Place]) -> Place:
    try:
        latitude, longitude = float(data["latitude"]), float(data.get("longitude", ""))
    except ValueError:
        raise Invalid.one("latitude", N_("Send degrees, such as 30.25 and 120.16.")) from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid.one("latitude", N_("Latitudes go from -90 to 90, longitudes from -180 to 180."))
    near = min(known, key=lambda p: (p.latitude - latitude) ** 2 + (p.longitude - longitude) ** 2, default=None)
    return Place(near.label if near else f"{latitude:.2f}, {longitude:.2f}", latitude, longitude)


class Health(msgspec.Struct, frozen=True):
    status: str


@get("/healthz", include_in_schema=False)
async def health() -> Health:
    """This process is alive; it asks nothing else."""
    return Health("ok")


@get("/readyz", include_in_schema=False)
async def ready(services: Services) -> Response[Readiness]:
    """200 when the database answers, a worker is alive and no job is late; else 503 with what is wrong."""
    found = await readiness(services.db)
    return Response(found, status_code=200 if found.ready else 503)


@get("/metrics", include_in_schema=False, media_type=MediaType.TEXT)
async def metrics(services: Services) -> Response[bytes]:
    body, kind = metrics_text(services.settings.metrics_directory)
    return Response(body, headers={"content-type": kind})


@get("/styleguide", include_in_schema=False)
async def style_guide(request: AnyRequest) -> Response[str]:
    return render(request, lang_of(request), "design/styleguide.html", title="Style guide")


HANDLERS: list[Any] = [choose_language, place_page, choose_place, file, health, ready, metrics, style_guide]
