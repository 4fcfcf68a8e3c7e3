"""Words for people in their language (gettext), explanations as values, and the terms that search stands on."""

import io
import re
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGS = ("en", "zh")
"""The languages of the pages; the first is what the source is written in."""

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}
"""How dates, money and plurals are written in each."""

CATALOGUES = Path(__file__).parent.parent / "locale"


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "translate later")
    """Marks words for the catalogue where they are written; they are translated where they are shown."""
    return message


@lru_cache
def translations(lang: str) -> NullTranslations:
    file = CATALOGUES / f"{lang}.po"
    if not file.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=LOCALES[lang]))
    compiled.seek(0)
    return Translations(compiled)


def gettext(lang: str, message: str, **facts: object) -> str:
    words: str = translations(lang).ugettext(message) if message else ""
    return words.format(**facts) if facts else words


def ngettext(lang: str, one: str, many: str, n: int, **facts: object) -> str:
    words: str = translations(lang).ungettext(one, many, n)
    return words.format(n=n, **facts)


def choose_lang(accept: str) -> str:
    """The first of our languages in an Accept-Language header, by its weights; English where none is."""
    wanted = []
    for part in accept.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), tag.lower()))
        except ValueError:
            continue
    for _, tag in sorted(wanted, key=lambda pair: -pair[0]):
        if tag[:2] in LANGS:
            return tag[:2]
    return LANGS[0]


class Explanation(msgspec.Struct, frozen=True):
    """Why a machine decided so: a message marked with `N_`, with the stored facts that fill its {places}."""

    text: str
    facts: dict[str, str] = {}

    def say(self, lang: str) -> str:
        return gettext(lang, self.text).format(**{name: _dated(fact, lang) for name, fact in self.facts.items()})


_DAY_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)")


def _dated(fact: str, lang: str) -> str:
    """A fact that is a day and a time, as people write it: "23 Nov 10:30"."""
    found = _DAY_AND_TIME.fullmatch(fact)
    if not found:
        return fact
    day = format_date(date.fromisoformat(found[1]), "M月d日" if lang == "zh" else "d MMM", locale=LOCALES[lang])
    return f"{day} {found[2]}"
