"""What lets a phone install the shop and the console as apps: their manifests, the service worker, and the page that it
shows without a network. None of them contains personal data."""

from typing import Any

import msgspec
from litestar import Response, get

from unwall.channels.http.context import AnyRequest, lang_of
from unwall.channels.http.rendering import PageContent, render
from unwall.channels.http.static_files import asset, static_files
from unwall.kernel.text import LANGUAGES, N_, gettext
from unwall.services import Services

PAPER = "#FAF8F4"
SIZES = ("192", "512")


class Icon(msgspec.Struct, frozen=True):
    src: str
    sizes: str
    type: str = "image/png"
    purpose: str = "any"


class WebManifest(msgspec.Struct, frozen=True):
    id: str
    name: str
    short_name: str
    lang: str
    start_url: str
    scope: str
    icons: list[Icon]
    display: str = "standalone"
    background_color: str = PAPER
    theme_color: str = PAPER


def _manifest(name: str, lang: str, start: str) -> Response[bytes]:
    icons = [Icon(asset(f"icon-{size}.png"), f"{size}x{size}") for size in SIZES]
    icons.append(Icon(asset("icon-maskable.png"), "512x512", purpose="maskable"))
    manifest = WebManifest(start, name, name, LANGUAGES[lang].tag, start, start, icons)
    headers = {"content-type": "application/manifest+json", "cache-control": "no-cache"}
    return Response(msgspec.json.encode(manifest), headers=headers)


@get("/manifest.webmanifest", include_in_schema=False)
async def shop_manifest(request: AnyRequest, services: Services) -> Response[bytes]:
    lang, only = lang_of(request), services.settings.merchant
    async with services.db.read() as conn:
        store = await services.storefront.merchant(conn, only, lang) if only else None
    return _manifest(store.name if store else "Unwall", lang, "/")


@get("/merchant.webmanifest", include_in_schema=False)
async def console_manifest(request: AnyRequest) -> Response[bytes]:
    lang = lang_of(request)
    return _manifest(gettext(lang, N_("Unwall console")), lang, "/console")


@get("/worker.js", include_in_schema=False)
async def worker() -> Response[bytes]:
    """At this path it serves the whole site; browsers check for a new version by themselves."""
    script = static_files()["worker.js"]
    return Response(script.forms["identity"], headers={"content-type": script.kind, "cache-control": "no-cache"})


class OfflinePage(PageContent, frozen=True, kw_only=True):
    TEMPLATE = "design/offline.html"


@get("/offline", include_in_schema=False)
async def offline(request: AnyRequest) -> Response[str]:
    lang = lang_of(request)
    return render(request, lang, OfflinePage(title=gettext(lang, N_("No connection"))))


HANDLERS: list[Any] = [shop_manifest, console_manifest, worker, offline]
