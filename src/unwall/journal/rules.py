"""What a browser may tell the journal, and how a trail is laid."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from unwall.journal.values import BROWSER_KINDS, TRAIL_KINDS, Event, EventKind, Visit
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


LastTouch = tuple[UUID, UUID, EventKind, datetime]
"""Person, product, strongest kind, latest time."""


def last_touches(events: Iterable[Event]) -> list[LastTouch]:
    """One step for each person and product, in their order."""
    steps: dict[tuple[int, int], LastTouch] = {}
    for event in events:
        person = event.member_id or event.visitor_id
        if event.kind in _STRENGTH and event.product_id and person:
            key = person.int, event.product_id.int
            step = person, event.product_id, event.kind, event.at
            steps[key] = _joined(steps[key], step) if key in steps else step
    return [steps[key] for key in sorted(steps)]


def _joined(one: LastTouch, other: LastTouch) -> LastTouch:
    person, product, kind, at = other
    return person, product, max(one[2], kind, key=_STRENGTH.__getitem__), max(one[3], at)
