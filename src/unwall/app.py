"""The web process: combines routes, middleware and services. Contains no rules."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog
from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import Message, Scope

from unwall import __version__, settings
from unwall.channels import api, console, counter, shop
from unwall.channels.api.description import Described
from unwall.channels.design import STATIC
from unwall.channels.http import routes as common
from unwall.channels.http.context import provide_key, provide_member, provide_services, provide_staff, provide_visit
from unwall.channels.http.errors import on_crash, on_http_error, on_unreadable, on_unwall_error
from unwall.channels.http.request_limits import MAX_BODY_BYTES, FormLimit, check_request
from unwall.kernel import telemetry
from unwall.kernel.errors import UnwallError
from unwall.kernel.secrets import install_secret
from unwall.kernel.shutdown import end_with_parent, on_stop_signal
from unwall.services import cancel, open_services
from unwall.settings import Settings

CSP = (
    "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cache-control": "private, no-cache",
    "permissions-policy": "geolocation=(self), camera=(self), microphone=()",
}

log = structlog.get_logger()


def create_app() -> Litestar:
    """The application factory that each server process calls; settings come from the environment."""
    return build(settings.load())


def build(config: Settings) -> Litestar:
    telemetry.configure(config.log_format, config.log_level)
    config.data.mkdir(parents=True, exist_ok=True)
    secret = install_secret(config.data)
    return Litestar(
        route_handlers=[
            *common.HANDLERS,
            *shop.HANDLERS,
            *console.HANDLERS,
            *counter.HANDLERS,
            *api.HANDLERS,
            create_static_files_router(
                "/static", [STATIC], cache_control=CacheControlHeader(public=True, max_age=31536000, immutable=True)
            ),
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
            Exception: on_crash,
        },
        csrf_config=CSRFConfig(
            secret=secret.hex(),
            cookie_name="uw_csrf",
            header_name="x-csrftoken",
            cookie_httponly=True,
            cookie_secure=config.secure_cookies,
            cookie_samesite="lax",
            exclude=["^/api/", "^/journal$", "^/static/", "^/files/", "^/healthz$", "^/readyz$", "^/metrics$"],
        ),
        middleware=[telemetry.RequestTelemetry, FormLimit],
        before_request=check_request,
        before_send=[_finish],
        lifespan=[partial(_lifespan, config=config, secret=secret)],
        openapi_config=OpenAPIConfig(
            # unknown paths below this one get Litestar's own error page, so no other route is below it
            title="Unwall",
            version=__version__,
            path="/api/v1/openapi.json",
            render_plugins=[Described(path=["/", "/openapi.json"])],
            use_handler_docstrings=True,
        ),
        request_max_body_size=MAX_BODY_BYTES,
        debug=False,
    )


async def _finish(message: Message, scope: Scope) -> None:
    """Add the security headers, and the cookies that the handlers set, to every response, errors included."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    for cookie in scope["state"].get("cookies", {}).values():
        headers.add("set-cookie", cookie.to_header(header=""))


@asynccontextmanager
async def _lifespan(app: Litestar, *, config: Settings, secret: bytes) -> AsyncIterator[None]:
    async with open_services(config, secret) as services:
        app.state.services = services
        await services.recommender.load()
        tasks = [asyncio.create_task(services.recommender.watch()), asyncio.create_task(end_with_parent())]
        log.info("open", url=f"http://{config.host}:{config.port}")
        with on_stop_signal(services.tasks.close):
            yield
        for task in tasks:
            await cancel(task)
