"""Time-ordered identifiers: UUID version 7 (RFC 9562), so that ids sort by creation and indexes grow at one end."""

import datetime
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

NAMESPACE = UUID("6f3c1d5e-6b1f-5c0e-9a57-2f0f4c8d1b7a")
"""The namespace of derived ids: the same parts give the same id on every install."""


def new_id() -> UUID:
    return uuid7()


def id_at(at: datetime.datetime, salt: int) -> UUID:
    """A version 7 id for a time in the past; `salt` (74 bits are used) keeps ids of one millisecond apart."""
    milliseconds = int(at.timestamp() * 1000)
    high, low = (salt >> 62) & 0xFFF, salt & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


def derived_id(*parts: object) -> UUID:
    """The same parts give the same id (RFC 9562 version 5), so that an import or a retry repeats its ids."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))


def parse_id(text: str) -> UUID | None:
    """None where the text is not an id: a URL with a wrong id is a page not found, not an error."""
    try:
        return UUID(text)
    except ValueError:
        return None
