"""The Chromium that the browser tests walk in."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]


def chromium() -> str:
    """What `make test` found, else what the workshop's script finds; the journeys cannot be walked without one."""
    path = os.environ.get("UNWALL_CHROMIUM")
    if path:
        return path
    found = subprocess.run([ROOT / "tools/chromium", "--find"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail("No Chromium: run `make test`, which finds or installs it, or set UNWALL_CHROMIUM.")
    return found.stdout.strip()
