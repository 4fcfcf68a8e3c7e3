"""Opening hours in words. Pure."""

import re

from babel.dates import get_day_names

from unwall.kernel.text import N_, gettext, locale_of

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""OpenStreetMap's abbreviations."""
NO_BREAK = "\u00a0"
"""Between a day and its hours, so that a line breaks between two days."""
_DAY = "|".join(DAYS)
_EVERY_DAY = re.compile(r"\bMo-Su\b")
_FROM_TO = re.compile(rf"\b({_DAY})-({_DAY})\b")
_ONE_DAY = re.compile(rf"\b({_DAY})\b")
_CLOCKS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")


def opening_hours_text(hours: str, lang: str) -> str:
    """ "Mo-Fr 10:00-22:00; PH off" as people write it; the rarer parts of the syntax stay as they are."""
    short = get_day_names("abbreviated", locale=locale_of(lang))
    names = {day: short[n] for n, day in enumerate(DAYS)}

    def span(match: re.Match[str]) -> str:
        return gettext(lang, N_("{first} to {last}"), first=names[match[1]], last=names[match[2]])

    said = _EVERY_DAY.sub(gettext(lang, N_("Daily")), hours)
    said = _ONE_DAY.sub(lambda match: names[match[1]], _FROM_TO.sub(span, said))
    said = _CLOCKS.sub(r"\1–\2", said)
    said = re.sub(r"\bPH\b", gettext(lang, N_("public holidays")), said)
    said = re.sub(r"\boff\b", gettext(lang, N_("closed")), said)
    return " · ".join(part.replace(" ", NO_BREAK) for part in said.split("; "))
