"""Who speaks: each merchant's mark, avatar and banner, drawn from one idea per brand."""

from random import Random

from unwall_demo.cloth import draped
from unwall_demo.ink import blur, deep, down, full, glow, grain, mix, pale, path, sheet
from unwall_demo.scenes import WEATHERS, crest, mountains, rows
from unwall_demo.skincare_art import ripples
from unwall_demo.values import Art

SQUARE = (800, 800)
WIDE = (1600, 640)


def window_mark(ink: str, paper: str) -> str:
    """South Window: an arched window and the light it lets fall."""
    frame = path("M290 600V330A110 110 0 0 1 510 330V600Z", f'fill="{ink}"')
    bars = path("M400 220V600M290 400H510M290 500H510", f'stroke="{paper}" stroke-width="14"')
    return frame + bars + path("M290 622H510L620 700H400Z", f'fill="{mix(ink, paper, 0.5)}"')


def step_mark(ink: str, paper: str) -> str:
    """Cloud Step: terraces under a small sun."""
    bands = "".join(
        path(
            f"M170 {430 + k * 74}Q300 {350 + k * 74} 400 {420 + k * 74}T630 {400 + k * 74}V{436 + k * 74}Q520 {470 + k * 74} 400 {454 + k * 74}T170 {466 + k * 74}Z",
            f'fill="{mix(ink, paper, 0.18 * k)}"',
        )
        for k in range(3)
    )
    return f'<circle cx="500" cy="262" r="66" fill="{ink}"/>' + bands


def grain_mark(ink: str, paper: str) -> str:
    """Milu: a grain of rice that is also a drop."""
    drop = "M400 150C520 300 560 400 540 490C524 580 470 640 400 640S276 580 260 490C240 400 280 300 400 150Z"
    return path(drop, f'fill="{ink}"') + path(
        "M400 250C450 350 470 410 462 480C452 540 430 570 400 572C386 470 384 360 400 250Z",
        f'fill="{mix(ink, paper, 0.55)}"',
    )


DRAWN = {"south-window": window_mark, "cloud-step": step_mark, "milu": grain_mark}
COLOURS = {
    "south-window": ("#b4472e", "#f1e8da"),
    "cloud-step": ("#2f5a4c", "#eceadb"),
    "milu": ("#b97a68", "#f6ece4"),
}


def mark(art: Art) -> str:
    """The mark alone, on nothing."""
    ink, paper = COLOURS[art.brand]
    return sheet("", DRAWN[art.brand](ink, paper), SQUARE)


def avatar(art: Art) -> str:
    """The mark on the brand's paper, right for a round crop."""
    ink, paper = COLOURS[art.brand]
    defs = glow("paper", (0.35, 0.3, 0.9), (0, pale(paper, 0.5), 1), (1, deep(paper, 0.1), 1))
    inner = f'<g transform="translate(400 400) scale(.78) translate(-400 -400)">{DRAWN[art.brand](ink, paper)}</g>'
    return sheet(defs, full("url(#paper)") + inner, SQUARE)


def banner(art: Art) -> str:
    """A wide picture of what the brand stands on: cloth, hills or water."""
    rng = Random(art.seed)
    ink, paper = COLOURS[art.brand]
    defs = grain("grain", art.seed)
    if art.brand == "cloud-step":
        w = WEATHERS["spring"]
        more, ranges = mountains(rng, w, 4, 300, 560)
        line = crest(rng, 760, 120, 5)
        defs += down("sky", (0, w.high, 1), (1, w.low, 1)) + blur("soft", 14) + more
        body = full("url(#sky)") + ranges + rows(line, w, mix(w.far, w.near, 0.7), 24, 8, rng)
    elif art.brand == "milu":
        defs += (
            down("sky", (0, pale(paper, 0.4), 1), (1, mix(paper, "#c7d6d6", 0.8), 1))
            + blur("net", 4)
            + blur("soft", 40)
        )
        net = path(
            ripples(rng, -120, 60, 1000, 900),
            'fill="none" stroke="#fff" stroke-width="12" opacity=".7" filter="url(#net)"',
        )
        body = (
            full("url(#sky)")
            + f'<circle cx="560" cy="480" r="230" fill="{ink}" opacity=".28" filter="url(#soft)"/>'
            + net
        )
    else:
        defs += blur("fold", 16) + glow("lamp", (0.24, 0.4, 0.9), (0, "#fff1d6", 0.6), (1, "#1d140f", 0.3))
        body = full(mix(ink, paper, 0.45)) + draped(rng, mix(ink, paper, 0.3), tilt=0.8) + full("url(#lamp)")
    spread = f'<g transform="scale(2 1) translate(0 -180)">{body}</g><rect width="1600" height="640" filter="url(#grain)" opacity=".4"/>'
    return sheet(defs, spread, WIDE)
