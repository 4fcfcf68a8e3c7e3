"""Places: tea hills, mountains, lakes and rice terraces in their weathers, for posts."""

import math
from random import Random
from typing import NamedTuple

from unwall_demo.ink import (
    Point,
    blur,
    deep,
    down,
    ellipse,
    full,
    glow,
    grain,
    leaf,
    mix,
    pale,
    path,
    points,
    sheet,
    smooth,
)
from unwall_demo.values import Art


class Weather(NamedTuple):
    high: str
    low: str
    far: str
    near: str
    sun: str


WEATHERS = {
    "spring": Weather("#cfdcd3", "#f3ecd9", "#a9bfae", "#3f6148", "#f6e3b0"),
    "mist": Weather("#d8dcd6", "#f1eee4", "#c0cbc6", "#54706a", "#fbf6e8"),
    "dawn": Weather("#c9ccd6", "#f7d9bd", "#c6b4b8", "#56575e", "#f2a679"),
    "dusk": Weather("#6d7591", "#e8a98c", "#8d7f95", "#2f3a4d", "#f7c896"),
    "snow": Weather("#c3ccd3", "#eef0ee", "#d7dee1", "#5b6a73", "#f6f2e8"),
    "night": Weather("#1e2a3c", "#53657a", "#44566a", "#141d29", "#f3ead2"),
    "autumn": Weather("#dfd6c2", "#f4e6cc", "#c8a987", "#8a4a2c", "#f0b66a"),
    "summer": Weather("#a8cbc9", "#eef2dc", "#8fb59d", "#24593f", "#fdf3c8"),
    "rain": Weather("#8e9ba1", "#cdd5d3", "#9fadae", "#3c4f52", "#dfe5e2"),
}


def sky(rng: Random, w: Weather, *, sun: bool = True) -> tuple[str, str]:
    defs = (
        down("sky", (0, w.high, 1), (0.62, w.low, 1), (1, w.low, 1))
        + glow("halo", (0.5, 0.5, 0.5), (0, w.sun, 0.9), (0.35, w.sun, 0.35), (1, w.sun, 0))
        + blur("soft", 14)
        + grain("grain", rng.randrange(90))
    )
    x, y, r = rng.choice((190, 300, 540, 620)), rng.randint(170, 290), rng.randint(46, 74)
    disc = (
        f'<circle cx="{x}" cy="{y}" r="{r * 4}" fill="url(#halo)"/><circle cx="{x}" cy="{y}" r="{r}" fill="{w.sun}"/>'
    )
    return defs, full("url(#sky)") + (disc if sun else "")


def film() -> str:
    """A last veil of grain over the whole picture."""
    return '<rect width="800" height="1000" filter="url(#grain)" opacity=".55"/>'


def crest(rng: Random, base: float, height: float, steps: int) -> list[Point]:
    """A hill line of unequal summits: two waves of different length, one side higher."""
    phase, beat, slope = rng.random() * 6, rng.uniform(0.55, 0.8), rng.uniform(-0.9, 0.9)
    return [
        (
            -40 + 880 * i / steps,
            base
            - height
            * (0.5 + 0.3 * math.sin(phase + i * 1.5) + 0.35 * math.sin(phase * 2 + i * beat) + rng.uniform(-0.1, 0.1))
            + slope * height * (i / steps - 0.5),
        )
        for i in range(steps + 1)
    ]


def hill(line: list[Point], fill: str, extra: str = "") -> str:
    return path(f"M{points(line[:1])}{smooth(line)}V1010H-40Z", f'fill="{fill}" {extra}')


def mountains(rng: Random, w: Weather, count: int, top: float, bottom: float) -> tuple[str, str]:
    """Ranges behind each other, each dissolving into mist at its foot."""
    defs, body = "", ""
    for k in range(count):
        t = k / max(count - 1, 1)
        tone = mix(w.far, w.near, t * 0.85)
        defs += down(f"m{k}", (0, tone, 1), (0.5, mix(tone, w.low, 0.45), 0.9), (1, w.low, 0.25))
        base = top + (bottom - top) * t
        line = crest(rng, base, 190 - 60 * t, 6 + k)
        jag = [(x, y - (rng.random() * 34 if i % 2 else 0) * (1 - t * 0.5)) for i, (x, y) in enumerate(line)]
        foot = base + 280
        d = f"M{points(jag[:1])}{smooth(jag)}L840 {foot:.0f}H-40Z"
        body += path(d, f'fill="url(#m{k})"')
        if k < count - 1:
            body += ellipse(
                rng.randint(100, 700), base + 60, 420, 34, f'fill="{w.low}" opacity=".6" filter="url(#soft)"'
            )
    return defs, body


def rows(line: list[Point], w: Weather, tone: str, size: float, count: int, rng: Random) -> str:
    """Rows of tea bushes along a hill: dotted strokes that follow its crest and widen towards us."""
    out = []
    drift = rng.uniform(-16, 16)
    for k in range(1, count + 1):
        gap = size * (0.9 + 0.13 * k) * k
        moved = [(x + drift * k * 0.6, y + gap * (1 - 0.1 * math.sin(i * 1.1))) for i, (x, y) in enumerate(line)]
        d = f"M{points(moved[:1])}{smooth(moved)}"
        width = size * (0.5 + 0.05 * k)
        dark, bright = deep(tone, 0.16), mix(tone, w.sun, 0.9 if w is WEATHERS["snow"] else 0.2)
        name = f"r{size:.0f}-{k}"
        out.append(
            f'<defs><path id="{name}" d="{d}" fill="none"/></defs>'
            f'<use href="#{name}" stroke="{dark}" stroke-width="{width * 1.15:.0f}" y="{width * 0.28:.0f}"/>'
            f'<use href="#{name}" stroke="{bright}" stroke-width="{width:.0f}" stroke-linecap="round" '
            f'stroke-dasharray=".1 {width * 0.72:.1f}"/>'
        )
    return "".join(out)


def terraces(rng: Random, art: Art) -> tuple[str, str]:
    w = WEATHERS[art.pattern or "spring"]
    defs, body = sky(rng, w)
    more, ranges = mountains(rng, w, 3, 400, 560)
    body += ranges
    for k, (base, height, size, count) in enumerate(((640, 110, 20, 5), (760, 130, 30, 4), (890, 110, 44, 3))):
        tone = mix(mix(w.far, w.near, 0.45 + 0.22 * k), w.sun, 0.08)
        line = crest(rng, base, height, 4)
        body += hill(line, tone) + rows(line, w, tone, size, count, rng)
        if k < 2:
            body += ellipse(
                rng.choice((140, 640)), base + 96, 380, 36, f'fill="{w.low}" opacity=".72" filter="url(#soft)"'
            )
    body += trees(rng, 660 if rng.random() < 0.5 else 130, 640, deep(w.near, 0.2), 0.9)
    return defs + more, body + (flakes(rng) if art.pattern == "snow" else "")


def trees(rng: Random, x: float, y: float, tone: str, size: float) -> str:
    out = ""
    for k in range(3):
        tx, h = x + k * 34 * size + rng.uniform(-8, 8), rng.uniform(90, 150) * size
        out += path(f"M{tx:.0f} {y:.0f}v{-h * 0.8:.0f}", f'stroke="{tone}" stroke-width="{3.4 * size:.1f}"')
        out += "".join(
            ellipse(
                tx + rng.uniform(-9, 9),
                y - h * (0.5 + 0.17 * j),
                (24 - 5 * j) * size,
                (26 - 5 * j) * size,
                f'fill="{tone}" opacity=".9"',
            )
            for j in range(3)
        )
    return out


def flakes(rng: Random) -> str:
    d = "".join(f"M{rng.randrange(800)} {rng.randrange(1000)}h.1" for _ in range(54))
    big = "".join(f"M{rng.randrange(800)} {rng.randrange(1000)}h.1" for _ in range(22))
    return path(d, 'stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".85"') + path(
        big, 'stroke="#fff" stroke-width="13" stroke-linecap="round" opacity=".6"'
    )


def ridges(rng: Random, art: Art) -> tuple[str, str]:
    """Mountains only, as an ink painter stacks them, with a few birds and a pavilion or trees in front."""
    w = WEATHERS[art.pattern or "mist"]
    defs, body = sky(rng, w)
    more, ranges = mountains(rng, w, 6, 330, 900)
    birds = "".join(
        f"M{x} {y}q9 -10 16 0q8 -9 17 -1" for x, y in ((rng.randint(200, 560), rng.randint(190, 330)) for _ in range(4))
    )
    front = pavilion(rng.choice((150, 600)), 842, deep(w.near, 0.35)) + trees(
        rng, rng.choice((300, 420)), 872, deep(w.near, 0.3), 1.15
    )
    shore = hill(crest(rng, 920, 60, 4), deep(w.near, 0.3))
    body += (
        ranges
        + path(birds, f'fill="none" stroke="{deep(w.near, 0.2)}" stroke-width="2.6" opacity=".8"')
        + front
        + shore
    )
    return defs + more, body + (flakes(rng) if art.pattern == "snow" else "")


def pavilion(x: float, y: float, tone: str) -> str:
    roof = f"M{x - 84} {y - 64}Q{x - 40} {y - 80} {x} {y - 126}Q{x + 40} {y - 80} {x + 84} {y - 64}Q{x} {y - 78} {x - 84} {y - 64}Z"
    return path(
        roof
        + f"M{x - 52} {y - 66}h7v90h-7ZM{x + 45} {y - 66}h7v90h-7ZM{x - 16} {y - 66}h5v90h-5ZM{x + 12} {y - 66}h5v90h-5ZM{x - 62} {y}h124v26h-124ZM{x - 3} {y - 142}h6v20h-6Z",
        f'fill="{tone}"',
    )


def lake(rng: Random, art: Art) -> tuple[str, str]:
    """Hills and their reflection, a boat, reeds in front."""
    w = WEATHERS[art.pattern or "dawn"]
    defs, body = sky(rng, w, sun=False)
    shore = rng.randint(520, 560)
    x, r = rng.choice((240, 540)), rng.randint(58, 84)
    sun_y = shore - rng.randint(190, 290)
    defs += down("water", (0, mix(w.low, w.far, 0.25), 1), (1, mix(w.high, w.near, 0.3), 1))
    more, ranges = mountains(rng, w, 3, shore - 70, shore - 10)
    glints = "".join(
        f"M{x - rng.uniform(8, 20) - k * 5:.0f} {shore + 26 + k * 27}h{rng.uniform(30, 60) + k * 9:.0f}"
        for k in range(13)
    )
    calm = "".join(f"M{rng.randint(-60, 700)} {shore + 30 + k * 24}h{rng.randint(60, 300)}" for k in range(18))
    body += (
        f'<circle cx="{x}" cy="{sun_y}" r="{r * 4}" fill="url(#halo)"/><circle cx="{x}" cy="{sun_y}" r="{r}" fill="{w.sun}"/>{ranges}'
        f'<rect y="{shore}" width="800" height="{1000 - shore}" fill="url(#water)"/>'
        f'<g transform="translate(0 {2 * shore}) scale(1 -1)" opacity=".32" clip-path="url(#shore)">{hill(crest(rng, shore - 10, 90, 5), w.near)}</g>'
        + path(calm, f'stroke="{pale(w.low, 0.4)}" stroke-width="2.6" opacity=".5"')
        + path(glints, f'stroke="{w.sun}" stroke-width="6" stroke-linecap="round" opacity=".8"')
        + boat(
            rng.randint(400, 580) if x < 400 else rng.randint(130, 300),
            shore + rng.randint(120, 210),
            deep(w.near, 0.3),
        )
        + reeds(rng, deep(w.near, 0.35), rng.choice((0, 600)))
    )
    defs += f'<clipPath id="shore"><rect width="800" height="{shore}"/></clipPath>'
    return defs + more, body


def boat(x: float, y: float, tone: str) -> str:
    hull = f"M{x - 110} {y - 14}Q{x} {y + 26} {x + 120} {y - 22}Q{x + 60} {y + 34} {x} {y + 32}Q{x - 70} {y + 30} {x - 110} {y - 14}Z"
    hood = f"M{x - 46} {y + 2}Q{x - 40} {y - 54} {x} {y - 54}Q{x + 44} {y - 54} {x + 48} {y}Z"
    return (
        path(hull, f'fill="{tone}"')
        + path(hood, f'fill="{mix(tone, "#b98d5c", 0.3)}"')
        + path(f"M{x + 70} {y}L{x + 104} {y - 150}", f'stroke="{tone}" stroke-width="4"')
        + ellipse(x, y + 46, 130, 7, f'fill="{tone}" opacity=".3"')
    )


def reeds(rng: Random, tone: str, x: float) -> str:
    d, heads = "", ""
    for _ in range(14):
        bx, h, lean = x + rng.uniform(-30, 220), rng.uniform(160, 420), rng.uniform(-50, 90)
        d += f"M{bx:.0f} 1005Q{bx + lean * 0.2:.0f} {1000 - h * 0.6:.0f} {bx + lean:.0f} {1000 - h:.0f}"
        if rng.random() < 0.6:
            heads += leaf(bx + lean, 1000 - h + 40, 74, -1.3, 0.13)
    return path(d, f'fill="none" stroke="{tone}" stroke-width="4"') + path(heads, f'fill="{mix(tone, "#c9a25c", 0.5)}"')


def paddies(rng: Random, art: Art) -> tuple[str, str]:
    """Flooded rice terraces from above: the sky lying in pieces between dark banks."""
    w = WEATHERS[art.pattern or "dusk"]
    defs, body = sky(rng, w)
    more, ranges = mountains(rng, w, 3, 290, 360)
    defs += down("pool", (0, pale(w.low, 0.3), 1), (0.5, w.low, 1), (1, mix(w.high, w.low, 0.3), 1))
    body += ranges + full(deep(w.near, 0.1), ' y="420" ')
    y = 430.0
    for k in range(9):
        depth = 26 + k * 11.5
        shift, wave = rng.uniform(-0.9, 0.9), 18 + k * 4.5
        line = [(-40 + 110 * i, y + wave * math.sin(i * 0.9 + shift + k * 0.35)) for i in range(9)]
        body += path(f"M{points(line[:1])}{smooth(line)}V1010H-40Z", f'fill="{mix(w.near, w.far, 0.1 * (k % 3))}"')
        low = [(px, py + 7 + k * 0.9) for px, py in line]
        back = [(px, py + depth * (0.66 + 0.2 * math.sin(i * 1.3 + k))) for i, (px, py) in enumerate(line)][::-1]
        body += path(
            f"M{points(low[:1])}{smooth(low)}L{points(back[:1])}{smooth(back)}Z", 'fill="url(#pool)" opacity=".92"'
        )
        y += depth
    return defs + more, body


PLACES = {"terraces": terraces, "ridges": ridges, "lake": lake, "paddies": paddies}


def place(art: Art) -> str:
    defs, body = PLACES[art.motif](Random(art.seed), art)
    return sheet(defs, body + film())
