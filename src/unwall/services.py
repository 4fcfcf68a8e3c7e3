"""The services of a process: opened once, passed to every channel, job and command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.payments.gateway import Gateway
from unwall.commerce.payments.simulator import TestGateway
from unwall.commerce.payments.stripe_values import StripeKeys
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.content.discovery.reads import PoolScorer
from unwall.content.discovery.rules import parse_weights
from unwall.content.discovery.values import Scorer
from unwall.insight.attribution.owners import Owners
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.recommend.recommender import Recommender
from unwall.insight.segments.live import LiveCounts
from unwall.journal.ingest import Ingest
from unwall.kernel.database import PAGE, Database, WorkLimits, connect
from unwall.kernel.files import Files, open_files
from unwall.kernel.notices import Notices, listening
from unwall.media.uploads import Uploads
from unwall.settings import Settings
from unwall.usecases.add_to_bag import BagBatcher


@dataclass(frozen=True)
class Services:
    settings: Settings
    secret: bytes
    db: Database
    files: Files
    ingest: Ingest
    owners: Owners
    holds: HoldBatcher
    checkout: Checkout
    bags: BagBatcher
    recommender: Recommender
    segments: LiveCounts
    storefront: StorefrontCache
    scorer: Scorer
    """By what posts are discovered."""
    uploads: Uploads
    tasks: Notices
    """Notices of changed fulfilment tasks, by node id."""
    news: Notices
    """Notices of what is new: for a person (`messages.actions.person_topic`), in a conversation, for a store."""


@asynccontextmanager
async def open_services(config: Settings, secret: bytes, limits: WorkLimits = PAGE) -> AsyncIterator[Services]:
    """Opens the services; on exit, pending batches are committed before the pool closes."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(connect(config.database_url, size=config.pool_size, limits=limits))
        files = open_files(config.files_url, config.data)
        ingest, holds = Ingest(db), HoldBatcher(db)
        stack.push_async_callback(ingest.close)
        stack.push_async_callback(holds.close)
        storefront = StorefrontCache()
        await stack.enter_async_context(storefront.watching(config.database_url))
        checkout = Checkout(
            db, holds, gateway_of(config, db, secret), pay_minutes=config.pay_minutes, merchants=storefront
        )
        stack.push_async_callback(checkout.close)
        bags = BagBatcher(db)
        stack.push_async_callback(bags.close)
        recommender = Recommender(db, files, config.data / "models")
        tasks = await stack.enter_async_context(listening(config.database_url, "tasks"))
        news = await stack.enter_async_context(listening(config.database_url, "news"))
        scorer = PoolScorer(storefront.discovery, parse_weights(config.discovery_weights))
        yield Services(
            config,
            secret,
            db,
            files,
            ingest,
            Owners(db),
            holds,
            checkout,
            bags,
            recommender,
            LiveCounts(config.data),
            storefront,
            scorer,
            Uploads(db, files, config.data / "uploads"),
            tasks,
            news,
        )


def gateway_of(config: Settings, db: Database, secret: bytes) -> Gateway:
    """Stripe where the operator has set its key; its SDK takes a second to import, and only then is."""
    if not config.stripe_secret_key:
        return TestGateway(db, secret)
    keys = StripeKeys(
        config.stripe_secret_key,
        config.stripe_publishable_key,
        config.stripe_webhook_secret,
        config.stripe_api.rstrip("/"),
        config.stripe_script,
    )
    gateway: Gateway = import_module("unwall.commerce.payments.stripe_gateway").StripeGateway(db, keys)
    return gateway


async def cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
