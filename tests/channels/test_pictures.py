"""The addresses of pictures on pages."""

import pytest

from unwall.channels.http.pictures import frame_of, picture_url, srcset, thumbnail_url

UPLOADED = f"3f/3f{'a' * 38}-1000x800.webp"
URL = f"/files/3f/3f{'a' * 38}-1000x800"
IMPORTED = "https://shop.example/a.jpg"


@pytest.mark.parametrize(
    ("file", "width", "url"),
    [
        (None, None, None),
        ("", 320, None),
        (IMPORTED, 320, IMPORTED),
        ("3f/lake.svg", 320, "/files/3f/lake.svg"),
        (UPLOADED, None, f"{URL}.webp"),
        (UPLOADED, 100, f"{URL}-320.webp"),
        (UPLOADED, 320, f"{URL}-320.webp"),
        (UPLOADED, 321, f"{URL}-640.webp"),
        (UPLOADED, 1280, f"{URL}.webp"),
    ],
)
def test_the_smallest_size_that_is_wide_enough_is_shown(file: str | None, width: int | None, url: str | None) -> None:
    assert picture_url(file, width) == url


def test_a_list_shows_thumbnails() -> None:
    assert thumbnail_url(UPLOADED) == f"{URL}-320.webp"


def test_a_browser_chooses_among_the_stored_sizes() -> None:
    assert srcset(UPLOADED) == f"{URL}-320.webp 320w, {URL}-640.webp 640w, {URL}.webp 1000w"
    small = UPLOADED.replace("1000x800", "300x240")
    assert [srcset(file) for file in (None, IMPORTED, "3f/lake.svg", small)] == [None] * 4


@pytest.mark.parametrize(
    ("width", "height", "frame"), [(800, 1000, "portrait"), (9, 9, "square"), (3, 2, "wide"), (1600, 900, "film")]
)
def test_a_picture_gets_the_frame_that_crops_it_least(width: int, height: int, frame: str) -> None:
    assert frame_of(width, height) == frame
