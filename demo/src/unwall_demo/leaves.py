"""Dry tea leaf, piece by piece and in heaps."""

import math
from random import Random

from unwall_demo.ink import deep, leaf, pale, path


def heap(rng: Random, form: str, tint: str, cx: float, cy: float, half: float) -> str:
    """A small hill of dry leaf. Forms: spear, ball, strip, bud, flower."""
    shapes: dict[float, list[str]] = {-0.24: [], -0.04: [], 0.22: []}
    keys = list(shapes)
    for i in range(60):
        t, u = rng.uniform(-1, 1), rng.random() ** 0.7
        x = cx + t * half * (1 - 0.55 * u)
        y = cy - u * half * 0.5 * (1 - t * t) + rng.uniform(-4, 6)
        if form == "flower" and i % 3:
            continue
        shapes[keys[(i * 7 + int(u * 3)) % 3]].append(dry(rng, form, x, y))
    base = path(
        f"M{cx - half:.0f} {cy:.0f}Q{cx:.0f} {cy - half * 0.95:.0f} {cx + half:.0f} {cy:.0f}Q{cx:.0f} {cy + half * 0.26:.0f} {cx - half:.0f} {cy:.0f}Z",
        f'fill="{deep(tint, 0.16 if form == "flower" else 0.5)}"',
    )
    body = ""
    for share, parts in shapes.items():
        colour = pale(tint, share) if share > 0 else deep(tint, -share)
        body += path(
            "".join(parts), f'fill="{colour}" stroke="{deep(tint, 0.55)}" stroke-width="1" stroke-opacity=".5"'
        )
    return base + body


def dry(rng: Random, form: str, x: float, y: float) -> str:
    angle = rng.uniform(-0.7, 0.7) + (math.pi if rng.random() < 0.5 else 0)
    if form == "ball":
        r = rng.uniform(9, 13)
        return f"M{x - r:.0f} {y:.0f}a{r:.0f} {r * 0.85:.0f} 0 1 1 {2 * r:.0f} 0a{r:.0f} {r * 0.85:.0f} 0 1 1 {-2 * r:.0f} 0Z"
    if form == "flower":
        return "".join(leaf(x, y, 22, angle + k * 1.257, 0.34) for k in range(5))
    if form == "strip":
        dx, dy = 44 * math.cos(angle), 26 * math.sin(angle)
        bend = rng.uniform(-16, 16)
        return f"M{x:.0f} {y:.0f}q{dx / 2:.0f} {dy / 2 + bend:.0f} {dx:.0f} {dy:.0f}q{-dx / 2 + 3:.0f} {-dy / 2 + bend + 7:.0f} {-dx:.0f} {-dy:.0f}Z"
    length = rng.uniform(40, 58) if form == "spear" else rng.uniform(32, 42)
    return leaf(x, y, length, angle, 0.11 if form == "spear" else 0.2)
