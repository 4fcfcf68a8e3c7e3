"""Writes the tax rates that come with the program: `python tools/tax_rates.py eu_vat_rates_data.json`.

The file is that of the package `eu-vat-rates-data` (MIT, vatnode.dev), which has the rates that the European Commission
publishes (TEDB). Rates of single regions are left out, since the file does not say of which; China's are those of its
value-added tax law (中华人民共和国增值税法), in force since 2026-01-01.
"""

import csv
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/unwall/commerce/pricing/tax_rates.csv"
REGIONAL = {"AT": {19.0}, "FR": {0.9, 1.05, 8.5, 13.0}, "GR": {4.0, 17.0}, "PT": {16.0, 22.0}}
"""Percentages that hold in a part of a country only."""
BY_HAND = (
    ("CN", "", "13", "VAT", "2026-01-01"),
    ("CN", "reduced", "9", "VAT", "2026-01-01"),
    ("CN", "reduced-2", "6", "VAT", "2026-01-01"),
    ("CN", "zero", "0", "VAT", "2026-01-01"),
)
ZERO = ("GB", "IE", "MT")
"""Countries with goods that are taxed at nothing, which the source does not list."""


def main(source: Path) -> None:
    data = json.loads(source.read_text(encoding="utf-8"))
    found = list(BY_HAND)
    for country, rates in data["rates"].items():
        if not (rates["eu_member"] or country == "GB"):
            continue
        regional = REGIONAL.get(country, set())
        reduced = sorted((rate for rate in rates["reduced"] if rate not in regional), reverse=True)
        classes = {"": rates["standard"]} | {
            f"reduced-{n}" if n > 1 else "reduced": r for n, r in enumerate(reduced, 1)
        }
        classes |= {name: rates[field] for name, field in (("super-reduced", "super_reduced"), ("parking", "parking"))}
        classes["zero"] = 0 if country in ZERO else None
        name = rates["vat_abbr"]
        found += [
            (country, tax_class, f"{percent:g}", name, data["version"])
            for tax_class, percent in classes.items()
            if percent is not None and percent not in regional
        ]
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("country", "tax_class", "per_cent", "name", "as_of"))
        writer.writerows(sorted(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
