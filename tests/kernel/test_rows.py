"""How rows become structs: by the names of their columns."""

import enum

import msgspec
import pytest

from unwall.kernel.database import WrongColumns, row, rows


class Colour(enum.StrEnum):
    RED = "red"


class Part(msgspec.Struct, frozen=True):
    name: str


class Thing(msgspec.Struct, frozen=True):
    first: str
    last: str
    colour: Colour | None = None
    parts: tuple[Part, ...] = ()


async def test_columns_become_the_fields_of_their_name(db):
    sql = """SELECT 'a' AS first, 'b' AS last, 'red' AS colour, '[{"name": "wheel"}]'::jsonb AS parts"""
    async with db.read() as conn:
        assert await rows(conn, Thing, sql) == [Thing("a", "b", Colour.RED, (Part("wheel"),))]
        assert await row(conn, Thing, sql) == Thing("a", "b", Colour.RED, (Part("wheel"),))
        assert await rows(conn, Thing, sql + " WHERE false") == []
        assert await row(conn, Thing, sql + " WHERE false") is None


async def test_null_stays_none_and_fields_with_a_default_may_be_left_out(db):
    async with db.read() as conn:
        assert await row(conn, Thing, "SELECT 'a' AS first, 'b' AS last, NULL AS colour") == Thing("a", "b")
        assert await row(conn, Thing, "SELECT 'a' AS first, 'b' AS last") == Thing("a", "b")


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ("'b' AS last, 'a' AS first", "['last', 'first'] are not in the order of its fields"),
        ("'a' AS first", "missing ['last'], unknown []"),
        ("'a' AS first, 'b'", "missing ['last'], unknown ['?column?']"),
        ("'a' AS first, 'b' AS last, 'c' AS middle", "missing [], unknown ['middle']"),
        ("'a' AS first, 'b' AS last, 'c' AS last", "['first', 'last', 'last'] are not in the order of its fields"),
        (
            "'a' AS first, 'b' AS last, '[]'::jsonb AS parts",
            "['first', 'last', 'parts'] are not in the order of its fields",
        ),
    ],
    ids=["swapped", "missing", "unnamed", "unknown", "twice", "gap"],
)
@pytest.mark.parametrize("read", [rows, row])
async def test_other_columns_than_the_fields_fail_and_are_named(db, read, columns, what):
    async with db.read() as conn:
        with pytest.raises(WrongColumns) as error:
            await read(conn, Thing, f"SELECT\n    {columns}")
    assert str(error.value) == f"columns of Thing: {what}, in: {f'SELECT {columns}'[:80]}"
