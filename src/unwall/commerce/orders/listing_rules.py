"""Limits of what staff put on orders."""

from unwall.kernel import typed
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

PHONE_SUFFIX_DIGITS = 4
"""So many last digits of a telephone number find its orders."""
TAG_MAX_CHARACTERS = 30
MAX_TAGS = 20
"""Of one order."""
NOTE_MAX_CHARACTERS = 2000
MAX_NOTES = 200
"""Of one order."""
FILTER_NAME_MAX_CHARACTERS = 40
MAX_FILTERS = 30
"""Of one merchant."""
MAX_MARKED = 200
"""Orders that are marked at once."""


def tag_of(text: str) -> str:
    """Raises `Invalid` (tag)."""
    return _named(text, "tag", TAG_MAX_CHARACTERS)


def filter_name(text: str) -> str:
    """Raises `Invalid` (name)."""
    return _named(text, "name", FILTER_NAME_MAX_CHARACTERS)


def _named(text: str, field: str, limit: int) -> str:
    name = typed.line(text[: 4 * limit])
    if not name or len(name) > limit or len(text) > 4 * limit:
        raise Invalid.one(field, N_("Write a name of at most {limit} characters.", limit=limit))
    return name


def note_of(text: str) -> str:
    """Raises `Invalid` (note)."""
    if len(text) > 2 * NOTE_MAX_CHARACTERS:
        raise Invalid.one("note", _NOTE)
    note = typed.paragraphs(text)
    if not note or len(note) > NOTE_MAX_CHARACTERS:
        raise Invalid.one("note", _NOTE)
    return note


_NOTE = N_("Write a note of at most {limit} characters.", limit=NOTE_MAX_CHARACTERS)
