"""Pictures are standalone, small, harmless SVG, and the same for the same seed."""

import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unwall.catalogue.placeholder import initials, placeholder
from unwall_demo.artwork import MOTIFS, picture
from unwall_demo.values import Art, DemoImage, DemoMarket
from unwall_demo.words import market

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    *("svg", "defs", "g", "path", "rect", "circle", "ellipse", "use", "text", "clipPath", "pattern", "filter", "stop"),
    *("linearGradient", "radialGradient", "feGaussianBlur", "feDropShadow", "feTurbulence", "feColorMatrix"),
}


@dataclass(frozen=True)
class Shown:
    market: DemoMarket
    images: list[DemoImage]
    drawings: list[str]
    seconds: float


@pytest.fixture(scope="module")
def shown() -> Shown:
    made = market(7)
    images = [i for p in made.products for i in p.images] + [i for p in made.posts for i in p.images]
    begin = time.thread_time()
    drawings = [picture(image.art) for image in images]
    return Shown(made, images, drawings, time.thread_time() - begin)


def elements(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter())


def assert_harmless(svg: str) -> None:
    ids = [e.attrib["id"] for e in elements(svg) if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    for element in elements(svg):
        assert element.tag.removeprefix(SVG) in ALLOWED
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "nan" not in value
            if name == "href":
                assert value.removeprefix("#") in ids
            if "url(" in value:
                assert value.removeprefix("url(#").removesuffix(")") in ids


def test_every_picture_of_the_market_is_standalone_svg_of_modest_size(shown: Shown) -> None:
    for svg in shown.drawings:
        assert_harmless(svg)
        assert ET.fromstring(svg).attrib["viewBox"] == "0 0 800 1000"
        assert 1_500 <= len(svg.encode()) <= 9_000


def test_the_whole_market_is_drawn_in_a_second_or_two(shown: Shown) -> None:
    """Of this thread; many times as long as it takes, for the processors of other machines."""
    print(f"{len(shown.drawings)} pictures, {1000 * shown.seconds / len(shown.drawings):.2f} ms each")
    assert shown.seconds < 15


def test_no_two_products_lead_with_the_same_picture(shown: Shown) -> None:
    leads = [picture(product.images[0].art) for product in shown.market.products]
    assert len(set(leads)) == len(leads)


def test_every_motif_draws_the_same_bytes_again() -> None:
    forms = {"dress": "wrap"}
    patterns = {"terraces": "snow", "ridges": "mist", "lake": "dawn", "paddies": "dusk"}
    for motif in MOTIFS:
        for services in ("south-window", "cloud-step", "milu"):
            art = Art(motif, services, 11, "#66704f", forms.get(motif, ""), patterns.get(motif, ""))
            assert picture(art) == picture(art)
            assert_harmless(picture(art))


def test_marks_and_avatars_are_square_and_banners_wide(shown: Shown) -> None:
    for merchant in shown.market.merchants:
        boxes = [ET.fromstring(picture(a)).attrib["viewBox"] for a in (merchant.mark, merchant.avatar, merchant.banner)]
        assert boxes == ["0 0 800 800", "0 0 800 800", "0 0 1600 640"]


@given(st.text(max_size=120), st.text(max_size=20))
def test_a_tile_is_valid_for_any_title(title: str, seed: str) -> None:
    svg = placeholder(title, seed)
    assert_harmless(svg)
    assert svg == placeholder(title, seed)
    assert len(svg) < 6_000


def test_a_tile_shows_the_title_escaped_and_short() -> None:
    texts = [e.text for e in elements(placeholder('LOVE & <BUILDING> "BLOCK"', "gifts")) if e.tag == f"{SVG}text"]
    assert texts == ["LB", "Love Building Block"]


@pytest.mark.parametrize(
    ("title", "monogram", "line"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "WH", "White Hanging Heart T-light"),
        ("POPPY'S PLAYHOUSE BEDROOM ", "PP", "Poppy's Playhouse Bedroom"),
        ("3 TIER CAKE TIN", "3T", "3 Tier Cake Tin"),
        ("龙井茶 明前", "龙", "龙井茶明前"),
        ("龙井 明前", "龙", "龙井明前"),
        ("...", "·", ""),
        ("", "·", ""),
    ],
)
def test_initials(title: str, monogram: str, line: str) -> None:
    assert initials(title) == (monogram, line)


def test_tiles_of_different_titles_and_sellers_differ() -> None:
    titles = [f"ASSORTED COLOUR BIRD ORNAMENT {n}" for n in range(500)]
    drawings = {placeholder(title, seed) for title in titles for seed in ("gifts", "books")}
    assert len(drawings) == 1_000
