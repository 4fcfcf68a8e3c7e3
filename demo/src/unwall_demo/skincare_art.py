"""Milu's skin care: bottles, jars and tubes on plinths in water light."""

from collections.abc import Callable
from random import Random

from unwall_demo.ink import (
    across,
    blur,
    bough,
    deep,
    down,
    ellipse,
    full,
    leaf,
    mix,
    pale,
    path,
    points,
    sheet,
    turned,
)
from unwall_demo.objects import ground_defs, lathe, lid_top, lines, mouth, seal, solid, standing
from unwall_demo.values import Art

BACKS = ("#ecdcd2", "#dfe3da", "#e9e4da", "#d3dfe0", "#e6d3c9", "#d8ddcf", "#f0e6dc", "#cfd9dc")
FLOOR = 830
CX = 400
CAPS = ("#f4efe6", "#c9a77c", "#2f302d", "#d9d4c8")


def ripples(rng: Random, x: float, y: float, width: float, height: float) -> str:
    """Path data of light thrown by moving water: a slanting net of soft cells."""
    columns, rows = 5, 5
    knots = [
        [
            (
                x + (i + 0.5 * (j % 2) + rng.uniform(-0.3, 0.3)) * width / columns + j * 26,
                y + (j + rng.uniform(-0.28, 0.28)) * height / rows,
            )
            for i in range(columns + 1)
        ]
        for j in range(rows)
    ]
    d = []
    for j in range(rows - 1):
        for i in range(columns):
            a, b, c = knots[j][i], knots[j][i + 1], knots[j + 1][i + (j % 2)]
            middle = ((a[0] + b[0] + c[0]) / 3, (a[1] + b[1] + c[1]) / 3)
            d.append(f"M{points((a,))}Q{points((middle, b))}M{points((a,))}Q{points((middle, c))}")
    return "".join(d)


def niche(rng: Random, tint: str) -> tuple[str, str]:
    back = mix(rng.choice(BACKS), tint, 0.1)
    floor = mix(back, "#fffaf4", 0.4)
    defs = (
        down("wall", (0, pale(back, 0.3), 1), (1, deep(back, 0.07), 1))
        + down("floor", (0, deep(floor, 0.12), 1), (0.5, floor, 1), (1, deep(floor, 0.06), 1))
        + across("block", (0, pale(floor, 0.3), 1), (0.5, floor, 1), (1, deep(floor, 0.22), 1))
        + blur("soft", 8)
        + blur("net", 3.2)
        + ground_defs()
    )
    body = full("url(#wall)")
    kind = rng.randrange(5)
    shape = f'fill="{mix(back, tint, 0.22)}" opacity=".75"'
    if kind == 0:
        body += path(f"M150 {FLOOR - 130}V420A250 250 0 0 1 650 420V{FLOOR - 130}Z", shape)
    elif kind == 1:
        body += f'<circle cx="{rng.choice((300, 400, 520))}" cy="360" r="230" {shape}/>'
    elif kind == 2:
        body += path(f"M0 {rng.randint(180, 330)}Q300 60 520 240T800 200V700H0Z", shape)
    if rng.random() < 0.6:
        d = ripples(rng, -120, 40, 980, 700)
        body += path(d, 'fill="none" stroke="#fff" stroke-width="9" opacity=".3" filter="url(#net)"')
    else:
        d = bough(rng, (-20, 120), 0.5, 11, 120)
        body += path(d, f'fill="{deep(back, 0.5)}" opacity=".17" filter="url(#soft)"')
    body += f'<rect y="{FLOOR - 130}" width="800" height="310" fill="url(#floor)"/>'
    return defs, body + plinth(rng, floor)


def plinth(rng: Random, floor: str) -> str:
    """A round or square block that the product stands on, its top at FLOOR - 20."""
    y = FLOOR - 20
    if rng.random() < 0.55:
        return (
            path(
                f"M170 {y + 110}L700 {y + 120}L790 {y + 160}L200 {y + 160}Z",
                'fill="#2a1d12" opacity=".16" filter="url(#far)"',
            )
            + path(f"M160 {y}V{y + 90}A240 40 0 0 0 640 {y + 90}V{y}Z", 'fill="url(#block)"')
            + ellipse(CX, y, 240, 40, f'fill="{pale(floor, 0.4)}"')
        )
    return path(f"M120 {y - 26}H620L690 {y + 22}H70Z", f'fill="{pale(floor, 0.4)}"') + path(
        f"M70 {y + 22}H690V{y + 130}H70Z", f'fill="{deep(floor, 0.15)}"'
    )


def label(cx: float, y: float, half: float, art: Art, rng: Random) -> str:
    """The brand label: a sprig or grain, small print and the seal."""
    ink = deep(art.tint, 0.5)
    mark = {
        "grain": leaf(cx, y + 44, 44, -1.2, 0.24) + leaf(cx, y + 44, 44, -1.94, 0.24) + f"M{cx} {y + 70}V{y + 20}",
        "petal": "".join(leaf(cx, y + 26, 30, k * 1.2566 - 1.57, 0.36) for k in range(5)),
        "drop": f"M{cx} {y}C{cx + 34} {y + 40} {cx + 24} {y + 62} {cx} {y + 62}S{cx - 34} {y + 40} {cx} {y}Z",
        "moon": f"M{cx - 26} {y + 30}a26 26 0 1 0 52 0a26 26 0 1 0 -52 0M{cx - 10} {y + 8}a26 26 0 0 0 10 47",
    }.get(art.pattern, f"M{cx - 30} {y + 30}h60M{cx} {y}v60")
    wide = min(half * 1.1, 90)
    return (
        path(mark, f'fill="{ink}" fill-opacity=".14" stroke="{ink}" stroke-width="2.4"')
        + lines(cx, y + 96, (wide, wide * 0.6), ink)
        + seal(cx - 9, y + 128, 18, "#b4523e", rng)
    )


def see(rng: Random, art: Art) -> tuple[str, str]:
    """Fill and cap: frosted glass shows the tint, ceramic is pale with a tinted label."""
    return rng.choice(CAPS), art.tint if rng.random() < 0.7 else pale(art.tint, 0.72)


def serum(rng: Random, art: Art) -> tuple[str, str]:
    """A dropper bottle of glass with its liquid."""
    top, foot, half = rng.randint(440, 470), FLOOR - 4, rng.randint(104, 120)
    cap, _ = see(rng, art)
    glass = mix(art.tint, "#ffffff", 0.35)
    body = [(44, top), (50, top + 20), (half - 6, top + 62), (half, top + 96), (half, foot - 14), (half - 12, foot)]
    level = top + rng.randint(100, 130)
    defs = (
        turned("glass", glass, 0.9)
        + turned("liquid", art.tint, 0.7)
        + turned("cap", cap, 0.3)
        + turned("teat", "#3a3733" if cap != "#2f302d" else "#e9e2d6", 0.2)
    )
    drawn = (
        standing(CX, foot, half)
        + path(lathe(CX, body, soft=False), 'fill="url(#glass)" opacity=".82"')
        + path(
            lathe(CX, [(half - 9, level), (half - 9, foot - 22), (half - 18, foot - 8)], soft=False),
            'fill="url(#liquid)" opacity=".9"',
        )
        + ellipse(CX, level, half - 9, 14, f'fill="{pale(art.tint, 0.4)}" opacity=".9"')
        + path(f"M{CX - 6} {top}V{foot - 60}h12V{top}Z", 'fill="#fff" opacity=".35"')
        + solid(CX, [(48, top - 62), (48, top + 8)], "cap", soft=False)
        + lid_top(CX, top - 62, 48, cap)
        + solid(CX, [(16, top - 150), (27, top - 138), (27, top - 84), (30, top - 60)], "teat")
        + path(
            f"M{CX - half + 16} {top + 106}v{foot - top - 150}",
            'stroke="#fff" stroke-width="9" opacity=".55" stroke-linecap="round"',
        )
        + label(CX, level + 60, half, art, rng)
    )
    return defs, drawn


def bottle(rng: Random, art: Art) -> tuple[str, str]:
    """A tall bottle; `form` pump, mist or cap."""
    half, foot = rng.randint(96, 116), FLOOR - 4
    top = rng.randint(380, 420)
    cap, fill = see(rng, art)
    shoulder = [
        (46, top),
        (48, top + 16),
        (half - 20, top + 40),
        (half, top + 74),
        (half, foot - 16),
        (half - 10, foot),
    ]
    if rng.random() < 0.4:
        shoulder = [(half - 4, top + 16), (half, top + 24), (half, foot - 12), (half - 6, foot)]
    defs = turned("body", fill, 0.6) + turned("cap", cap, 0.3)
    drawn = (
        standing(CX, foot, half)
        + path(lathe(CX, shoulder, soft=False), 'fill="url(#body)"')
        + closure(art.form, top, half, cap)
    )
    if fill == art.tint:
        drawn += path(
            lathe(CX, [(half - 1, top + 160), (half - 1, foot - 90)], soft=False),
            f'fill="{pale(art.tint, 0.8)}" opacity=".82"',
        )
    return defs, drawn + label(CX, top + 192, half, art, rng)


def closure(form: str, top: float, half: float, cap: str) -> str:
    if form == "pump":
        neck = solid(CX, [(34, top - 44), (40, top + 14)], "cap", soft=False) + solid(
            CX, [(9, top - 104), (9, top - 42)], "cap", soft=False
        )
        head = path(
            f"M{CX - 96} {top - 116}Q{CX - 100} {top - 138} {CX - 70} {top - 138}H{CX + 34}V{top - 100}H{CX - 66}L{CX - 82} {top - 88}Z",
            'fill="url(#cap)"',
        )
        return neck + head
    if form == "mist":
        return (
            solid(CX, [(32, top - 40), (38, top + 14)], "cap", soft=False)
            + solid(CX, [(24, top - 88), (26, top - 38)], "cap", soft=False)
            + f'<circle cx="{CX - 14}" cy="{top - 70:g}" r="4" fill="#3a3733"/>'
        )
    return solid(CX, [(52, top - 70), (52, top + 18)], "cap", soft=False) + lid_top(CX, top - 70, 52, cap)


def jar(rng: Random, art: Art) -> tuple[str, str]:
    """A low jar; `form` open shows the cream with a swirl and leans the lid beside it."""
    half, foot = rng.randint(156, 180), FLOOR - 4
    top = foot - rng.randint(180, 210)
    cap, fill = see(rng, art)
    defs = turned("body", fill, 0.65) + turned("cap", cap, 0.3)
    drawn = standing(CX, foot, half) + path(
        lathe(CX, [(half, top + 20), (half, foot - 26), (half - 20, foot)]), 'fill="url(#body)"'
    )
    if art.form == "open":
        cream = pale(art.tint, 0.85)
        drawn += mouth(CX, top + 20, half, fill, deep(cream, 0.05), 0.2)
        swirl = f"M{CX - 80} {top + 20}C{CX - 50} {top - 18} {CX + 90} {top - 8} {CX + 70} {top + 22}S{CX - 40} {top + 44} {CX - 30} {top + 20}S{CX + 30} {top - 4} {CX + 26} {top + 18}"
        drawn += ellipse(CX, top + 14, half - 26, 26, f'fill="{cream}"') + path(
            swirl, f'fill="none" stroke="{deep(cream, 0.14)}" stroke-width="7" stroke-linecap="round"'
        )
    else:
        drawn += solid(CX, [(half + 5, top - 56), (half + 5, top + 28)], "cap", soft=False) + lid_top(
            CX, top - 56, half + 5, cap
        )
    return defs, drawn + label(CX, top + 62, half, art, rng)


def tube(rng: Random, art: Art) -> tuple[str, str]:
    """A tube standing on its cap."""
    half, foot = rng.randint(88, 104), FLOOR - 4
    top = rng.randint(330, 370)
    cap, fill = see(rng, art)
    defs = turned("body", fill, 0.5) + turned("cap", cap, 0.3)
    body = f"M{CX - half - 14} {top}H{CX + half + 14}L{CX + half} {top + 46}L{CX + half - 14} {foot - 90}Q{CX} {foot - 66} {CX - half + 14} {foot - 90}L{CX - half} {top + 46}Z"
    crimp = path(
        "".join(f"M{CX - half - 8 + k * 12} {top + 4}v26" for k in range(int((2 * half + 20) / 12))),
        f'stroke="{deep(fill, 0.3)}" stroke-width="3" opacity=".45"',
    )
    drawn = (
        standing(CX, foot, half)
        + path(body, 'fill="url(#body)"')
        + crimp
        + solid(CX, [(half - 16, foot - 92), (half - 18, foot)], "cap", soft=False)
        + label(CX, top + 120, half, art, rng)
    )
    return defs, drawn


def sachet(rng: Random, art: Art) -> tuple[str, str]:
    """Sheet masks: a fan of flat sachets leaning on the block."""
    foot = FLOOR + 2
    drawn = standing(CX, foot, 170)
    for k, (angle, share) in enumerate(((-11, 0.5), (-3, 0.25), (6, 0))):
        paper = pale(art.tint, 0.15 + share)
        face = (
            f'<rect x="{CX - 140}" y="{foot - 400}" width="280" height="400" rx="5" fill="{paper}"/>'
            + path(
                f"M{CX - 140} {foot - 372}h280M{CX - 140} {foot - 28}h280",
                f'stroke="{deep(paper, 0.2)}" stroke-width="2" opacity=".5"',
            )
            + path(f"M{CX - 140} {foot - 400}h90l-60 400h-30Z", 'fill="#fff" opacity=".16"')
        )
        if k == 2:
            face += f'<circle cx="{CX}" cy="{foot - 230}" r="98" fill="{pale(art.tint, 0.85)}"/>' + label(
                CX, foot - 296, 80, art, rng
            )
        drawn += f'<g transform="rotate({angle} {CX} {foot}) translate({(k - 1) * 26} 0)">{face}</g>'
    return "", drawn


def bar(rng: Random, art: Art) -> tuple[str, str]:
    """A soap with its stamp on a wooden rack, or (`form` stick) a turned-up balm."""
    foot = FLOOR - 4
    if art.form == "stick":
        defs = turned("body", pale(art.tint, 0.6), 0.4) + turned("balm", art.tint, 0.5)
        drawn = (
            standing(CX, foot, 80)
            + path(
                f"M{CX - 66} {foot - 210}V{foot - 320}Q{CX - 40} {foot - 384} {CX + 66} {foot - 352}V{foot - 210}Z",
                'fill="url(#balm)"',
            )
            + solid(CX, [(80, foot - 220), (80, foot)], "body", soft=False)
            + label(CX, foot - 190, 60, art, rng)
        )
        return defs, drawn
    rack = "".join(
        f'<rect x="{206 + k * 62}" y="{foot - 40}" width="34" height="40" fill="#a78661"/>' for k in range(7)
    )
    soap = f"M200 {foot - 60}Q196 {foot - 214} 246 {foot - 226}H560Q612 {foot - 214} 606 {foot - 60}Q600 {foot - 38} 560 {foot - 38}H246Q206 {foot - 38} 200 {foot - 60}Z"
    defs = down("soap", (0, pale(art.tint, 0.5), 1), (0.35, art.tint, 1), (1, deep(art.tint, 0.2), 1))
    swirl = path(
        f"M230 {foot - 90}Q340 {foot - 150} 440 {foot - 80}T590 {foot - 120}",
        f'fill="none" stroke="{pale(art.tint, 0.5)}" stroke-width="16" opacity=".5" filter="url(#net)"',
    )
    stamp = path(
        f"M{CX - 50} {foot - 176}h100v90h-100ZM{CX - 26} {foot - 160}v58M{CX + 26} {foot - 160}v58M{CX - 26} {foot - 132}h52",
        f'fill="none" stroke="{deep(art.tint, 0.3)}" stroke-width="6" opacity=".55"',
    )
    return defs, standing(CX, foot, 210) + rack + path(soap, 'fill="url(#soap)"') + swirl + stamp


def group(rng: Random, art: Art) -> tuple[str, str]:
    """A set: bottle, dropper and jar together, smaller, each from its own drawing."""
    defs, drawn = "", ""
    spots = ((bottle, "cap", 236, -26, 0.84), (serum, "", 560, -20, 0.72), (jar, "", 402, 40, 0.66))
    for k, (thing, form, x, dy, size) in enumerate(spots):
        tint = (art.tint, mix(art.tint, "#fff6ea", 0.5), deep(art.tint, 0.12))[k]
        one = Art(art.motif, art.brand, art.seed + k, tint, form, art.pattern)
        more, picture = thing(rng, one)
        for name in ("body", "cap", "glass", "liquid", "teat"):
            more = more.replace(f'id="{name}"', f'id="{name}{k}"')
            picture = picture.replace(f"url(#{name})", f"url(#{name}{k})")
        defs += more
        drawn += (
            f'<g transform="translate({x - 400 * size:.0f} {FLOOR * (1 - size) + dy:.0f}) scale({size})">{picture}</g>'
        )
    return defs, drawn


def swatch(rng: Random, art: Art) -> tuple[str, str]:
    """The stuff itself: a smear of cream or a pool of liquid seen from above, with drops."""
    base = pale(art.tint, 0.5)
    rise = rng.randint(250, 360)
    d = f"M170 {rng.randint(600, 680)}C260 {rise} 480 {rise - 40} 640 {rng.randint(480, 590)}"
    layers = path(
        d,
        f'fill="none" stroke="{deep(base, 0.4)}" stroke-width="236" stroke-linecap="round" opacity=".2" transform="translate(16 24)" filter="url(#far)"',
    )
    layers += path(d, f'fill="none" stroke="{base}" stroke-width="230" stroke-linecap="round"')
    for k in range(-8, 9):
        tone = pale(base, 0.75) if (k + rng.randint(0, 1)) % 2 else deep(base, 0.12)
        layers += path(
            d,
            f'fill="none" stroke="{tone}" stroke-width="{rng.randint(4, 13)}" stroke-linecap="round" opacity="{rng.uniform(0.25, 0.6):.2f}" transform="translate({rng.randint(-14, 14)} {k * 11})"',
        )
    drops = "".join(
        ellipse(x, y, r, r * 0.94, f'fill="{base}" opacity=".95"')
        + ellipse(x - r * 0.3, y - r * 0.34, r * 0.3, r * 0.2, 'fill="#fff" opacity=".85"')
        for x, y, r in (
            (rng.randint(120, 680), rng.choice((rng.randint(180, 330), rng.randint(730, 880))), rng.randint(14, 44))
            for _ in range(6)
        )
    )
    return "", f'<g filter="url(#net)">{layers}</g>{drops}'


THINGS: dict[str, Callable[[Random, Art], tuple[str, str]]] = {
    "serum": serum,
    "bottle": bottle,
    "jar": jar,
    "tube": tube,
    "sachet": sachet,
    "bar": bar,
    "group": group,
}


def skin(art: Art) -> str:
    rng = Random(art.seed)
    if art.view == "swatch":
        ground = mix(rng.choice(BACKS), art.tint, 0.2)
        defs = down("wall", (0, pale(ground, 0.3), 1), (1, deep(ground, 0.1), 1)) + blur("net", 1.4) + blur("far", 18)
        more, drawn = swatch(rng, art)
        return sheet(defs + more, full("url(#wall)") + drawn)
    defs, backdrop = niche(rng, art.tint)
    more, drawn = THINGS[art.motif](rng, art)
    return sheet(defs + more, backdrop + drawn)
