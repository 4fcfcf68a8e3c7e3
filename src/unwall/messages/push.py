"""Sending push messages: encrypted for one browser (RFC 8291), through the push service that the browser named."""

import asyncio
import time
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import http_ece
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.fetching import Fetcher, NotFetched, resolver_with
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.text import gettext
from unwall.messages import actions, reads, rules
from unwall.messages.push_lanes import OTHERS_AT_ONCE, PushLanes, Resting, host_of, is_known, seconds_for
from unwall.messages.values import Browser, NotificationKind, Push, PushJob, QuietHours, StaffPush
from unwall.messages.vapid import authorization

EXPIRES_SECONDS = 12 * 3600
RETRY_SECONDS = (60, 300, 1800)
"""Where a push service does not answer; after the last of them the message is given up."""
GONE = {403, 404, 410}
"""The subscription has ended, or was made for another key."""

log = structlog.get_logger()


class Payload(msgspec.Struct, frozen=True):
    """What the service worker shows (static/worker.js)."""

    title: str
    body: str
    url: str
    tag: str


class Pusher:
    """The handlers of `actions.PUSH` and `actions.PUSH_STAFF`. `contact` is told to push services."""

    def __init__(self, db: Database, secret: bytes, contact: str, fetcher: Fetcher | None = None) -> None:
        self._db = db
        self._secret = secret
        self._contact = contact
        self._known = fetcher or Fetcher(0)
        self._others = fetcher or Fetcher(0, resolver_with(OTHERS_AT_ONCE))
        self._lanes = PushLanes()

    async def push(self, payload: bytes) -> None:
        job = msgspec.json.decode(payload, type=PushJob)
        async with self._db.read() as conn:
            waiting = await reads.due_pushes(conn, job.notification_ids)
        due = [one for one in waiting if not job.subscription_ids or one.subscription_id in job.subscription_ids]
        at = now()
        waits = {one.notification_id: wait for one in due if (wait := _quiet_seconds(one, at))}
        await self._later(waits)
        awake = [one for one in due if one.notification_id not in waits]
        sent = await asyncio.gather(*(self._send(one.browser, _payload(one)) for one in awake))
        failed = [one for one, done in zip(awake, sent, strict=True) if not done]
        await self._retry(failed, job.attempt)

    async def push_to_staff(self, payload: bytes) -> None:
        """Once: who is not reached finds the message in the console."""
        told = msgspec.json.decode(payload, type=StaffPush)
        async with self._db.read() as conn:
            browsers = await reads.browsers_of(conn, told.staff_ids)
        await asyncio.gather(*(self._send(browser, _staff_payload(told, browser.lang)) for browser in browsers))

    async def _later(self, waits: dict[UUID, int]) -> None:
        async with self._db.transaction() as conn:
            for notification_id, seconds in waits.items():
                await actions.push_later(conn, [notification_id], seconds)

    async def _retry(self, failed: Sequence[Push], attempt: int) -> None:
        if not failed or attempt >= len(RETRY_SECONDS):
            return
        ids = sorted({one.notification_id for one in failed})
        again = PushJob(ids, sorted({one.subscription_id for one in failed}), attempt + 1)
        async with self._db.transaction() as conn:
            await enqueue(conn, [NewJob(actions.PUSH, msgspec.json.encode(again), RETRY_SECONDS[attempt])])

    async def _send(self, browser: Browser, payload: Payload) -> bool:
        """False where it is worth trying again."""
        host = host_of(browser.endpoint)
        try:
            async with self._lanes.place(host):
                status = await self._post(browser, payload)
        except Resting:
            return False
        except NotFetched as error:
            if error.lasting:
                await self._drop(browser.id)
            else:
                self._lanes.failed(host)
            return error.lasting
        except (http_ece.ECEException, ValueError):  # keys that are none
            await self._drop(browser.id)
            return True
        self._lanes.answered(host)
        if status in GONE:
            await self._drop(browser.id)
        elif status >= 300:
            log.warning("a push service refused a message", status=status)
        return not (status == 429 or status >= 500)

    async def _post(self, browser: Browser, payload: Payload) -> int:
        body = _encrypted(browser, msgspec.json.encode(payload))
        expires = int(time.time()) + EXPIRES_SECONDS
        headers = {
            **authorization(self._secret, browser.endpoint, self._contact, expires),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(rules.PUSH_SECONDS),
            "urgency": "normal",
        }
        host = host_of(browser.endpoint)
        fetcher = self._known if is_known(host) else self._others
        return await fetcher.post(browser.endpoint, body, headers, seconds_for(host))

    async def _drop(self, subscription_id: UUID) -> None:
        async with self._db.transaction() as conn:
            await actions.drop_subscription(conn, subscription_id)


def _encrypted(browser: Browser, text: bytes) -> bytes:
    """With a key pair of its own for each message, as RFC 8291 wants. Raises ECEException or ValueError where the
    browser's keys are none."""
    body: bytes = http_ece.encrypt(
        text,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_from_base64(browser.p256dh),
        auth_secret=_from_base64(browser.auth),
        version="aes128gcm",
    )
    return body


def _from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _quiet_seconds(push: Push, at: datetime) -> int:
    if push.quiet_start is None or push.quiet_finish is None or push.timezone is None:
        return 0
    return rules.wait_seconds(QuietHours(push.quiet_start, push.quiet_finish, push.timezone), at)


def _payload(push: Push) -> Payload:
    title = gettext(push.lang, rules.TITLES[push.kind])
    body = gettext(push.lang, push.text).format(**push.facts)
    return Payload(title, body, push.link, f"{push.kind}:{push.subject_id}")


def _staff_payload(told: StaffPush, lang: str) -> Payload:
    title = gettext(lang, rules.TITLES[NotificationKind.MESSAGE])
    return Payload(title, gettext(lang, told.text).format(**told.facts), told.link, f"staff:{told.subject_id}")
