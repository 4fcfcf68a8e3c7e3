"""Documents that fail the build when they are stale."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from bench.frame import names as benches
from unwall.cli.main import app

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "docs/rules").glob("*.md"))
NOT_PROJECT = {".git", ".venv", ".tools", "node_modules", "vendor", "dist", "__pycache__"}
STRANGE = re.compile(
    r"(?<![\w.-])/(?:work|root|home/\w+|Users/\w+|opt)/[\w.-]+"  # somebody's folders
    r"|(?<![\w.!-])/usr/(?:local/)?bin/\w+"  # programs are found on the PATH
    r"|pypi\.org|pythonhosted\.org|registry\.npmjs|npmmirror|tuna\.tsinghua|index-url|find-links"
)


def read(name: str) -> str:
    path = ROOT / name
    assert path.exists(), f"{name} is missing"
    return path.read_text(encoding="utf-8")


def project_files() -> list[Path]:
    """What git holds; without git (an unpacked archive), every file that is not fetched or cached."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in files if not NOT_PROJECT & set(path.relative_to(ROOT).parts)]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))


def readme_commands() -> list[str]:
    """What the README tells people to type: the make and uv lines of its code blocks and code spans."""
    text = read("README.md")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()] + spans
    return [line.partition("#")[0].strip() for line in lines if re.match(r"(make|tools/uv run) ", line)]


def plain_words(argv: list[str]) -> list[str]:
    """The leading words that name a command: up to the first option, path or PLACEHOLDER."""
    plain = []
    for word in argv:
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        plain.append(word)
    return plain


@pytest.mark.parametrize("name", ["README", "ARCHITECTURE", "GLOSSARY", "CONTRIBUTING", "CHANGELOG", "LICENSE"])
def test_the_documents_are_there(name):
    path = ROOT / (name if name == "LICENSE" else f"{name}.md")
    assert path.exists()
    assert len(path.read_text(encoding="utf-8")) > 200


def test_the_readme_names_every_make_target():
    said = {
        word for command in readme_commands() if command.startswith("make ") for word in plain_words(command.split())
    }
    assert make_targets() - {"help"} <= said


def test_the_readme_names_every_bench():
    text = read("README.md")
    assert {name for name in benches() if f"bench {name}" not in text} == set()


def test_every_make_command_of_the_readme_exists():
    said = [plain_words(command.split()[1:]) for command in readme_commands() if command.startswith("make ")]
    assert {target for targets in said for target in targets} <= make_targets()


def test_every_uv_command_of_the_readme_exists():
    commands = {command for command in readme_commands() if command.startswith("tools/uv run ")}
    assert commands, "the README shows how to run things"
    assert [command for command in sorted(commands) if not exists(command.split()[2:])] == []


def exists(argv: list[str]) -> bool:
    """Whether what `tools/uv run` is given can be run (a PLACEHOLDER stands for anything)."""
    program, *rest = [word for word in argv if word != "--no-sync"]
    if program == "unwall":
        return subcommand_exists(tuple(plain_words(rest)))
    if rest[:2] == ["-m", "bench"]:
        return not rest[2:] or rest[2] in benches() or rest[2].isupper()
    paths = [word for word in rest if "/" in word and not word.startswith("-") and not word.isupper()]
    return shutil.which(program, path=Path(sys.executable).parent) is not None and all(
        (ROOT / path).exists() for path in paths
    )


def subcommand_exists(words: tuple[str, ...]) -> bool:
    """Words after a command that has no commands of its own are its arguments."""
    command = get_command(app)
    for word in words:
        if not isinstance(command, TyperGroup):
            break
        command = command.get_command(typer.Context(command), word)
    return command is not None


def test_the_architecture_names_every_package():
    source = ROOT / "src/unwall"
    folders = {path.parent for path in (*source.glob("*/*.py"), *source.glob("*/*/*.py"))}
    packages = {folder.relative_to(source).as_posix() for folder in folders}
    text = read("ARCHITECTURE.md")
    missing = {
        package
        for package in packages
        if not re.search(rf"\b{package.rpartition('/')[2]}/|\b{package.replace('/', '.')}\b", text)
    }
    assert missing == set()


def test_links_between_documents_lead_somewhere():
    documents = [path for path in project_files() if path.suffix == ".md"]
    links = [
        (path, link)
        for path in documents
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in link
    ]
    assert [f"{path.relative_to(ROOT)}: {link}" for path, link in links if not (path.parent / link).exists()] == []


def test_no_file_knows_one_machine_or_a_registry():
    files = [path for path in project_files() if path.name != "uv.lock" and path != Path(__file__)]
    assert [place for path in files for place in strangers(path)] == []


def strangers(path: Path) -> list[str]:
    """Where a text file names somebody's folder or a registry's host, as FILE:LINE: WHAT."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []  # a picture
    found = [(n, match) for n, line in enumerate(lines, 1) for match in STRANGE.findall(line)]
    return [f"{path.relative_to(ROOT)}:{n}: {match}" for n, match in found]


# --- rules: every numbered paragraph has a test named after it, and every such name has its paragraph -----------------


def paragraphs() -> list[str]:
    """The tags of `## S3. Hold before payment`, in lower case: s3."""
    return [
        tag.lower()
        for path in RULES
        for tag in re.findall(r"^##+ ([A-Z]\d+)\. ", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def tags_of_tests() -> set[str]:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {tag for text in sources for tag in re.findall(r"^\s*(?:async )?def test_([a-z]\d+)_", text, re.MULTILINE)}


def test_the_rules_are_written_down():
    assert {"money.md", "stock.md", "pages.md"} <= {path.name for path in RULES}


def test_a_paragraphs_number_is_its_own():
    tags = paragraphs()
    assert sorted(tags) == sorted(set(tags))


def test_every_rule_has_a_test():
    assert set(paragraphs()) - tags_of_tests() == set()


def test_every_test_that_names_a_rule_has_its_rule():
    assert tags_of_tests() - set(paragraphs()) == set()


# --- everyday changes: CONTRIBUTING says in which file each is made --------------------------------------------------


def everyday_changes() -> list[tuple[str, str, str]]:
    """(what is changed, file, name in it) of the rows of CONTRIBUTING's table."""
    table = read("CONTRIBUTING.md").partition("### Everyday changes")[2].partition("\n## ")[0]
    return re.findall(r"^\| ([^|]+?) \| `([^`|]+)` \| `([^`|]+)` \|$", table, re.MULTILINE)


def test_twenty_everyday_changes_are_listed():
    assert len(everyday_changes()) >= 20


def test_an_everyday_change_is_made_where_the_table_says():
    there = {(file, name) for _, file, name in everyday_changes() if (ROOT / file).is_file()}
    assert {(file, name) for _, file, name in everyday_changes()} == there
    assert [
        (file, name) for file, name in sorted(there) if not re.search(rf"(?<!\w){re.escape(name)}\b", read(file))
    ] == []
