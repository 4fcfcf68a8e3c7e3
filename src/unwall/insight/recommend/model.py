"""The recommendation model: arrays by item number, stored as one .npz file."""

import io
import zipfile
import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from unwall.insight.recommend import fitting
from unwall.insight.recommend.fitting import Floats, Ints, Neighbours, Popularity, Steps
from unwall.insight.recommend.values import Pick, PickSource
from unwall.journal.values import Trail
from unwall.kernel.errors import UnwallError

VERSION = 1
"""Of the file and of the rules; part of the policy's name. Raise it when either changes."""
POLICIES = {source: f"{source}-{VERSION}" for source in PickSource}
HISTORY = 20
"""How many of a person's latest items are used."""
HISTORY_DECAY = 0.6
"""The weight of each item relative to the one touched after it."""


class UnreadableModel(UnwallError):
    """The file is damaged, or was written by another version."""

    code = "unreadable-model"


class TransitionModel:
    """Recommends from memory. `ids` holds each item's product id, `owner` its merchant's index in `merchants`."""

    def __init__(
        self, ids: Sequence[UUID], merchants: Sequence[UUID], owner: Ints, near: Neighbours, popularity: Popularity
    ) -> None:
        self.ids = ids
        self.merchants = merchants
        self.owner = owner
        self.near = near
        self.popularity = popularity.scores
        self.people = popularity.people
        self._merchants_of = [merchants[number] for number in owner.tolist()]
        self._number = {item: n for n, item in enumerate(ids)}
        self._merchant_number = {merchant: n for n, merchant in enumerate(merchants)}
        self._popular = {n: self._by_popularity(np.flatnonzero(owner == n)) for n in range(len(merchants))}
        self._popular_anywhere = _round_robin(list(self._popular.values()), popularity.scores)

    @classmethod
    def empty(cls) -> Self:
        nothing = np.zeros(0, np.int64)
        none = Neighbours(np.zeros(1, np.int64), nothing, np.zeros(0))
        return cls([], [], nothing, none, Popularity(np.zeros(0), nothing))

    @classmethod
    def fit(cls, ids: Sequence[UUID], merchants: Sequence[UUID], owner: Ints, steps: Steps, *, now: float) -> Self:
        """`now` in seconds since 1970."""
        people = fitting.people_lately(steps, len(ids), now)
        steps = fitting.merged(steps)
        near = fitting.transitions(steps, len(ids))
        return cls(ids, merchants, owner, near, Popularity(fitting.popularity(steps, owner), people))

    # --- queries
    # --------------------------------------------------------------------------------------------------------

    def recommend(
        self, trail: Iterable[Trail], *, exclude: Collection[UUID], limit: int, merchant_id: UUID | None
    ) -> list[Pick]:
        """Picks, best first: what people went on to after the trail's products, then popular products. No product
        twice.
        """
        if merchant_id is not None and merchant_id not in self._merchant_number:
            return []
        merchant = None if merchant_id is None else self._merchant_number[merchant_id]
        barred = np.array([self._number[item] for item in exclude if item in self._number], np.int64)
        picks = self._next(self._known(trail), barred, limit, merchant)
        if len(picks) < limit:
            taken = {pick.product_id for pick in picks} | set(exclude)
            picks += self._popular_picks(taken, limit - len(picks), merchant)
        return picks

    def _known(self, trail: Iterable[Trail]) -> list[tuple[int, Trail]]:
        """The latest HISTORY items of the trail that are in the model, latest first, without duplicates."""
        known: dict[int, Trail] = {}
        for step in trail:
            number = self._number.get(step.product_id)
            if number is not None and number not in known:
                known[number] = step
                if len(known) == HISTORY:
                    break
        return list(known.items())

    def _next(self, known: list[tuple[int, Trail]], barred: Ints, limit: int, merchant: int | None) -> list[Pick]:
        if not known:
            return []
        bounds = self.near.indptr
        parts = [slice(bounds[number], bounds[number + 1]) for number, _ in known]
        voters = np.repeat(np.arange(len(known)), [part.stop - part.start for part in parts])
        reached = np.concatenate([self.near.indices[part] for part in parts])
        votes = np.concatenate([self.near.scores[part] for part in parts]) * (HISTORY_DECAY**voters)
        scores = np.bincount(reached, votes, minlength=len(self.ids))
        scores[barred] = 0
        if merchant is not None:
            scores[self.owner != merchant] = 0
        items = np.flatnonzero(scores)
        best = items[np.argsort(-scores[items], kind="stable")[:limit]]
        strongest = _strongest(reached, votes, voters, best, len(scores))
        picks = zip(best.tolist(), scores[best].tolist(), strongest[best].tolist(), strict=True)
        return [self._pick(item, score, known[voter][1]) for item, score, voter in picks]

    def _popular_picks(self, taken: set[UUID], limit: int, merchant: int | None) -> list[Pick]:
        order = self._popular_anywhere if merchant is None else self._popular[merchant]
        picks: list[Pick] = []
        for item in order:
            if len(picks) == limit:
                break
            if self.ids[item] not in taken:
                picks.append(self._pick(int(item), float(self.popularity[item]), None))
        return picks

    def _pick(self, item: int, score: float, anchor: Trail | None) -> Pick:
        source = PickSource.TRANSITIONS if anchor else PickSource.POPULAR
        return Pick(
            product_id=self.ids[item],
            merchant_id=self._merchants_of[item],
            score=score,
            source=source,
            policy=POLICIES[source],
            anchor_id=anchor.product_id if anchor else None,
            anchor_kind=anchor.kind if anchor else None,
            people=int(self.people[item]),
        )

    def _by_popularity(self, items: Ints) -> Ints:
        """Most popular first; items without events come last, the newest (highest number) first."""
        ordered: Ints = items[np.lexsort((-items, -self.popularity[items]))]
        return ordered

    # --- storage
    # ---------------------------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        file = io.BytesIO()
        np.savez_compressed(
            file,
            version=np.array(VERSION),
            ids=_packed(self.ids),
            merchants=_packed(self.merchants),
            owner=self.owner.astype(np.int32),
            indptr=self.near.indptr,
            indices=self.near.indices.astype(np.int32),
            scores=self.near.scores.astype(np.float32),
            popularity=self.popularity,
            people=self.people.astype(np.int32),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `UnreadableModel`."""
        try:
            return cls._from_file(data)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise UnreadableModel(f"The model's file cannot be read: {error!r}.") from error

    @classmethod
    def _from_file(cls, data: bytes) -> Self:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["version"]) != VERSION:
                raise UnreadableModel(f"The model has version {file['version']}; this program reads {VERSION}.")
            near = Neighbours(file["indptr"], file["indices"].astype(np.int64), file["scores"].astype(np.float64))
            return cls(
                _unpacked(file["ids"]),
                _unpacked(file["merchants"]),
                file["owner"].astype(np.int64),
                near,
                Popularity(file["popularity"], file["people"].astype(np.int64)),
            )


def _strongest(reached: Ints, votes: Floats, voters: Ints, wanted: Ints, items: int) -> Ints:
    """By item number, for the wanted ones: the voter with the largest vote; of equal ones the last."""
    strongest = np.zeros(items, np.int64)
    strongest[wanted] = 1
    asked = np.flatnonzero(strongest[reached])
    asked = asked[np.argsort(votes[asked], kind="stable")]
    strongest[reached[asked]] = voters[asked]  # of several the last is assigned
    return strongest


def _round_robin(orders: Sequence[Ints], popularity: Floats) -> Ints:
    """Every merchant's best, then every merchant's second, ...: a large merchant does not hide a small one."""
    if not orders:
        return np.zeros(0, np.int64)
    items = np.concatenate(orders)
    rank = np.concatenate([np.arange(len(order)) for order in orders])
    mixed: Ints = items[np.lexsort((items, -popularity[items], rank))]
    return mixed


def _packed(ids: Sequence[UUID]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(item.bytes for item in ids), np.uint8).reshape(-1, 16)


def _unpacked(packed: NDArray[np.uint8]) -> list[UUID]:
    return [UUID(bytes=row.tobytes()) for row in packed]
