"""Pictures as `<img>` wants them: addresses, sizes to choose from, and the frame that crops them least."""

from functools import lru_cache

from unwall.kernel.files import Files
from unwall.media.rules import renditions

THUMBNAIL_WIDTH = 320
"""Pixels; enough for what a list shows beside its text, on any screen."""
PREVIEW_WIDTH = 1280
"""Pixels; for a picture across a form, also on a dense screen."""
FRAMES = {"portrait": 4 / 5, "square": 1.0, "wide": 3 / 2, "film": 16 / 9}
"""Width by height of the frames of `ui.picture`."""


@lru_cache(maxsize=8192)
def picture_url(file: str | None, width: int | None = None) -> str | None:
    """Of the smallest stored size of an uploaded picture that is at least so wide, else of the whole picture. `file` is
    a key of kernel.files, or an https address that came with an import."""
    if not file:
        return None
    if file.startswith("https://"):
        return file
    wide_enough = (one.file for one in renditions(file) if width and one.width >= width)
    return Files.url(next(wide_enough, file))


def thumbnail_url(file: str | None) -> str | None:
    return picture_url(file, THUMBNAIL_WIDTH)


@lru_cache(maxsize=8192)
def srcset(file: str | None) -> str | None:
    """The sizes of an uploaded picture from which a browser chooses; None where there is one only."""
    sizes = renditions(file) if file else ()
    return ", ".join(f"{Files.url(one.file)} {one.width}w" for one in sizes) if len(sizes) > 1 else None


def frame_of(width: int, height: int) -> str:
    """The frame that crops a picture least."""
    return min(FRAMES, key=lambda name: abs(FRAMES[name] - width / height))
