"""The demo market's videos in its data set: which posts have one, and the process that draws them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from unwall.intake.dataset.writer import DatasetWriter
from unwall.kernel.files import key_for
from unwall.media.rules import picture_ending
from unwall.media.thumbhash import thumbhash

FILMED = {"snow-on-the-hill": "snow", "silk-is-washable": "silk", "empty-bottles": "lake"}
"""The film of each post that has one, by the post's slug."""
SECONDS = 8
CAPTIONS = {
    "snow-on-the-hill": {
        "en": (
            ("00:00.500", "00:03.500", "Four in the morning, and the lines are gone."),
            ("00:04.000", "00:07.500", "The bushes sleep at exactly zero."),
        ),
        "zh": (
            ("00:00.500", "00:03.500", "凌晨四点，茶行都不见了。"),
            ("00:04.000", "00:07.500", "茶树睡着，正好零度。"),
        ),
    }
}
"""By the post's slug and the language: from, to, words."""
MAX_MINUTES = 60
"""It takes some ten seconds; on a machine with much else to do, minutes."""


class Film(NamedTuple):
    """Keys of what is stored, and the cover's sides."""

    source: str
    bytes: int
    cover: str
    width: int
    height: int


class Filming(NamedTuple):
    process: "subprocess.Popen[bytes]"
    folder: Path

    def put(self, writer: DatasetWriter) -> Mapping[str, Film]:
        """Wait for the films, and put them into the data set; by the post's slug."""
        if self.process.wait(MAX_MINUTES * 60):
            raise subprocess.CalledProcessError(self.process.returncode, "unwall_demo.films")
        return {slug: self._put(writer, name) for slug, name in FILMED.items()}

    def _put(self, writer: DatasetWriter, name: str) -> Film:
        film, cover = (self.folder / f"{name}.mov").read_bytes(), (self.folder / f"{name}.webp").read_bytes()
        with Image.open(self.folder / f"{name}.webp") as picture:
            width, height = picture.size
            ending = picture_ending(thumbhash(picture), width, height)
        source, cover_key = key_for(film, ".source"), key_for(cover, ending)
        writer.put_media(source, film)
        writer.put_media(cover_key, cover)
        return Film(source, len(film), cover_key, width, height)


def captions(slug: str) -> dict[str, str]:
    return {
        lang: "\n\n".join(["WEBVTT", *(f"{start} --> {end}\n{words}" for start, end, words in cues)]) + "\n"
        for lang, cues in CAPTIONS.get(slug, {}).items()
    }


@contextmanager
def filming() -> Iterator[Filming]:
    """Drawn while the market is simulated."""
    with tempfile.TemporaryDirectory() as name:
        process = subprocess.Popen([sys.executable, "-m", "unwall_demo.films", name])  # noqa: S603 (our own program)
        try:
            yield Filming(process, Path(name))
        finally:
            process.kill()
            process.wait()
