"""The scripts that make a fresh machine fit to work: they find, else they say what to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
BASE = ("sh", "dirname", "id", "env", "mkdir", "chmod")  # what any system has


@pytest.fixture
def bare(tmp_path):
    """A PATH with next to nothing on it, to which a test adds programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in BASE:
        (folder / name).symlink_to(shutil.which(name))
    return folder


@pytest.fixture
def fetcher(tmp_path):
    """tools/uv in a checkout of its own, which has fetched nothing yet."""
    folder = tmp_path / "checkout/tools"
    folder.mkdir(parents=True)
    return Path(shutil.copy(TOOLS / "uv", folder))


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def run(tool: str | Path, *argv: str, path: Path, **env: str):
    return subprocess.run(
        [TOOLS / tool, *argv],
        env={"PATH": str(path), "HOME": str(path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_uv_is_used_where_it_is(bare):
    program(bare, "uv", 'echo "uv was given: $*"')
    assert run("uv", "sync", "--locked", path=bare).stdout == "uv was given: sync --locked\n"


def test_an_old_python_is_refused_with_its_version(bare, fetcher):
    # given a machine whose python3 is too old, when uv is wanted
    program(bare, "python3", 'if [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi')
    answer = run(fetcher, "sync", path=bare)

    # then it says what is needed and what is there, and leaves nothing behind
    assert answer.returncode == 1
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert "Python 3.9.2" in answer.stderr
    assert not (fetcher.parent.parent / ".tools").exists()


def test_uv_is_fetched_with_pip_when_missing(bare, fetcher):
    # given a modern python3 whose pip puts a uv where it is told to
    home = fetcher.parent.parent / ".tools/bin"
    fetch = f'mkdir -p {home}; printf "#!/bin/sh\\necho fetched: \\$*\\n" > {home}/uv; chmod +x {home}/uv'
    program(bare, "python3", f'case "$*" in *install*--target*uv) {fetch};; esac')

    answer = run(fetcher, "sync", path=bare)

    assert answer.stdout == "fetched: sync\n"
    assert "fetching it with python3's pip" in answer.stderr


def test_chromium_is_found_by_any_of_its_names(bare):
    path = program(bare, "google-chrome", "exit 0")
    assert run("chromium", "--find", path=bare).stdout == f"{path}\n"


def test_a_chromium_that_does_not_run_is_passed_over(bare):
    program(bare, "chromium-browser", "echo install the snap >&2; exit 1")
    path = program(bare, "google-chrome-stable", "exit 0")
    assert run("chromium", "--find", path=bare).stdout == f"{path}\n"


def test_the_named_chromium_wins_and_must_run(bare, tmp_path):
    program(bare, "chromium", "exit 0")
    mine = program(tmp_path, "mine", "exit 0")
    assert run("chromium", path=bare, UNWALL_CHROMIUM=str(mine)).stdout == f"{mine}\n"

    answer = run("chromium", path=bare, UNWALL_CHROMIUM="/nowhere/chromium")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "/nowhere/chromium, which does not run" in answer.stderr


def test_a_missing_chromium_is_installed_by_the_systems_manager(bare):
    # given a package manager that brings what it is asked for
    program(bare, "sudo", 'shift; "$@"')
    script = f'case "$*" in *chromium*) printf "#!/bin/sh\\n" > {bare}/chromium; chmod +x {bare}/chromium;; esac'
    program(bare, "apt-get", script)

    answer = run("chromium", path=bare)

    assert answer.returncode == 0
    assert answer.stdout == f"{bare}/chromium\n"


def test_without_chromium_or_a_manager_it_says_exactly_what_to_do(bare):
    for argv in ([], ["--find"]):
        answer = run("chromium", *argv, path=bare)
        assert answer.returncode == 1
        assert answer.stdout == ""
        for advice in ("apt-get install chromium", "playwright install", "UNWALL_CHROMIUM="):
            assert advice in answer.stderr
