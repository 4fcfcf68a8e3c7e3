"""The journal's columns, derived from the fields of `Event`: for COPY, export and imports.

`migrations/0002_journal.sql` creates the table; a test compares the two.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import msgspec

from unwall.journal.values import Event, Stored

_SQL_TYPES: dict[Any, str] = {UUID: "uuid", datetime: "timestamptz", str: "text", int: "int", float: "real"}


class Column(msgspec.Struct, frozen=True):
    """`sql` is the PostgreSQL type."""

    name: str
    sql: str
    required: bool


def _column(field: msgspec.structs.FieldInfo) -> Column:
    parts = list(_parts(field.type))
    stored = next((part.sql for part in parts if isinstance(part, Stored)), None)
    return Column(field.name, stored or _sql_type(parts[0]), field.required)


def _parts(annotation: Any) -> Iterator[Any]:
    """The type of an annotation without `| None`, followed by its metadata."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _parts(inner)
        yield from more
    elif members := [member for member in get_args(annotation) if member is not type(None)]:
        yield from _parts(members[0])
    else:
        yield annotation


def _sql_type(kind: type) -> str:
    if issubclass(kind, msgspec.Struct):
        return "jsonb"
    return _SQL_TYPES[str if issubclass(kind, StrEnum) else kind]


COLUMNS = tuple(map(_column, msgspec.structs.fields(Event)))
NAMES = tuple(column.name for column in COLUMNS)
