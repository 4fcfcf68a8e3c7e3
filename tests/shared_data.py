"""Where tests find the real data sets, which are no part of the project."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"


def shared(name: str) -> Path:
    """The file `data/NAME` of `UNWALL_SHARED`, or of the folder `shared` beside the checkout; skips where it is not."""
    path = Path(os.environ.get("UNWALL_SHARED") or _BESIDE) / "data" / name
    if not path.exists():
        pytest.skip(f"needs {path}; set UNWALL_SHARED to the folder that holds data/{name}")
    return path
