"""Dresses, six ways, as outlines about the line x = 400."""

from collections.abc import Callable
from random import Random

from unwall_demo.cloth import Garment
from unwall_demo.ink import deep, mirrored, path
from unwall_demo.tailoring import buttons, collar, inside, patch, sleeves, stitch

WAIST, WAIST_Y = 92, 475


def slip(tint: str, flare: int, hem: int) -> Garment:
    body = mirrored(
        (0, 330),
        ((60, 300), (74, 268)),
        ((78, 330), (104, 372)),
        ((86, 450), (84, 500)),
        ((120, 690), (flare - 40, hem)),
        ((60, hem + 18), (0, hem + 18)),
    )
    straps = stitch("M326 268L346 190M474 268L454 190", tint, 4, 0.9)
    return Garment((), (body,), straps + stitch("M300 372Q400 410 500 372", tint, 1.6, 0.3), 300, "straps")


def pinafore(tint: str, flare: int, hem: int) -> Garment:
    body = mirrored(
        (0, 330),
        ((44, 330), (62, 232)),
        ((96, 232),),
        ((88, 330), (112, 372)),
        ((WAIST + 8, 440), (WAIST, WAIST_Y)),
        ((150, 660), (flare, hem)),
        ((90, hem + 20), (0, hem + 20)),
    )
    seams = stitch(f"M308 475H492M350 {WAIST_Y + 90}h-40M450 {WAIST_Y + 90}h40", tint)
    return Garment((), (body,), seams + buttons([246], tint, 322, 8) + buttons([246], tint, 478, 8), 240, "straps")


def column(tint: str, _flare: int, hem: int) -> Garment:
    body = mirrored(
        (0, 236),
        ((46, 234), (52, 222)),
        ((116, 250),),
        ((110, 320), (110, 360)),
        ((84, 450), (90, 500)),
        ((118, 690), (122, hem)),
        ((60, hem + 8), (0, hem + 8)),
    )
    knot = f'stroke="{deep(tint, 0.6)}" stroke-width="5" stroke-linecap="round"'
    knots = path("M408 262h26M440 300h26M468 344h26", knot)
    neck = patch("M348 224Q400 204 452 224L446 250Q400 262 354 250Z", tint)
    seams = stitch("M400 238C420 300 470 310 510 352", tint, 3) + stitch(f"M502 {hem - 170}V{hem}", tint)
    return Garment(sleeves((114, 250), (108, 350), (176, 400), 62), (body,), seams + neck + knots, 240)


def frock(flare: int, hem: int) -> str:
    """The outline that the other dresses share: fitted to the waist, then open."""
    return mirrored(
        (0, 262),
        ((40, 258), (58, 232)),
        ((120, 250),),
        ((114, 320), (112, 352)),
        ((WAIST + 6, 430), (WAIST, WAIST_Y)),
        ((150, 660), (flare, hem)),
        ((90, hem + 20), (0, hem + 20)),
    )


LONG = sleeves((116, 249), (108, 352), (192, 590), 58, 8)
SHORT = sleeves((116, 249), (108, 352), (176, 386), 66, 12)


def shirt_dress(tint: str, flare: int, hem: int) -> Garment:
    over = (
        collar(52, 240, 34, tint)
        + stitch(f"M392 290V{hem + 16}M408 290V{hem + 16}", tint, 1.6)
        + buttons([330, 390, 450, 540, 610, 680, 750], tint)
        + patch("M308 466Q400 480 492 466V492Q400 506 308 492Z", tint, 0.2)
    )
    return Garment(LONG, (frock(flare, hem),), over, 240)


def wrap(tint: str, flare: int, hem: int) -> Garment:
    over = (
        inside(54, 236, 34, tint)
        + stitch(f"M346 236Q400 370 492 470M454 236Q430 330 396 372M492 480Q470 700 430 {hem + 14}", tint, 3)
        + patch("M308 462Q400 478 492 462V486Q400 502 308 486ZM484 480l30 110l-22 8l-18-112Z", tint, 0.16)
    )
    return Garment(LONG, (frock(flare, hem),), over, 240)


def tiered(tint: str, flare: int, hem: int) -> Garment:
    seams = "".join(
        stitch(f"M{400 - w} {y}Q400 {y + 16} {400 + w} {y}", tint, 3.4) for w, y in ((94, 476), (138, 610), (166, 748))
    )
    gathers = "".join(
        f"M{x} {y}v{16 + x % 3 * 7}"
        for y, a, b in ((484, 314, 490), (620, 266, 540), (758, 240, 566))
        for x in range(a, b, 15)
    )
    over = inside(54, 236, 20, tint) + seams + stitch(gathers, tint, 1.6, 0.5)
    return Garment(SHORT, (frock(flare, hem),), over, 240)


def day(tint: str, flare: int, hem: int) -> Garment:
    over = inside(54, 236, 22, tint) + stitch("M306 475Q400 490 494 475", tint)
    return Garment(SHORT, (frock(flare, hem),), over, 240)


DRESSES: dict[str, Callable[[str, int, int], Garment]] = {
    "slip": slip,
    "pinafore": pinafore,
    "column": column,
    "shirt": shirt_dress,
    "wrap": wrap,
    "tiered": tiered,
    "day": day,
}


def dress(rng: Random, tint: str, form: str) -> Garment:
    hem, flare = rng.randint(860, 900), rng.randint(178, 206)
    return DRESSES[form](tint, flare, hem)
