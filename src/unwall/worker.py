"""The background process: jobs and scheduled routines. `unwall serve` starts one besides its web processes."""

import asyncio
import signal
from collections.abc import Mapping
from functools import partial

import structlog
from msgspec import to_builtins

from unwall import settings
from unwall.catalogue import picture_fetch
from unwall.commerce.orders.gateway_events import EventApplier
from unwall.commerce.payments.reconcile import compare_payments
from unwall.commerce.payments.webhooks import APPLY_EVENT, delete_old_events
from unwall.content.discovery import jobs as discovery
from unwall.content.discovery.rules import parse_weights
from unwall.content.posts import jobs as posts
from unwall.content.search import jobs as search
from unwall.insight.attribution import jobs as attribution
from unwall.insight.pages import jobs as pages
from unwall.insight.profiles import jobs as profiles
from unwall.insight.profiles.values import Machine
from unwall.insight.recommend import jobs as recommend
from unwall.insight.reports import jobs as reports
from unwall.insight.segments.actions import MATERIALISE
from unwall.insight.segments.jobs import Materialiser
from unwall.journal import jobs as journal
from unwall.journal.jobs import parquet_folder
from unwall.kernel import idempotency, logs
from unwall.kernel.clock import now
from unwall.kernel.database import EXPORT, JOB, Database, connect
from unwall.kernel.files import Files
from unwall.kernel.health import beat
from unwall.kernel.jobs import Handler, JobWorker, Routine, delete_old_log
from unwall.kernel.notices import listening
from unwall.kernel.secrets import install_secret
from unwall.kernel.shutdown import end_with_parent
from unwall.media import jobs as media
from unwall.media import unused
from unwall.media.upload_rules import VIDEOS
from unwall.media.videos import VideoMaker
from unwall.messages import actions as messaging
from unwall.messages import jobs as messages
from unwall.messages.announcing import ANNOUNCE
from unwall.messages.gift_cards import SEND_GIFT_CARD, GiftCardMailer
from unwall.messages.hearing import ANSWER, TALK, TALK_MAIL
from unwall.messages.mail import transport_of
from unwall.messages.mailing import SEND_MAIL, Mailer, MailOrigin
from unwall.messages.push import Pusher
from unwall.people.sessions import forget_expired
from unwall.services import Services, cancel, open_services
from unwall.settings import Settings
from unwall.usecases import ask_for_reviews
from unwall.usecases.ask_for_reviews import ReviewRequests

EXPORT_POOL_SIZE = 3

log = structlog.get_logger()


def main(parent: int | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until the process `parent` has ended; settings come from the environment."""
    asyncio.run(run(settings.load(), parent))


async def run(config: Settings, parent: int | None = None) -> None:
    logs.configure(config.log_format, config.log_level)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    orphan = asyncio.create_task(end_with_parent(parent)) if parent is not None else None
    async with open_services(config, install_secret(config.data), JOB) as services:
        await work(services, stop)
    if orphan is not None:
        await cancel(orphan)


async def work(services: Services, stop: asyncio.Event) -> None:
    config = services.settings
    async with connect(services.db.url, size=EXPORT_POOL_SIZE, limits=EXPORT) as patient:
        trainer = recommend.Trainer(patient, services.files, parquet_folder(services.settings.data))
        machine = Machine(config.engine, config.engine_threads, config.engine_memory_mb)
        segments = Materialiser(patient, config.data)
        folders = profiles.ProfileFolders(config.data, parquet_folder(config.data))
        computer = profiles.Computer(patient, folders, machine, segments.refresh)
        worker = JobWorker(
            services.db.url,
            handlers(services, trainer, computer),
            routines(services, patient, trainer, computer),
        )
        heartbeat = asyncio.create_task(beat(services.db, lambda: worker.connected))
        videos = asyncio.create_task(_make_videos(services))
        log.info("worker started")
        try:
            await worker.run(stop)
        finally:
            await cancel(heartbeat)
            await cancel(videos)
    log.info("worker stopped")


def handlers(services: Services, trainer: recommend.Trainer, computer: profiles.Computer) -> Mapping[str, Handler]:
    """Job handlers by entry point."""
    requests = ReviewRequests(services.db, services.settings.review_hours)
    config = services.settings
    pusher = Pusher(services.db, services.secret, config.push_contact)
    transport = transport_of(config.mail_url)
    origin = MailOrigin(config.mail_from, config.public_url, services.secret)
    mailer = Mailer(services.db, origin, transport)
    teller = messages.Teller(services.db, mails=transport is not None)
    return {
        APPLY_EVENT: EventApplier(services.checkout),
        MATERIALISE: Materialiser(services.db, config.data).of_merchant,
        ask_for_reviews.HANDED_OVER: requests.handed_over,
        ask_for_reviews.ASK: requests.ask,
        attribution.ATTRIBUTE: attribution.Attributor(services.db, services.settings.attribution_days),
        profiles.COMPUTE: computer.computed_again,
        profiles.REFRESH: profiles.Refresher(services.db),
        picture_fetch.FETCH: picture_fetch.PictureFetcher(services.db, services.files),
        recommend.TRAIN: trainer.trained_again,
        posts.PUBLISH: posts.Publisher(services.db),
        pages.PUBLISH_PAGE: pages.PagePublisher(services.db),
        media.ADD_AVIF: media.AvifEncoder(services.files),
        messages.HEAR: messages.Hearer(services.db),
        ANNOUNCE: messages.Announcer(services.db),
        TALK: teller.tell,
        TALK_MAIL: teller.mail,
        ANSWER: teller.answer,
        messaging.MAIL: mailer.mail_unread,
        SEND_MAIL: mailer.send,
        SEND_GIFT_CARD: GiftCardMailer(services.db, origin, transport),
        messaging.PUSH: pusher.push,
        messaging.PUSH_STAFF: pusher.push_to_staff,
    }


def routines(
    services: Services, patient: Database, trainer: recommend.Trainer, computer: profiles.Computer
) -> Mapping[tuple[str, str], Routine]:
    """Scheduled routines by (name, cron expression). Exports and training have a pool of their own with longer limits,
    `patient`."""
    db, files, config = services.db, services.files, services.settings
    return {
        ("orders.sweep", "* * * * *"): partial(_sweep, services),
        ("payments.compare", "*/10 * * * *"): partial(_compare_payments, services),
        ("posts.sweep", "* * * * *"): posts.Publisher(db).sweep,
        ("pages.sweep", "* * * * *"): pages.PagePublisher(db).sweep,
        ("discovery.count", "*/5 * * * *"): partial(
            discovery.count_activity, db, parse_weights(config.discovery_weights)
        ),
        ("search.take-in", "* * * * *"): partial(search.take_in_changes, db),
        ("discovery.recount", "10 3 * * *"): partial(
            discovery.count_activity, patient, parse_weights(config.discovery_weights), discovery.LATE_HOURS
        ),
        ("journal.partitions", "7 * * * *"): partial(journal.prepare_days, db),
        ("journal.export", "20 3 * * *"): partial(journal.export_and_drop, patient, config.data, config.journal_days),
        ("journal.touches", "30 3 * * *"): partial(journal.delete_old_touches, db, config.attribution_days),
        ("reports.posts", "* * * * *"): partial(reports.count_posts, db),
        ("recommend.train", "40 3 * * *"): trainer,
        ("segments.refresh", "*/5 * * * *"): Materialiser(patient, config.data).refresh,
        ("profiles.compute", "50 3 * * *"): computer,
        ("messages.announce", "* * * * *"): messages.Announcer(db),
        ("messages.forget", "45 3 * * *"): partial(messages.forget, db),
        ("media.uploads", "*/10 * * * *"): partial(_sweep_uploads, services),
        ("media.unused", "25 4 * * *"): partial(_sweep_media, patient, files),
        ("people.forget", "50 3 * * *"): partial(_forget, services),
    }


async def _make_videos(services: Services) -> None:
    config = services.settings
    maker = VideoMaker(services.db, services.files, config.data / "videos", codecs=config.video_codecs)
    async with listening(services.db.url, VIDEOS) as notices:
        await maker.run(notices)


async def _sweep(services: Services) -> None:
    swept = await services.checkout.sweep(now())
    if swept.finished or swept.expired or swept.voided:
        log.info("orders swept", finished=swept.finished, expired=swept.expired, voided=swept.voided)


async def _compare_payments(services: Services) -> None:
    await EventApplier(services.checkout).sweep(now())
    await compare_payments(services.db, services.checkout.gateway, now())


async def _sweep_uploads(services: Services) -> None:
    if deleted := await services.uploads.sweep(now()):
        log.info("uploads expired", deleted=deleted)


async def _sweep_media(db: Database, files: Files) -> None:
    swept = await unused.sweep(db, files, now())
    if swept != unused.Swept():
        log.info("unused media swept", **to_builtins(swept))


async def _forget(services: Services) -> None:
    async with services.db.transaction() as conn:
        await forget_expired(conn, now())
        await idempotency.delete_expired(conn, now())
        await delete_old_log(conn, now())
        await delete_old_events(conn, now())
