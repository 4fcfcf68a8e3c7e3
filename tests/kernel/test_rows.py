"""How rows become structs: by the names of their columns."""

import ast
import enum
from collections.abc import Iterator
from pathlib import Path

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


SOURCE = Path(__file__).parents[2] / "src/unwall"


def test_no_source_takes_columns_by_their_position():
    """Neither a struct from `*record` nor variables from the columns of a record: swapped columns would go unseen."""
    told = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in by_position(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert told == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("for a, b in await conn.fetch(sql): pass", [1]),
        ("[a for a, b in await self._conn.fetch(sql)]", [1]),
        ("records = await conn.fetch(sql)\n[Thing(*record) for record in records[:3]]", [2]),
        ("record = await conn.fetchrow(sql)\nThing(*record[1:])", [2]),
        ("record = await conn.fetchrow(sql)\na, b = record", [2]),
        ("a, b = await conn.fetchrow(sql)", [1]),
        ("records = await conn.fetch(sql)\n[Thing(record['a']) for record in records]", []),
        ("for a, b in pairs: Thing(*a)", []),
    ],
)
def test_a_column_taken_by_its_position_is_seen(code, lines):
    wrapped = "async def read():\n" + "\n".join(f"    {line}" for line in code.splitlines())
    assert [line - 1 for line in by_position(ast.parse(wrapped))] == lines


def by_position(tree: ast.AST) -> Iterator[int]:
    for function in ast.walk(tree):
        if isinstance(function, ast.AsyncFunctionDef):
            yield from _lines(list(ast.walk(function)))


def _lines(nodes: list[ast.AST]) -> Iterator[int]:
    """The names of records are those that a `fetch` or `fetchrow` is assigned to, and what goes through them."""
    binds = [(node.target, node.iter) for node in nodes if isinstance(node, ast.For | ast.comprehension)]
    assigned = [(node.targets[0], node.value) for node in nodes if isinstance(node, ast.Assign)]
    names: set[str] = set()
    for target, value in assigned + binds:
        if _is_record(value, names) and isinstance(target, ast.Name):
            names.add(target.id)
    for target, value in assigned + binds:
        if isinstance(target, ast.Tuple) and _is_record(value, names):
            yield target.lineno
    for node in nodes:
        if isinstance(node, ast.Starred) and not _asks(node.value) and _is_record(node.value, names):
            yield node.lineno


def _is_record(value: ast.AST, names: set[str]) -> bool:
    value = value.value if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice) else value
    return _asks(value) or (isinstance(value, ast.Name) and value.id in names)


def _asks(value: ast.AST) -> bool:
    value = value.value if isinstance(value, ast.Await) else value
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("fetch", "fetchrow")
