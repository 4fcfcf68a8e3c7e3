"""The index of the gazetteer: arrays over one text of all lines and one of all names, sorted. They are made from the
packed file once and kept as files, which processes map into memory and share.
"""

import contextlib
import json
import lzma
import re
import shutil
import tempfile
import unicodedata
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

FORMAT = 2
"""Raise it when the index of the same file comes out otherwise."""
LATER_WORDS_FROM = 100_000
"""Inhabitants of a place that is also found by the later words of its name: "Vegas"."""
FAR_AWAY = 10_000_000
"""A latitude that is near to nothing, in thousandths of a degree."""
CITY_ENDINGS = re.compile(
    r"(特别行政区|自治州|地区|市|盟|县|区|州|郡|都|府|특별자치시|특별시|광역시|시|군|구)$"
    r"| *\b(city|shi|qu|district|xian)$",
    re.IGNORECASE,
)
POSTCODE = "#"
"""Before the keys of postcodes, which no folded name has."""
_SPECIAL = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th"})
_IS_SPECIAL = re.compile("[øłđıæœßþ]")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_ARRAYS = ("lines", "line_starts", "keys", "key_starts", "numbers", "points")


class GazetteerIndex(msgspec.Struct, frozen=True):
    """`numbers` are the lines that the sorted `keys` name; `points` are in degrees; `cities` are the names of Chinese
    cities by their code, in Latin letters and in Chinese."""

    lines: NDArray[np.uint8]
    line_starts: NDArray[np.uint32]
    keys: NDArray[np.uint8]
    key_starts: NDArray[np.uint32]
    numbers: NDArray[np.uint32]
    points: NDArray[np.float64]
    cities: dict[str, tuple[str, str]]


def fold(text: str) -> str:
    """Without case, marks, blanks and punctuation, so that "Sao Paulo" finds "São Paulo"."""
    if text.isascii():
        return _NO_WORD.sub("", text.lower())
    plain = unicodedata.normalize("NFKD", text.casefold())
    if _IS_SPECIAL.search(plain):  # rarely, and translating costs as much as all the rest
        plain = plain.translate(_SPECIAL)
    return unicodedata.normalize("NFC", "".join(filter(str.isalnum, plain)))


def read_index(file: Path, postcodes: Path, folder: Path | None) -> GazetteerIndex:
    """From the folder, where it is made if it is not there yet. Several processes may do so at once, and one that dies
    leaves nothing that another would read."""
    packed = (file.read_bytes(), postcodes.read_bytes())
    if folder is None:
        return _unpacked(*packed)
    there = folder / f"gazetteer-{FORMAT}-{blake2b(b''.join(packed), digest_size=8).hexdigest()}"
    if not there.exists():
        made = _unpacked(*packed)
        try:
            _keep(made, there)
        except OSError:  # a full disk: then this process keeps its own
            return made
    arrays = {name: np.load(there / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    cities = {
        code: (latin, chinese) for code, (latin, chinese) in json.loads((there / "cities.json").read_text()).items()
    }
    return GazetteerIndex(**arrays, cities=cities)


def _unpacked(packed: bytes, postcodes: bytes) -> GazetteerIndex:
    return _made(lzma.decompress(packed).decode(), lzma.decompress(postcodes).decode())


def _keep(index: GazetteerIndex, there: Path) -> None:
    there.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="gazetteer-", dir=there.parent))
    try:
        for name in _ARRAYS:
            np.save(making / f"{name}.npy", getattr(index, name))
        (making / "cities.json").write_text(json.dumps(index.cities))
        with contextlib.suppress(OSError):  # another process was first
            making.rename(there)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _made(text: str, postcodes: str) -> GazetteerIndex:
    lines = text.splitlines()
    cities: dict[str, tuple[str, str]] = {}
    names: list[tuple[bytes, int]] = []
    points = array("i")
    for number, line in enumerate(lines):
        name, chinese, others, country, region, point, population, _ = line.split("\t")
        latitude, _, longitude = point.partition(",")
        village = country == "CN" and len(region) < 6
        points.extend((FAR_AWAY if village else int(latitude), int(longitude)))
        if country == "CN" and region.endswith("00"):
            cities[region] = (name, chinese)
        keys = {fold(name), fold(chinese), *(fold(other) for other in others.split("|"))}
        if int(population) >= LATER_WORDS_FROM and " " in name:
            keys |= {fold(name[match.end() :]) for match in re.finditer(" ", name)}
        names += [(key.encode(), number) for key in keys if key]
    names += [(key.encode(), number) for key, number in _whole_names(lines, cities)]
    names += [(key.encode(), number) for key, number in _postcode_names(postcodes)]
    names.sort()
    all_lines, line_starts = _joined([line.encode() for line in lines])
    all_keys, key_starts = _joined([key for key, _ in names])
    return GazetteerIndex(
        lines=all_lines,
        line_starts=line_starts,
        keys=all_keys,
        key_starts=key_starts,
        numbers=np.asarray([number for _, number in names], dtype=np.uint32),
        points=np.asarray(points, dtype=np.float64).reshape(-1, 2) / 1000,
        cities=cities,
    )


def _joined(texts: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """One text, and where each begins in it."""
    starts = np.zeros(len(texts) + 1, dtype=np.uint32)
    np.cumsum([len(text) for text in texts], out=starts[1:])
    return np.frombuffer(b"".join(texts), dtype=np.uint8), starts


def _whole_names(lines: list[str], cities: dict[str, tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """Districts after their city: 杭州西湖区."""
    for number, line in enumerate(lines):
        name, chinese, others, country, region, *_ = line.split("\t")
        city = cities.get(region[:4] + "00")
        if country == "CN" and len(region) == 6 and not region.endswith("00") and city:
            for own in (chinese, *others.split("|")):
                for whole in {city[1], CITY_ENDINGS.sub("", city[1])}:
                    yield fold(whole + own), number
            yield fold(city[0] + name), number
            yield fold(city[0] + name.removesuffix(" District")), number


def _postcode_names(postcodes: str) -> Iterator[tuple[str, int]]:
    for line in postcodes.splitlines():
        _, code, number = line.split("\t")
        yield POSTCODE + code, int(number)
