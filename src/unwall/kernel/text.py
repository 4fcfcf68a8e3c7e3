"""Translations (gettext), the languages that are available, and explanations as values.

A language is a file `locale/CODE.po` whose header names its locale (`Language: zh_Hans_CN`); nothing else lists it.
"""

import io
import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec
from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

MAX_ACCEPT_LANGUAGE_CHARACTERS = 300
FOLDER = Path(__file__).parent.parent / "locale"


class Language(msgspec.Struct, frozen=True):
    """`code` is used in cookies, URLs and stored translations; `locale` is Babel's, for dates, money and plurals."""

    code: str
    locale: str
    name: str
    """The language's own name: "简体中文"."""
    tag: str
    """For `lang` in HTML: "zh-Hans"."""
    file: Path | None
    """None for the language of the source."""

    def name_in(self, reader: str) -> str:
        return _name(Locale.parse(self.locale), self.code, Locale.parse(locale_of(reader)))


def find_languages(folder: Path) -> dict[str, Language]:
    """The available languages by code: English, which the source is written in, and one for each file."""
    languages = {"en": _language("en", Locale.parse("en_GB"), None)}
    for file in sorted(folder.glob("*.po")):
        header = file.read_text(encoding="utf-8").partition("\n\n")[0]
        locale = read_po(io.StringIO(header), locale=file.stem).locale
        if locale is None:
            raise ValueError(f'{file}: the header names no locale, such as "Language: pt_BR\\n"')
        languages[file.stem] = _language(file.stem, locale, file)
    return languages


def _language(code: str, locale: Locale, file: Path | None) -> Language:
    tag = f"{locale.language}-{locale.script}" if locale.script else code.replace("_", "-")
    return Language(code, str(locale), _name(locale, code, locale), tag, file)


def _name(locale: Locale, code: str, reader: Locale) -> str:
    names = reader.languages
    return str(names.get(f"{locale.language}_{locale.script}") or names.get(code) or names.get(locale.language, code))


LANGUAGES = find_languages(FOLDER)
SOURCE = LANGUAGES["en"]


_FILLED: dict[str, tuple[str, dict[str, str]]] = {}
"""The messages that hold limits, by their English text."""


def N_(message: str, **limits: int) -> str:  # noqa: N802 (gettext's own name for "translate later")
    """Marks a message for translation; it is translated when it is shown. `limits` are constants of the source that
    stand in the message: `N_("At most {limit} pictures.", limit=MAX_PICTURES)`."""
    if not limits:
        return message
    facts = {name: f"{limit:,}" for name, limit in limits.items()}
    text = message.format(**facts)
    _FILLED[text] = (message, facts)
    return text


@lru_cache
def translations(lang: str) -> NullTranslations:
    language = LANGUAGES[lang]
    if language.file is None:
        return NullTranslations()
    compiled = io.BytesIO()
    with language.file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language.locale))
    compiled.seek(0)
    return Translations(compiled)


def gettext(lang: str, message: str, **facts: object) -> str:
    if message in _FILLED:
        message, limits = _FILLED[message]
        facts = {**limits, **facts}
    words: str = translations(lang).ugettext(message) if message else ""
    return words.format(**facts) if facts else words


def ngettext(lang: str, one: str, many: str, n: int, **facts: object) -> str:
    words: str = translations(lang).ungettext(one, many, n)
    return words.format(n=n, **facts)


def locale_of(lang: str) -> str:
    return LANGUAGES[lang].locale


def best_language(preferred: Iterable[str]) -> Language:
    """The first of `preferred` (tags such as "zh-CN", the preferred first) that is available, else English."""
    ours = {code.lower(): language for code, language in LANGUAGES.items()}
    match = negotiate_locale([tag.lower().replace("-", "_") for tag in preferred], ours, sep="_")
    return ours[match.lower()] if match else SOURCE


def accepted(header: str) -> list[str]:
    """The language tags of an `Accept-Language` header, the preferred first; of a long one, those at its beginning."""
    weighed = []
    for part in header[:MAX_ACCEPT_LANGUAGE_CHARACTERS].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


class Explanation(msgspec.Struct, frozen=True):
    """Why an automatic decision was made: a message marked with `N_`, with the stored facts for its {placeholders}."""

    text: str
    facts: dict[str, str] = {}

    def text_in(self, lang: str) -> str:
        return gettext(lang, self.text).format(**{name: _dated(fact, lang) for name, fact in self.facts.items()})


_DAY_AND_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)")


def _dated(fact: str, lang: str) -> str:
    """Format a fact that is a date with a time: "23 Nov 10:30". Other facts stay as they are."""
    match = _DAY_AND_TIME.fullmatch(fact)
    if not match:
        return fact
    day = format_skeleton("MMMd", date.fromisoformat(match[1]), locale=locale_of(lang))
    return f"{day} {match[2]}"
