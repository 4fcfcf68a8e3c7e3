"""What people type, tidied the same way everywhere: normal forms, invisible marks, and the digits, dashes and spaces of
every script. Everything here takes time in proportion to the text; a caller that has a limit checks the length first.
"""

import re
from typing import Literal
from unicodedata import category, combining, decimal
from unicodedata import normalize as _normalize_all

MAX_EMAIL_CHARACTERS = 254
MAX_MARKS = 30
"""On one letter (Unicode's stream-safe text): bringing them into order takes time that grows with their square."""

# Marks that nobody sees: soft hyphen, zero-width space, word joiner, byte order mark, invisible operators, Hangul
# fillers, and the marks that turn the direction of what follows. Tags are kept where they make a flag.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
)
_TAGS = "\U000e0000-\U000e007f"
_MARKS_OF_DIRECTION = "\u200e\u200f"
_CONTROLS = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff"
_FLAG = rf"(\U0001f3f4[{_TAGS}]+)"
_DROPPED_IN_TEXT = re.compile(rf"{_FLAG}|[{_HIDDEN}{_TAGS}{_CONTROLS}]")
_DROPPED = re.compile(rf"{_FLAG}|[{_HIDDEN}{_TAGS}{_MARKS_OF_DIRECTION}{_CONTROLS}]")
# Joiners shape letters of some scripts and build emoji; beside ASCII, a space or an end they do nothing.
_IDLE_JOINER = re.compile(r"(?:(?<=[\x00-\x7f\s])|(?<![\s\S]))[\u200c\u200d]+|[\u200c\u200d]+(?=[\x00-\x7f\s]|\Z)")
_JOINERS = re.compile(r"[\u200c\u200d\ufe00-\ufe0f]")
_BLANK = str.maketrans({"\u2800": " "})
"""The Braille pattern without dots is no space to Unicode, and looks like one."""
_LINE_ENDS = re.compile(r"\r\n|[\r\u0085\u2028\u2029\x0b\x0c]")
_DASH = re.compile(
    r"[\u02d7\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2212\u2796\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31"
    r"\ufe32\ufe58\ufe63\uff0d\U00010ead]|(?<=\d)[\u30fc\uff70\u2500\u2501](?=\d)"
)
"""Between digits also what keyboards for Japanese give for a dash."""
_SIGNS = re.compile(rf"[^\w\s!-~]{{{MAX_MARKS + 1},}}")
"""Where so many marks on one letter may stand: neither letters, digits nor white space."""
_OTHER_DIGIT = re.compile(r"[^\D0-9]")


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """As `unicodedata.normalize`, in linear time: of more than `MAX_MARKS` marks on a letter, the rest is dropped."""
    return _normalize_all(form, text if text.isascii() else _SIGNS.sub(_with_few_marks, text))


def _with_few_marks(match: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in match[0]:
        marks = marks + 1 if combining(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def line(text: str) -> str:
    """One line for people to read, such as a name, a title or an address: normal form C, without invisible marks and
    controls, each run of white space one space."""
    seen = _DROPPED.sub(r"\1", normalize("NFC", text.translate(_BLANK)))
    return " ".join(_IDLE_JOINER.sub("", seen).split())


def paragraphs(text: str) -> str:
    """A text of several lines: as `line`, but its lines and the spaces before and within them stay."""
    seen = _DROPPED_IN_TEXT.sub(r"\1", normalize("NFC", _LINE_ENDS.sub("\n", text)))
    return "\n".join(part.rstrip() for part in _IDLE_JOINER.sub("", seen).split("\n")).strip()


def code(text: str) -> str:
    """What is compared rather than read, such as a SKU, a barcode, an order number or a postcode: as `line`, with
    narrow letters and with the digits and the dash of ASCII. Capitals stay."""
    return _ascii_signs(line(normalize("NFKC", _JOINERS.sub("", text))))


def bare_code(text: str) -> str:
    """A code without spaces and dashes, for codes that are shown in groups, such as a card number."""
    return normalize("NFC", re.sub(r"[ -]+", "", code(text)))


def email(text: str) -> str:
    """An e-mail address as it is stored and compared."""
    return code(text).lower()


def is_email(text: str) -> bool:
    """Whether a tidied text can be an e-mail address: something, one @, and a domain with a dot inside."""
    if len(text) > MAX_EMAIL_CHARACTERS or any(c.isspace() for c in text):
        return False
    name, at, domain = text.partition("@")
    return bool(name and at and "@" not in domain and "." in domain.strip(".")[1:-1] and domain[0] != "." != domain[-1])


def password(text: str) -> str:
    """A password as it is hashed: the same on every keyboard, whatever normal form it sends (NIST SP 800-63B). Spaces
    stay."""
    return normalize("NFKC", _DROPPED.sub(r"\1", text))


def handle(text: str) -> str:
    """The name of an account: as a code, in small letters, without the @ before it."""
    return normalize("NFC", code(text).removeprefix("@").casefold()).strip()


def is_word(text: str, *, also: str = "") -> bool:
    """Whether a tidied text is only letters with their marks and digits, of any script, and of `also`."""
    return bool(text) and category(text[0])[0] != "M" and all(is_letter(c) or c in also for c in text)


def is_letter(character: str) -> bool:
    """Whether it is part of a word: a letter, a mark on one, or a digit, of any script."""
    return category(character)[0] in "LMN"


def cut(text: str, most_bytes: int) -> str:
    """The beginning of a text that takes at most so many bytes in UTF-8."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def digits(text: str) -> str:
    """With the digits of ASCII."""
    return _OTHER_DIGIT.sub(lambda match: str(decimal(match[0])), text)


def _ascii_signs(text: str) -> str:
    return text if text.isascii() else _DASH.sub("-", digits(text))


# --- search -----------------------------------------------------------------------------------------------------------

_STROKES = str.maketrans(
    {
        **{"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ŋ": "n", "ɨ": "i", "ƀ": "b"},
        **{"æ": "ae", "œ": "oe", "þ": "th", "ĸ": "k", "ŀ": "l", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ə": "e"},
        **{"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": "", "’": "'", "‘": "'", "ʼ": "'", "´": "'"},
    }
)
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]")
"""The marks on letters of Latin, Greek and Cyrillic, and the vowel points of Hebrew and Arabic."""


_TWO_LETTERS = str.maketrans({"å": "aa", "ä": "ae", "ö": "oe", "ø": "oe", "ü": "ue"})


def folded(text: str) -> str:
    """For search: letters without their accents and strokes, in one case and one width, and the digits of ASCII, so
    that "złoty" is found by "ZLOTY" and "Straße" by "strasse"."""
    return _bare(_in_one_case(text))


def spelled_out(text: str) -> str:
    """As `folded`, with two letters for each that is written so where a keyboard lacks it: "skål" is "skaal"."""
    return _bare(_in_one_case(text).translate(_TWO_LETTERS))


def _in_one_case(text: str) -> str:
    return code(text.replace("\x00", " ")).casefold()


def _bare(text: str) -> str:
    bare = normalize("NFC", _ACCENTS.sub("", normalize("NFD", text.translate(_STROKES))))
    return " ".join(bare.translate(_STROKES).split())
