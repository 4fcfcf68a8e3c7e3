"""Records of segments."""

from uuid import UUID

from unwall.insight.segments.values import Definition
from unwall.intake.dataset.records.base import Quantity, Record, When


class SegmentRecord(Record, frozen=True, kw_only=True):
    """Who is in it is worked out anew."""

    id: UUID
    merchant_id: UUID
    name: str
    definition: Definition
    version: Quantity = 1
    archived: bool = False
    changed_at: When


class SegmentVersionRecord(Record, frozen=True, kw_only=True):
    segment_id: UUID
    version: Quantity
    merchant_id: UUID
    name: str
    definition: Definition
    archived: bool = False
    saved_by: str
    saved_at: When
