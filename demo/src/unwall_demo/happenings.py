"""Events by the hundred thousand, as columns of numbers; -1 stands for "none"."""

from typing import NamedTuple

import numpy as np

from unwall.journal.values import EventKind
from unwall_demo.stage import Flags, Ints

KINDS = tuple(EventKind)
PAGES = ("home/hero", "home/for-you", "post", "product", "store", "search")
POLICIES = ("popular-1", "transitions-1", "newest-1", "followed-newest-1")

COLUMNS = (
    "at", "kind", "merchant", "person", "session", "account", "post", "product", "variant", "order", "node", "page",
    "slot", "policy", "quantity", "amount", "query", "tenths",
)  # fmt: skip


def page(name: str) -> int:
    return PAGES.index(name)


def page_policy(follows: Flags) -> Ints:
    """Of the post at the top of the home page, for who follows its account and who does not."""
    policies: Ints = np.where(follows, POLICIES.index("followed-newest-1"), POLICIES.index("newest-1"))
    return policies


class Happenings:
    """Add blocks of events; `columns` are all of them, cut at `until` and in order of time."""

    def __init__(self) -> None:
        self._blocks: dict[str, list[Ints]] = {name: [] for name in COLUMNS}

    def add(self, kind: EventKind, at: Ints, **columns: Ints | int) -> None:
        given = {"at": at, "kind": KINDS.index(kind), **columns}
        for name in COLUMNS:
            self._blocks[name].append(np.broadcast_to(np.asarray(given.pop(name, -1), np.int64), at.shape))
        if given:
            raise TypeError(f"no such columns: {', '.join(given)}")

    def columns(self, until: int) -> dict[str, Ints]:
        joined = {name: np.concatenate(blocks) for name, blocks in self._blocks.items()}
        order = np.argsort(joined["at"], kind="stable")
        order = order[joined["at"][order] <= until]
        return {name: column[order] for name, column in joined.items()}


class Lines(NamedTuple):
    """What was bought: one entry a line, by order."""

    order: Ints
    variant: Ints
    quantity: Ints
    post: Ints
    page: Ints
    policy: Ints


class Orders(NamedTuple):
    """Online orders in order of time, and of how many visits."""

    person: Ints
    session: Ints
    merchant: Ints
    placed: Ints
    lines: Lines
    visits: int
