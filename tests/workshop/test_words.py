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


def test_what_is_counted_has_its_plural(words: ModuleType):
    """ "1 orders" is never said: a number before a plural goes through ngettext."""
    counted = re.compile(r"(\{(n|count|num)\}|%\((n|count|num)\)s) [a-z]+s\b")
    singular = [message.id for message in words.extracted() if isinstance(message.id, str)]
    assert [text for text in singular if counted.search(text)] == []


NUMBER = re.compile(
    r"(?<![\w-])(\d+|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|hundred|thousand|million|fifth)\b",
    re.IGNORECASE,
)
NO_LIMITS = {
    "%(stars)s of 5 stars": "stars are one to five",
    "Give one to five stars.": "stars are one to five",
    "Adds or subtracts: -2 for two fewer.": "an example",
    "Write times and words: 00:01.000 --> 00:04.000, and on the next line the words.": "an example",
    "In OpenStreetMap's format: Mo-Fr 10:00-22:00; Sa-Su 09:00-22:00; PH off": "an example",
    'Write hours such as "Mo-Su 10:00-22:00".': "an example",
    "And for each 100 km": "what the price is for",
    "From -180 to 180.": "degrees",
    "From -90 to 90.": "degrees",
    "Latitudes go from -90 to 90, longitudes from -180 to 180.": "degrees",
    "Three or four digits from the card.": "as cards have them",
    "Write a number from 0 to 100.": "per cent",
    "The picture has too many pixels. Make it smaller: {limit} million pixels always fit.": "the unit of the limit",
}
"""The messages with a number that is no limit, and what it is."""


def test_a_limit_stands_in_a_message_as_an_argument(words: ModuleType):
    """`N_("At most {limit} pictures.", limit=MAX_PICTURES)`, and in a template `limits.upload_mb`: a number in the
    words would be a second one. One and zero are no limits; nor is what follows "such as".
    """
    texts = [text for m in words.extracted() for text in (m.id[1:] if isinstance(m.id, tuple) else (m.id,))]
    stated = {text: re.split("such as", PLACES.sub("", text), flags=re.IGNORECASE)[0] for text in texts if text}
    literal = {text for text, said in stated.items() if set(NUMBER.findall(said)) - {"0", "1"}}
    assert literal - NO_LIMITS.keys() == set()
    assert NO_LIMITS.keys() <= {*texts}
