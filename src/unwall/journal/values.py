"""Events of the journal, visits, trails and touches.

UnwallError
└── Invalid     an event that a browser may not send, or that cannot be decoded; names `events[3].kind`
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypedDict
from uuid import UUID

import msgspec

from unwall.kernel.geo import Place

NO_NUL = "^[^\x00]*$"
"""A pattern: PostgreSQL stores no NUL characters."""


class EventKind(StrEnum):
    IMPRESSION = "impression"
    VIEW = "view"
    CLICK = "click"
    DWELL = "dwell"
    VIDEO_START = "video-start"
    """A video began to play where it could be seen."""
    VIDEO_QUARTILE = "video-quartile"
    """Another quarter of a video has been watched: seconds that were played and seen, each counted once, so that a
    jump to the end completes nothing."""
    WATCH = "watch"
    """How much of a video was watched, told when its page is left or the video is passed."""
    FOLLOW = "follow"
    LIKE = "like"
    SHARE = "share"
    HIDE = "hide"
    """A person does not want to see this post or product."""
    MUTE = "mute"
    """A person does not want to see posts of this account."""
    BLOCK = "block"
    """A person wants nothing to do with this account."""
    COMMENT = "comment"
    SAVE = "save"
    """A post, a product or a bundle (in the body) is saved for later. No touch: who saves a post has opened it."""
    REVIEW = "review"
    QUESTION = "question"
    SEARCH = "search"
    ADD_TO_CART = "add-to-cart"
    CHECKOUT = "checkout"
    PURCHASE = "purchase"
    PICKUP = "pickup"
    COUNTER_SALE = "counter-sale"
    RETURN = "return"
    """Units of a line came back, or are refunded without; `amount` is the part of the purchase that is undone."""
    RETURN_ACCEPTED = "return-accepted"
    RETURN_REFUSED = "return-refused"
    RETURN_RECEIVED = "return-received"
    RETURN_REFUNDED = "return-refunded"
    SHIPPED = "shipped"
    READY = "ready"
    """A shipment is packed."""
    CANCEL = "cancel"
    """A paid order is cancelled."""
    REVIEW_REQUEST = "review-request"
    """A buyer is asked what they think of what they bought."""
    MESSAGE = "message"
    """A shopper and a store write to each other; the event's id is the message's."""
    PUBLISH = "publish"
    """A post goes live; member_id is the one who owns its account, if any."""


BROWSER_KINDS = frozenset(
    {
        EventKind.IMPRESSION,
        EventKind.VIEW,
        EventKind.CLICK,
        EventKind.DWELL,
        EventKind.SHARE,
        EventKind.SEARCH,
        EventKind.VIDEO_START,
        EventKind.VIDEO_QUARTILE,
        EventKind.WATCH,
    }
)
"""The kinds that a browser may send; the others are facts, recorded by actions."""

TRAIL_KINDS = (EventKind.VIEW, EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE)
"""Kinds that count for a person's trail of products, from the weakest signal to the strongest."""

TOUCH_KINDS = frozenset(
    {
        EventKind.VIEW,
        EventKind.CLICK,
        EventKind.LIKE,
        EventKind.SHARE,
        EventKind.PURCHASE,
    }
)
"""The kinds that count as a touch of the event's post: opening its page, a tap on it or on its tag, a like, a share,
and a purchase from it. An impression is not a touch, and dwell is an impression that lasted.
"""


class VisitIds(TypedDict):
    """The ids of a visit, as an event or an order has them: `Event(..., **visit.ids)`."""

    visitor_id: UUID
    member_id: UUID | None
    session_id: UUID


class Visit(msgspec.Struct, frozen=True):
    """The identity of a shopper as far as it is known, with language and place. Every behaviour event is recorded under
    it.
    """

    visitor_id: UUID
    session_id: UUID
    member_id: UUID | None
    lang: str
    place: Place | None = None
    network: str = ""
    """The network address that asks: several people may stand behind it, and limits count by it. Not recorded."""

    @property
    def person_id(self) -> UUID:
        return self.member_id or self.visitor_id

    @property
    def person_ids(self) -> list[UUID]:
        """The ids of the member and the visitor, since events before the sign-in are stored under the visitor."""
        return [self.member_id, self.visitor_id] if self.member_id else [self.visitor_id]

    @property
    def ids(self) -> VisitIds:
        return {"visitor_id": self.visitor_id, "member_id": self.member_id, "session_id": self.session_id}


# --- bodies: fields of one kind of event ------------------------------------------------------------------------------


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """The fields that only events of one kind have; the tag is the kind. Add a new body to `EventBody`."""

    @property
    def kind(self) -> EventKind:
        return EventKind(str(self.__struct_config__.tag))


MAX_QUERY_CHARACTERS = 200
MAX_GUARANTEE_CHARACTERS = 40
"""Of a search."""
MAX_SECONDS = 86_400
"""Of one look at a post or video: a day."""
MAX_SLOT = 999
"""Of a page, counted from 0."""


class SearchBody(Body, frozen=True, tag=EventKind.SEARCH.value):
    query: Annotated[str, msgspec.Meta(max_length=MAX_QUERY_CHARACTERS, pattern=NO_NUL)]


class DwellBody(Body, frozen=True, tag=EventKind.DWELL.value):
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)]


class VideoStartBody(Body, frozen=True, tag=EventKind.VIDEO_START.value):
    video_id: UUID
    by_itself: bool
    """it was in view, and nobody pressed it"""


class VideoQuartileBody(Body, frozen=True, tag=EventKind.VIDEO_QUARTILE.value):
    video_id: UUID
    quartile: Annotated[int, msgspec.Meta(ge=1, le=4)]
    """4: at least 95 % of it was watched"""


class WatchBody(Body, frozen=True, tag=EventKind.WATCH.value):
    video_id: UUID
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)]
    """played and seen, repetitions included"""
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """of the video's seconds, each counted once"""


class SaveBody(Body, frozen=True, tag=EventKind.SAVE.value):
    bundle_id: UUID


class ImpressionBody(Body, frozen=True, tag=EventKind.IMPRESSION.value, omit_defaults=True):
    score: float | None = None
    """of the recommender"""
    guarantee: Annotated[str, msgspec.Meta(max_length=MAX_GUARANTEE_CHARACTERS, pattern=NO_NUL)] | None = None
    """the guarantee of the page without which another item might have been shown"""


EventBody = ImpressionBody | SearchBody | DwellBody | VideoStartBody | VideoQuartileBody | WatchBody | SaveBody


# --- the event --------------------------------------------------------------------------------------------------------


class Stored(msgspec.Struct, frozen=True):
    """Annotates a field of `Event` whose PostgreSQL type does not follow from its Python type (`schema`)."""

    sql: str


_MAX_NAME_CHARACTERS = 100
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_NAME_CHARACTERS, pattern=NO_NUL)]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event: the fields are the columns of the table, in their order (`schema.COLUMNS`).

    (id, at) identifies it: a retry repeats both. The limits hold for events that come as JSON.
    """

    id: UUID
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    kind: EventKind
    merchant_id: UUID | None = None
    visitor_id: UUID | None = None
    member_id: UUID | None = None
    session_id: UUID | None = None
    account_id: UUID | None = None
    post_id: UUID | None = None
    product_id: UUID | None = None
    variant_id: UUID | None = None
    order_id: UUID | None = None
    node_id: UUID | None = None
    page: Name | None = None
    """`PAGE` or `PAGE/MODULE`, such as `home/for-you`."""
    slot: Annotated[int, Stored("smallint"), msgspec.Meta(ge=0, le=MAX_SLOT)] | None = None
    policy: Name | None = None
    propensity: Annotated[float, Stored("real")] | None = None
    """How likely the policy was to put this item into this slot."""
    quantity: int | None = None
    amount: Annotated[int, Stored("bigint")] | None = None
    """Minor units of the merchant's currency."""
    body: EventBody | None = None

    def __post_init__(self) -> None:
        if self.body is not None and self.body.kind is not self.kind:
            raise ValueError(f"a {self.kind} event has no {self.body.kind} body")

    @property
    def person_id(self) -> UUID | None:
        return self.member_id or self.visitor_id


BROWSER_FIELDS = (
    "id",
    "at",
    "kind",
    "account_id",
    "post_id",
    "product_id",
    "variant_id",
    "page",
    "slot",
    "policy",
    "body",
)
"""The fields that a browser may send. The person is taken from the visit, the merchant from the event's product, post
or account.
"""


class Trail(msgspec.Struct, frozen=True):
    """A product that a person touched: when they last did, and the strongest kind of touch so far."""

    product_id: UUID
    kind: EventKind
    at: datetime


class ProductTouch(msgspec.Struct, frozen=True):
    """A row of the table trail; `kind` is the strongest so far."""

    person_id: UUID
    product_id: UUID
    kind: EventKind
    at: datetime


class PostTouch(msgspec.Struct, frozen=True):
    """A row of the table touch; `merchant_id` is the event's."""

    person_id: UUID
    at: datetime
    post_id: UUID
    merchant_id: UUID | None


class DayCount(msgspec.Struct, frozen=True):
    day: date
    kind: EventKind
    entries: int


class ExportedDay(msgspec.Struct, frozen=True):
    """A part of a day of UTC as it was written to Parquet; `file` is relative to the export's folder."""

    day: date
    part: int
    rows: int
    file: str
    checksum: str
