"""What may be written, what an answer looks like, and when a store answers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from uuid import UUID

from opening_hours import OpeningHours, validate

from unwall.content.accounts.values import Actor, Owner
from unwall.content.conversations.values import AnsweringHours, MessageDraft, QuickReply, ResponseTimes
from unwall.kernel import typed
from unwall.kernel.clock import local
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_
from unwall.people.rules import PEOPLE_PER_NETWORK
from unwall.people.values import Staff

MAX_MESSAGE_CHARACTERS = 2000
"""SQL repeats it: the CHECK of message.body."""
MAX_KEY_CHARACTERS = 100
"""SQL repeats it: the CHECK of message.key."""
MAX_EXCERPT_CHARACTERS = 120
HIDDEN_EXCERPT = "…"
"""Of a message that moderators have dropped."""
MAX_QUICK_REPLIES = 100
MAX_TITLE_CHARACTERS = 60
MAX_HOURS_CHARACTERS = 200
MAX_AWAY_CHARACTERS = 500
WRITES_PER_WINDOW, ANSWERS_PER_WINDOW, NETWORK_WRITES_PER_WINDOW = 6, 24, 4 * PEOPLE_PER_NETWORK
"""Times `people.rules.ATTEMPTS_ALLOWED` messages in `ATTEMPT_WINDOW_MINUTES`: of one person, of one who answers for an
account, of one network."""
TOO_MANY = N_("You have written very often just now.")
MEASURED = timedelta(days=30)
MIN_ANSWERS = 5
"""Fewer say nothing about how fast a store answers."""
FAST_SECONDS = MappingProxyType(
    {600: N_("Usually answers within {minutes} minutes", minutes=10), 3600: N_("Usually answers within an hour")}
)
"""What shoppers are told if the median is at most so many seconds; nothing is said of slower stores."""
PLACEHOLDERS = ("name", "store", "order")


def writing_limits(person_id: UUID, network: str) -> dict[str, int]:
    """What a message to an account is counted under, as `attempts.count_attempt` takes it."""
    return {f"message:{person_id}": WRITES_PER_WINDOW, f"message@{network}": NETWORK_WRITES_PER_WINDOW}


def answering_limits(person_id: UUID) -> dict[str, int]:
    """As `writing_limits`, where a member answers for an account of theirs."""
    return {f"message:{person_id}": ANSWERS_PER_WINDOW}


def tidy(draft: MessageDraft) -> MessageDraft:
    """Raises `Invalid`."""
    if len(draft.body) > 2 * MAX_MESSAGE_CHARACTERS:
        raise _too_long()
    body = typed.paragraphs(draft.body)
    if not 0 < len(draft.key) <= MAX_KEY_CHARACTERS:
        raise Invalid.one("key", N_("Send the form of the page."))
    if len(body) > MAX_MESSAGE_CHARACTERS:
        raise _too_long()
    if not body and draft.picture is None:
        raise Invalid.one("body", N_("Write something, or choose a picture."))
    return MessageDraft(draft.key, body, draft.picture, draft.about)


def _too_long() -> Invalid:
    return Invalid.one("body", N_("Write at most {limit} characters.", limit=MAX_MESSAGE_CHARACTERS))


def excerpt(body: str) -> str:
    """The beginning, on one line; empty of a picture alone."""
    line = typed.line(body)
    return line if len(line) <= MAX_EXCERPT_CHARACTERS else line[: MAX_EXCERPT_CHARACTERS - 1] + "…"


def filled(body: str, facts: Mapping[str, str]) -> str:
    """A quick reply with its placeholders filled; what is not known is left out, and other braces stay."""
    for name in PLACEHOLDERS:
        body = body.replace("{" + name + "}", facts.get(name, "").replace("{", "").replace("}", ""))
    return typed.paragraphs(body)


def tidy_reply(title: str, body: str, reply: QuickReply) -> QuickReply:
    """Raises `Invalid` with every field that is wrong."""
    title, body = typed.line(title[: 4 * MAX_TITLE_CHARACTERS]), typed.paragraphs(body[: 2 * MAX_MESSAGE_CHARACTERS])
    errors = []
    if not 0 < len(title) <= MAX_TITLE_CHARACTERS:
        errors.append(
            FieldError("title", N_("Write a title of at most {limit} characters.", limit=MAX_TITLE_CHARACTERS))
        )
    if not 0 < len(body) <= MAX_MESSAGE_CHARACTERS:
        errors.append(FieldError("body", N_("Write at most {limit} characters.", limit=MAX_MESSAGE_CHARACTERS)))
    if errors:
        raise Invalid(errors)
    return QuickReply(reply.id, title, body)


def tidy_hours(hours: AnsweringHours) -> AnsweringHours:
    """Raises `Invalid` with every field that is wrong."""
    text = typed.line(hours.opening_hours[: 2 * MAX_HOURS_CHARACTERS])
    away = typed.paragraphs(hours.away_text[: 2 * MAX_AWAY_CHARACTERS])
    errors = []
    if text and (len(text) > MAX_HOURS_CHARACTERS or not validate(text)):
        errors.append(FieldError("opening_hours", N_('Write hours such as "Mo-Su 10:00-22:00".')))
    if len(away) > MAX_AWAY_CHARACTERS:
        errors.append(FieldError("away_text", N_("Write at most {limit} characters.", limit=MAX_AWAY_CHARACTERS)))
    if errors:
        raise Invalid(errors)
    return AnsweringHours(text, away)


def answers_now(hours: AnsweringHours, timezone: str, at: datetime) -> bool:
    """Whether the store answers at this moment, on its clock."""
    if not hours.opening_hours:
        return True
    return bool(_parsed(hours.opening_hours).is_open(local(at, timezone).replace(tzinfo=None)))


@lru_cache(maxsize=500)
def _parsed(text: str) -> OpeningHours:
    return OpeningHours(text)


def answering_actor(staff: Staff) -> Actor:
    """Who answers may also block who wrote, whether they may publish or not."""
    return Actor(f"staff:{staff.email}", Owner(merchant_id=staff.merchant_id))


def praise(times: ResponseTimes) -> str | None:
    """What shoppers are told about how fast a store answers; None if it is slow."""
    if times.median_seconds is None or times.answers < MIN_ANSWERS:
        return None
    return next((words for limit, words in FAST_SECONDS.items() if times.median_seconds <= limit), None)
