"""The journal, and the trails, attribution and pins that belong to it."""

from uuid import UUID

from unwall.intake.dataset.records.base import Amount, Position, Record, When
from unwall.journal.values import Event, EventKind


class PinRecord(Record, frozen=True, kw_only=True):
    merchant_id: UUID
    page: str
    position: Position
    product_id: UUID


class AttributionRecord(Record, frozen=True, kw_only=True):
    """The post that an order is credited to."""

    order_id: UUID
    merchant_id: UUID
    post_id: UUID
    rule: str
    amount: Amount
    touched_at: When
    ordered_at: When


class TrailRecord(Record, frozen=True, kw_only=True):
    """A product that a person touched: when they last did, and the strongest kind of touch so far."""

    person_id: UUID
    product_id: UUID
    kind: EventKind
    at: When


class JournalRecord(Event, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One entry of the journal, as `journal.values.Event` defines it."""
