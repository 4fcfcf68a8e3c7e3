"""Captions: WebVTT or SubRip as people send it, kept as WebVTT of times and words only."""

import re
from html import unescape

from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_

MAX_CAPTIONS_CHARACTERS = 100_000
MAX_CUES = 2000

_TIME = r"(?:\d{2,3}:)?\d{2}:\d{2}[.,]\d{3}"
_TIMES = re.compile(rf"^({_TIME})[ \t]+-->[ \t]+({_TIME})([ \t].*)?$")
_SETTING = re.compile(r"(?:line|position|size|align|vertical):[a-z0-9.,%-]{1,20}", re.ASCII)
_TAG = re.compile(r"<[^<>]*>?")
_KEPT_TAG = re.compile(r"</?(?:b|i|u|ruby|rt)>|<v [^<>&]{1,40}>|</v>")


def as_webvtt(text: str) -> str:
    """Of what was sent, its cues in their order: times, where they stand, words with their emphasis and speakers. Style
    sheets, notes and everything else are left out. Raises `Invalid` where there is no cue in it."""
    tidied = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()
    if not tidied:
        return ""
    if len(tidied) > MAX_CAPTIONS_CHARACTERS:
        raise Invalid.one("captions", N_("This is too long."))
    cues = [cue for block in re.split(r"\n[ \t]*\n", tidied) if (cue := _cue(block.split("\n")))]
    if not cues:
        raise Invalid.one(
            "captions", N_("Write times and words: 00:01.000 --> 00:04.000, and on the next line the words.")
        )
    if len(cues) > MAX_CUES:
        raise Invalid.one("captions", N_("This is too long."))
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


def _cue(lines: list[str]) -> str | None:
    """The times stand in the first line or, below a name or number, in the second."""
    for n, line in enumerate(lines[:2]):
        times = _TIMES.match(line.strip())
        if times:
            start, end = (time.replace(",", ".") for time in times.groups()[:2])
            settings = [one for one in (times[3] or "").split() if _SETTING.fullmatch(one)]
            words = [_plain(one) for one in lines[n + 1 :] if one.strip()]
            return "\n".join([" ".join([f"{start} --> {end}", *settings]), *words]) if words else None
    return None


def _plain(line: str) -> str:
    """Words with the tags that are kept; any other sign of a tag is gone."""
    parts = []
    at = 0
    for tag in _TAG.finditer(line):
        parts += [_escaped(line[at : tag.start()]), tag[0] if _KEPT_TAG.fullmatch(tag[0]) else ""]
        at = tag.end()
    return "".join([*parts, _escaped(line[at:])]).strip()


def _escaped(words: str) -> str:
    return unescape(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
