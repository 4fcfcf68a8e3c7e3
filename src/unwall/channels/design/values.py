"""What the components of `components.html` are given, for those that several channels fill. Texts are already in the
reader's language; `tone` is good | soon | bad | ""."""

from typing import Any

import msgspec


class Option(msgspec.Struct, frozen=True):
    """Of a `select`."""

    value: str
    label: str


class Tab(msgspec.Struct, frozen=True):
    url: str
    label: str
    active: bool


class Cell(msgspec.Struct, frozen=True):
    """Of a `table`, where it is more than its text."""

    text: str
    url: str | None = None
    tone: str = ""
    images: list[str] = []


class Step(msgspec.Struct, frozen=True):
    """Of a `timeline`; `state` is done | now | next | failed."""

    state: str
    title: str
    at: str | None = None
    note: str | None = None


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """`values` are numbers, one for each x; of a scatter plot [x, y, name]."""

    name: str
    values: list[Any]
    faint: bool = False


class Plot(msgspec.Struct, frozen=True, omit_defaults=True):
    """`kind` is line | area | bar | hbar | scatter."""

    kind: str
    series: list[Series]
    x: list[str]
    x_title: str = ""
    y_title: str = ""
    unit: str = ""
    anywhere: bool = False
    """Its axes need not begin at zero: a map."""
