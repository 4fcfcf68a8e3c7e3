"""Who is told of what, by default and at most, and when a push message has to wait."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID
from zoneinfo import available_timezones

from unwall.kernel.clock import local
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_
from unwall.messages.values import (
    Choice,
    NotificationChannel,
    NotificationKind,
    PushSubscription,
    QuietHours,
    Topic,
)
from unwall.people.rules import PEOPLE_PER_NETWORK

BROWSERS_PER_WINDOW = 2
"""Times `people.rules.ATTEMPTS_ALLOWED` subscriptions to push messages of one person in `ATTEMPT_WINDOW_MINUTES`."""
TOO_MANY_BROWSERS = N_("This was changed too often just now.")
TOPICS = MappingProxyType(
    {
        NotificationKind.ORDER_PAID: Topic.ORDERS,
        NotificationKind.ORDER_READY: Topic.ORDERS,
        NotificationKind.ORDER_SENT: Topic.ORDERS,
        NotificationKind.ORDER_COLLECTED: Topic.ORDERS,
        NotificationKind.ORDER_CANCELLED: Topic.ORDERS,
        NotificationKind.RETURN_STEP: Topic.ORDERS,
        NotificationKind.MESSAGE: Topic.MESSAGES,
        NotificationKind.POST: Topic.POSTS,
        NotificationKind.REVIEW_REQUEST: Topic.REVIEWS,
        NotificationKind.ANSWER: Topic.REVIEWS,
    }
)
TITLES = MappingProxyType(
    {
        NotificationKind.ORDER_PAID: N_("Your order is placed"),
        NotificationKind.ORDER_READY: N_("Ready to collect"),
        NotificationKind.ORDER_SENT: N_("Your order is on its way"),
        NotificationKind.ORDER_COLLECTED: N_("Collected"),
        NotificationKind.ORDER_CANCELLED: N_("Your order is cancelled"),
        NotificationKind.RETURN_STEP: N_("Your return"),
        NotificationKind.MESSAGE: N_("New message"),
        NotificationKind.POST: N_("New post"),
        NotificationKind.REVIEW_REQUEST: N_("How is it?"),
        NotificationKind.ANSWER: N_("Somebody answered you"),
    }
)
"""Above the words of a notification."""
DEFAULTS: Mapping[tuple[Topic, NotificationChannel], bool] = MappingProxyType(
    {
        (Topic.ORDERS, NotificationChannel.APP): True,
        (Topic.ORDERS, NotificationChannel.PUSH): True,
        (Topic.ORDERS, NotificationChannel.MAIL): False,
        (Topic.MESSAGES, NotificationChannel.APP): True,
        (Topic.MESSAGES, NotificationChannel.PUSH): True,
        (Topic.MESSAGES, NotificationChannel.MAIL): True,
        (Topic.POSTS, NotificationChannel.APP): False,
        (Topic.POSTS, NotificationChannel.PUSH): False,
        (Topic.POSTS, NotificationChannel.MAIL): False,
        (Topic.REVIEWS, NotificationChannel.APP): True,
        (Topic.REVIEWS, NotificationChannel.PUSH): False,
        (Topic.REVIEWS, NotificationChannel.MAIL): False,
    }
)
"""Where a person has not chosen. A push message also needs a browser that was subscribed, which is a choice itself; of
posts nobody is told who did not ask for it. A mail comes unasked only of answers to what the person has written."""

MAX_POSTS_PER_DAY = 10
"""Notifications of new posts to one person within 24 hours, over all accounts."""
MAX_POSTS_PER_ACCOUNT_AND_DAY = 3
CAP_PERIOD = timedelta(hours=24)
SLICE_FOLLOWERS = 1000
"""Followers that one step of an announcement looks at, in one transaction."""

MAIL_AFTER_SECONDS = 15 * 60
"""What nobody has read by then is told by mail, where it is wanted."""
MAIL_RETRY_SECONDS = (60, 300, 1800, 7200, 6 * 3600)
"""The pauses after which a mail is tried again if a mail server cannot take it; it is then given up."""
MAX_PROBLEM_CHARACTERS = 300

DEFAULT_QUIET = QuietHours(22, 8, "UTC")
"""Where somebody has not chosen; in the time zone that their browser named."""
KEPT = timedelta(days=90)
"""How long a notification is kept."""

MAX_ENDPOINT_CHARACTERS = 1000
MAX_KEY_CHARACTERS = 200
MAX_SUBSCRIPTIONS = 10
"""Browsers of one person; a new one replaces the oldest."""
MAX_FACT_CHARACTERS = 300
PUSH_SECONDS = 24 * 3600
"""How long a push service keeps a message for a browser that is offline."""


def push_limits(person_id: UUID, network: str) -> dict[str, int]:
    """What a subscription to push messages is counted under, as `attempts.count_attempt` takes it."""
    return {f"push:{person_id}": BROWSERS_PER_WINDOW, f"push@{network}": PEOPLE_PER_NETWORK}


def short(text: str, characters: int = MAX_FACT_CHARACTERS) -> str:
    """As a fact of a notification."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def choices_of(made: Iterable[Choice]) -> dict[tuple[Topic, NotificationChannel], bool]:
    """Each topic and channel: what the person chose, or the default."""
    return {**DEFAULTS, **{(choice.topic, choice.channel): choice.wanted for choice in made}}


def topics_by(channel: NotificationChannel) -> list[Topic]:
    """Those that everybody is told of by this channel who has not chosen otherwise."""
    return [topic for (topic, by), wanted in DEFAULTS.items() if wanted and by is channel]


def check_quiet(quiet: QuietHours) -> None:
    """Raises `Invalid` with every field that is wrong."""
    errors = [
        FieldError(field, N_("Choose an hour of the day."))
        for field, hour in (("start", quiet.start), ("finish", quiet.finish))
        if hour not in range(24)
    ]
    if quiet.timezone not in available_timezones():
        errors.append(FieldError("timezone", N_("This time zone is not known.")))
    if errors:
        raise Invalid(errors)


def wait_seconds(quiet: QuietHours, at: datetime) -> int:
    """How long a push message waits until the quiet hours are over; 0 outside them."""
    here = local(at, quiet.timezone)
    length = (quiet.finish - quiet.start) % 24
    if (here.hour - quiet.start) % 24 >= length:
        return 0
    end = here.replace(hour=quiet.finish, minute=0, second=0, microsecond=0)
    if end <= here:
        end += timedelta(days=1)
    return max(1, math.ceil((end.astimezone(UTC) - at).total_seconds()))


def check_subscription(subscription: PushSubscription) -> None:
    """Whether its address may be asked is told when it is (`kernel.fetching`). Raises `Invalid`."""
    if len(subscription.endpoint) > MAX_ENDPOINT_CHARACTERS or not subscription.endpoint.startswith("https://"):
        raise Invalid.one("endpoint", N_("This is not the address of a push service."))
    for field, key in (("p256dh", subscription.p256dh), ("auth", subscription.auth)):
        if not 0 < len(key) <= MAX_KEY_CHARACTERS or not key.isascii():
            raise Invalid.one(field, N_("This key cannot be used."))
