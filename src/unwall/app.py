"""The web process: combines routes, middleware and services. Contains no rules."""

import asyncio
import gc
import multiprocessing
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

import asyncpg
import structlog
from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.enums import HttpMethod, ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.types import Message, Scope

from unwall import __version__, settings
from unwall.channels import api, console, counter, shop
from unwall.channels.api.description import Described
from unwall.channels.http import places
from unwall.channels.http import routes as common
from unwall.channels.http.body_sizes import MAX_BODY_BYTES
from unwall.channels.http.compression import Compression
from unwall.channels.http.content_policy import CSP
from unwall.channels.http.context import (
    CSRF,
    provide_key,
    provide_member,
    provide_services,
    provide_staff,
    provide_visit,
)
from unwall.channels.http.csrf import MaskedCSRFMiddleware
from unwall.channels.http.errors import (
    on_crash,
    on_http_error,
    on_unavailable,
    on_unreadable,
    on_unwall_error,
    remember_staff,
)
from unwall.channels.http.head_requests import HeadAsGet
from unwall.channels.http.rendering import load_templates
from unwall.channels.http.request_limits import MAX_FORM_PARTS, BodyLimit, BoundedRequest, HeadLimit, check_request
from unwall.kernel import logs, telemetry
from unwall.kernel.database import LOST
from unwall.kernel.errors import UnwallError
from unwall.kernel.gazetteer import load_gazetteer
from unwall.kernel.secrets import install_secret
from unwall.kernel.shutdown import end_with_parent, on_stop_signal
from unwall.kernel.text import LANGUAGES
from unwall.services import cancel, open_services
from unwall.settings import Settings

SECURITY = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cache-control": "no-store",  # what a page says about a person must be gone when they have signed out
    "permissions-policy": "geolocation=(self), camera=(self), microphone=()",
}

OBJECTS_UNTIL_COLLECTED = 10_000
"""Python's own default is 700: a page makes some thousands."""

log = structlog.get_logger()


@cache
def create_app() -> Litestar:
    """The application factory that each server process calls; settings come from the environment. What was made before
    the processes were forked is theirs too, so that one that dies is back at once."""
    app = build(settings.load())
    prepare(app, app.state.config.data)
    return app


def build(config: Settings) -> Litestar:
    logs.configure(config.log_format, config.log_level)
    config.data.mkdir(parents=True, exist_ok=True)
    secret = install_secret(config.data)
    app = Litestar(
        route_handlers=[
            *common.HANDLERS,
            *places.HANDLERS,
            *shop.HANDLERS,
            *console.HANDLERS,
            *counter.HANDLERS,
            *api.HANDLERS,
        ],
        dependencies={
            "services": Provide(provide_services, sync_to_thread=False),
            "member": Provide(provide_member),
            "visit": Provide(provide_visit),
            "staff": Provide(provide_staff),
            "key": Provide(provide_key),
        },
        exception_handlers={
            UnwallError: on_unwall_error,
            HTTPException: on_http_error,
            UnicodeDecodeError: on_unreadable,
            RecursionError: on_unreadable,
            **dict.fromkeys((*LOST, asyncpg.InterfaceError, TimeoutError, ConnectionError), on_unavailable),
            Exception: on_crash,
        },
        after_exception=[remember_staff],
        request_class=BoundedRequest,
        middleware=[
            BodyLimit,
            Compression,
            DefineMiddleware(MaskedCSRFMiddleware, config=csrf_config(config, secret)),
        ],
        before_request=check_request,
        before_send=[_finish],
        lifespan=[_lifespan],
        state=State({"config": config, "secret": secret}),
        openapi_config=OpenAPIConfig(
            # unknown paths below this one get Litestar's own error page, so no other route is below it
            title="Unwall",
            version=__version__,
            path="/api/v1/openapi.json",
            render_plugins=[Described(path=["/", "/openapi.json"])],
            use_handler_docstrings=True,
        ),
        request_max_body_size=MAX_BODY_BYTES,
        multipart_form_part_limit=MAX_FORM_PARTS,  # the most of any route; BodyLimit counts by route
        debug=False,
    )
    # around everything, so that addresses without a route are counted too
    app.asgi_handler = telemetry.RequestTelemetry(HeadLimit(HeadAsGet(app.asgi_handler)))
    return app


def prepare(app: Litestar, data: Path) -> None:
    """Make what is made once, before a process listens, so that no request waits for it or runs beside it."""
    load_kept(data)
    _ = app.openapi_schema


def load_kept(data: Path) -> None:
    """What is made at the first start and kept under the data folder: it takes four seconds then, and a tenth of a
    second later."""
    for lang in LANGUAGES:
        load_templates(lang, data / "templates")
    load_gazetteer(data)


@contextmanager
def collecting_less() -> Iterator[None]:
    """The garbage collector leaves out what was made at the start, some half a million objects which it would look at
    again and again, and runs less often: it took a third of the time of a request that makes many objects."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(OBJECTS_UNTIL_COLLECTED, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def csrf_config(config: Settings, secret: bytes) -> CSRFConfig:
    return CSRFConfig(
        secret=secret.hex(),
        cookie_name=CSRF,
        header_name="x-csrftoken",
        cookie_httponly=True,
        cookie_secure=config.secure_cookies,
        cookie_samesite="lax",
        exclude=[
            "^/api/",
            "^/journal$",
            "^/static/",
            "^/files/",
            "^/healthz$",
            "^/readyz$",
            "^/metrics$",
            "^/unsubscribe/",
            "^/payments/",
        ],
    )


async def _finish(message: Message, scope: Scope) -> None:
    """Add the security headers, and the cookies that the handlers set, to every response, errors included."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.OPTIONS:
        routes = scope["litestar_app"].routes
        methods = {m for route in routes if route.path_format == scope.get("path_template") for m in route.methods}
        methods |= {"HEAD"} if "GET" in methods else set()
        headers["allow"] = ", ".join(sorted(methods))  # of all handlers of the address; Litestar names the first one's
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    for cookie in scope["state"].get("cookies", {}).values():
        headers.add("set-cookie", cookie.to_header(header=""))


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    config: Settings = app.state.config
    async with open_services(config, app.state.secret) as services:
        app.state.services = services
        await services.recommender.load()
        await asyncio.to_thread(prepare, app, config.data)
        tasks = [asyncio.create_task(services.recommender.watch()), asyncio.create_task(end_with_parent())]
        log.info("open", url=f"http://{config.host}:{config.port}")
        try:
            with collecting_less(), on_stop_signal(services.tasks.close), on_stop_signal(services.news.close):
                yield
        finally:
            for task in tasks:
                await cancel(task)


def make_kept(data: Path) -> None:
    """What is kept, each part in a process of its own: they take three to six seconds each."""
    forking = multiprocessing.get_context("fork")
    parts = [forking.Process(target=load_gazetteer, args=(data,))]
    parts += [forking.Process(target=load_templates, args=(lang, data / "templates")) for lang in LANGUAGES]
    for part in parts:
        part.start()
    for part in parts:
        part.join()


if __name__ == "__main__":
    make_kept(settings.load().data)
