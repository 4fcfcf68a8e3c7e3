"""Which package owns which table. A package writes its own tables only, and reads others through the owner's functions
or views; the exceptions are listed here with their reasons.

Owners are written in the migrations: a line `-- owner: commerce.stock` holds for the tables and views below it. SQL is
found in the string constants of the source.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/unwall"
PILLARS = ("commerce", "content", "insight", "intake", "channels")
CREATED = re.compile(r"^-- owner: ([\w.]+)$|^CREATE (?:OR REPLACE )?(TABLE|VIEW) (\w+)", re.MULTILINE)
VIEWS = re.compile(r"^-- owner: ([\w.]+)$|^(CREATE VIEW [^;]+);", re.MULTILINE)
STATEMENT = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:ONLY\s+)?(\w+)")
READS = re.compile(r"\b(?:FROM|JOIN|USING)\s+(\w+)")

MAY_WRITE_ANYWHERE = {"intake": "an import writes a whole merchant, in bulk and in one transaction"}
MAY_READ = {
    ("catalogue", "merchant"): "a product's card names its store and currency: one statement a listing",
    ("insight.pages", "account"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "cart"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "cart_line"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "follow"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "member"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "outbox"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "post"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "post_like"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "session"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "stock_level"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "trail"): "a page is composed in six statements, so each brings much",
    ("insight.pages", "variant"): "a page is composed in six statements, so each brings much",
}


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
    found = {
        (package_of(path), table)
        for path in SOURCE.rglob("*.py")
        for text in statements(path)
        for table in pattern.findall(text)
        if table in owners() and owners()[table] != package_of(path)
    }
    return {(package, table) for package, table in found if package.partition(".")[0] not in MAY_WRITE_ANYWHERE}


def test_every_table_has_an_owner():
    assert [name for _, name, owner in _created() if not (SOURCE / owner.replace(".", "/")).exists() or not owner] == []


def test_a_package_writes_its_own_tables_only():
    assert uses(WRITES) == set()


def test_a_package_reads_another_packages_tables_through_their_owner():
    assert uses(READS) - set(MAY_READ) == set()


def test_a_view_is_made_of_its_owners_tables_or_of_views():
    found = {(owner, table) for owner, sql in _views() for table in READS.findall(sql) if table in owners()}
    assert {(owner, table) for owner, table in found if owner != owners()[table]} == set()


def test_no_exception_is_listed_that_nobody_needs():
    assert set(MAY_READ) - uses(READS) == set()
