"""Validation of browser events, and the touches of products and posts that follow from events."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from unwall.journal.values import (
    BROWSER_FIELDS,
    BROWSER_KINDS,
    TOUCH_KINDS,
    TRAIL_KINDS,
    Event,
    PostTouch,
    ProductTouch,
    Visit,
)
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

MAX_BYTES = 64 * 1024
MAX_EVENTS = 100
AHEAD = timedelta(minutes=5)
BEHIND = timedelta(days=7)
_STRENGTH = {kind: n for n, kind in enumerate(TRAIL_KINDS)}

BrowserEvent = msgspec.defstruct(
    "BrowserEvent",
    [
        (field.name, field.type, field.default)
        for field in msgspec.structs.fields(Event)
        if field.name in BROWSER_FIELDS
    ],
    frozen=True,
    forbid_unknown_fields=True,
)
"""Those fields of `Event` that a browser may send."""

Beacon = msgspec.defstruct(
    "Beacon",
    [("events", Annotated[list[BrowserEvent], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)])],  # type: ignore[valid-type]
    frozen=True,
    forbid_unknown_fields=True,
)

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Beacon)


def accept(raw: bytes, visit: Visit, now: datetime) -> list[Event]:
    """The events of a beacon `{"events": [...]}`; raises `Invalid` naming every field that is wrong."""
    if len(raw) > MAX_BYTES:
        raise Invalid.one("body", N_("Send at most {limit} kB at once.", limit=MAX_BYTES // 1024))
    try:
        sent = _decoder.decode(raw).events
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise _located(str(error)) from error
    except msgspec.DecodeError as error:
        raise Invalid.one("body", f"The body is not valid JSON: {error}.") from error
    errors = [error for n, event in enumerate(sent) for error in _errors(n, event, now - BEHIND, now + AHEAD)]
    if errors:
        raise Invalid(errors)
    ids = visit.ids
    return [Event(**ids, **msgspec.structs.asdict(event)) for event in sent]


def _located(message: str) -> Invalid:
    """msgspec's message is "Expected ... - at `$.events[3].kind`"; `Invalid` has the field first."""
    words, _, place = message.partition(" - at `$.")
    missing = re.search(r"required field `(\w+)`|unknown field `(\w+)`", words)
    path = [place.rstrip("`")] if place else []
    if missing:
        path.append(missing[1] or missing[2])
    return Invalid.one(".".join(path) or "body", f"{words}.")


def _errors(n: int, event: Any, earliest: datetime, latest: datetime) -> list[FieldError]:
    """Checks that the types do not express."""
    kind, at, body = event.kind, event.at, event.body
    errors = []
    if kind not in BROWSER_KINDS:
        kinds = ", ".join(sorted(BROWSER_KINDS))
        errors.append(FieldError(f"events[{n}].kind", f"A browser may send {kinds}; not {kind}."))
    elif body is not None and body.kind is not kind:
        errors.append(FieldError(f"events[{n}].body", f"An event of kind {kind} has no body of kind {body.kind}."))
    if at > latest:
        errors.append(FieldError(f"events[{n}].at", N_("This time is in the future; check the clock.")))
    if at < earliest:
        errors.append(FieldError(f"events[{n}].at", N_("This is more than {limit} days ago.", limit=BEHIND.days)))
    return errors


def product_touches(events: Iterable[Event]) -> list[ProductTouch]:
    """One touch for each person and product, sorted by their ids."""
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
    """One touch for each person, time and post, in the order of the table's primary key."""
    touches: dict[tuple[int, datetime, int], PostTouch] = {}
    for event in events:
        person_id = event.person_id
        if event.post_id and person_id and event.kind in TOUCH_KINDS:
            key = person_id.int, event.at, event.post_id.int
            touches[key] = PostTouch(person_id, event.at, event.post_id, event.merchant_id)
    return [touches[key] for key in sorted(touches)]
