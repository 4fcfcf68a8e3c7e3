"""The running program: the rooms put together. Holds no rules."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
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
from unwall.channels import api, common, console, counter, shop
from unwall.channels.api.description import Described
from unwall.channels.design import STATIC
from unwall.channels.errors import on_crash, on_http_error, on_unreadable, on_unwall_error
from unwall.channels.house import House
from unwall.channels.refusals import SMALL, FormLimit, refuse
from unwall.channels.visits import provide_house, provide_key, provide_staff, provide_visit
from unwall.commerce.orders.checkout import Checkout, Terms
from unwall.commerce.orders.gateway import TestGateway
from unwall.commerce.stock.desk import Desk
from unwall.insight.attribution import jobs as attribution
from unwall.insight.attribution.owners import Owners
from unwall.insight.recommend import jobs as recommend
from unwall.insight.recommend.recommender import Recommender
from unwall.journal import jobs as journal
from unwall.journal.ingest import Ingest
from unwall.kernel import telemetry
from unwall.kernel.clock import now
from unwall.kernel.database import connect
from unwall.kernel.errors import UnwallError
from unwall.kernel.files import open_files
from unwall.kernel.jobs import Handler, Routine, working
from unwall.kernel.notices import listening
from unwall.kernel.secrets import install_secret
from unwall.kernel.stopping import end_with_parent, when_asked_to_stop
from unwall.people.actions import forget_expired
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
    """What the server loads in each of its processes; settings come from the environment."""
    return build(settings.load())


def build(config: Settings) -> Litestar:
    telemetry.configure(config.log_format, config.log_level)
    config.data.mkdir(parents=True, exist_ok=True)
    secret = install_secret(config.data)
    return Litestar(
        route_handlers=[
            *common.HANDLERS, *shop.HANDLERS, *console.HANDLERS, *counter.HANDLERS, *api.HANDLERS,
            create_static_files_router(
                "/static", [STATIC], cache_control=CacheControlHeader(public=True, max_age=31536000, immutable=True)
            ),
        ],
        dependencies={
            "house": Provide(provide_house, sync_to_thread=False),
            "visit": Provide(provide_visit),
            "staff": Provide(provide_staff),
            "key": Provide(provide_key),
        },
        exception_handlers={
            UnwallError: on_unwall_error, HTTPException: on_http_error, UnicodeDecodeError: on_unreadable,
            RecursionError: on_unreadable, Exception: on_crash,
        },
        csrf_config=CSRFConfig(
            secret=secret.hex(), cookie_name="uw_csrf", header_name="x-csrftoken", cookie_httponly=True,
            cookie_secure=config.secure_cookies, cookie_samesite="lax",
            exclude=["^/api/", "^/journal$", "^/static/", "^/files/", "^/healthz$", "^/metrics$"],
        ),
        middleware=[telemetry.Watch, FormLimit],
        before_request=refuse,
        before_send=[_finish],
        lifespan=[partial(_lifespan, config=config, secret=secret)],
        openapi_config=OpenAPIConfig(
            # whatever is unknown below this path gets Litestar's own page, so nothing else lies there
            title="Unwall", version=__version__, path="/api/v1/openapi.json",
            render_plugins=[Described(path=["/", "/openapi.json"])], use_handler_docstrings=True,
        ),
        request_max_body_size=SMALL,
        debug=False,
    )  # fmt: skip


async def _finish(message: Message, scope: Scope) -> None:
    """Every answer, errors too: the security headers, and the cookies that the request asked for."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    for cookie in scope["state"].get("cookies", {}).values():
        headers.add("set-cookie", cookie.to_header(header=""))


@asynccontextmanager
async def _lifespan(app: Litestar, *, config: Settings, secret: bytes) -> AsyncIterator[None]:
    async with open_house(config, secret) as house, working(config.database_url, handlers(house), routines(house)):
        app.state.house = house
        log.info("open", url=f"http://{config.host}:{config.port}")
        orphan = asyncio.create_task(end_with_parent())
        with when_asked_to_stop(house.tasks.close):
            yield
        await _stop(orphan)


@asynccontextmanager
async def open_house(config: Settings, secret: bytes) -> AsyncIterator[House]:
    """Everything a request or a command needs; what still waits for its commit is answered before it closes."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(connect(config.database_url, size=config.pool_size))
        files = open_files(config.files_url, config.data)
        ingest, desk = Ingest(db), Desk(db)
        stack.push_async_callback(ingest.close)
        stack.push_async_callback(desk.close)
        checkout = Checkout(db, desk, TestGateway(db), Terms(pay_minutes=config.hold_minutes))
        recommender = Recommender(db, files)
        await recommender.refresh()
        watcher = asyncio.create_task(recommender.watch())
        stack.push_async_callback(_stop, watcher)
        tasks = await stack.enter_async_context(listening(config.database_url, "tasks"))
        yield House(config, secret, db, files, ingest, Owners(db), desk, checkout, recommender, tasks)


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def handlers(house: House) -> Mapping[str, Handler]:
    """Jobs by the name under which they are enqueued."""
    return {attribution.ATTRIBUTE: partial(attribution.attribute, house.db, house.settings.attribution_days)}


def routines(house: House) -> Mapping[tuple[str, str], Routine]:
    """What runs by the clock: (name, cron expression)."""
    return {
        ("orders.sweep", "* * * * *"): partial(_sweep, house),
        ("journal.partitions", "7 * * * *"): partial(journal.prepare_days, house.db),
        ("journal.export", "20 3 * * *"): partial(journal.export, house.db, house.settings.data),
        ("recommend.train", "40 3 * * *"): partial(recommend.train, house.db, house.files),
        ("people.forget", "50 3 * * *"): partial(_forget, house),
    }


async def _sweep(house: House) -> None:
    swept = await house.checkout.sweep(now())
    if swept.finished or swept.expired or swept.voided:
        log.info("orders swept", finished=swept.finished, expired=swept.expired, voided=swept.voided)


async def _forget(house: House) -> None:
    async with house.db.transaction() as conn:
        await forget_expired(conn, now())
