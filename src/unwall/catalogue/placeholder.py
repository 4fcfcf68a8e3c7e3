"""A placeholder picture for a product without one: a geometric tile with the first words of its title, deterministic
for the title.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from html import escape

PALETTES = (
    ("#f1e8da", "#b4472e", "#e2b48f", "#2f3a45"),
    ("#e6ebe2", "#2f5a4c", "#a9bfa4", "#c98a3c"),
    ("#f4ebe6", "#8f4f5c", "#dba9a0", "#4b5d67"),
    ("#e4e9ed", "#34507a", "#9fb7c9", "#d8793f"),
    ("#f3ecd6", "#8a6a1f", "#d9bd72", "#4f6152"),
    ("#eae4ee", "#5b3f70", "#b9a3c7", "#c7824f"),
    ("#e3ecea", "#1f6468", "#93bdb8", "#b4523e"),
    ("#f0e6df", "#4b362b", "#c7a78e", "#5f7f72"),
    ("#e9e7dd", "#3c4a3a", "#a7ae8e", "#a8452f"),
    ("#f6e9dc", "#c25f2c", "#f0bd92", "#32455a"),
    ("#e6e6e6", "#33363b", "#a6abb1", "#b93823"),
    ("#edf0df", "#5c7a2e", "#bccb8d", "#7a4a2a"),
)

Colours = tuple[str, str, str, str]
Draw = Callable[[int], int]


def placeholder(title: str, seed: str) -> str:
    """An 800 x 1000 SVG; a different `seed` gives equal titles of different merchants different tiles."""
    digest = hashlib.blake2b(f"{seed}\x00{title}".encode(), digest_size=32).digest()
    state = int.from_bytes(digest, "big")

    def draw(sides: int) -> int:
        nonlocal state
        state, drawn = divmod(state, sides)
        return drawn

    palette = PALETTES[draw(len(PALETTES))]
    paper, *inks = palette
    turn = draw(3)
    colours: Colours = (paper, inks[turn], inks[(turn + 1) % 3], inks[(turn + 2) % 3])
    drawing = SHAPES[draw(len(SHAPES))](draw, colours)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="1000" viewBox="0 0 800 1000">'
        f'<rect width="800" height="1000" fill="{paper}"/>{drawing}{words(title, palette)}</svg>'
    )


def initials(title: str) -> tuple[str, str]:
    """A large monogram and a line of first words: "WHITE HANGING HEART" gives ("WH", "White Hanging Heart")."""
    parts: list[str] = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", title)
    if not parts:
        return "·", ""
    if ord(parts[0][0]) > 0x2E7F:
        return parts[0][0], "".join(parts)[:12]
    line: list[str] = []
    for word in parts[:5]:
        if line and len(" ".join([*line, word])) > 30:
            break
        line.append(word if any(c.islower() for c in word) else word.capitalize())
    return "".join(word[0].upper() for word in line[:2]), " ".join(line)[:34]


def words(title: str, palette: Sequence[str]) -> str:
    monogram, line = initials(title)
    ink = next(c for c in palette[1:] if brightness(c) < 130)
    serif = "Georgia,'Songti SC','Noto Serif CJK SC',serif"
    return (
        f'<rect y="820" width="800" height="180" fill="{palette[0]}"/><path d="M60 860H740" stroke="{ink}" stroke-width="2"/>'
        f'<g fill="{ink}" font-family="{serif}"><text x="60" y="938" font-size="66">{escape(monogram)}</text>'
        f'<text x="740" y="928" font-size="30" text-anchor="end">{escape(line)}</text></g>'
    )


def brightness(colour: str) -> float:
    value = int(colour[1:], 16)
    return (value >> 16) * 0.299 + (value >> 8 & 255) * 0.587 + (value & 255) * 0.114


def quarters(draw: Draw, c: Colours) -> str:
    """A 4 x 4 quilt of quarter discs, half squares and dots."""
    out = []
    for i in range(16):
        x, y, fill, turn = 80 + i % 4 * 160, 90 + i // 4 * 160, c[1 + draw(3)], draw(4) * 90
        shape = (
            '<path d="M-80 -80A160 160 0 0 1 80 80H-80Z"/>',
            '<path d="M-80 -80L80 80H-80Z"/>',
            '<circle r="52"/>',
            '<path d="M-80 -80H80A80 80 0 0 1 -80 -80Z"/>',
            '<path d="M-80 0A80 80 0 0 1 0 -80A80 80 0 0 1 80 0A80 80 0 0 1 0 80A80 80 0 0 1 -80 0Z" opacity=".35"/>',
        )[draw(5)]
        out.append(f'<g fill="{fill}" transform="translate({x + 80} {y + 80}) rotate({turn})">{shape}</g>')
    return "".join(out)


def arches(draw: Draw, c: Colours) -> str:
    """Rainbow arches side by side at different heights."""
    out = []
    for k in range(3):
        x, base = 190 + k * 210, 760 - draw(4) * 90
        for ring in range(4):
            r = 100 - ring * 24
            out.append(
                f'<path d="M{x - r} 820V{base - 200}A{r} {r} 0 0 1 {x + r} {base - 200}V820Z" fill="{c[(ring + k + draw(2)) % 4]}"/>'
            )
    return "".join(out)


def hills(draw: Draw, c: Colours) -> str:
    """A sun and overlapping waves."""
    x, y, r = 180 + draw(5) * 110, 200 + draw(4) * 50, 80 + draw(4) * 24
    out = [f'<circle cx="{x}" cy="{y}" r="{r}" fill="{c[1 + draw(3)]}"/>']
    for k in range(4):
        top, swell, lift = 420 + k * 95, 60 + draw(5) * 26, draw(2) * 2 - 1
        d = f"M0 {top}Q200 {top - swell * lift} 400 {top}T800 {top}V820H0Z"
        out.append(f'<path d="{d}" fill="{c[1 + (k + draw(2)) % 3]}" opacity="{0.55 + 0.15 * k:.2f}"/>')
    return "".join(out)


def discs(draw: Draw, c: Colours) -> str:
    """Three large translucent discs and a ring."""
    out = [
        f'<circle cx="{200 + draw(9) * 50}" cy="{200 + draw(9) * 48}" r="{110 + draw(6) * 26}" fill="{c[1 + k]}" opacity=".82"/>'
        for k in range(3)
    ]
    out.append(
        f'<circle cx="{240 + draw(8) * 46}" cy="{240 + draw(8) * 46}" r="{60 + draw(5) * 22}" fill="none" stroke="{c[0]}" stroke-width="{8 + draw(4) * 5}"/>'
    )
    return "".join(out)


def weave(draw: Draw, c: Colours) -> str:
    """Crossing bands, over and under."""
    columns, out = [110 + k * 150 for k in range(4)], []
    for k in range(4):
        y, tall = 110 + k * 170, 50 + draw(5) * 16
        out.append(f'<rect x="60" y="{y}" width="680" height="{tall}" rx="{tall / 2:g}" fill="{c[1 + draw(3)]}"/>')
    for k, x in enumerate(columns):
        wide = 44 + draw(5) * 16
        out.append(
            f'<rect x="{x}" y="60" width="{wide}" height="720" rx="{wide / 2:g}" fill="{c[1 + (k + draw(2)) % 3]}" opacity=".88"/>'
        )
    return "".join(out)


def petals(draw: Draw, c: Colours) -> str:
    """One large rosette."""
    count, long, wide = 5 + draw(8), 250 + draw(4) * 22, 50 + draw(5) * 16
    ring = "".join(
        f'<path d="M0 0Q{wide} {-long // 2} 0 {-long}Q{-wide} {-long // 2} 0 0Z" transform="rotate({360 * k / count:.1f})" fill="{c[1 + k % 2]}" opacity=".86"/>'
        for k in range(count)
    )
    return f'<g transform="translate(400 440) rotate({draw(40)})">{ring}<circle r="{34 + draw(4) * 14}" fill="{c[3]}"/></g>'


def vessels(draw: Draw, c: Colours) -> str:
    """Simple vessels on two vessels."""
    out = []
    for y in (430, 780):
        x = 110
        while x < 640:
            w, h, kind = 70 + draw(4) * 24, 110 + draw(5) * 34, draw(4)
            d = (
                f"M{x} {y}V{y - h}H{x + w}V{y}Z",
                f"M{x} {y}V{y - h + w // 2}A{w // 2} {w // 2} 0 0 1 {x + w} {y - h + w // 2}V{y}Z",
                f"M{x} {y}L{x + w // 3} {y - h}H{x + w - w // 3}L{x + w} {y}Z",
                f"M{x + w // 4} {y}Q{x - w // 3} {y - h // 2} {x + w // 3} {y - h}H{x + w - w // 3}Q{x + w + w // 3} {y - h // 2} {x + w - w // 4} {y}Z",
            )[kind]
            out.append(f'<path d="{d}" fill="{c[1 + draw(3)]}"/>')
            x += w + 22
        out.append(f'<path d="M70 {y + 6}H730" stroke="{c[1]}" stroke-width="8"/>')
    return "".join(out)


SHAPES = (quarters, arches, hills, discs, weave, petals, vessels)
