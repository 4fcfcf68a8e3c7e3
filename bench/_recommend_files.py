"""The files of next-item benchmarks: read, or generated where none is given."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unwall.insight.recommend.fitting import Steps
from unwall.insight.recommend.sparse import Floats, Ints


class People(NamedTuple):
    """Of each person the items in time order, and when they were, in seconds; items are numbered from 0."""

    items: list[Ints]
    at: list[Floats]
    timed: bool
    attributes: list[list[int]]
    """of each item; empty lists where nothing is known"""


class Examples(NamedTuple):
    """What a visit had so far, oldest first, and what came next."""

    prefixes: list[Ints]
    targets: Ints


class Visits(NamedTuple):
    """Training visits in time order, and test examples; items are numbered from 0."""

    train: list[Ints]
    test: Examples
    items: int


def read_people(file: Path, gaps: Path | None, attributes: Path | None) -> People:
    """`file`: a line a user, the user's id and then item ids in time order. `gaps`: the same, a tab, and for each item
    the seconds since the one before it. `attributes`: JSON, item id to attribute ids. Raises ValueError."""
    timed = gaps is not None
    rows = [_gap_line(line, n) for n, line in enumerate(_lines(gaps), 1)] if gaps else []
    names = [line.split()[1:] for line in _lines(file)]
    if timed and [row[0] for row in rows] != names:
        raise ValueError(f"{gaps} is not about the same users and items as {file}")
    number: dict[str, int] = {}
    items = [np.array([number.setdefault(name, len(number)) for name in own], np.int64) for own in names]
    at = [np.cumsum(row[1]) for row in rows] if timed else [np.zeros(len(own)) for own in items]
    known = json.loads(attributes.read_text(encoding="utf-8")) if attributes else {}
    return People(items, at, timed, [known.get(name, []) for name in number])


def _gap_line(line: str, n: int) -> tuple[list[str], Floats]:
    names, _, seconds = line.partition("\t")
    gaps = np.array(seconds.split(), np.float64)
    items = names.split()[1:]
    if len(gaps) != len(items):
        raise ValueError(f"line {n} of the gaps has {len(items)} items and {len(gaps)} gaps")
    return items, gaps


def read_visits(folder: Path) -> Visits:
    """`train_sessions.txt[.gz]`: a session a line, items in order; `test_examples.tsv[.gz]`: items, a tab, what came
    next. Raises FileNotFoundError."""
    number: dict[str, int] = {}

    def numbered(names: Sequence[str]) -> Ints:
        return np.array([number.setdefault(name, len(number)) for name in names], np.int64)

    train = [numbered(line.split()) for line in _lines(_stored(folder, "train_sessions.txt"))]
    pairs = [line.split("\t") for line in _lines(_stored(folder, "test_examples.tsv"))]
    prefixes = [numbered(prefix.split()) for prefix, _ in pairs]
    targets = numbered([target.strip() for _, target in pairs])
    return Visits(train, Examples(prefixes, targets), len(number))


def _stored(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            return path
    raise FileNotFoundError(f"{folder} has no {name} or {name}.gz")


def _lines(path: Path) -> list[str]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [line for line in text.splitlines() if line.strip()]


def steps_of(items: Sequence[Ints], at: Sequence[Floats]) -> Steps:
    lengths = [len(own) for own in items]
    together = np.concatenate(items).astype(np.int64)
    return Steps(np.repeat(np.arange(len(items)), lengths), together, np.ones(len(together)), np.concatenate(at))


def shuffled(people: People, seed: int) -> People:
    """The items of one moment in a random order."""
    random = np.random.default_rng(seed)
    orders = [np.lexsort((random.random(len(at)), at)) for at in people.at]
    return people._replace(items=[own[order] for own, order in zip(people.items, orders, strict=True)])


def generated_people(seed: int, people: int, items: int) -> People:
    """People who move among kinds of items and buy what goes together, some of it in one basket."""
    random = np.random.default_rng(seed)
    walks = [_walk(random, items, 5 + int(random.geometric(0.25))) for _ in range(people)]
    at = [
        np.cumsum(np.where(random.random(len(walk)) < 0.4, 0, random.integers(1, 90, len(walk)) * 86_400.0))
        for walk in walks
    ]
    kinds = max(1, items // 20)
    attributes = [[item % kinds, kinds + item % 7] for item in range(items)]
    return People(walks, at, True, attributes)


def generated_visits(seed: int, visits: int, items: int) -> Visits:
    random = np.random.default_rng(seed)
    walks = [_walk(random, items, 1 + int(random.geometric(0.3)), again=0.2) for _ in range(visits)]
    train, held = walks[: -visits // 5], [walk for walk in walks[-visits // 5 :] if len(walk) > 1]
    pairs = [(walk[:n], walk[n]) for walk in held for n in range(1, len(walk))]
    return Visits(train, Examples([prefix for prefix, _ in pairs], np.array([end for _, end in pairs])), items)


def _walk(random: np.random.Generator, items: int, length: int, again: float = 0.0) -> Ints:
    """Mostly to a neighbour of the same kind, sometimes to anything popular; without `again`, never back."""
    kinds = max(1, items // 20)
    walk = [int(random.zipf(1.3)) % items]
    while len(walk) < length:
        if again and random.random() < again:
            walk.append(walk[int(random.integers(len(walk)))])
            continue
        near = (walk[-1] + kinds * int(random.geometric(0.4))) % items
        chosen = near if random.random() < 0.7 else int(random.zipf(1.3)) % items
        walk.append(chosen if again or chosen not in walk else int(random.integers(items)))
    return np.array(walk, np.int64)
