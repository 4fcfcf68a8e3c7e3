"""Flowering branches, and the tea table from above."""

import math
from random import Random

from unwall_demo.ink import (
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
    smooth,
)
from unwall_demo.objects import seal
from unwall_demo.values import Art


def bloom(rng: Random, art: Art) -> tuple[str, str]:
    """A flowering branch before a wall or a moon."""
    ground = mix(rng.choice(("#e6ded0", "#cfd6cf", "#d9dde0", "#e8d8cc")), art.tint, 0.12)
    defs = (
        down("wall", (0, pale(ground, 0.25), 1), (1, deep(ground, 0.12), 1))
        + blur("soft", 9)
        + grain("grain", art.seed)
    )
    body = full("url(#wall)")
    if art.pattern == "moon":
        body += f'<circle cx="470" cy="400" r="240" fill="{pale(ground, 0.7)}"/>'
    x, y, angle = 40.0, 960.0, -1.05
    bark = deep(mix("#5a4636", art.tint, 0.1), 0.2)
    limb, spots = [(x, y)], []
    for k in range(11):
        angle += rng.uniform(-0.34, 0.3)
        x, y = x + 88 * math.cos(angle), y + 92 * math.sin(min(angle, -0.5))
        limb.append((x, y))
        for side in (-1, 1):
            if k > 1 and rng.random() < 0.55:
                reach, turn = rng.uniform(50, 150), angle + side * rng.uniform(0.6, 1.1)
                spots.append((x, y, x + reach * math.cos(turn), y + reach * math.sin(turn)))
    drawn = path(
        f"M{points(limb[:1])}{smooth(limb)}", f'fill="none" stroke="{bark}" stroke-width="15" stroke-linecap="round"'
    )
    drawn += path(
        "".join(
            f"M{a:.0f} {b:.0f}Q{(a + c) / 2 + 8:.0f} {(b + d) / 2 - 12:.0f} {c:.0f} {d:.0f}" for a, b, c, d in spots
        ),
        f'fill="none" stroke="{bark}" stroke-width="6" stroke-linecap="round"',
    )
    flowers = "".join(blossom(rng, c, d, art) for _, _, c, d in spots)
    flowers += "".join(blossom(rng, px + rng.uniform(-26, 26), py + rng.uniform(-26, 26), art) for px, py in limb[3::2])
    return (
        defs,
        body + f'<g transform="translate(40 30)" opacity=".2" filter="url(#soft)">{drawn}</g>' + drawn + flowers,
    )


def blossom(rng: Random, x: float, y: float, art: Art) -> str:
    size, turn = rng.uniform(26, 44), rng.random() * 6
    if art.form == "osmanthus":
        d = "".join(
            leaf(x + rng.uniform(-34, 34), y + rng.uniform(-26, 26), 26, turn + k * 1.57, 0.5) for k in range(8)
        )
        greens = leaf(x, y, 100, turn, 0.2)
        return path(greens, 'fill="#4d6650"') + path(d, f'fill="{art.tint}"')
    petals = "".join(leaf(x, y, size, turn + k * math.tau / 5, 0.46) for k in range(5))
    heart = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{size * 0.24:.0f}" fill="#d9a441"/>'
    tone = pale(art.tint, rng.choice((0, 0.2, 0.4)))
    green = path(leaf(x, y, size * 1.9, turn + 0.5, 0.24), 'fill="#3f5a46"') if art.form == "camellia" else ""
    return green + path(petals, f'fill="{tone}" stroke="{deep(tone, 0.18)}" stroke-width="1.4"') + heart


def flatlay(rng: Random, art: Art) -> tuple[str, str]:
    """A tea session from above: cloth runner, tray, pot, cups and spilled leaf, one long shadow direction."""
    base = rng.choice(("#cdbfa8", "#b7ab98", "#dcd6c8", "#8c7a64", "#c4cdc4"))
    defs = (
        glow("base", (0.25, 0.2, 1), (0, pale(base, 0.4), 1), (1, deep(base, 0.22), 1))
        + blur("soft", 9)
        + grain("grain", art.seed)
    )
    turn = rng.choice((-16, 12, 20))
    runner = (
        f'<g transform="rotate({turn} 400 500)"><rect x="250" y="-200" width="330" height="1400" fill="{mix(art.tint, "#efe6d4", 0.35)}"/>'
        + path("M262 -200V1200M568 -200V1200", f'stroke="{deep(art.tint, 0.1)}" stroke-width="4"')
        + "</g>"
    )
    body = full("url(#base)") + runner
    spots = [
        (400, 470, 158, "pot"),
        (238, 700, 66, "cup"),
        (420, 770, 66, "cup"),
        (590, 680, 66, "cup"),
        (620, 270, 92, "dish"),
    ]
    if rng.random() < 0.5:
        spots = [(800 - x, y, r, k) for x, y, r, k in spots]
    shade = "".join(
        ellipse(x + r * 0.34, y + r * 0.42, r * 1.04, r, 'fill="#1d140f" opacity=".38"') for x, y, r, _ in spots
    )
    drawn = "".join(above(rng, spot, art) for spot in spots)
    spill = "".join(
        leaf(rng.gauss(190, 70), rng.gauss(280, 60), rng.uniform(26, 44), rng.random() * 6, 0.14) for _ in range(24)
    )
    return defs, body + f'<g filter="url(#soft)">{shade}</g>' + path(
        spill, 'fill="#55603a" stroke="#2c2f1d" stroke-width="1"'
    ) + drawn + seal(700, 920, 30, "#a8392a", rng)


def above(rng: Random, spot: tuple[float, float, float, str], art: Art) -> str:
    """A round thing seen from straight above."""
    x, y, r, kind = spot
    clay = pale(art.tint, 0.8) if kind != "pot" else deep(art.tint, 0.12)
    out = f'<circle cx="{x}" cy="{y}" r="{r}" fill="{clay}"/><circle cx="{x}" cy="{y}" r="{r * 0.9:.0f}" fill="none" stroke="{deep(clay, 0.14)}" stroke-width="5"/>'
    shine = path(
        f"M{x - r * 0.7:.0f} {y - r * 0.36:.0f}A{r * 0.8:.0f} {r * 0.8:.0f} 0 0 1 {x - r * 0.1:.0f} {y - r * 0.78:.0f}",
        'fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".5"',
    )
    if kind == "cup":
        return (
            out
            + f'<circle cx="{x}" cy="{y}" r="{r * 0.78:.0f}" fill="#c08a3a"/><circle cx="{x - 8}" cy="{y - 8}" r="{r * 0.6:.0f}" fill="#d9a95c" opacity=".6"/>'
            + shine
        )
    if kind == "dish":
        leaves = "".join(
            leaf(x + rng.gauss(0, r * 0.3), y + rng.gauss(0, r * 0.3), 34, rng.random() * 6, 0.15) for _ in range(22)
        )
        return out + path(leaves, 'fill="#6b7440" stroke="#33371f" stroke-width="1"')
    spout = path(
        f"M{x + r * 0.8:.0f} {y - 40}L{x + r * 1.4:.0f} {y - 16}V{y + 16}L{x + r * 0.8:.0f} {y + 40}Z", f'fill="{clay}"'
    )
    grip = path(
        f"M{x - r * 0.9:.0f} {y - 30}Q{x - r * 1.5:.0f} {y} {x - r * 0.9:.0f} {y + 30}",
        f'fill="none" stroke="{deep(clay, 0.2)}" stroke-width="22"',
    )
    lid = f'<circle cx="{x}" cy="{y}" r="{r * 0.52:.0f}" fill="{pale(clay, 0.14)}" stroke="{deep(clay, 0.35)}" stroke-width="3"/><circle cx="{x}" cy="{y}" r="{r * 0.14:.0f}" fill="{pale(clay, 0.3)}" stroke="{deep(clay, 0.4)}" stroke-width="2"/>'
    return spout + grip + out + shine + lid
