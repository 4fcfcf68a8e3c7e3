"""Tests of the tests: they read pages with a parser (`tests.html`), and leave the product's private names alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
FILES = sorted(TESTS.rglob("*.py"))
SEARCHES = {"findall", "finditer", "search", "sub", "split", "match", "fullmatch", "compile"}
OF_PAGES = re.compile(r"</?[a-z]|<\[\^>\]|\b(?:href|src|name|value|class|id|action|aria-label|content)=\\?['\"(]")
"""What a pattern that searches HTML has: a tag, or an attribute with its quote."""


PATCHERS = {"setattr", "once_before", "once_after"}


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Each call of an attribute, with its name: `re.findall` is "re.findall"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, ast.unparse(node.func)


def text_of(node: ast.expr) -> str:
    """Of a string or an f-string, its constant parts."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_pages_are_parsed_and_not_searched_by_patterns(file: Path):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    patterns = [
        text_of(call.args[0]) for call, name in calls(tree) if name in {f"re.{s}" for s in SEARCHES} and call.args
    ]
    assert [pattern for pattern in patterns if OF_PAGES.search(pattern)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TESTS)))
def test_nothing_private_is_patched(file: Path):
    """Neither by `setattr` nor by the helpers that let a rival in before or after a call."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = [
        argument.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in PATCHERS
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    assert [name for name in named if name.rpartition(".")[2].startswith("_")] == []
