"""One definition of an event: its fields, the table, and what is derived from them."""

import msgspec
import pyarrow as pa
import pytest

from tests.journal.events import event
from unwall.journal.export import SCHEMA
from unwall.journal.rules import BrowserEvent
from unwall.journal.schema import COLUMNS, Column
from unwall.journal.values import BROWSER_FIELDS, BROWSER_KINDS, DwellBody, Event, EventBody, EventKind, SearchBody

ALIASES = {"timestamptz": "timestamp with time zone", "int": "integer"}


async def test_the_table_has_the_fields_of_the_event(db):
    async with db.read() as conn:
        found = await conn.fetch(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
            " WHERE attrelid = 'journal'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
    assert [tuple(record) for record in found] == [
        *((column.name, ALIASES.get(column.sql, column.sql), column.required) for column in COLUMNS),
        ("arrival", "bigint", True),
    ]


def test_types_follow_from_the_fields():
    by_name = {column.name: column for column in COLUMNS}
    assert by_name["kind"] == Column("kind", "text", required=True)
    assert by_name["slot"] == Column("slot", "smallint", required=False)
    assert by_name["body"] == Column("body", "jsonb", required=False)
    assert SCHEMA.names == list(Event.__struct_fields__)
    assert (SCHEMA.field("at").type, SCHEMA.field("amount").type) == (pa.timestamp("us", tz="UTC"), pa.int64())


def test_a_browser_sends_a_part_of_the_same_fields():
    assert BrowserEvent.__struct_fields__ == BROWSER_FIELDS
    mine = {field.name: field.type for field in msgspec.structs.fields(Event)}
    assert all(mine[field.name] == field.type for field in msgspec.structs.fields(BrowserEvent))


def test_every_body_belongs_to_one_kind():
    kinds = [body.__struct_config__.tag for body in EventBody.__args__]
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) <= {str(kind) for kind in EventKind}
    assert set(kinds) - BROWSER_KINDS == {EventKind.SAVE}


def test_a_body_of_another_kind_is_refused():
    assert event(1, EventKind.SEARCH, body=SearchBody("silk")).body == SearchBody("silk")
    with pytest.raises(ValueError, match="a view event has no dwell body"):
        event(1, EventKind.VIEW, body=DwellBody(1.0))
    raw = msgspec.json.encode(event(1, EventKind.DWELL, body=DwellBody(1.0))).replace(b'"dwell"', b'"click"', 1)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=Event)
