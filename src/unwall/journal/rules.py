"""What a browser may send to the journal, and what events say of the products and posts that a person touched."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from unwall.journal.values import (
    BROWSER_KINDS,
    TOUCH_KINDS,
    TRAIL_KINDS,
    Event,
    EventKind,
    PostTouch,
    ProductTouch,
    Visit,
)
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

COLUMNS = Event.__struct_fields__
"""Of the table, in the order of `Event`'s fields."""

MOST_BYTES = 64 * 1024
MOST_EVENTS = 100
AHEAD = timedelta(minutes=5)
BEHIND = timedelta(days=7)
_STRENGTH = {kind: n for n, kind in enumerate(TRAIL_KINDS)}

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[^\x00]*$")]
Query = Annotated[str, msgspec.Meta(max_length=200, pattern="^[^\x00]*$")]


class BrowserEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser says happened. Who it was, and whose the things are, the server knows better."""

    id: UUID
    kind: EventKind
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    account_id: UUID | None = None
    post_id: UUID | None = None
    product_id: UUID | None = None
    variant_id: UUID | None = None
    page: Word | None = None
    slot: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    policy: Word | None = None
    query: Query | None = None
    """Of a search."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] | None = None
    """Of a dwell."""


class Beacon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: Annotated[list[BrowserEvent], msgspec.Meta(min_length=1, max_length=MOST_EVENTS)]


_decoder = msgspec.json.Decoder(Beacon)


def accept(raw: bytes, visit: Visit, now: datetime) -> list[Event]:
    """The events of a beacon `{"events": [...]}`; raises `Invalid` naming every field that is wrong."""
    if len(raw) > MOST_BYTES:
        raise Invalid.one("body", N_("Send at most 64 kB at once."))
    try:
        told = _decoder.decode(raw).events
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise _located(str(error)) from error
    except msgspec.DecodeError as error:
        raise Invalid.one("body", f"This is not JSON: {error}.") from error
    errors = [error for n, event in enumerate(told) for error in _faults(n, event, now)]
    if errors:
        raise Invalid(errors)
    return [_event(event, visit) for event in told]


def _located(message: str) -> Invalid:
    """msgspec says "Expected ... - at `$.events[3].kind`"; people want the place first."""
    words, _, place = message.partition(" - at `$.")
    missing = re.search(r"required field `(\w+)`|unknown field `(\w+)`", words)
    path = [place.rstrip("`")] if place else []
    if missing:
        path.append(missing[1] or missing[2])
    return Invalid.one(".".join(path) or "body", f"{words}.")


def _faults(n: int, event: BrowserEvent, now: datetime) -> Iterable[FieldError]:
    if event.kind not in BROWSER_KINDS:
        kinds = ", ".join(sorted(BROWSER_KINDS))
        yield FieldError(f"events[{n}].kind", f"A browser may tell of {kinds}; not of {event.kind}.")
    if event.at > now + AHEAD:
        yield FieldError(f"events[{n}].at", N_("This time is still to come; is the clock right?"))
    if event.at < now - BEHIND:
        yield FieldError(f"events[{n}].at", N_("This is more than seven days ago."))


def _event(told: BrowserEvent, visit: Visit) -> Event:
    body = {name: value for name in ("query", "seconds") if (value := getattr(told, name)) is not None}
    return Event(
        id=told.id,
        at=told.at,
        kind=told.kind,
        visitor_id=visit.visitor_id,
        member_id=visit.member_id,
        session_id=visit.session_id,
        account_id=told.account_id,
        post_id=told.post_id,
        product_id=told.product_id,
        variant_id=told.variant_id,
        page=told.page,
        slot=told.slot,
        policy=told.policy,
        body=body or None,
    )


def product_touches(events: Iterable[Event]) -> list[ProductTouch]:
    """One for each person and product, in the order of their ids."""
    touches: dict[tuple[int, int], ProductTouch] = {}
    for event in events:
        person_id = event.person_id
        if event.kind in _STRENGTH and event.product_id and person_id:
            key = person_id.int, event.product_id.int
            touch = ProductTouch(person_id, event.product_id, event.kind, event.at)
            touches[key] = _joined(touches[key], touch) if key in touches else touch
    return [touches[key] for key in sorted(touches)]


def _joined(one: ProductTouch, other: ProductTouch) -> ProductTouch:
    kind = max(one.kind, other.kind, key=_STRENGTH.__getitem__)
    return ProductTouch(one.person_id, one.product_id, kind, max(one.at, other.at))


def post_touches(events: Iterable[Event]) -> list[PostTouch]:
    """In the order of the table's key."""
    touches: dict[tuple[int, datetime, int], PostTouch] = {}
    for event in events:
        person_id = event.person_id
        if event.post_id and person_id and event.kind in TOUCH_KINDS:
            key = person_id.int, event.at, event.post_id.int
            touches[key] = PostTouch(person_id, event.at, event.post_id, event.merchant_id)
    return [touches[key] for key in sorted(touches)]
