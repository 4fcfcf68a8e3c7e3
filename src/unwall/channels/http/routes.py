"""What every channel shares: language, files, health, figures, the style guide."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from unwall.channels.http.context import LANG, YEAR, AnyRequest, lang_of, set_cookie
from unwall.channels.http.files import file
from unwall.channels.http.installing import HANDLERS as INSTALLING
from unwall.channels.http.rendering import PageContent, render
from unwall.channels.http.static_files import static_file
from unwall.channels.http.videos import HANDLERS as VIDEOS
from unwall.channels.http.webhooks import HANDLERS as WEBHOOKS
from unwall.kernel.errors import Invalid
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


class Health(msgspec.Struct, frozen=True):
    status: str


@get("/healthz", include_in_schema=False)
async def health() -> Health:
    """This process is alive; it asks nothing else."""
    return Health("ok")


@get("/readyz", include_in_schema=False)
async def ready(services: Services) -> Response[Readiness]:
    """200 when the database answers, a worker is alive and no job is late; else 503 with what is wrong."""
    state = await readiness(services.db)
    return Response(state, status_code=200 if state.ready else 503)


@get("/metrics", include_in_schema=False, media_type=MediaType.TEXT, sync_to_thread=True)
def metrics(services: Services) -> Response[bytes]:
    """Written in a thread: after a while thousands of time series take more than 100 ms to write."""
    body, kind = metrics_text(services.settings.metrics_directory)
    return Response(body, headers={"content-type": kind})


class StyleGuidePage(PageContent, frozen=True, kw_only=True):
    TEMPLATE = "design/styleguide.html"


@get("/styleguide", include_in_schema=False)
async def style_guide(request: AnyRequest) -> Response[str]:
    return render(
        request,
        lang_of(request),
        StyleGuidePage(
            title="Style guide",
        ),
    )


HANDLERS: list[Any] = [
    choose_language,
    file,
    static_file,
    health,
    ready,
    metrics,
    style_guide,
    *VIDEOS,
    *INSTALLING,
    *WEBHOOKS,
]
