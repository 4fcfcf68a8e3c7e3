"""Rules of texts: the HTML of descriptions, the pictures in it, and slugs. Pure."""

import re
from hashlib import blake2b
from html.parser import HTMLParser

import nh3

from unwall.kernel import typed
from unwall.kernel.files import is_key

MAX_SLUG_BYTES = 255
"""As long as a part of an address may be: `request_limits.MAX_PATH_SEGMENT_BYTES`."""
MAX_HTML_PASSES = 10
MAX_FILE_CHARACTERS = 2000
_HTML = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "code", "a", "span"),
    *("strong", "b", "em", "i", "u", "s", "sub", "sup", "small", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}}
_SCHEMES = {"https", "http", "mailto"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BLOCKS = {
    **dict.fromkeys(("div", "section", "article", "header", "footer", "main", "aside", "figure", "figcaption"), "p"),
    **{"center": "p", "h1": "h2", "h5": "h4", "h6": "h4"},
}
"""What other blocks become, so that paragraphs stay paragraphs and headings headings."""
_BLOCK = re.compile(rf"<(/?)({'|'.join(_BLOCKS)})\b[^<>]*>", re.IGNORECASE)
_EMPTY = re.compile(r"<p>\s*</p>")
_ADDRESS = re.compile(r"https://[^\s/]+/\S+")


def clean_html(text: str) -> str:
    """Sanitize a description: text and its structure are kept; pictures, scripts, styles and forms are removed.
    Idempotent. It may take half a second: call it in a thread, after `check_sizes`.
    """
    before, cleaned = "", _BLOCK.sub(lambda tag: f"<{tag[1]}{_BLOCKS[tag[2].lower()]}>", text)
    for _ in range(MAX_HTML_PASSES):  # the parser may need several to repair wrong nesting; each pass only removes
        if cleaned == before:
            break
        before = cleaned
        once = nh3.clean(_CONTROL.sub("", before), tags=_HTML, attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
        cleaned = _EMPTY.sub("", once.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return cleaned


def pictures_in(text: str) -> list[tuple[str, str]]:
    """The web addresses of the pictures of an HTML text, each with its description."""
    return [(file, typed.line(alt)) for file, alt in _pictures(text) if _is_on_the_web(file)]


def has_other_pictures(text: str) -> bool:
    """Whether an HTML text has a picture that `pictures_in` does not give."""
    return any(not _is_on_the_web(file) for file, _ in _pictures(text))


def _pictures(text: str) -> list[tuple[str, str]]:
    if "<img" not in text.lower():
        return []
    parser = _Pictures()
    parser.feed(text)
    return parser.pictures


def _is_on_the_web(file: str) -> bool:
    return is_picture_file(file) and file[:8] == "https://"


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            said = dict(attrs)
            source = (said.get("src") or "").strip()
            self.pictures.append((re.sub("^(http:)?//", "https://", source), said.get("alt") or ""))


def is_picture_file(file: str) -> bool:
    """Whether it names a stored file or a web address; whether there is one is for who fetches or stores it."""
    return len(file) <= MAX_FILE_CHARACTERS and bool(is_key(file) or _ADDRESS.fullmatch(file))


def slugify(title: str) -> str:
    """A slug of the title: letters and digits of any script, joined by hyphens. A title of other signs only, such as
    emoji, gives a slug that says nothing; an empty title none."""
    text = typed.code(title).casefold()
    words = "".join(c if typed.is_letter(c) else " " for c in text).split()
    return typed.cut("-".join(words), MAX_SLUG_BYTES).rstrip("-") or (_nameless(text) if text else "")


def tidy_slug(slug: str) -> str:
    return typed.code(slug).casefold()


def _nameless(text: str) -> str:
    return "p" + blake2b(text.encode(), digest_size=5).hexdigest()
