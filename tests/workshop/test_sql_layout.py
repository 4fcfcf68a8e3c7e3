"""SQL of several lines is laid out in one way: see "SQL" in CONTRIBUTING.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|FROM|WHERE|ORDER BY|ON CONFLICT|RETURNING)\b")
QUOTES = re.compile(r'f?"""$')


def long_strings(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Strings of several lines that hold SQL, without docstrings: the line that each starts on, and its lines."""
    source = path.read_text(encoding="utf-8")
    lines, tree = source.splitlines(), ast.parse(source)
    nodes = list(ast.walk(tree))
    skipped = {node.value for node in nodes if isinstance(node, ast.Expr)}
    skipped |= {
        part for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    for node in nodes:
        if isinstance(node, ast.JoinedStr | ast.Constant) and node not in skipped and node.end_lineno != node.lineno:
            text = lines[node.lineno - 1 : node.end_lineno]
            if SQL.search("\n".join(text)) and not isinstance(getattr(node, "value", ""), bytes):
                yield node.lineno, text


def is_laid_out(text: list[str]) -> bool:
    first, content, last = text[0], text[1], text[-1]
    margin = indent(first) + (0 if QUOTES.match(first.strip()) else 4)
    return bool(QUOTES.search(first)) and indent(content) == margin and last.startswith(" " * indent(first) + '"""')


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def test_sql_of_several_lines_is_laid_out_in_one_way():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("src", "demo/src", "bench")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, text in long_strings(path)
        if not is_laid_out(text)
    ]
    assert found == []
