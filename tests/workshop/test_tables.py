"""Which package owns which table. A package writes its own tables only, and reads others through the owner's functions
or views.

Owners are written in the migrations: a line `-- owner: commerce.stock` holds for the tables and views below it. SQL is
found in the string constants of the source.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/unwall"
PILLARS = ("commerce", "content", "insight", "intake", "channels")
CREATED = re.compile(r"^-- owner: ([\w.]+)$|^CREATE (?:OR REPLACE )?(TABLE|VIEW) (\w+)", re.MULTILINE)
VIEWS = re.compile(r"^-- owner: ([\w.]+)$|^(CREATE VIEW [^;]+);", re.MULTILINE)
FUNCTIONS = re.compile(
    r"^-- owner: ([\w.]+)$"
    r"|^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) (\w+)(?:(?!;$).)*?AS\s+(\$\$.*?\$\$|'(?:[^']|'')*')",
    re.MULTILINE | re.DOTALL,
)
STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:ONLY\s+)?(\w+)")
READS = re.compile(r"\b(?:FROM|JOIN|USING)\s+(\w+)")

MAY_USE_ALL = {"intake": "an import writes a whole merchant, in bulk and in one transaction"}
READS_ALL = {"media/unused.py": "a file may be deleted only where no row of any table names it, of a new one too"}
"""Files that read the tables of every package, whose names they ask of PostgreSQL, with the reason."""


@cache
def owners() -> dict[str, str]:
    """The owner of each table."""
    return {name: owner for kind, name, owner in _created() if kind == "TABLE"}


def _created() -> Iterator[tuple[str, str, str]]:
    for path in sorted((SOURCE / "migrations").glob("*.sql")):
        owner = ""
        for match in CREATED.finditer(path.read_text(encoding="utf-8")):
            owner = match[1] or owner
            if match[3]:
                yield match[2], match[3], owner


def _views() -> Iterator[tuple[str, str]]:
    """The owner and the statement of each view."""
    for path in sorted((SOURCE / "migrations").glob("*.sql")):
        owner = ""
        for match in VIEWS.finditer(path.read_text(encoding="utf-8")):
            owner = match[1] or owner
            if match[2]:
                yield owner, match[2]


def functions() -> Iterator[tuple[str, str, str]]:
    """The owner, name and body of each function and procedure."""
    for path in sorted((SOURCE / "migrations").glob("*.sql")):
        owner = ""
        for match in FUNCTIONS.finditer(path.read_text(encoding="utf-8")):
            owner = match[1] or owner
            if match[2]:
                yield owner, match[2], re.sub(r"--[^\n]*", "", match[3])


@cache
def layers() -> list[tuple[str, list[str]]]:
    """The contracts of import-linter: a package, and its packages' names from the top down, siblings in one string."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    return [
        (c["containers"][0], c["layers"]) for c in contracts if c["type"] == "layers" and "*" not in c["containers"][0]
    ]


def is_above(package: str, owner: str) -> bool:
    for container, names in layers():
        height = [_height(f"unwall.{name}.", container, names) for name in (package, owner)]
        if None not in height and height[0] != height[1]:
            return height[0] < height[1]
    return False


def _height(package: str, container: str, names: list[str]) -> int | None:
    """The index of the layer that a package is in."""
    for i, siblings in enumerate(names):
        if any(package.startswith(f"{container}.{name}.") for name in re.findall(r"\w+", siblings)):
            return i
    return None


def package_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:2]) if parts[0] in PILLARS else parts[0]


def statements(path: Path) -> Iterator[str]:
    """Every string of a file that holds SQL; what is formatted into it stands as a blank."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if STATEMENT.search(text) or READS.search(text):
            yield text


def uses(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """(package, table) wherever a package names another's table in this way."""
    return {(package, name) for package, name in named(pattern) if owners().get(name, package) != package}


def named(pattern: re.Pattern[str]) -> set[tuple[str, str]]:
    """(package, what it names in this way), of packages that may not use all tables."""
    return {
        (package_of(path), name)
        for path in SOURCE.rglob("*.py")
        if package_of(path).partition(".")[0] not in MAY_USE_ALL
        for text in statements(path)
        for name in pattern.findall(text)
    }


def test_every_table_has_an_owner():
    assert [name for _, name, owner in _created() if not (SOURCE / owner.replace(".", "/")).exists() or not owner] == []


def test_a_package_writes_its_own_tables_only():
    assert uses(WRITES) == set()


def test_a_package_reads_another_packages_tables_through_their_owner():
    assert uses(READS) == set()


def test_only_a_file_with_a_reason_asks_postgresql_for_the_names_of_tables():
    """Then no statement in it names the tables that it reads or writes, and nothing here can see whose they are."""
    told = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if package_of(path).partition(".")[0] not in MAY_USE_ALL
        for text in statements(path)
        if re.search(r"\b(FROM|JOIN) pg_class\b", text)
    }
    assert told == set(READS_ALL)
    assert WRITES.findall("\n".join(statements(SOURCE / "media/unused.py"))) == ["upload", "fingerprint", "video"]


def test_a_view_is_made_of_its_owners_tables_or_of_views():
    found = {(owner, table) for owner, sql in _views() for table in READS.findall(sql) if table in owners()}
    assert {(owner, table) for owner, table in found if owner != owners()[table]} == set()


def test_a_function_reads_and_writes_its_owners_tables_or_views():
    """Others it asks by their functions and views, as the source does."""
    found = {
        (name, table)
        for owner, name, body in functions()
        for table in READS.findall(body) + WRITES.findall(body)
        if owners().get(table, owner) != owner
    }
    assert found == set()


def test_every_function_is_seen():
    """The pattern that finds the bodies of functions misses none, and each reads what it is seen to read."""
    migrations = [path.read_text(encoding="utf-8") for path in (SOURCE / "migrations").glob("*.sql")]
    written = [name for text in migrations for name in re.findall(r"CREATE[A-Z ]* (?:FUNCTION|PROCEDURE) (\w+)", text)]
    assert sorted(name for _, name, _ in functions()) == sorted(written)
    bodies = {name: READS.findall(body) for _, name, body in functions()}
    assert bodies["may_tag"] == ["account", "tagging_collaborator"]


def test_a_view_is_read_by_its_owner_and_from_above():
    views = {name: owner for kind, name, owner in _created() if kind == "VIEW"}
    readers = {(package, views[name]) for package, name in named(READS) if name in views}
    assert {
        (package, owner) for package, owner in readers if package != owner and not is_above(package, owner)
    } == set()


def test_every_view_is_read():
    views = {name for kind, name, _ in _created() if kind == "VIEW"}
    assert views - {name for _, name in named(READS)} == set()
