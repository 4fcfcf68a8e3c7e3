"""Events for tests."""

from datetime import UTC, datetime, timedelta

from unwall.journal.values import Event, EventKind
from unwall.kernel.ids import derived_id

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ANN, BOB, SHOP, SILK, LINEN, POST = (derived_id(word) for word in ("ann", "bob", "shop", "silk", "linen", "post"))


def event(name: object, kind: EventKind = EventKind.VIEW, *, minutes: float = 0, **more) -> Event:
    """The same name is the same event."""
    more = {"visitor_id": ANN, "merchant_id": SHOP, **more}
    return Event(id=derived_id("event", name), at=NOON + timedelta(minutes=minutes), kind=kind, **more)
