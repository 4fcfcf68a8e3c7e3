"""Every pair of words and ground in the stylesheet reads at 4.5 : 1 or better (WCAG 2.2, 1.4.3), light and dark."""

import re
from typing import Final

import pytest

from unwall.channels.design import STATIC

CSS: Final = (STATIC / "unwall.css").read_text(encoding="utf-8")
TOKENS: Final = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\);", CSS)
}
WORDS: Final = ("ink", "slate", "slate-soft", "brick", "jade", "amber")
GROUNDS: Final = ("paper", "leaf", "well")
PAIRS: Final = [
    *((word, ground) for word in WORDS for ground in GROUNDS),
    *((tone, f"{tone}-wash") for tone in ("brick", "jade", "amber")),
    *((word, f"{tone}-wash") for word in ("ink", "slate") for tone in ("brick", "jade", "amber")),
    *(("on-fill", fill) for fill in ("brick", "jade", "amber")),
    ("paper", "ink"),
]


def luminance(colour: str) -> float:
    """Relative luminance of `#RRGGBB`, as WCAG defines it."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_known_colours() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("word", "ground"), PAIRS)
def test_words_can_be_read(word: str, ground: str, theme: str) -> None:
    assert contrast(TOKENS[word][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_outlines_of_controls_can_be_seen(ground: str, theme: str) -> None:
    """WCAG 2.2, 1.4.11: three to one for what tells a control from the page."""
    assert contrast(TOKENS["edge"][theme], TOKENS[ground][theme]) >= 3
