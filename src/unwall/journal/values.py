"""Events of the journal, visits, trails and touches.

UnwallError
└── Invalid     an event that a browser may not send, or that cannot be decoded; names `events[3].kind`
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
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
    FOLLOW = "follow"
    LIKE = "like"
    SHARE = "share"
    SEARCH = "search"
    ADD_TO_CART = "add-to-cart"
    CHECKOUT = "checkout"
    PURCHASE = "purchase"
    PICKUP = "pickup"
    COUNTER_SALE = "counter-sale"
    RETURN = "return"
    SHIPPED = "shipped"
    PUBLISH = "publish"
    """A post goes live; member_id is the one who owns its account, if any."""


BROWSER_KINDS = frozenset(
    {EventKind.IMPRESSION, EventKind.VIEW, EventKind.CLICK, EventKind.DWELL, EventKind.SHARE, EventKind.SEARCH}
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
        EventKind.ADD_TO_CART,
        EventKind.PURCHASE,
    }
)
"""The kinds that count as a touch of the event's post: opening it, a tap on it or on its tag, a like, a share, and
adding to the cart or buying from it. Impressions and dwell time are not touches.
"""


class Visit(msgspec.Struct, frozen=True):
    """The identity of a shopper as far as it is known, with language and place. Every behaviour event is recorded under
    it.
    """

    visitor_id: UUID
    session_id: UUID
    member_id: UUID | None
    lang: str
    place: Place | None = None

    @property
    def person_id(self) -> UUID:
        return self.member_id or self.visitor_id

    @property
    def person_ids(self) -> list[UUID]:
        """The ids of the member and the visitor, since events before the sign-in are stored under the visitor."""
        return [self.member_id, self.visitor_id] if self.member_id else [self.visitor_id]


# --- bodies: fields of one kind of event ------------------------------------------------------------------------------


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """The fields that only events of one kind have; the tag is the kind. Add a new body to `EventBody`."""

    @property
    def kind(self) -> EventKind:
        return EventKind(str(self.__struct_config__.tag))


class SearchBody(Body, frozen=True, tag=EventKind.SEARCH.value):
    query: Annotated[str, msgspec.Meta(max_length=200, pattern=NO_NUL)]


class DwellBody(Body, frozen=True, tag=EventKind.DWELL.value):
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)]


EventBody = SearchBody | DwellBody


# --- the event --------------------------------------------------------------------------------------------------------


class Stored(msgspec.Struct, frozen=True):
    """Annotates a field of `Event` whose PostgreSQL type does not follow from its Python type (`schema`)."""

    sql: str


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=NO_NUL)]


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
    slot: Annotated[int, Stored("smallint"), msgspec.Meta(ge=0, le=999)] | None = None
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
