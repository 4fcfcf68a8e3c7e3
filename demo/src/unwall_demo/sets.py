"""Editorial sets: rooms, streets, cloth and flowers, composed around one idea each."""

from random import Random

from unwall_demo.cloth import draped, weave
from unwall_demo.flora import bloom, flatlay
from unwall_demo.ink import (
    across,
    blur,
    bough,
    deep,
    down,
    ellipse,
    full,
    glow,
    grain,
    leaf,
    mix,
    pale,
    panes,
    path,
    points,
    sheet,
    smooth,
)
from unwall_demo.objects import lathe
from unwall_demo.scenes import WEATHERS, crest, film, hill, mountains
from unwall_demo.values import Art

CLOTHES = ("#d9cbb4", "#34507a", "#a8452f", "#66704f", "#f1ece2", "#23283a", "#c79485", "#b98d5c", "#9fbfae", "#4b362b")


def hanging(x: float, y: float, width: float, length: float, tint: str, name: str) -> str:
    """One garment seen from its side on a rail: a shoulder, a fall and a few folds."""
    d = f"M{x:.0f} {y}Q{x + width * 0.5:.0f} {y - 26} {x + width:.0f} {y + 8}L{x + width * 1.1:.0f} {y + length:.0f}Q{x + width / 2:.0f} {y + length + 16:.0f} {x - width * 0.1:.0f} {y + length:.0f}Z"
    lines = "".join(
        f"M{x + width * t:.0f} {y + 40}Q{x + width * (t + 0.05):.0f} {y + length / 2:.0f} {x + width * (t - 0.04):.0f} {y + length - 6:.0f}"
        for t in (0.25, 0.5, 0.76)
    )
    hook = path(f"M{x + width / 2:.0f} {y - 10}v-44q0 -16 12 -14", 'fill="none" stroke="#6b6259" stroke-width="4"')
    return (
        hook
        + path(d, f'fill="{tint}"')
        + path(d, f'fill="url(#{name})"')
        + path(lines, f'fill="none" stroke="{deep(tint, 0.5)}" stroke-width="6" opacity=".3"')
    )


def rail(rng: Random, art: Art) -> tuple[str, str]:
    """A rail of clothes in window light, in the picture's own run of colours."""
    wall = rng.choice(("#e9e1d3", "#d9c7b4", "#cfd3cd", "#e6d6c8"))
    tints = [art.tint, *rng.sample(CLOTHES, 6)]
    defs = down("wall", (0, pale(wall, 0.25), 1), (1, deep(wall, 0.14), 1)) + blur("soft", 7) + grain("grain", art.seed)
    defs += across("side", (0, "#fff", 0.22), (0.4, "#fff", 0), (1, "#1d140f", 0.34))
    body = (
        full("url(#wall)")
        + panes(rng, "#fff8e8", 0.6)
        + f'<rect y="880" width="800" height="120" fill="{deep(wall, 0.2)}"/>'
    )
    x, drawn = rng.uniform(70, 120), ""
    for tint in tints:
        width, length = rng.uniform(70, 116), rng.choice((380, 430, 520, 580, 600))
        drawn += hanging(x, 250, width, length, tint, "side")
        x += width * rng.uniform(0.86, 1.06)
    shade = f'<g transform="translate(34 26)" opacity=".26" filter="url(#soft)"><path d="M96 244H{x:.0f}V720L96 780Z" fill="#3a2a1c"/></g>'
    post = path("M46 190V960M754 190V960", 'stroke="#5c4330" stroke-width="12"') + path(
        "M20 190H780", 'stroke="#7a5a3f" stroke-width="12"'
    )
    feet = ellipse(400, 962, 400, 12, 'fill="#2a1d12" opacity=".25" filter="url(#soft)"')
    return defs, body + shade + feet + post + drawn


def line(rng: Random, art: Art) -> tuple[str, str]:
    """Washing on a line between white walls with black tiles, blue behind."""
    w = WEATHERS[art.pattern or "summer"]
    defs = (
        down("sky", (0, w.high, 1), (1, w.low, 1))
        + across("wallside", (0, "#f4f0e7", 1), (1, "#d9d6ce", 1))
        + blur("soft", 7)
        + grain("grain", art.seed)
    )
    defs += across("side", (0, "#fff", 0.25), (0.5, "#fff", 0), (1, "#1d140f", 0.24))
    body = full("url(#sky)") + "".join(
        ellipse(x, y, r, r * 0.24, 'fill="#fff" opacity=".5" filter="url(#soft)"')
        for x, y, r in ((260, 190, 190), (560, 280, 150))
    )
    left = path("M0 240H150L190 280V1000H0Z", 'fill="url(#wallside)"') + path(
        "M-10 200L160 214L214 282H-10Z", 'fill="#3b3f45"'
    )
    right = path("M640 380H800V1000H640Z", 'fill="#ece8de"') + path(
        "M610 392Q640 372 660 330H810V396Z", 'fill="#3b3f45"'
    )
    tiles = path(
        "".join(f"M{x} {214 + x * 0.1:.0f}l16 66" for x in range(4, 170, 20)), 'stroke="#5a5f66" stroke-width="4"'
    )
    window = path("M40 420h84v120H40ZM700 560h70v110h-70Z", 'fill="#54504a"') + path(
        "M82 420v120M40 480h84M735 560v110", 'stroke="#8c8579" stroke-width="6"'
    )
    rope, items = "", ""
    for k, base in enumerate((430, 640)):
        rope += f"M190 {base}Q420 {base + 70} 642 {base + 20}"
        x = 214.0 + 30 * k
        while x < 560:
            width, length = rng.uniform(84, 132), rng.uniform(120, 210)
            t = (x - 190) / 452
            y = base + 20 * t + 128 * t * (1 - t)
            sway = rng.uniform(-24, 30)
            tint = rng.choice((art.tint, *CLOTHES))
            d = f"M{x:.0f} {y:.0f}L{x + width:.0f} {y + 6:.0f}Q{x + width + sway * 0.3:.0f} {y + length / 2:.0f} {x + width + sway:.0f} {y + length:.0f}Q{x + width / 2 + sway:.0f} {y + length + 14:.0f} {x + sway:.0f} {y + length - 8:.0f}Q{x + sway * 0.2:.0f} {y + length / 2:.0f} {x:.0f} {y:.0f}Z"
            items += (
                path(d, f'fill="{tint}"')
                + path(d, 'fill="url(#side)"')
                + path(
                    f"M{x + 10:.0f} {y - 8:.0f}v18M{x + width - 10:.0f} {y - 4:.0f}v18",
                    'stroke="#a5794c" stroke-width="6"',
                )
            )
            x += width + rng.uniform(16, 36)
    return defs, body + right + left + tiles + window + path(
        rope, 'fill="none" stroke="#4a4641" stroke-width="2.6"'
    ) + items


def street(rng: Random, art: Art) -> tuple[str, str]:
    """A plastered lane in hard light: a doorway or moon gate, steps, the shadow of a plane tree."""
    wall = mix(art.tint, "#efe3d0", 0.62)
    lit, dark = pale(wall, 0.3), deep(wall, 0.34)
    defs = (
        across("lit", (0, lit, 1), (1, wall, 1))
        + down("inner", (0, deep(wall, 0.62), 1), (1, deep(wall, 0.4), 1))
        + blur("soft", 5)
        + grain("grain", art.seed)
    )
    x = rng.choice((300, 430, 510))
    if art.form == "gate":
        door = f"M{x - 120} 860V700A190 190 0 1 1 {x + 120} 700V860Z"
    else:
        door = f"M{x - 130} 860V470A130 130 0 0 1 {x + 130} 470V860Z"
    beyond = f'<clipPath id="door"><path d="{door}"/></clipPath><g clip-path="url(#door)">{full("url(#inner)")}<rect x="{x - 60}" y="380" width="400" height="520" fill="{lit}" opacity=".35"/><path d="{bough(rng, (x + 160, 420), 2.6, 9, 110)}" fill="#4d6650" opacity=".85"/></g>'
    shadow = path(f"M0 0H{x + 240}L{x - 330} 860H0Z", f'fill="{dark}" opacity=".3"')
    steps = "".join(
        f'<rect x="{x - 190 - k * 40}" y="{860 + k * 34}" width="{380 + k * 80}" height="36" fill="{mix(lit, dark, 0.12 + 0.1 * (k % 2))}"/><rect x="{x - 190 - k * 40}" y="{886 + k * 34}" width="{380 + k * 80}" height="8" fill="{dark}" opacity=".4"/>'
        for k in range(4)
    )
    tree = "".join(
        bough(rng, start, angle, 9, 130) for start, angle in (((840, 160), 2.7), ((820, 420), 3.3), ((700, -30), 2.0))
    )
    thing = bench(rng, x, art) if rng.random() < 0.7 else ""
    return defs, full("url(#lit)") + path("M0 0H800V78H0Z", 'fill="#43464a"') + path(
        "".join(f"M{k} 0v78" for k in range(10, 800, 34)), 'stroke="#5c6066" stroke-width="10"'
    ) + beyond + f'<rect y="860" width="800" height="140" fill="{deep(wall, 0.16)}"/>' + shadow + path(
        tree, f'fill="{dark}" opacity=".42" filter="url(#soft)"'
    ) + steps + thing


def bench(rng: Random, x: float, art: Art) -> str:
    """A stool with folded cloth beside the door."""
    sx = 90 if x > 400 else 570
    stool = path(f"M{sx} 796h150v16h-150ZM{sx + 12} 812h14l-8 96h-14ZM{sx + 124} 812h14l8 96h-14Z", 'fill="#5c4330"')
    tints = [art.tint, *rng.sample(CLOTHES, 3)]
    pile = "".join(
        f'<rect x="{sx + 10 + k * 3}" y="{768 - k * 27}" width="{130 - k * 6}" height="28" rx="12" fill="{t}" stroke="{deep(t, 0.4)}" stroke-width="1.4"/>'
        for k, t in enumerate(tints)
    )
    return ellipse(sx + 84, 908, 104, 9, 'fill="#2a1d12" opacity=".35" filter="url(#soft)"') + stool + pile


def folds(rng: Random, art: Art) -> tuple[str, str]:
    """Cloth alone, filling the sheet, two colours meeting."""
    second = mix(art.tint, rng.choice(CLOTHES), 0.7)
    defs = (
        weave(art.form or "twill", rng, art.tint)
        + blur("fold", 20)
        + blur("soft", 26)
        + grain("grain", art.seed)
        + glow("lamp", (0.3, 0.24, 0.9), (0, "#fff6e0", 0.42), (1, "#1d140f", 0.4))
    )
    edge = [(-40, 640 + rng.uniform(-60, 60)), (200, 560), (420, 660 + rng.uniform(-40, 40)), (640, 560), (840, 500)]
    over = f"M{points(edge[:1])}{smooth(edge)}V1010H-40Z"
    body = full(art.tint) + full("url(#w)", ' opacity=".7"') + draped(rng, art.tint, tilt=0.6)
    body += path(over, 'fill="#1d140f" opacity=".5" filter="url(#soft)" transform="translate(10 -26)"')
    body += f'<clipPath id="over"><path d="{over}"/></clipPath><g clip-path="url(#over)">{full(second)}{draped(rng, second, tilt=-0.5)}</g>'
    return defs, body + full("url(#lamp)")


def stones(rng: Random, art: Art) -> tuple[str, str]:
    """Stacked stones in still water, rings going out."""
    w = WEATHERS[art.pattern or "mist"]
    water = mix(mix(w.high, art.tint, 0.25), "#f4efe6", 0.2)
    defs = (
        down("water", (0, pale(water, 0.4), 1), (0.45, water, 1), (1, deep(water, 0.3), 1))
        + blur("soft", 12)
        + grain("grain", art.seed)
    )
    x = rng.choice((300, 400, 500))
    rings = "".join(
        ellipse(
            x,
            800,
            170 + k * 92,
            30 + k * 20,
            f'fill="none" stroke="{pale(water, 0.7)}" stroke-width="{5 - k * 0.7:.1f}" opacity="{0.75 - k * 0.13:.2f}"',
        )
        for k in range(5)
    )
    drawn, y = "", 806.0
    for k, half in enumerate((164, 128, 104, 70, 44)):
        tall = half * rng.uniform(0.36, 0.5)
        tone = mix(rng.choice(("#8d8a84", "#b9ae9d", "#5f6360", "#cfc6b6")), art.tint, 0.14)
        defs += glow(f"s{k}", (0.36, 0.2, 0.9), (0, pale(tone, 0.45), 1), (0.6, tone, 1), (1, deep(tone, 0.4), 1))
        lean = rng.uniform(-14, 14)
        d = f"M{x - half + lean:.0f} {y - tall * 0.8:.0f}C{x - half:.0f} {y - tall * 2:.0f} {x + half:.0f} {y - tall * 2.1:.0f} {x + half + lean:.0f} {y - tall * 0.9:.0f}S{x + half * 0.6:.0f} {y:.0f} {x:.0f} {y:.0f}S{x - half - 10 + lean:.0f} {y - tall * 0.1:.0f} {x - half + lean:.0f} {y - tall * 0.8:.0f}Z"
        drawn += path(d, f'fill="url(#s{k})"') + path(
            f"M{x - half * 0.7:.0f} {y - tall:.0f}q{half * 0.6:.0f} -12 {half * 1.3:.0f} 6",
            f'stroke="{pale(tone, 0.6)}" stroke-width="2" fill="none" opacity=".4"',
        )
        y -= tall * 1.62
    far = (
        hill(crest(rng, 480, 90, 5), mix(w.far, water, 0.5), 'opacity=".5" filter="url(#soft)"')
        if art.form != "bare"
        else ""
    )
    return defs, full(
        "url(#water)"
    ) + f'<g clip-path="url(#top)">{far}</g><clipPath id="top"><rect width="800" height="520"/></clipPath>' + ellipse(
        x, 812, 190, 34, f'fill="{deep(water, 0.5)}" opacity=".5" filter="url(#soft)"'
    ) + rings + drawn + path(
        leaf(x + 190, 850, 70, 0.2, 0.2) + leaf(x - 260, 900, 60, 2.6, 0.2), f'fill="{art.tint}" opacity=".9"'
    )


def stairs(rng: Random, art: Art) -> tuple[str, str]:
    """Steps and arches in two colours and hard light."""
    wall = mix(art.tint, "#f4e8d8", 0.5)
    dark, lit = deep(wall, 0.28), pale(wall, 0.35)
    defs = (
        down("sky", (0, mix("#8fb3c4", wall, 0.25), 1), (1, mix("#dce6e4", wall, 0.25), 1))
        + across("face", (0, lit, 1), (1, wall, 1))
        + grain("grain", art.seed)
    )
    cut = rng.randint(280, 380)
    body = (
        full("url(#sky)")
        + f'<circle cx="{rng.choice((160, 600))}" cy="190" r="62" fill="#fff4dc"/>'
        + path(f"M0 {cut}H470V180H800V1000H0Z", 'fill="url(#face)"')
        + path(f"M470 {cut}L620 180H800V1000H470Z", f'fill="{dark}" opacity=".45"')
    )
    arch = path(f"M90 780V{cut + 200}A110 110 0 0 1 310 {cut + 200}V780Z", f'fill="{dark}"') + path(
        f"M140 780V{cut + 210}A90 90 0 0 1 310 {cut + 210}V780Z", f'fill="{deep(dark, 0.3)}"'
    )
    steps = ""
    for k in range(8):
        x, y = 800 - k * 62, 480 + k * 58
        steps += f'<rect x="{x - 420}" y="{y}" width="640" height="30" fill="{lit}"/><rect x="{x - 420}" y="{y + 26}" width="640" height="40" fill="{mix(wall, dark, 0.6)}"/>'
    pot = path(lathe(170, [(52, 800), (62, 840), (40, 900)]), f'fill="{mix("#a8452f", wall, 0.2)}"') + path(
        "".join(leaf(170, 806, rng.uniform(120, 210), a, 0.13) for a in (-2.5, -2.1, -1.8, -1.45, -1.1, -0.7)),
        'fill="#4d6650"',
    )
    return defs, body + arch + steps + f'<rect y="890" width="800" height="110" fill="{lit}"/>' + pot


def rain(rng: Random, art: Art) -> tuple[str, str]:
    """A wet window, hills blurred behind it, something warm on the sill."""
    w = WEATHERS[art.pattern or "rain"]
    defs, ranges = mountains(rng, w, 4, 380, 700)
    defs += down("sky", (0, w.high, 1), (1, w.low, 1)) + blur("soft", 12) + blur("near", 5) + grain("grain", art.seed)
    drops = "".join(f"M{rng.randrange(800)} {rng.randrange(840)}v{rng.choice((0.1, 0.1, 18, 46))}" for _ in range(80))
    frame = path(
        "M0 0H800V44H0ZM0 0H44V1000H0ZM756 0H800V1000H756ZM386 0H414V860H386ZM0 420H800V440H0Z",
        f'fill="{deep("#7a6047", 0.3)}"',
    )
    cup = (
        path(lathe(560, [(92, 730), (90, 790), (58, 858), (48, 872)]), f'fill="{art.tint}"')
        + ellipse(560, 730, 92, 17, f'fill="{pale(art.tint, 0.4)}"')
        + ellipse(560, 732, 80, 13, 'fill="#a8702c"')
    )
    steam = path(
        "M530 700q-30 -50 4 -90t0 -100M586 700q30 -56 -2 -96t8 -90",
        'fill="none" stroke="#fff" stroke-width="13" opacity=".5" filter="url(#near)"',
    )
    sill = (
        '<rect y="860" width="800" height="140" fill="#8c6a4a"/><rect y="860" width="800" height="14" fill="#a78661"/>'
    )
    return defs, full("url(#sky)") + f'<g filter="url(#near)">{ranges}</g>' + path(
        drops, 'stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".5"'
    ) + frame + sill + ellipse(600, 884, 130, 12, 'fill="#1d140f" opacity=".4" filter="url(#near)"') + steam + cup


SETS = {
    "rail": rail,
    "line": line,
    "street": street,
    "folds": folds,
    "bloom": bloom,
    "stones": stones,
    "stairs": stairs,
    "rain": rain,
    "flatlay": flatlay,
}


def staged(art: Art) -> str:
    defs, body = SETS[art.motif](Random(art.seed), art)
    return sheet(defs, body + film())
