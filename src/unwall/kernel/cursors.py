"""Cursor paging on time-ordered ids: no gap and no duplicate under inserts and deletes, and never an OFFSET.

A read asks for `limit + 1` rows strictly after the cursor; `page_of` drops the extra row and uses it to tell whether
there is another page.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from unwall.kernel.errors import Invalid

Row = TypeVar("Row")

LAST = UUID(int=(1 << 128) - 1)
"""The position before the first row of a listing from newest to oldest."""


class ResultPage(msgspec.Struct, Generic[Row], frozen=True):
    rows: list[Row]
    after: str | None
    """The cursor of the next page; None at the end."""


def encode(position: UUID) -> str:
    return urlsafe_b64encode(position.bytes).decode().rstrip("=")


def decode(cursor: str | None, *, field: str = "after") -> UUID:
    """`LAST` if there is no cursor; raises `Invalid` naming `field` if the text is not a cursor that `encode` made."""
    if not cursor:
        return LAST
    try:
        raw = urlsafe_b64decode(cursor + "==")
    except (Base64Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise Invalid.one(field, "This is not a cursor of ours; start again without it.")
    return UUID(bytes=raw)


def page_of(rows: Sequence[Row], limit: int, position: Callable[[Row], UUID]) -> ResultPage[Row]:
    kept = list(rows[:limit])
    return ResultPage(kept, encode(position(kept[-1])) if len(rows) > limit else None)
