"""What a server process makes before it listens, and keeps for the next one."""

import gc
from functools import lru_cache
from pathlib import Path

import pytest
from jinja2 import Environment

from unwall.app import OBJECTS_UNTIL_COLLECTED, collecting_less
from unwall.channels.http import rendering

LANG = "zh"


PAGES = ["shop/home.html", "shop/product.html", "shop/post.html"]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is true of these is true of all, which take seconds to compile."""
    monkeypatch.setattr(Environment, "list_templates", lambda *_args, **_kwargs: PAGES)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch):
    """A process that has compiled nothing yet."""

    def fresh() -> None:
        monkeypatch.setattr(rendering, "environment", lru_cache(rendering.environment.__wrapped__))

    return fresh


def test_templates_are_compiled_at_the_first_start_only(start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    compiled: list[str] = []
    compile_source = Environment.compile

    def counted(self: Environment, *args, **kwargs):
        compiled.append(str(args[1]))
        return compile_source(self, *args, **kwargs)

    monkeypatch.setattr(Environment, "compile", counted)
    start()
    rendering.load_templates(LANG, tmp_path)
    assert "shop/home.html" in compiled
    assert len(compiled) == len(set(compiled)) == len(list(tmp_path.glob(f"{LANG}-*")))
    compiled.clear()
    start()
    rendering.load_templates(LANG, tmp_path)
    assert compiled == []


@pytest.mark.usefixtures("few")
def test_what_was_compiled_of_other_texts_is_deleted(start, tmp_path: Path) -> None:
    old, other = tmp_path / f"{LANG}-0123456789abcdef-x", tmp_path / "en-0123456789abcdef-x"
    for file in (old, other):
        file.write_bytes(b"")
    start()
    rendering.load_templates(LANG, tmp_path)
    assert not old.exists()
    assert other.exists()


@pytest.mark.usefixtures("few")
def test_a_damaged_file_is_compiled_anew(start, tmp_path: Path) -> None:
    start()
    rendering.load_templates(LANG, tmp_path)
    sizes = {file: file.stat().st_size for file in tmp_path.glob(f"{LANG}-*")}
    for file in sizes:
        file.write_bytes(file.read_bytes()[:-10])
    start()
    rendering.load_templates(LANG, tmp_path)
    assert {file: file.stat().st_size for file in tmp_path.glob(f"{LANG}-*")} == sizes
    assert len(sizes) == len(PAGES)


@pytest.mark.usefixtures("few")
def test_a_full_disk_stops_no_start(start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("jinja2.bccache.tempfile.NamedTemporaryFile", full)
    start()
    rendering.load_templates(LANG, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_collector_leaves_out_what_was_made_at_the_start() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with collecting_less():
        assert gc.get_freeze_count() > before[1]
        assert gc.get_threshold()[0] == OBJECTS_UNTIL_COLLECTED
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before[0], 0)
