"""Every word of the pages is there in Simplified Chinese, with the same places for facts."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")


@pytest.fixture(scope="module")
def words() -> ModuleType:
    spec = importlib.util.spec_from_file_location("words", ROOT / "tools/words.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ZH = ROOT / "src/unwall/locale/zh.po"


def test_every_message_is_translated(words: ModuleType):
    merged = words.merged(ZH, words.extracted())
    assert words.untranslated(merged) == [], "run `python tools/words.py` and translate src/unwall/locale/zh.po"


def test_no_message_is_left_that_nobody_says(words: ModuleType):
    said = {message.id for message in words.extracted() if message.id}
    assert {message.id for message in words.known(ZH) if message.id} == said


def test_a_translation_keeps_the_places_for_facts(words: ModuleType):
    wrong = []
    for message in words.known(ZH):
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(PLACES.findall(originals[-1]))
        wrong += [t for t in translated if message.id and set(PLACES.findall(t)) != wanted]
    assert wrong == []


def test_a_per_cent_sign_in_a_template_is_a_place_or_doubled(words: ModuleType):
    bare = re.compile(r"%(?![(%])")
    in_pages = [
        message for message in words.extracted() if any(file.endswith(".html") for file, _ in message.locations)
    ]
    assert [message.id for message in in_pages if bare.search(str(message.id).replace("%%", ""))] == []
