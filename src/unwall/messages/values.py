"""What people are told, and what they chose to be told.

UnwallError
└── Invalid     names the field of a choice or of a push subscription
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Topic(StrEnum):
    """What a person can choose to be told of."""

    ORDERS = "orders"
    MESSAGES = "messages"
    POSTS = "posts"
    REVIEWS = "reviews"


class NotificationChannel(StrEnum):
    APP = "app"
    PUSH = "push"
    MAIL = "mail"
    """To who has an address, where they have not looked for a while."""


class NotificationKind(StrEnum):
    ORDER_PAID = "order-paid"
    ORDER_READY = "order-ready"
    ORDER_SENT = "order-sent"
    ORDER_COLLECTED = "order-collected"
    ORDER_CANCELLED = "order-cancelled"
    RETURN_STEP = "return-step"
    """A return was accepted, refused, received or refunded."""
    MESSAGE = "message"
    POST = "post"
    REVIEW_REQUEST = "review-request"
    """Asked for once for each order line, after the goods came."""
    ANSWER = "answer"
    """To a review, question or comment of the person."""


class NewNotification(msgspec.Struct, frozen=True):
    """`text` is a message marked with `N_`; `facts` stand in the places that it names. `link` is a path of the shop."""

    person_id: UUID
    """A member; or a visitor: if they have signed in since, their member is told."""
    kind: NotificationKind
    subject_id: UUID
    """What it is about. A person is told once of each kind and subject, unless it `renews`."""
    text: str
    facts: dict[str, str]
    link: str
    renews: bool = False
    """What was told before of the same is unread again, with these facts."""


class Notification(msgspec.Struct, frozen=True):
    id: UUID
    kind: NotificationKind
    topic: Topic
    subject_id: UUID
    text: str
    facts: dict[str, str]
    link: str
    at: datetime
    read_at: datetime | None


class Choice(msgspec.Struct, frozen=True):
    topic: Topic
    channel: NotificationChannel
    wanted: bool


class QuietHours(msgspec.Struct, frozen=True):
    """From `start` to `finish`, hours of the day on the clock of `timezone`; alike: none."""

    start: int
    finish: int
    timezone: str


class PushSubscription(msgspec.Struct, frozen=True):
    """As a browser gives it: where its push service takes messages, and the keys that only this browser can open."""

    endpoint: str
    p256dh: str
    auth: str


class Browser(msgspec.Struct, frozen=True):
    """One that takes push messages."""

    id: UUID
    person_id: UUID
    endpoint: str
    p256dh: str
    auth: str
    lang: str


class Push(msgspec.Struct, frozen=True):
    """One notification for one browser."""

    notification_id: UUID
    kind: NotificationKind
    subject_id: UUID
    text: str
    facts: dict[str, str]
    link: str
    quiet_start: int | None
    quiet_finish: int | None
    timezone: str | None
    subscription_id: UUID
    endpoint: str
    p256dh: str
    auth: str
    lang: str

    @property
    def browser(self) -> Browser:
        return Browser(self.subscription_id, self.notification_id, self.endpoint, self.p256dh, self.auth, self.lang)


class PushJob(msgspec.Struct, frozen=True):
    """`subscription_ids`: only these browsers, whose push services did not answer at the attempts before."""

    notification_ids: list[UUID]
    subscription_ids: list[UUID] = []
    attempt: int = 0


class Announcement(msgspec.Struct, frozen=True):
    """A post whose followers are being told."""

    post_id: UUID
    account_id: UUID
    after: UUID | None


class Slice(msgspec.Struct, frozen=True):
    """What one step of an announcement did."""

    post_id: UUID
    account_id: UUID
    followers: int
    told: int


class StaffPush(msgspec.Struct, frozen=True):
    """A push message for those of a store's staff who take them."""

    staff_ids: list[UUID]
    subject_id: UUID
    text: str
    facts: dict[str, str]
    link: str


class NewMail(msgspec.Struct, frozen=True):
    """`title` and `text` are messages marked with `N_`; `facts` stand in the places that they name. `link` is a path
    that the button of the mail leads to. Two with the same id are one."""

    id: UUID
    person_id: UUID
    topic: Topic
    title: str
    text: str
    facts: dict[str, str]
    link: str


class Mail(NewMail, frozen=True):
    """One that waits to be sent, with where it goes now."""

    attempts: int
    created_at: datetime
    email: str
    name: str
    lang: str


class MailJob(msgspec.Struct, frozen=True):
    """Notifications whose persons get a mail if they have not read them by then."""

    notification_ids: list[UUID]
