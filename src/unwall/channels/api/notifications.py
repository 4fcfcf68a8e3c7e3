"""What shoppers are told: the list, what they want to be told of, and the browsers that take push messages."""

from typing import Any

import msgspec
from litestar import delete, get, post, put

from unwall.channels.api.callers import bearer_of
from unwall.channels.http.context import AnyRequest, origin_of
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.text import gettext
from unwall.messages import actions as messaging
from unwall.messages import reads as told
from unwall.messages import rules
from unwall.messages.values import Choice, Notification, PushSubscription, QuietHours
from unwall.messages.vapid import public_key
from unwall.people.attempts import count_act, count_attempt
from unwall.services import Services

SHOPPER = ["shopper"]
PAGE = 30


class ToldNotification(msgspec.Struct, frozen=True):
    """`words` are in the caller's language; `link` is a path of the shop."""

    notification: Notification
    words: str


class ReadAnswer(msgspec.Struct, frozen=True):
    read: int
    """how many were unread"""


class UnreadAnswer(msgspec.Struct, frozen=True):
    unread: int


class NotificationSettings(msgspec.Struct, frozen=True):
    """Each topic and channel, as chosen or as usual."""

    choices: list[Choice]
    quiet: QuietHours
    """in which no push message comes"""
    push_key: str
    """of this install, for the browser's push service"""


class SettingsChange(msgspec.Struct, frozen=True):
    """What is not named stays as it is."""

    choices: list[Choice] = []
    quiet: QuietHours | None = None


@get("/notifications", tags=SHOPPER)
async def notifications(services: Services, caller: Visit, after: str | None = None) -> ResultPage[ToldNotification]:
    """What the caller was told, newest first."""
    async with services.db.read() as conn:
        page = await told.notifications(conn, caller, after, PAGE)
    said = [ToldNotification(one, gettext(caller.lang, one.text).format(**one.facts)) for one in page.rows]
    return ResultPage(said, page.after)


@post("/notifications/read", tags=SHOPPER, status_code=200)
async def read_all(services: Services, caller: Visit) -> ReadAnswer:
    """All of them; again, it changes nothing."""
    async with services.db.transaction() as conn:
        return ReadAnswer(await messaging.mark_read(conn, caller, None, now()))


@get("/notifications/unread", tags=SHOPPER)
async def unread(services: Services, caller: Visit) -> UnreadAnswer:
    async with services.db.read() as conn:
        return UnreadAnswer(await told.unread(conn, caller))


@get("/notifications/settings", tags=SHOPPER)
async def settings(services: Services, caller: Visit) -> NotificationSettings:
    return await _settings(services, caller)


async def _settings(services: Services, caller: Visit) -> NotificationSettings:
    async with services.db.read() as conn:
        chosen = rules.choices_of(await told.choices(conn, caller))
        quiet = await told.quiet_hours(conn, caller) or rules.DEFAULT_QUIET
    choices = [Choice(topic, channel, wanted) for (topic, channel), wanted in chosen.items()]
    return NotificationSettings(choices, quiet, public_key(services.secret))


@put("/notifications/settings", tags=SHOPPER)
async def change_settings(services: Services, caller: Visit, data: SettingsChange) -> NotificationSettings:
    await count_act(services.db, caller, now())
    async with services.db.transaction() as conn:
        await messaging.choose(conn, caller, list({(one.topic, one.channel): one for one in data.choices}.values()))
        if data.quiet is not None:
            await messaging.keep_quiet_hours(conn, caller, data.quiet)
    return await _settings(services, caller)


@put("/push-subscription", status_code=204, tags=SHOPPER)
async def subscribe(request: AnyRequest, services: Services, caller: Visit, data: PushSubscription) -> None:
    """A browser takes push messages for the caller, as long as their sign-in lasts."""
    limits = rules.push_limits(caller.person_id, origin_of(request, services))
    await count_attempt(services.db, limits, now(), rules.TOO_MANY_BROWSERS)
    token = bearer_of(request) if caller.member_id else ""
    async with services.db.transaction() as conn:
        await messaging.subscribe(conn, caller.person_id, token, data, caller.lang)


@delete("/push-subscription", status_code=204, tags=SHOPPER)
async def unsubscribe(services: Services, caller: Visit, endpoint: str) -> None:
    async with services.db.transaction() as conn:
        await messaging.unsubscribe(conn, caller.person_id, endpoint)


HANDLERS: list[Any] = [
    notifications,
    read_all,
    unread,
    settings,
    change_settings,
    subscribe,
    unsubscribe,
]
