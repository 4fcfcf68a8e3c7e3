"""Weaves, folds and the way cloth takes light: what turns a silhouette into a garment."""

from random import Random
from typing import NamedTuple

from unwall_demo.ink import across, blur, deep, lightness, mix, pale, path, points, shadow, smooth


class Garment(NamedTuple):
    """Outlines from back to front, then what is sewn on; `top` is where the hanger or clip meets it."""

    under: tuple[str, ...]
    body: tuple[str, ...]
    over: str
    top: float = 250
    hanging: str = "shoulders"


# name: width and height of the repeat, its drawing in the cloth's own tones, and how it lies
WEAVES: dict[str, tuple[int, int, str, str]] = {
    "stripe": (30, 30, '<path d="M0 8H30" stroke="{far}" stroke-width="9"/>', ""),
    "pinstripe": (22, 22, '<path d="M6 0V22" stroke="{far}" stroke-width="2"/>', ""),
    "check": (
        64,
        64,
        '<g stroke="{near}" stroke-width="13" opacity=".45"><path d="M16 0V64M40 0V64"/><path d="M0 16H64M0 40H64"/></g>'
        '<path d="M52 0V64M0 52H64" stroke="{accent}" stroke-width="2.5"/>',
        "",
    ),
    "herringbone": (
        20,
        16,
        '<path d="M0 16L10 6L20 16M0 8L10 -2L20 8" fill="none" stroke="{far}" stroke-width="2.6" opacity=".6"/>',
        "",
    ),
    "rib": (12, 12, '<path d="M2 0V12" stroke="{near}" stroke-width="4" opacity=".5"/>', ""),
    "cable": (
        46,
        54,
        '<path d="M10 0C10 18 30 9 30 27S10 36 10 54M30 0C30 18 10 9 10 27S30 36 30 54" fill="none" stroke="{near}" '
        'stroke-width="6" opacity=".55"/><path d="M41 0V54" stroke="{near}" stroke-width="4" opacity=".35"/>',
        "",
    ),
    "twill": (9, 9, '<path d="M0 9L9 0" stroke="{far}" stroke-width="1.4" opacity=".5"/>', ""),
    "dot": (44, 44, '<g fill="{far}"><circle cx="11" cy="11" r="4.6"/><circle cx="33" cy="33" r="4.6"/></g>', ""),
    "leaf": (
        88,
        96,
        '<path d="M20 34q-16-14 0-32q16 18 0 32v16M64 82q-16-14 0-32q16 18 0 32v16M62 20q10-14 22-8q-6 14-22 8'
        'M14 74q-12-10-6-20q12 6 6 20" fill="{far}" stroke="{far}" stroke-width="1.6" fill-opacity=".75"/>',
        ' patternTransform="rotate(12)"',
    ),
    "quilt": (
        70,
        70,
        '<path d="M0 0L70 70M70 0L0 70" stroke="{near}" stroke-width="2.5"/>'
        '<path d="M3 0L73 70M73 0L3 70" stroke="{far}" stroke-width="1.4" opacity=".6"/>',
        "",
    ),
    "slub": (
        90,
        70,
        '<path d="M4 9h26M48 22h34M12 40h18M58 51h22M30 62h12M70 6v20M24 30v22" stroke="{far}" stroke-width="1.6" '
        'opacity=".4"/>',
        "",
    ),
    "tweed": (
        40,
        40,
        '<path d="M3 5h3M18 9h3M31 4h2M9 19h2M25 22h4M37 30h2M5 33h3M17 36h2" stroke="{far}" stroke-width="2.8"/>'
        '<path d="M11 11h3M28 14h2M3 26h2M20 29h3M34 18h3" stroke="{accent}" stroke-width="2.8"/>',
        "",
    ),
    "plain": (90, 90, "", ""),
}


def weave(name: str, rng: Random, tint: str) -> str:
    """A `<pattern id="w">` in tones of the cloth's own colour; no name is plain cloth."""
    far = pale(tint, 0.42) if lightness(tint) < 0.62 else deep(tint, 0.26)
    accent = mix(far, "#b93823", 0.55) if rng.random() < 0.4 else far
    width, height, drawing, extra = WEAVES[name or "plain"]
    drawn = drawing.format(far=far, near=deep(tint, 0.2), accent=accent)
    return f'<pattern id="w" width="{width}" height="{height}" patternUnits="userSpaceOnUse"{extra}>{drawn}</pattern>'


def folds(rng: Random, top: float, bottom: float, spread: float, count: int = 7) -> str:
    """Path data of long soft folds that fall from `top` and open towards `bottom`."""
    shapes = []
    for i in range(count):
        at = (i + rng.uniform(0.15, 0.85)) / count * 2 - 1
        x0, x1 = 400 + at * spread * 0.45, 400 + at * spread
        start = top + rng.uniform(0, 0.35) * (bottom - top)
        half = rng.uniform(7, 17)
        middle = ((x0 + x1) / 2 + rng.uniform(-10, 10), (start + bottom) / 2)
        shapes.append(
            f"M{x0:.0f} {start:.0f}Q{points((middle, (x1 - half, bottom)))}L{x1 + half:.0f} {bottom:.0f}"
            f"Q{points(((middle[0] + 5, middle[1]), (x0, start)))}Z"
        )
    return "".join(shapes)


def cloth_defs(rng: Random, tint: str, pattern: str) -> str:
    strength = 0.2 if lightness(tint) < 0.3 else 0.3
    return (
        weave(pattern, rng, tint)
        + across(
            "light", (0, "#fff", 0.2), (0.3, "#fff", 0.08), (0.55, deep(tint, 0.8), 0), (1, deep(tint, 0.85), strength)
        )
        + blur("fold", 7)
        + shadow("cast", (26, 22), 20, "#3a2a1c", 0.34)
    )


def sewn(garment: Garment, rng: Random, tint: str, *, spread: float = 170) -> tuple[str, str]:
    """Definitions and drawing of a garment in its cloth: outlines, weave, folds, light, then details."""
    names = [f"p{i}" for i in range(len(garment.under) + len(garment.body))]
    defs = "".join(f'<path id="{name}" d="{d}"/>' for name, d in zip(names, garment.under + garment.body, strict=True))
    defs += '<clipPath id="cut">' + "".join(f'<use href="#{name}"/>' for name in names) + "</clipPath>"
    seam = f'stroke="{deep(tint, 0.42)}" stroke-opacity=".55" stroke-width="1.6"'
    edge = len(garment.under)
    flat = "".join(
        f'<use href="#{name}" fill="{deep(tint, 0.1) if i < edge else tint}" {seam}/>' for i, name in enumerate(names)
    )
    dark, bright = deep(tint, 0.62), pale(tint, 0.7)
    under, over = f'fill="{dark}" opacity=".3"', f'fill="{bright}" opacity=".26"'
    top, bottom = garment.top, 930
    shade = (
        f'<g clip-path="url(#cut)"><rect x="60" y="120" width="680" height="840" fill="url(#w)"/>'
        f'<g filter="url(#fold)">{path(folds(rng, top + 60, bottom, spread), under)}'
        f"{path(folds(rng, top + 60, bottom, spread, 4), over)}</g>"
        f'<rect x="120" y="120" width="560" height="840" fill="url(#light)"/></g>'
    )
    return defs, f'<g filter="url(#cast)">{flat}</g>{shade}{garment.over}'


def draped(rng: Random, tint: str, *, tilt: float = 0.5) -> str:
    """A field of cloth in deep folds, filling the sheet; needs a blur called `fold`."""
    bands = []
    dark, bright = deep(tint, 0.6), pale(tint, 0.6)
    for i in range(9):
        x = -160 + i * 125 + rng.uniform(-30, 30)
        line = [(x + tilt * 420 * t + rng.uniform(-34, 34), -60 + 1120 * t) for t in (0, 0.25, 0.5, 0.75, 1)]
        width = rng.uniform(26, 60)
        back = [(px + width * (0.4 + 0.6 * (k % 2)), py) for k, (px, py) in enumerate(line)][::-1]
        d = f"M{points(line[:1])}{smooth(line)}L{points(back[:1])}{smooth(back)}Z"
        bands.append(path(d, f'fill="{dark if i % 2 else bright}" opacity="{0.42 if i % 2 else 0.4}"'))
    return f'<g filter="url(#fold)">{"".join(bands)}</g>'
