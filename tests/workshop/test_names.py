"""Names and words of the source: one class for a name, variables named for what they hold, and no pictures."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_two_classes_have_one_name():
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


VAGUE = {"found", "result", "data_", "tmp", "obj", "val"}
"""They only say that something was asked."""
PICTURE = re.compile(r"(?<![a-z])(house|roof|shelf|shelves|desks?)(?![a-z])", re.IGNORECASE)
"""A picture of a package, a listing or a process, alone or in a name. What the product sells and says may have them."""


def test_a_variable_is_named_for_what_it_holds():
    stored = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in sources("src", "demo")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := _stored_name(node)) in VAGUE
    ]
    assert not stored, "\n".join(stored)


def test_what_is_defined_or_imported_by_another_name_says_what_it_is():
    """Tests, benches and tools too."""
    named = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources("src", "demo", "tests", "bench", "tools", "docs")
        for name, line in _defined(ast.parse(path.read_text(encoding="utf-8")))
        if name in VAGUE or PICTURE.search(name)
    ]
    assert not named, "\n".join(named)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname, node.lineno) for alias in node.names if alias.asname)


def _stored_name(node: ast.AST) -> str | None:
    """The name that a node of a syntax tree gives to a variable or an argument."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else None


def test_source_and_documents_speak_of_packages_and_modules_without_pictures():
    spoken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in [*sources("src"), *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PICTURE.search(line)
    ]
    assert not spoken, "\n".join(spoken)
