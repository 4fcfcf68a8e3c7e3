"""The services of a process: opened once, passed to every channel, job and command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from unwall.commerce.orders.checkout import Checkout
from unwall.commerce.orders.gateway import TestGateway
from unwall.commerce.stock.hold_batcher import HoldBatcher
from unwall.insight.attribution.owners import Owners
from unwall.insight.pages.storefront_cache import StorefrontCache
from unwall.insight.recommend.recommender import Recommender
from unwall.journal.ingest import Ingest
from unwall.kernel.database import Database, connect
from unwall.kernel.files import Files, open_files
from unwall.kernel.notices import Notices, listening
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
    storefront: StorefrontCache
    tasks: Notices
    """Notices of changed fulfilment tasks, by node id."""


@asynccontextmanager
async def open_services(config: Settings, secret: bytes) -> AsyncIterator[Services]:
    """Opens the services; on exit, pending batches are committed before the pool closes."""
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(connect(config.database_url, size=config.pool_size))
        files = open_files(config.files_url, config.data)
        ingest, holds = Ingest(db), HoldBatcher(db)
        stack.push_async_callback(ingest.close)
        stack.push_async_callback(holds.close)
        checkout = Checkout(db, holds, TestGateway(db), pay_minutes=config.pay_minutes)
        stack.push_async_callback(checkout.close)
        bags = BagBatcher(db)
        stack.push_async_callback(bags.close)
        recommender = Recommender(db, files)
        storefront = StorefrontCache()
        await stack.enter_async_context(storefront.watching(config.database_url))
        tasks = await stack.enter_async_context(listening(config.database_url, "tasks"))
        yield Services(
            config, secret, db, files, ingest, Owners(db), holds, checkout, bags, recommender, storefront, tasks
        )


async def cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
