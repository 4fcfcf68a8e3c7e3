"""Things turned on a wheel or blown in a mould, lit from the left: shared by the tea table and the bathroom shelf."""

from collections.abc import Sequence
from random import Random

from unwall_demo.ink import Point, blur, deep, ellipse, pale, path

Profile = Sequence[Point]
"""(half width, y) from the rim down"""


def lathe(cx: float, profile: Profile, *, bend: float = 0.16, soft: bool = True) -> str:
    """The outline of a round body seen slightly from above; `bend` is the flatness of its foot."""
    top, foot = profile[0], profile[-1]
    right = curve([(cx + w, y) for w, y in profile], soft=soft)
    left = curve([(cx - w, y) for w, y in reversed(profile)], soft=soft)
    return (
        f"M{cx + top[0]:.0f} {top[1]:.0f}{right}A{foot[0]:.0f} {max(foot[0] * bend, 1):.0f} 0 0 1 {cx - foot[0]:.0f} {foot[1]:.0f}"
        f"{left}A{top[0]:.0f} {max(top[0] * bend, 1):.0f} 0 0 1 {cx + top[0]:.0f} {top[1]:.0f}Z"
    )


def curve(line: Sequence[Point], *, soft: bool) -> str:
    if not soft:
        return "".join(f"L{x:.0f} {y:.0f}" for x, y in line[1:])
    out = []
    for i in range(len(line) - 1):
        before, here, there = line[max(i - 1, 0)], line[i], line[i + 1]
        after = line[min(i + 2, len(line) - 1)]
        ax, ay = here[0] + (there[0] - before[0]) / 6, here[1] + (there[1] - before[1]) / 6
        bx, by = there[0] - (after[0] - here[0]) / 6, there[1] - (after[1] - here[1]) / 6
        out.append(f"C{ax:.0f} {ay:.0f} {bx:.0f} {by:.0f} {there[0]:.0f} {there[1]:.0f}")
    return "".join(out)


def solid(cx: float, profile: Profile, fill: str, *, soft: bool = True, extra: str = "") -> str:
    return path(lathe(cx, profile, soft=soft), f'fill="url(#{fill})" {extra}')


def mouth(cx: float, y: float, half: float, tint: str, inside: str, flat: float = 0.16) -> str:
    """A rim with what is inside it."""
    return ellipse(cx, y, half, half * flat, f'fill="{pale(tint, 0.35)}"') + ellipse(
        cx, y + 2, half - 7, (half - 7) * flat, f'fill="{inside}"'
    )


def lid_top(cx: float, y: float, half: float, tint: str) -> str:
    return ellipse(cx, y, half, half * 0.16, f'fill="{pale(tint, 0.22)}" stroke="{deep(tint, 0.2)}" stroke-width="1"')


def standing(cx: float, y: float, half: float, colour: str = "#2a1d12", opacity: float = 0.4) -> str:
    """Contact shadow and the long soft one to the right; needs blurs `near` and `far`."""
    long = f"M{cx - half:.0f} {y:.0f}L{cx + half * 2.4:.0f} {y + half * 0.32:.0f}L{cx + half * 2.5:.0f} {y + half * 0.62:.0f}L{cx - half * 0.4:.0f} {y + half * 0.3:.0f}Z"
    return path(long, f'fill="{colour}" opacity="{opacity * 0.5:.2f}" filter="url(#far)"') + ellipse(
        cx + 8, y + 4, half * 1.08, half * 0.2 + 4, f'fill="{colour}" opacity="{opacity:.2f}" filter="url(#near)"'
    )


def ground_defs() -> str:
    return blur("near", 6) + blur("far", 15)


def seal(x: float, y: float, size: float, colour: str, rng: Random) -> str:
    """A small carved seal: a square with a few strokes, no real character."""
    strokes = rng.choice(
        (
            "M4 6h12M10 6v10M5 11h10",
            "M5 4v12M15 4v12M5 10h10M10 4v6",
            "M4 5h12v6H4zM10 11v5M5 16h10",
            "M10 3v5M4 8h12M6 8v8M14 8v8M6 12h8",
        )
    )
    return (
        f'<g transform="translate({x:.0f} {y:.0f}) scale({size / 20:.2f})"><rect width="20" height="20" rx="1.5" fill="{colour}"/>'
        f'<path d="{strokes}" fill="none" stroke="#fbf3e4" stroke-width="1.7"/></g>'
    )


def lines(x: float, y: float, widths: Sequence[float], colour: str, gap: float = 13) -> str:
    """The look of small print."""
    d = "".join(f"M{x - w / 2:.0f} {y + i * gap:.0f}h{w:.0f}" for i, w in enumerate(widths))
    return path(d, f'stroke="{colour}" stroke-width="2.6" opacity=".7"')
