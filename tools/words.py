"""Collect the words of pages and errors into src/unwall/locale/zh.po: new ones are added empty, gone ones dropped.

usage: python tools/words.py [--check]      --check changes nothing; exits 1 and names what is not translated
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/unwall"
PO = SOURCE / "locale/zh.po"
# in Python the language comes first: gettext(lang, "..."); `words` and `count` are the channels' frames
PYTHON = {"N_": None, "gettext": (2,), "ngettext": (2, 3), "words": None, "count": (1, 2)}
JINJA = {"_": None, "gettext": None, "ngettext": (1, 2)}
TRIMMED = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}


def extracted() -> Catalog:
    """The words as the source has them now, each with the files that say it."""
    catalogue = Catalog(locale="zh_Hans_CN")
    found = [
        *extract_from_dir(SOURCE, [("**.py", "python")], keywords=PYTHON),
        *extract_from_dir(SOURCE, [("**/templates/**.html", "jinja2")], {"**": TRIMMED}, keywords=JINJA),
    ]
    for file, _line, message, _comments, _context in sorted(found, key=lambda row: (row[0], row[1])):
        catalogue.add(message, None, [(file, None)])
    return catalogue


def known() -> Catalog:
    if not PO.exists():
        return Catalog(locale="zh_Hans_CN")
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN")


def merged() -> Catalog:
    catalogue = known()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    return [str(message.id) for message in catalogue if message.id and not all(_strings(message.string))]


def _strings(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def main() -> int:
    catalogue = merged()
    missing = untranslated(catalogue)
    if "--check" not in sys.argv:
        with PO.open("wb") as file:
            write_po(file, catalogue, width=110, sort_output=True, no_location=True, omit_header=True)
        print(f"{PO.relative_to(ROOT)}: {len(catalogue)} messages, {len(missing)} not translated yet")
        return 0
    for message in missing:
        print(f"not translated: {message}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
