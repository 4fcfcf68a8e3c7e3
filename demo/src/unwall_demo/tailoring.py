"""What is sewn on: seams, buttons, pockets, collars and sleeves."""

from unwall_demo.ink import Point, deep, pale, path, points


def stitch(d: str, tint: str, width: float = 2.2, opacity: float = 0.6) -> str:
    return path(d, f'fill="none" stroke="{deep(tint, 0.5)}" stroke-width="{width:g}" opacity="{opacity:g}"')


def buttons(ys: list[float], tint: str, x: float = 400, r: float = 6.5) -> str:
    ink = deep(tint, 0.55)
    return "".join(
        f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" fill="{pale(tint, 0.3)}" stroke="{ink}" stroke-width="1.6"/>'
        for y in ys
    )


def patch(d: str, tint: str, share: float = 0.08) -> str:
    return path(d, f'fill="{deep(tint, share)}" stroke="{deep(tint, 0.5)}" stroke-width="1.8" stroke-opacity=".6"')


def inside(half: float, y: float, dip: float, tint: str) -> str:
    """The back of the neck, seen through the opening."""
    d = f"M{400 - half:g} {y:g}Q400 {y - 16:g} {400 + half:g} {y:g}Q400 {y + 2 * dip:g} {400 - half:g} {y:g}Z"
    return path(d, f'fill="{deep(tint, 0.48)}"')


def sleeves(shoulder: Point, armpit: Point, cuff: Point, width: float, flare: float = 0) -> tuple[str, str]:
    """Left and right sleeve between shoulder point, armpit and the outer corner of the cuff (offsets from 400)."""
    (sx, sy), (ax, ay), (cx, cy) = shoulder, armpit, cuff
    out = []
    for side in (-1, 1):
        inner = (cx - width - flare, cy + 14)
        elbow = (sx + (cx - sx) * 0.62 + 14, sy + (cy - sy) * 0.42)
        crook = (ax + (inner[0] - ax) * 0.35 + 10, ay + (inner[1] - ay) * 0.5)
        corners = [(400 + side * x, y) for x, y in ((sx, sy), elbow, (cx + flare, cy), inner, crook, (ax, ay))]
        a, b, c, d, e, f = corners
        out.append(f"M{points([a])}Q{points([b, c])}L{points([d])}Q{points([e, f])}Z")
    return out[0], out[1]


def collar(half: float, y: float, drop: float, tint: str) -> str:
    """A pointed shirt collar around the neck opening."""
    parts = [
        f"M{400 + s * half:g} {y - 14:g}L{400 + s * (half + 16):g} {y + 14:g}L{400 + s * half * 0.72:g} {y + drop + 26:g}"
        f"L400 {y + drop:g}Z"
        for s in (-1, 1)
    ]
    return inside(half, y - 8, drop * 0.5, tint) + patch("".join(parts), tint, 0.04)
