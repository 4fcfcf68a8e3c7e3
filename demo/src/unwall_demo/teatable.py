"""The tea grower's table: leaf in a dish, tins, pressed cakes and the ware to brew them in."""

import math
from collections.abc import Callable
from random import Random

from unwall_demo.ink import (
    blur,
    bough,
    deep,
    down,
    ellipse,
    full,
    glow,
    leaf,
    mix,
    pale,
    path,
    sheet,
    specks,
    turned,
)
from unwall_demo.leaves import dry, heap
from unwall_demo.objects import ground_defs, lathe, lid_top, lines, mouth, seal, solid, standing
from unwall_demo.values import Art

TABLE = 690
BACKS = ("#dfe0d2", "#cfd6c8", "#e8e0cf", "#c4cdc4", "#d9d2c0", "#b9c3b4")
WOODS = ("#8c6a4a", "#a78661", "#5c4534", "#c9b8a0", "#b7ab98")
SEAL = "#a8392a"


def table(rng: Random) -> tuple[str, str]:
    """A quiet back wall with a round window or paper scroll, and a table in front."""
    back, wood = rng.choice(BACKS), rng.choice(WOODS)
    defs = (
        down("wall", (0, pale(back, 0.3), 1), (1, deep(back, 0.1), 1))
        + down("wood", (0, deep(wood, 0.16), 1), (0.25, wood, 1), (1, deep(wood, 0.22), 1))
        + blur("soft", 9)
        + specks("fibre", rng, deep(back, 0.5), 0.15)
        + ground_defs()
    )
    body = full("url(#wall)")
    kind = rng.random()
    if kind < 0.4:
        body += moon_window(rng, back)
    elif kind < 0.62:
        x = rng.choice((120, 430))
        body += f'<rect x="{x}" y="0" width="250" height="600" fill="{pale(back, 0.55)}" opacity=".75"/>'
    corner = rng.choice(((-30, 40, 0.8), (830, 40, 2.4), (-30, 330, 0.1)))
    d = bough(rng, (corner[0], corner[1]), corner[2], 10, 110)
    body += path(d, f'fill="{deep(back, 0.55)}" opacity=".2" filter="url(#soft)"')
    grain = "".join(
        f"M0 {TABLE + 12 + 26 * i + i * i:.0f}q{rng.randint(150, 320)} {rng.randint(-9, 9)} 800 {rng.randint(-5, 7)}"
        for i in range(9)
    )
    body += f'<rect y="{TABLE}" width="800" height="310" fill="url(#wood)"/>'
    body += path(grain, f'fill="none" stroke="{deep(wood, 0.4)}" stroke-width="1.6" opacity=".28"')
    return defs, body + full("url(#fibre)")


def moon_window(rng: Random, back: str) -> str:
    x, y, r = rng.choice((400, 250, 560)), rng.randint(300, 380), rng.randint(190, 240)
    far = mix(back, "#7f9a86", 0.4)
    hills = f"M{x - r} {y + 50}Q{x - r * 0.4:.0f} {y - 70} {x} {y + 30}T{x + r} {y - 10}V{y + r}H{x - r}Z"
    near = f"M{x - r} {y + 110}Q{x - r * 0.2:.0f} {y + 40} {x + 60} {y + 110}T{x + r} {y + 80}V{y + r}H{x - r}Z"
    return (
        f'<clipPath id="moon"><circle cx="{x}" cy="{y}" r="{r}"/></clipPath><g clip-path="url(#moon)">'
        f'<rect x="{x - r}" y="{y - r}" width="{2 * r}" height="{2 * r}" fill="{pale(back, 0.62)}"/>'
        + path(hills, f'fill="{far}" opacity=".5"')
        + path(near, f'fill="{deep(far, 0.14)}" opacity=".55"')
        + f'</g><circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{deep(back, 0.3)}" stroke-width="9" opacity=".6"/>'
    )


def loose(rng: Random, art: Art) -> tuple[str, str]:
    """Leaf in a shallow dish, a few pieces beside it."""
    clay = rng.choice(("#f2ece0", "#cfd8d0", "#3c3733", "#b98f6c", "#e3ded0"))
    cx, y = 400, 742
    dish = lathe(cx, [(246, y), (236, y + 34), (150, y + 74), (118, y + 86)])
    few = "".join(dry(rng, art.form, rng.uniform(90, 250), rng.uniform(880, 930)) for _ in range(5))
    drawn = (
        standing(cx, y + 92, 170)
        + path(dish, 'fill="url(#clay)"')
        + ellipse(cx, y, 246, 40, f'fill="{pale(clay, 0.3)}"')
        + ellipse(cx, y + 4, 230, 34, f'fill="{deep(clay, 0.24)}"')
        + heap(rng, art.form, art.tint, cx, y + 16, 205)
        + path(few, f'fill="{deep(art.tint, 0.12)}" stroke="{deep(art.tint, 0.5)}" stroke-width="1"')
    )
    return turned("clay", clay, 0.4), drawn


def tin(rng: Random, art: Art) -> tuple[str, str]:
    """A lidded tin with a paper band; `pattern` is the band's drawing."""
    half, top, foot, cx = rng.randint(118, 138), rng.randint(330, 390), 800, rng.choice((400, 360, 430))
    paper = pale(art.tint, 0.82)
    band = lathe(cx, [(half + 1, top + 150), (half + 1, foot - 80)], soft=False)
    defs = turned("tin", art.tint, 0.45) + turned("band", paper, 0.1) + turned("lid", deep(art.tint, 0.22), 0.4)
    ink = deep(art.tint, 0.3)
    drawn = (
        standing(cx, foot + 8, half)
        + solid(cx, [(half, top + 70), (half, foot)], "tin", soft=False)
        + solid(cx, [(half + 3, top), (half + 3, top + 84)], "lid", soft=False)
        + lid_top(cx, top, half + 3, deep(art.tint, 0.22))
        + path(band, 'fill="url(#band)"')
        + path(band_drawing(art.pattern, cx, top + 190), f'fill="none" stroke="{ink}" stroke-width="3" opacity=".75"')
        + lines(cx, foot - 118, (70, 92, 48), ink)
        + seal(cx + 34, foot - 178, 30, SEAL, rng)
    )
    return defs, drawn + scatter(rng, art, 190 if cx > 380 else 640)


def band_drawing(name: str, cx: float, y: float) -> str:
    if name == "hills":
        return "".join(f"M{cx - 80} {y + 60 + k * 18}q34 {-50 + k * 9} 66 -6t94 {6 - k * 3}" for k in range(4))
    if name == "moon":
        return f"M{cx - 44} {y + 60}a44 44 0 1 0 88 0a44 44 0 1 0 -88 0M{cx - 80} {y + 128}h160M{cx - 60} {y + 142}h120"
    if name == "sprig":
        return (
            f"M{cx} {y + 130}V{y + 30}"
            + leaf(cx, y + 96, 70, -0.7)
            + leaf(cx, y + 96, 70, -2.44)
            + leaf(cx, y + 36, 56, -1.57)
        )
    return "".join(f"M{cx - 70 + k * 20} {y + 20}v110" for k in range(8))


def scatter(rng: Random, art: Art, x: float) -> str:
    form = art.form or "strip"
    d = "".join(
        dry(rng, form, x + rng.gauss(0, 50), 872 + rng.gauss(0, 13)) for _ in range(5 if form == "flower" else 15)
    )
    return path(d, f'fill="{mix(art.tint, "#4c4a2c", 0.6)}" stroke="#2c2417" stroke-width=".8" stroke-opacity=".5"')


def cake(rng: Random, art: Art) -> tuple[str, str]:
    """A pressed cake leaning in its paper, as pu'er and white tea are kept."""
    cx, cy, r = 400, 560, 232
    wrap = pale(art.tint, 0.74)
    pleats = "".join(
        f"M{cx + r * math.cos(a):.0f} {cy + r * math.sin(a):.0f}L{cx + 104 * math.cos(a + 0.12):.0f} {cy + 104 * math.sin(a + 0.12):.0f}"
        for a in (k * math.tau / 34 for k in range(34))
    )
    ink = deep(art.tint, 0.25)
    defs = glow("wrap", (0.36, 0.3, 0.8), (0, pale(wrap, 0.5), 1), (0.7, wrap, 1), (1, deep(wrap, 0.28), 1))
    face = (
        ellipse(cx, cy, r, r, 'fill="url(#wrap)"')
        + path(pleats, f'stroke="{deep(wrap, 0.4)}" stroke-width="2" opacity=".3"')
        + ellipse(cx, cy, 118, 118, f'fill="{pale(wrap, 0.4)}" stroke="{ink}" stroke-width="3"')
        + path(band_drawing(art.pattern, cx, cy - 94), f'fill="none" stroke="{ink}" stroke-width="3.4"')
        + seal(cx - 17, cy + 58, 34, SEAL, rng)
    )
    if art.view == "open":
        defs += f'<clipPath id="open"><path d="M{cx - r} {cy + r}L{cx + r} {cy - r}V{cy + r}Z"/></clipPath>'
        pressed = "".join(
            dry(rng, "strip", cx + rr * math.cos(a), cy + rr * math.sin(a))
            for rr, a in ((r * math.sqrt(rng.random()) * 0.9, rng.uniform(-0.78, 2.35)) for _ in range(70))
        )
        face += (
            f'<g clip-path="url(#open)"><circle cx="{cx}" cy="{cy}" r="{r - 4}" fill="{deep(art.tint, 0.45)}"/>'
            + path(pressed, f'fill="{deep(art.tint, 0.2)}" stroke="{deep(art.tint, 0.7)}" stroke-width="1.2"')
            + "</g>"
        )
    stand = path(f"M250 {cy + r - 18}L550 {cy + r - 18}L590 {cy + r + 34}H210Z", 'fill="#4a3526"') + path(
        "M300 720L320 812M500 720L480 812", 'stroke="#5c4330" stroke-width="15"'
    )
    return defs, standing(cx, cy + r + 30, 190) + stand + face


def gaiwan(rng: Random, art: Art) -> tuple[str, str]:
    cx, rim = 400, 556
    bowl = [(172, rim), (162, rim + 60), (104, rim + 150), (74, rim + 182), (78, rim + 196)]
    lid = [(26, rim - 104), (22, rim - 84), (84, rim - 62), (146, rim - 14), (152, rim + 2)]
    drawn = (
        standing(cx, rim + 236, 190)
        + solid(cx, [(184, rim + 200), (170, rim + 220), (96, rim + 238)], "ware")
        + ellipse(
            cx, rim + 200, 184, 26, f'fill="{pale(art.tint, 0.25)}" stroke="{deep(art.tint, 0.2)}" stroke-width="1.4"'
        )
        + solid(cx, bowl, "ware")
        + mouth(cx, rim, 172, art.tint, deep(art.tint, 0.35))
        + solid(cx, lid, "ware")
        + ellipse(cx, rim - 104, 26, 6, f'fill="{pale(art.tint, 0.3)}"')
        + decor(art, cx, rim + 78)
    )
    return turned("ware", art.tint, 0.6), drawn


def decor(art: Art, cx: float, y: float) -> str:
    """The painter's few strokes on the ware."""
    ink = "#34507a" if art.pattern == "blue" else deep(art.tint, 0.4)
    if art.pattern == "crackle":
        d = f"M{cx - 110} {y - 30}l40 30l-14 34l52 20M{cx - 70} {y}l60 -28l30 40l-26 44M{cx + 20} {y + 12}l56 -22l30 30M{cx + 76} {y - 10}l-10 -30"
        return path(d, f'fill="none" stroke="{ink}" stroke-width="1.4" opacity=".5"')
    if art.pattern in {"blue", "sprig"}:
        d = f"M{cx - 70} {y + 40}Q{cx - 20} {y + 6} {cx + 66} {y - 18}"
        d += "".join(leaf(cx - 40 + k * 34, y + 22 - k * 14, 40, (-1.3, 0.5, -1.1, 0.2)[k], 0.26) for k in range(4))
        return path(d, f'fill="{ink}" fill-opacity=".55" stroke="{ink}" stroke-width="2.4" opacity=".8"')
    return ""


def pot(rng: Random, art: Art) -> tuple[str, str]:
    """A round teapot, or (`form` side) one with a side handle."""
    cx, top = 390, 556
    body = [(92, top), (166, top + 40), (194, top + 116), (166, top + 196), (110, top + 228)]
    spout = path(
        f"M{cx + 168} {top + 150}C{cx + 240} {top + 130} {cx + 226} {top + 30} {cx + 276} {top + 4}L{cx + 300} {top + 14}C{cx + 268} {top + 70} {cx + 280} {top + 170} {cx + 170} {top + 196}Z",
        f'fill="{deep(art.tint, 0.22)}"',
    )
    if art.form == "side":
        grip = path(
            f"M{cx - 150} {top + 100}L{cx - 300} {top + 60}Q{cx - 322} {top + 78} {cx - 308} {top + 104}L{cx - 164} {top + 150}Z",
            f'fill="{pale(art.tint, 0.1)}"',
        )
    elif art.form == "bail":
        d = f"M{cx - 150} {top + 40}C{cx - 150} {top - 210} {cx + 150} {top - 210} {cx + 150} {top + 40}"
        grip = path(d, 'fill="none" stroke="#6b4a2e" stroke-width="16"') + path(
            d, 'fill="none" stroke="#a9805a" stroke-width="8" stroke-dasharray="9 5"'
        )
    else:
        d = f"M{cx - 160} {top + 54}C{cx - 296} {top + 10} {cx - 296} {top + 200} {cx - 172} {top + 180}"
        grip = path(d, f'fill="none" stroke="{deep(art.tint, 0.25)}" stroke-width="24"') + path(
            d, f'fill="none" stroke="{pale(art.tint, 0.14)}" stroke-width="9"'
        )
    drawn = (
        standing(cx, top + 232, 160)
        + spout
        + grip
        + solid(cx, body, "ware")
        + solid(cx, [(22, top - 76), (28, top - 58), (16, top - 42), (70, top - 22), (96, top + 2)], "ware")
        + ellipse(cx, top - 76, 22, 7, f'fill="{pale(art.tint, 0.3)}"')
        + path(
            f"M{cx - 97} {top + 3}Q{cx} {top + 24} {cx + 97} {top + 3}",
            f'fill="none" stroke="{deep(art.tint, 0.5)}" stroke-width="2.4" opacity=".7"',
        )
        + decor(art, cx - 20, top + 100)
        + seal(cx + 20, top + 190, 20, SEAL, rng)
    )
    return turned("ware", art.tint, 0.3 if art.pattern != "blue" else 0.6), drawn


def cups(rng: Random, art: Art) -> tuple[str, str]:
    """Cups in a loose row; `form` pitcher puts a glass jug of tea behind them."""
    liquor = rng.choice(("#d9b24a", "#b9742c", "#c7bf62", "#8e3b1f"))
    drawn, defs = "", turned("ware", art.tint, 0.55)
    if art.form == "pitcher":
        defs += turned("tea", mix(liquor, "#e8d9b0", 0.2), 0.5) + turned("glass", "#dfe4de", 0.8)
        drawn += standing(400, 716, 120) + path(
            lathe(400, [(96, 440), (104, 520), (126, 610), (110, 712)]), 'fill="url(#glass)" opacity=".55"'
        )
        drawn += solid(400, [(112, 556), (124, 620), (106, 704)], "tea") + ellipse(
            400, 556, 112, 18, f'fill="{pale(liquor, 0.3)}"'
        )
        drawn += path(
            "M304 440Q400 470 496 440Q516 426 520 418Q500 426 490 436Q400 412 304 440Z", 'fill="#fff" opacity=".45"'
        )
    spots = ((400, 620, 1.7),) if art.form == "single" else ((236, 722, 1.05), (420, 760, 1.15), (600, 716, 1.0))
    for x, y, s in spots:
        profile = [(78 * s, y), (74 * s, y + 44 * s), (48 * s, y + 92 * s), (38 * s, y + 104 * s)]
        drawn += (
            standing(x, y + 106 * s, 44 * s)
            + solid(x, profile, "ware")
            + mouth(x, y, 78 * s, art.tint, liquor, 0.2)
            + (decor(art, x, y + 36 * s) if s > 1.5 else "")
        )
    return defs, drawn


def box(rng: Random, art: Art) -> tuple[str, str]:
    """A gift box tied with cord, or (`form` tray) a wooden tea tray with its slats."""
    if art.form == "tray":
        slats = "".join(
            path(f"M{170 - k * 12} {640 + k * 24}H{630 + k * 12}", f'stroke="{deep(art.tint, 0.34)}" stroke-width="9"')
            for k in range(7)
        )
        drawn = (
            standing(400, 850, 260)
            + path("M160 610H640L750 826H50Z", f'fill="{art.tint}"')
            + slats
            + path("M50 826H750V866H50Z", f'fill="{deep(art.tint, 0.3)}"')
        )
        return turned("ware", "#efe9dc", 0.5), drawn + small_cup(330, 650) + small_cup(470, 690)
    dark = deep(art.tint, 0.24)
    cord = 'stroke="#c8a05a" stroke-width="7" fill="none"'
    drawn = (
        standing(400, 806, 220)
        + path("M170 520H560V806H170Z", f'fill="{art.tint}"')
        + path("M560 520L650 480V752L560 806Z", f'fill="{dark}"')
        + path("M170 520L262 480H650L560 520Z", f'fill="{pale(art.tint, 0.24)}"')
        + path("M365 520V806M365 520L456 480M170 660H560L650 614", cord)
        + path("M365 660q-70 -56 -78 -8q6 36 78 8q70 -56 78 -8q-6 36 -78 8l-26 66M365 660l34 62", cord)
        + path(
            band_drawing(art.pattern, 256, 530),
            f'fill="none" stroke="{pale(art.tint, 0.5)}" stroke-width="2.4" opacity=".6"',
        )
        + seal(466, 722, 50, SEAL, rng)
    )
    return "", drawn


def small_cup(x: float, y: float) -> str:
    return (
        ellipse(x + 6, y + 62, 44, 12, 'fill="#2a1d12" opacity=".4" filter="url(#near)"')
        + solid(x, [(58, y), (54, y + 34), (34, y + 64)], "ware")
        + mouth(x, y, 58, "#efe9dc", "#c08a3a", 0.22)
    )


def tool(rng: Random, art: Art) -> tuple[str, str]:
    """Things of wood and bamboo: a scoop with leaf, a whisk, a strainer."""
    cx, y = 400, 620
    if art.form == "whisk":
        tines = "".join(
            path(
                f"M{cx - 26 + k * 4} {y - 20}Q{cx - 26 + k * 4 + (k - 6.5) * 11:.0f} {y + 90} {cx + (k - 6.5) * 13:.0f} {y + 186}",
                f'fill="none" stroke="{pale(art.tint, 0.2 if k % 2 else 0)}" stroke-width="5"',
            )
            for k in range(14)
        )
        return turned("ware", art.tint, 0.3), standing(cx, y + 186, 96) + tines + solid(
            cx, [(30, y - 170), (34, y - 20)], "ware", soft=False
        ) + path(f"M{cx - 36} {y - 22}q36 12 72 0v12q-36 12 -72 0Z", 'fill="#2f2a26"')
    if art.form == "strainer":
        mesh = '<pattern id="mesh" width="10" height="10" patternUnits="userSpaceOnUse"><path d="M0 0L10 10M10 0L0 10" stroke="#8b8578" stroke-width="1.6"/></pattern>'
        bowl = lathe(cx, [(150, y), (130, y + 60), (60, y + 110)])
        return turned("ware", art.tint, 0.7) + mesh, standing(cx, y + 176, 120) + solid(
            cx, [(96, y + 96), (104, y + 176)], "ware"
        ) + path(bowl, 'fill="url(#ware)" opacity=".5"') + path(bowl, 'fill="url(#mesh)"') + ellipse(
            cx, y, 150, 26, f'fill="none" stroke="{art.tint}" stroke-width="12"'
        ) + path(f"M{cx + 144} {y}l150 -26", f'stroke="{art.tint}" stroke-width="16" stroke-linecap="round"')
    scoop = f"M170 {y + 40}Q{cx} {y + 210} 640 {y + 30}Q690 {y + 10} 668 {y + 64}Q{cx} {y + 300} 150 {y + 96}Q130 {y + 40} 170 {y + 40}Z"
    return "", standing(cx, y + 250, 180) + heap(rng, "spear", "#7d8a4a", cx, y + 136, 170) + path(
        scoop, f'fill="{art.tint}" stroke="{deep(art.tint, 0.4)}" stroke-width="2"'
    ) + path(
        f"M190 {y + 78}Q{cx} {y + 232} 640 {y + 60}",
        f'fill="none" stroke="{pale(art.tint, 0.4)}" stroke-width="4" opacity=".7"',
    )


THINGS: dict[str, Callable[[Random, Art], tuple[str, str]]] = {
    "loose": loose,
    "tin": tin,
    "cake": cake,
    "gaiwan": gaiwan,
    "pot": pot,
    "cups": cups,
    "box": box,
    "tool": tool,
}


SIZES = {"loose": 1.3, "tin": 1.08, "gaiwan": 1.2, "cups": 1.25, "tool": 1.15, "pot": 1.08}


def tea(art: Art) -> str:
    rng = Random(art.seed)
    defs, backdrop = table(rng)
    more, drawn = THINGS[art.motif](rng, art)
    size = SIZES.get(art.motif, 1)
    drawn = f'<g transform="translate(400 790) scale({size}) translate(-400 -790)">{drawn}</g>'
    if art.view == "near":
        drawn = f'<g transform="translate(-300 -470) scale(1.75)">{drawn}</g>'
    return sheet(defs + more, backdrop + drawn)
