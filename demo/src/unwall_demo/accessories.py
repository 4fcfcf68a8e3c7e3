"""Bags, shoes and scarves: on a plaster ledge, or over a rail."""

from random import Random

from unwall_demo.cloth import folds, weave
from unwall_demo.ink import (
    across,
    blur,
    deep,
    down,
    ellipse,
    lightness,
    mirrored,
    mix,
    pale,
    path,
    shadow,
    sheet,
)
from unwall_demo.values import Art
from unwall_demo.wardrobe import rail, room, wall_colour

LEDGE = 770
SHOE_LEDGE = 660


def ledge(rng: Random, tint: str, y: int = LEDGE) -> tuple[str, str]:
    """A wall and the ledge in front of it that things stand on."""
    wall = wall_colour(rng, tint)
    defs, body = room(rng, wall)
    top = mix(wall, "#fffaf2", 0.45)
    defs += down("top", (0, deep(top, 0.14), 1), (0.4, top, 1), (1, top, 1)) + blur("mist", 16)
    front = f'<rect y="{y}" width="800" height="150" fill="url(#top)"/><rect y="{y + 148}" width="800" height="200" fill="{deep(wall, 0.2)}"/>'
    arch = ""
    if rng.random() < 0.5:
        x = rng.choice((170, 400, 600))
        arch = path(f"M{x - 210} {y}V360A210 210 0 0 1 {x + 210} 360V{y}Z", f'fill="{deep(wall, 0.1)}" opacity=".75"')
    return defs, body + arch + front


def leather(tint: str) -> str:
    strength = 0.22 if lightness(tint) < 0.3 else 0.34
    return across("skin", (0, pale(tint, 0.24), 1), (0.35, tint, 1), (1, deep(tint, strength), 1)) + shadow(
        "cast", (22, 8), 14, "#2c1d12", 0.3
    )


def outline(tint: str, width: float = 2) -> str:
    return f'stroke="{deep(tint, 0.5)}" stroke-width="{width:g}" stroke-opacity=".6"'


def seam(d: str, tint: str) -> str:
    return path(d, f'fill="none" stroke="{pale(tint, 0.5)}" stroke-width="2.2" stroke-dasharray="7 5" opacity=".7"')


def handle(d: str, tint: str, width: float = 16) -> str:
    return path(d, f'fill="none" stroke="{deep(tint, 0.4)}" stroke-width="{width:g}"') + path(
        d, f'fill="none" stroke="{deep(tint, 0.06)}" stroke-width="{width - 5:g}" stroke-linecap="round"'
    )


def bag_parts(form: str, tint: str) -> tuple[str, str, str]:
    """Body outline, what is behind it (handles) and what is in front (flap, clasp)."""
    brass = 'fill="#c9a25c" stroke="#7a5a26" stroke-width="1.6"'
    if form == "crescent":
        body = "M150 520Q190 800 420 806Q640 800 660 500Q640 470 600 486Q420 620 210 500Q170 486 150 520Z"
        return (
            body,
            handle("M176 512C190 210 600 200 636 496", tint, 22),
            seam("M178 540Q220 780 420 786Q616 780 638 520", tint)
            + f'<circle cx="180" cy="514" r="13" {brass}/><circle cx="634" cy="498" r="13" {brass}/>',
        )
    if form == "box":
        flap = path(
            "M206 452H594V606Q594 640 560 640H240Q206 640 206 606Z", f'fill="{deep(tint, 0.08)}" {outline(tint)}'
        )
        return (
            "M206 450H594Q606 450 606 470V790Q606 808 588 808H212Q194 808 194 790V470Q194 450 206 450Z",
            handle("M286 452C286 330 514 330 514 452", tint),
            flap
            + seam("M222 470V600Q222 624 246 624H554Q578 624 578 600V470", tint)
            + f'<rect x="376" y="612" width="48" height="52" rx="5" {brass}/>',
        )
    if form == "bucket":
        cord = handle("M236 500C210 430 300 420 400 470C500 420 590 430 564 500", tint, 9)
        return (
            "M226 470H574L560 800Q400 822 240 800Z",
            handle("M250 480C240 190 560 190 550 480", tint, 15),
            cord
            + seam("M252 776Q400 796 548 776", tint)
            + "".join(f'<circle cx="{x}" cy="512" r="8" {brass}/>' for x in (270, 335, 465, 530)),
        )
    if form == "basket":
        rows = "".join(
            path(
                f"M{220 - k * 3} {490 + k * 38}Q400 {510 + k * 38} {580 + k * 3} {490 + k * 38}",
                f'fill="none" stroke="{deep(tint, 0.35)}" stroke-width="3" opacity=".55"',
            )
            for k in range(9)
        )
        ribs = "".join(
            path(
                f"M{240 + k * 20} 462V812",
                f'stroke="{pale(tint, 0.4)}" stroke-width="5" stroke-dasharray="19 19" stroke-dashoffset="{19 * (k % 2)}" opacity=".8"',
            )
            for k in range(17)
        )
        return (
            "M214 460Q400 480 586 460L606 800Q400 824 194 800Z",
            handle("M270 466C270 250 400 250 400 470M400 470C400 250 530 250 530 466", "#8a5a35", 13),
            ribs + rows,
        )
    pocket = path("M300 590H500V800H306Z", f'fill="{deep(tint, 0.06)}" fill-opacity=".55" {outline(tint, 1.6)}') + seam(
        "M302 604H498", tint
    )
    flat = pocket if form == "tote" else ""
    return (
        "M190 456H610L596 800Q596 808 584 808H216Q204 808 204 800Z",
        handle("M292 470C280 240 520 240 508 470", tint, 18),
        seam("M206 484H594", tint) + flat,
    )


def bag(art: Art) -> str:
    rng = Random(art.seed)
    defs, backdrop = ledge(rng, art.tint)
    body, behind, front = bag_parts(art.form, art.tint)
    woven = path(body, 'fill="url(#w)" opacity=".8"') if art.pattern else ""
    drawn = (
        ellipse(430, LEDGE + 42, 250, 20, 'fill="#2c1d12" opacity=".34" filter="url(#mist)"')
        + f'<g filter="url(#cast)">{behind}<path d="{body}" fill="url(#skin)" {outline(art.tint)}/>{woven}{front}</g>'
    )
    near = art.view == "near"
    frame = f'<g transform="translate(-330 -420) scale(1.75)">{drawn}</g>' if near else drawn
    return sheet(defs + leather(art.tint) + weave(art.pattern or "slub", rng, art.tint), backdrop + frame)


def shoe_parts(form: str, tint: str) -> str:
    """One shoe in profile, toe to the right, in a box of about 420 x 200 with its sole on y = 0."""
    sole = deep(tint, 0.55) if lightness(tint) > 0.4 else "#c9b394"
    lines = outline(tint)
    skin = f'fill="url(#skin)" {lines}'
    thin = path("M-200 -12H190Q214 -10 212 0H-204Z", f'fill="{sole}"') + path(
        "M-204 -14H-120V24H-198Z", f'fill="{deep(sole, 0.2)}"'
    )
    if form == "boot":
        return boot(tint, sole, skin)
    if form == "flat":
        return (
            thin
            + path("M-200 -14Q-206 -96 -180 -104Q-150 -60 -40 -52Q60 -50 110 -84Q200 -80 210 -14Z", skin)
            + path("M112 -80q-16 -22 12 -20l14 10l14 -12q26 -2 12 20l-24 -4Z", f'fill="{deep(tint, 0.18)}" {lines}')
        )
    if form == "sandal":
        strap = f'fill="none" stroke="{tint}" stroke-width="19"'
        shade = f'fill="none" stroke="{deep(tint, 0.35)}" stroke-width="23"'
        d = "M24 -22C50 -112 130 -104 164 -22M60 -22C76 -70 160 -60 186 -24M-186 -22C-206 -150 -120 -170 -84 -22"
        return (
            path("M-206 -30Q0 -16 206 -26Q222 -20 214 0H-206Z", f'fill="{sole}"')
            + path(d, shade)
            + path(d, strap)
            + '<circle cx="-108" cy="-104" r="9" fill="#c9a25c"/>'
        )
    if form == "sneaker":
        return trainer(tint, skin)
    if form == "mule":
        return (
            thin
            + path("M-60 -14Q-20 -110 60 -112Q190 -106 212 -14Z", skin)
            + path("M-196 -18Q-120 -30 -56 -18L-60 -12H-196Z", f'fill="{pale(tint, 0.4)}"')
            + seam("M-36 -30Q0 -90 60 -94", tint)
        )
    strap = path("M20 -98Q60 -120 96 -92L100 -54Q60 -66 24 -50Z", f'fill="{deep(tint, 0.16)}" {lines}') + path(
        "M44 -86h36v12h-36Z", f'fill="{deep(tint, 0.55)}"'
    )
    return (
        thin
        + path("M-200 -14Q-210 -110 -176 -128Q-120 -104 -60 -116Q0 -130 60 -108Q196 -96 212 -14Z", skin)
        + path("M-172 -122Q-110 -92 0 -112Q-90 -134 -172 -122Z", f'fill="{deep(tint, 0.5)}"')
        + strap
        + seam("M-190 -36Q0 -24 198 -36", tint)
    )


def boot(tint: str, sole: str, skin: str) -> str:
    return (
        path("M-206 -14H196Q220 -10 214 8H-120V34H-204Z", f'fill="{sole}"')
        + path("M-196 -14V-330Q-130 -350 -62 -330L-52 -170Q0 -120 90 -104Q200 -90 204 -14Z", skin)
        + path("M-120 -320V-180Q-90 -160 -66 -180V-320Z", f'fill="{deep(tint, 0.3)}" opacity=".8"')
        + seam("M-186 -44Q0 -60 196 -40", tint)
    )


def trainer(tint: str, skin: str) -> str:
    return (
        path(
            "M-208 -40H200Q226 -30 214 4H-200Q-218 -10 -208 -40Z",
            'fill="#efe8da" stroke="#9a8d78" stroke-width="1.6"',
        )
        + path("M-200 -40Q-204 -130 -176 -150Q-130 -120 -60 -154Q0 -110 110 -96Q196 -88 204 -40Z", skin)
        + path(
            "M-40 -136l44 -16M-10 -118l44 -18M22 -106l42 -20",
            'stroke="#f6efe2" stroke-width="8" stroke-linecap="round"',
        )
        + seam("M-190 -80Q-120 -60 -90 -44M110 -94Q120 -60 200 -56", tint)
    )


def shoe(art: Art) -> str:
    """A pair in profile, the far shoe a step behind."""
    rng = Random(art.seed)
    defs, backdrop = ledge(rng, art.tint, SHOE_LEDGE)
    one = shoe_parts(art.form, art.tint)
    scale = 1.36 if art.view != "near" else 1.9
    y = SHOE_LEDGE + 66
    drop = ellipse(410, y + 26, 232 * scale, 22, 'fill="#2c1d12" opacity=".4" filter="url(#mist)"')
    pair = (
        f'<g filter="url(#cast)"><g transform="translate(350 {y - 26}) scale({scale})">{one}</g></g>'
        f'<g filter="url(#cast)"><g transform="translate(440 {y + 18}) scale({scale})">{one}</g></g>'
    )
    return sheet(defs + leather(art.tint), backdrop + drop + pair)


def fringe(x0: int, x1: int, y: int, tint: str, rng: Random) -> str:
    d = "".join(
        f"M{x} {y}q{rng.randint(-4, 4)} 22 {rng.randint(-5, 5)} {rng.randint(44, 56)}" for x in range(x0 + 6, x1, 11)
    )
    return path(d, f'fill="none" stroke="{deep(tint, 0.12)}" stroke-width="5" stroke-linecap="round"')


def scarf(art: Art) -> str:
    """A long scarf over the rail, or (`square`) a printed square of silk pinned flat."""
    rng = Random(art.seed)
    defs, backdrop = room(rng, wall_colour(rng, art.tint))
    defs += weave(art.pattern, rng, art.tint) + blur("fold", 8) + shadow("cast", (24, 18), 16, "#3a2a1c", 0.34)
    if art.form == "square":
        return sheet(defs, backdrop + silk(rng, art.tint, art.pattern))
    front = mirrored((0, 112), ((96, 104), (112, 118)), ((120, 420), (132, 770)), ((60, 784), (0, 778)), centre=360)
    back = mirrored((0, 112), ((96, 108), (108, 118)), ((112, 400), (116, 610)), ((50, 622), (0, 616)), centre=452)
    defs += f'<clipPath id="cut"><path d="{front}"/></clipPath>'
    shade = path(folds(rng, 120, 790, 120, 6), f'fill="{deep(art.tint, 0.6)}" opacity=".36" transform="translate(-40)"')
    bright = path(
        folds(rng, 120, 790, 120, 4), f'fill="{pale(art.tint, 0.7)}" opacity=".34" transform="translate(-40)"'
    )
    drawn = (
        rail("#8a6444")
        + f'<g filter="url(#cast)"><path d="{back}" fill="{deep(art.tint, 0.2)}"/>{fringe(338, 566, 612, deep(art.tint, 0.2), rng)}</g>'
        + path(back, 'fill="url(#w)" opacity=".6"')
        + f'<g filter="url(#cast)"><path d="{front}" fill="{art.tint}"/>{fringe(230, 490, 774, art.tint, rng)}</g>'
        + f'<g clip-path="url(#cut)"><rect x="200" y="90" width="330" height="720" fill="url(#w)"/>'
        f'<g filter="url(#fold)">{shade}{bright}</g></g>'
    )
    return sheet(defs, backdrop + drawn)


def silk(rng: Random, tint: str, pattern: str) -> str:
    """The square itself: border, field and one large motif of overlapping discs, hills or leaves."""
    second, third = pale(tint, 0.72), mix(tint, rng.choice(("#b93823", "#2a7362", "#d9a441", "#34507a")), 0.7)
    if pattern == "leaf":
        from_centre = "".join(
            f'<path d="M0 0Q70 -80 0 -190Q-70 -80 0 0Z" fill="{second if k % 2 else third}" opacity=".85" transform="rotate({k * 45}) translate(0 -24)"/>'
            for k in range(8)
        )
    elif pattern == "stripe":
        from_centre = "".join(
            f'<path d="M{-230 + k * 20} {-230 + k * 20}H{230 - k * 20}V{230 - k * 20}H{-230 + k * 20}Z" fill="{(second, third, tint)[k % 3]}"/>'
            for k in range(0, 11, 2)
        )
    else:
        from_centre = "".join(
            f'<circle cx="{x}" cy="{y}" r="130" fill="{c}" opacity=".8"/>'
            for x, y, c in ((-90, -70, second), (90, -50, third), (0, 100, deep(tint, 0.35)))
        )
    folded = path("M-270 0H270M0 -270V270", 'stroke="#fff" stroke-opacity=".28" stroke-width="7" filter="url(#fold)"')
    turn = rng.choice((-8, 5, 45, 12))
    size = 0.92 if turn == 45 else 1.06
    return (
        f'<g transform="translate(400 520) rotate({turn}) scale({size})"><g filter="url(#cast)"><rect x="-270" y="-270" width="540" '
        f'height="540" fill="{deep(tint, 0.25)}"/></g><rect x="-246" y="-246" width="492" height="492" fill="{tint}"/>{from_centre}{folded}</g>'
    )
