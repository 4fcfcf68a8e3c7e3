"""Names and words of the source: one class for a name, variables named for what they hold, and no pictures."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_two_classes_have_one_name():
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_variable_is_named_for_what_it_holds():
    """`found`, `result` and the like only say that something was asked."""
    vague = {"found", "result", "data_", "tmp", "obj", "val"}
    stored = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "demo").rglob("*.py")])
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := _stored_name(node)) in vague
    ]
    assert not stored, "\n".join(stored)


def _stored_name(node: ast.AST) -> str | None:
    """The name that a node of a syntax tree gives to a variable or an argument."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    return node.arg if isinstance(node, ast.arg) else None


def test_the_source_speaks_of_packages_and_modules_without_pictures():
    picture = re.compile(r"\b(house|roof|shelf|shelves|desks?)\b", re.IGNORECASE)
    spoken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "src").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if picture.search(line)
    ]
    assert not spoken, "\n".join(spoken)
