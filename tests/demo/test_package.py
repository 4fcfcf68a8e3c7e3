"""The demo is a package of its own, and the product's wheel has none of it."""

import tomllib
from pathlib import Path

SOURCE = Path("src/unwall")


def test_the_wheel_of_the_product_has_none_of_the_demo():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [str(SOURCE)]
    assert [path for path in SOURCE.rglob("*demo*") if "__pycache__" not in path.parts] == []
    assert [dependency for dependency in project["project"]["dependencies"] if "demo" in dependency] == []


def test_no_source_of_the_product_names_the_demo_package():
    assert [path for path in SOURCE.rglob("*.py") if "unwall_demo" in path.read_text(encoding="utf-8")] == []
