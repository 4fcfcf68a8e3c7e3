"""Paper, light and the small arithmetic every drawing stands on.

Drawings are 800 x 1000 units (4:5), plain SVG without scripts or outside references, meant for `<img>`.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random

WIDTH, HEIGHT = 800, 1000

Point = tuple[float, float]


@lru_cache(maxsize=4096)
def mix(first: str, second: str, share: float) -> str:
    """The colour `share` of the way from the first hex colour to the second."""
    a, b = int(first[1:], 16), int(second[1:], 16)
    parts = (round((a >> s & 255) + ((b >> s & 255) - (a >> s & 255)) * share) for s in (16, 8, 0))
    return "#{:02x}{:02x}{:02x}".format(*parts)


def deep(colour: str, share: float) -> str:
    """Darker, towards a warm black: shadows on paper are never grey."""
    return mix(colour, "#1d140f", share)


def pale(colour: str, share: float) -> str:
    return mix(colour, "#fffaf2", share)


@lru_cache(maxsize=4096)
def lightness(colour: str) -> float:
    """Perceived lightness, 0 (black) to 1 (white): weighted channels of ITU-R BT.601."""
    value = int(colour[1:], 16)
    return ((value >> 16) * 0.299 + (value >> 8 & 255) * 0.587 + (value & 255) * 0.114) / 255


def sheet(defs: str, body: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><defs>{defs}</defs>{body}</svg>'
    )


def stops(*pairs: tuple[float, str, float]) -> str:
    """(offset, colour, opacity) triples as gradient stops."""
    return "".join(
        f'<stop offset="{at:g}" stop-color="{colour}"' + (f' stop-opacity="{opacity:g}"' if opacity < 1 else "") + "/>"
        for at, colour, opacity in pairs
    )


def across(name: str, *pairs: tuple[float, str, float]) -> str:
    return f'<linearGradient id="{name}">{stops(*pairs)}</linearGradient>'


def down(name: str, *pairs: tuple[float, str, float]) -> str:
    return f'<linearGradient id="{name}" x2="0" y2="1">{stops(*pairs)}</linearGradient>'


def glow(name: str, centre: tuple[float, float, float], *pairs: tuple[float, str, float]) -> str:
    """A radial gradient; centre is (cx, cy, r) in fractions of the box."""
    cx, cy, r = centre
    return f'<radialGradient id="{name}" cx="{cx:g}" cy="{cy:g}" r="{r:g}">{stops(*pairs)}</radialGradient>'


def blur(name: str, amount: float) -> str:
    return (
        f'<filter id="{name}" x="-30%" y="-30%" width="160%" height="160%">'
        f'<feGaussianBlur stdDeviation="{amount:g}"/></filter>'
    )


def shadow(name: str, offset: Point, softness: float, colour: str, opacity: float) -> str:
    return (
        f'<filter id="{name}" x="-20%" y="-10%" width="150%" height="130%"><feDropShadow dx="{offset[0]:g}" '
        f'dy="{offset[1]:g}" stdDeviation="{softness:g}" flood-color="{colour}" flood-opacity="{opacity:g}"/></filter>'
    )


def turned(name: str, tint: str, gloss: float = 0.35) -> str:
    """Shading of a round body lit from the left; gloss 0 is clay, 1 is glass."""
    return across(
        name,
        (0, deep(tint, 0.3), 1),
        (0.16, deep(tint, 0.05), 1),
        (0.3, pale(tint, 0.2 + 0.5 * gloss), 1),
        (0.42, pale(tint, 0.08), 1),
        (0.7, deep(tint, 0.14), 1),
        (0.94, deep(tint, 0.4), 1),
        (1, deep(tint, 0.3), 1),
    )


def specks(name: str, rng: Random, colour: str, opacity: float = 0.12) -> str:
    """Paper fibre as a small repeating tile: the look of grain without the cost of a noise filter."""
    dots = "".join(
        f"M{rng.randrange(96)} {rng.randrange(96)}l{rng.choice((1, 2, 3))} {rng.choice((-1, 0, 1))}" for _ in range(26)
    )
    return (
        f'<pattern id="{name}" width="97" height="97" patternUnits="userSpaceOnUse">'
        f'<path d="{dots}" stroke="{colour}" stroke-opacity="{opacity:g}" stroke-width="1.1"/></pattern>'
    )


def grain(name: str, seed: int, opacity: float = 0.16) -> str:
    """Film grain from a noise filter; costly to paint, so only for editorial pictures."""
    return (
        f'<filter id="{name}" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency=".8" '
        f'numOctaves="2" seed="{seed % 97}"/><feColorMatrix values="0 0 0 0 .2 0 0 0 0 .16 0 0 0 0 .12 '
        f'0 0 0 {opacity * 2.4:.2f} -{opacity:.2f}"/></filter>'
    )


def full(fill: str, extra: str = "") -> str:
    return f'<rect width="800" height="1000" fill="{fill}"{extra}/>'


def points(sequence: Iterable[Point]) -> str:
    return " ".join(f"{x:.0f} {y:.0f}" for x, y in sequence)


Segment = Sequence[Point]


def mirrored(start: Point, *segments: Segment, centre: float = 400) -> str:
    """A closed outline from its right half: offsets from the centre line, top to bottom.

    A segment of one point is a line, of two a quadratic and of three a cubic curve.
    """
    letter = {1: "L", 2: "Q", 3: "C"}
    right = [f"M{centre + start[0]:.0f} {start[1]:.0f}"]
    left: list[str] = []
    here = start
    for segment in segments:
        right.append(letter[len(segment)] + points((centre + x, y) for x, y in segment))
        back = [*reversed(segment[:-1]), here]
        left.append(letter[len(segment)] + points((centre - x, y) for x, y in back))
        here = segment[-1]
    return "".join(right) + f"L{centre - here[0]:.0f} {here[1]:.0f}" + "".join(reversed(left)) + "Z"


def smooth(path: Sequence[Point]) -> str:
    """A soft curve through the points (Catmull-Rom as cubic Beziers), without the leading M."""
    out = []
    for i in range(len(path) - 1):
        before, here, there = path[max(i - 1, 0)], path[i], path[i + 1]
        after = path[min(i + 2, len(path) - 1)]
        first = (here[0] + (there[0] - before[0]) / 6, here[1] + (there[1] - before[1]) / 6)
        second = (there[0] - (after[0] - here[0]) / 6, there[1] - (after[1] - here[1]) / 6)
        out.append("C" + points((first, second, there)))
    return "".join(out)


def ellipse(cx: float, cy: float, rx: float, ry: float, extra: str) -> str:
    return f'<ellipse cx="{cx:.0f}" cy="{cy:.0f}" rx="{rx:.0f}" ry="{ry:.1f}" {extra}/>'


def path(d: str, extra: str) -> str:
    return f'<path d="{d}" {extra}/>'


def panes(rng: Random, colour: str = "#fff6e4", opacity: float = 0.5) -> str:
    """Afternoon light through a window, leaning on the wall; needs a blur called `soft`."""
    x, y = rng.choice((60, 130, 330, 400)), rng.randint(60, 200)
    lean, width, height = rng.randint(90, 170), rng.randint(110, 140), rng.randint(190, 230)
    shapes = []
    for row in range(3):
        for column in range(2):
            px, py = x + column * (width + 16) + row * lean * 0.62, y + row * (height + 18) + column * 26
            shapes.append(
                "M"
                + points(((px, py), (px + width, py + 24), (px + width + lean * 0.6, py + height + 24)))
                + "L"
                + points(((px + lean * 0.6, py + height),))
                + "Z"
            )
    return path("".join(shapes), f'fill="{colour}" opacity="{opacity:g}" filter="url(#soft)"')


def leaf(x: float, y: float, length: float, angle: float, width: float = 0.28) -> str:
    """One pointed leaf as path data, from its stalk outwards."""
    ex, ey = x + length * math.cos(angle), y + length * math.sin(angle)
    nx, ny = -math.sin(angle) * length * width, math.cos(angle) * length * width
    mx, my = x + (ex - x) * 0.45, y + (ey - y) * 0.45
    return f"M{x:.0f} {y:.0f}Q{points(((mx + nx, my + ny), (ex, ey)))}Q{points(((mx - nx, my - ny), (x, y)))}Z"


def bough(rng: Random, start: Point, angle: float, count: int, size: float = 90) -> str:
    """Path data of a leafy twig, for shadows of plants outside the picture."""
    x, y = start
    parts = []
    for i in range(count):
        step = size * 0.5
        x, y = x + step * math.cos(angle), y + step * math.sin(angle)
        angle += rng.uniform(-0.16, 0.16)
        side = 1 if i % 2 else -1
        length = size * rng.uniform(0.8, 1.25) * (1 - 0.4 * i / count)
        parts.append(leaf(x, y, length, angle + side * rng.uniform(0.5, 0.9), 0.2))
    return "".join(parts)
