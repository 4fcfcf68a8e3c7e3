"""Silhouettes: coats, knitwear, shirts, trousers and skirts, as outlines about the line x = 400."""

from collections.abc import Callable
from random import Random

from unwall_demo.cloth import Garment
from unwall_demo.dresses import dress
from unwall_demo.ink import deep, mirrored, path
from unwall_demo.tailoring import buttons, collar, inside, patch, sleeves, stitch

Cut = Callable[[Random, str, str], Garment]


def coat(rng: Random, tint: str, form: str) -> Garment:
    hem = rng.randint(800, 870) if form != "jacket" else rng.randint(600, 640)
    side = 172 if form != "jacket" else 150
    body = mirrored(
        (0, 268),
        ((44, 264), (62, 226)),
        ((138, 250),),
        ((136, 340), (132, 380)),
        ((128, 500), (134, 540)),
        ((150, 680), (side, hem)),
        ((90, hem + 16), (0, hem + 16)),
    )
    arms = sleeves((136, 249), (126, 385), (216, 640 if form != "jacket" else 600), 74)
    closing = stitch(f"M400 420V{hem + 14}", tint, 2.6)
    lapel = inside(56, 230, 40, tint) + "".join(
        patch(
            f"M{400 + s * 58} 226L{400 + s * 84} 262L{400 + s * 66} 306L{400 + s * 92} 318L400 440L{400 + s * 40} 300Z",
            tint,
            0.1,
        )
        for s in (1, -1)
    )
    pockets = "".join(patch(f"M{400 + s * 44} 590l{s * 62} 8v22l{-s * 62} -8Z", tint, 0.12) for s in (-1, 1))
    belt = patch("M266 500Q400 520 534 500V534Q400 554 266 534Z", tint, 0.2) + patch(
        "M408 520l44 128l-30 8l-30-130Z", tint, 0.24
    )
    stand = inside(56, 232, 14, tint) + patch("M340 226Q400 250 460 226L470 270Q400 296 330 270Z", tint, 0.1)
    over = {
        "wrap": lapel + closing + belt,
        "trench": lapel
        + closing
        + belt
        + buttons([450, 560, 640], tint, 364, 9)
        + buttons([450, 560, 640], tint, 440, 9)
        + stitch("M268 340L330 372L400 350M532 340L470 372L400 350", tint),
        "duffle": stand
        + closing
        + "".join(
            path(f"M366 {y}H434", f'stroke="{deep(tint, 0.66)}" stroke-width="5"')
            + path(f"M384 {y}h32", 'stroke="#b98a52" stroke-width="13" stroke-linecap="round"')
            for y in (350, 430, 510, 590)
        )
        + pockets,
        "quilted": stand
        + closing
        + "".join(
            stitch(f"M{400 - 138} {y}Q400 {y + 22} {400 + 138} {y}", tint, 3, 0.45) for y in range(350, hem - 30, 74)
        )
        + pockets,
        "jacket": stand
        + closing
        + buttons([300, 350, 400, 450, 500, 550], tint, 400, 8)
        + "".join(patch(f"M{400 + s * 30} 440h{s * 68}v76h{-s * 68}Z", tint, 0.07) for s in (-1, 1)),
    }.get(form, lapel + closing + buttons([450, 540, 630], tint, 414, 9) + pockets)
    return Garment(arms, (body,), over, 244)


def knit(rng: Random, tint: str, form: str) -> Garment:
    hem, side = rng.randint(630, 680), rng.randint(148, 166)
    body = mirrored(
        (0, 270),
        ((44, 266), (64, 230)),
        ((140, 256),),
        ((134, 340), (130, 390)),
        ((146, 500), (side, hem - 50)),
        ((150, hem - 10), (136, hem)),
        ((60, hem + 8), (0, hem + 8)),
    )
    arms = () if form == "vest" else sleeves((140, 255), (128, 400), (228, 610), 64)
    ribs = stitch("".join(f"M{x} {hem - 42}v46" for x in range(262, 544, 11)), tint, 3, 0.5)
    cuffs = (
        ""
        if form == "vest"
        else stitch(
            "".join(f"M{400 + s * (226 - i * 10)} {572 + i * 2}l{s * 3} 40" for s in (-1, 1) for i in range(7)),
            tint,
            3,
            0.45,
        )
    )
    band = patch("M334 232Q400 310 466 232L452 222Q400 276 348 222Z", tint, 0.14)
    over = {
        "roll": patch("M340 186Q400 172 460 186L470 246Q400 286 330 246Z", tint, 0.06)
        + stitch(
            "M334 216Q400 250 466 216" + "".join(f"M{x} 190v{60 - abs(400 - x) // 5}" for x in range(350, 456, 12)),
            tint,
            2.4,
            0.4,
        ),
        "cardigan": inside(58, 232, 60, tint)
        + patch(f"M340 226L392 400V{hem + 8}H408V400L460 226L446 222L400 372L354 222Z", tint, 0.14)
        + buttons([420, 476, 532, 588], tint, 400, 7.5),
        "vneck": inside(58, 232, 44, tint) + patch("M340 226L400 356L460 226L446 222L400 324L354 222Z", tint, 0.16),
        "vest": inside(58, 232, 44, tint)
        + patch("M340 226L400 356L460 226L446 222L400 324L354 222Z", tint, 0.16)
        + stitch("M268 262Q284 340 276 388M532 262Q516 340 524 388", tint, 9, 0.35),
    }.get(form, inside(52, 230, 20, tint) + band)
    return Garment(arms, (body,), over + ribs + cuffs, 244)


def shirt(rng: Random, tint: str, form: str) -> Garment:
    hem, side = rng.randint(660, 710), rng.randint(140, 158)
    body = mirrored(
        (0, 262),
        ((40, 260), (58, 232)),
        ((132, 254),),
        ((126, 340), (124, 380)),
        ((126, 520), (side, hem - 44)),
        ((110, hem + 4), (60, hem + 14)),
        ((30, hem + 20), (0, hem + 20)),
    )
    short = form in {"camp", "tee"}
    arms = (
        sleeves((131, 253), (122, 380), (214, 408), 78, 8) if short else sleeves((131, 253), (122, 390), (214, 636), 60)
    )
    placket = stitch(f"M388 290V{hem + 18}M412 290V{hem + 18}", tint, 1.6) + buttons(
        [300 + i * 58 for i in range(6)], tint, 400, 5.5
    )
    cuffs = "" if short else stitch("M186 600l56 16M614 600l-56 16", tint, 2.4)
    pocket = patch("M436 380h66v62l-33 16l-33-16Z", tint, 0.05)
    over = {
        "band": inside(54, 234, 18, tint)
        + patch("M346 222Q400 276 454 222L462 240Q400 302 338 240Z", tint, 0.08)
        + placket,
        "camp": inside(56, 234, 40, tint)
        + patch("M344 224L322 262L372 318L400 300L362 262ZM456 224L478 262L428 318L400 300L438 262Z", tint, 0.06)
        + placket,
        "blouse": inside(52, 232, 20, tint)
        + patch(
            "M352 246Q336 250 352 300L398 262L448 300Q464 250 448 246L400 262ZM392 262l-30 120l22 4l18-118l18 132l22-6l-38-132Z",
            tint,
            0.1,
        )
        + stitch("M400 380V660", tint, 1.4, 0.3),
        "tee": inside(54, 232, 20, tint) + patch("M338 232Q400 302 462 232L452 224Q400 280 348 224Z", tint, 0.12),
        "pocket": collar(52, 238, 34, tint) + placket + pocket,
    }.get(form, collar(52, 238, 34, tint) + placket)
    return Garment(arms, (body,), over + cuffs, 244)


def trousers(rng: Random, tint: str, form: str) -> Garment:
    width, taper, hem = {
        "wide": (196, 40, 890),
        "straight": (164, 66, 890),
        "tapered": (142, 84, 870),
        "cropped": (178, 56, 770),
        "shorts": (186, 34, 600),
    }.get(form, (168, 60, 890))
    lean = rng.randint(-4, 6)
    body = mirrored(
        (0, 232),
        ((60, 238), (100, 232)),
        ((106, 270),),
        ((132, 360), (136, 430)),
        ((146, 640), (width + lean, hem)),
        ((width - taper, hem + 14), (taper - 22, hem + 8)),
        ((14, 540), (0, 470)),
    )
    band = patch("M300 230Q400 242 500 230L506 268Q400 282 294 268Z", tint, 0.1)
    fly = stitch("M400 276V420Q396 440 384 452", tint, 2) + buttons([256], tint, 400, 7)
    slant = stitch("M302 274L276 374M498 274L524 374", tint, 2.4)
    crease = stitch(
        f"M336 300Q322 600 {400 - (width + taper) / 2:g} {hem - 6}M464 300Q478 600 {400 + (width + taper) / 2:g} {hem - 6}",
        tint,
        1.8,
        0.45,
    )
    return Garment((), (body,), band + fly + slant + crease, 232, "clips")


def skirt(rng: Random, tint: str, form: str) -> Garment:
    width, hem = {
        "aline": (196, 780),
        "pleated": (210, 840),
        "pencil": (120, 760),
        "tiered": (216, 860),
        "bias": (176, 850),
    }.get(form, (180, 800))
    hem += rng.randint(-14, 14)
    body = mirrored(
        (0, 254),
        ((50, 258), (92, 252)),
        ((98, 290),),
        ((130, 400), (138 if width > 130 else 132, 480)),
        ((150 if width > 130 else 130, 640), (width, hem)),
        ((width / 2, hem + 26), (0, hem + 26)),
    )
    band = patch("M308 250Q400 264 492 250L498 290Q400 304 302 290Z", tint, 0.12)
    over = {
        "pleated": stitch(
            "".join(
                f"M{400 + k * 21} 296Q{400 + k * 30} 560 {400 + k * 46} {hem + 22 - k * k * 1.1:.0f}"
                for k in range(-4, 5)
            ),
            tint,
            3,
            0.5,
        ),
        "tiered": "".join(
            stitch(f"M{400 - w} {y}Q400 {y + 20} {400 + w} {y}", tint, 3.4) for w, y in ((140, 440), (166, 620))
        )
        + stitch(
            "".join(f"M{x} {y}v20" for y, a, b in ((452, 270, 532), (632, 244, 558)) for x in range(a, b, 14)),
            tint,
            1.6,
            0.5,
        ),
        "wrapped": stitch(f"M470 290Q500 560 440 {hem + 20}", tint, 3.4) + buttons([300, 330], tint, 458, 7),
        "pencil": stitch(f"M400 {hem - 120}V{hem + 20}", tint, 2.4),
    }.get(form, stitch(f"M330 300Q310 560 296 {hem}M470 300Q490 560 504 {hem}", tint, 1.8, 0.4))
    return Garment((), (body,), band + over, 254, "clips")


CUTS: dict[str, Cut] = {
    "dress": dress,
    "coat": coat,
    "knit": knit,
    "shirt": shirt,
    "trousers": trousers,
    "skirt": skirt,
}
