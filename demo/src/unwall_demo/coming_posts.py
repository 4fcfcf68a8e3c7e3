"""Posts that the demo's merchants have written and not published yet: in the calendar, each of the merchant's newest
pictures and products with words of its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from unwall.content.posts.values import PostFormat, PostKind, PostState
from unwall.intake.dataset.records.content import PostMediaRecord, PostRecord, PostTagRecord, PostTranslationRecord
from unwall.kernel.ids import derived_id, id_at


class Coming(NamedTuple):
    """`days` from now, at this hour of the store's clock."""

    days: int
    hour: int
    title: str
    title_zh: str
    body: str
    body_zh: str


COMING = (
    Coming(
        1,
        18,
        "Tomorrow, on the long table",
        "明天，长桌上见",
        "Four things we made this week, before they go to the shops.",
        "这周做好的四样东西，进店之前先给你看。",
    ),
    Coming(
        3,
        10,
        "Ask us anything on Sunday",
        "周日，随便问",
        "Bring the question that you would ask across the counter.",
        "带上你会在柜台前问的那个问题。",
    ),
)


class Newest(NamedTuple):
    """What the merchant showed last."""

    merchant_id: UUID
    account_id: UUID
    media: list[PostMediaRecord]
    tags: list[PostTagRecord]


def coming_id(newest: Newest, number: int, now: datetime) -> UUID:
    return id_at(now - timedelta(hours=number + 1), derived_id("demo", "coming", newest.merchant_id, number).int)


def coming_posts(newest: Newest, author: str, now: datetime) -> Iterator[PostRecord]:
    for number, one in enumerate(COMING):
        at = (now + timedelta(days=one.days)).replace(hour=one.hour, minute=0, second=0, microsecond=0)
        yield PostRecord(
            id=coming_id(newest, number, now),
            merchant_id=newest.merchant_id,
            account_id=newest.account_id,
            kind=PostKind.LOOKBOOK if newest.tags else PostKind.NOTE,
            title=one.title,
            body=one.body,
            format=PostFormat.PLAIN,
            translations={"zh": PostTranslationRecord(title=one.title_zh, body=one.body_zh)},
            state=PostState.SCHEDULED,
            author=author,
            created_at=now - timedelta(hours=number + 1),
            scheduled_at=at,
        )


def coming_media(newest: Newest, now: datetime) -> Iterator[PostMediaRecord]:
    for number in range(len(COMING)):
        for media in newest.media:
            yield replace(media, post_id=coming_id(newest, number, now))


def coming_tags(newest: Newest, now: datetime) -> Iterator[PostTagRecord]:
    for number in range(len(COMING)):
        for tag in newest.tags:
            yield replace(tag, post_id=coming_id(newest, number, now))
