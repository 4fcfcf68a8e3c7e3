"""How South Window photographs its clothes: hung on a plain wall in afternoon light, near, or folded."""

from random import Random

from unwall_demo.cloth import Garment, cloth_defs, draped, sewn
from unwall_demo.garments import CUTS
from unwall_demo.ink import blur, bough, deep, down, full, lightness, mix, pale, panes, path, sheet, specks
from unwall_demo.values import Art

WALLS = ("#e9e1d3", "#ddd3c4", "#d8d6cb", "#e6d6c8", "#cfd3cd", "#efe9df", "#d9c7b4", "#c8cbc9")


def wall_colour(rng: Random, tint: str) -> str:
    """A wall the garment stands out from: lighter behind dark cloth, warmer and deeper behind pale."""
    light = lightness(tint)
    wall = rng.choice(WALLS)
    if light > 0.78:
        return deep(mix(wall, "#b99f86", 0.5), 0.06)
    if light < 0.34:
        return pale(wall, 0.3)
    return wall


def room(rng: Random, wall: str) -> tuple[str, str]:
    """A wall with light from the south window and, at times, the shadow of a tree outside."""
    defs = (
        down("wall", (0, pale(wall, 0.22), 1), (0.6, wall, 1), (1, deep(wall, 0.18), 1))
        + blur("soft", 7)
        + specks("fibre", rng, deep(wall, 0.5), 0.16)
    )
    body = full("url(#wall)") + panes(rng, "#fff8e8", 0.6)
    if rng.random() < 0.45:
        corner = rng.choice(((-40, 60, 0.7), (840, 120, 2.5), (-30, 520, -0.3)))
        d = bough(rng, (corner[0], corner[1]), corner[2], 8, 120)
        body += path(d, f'fill="{deep(wall, 0.5)}" opacity=".16" filter="url(#soft)"')
    return defs, body + full("url(#fibre)")


def rail(wood: str) -> str:
    return path("M0 122H800", f'stroke="{deep(wood, 0.35)}" stroke-width="11"') + path(
        "M0 119H800", f'stroke="{wood}" stroke-width="6"'
    )


def hanger(garment: Garment, wood: str) -> str:
    metal = "#6b6259"
    hook = f'stroke="{metal}" stroke-width="5" fill="none" stroke-linecap="round"'
    top = garment.top
    if garment.hanging == "clips":
        bar = path(f"M286 {top - 28:g}H514", f'stroke="{wood}" stroke-width="12" stroke-linecap="round"')
        grips = "".join(
            f'<rect x="{x}" y="{top - 36:g}" width="20" height="50" rx="3" fill="{metal}"/>' for x in (314, 466)
        )
        return path(f"M400 {top - 30:g}V150C400 136 384 132 384 120S396 100 412 106", hook) + bar + grips
    neck = 206 if garment.hanging == "shoulders" else 178
    reach = 128 if garment.hanging == "shoulders" else 92
    arms = f"M{400 - reach} {neck + 52}Q{400 - reach / 2:g} {neck + 22} 400 {neck}Q{400 + reach / 2:g} {neck + 22} {400 + reach} {neck + 52}"
    return path(f"M400 {neck:g}V150C400 136 384 132 384 120S396 100 412 106", hook) + path(
        arms, f'fill="none" stroke="{wood}" stroke-width="13" stroke-linecap="round"'
    )


def garment(art: Art) -> str:
    """One garment on its hanger; `view` may be `near` (neckline or waist) or `cloth` (the weave in folds)."""
    rng = Random(art.seed)
    if art.view == "cloth":
        return fabric(rng, art)
    cut = CUTS[art.motif](rng, art.tint, art.form)
    defs, drawn = sewn(cut, rng, art.tint)
    wall = wall_colour(rng, art.tint)
    room_defs, backdrop = room(rng, wall)
    wood = rng.choice(("#a77d52", "#c09a6b", "#6d4c33"))
    whole = hanger(cut, wood) + drawn
    if art.view == "near":
        x, y = rng.choice((330, 400, 470)), cut.top + 130
        whole = f'<g transform="translate({400 - x * 1.9:.0f} {470 - y * 1.9:.0f}) scale(1.9)">{whole}</g>'
    else:
        size = 1.24 if art.motif in {"knit", "shirt"} or art.form == "jacket" else 1.05
        turn = rng.uniform(-1.6, 1.6)
        whole = f'{rail(wood)}<g transform="translate(400 120) rotate({turn:.1f}) scale({size}) translate(-400 -120)">{whole}</g>'
    return sheet(room_defs + cloth_defs(rng, art.tint, art.pattern) + defs, backdrop + whole)


def fabric(rng: Random, art: Art) -> str:
    defs = cloth_defs(rng, art.tint, art.pattern).replace('id="fold"', 'id="unused"') + blur("fold", 22)
    weft = '<rect x="-200" y="-200" width="1200" height="1400" fill="url(#w)"/>'
    body = full(art.tint) + f'<g transform="rotate({rng.randint(-24, 24)} 400 500) scale(1.5)">{weft}</g>'
    label = path("M352 0h96v120h-96Z", f'fill="{pale(art.tint, 0.8)}" transform="translate(150 610) rotate(8)"')
    mark = path(
        "M388 38h24v24h-24ZM394 44v12M406 44v12M394 50h12",
        f'fill="none" stroke="{deep(art.tint, 0.6)}" stroke-width="2.4" transform="translate(150 610) rotate(8)"',
    )
    return sheet(defs, body + draped(rng, art.tint, tilt=rng.uniform(0.2, 0.7)) + label + mark)
