"""Collect the words of pages and errors into src/unwall/locale/*.po: new ones are added empty, gone ones dropped.

usage: python tools/words.py [--check]      --check changes nothing; exits 1 and names what is not translated

A new language starts as a file CODE.po of three lines: msgid "", msgstr "" and "Language: pt_BR\\n" in quotes.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/unwall"
FILES = sorted((SOURCE / "locale").glob("*.po"))
# in Python the language comes first: gettext(lang, "..."); `words` and `count` are the methods of the pages' contexts
PYTHON = {"N_": None, "gettext": (2,), "ngettext": (2, 3), "words": None, "count": (1, 2)}
JINJA = {"_": None, "gettext": None, "ngettext": (1, 2)}
TRIMMED = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""
"""Without the dates that tools write, which would differ in every change."""


def extracted() -> Catalog:
    """The words as the source has them now, each with the files that say it."""
    catalogue = Catalog()
    found = [
        *extract_from_dir(SOURCE, [("**.py", "python")], keywords=PYTHON),
        *extract_from_dir(SOURCE, [("**/templates/**.html", "jinja2")], {"**": TRIMMED}, keywords=JINJA),
    ]
    for file, _line, message, _comments, _context in sorted(found, key=lambda row: (row[0], row[1])):
        catalogue.add(message, None, [(file, None)])
    return catalogue


def known(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=file.stem)


def merged(file: Path, words: Catalog) -> Catalog:
    catalogue = known(file)
    catalogue.update(words, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    return [str(message.id) for message in catalogue if message.id and not all(_strings(message.string))]


def _strings(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def write(file: Path, catalogue: Catalog) -> None:
    body = io.BytesIO()
    write_po(body, catalogue, width=110, sort_output=True, no_location=True, omit_header=True)
    header = HEADER.format(language=catalogue.locale, plurals=catalogue.plural_forms)
    file.write_bytes(header.encode() + body.getvalue())


def main() -> int:
    words, missing = extracted(), []
    for file in FILES:
        catalogue = merged(file, words)
        missing += [f"{file.stem}: {message}" for message in untranslated(catalogue)]
        if "--check" not in sys.argv:
            write(file, catalogue)
    for message in missing:
        print(f"not translated: {message}")
    return 1 if missing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
