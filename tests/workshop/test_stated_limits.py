"""A limit is defined once, in a package's rules; what states it elsewhere names it, and SQL repeats its value."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/unwall"
MAXIMA = ("le", "lt", "max_length")
WHAT_THEY_ARE = {1, 4, 90, 180}
"""A share of one, the quarters of a video, degrees."""
IN_TEMPLATE = re.compile(r"""maxlength["']?[=:] *["']?\d+|\blength=\d+""")
IN_SQL = re.compile(r"^-- owner: ([\w.]+)$|^(.*)  -- (\w*rules)\.([A-Z_]+)$", re.MULTILINE)


def test_templates_state_limits_by_their_names():
    told = [
        f"{path.relative_to(SOURCE)}: {literal}"
        for path in sorted(SOURCE.rglob("*.html"))
        for literal in IN_TEMPLATE.findall(path.read_text(encoding="utf-8"))
    ]
    assert told == []


def test_schemas_state_limits_by_their_names():
    told = [
        f"{path.relative_to(SOURCE)}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in literal_limits(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert told == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("Parameter(ge=0, le=2000)", [1]),
        ("Meta(max_length=200)", [1]),
        ("Meta(max_length=MAX_QUERY_CHARACTERS)", []),
        ("Parameter(ge=-90, le=90)", []),
        ("Meta(le=2**31 - 1)", []),
    ],
)
def test_a_literal_limit_is_seen(code, lines):
    assert list(literal_limits(ast.parse(code))) == lines


def literal_limits(tree: ast.AST) -> Iterator[int]:
    """Not those of a type of PostgreSQL, which are written as powers of two."""
    for node in ast.walk(tree):
        limit = node.value if isinstance(node, ast.keyword) and node.arg in MAXIMA else None
        if isinstance(limit, ast.Constant) and limit.value not in WHAT_THEY_ARE:
            yield limit.lineno


def test_sql_repeats_the_value_of_the_rule_that_it_names():
    repeated = list(_repeated())
    assert len(repeated) >= 5
    for line, value in repeated:
        values = {value, value - 1} if isinstance(value, int) else {min(value), max(value)}
        numbers = {int(number) for number in re.findall(r"\d+", line)}
        assert values & numbers if isinstance(value, int) else values <= numbers, line


def _repeated() -> Iterator[tuple[str, int | range]]:
    for path in sorted((SOURCE / "migrations").glob("*.sql")):
        owner = ""
        for match in IN_SQL.finditer(path.read_text(encoding="utf-8")):
            owner = match[1] or owner
            if match[2]:
                yield match[2], getattr(import_module(f"unwall.{owner}.{match[3]}"), match[4])
