"""The journal with its trails and attribution, and what merchants say of pages."""

from uuid import UUID

from unwall.insight.pages.definition import PageDefinition, VersionState
from unwall.intake.dataset.records.base import Amount, Position, Record, When
from unwall.journal.values import Event, EventKind


class PinRecord(Record, frozen=True, kw_only=True):
    """A product that keeps a place on the home page; positions count from 0."""

    merchant_id: UUID
    position: Position
    product_id: UUID


class StorePageRecord(Record, frozen=True, kw_only=True):
    """A store page as it is being written."""

    merchant_id: UUID
    draft: PageDefinition


class StorePageVersionRecord(Record, frozen=True, kw_only=True):
    """What was published of a store page, or is to be."""

    merchant_id: UUID
    version: int
    state: VersionState
    definition: PageDefinition
    publish_at: When
    written_by: str


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
