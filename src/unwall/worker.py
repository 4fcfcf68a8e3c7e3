"""The background process: jobs and scheduled routines. `unwall serve` starts one besides its web processes."""

import asyncio
import signal
from collections.abc import Mapping
from functools import partial

import structlog

from unwall import settings
from unwall.insight.attribution import jobs as attribution
from unwall.insight.recommend import jobs as recommend
from unwall.journal import jobs as journal
from unwall.journal.jobs import parquet_folder
from unwall.kernel import idempotency, telemetry
from unwall.kernel.clock import now
from unwall.kernel.health import beat
from unwall.kernel.jobs import Handler, JobWorker, Routine
from unwall.kernel.secrets import install_secret
from unwall.kernel.shutdown import end_with_parent
from unwall.people.sessions import forget_expired
from unwall.services import Services, cancel, open_services
from unwall.settings import Settings

log = structlog.get_logger()


def main(parent: int | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until the process `parent` has ended; settings come from the environment."""
    asyncio.run(run(settings.load(), parent))


async def run(config: Settings, parent: int | None = None) -> None:
    telemetry.configure(config.log_format, config.log_level)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    orphan = asyncio.create_task(end_with_parent(parent)) if parent is not None else None
    async with open_services(config, install_secret(config.data)) as services:
        await work(services, stop)
    if orphan is not None:
        await cancel(orphan)


async def work(services: Services, stop: asyncio.Event) -> None:
    worker = JobWorker(services.db.url, handlers(services), routines(services))
    heartbeat = asyncio.create_task(beat(services.db, lambda: worker.connected))
    log.info("worker started")
    try:
        await worker.run(stop)
    finally:
        await cancel(heartbeat)
    log.info("worker stopped")


def handlers(services: Services) -> Mapping[str, Handler]:
    """Job handlers by entry point."""
    return {attribution.ATTRIBUTE: attribution.Attributor(services.db, services.settings.attribution_days)}


def routines(services: Services) -> Mapping[tuple[str, str], Routine]:
    """Scheduled routines by (name, cron expression)."""
    db, config = services.db, services.settings
    return {
        ("orders.sweep", "* * * * *"): partial(_sweep, services),
        ("journal.partitions", "7 * * * *"): partial(journal.prepare_days, db),
        ("journal.export", "20 3 * * *"): partial(journal.export_and_drop, db, config.data, config.journal_days),
        ("journal.touches", "30 3 * * *"): partial(journal.delete_old_touches, db, config.attribution_days),
        ("recommend.train", "40 3 * * *"): partial(recommend.train, db, services.files, parquet_folder(config.data)),
        ("people.forget", "50 3 * * *"): partial(_forget, services),
    }


async def _sweep(services: Services) -> None:
    swept = await services.checkout.sweep(now())
    if swept.finished or swept.expired or swept.voided:
        log.info("orders swept", finished=swept.finished, expired=swept.expired, voided=swept.voided)


async def _forget(services: Services) -> None:
    async with services.db.transaction() as conn:
        await forget_expired(conn, now())
        await idempotency.delete_expired(conn, now())
