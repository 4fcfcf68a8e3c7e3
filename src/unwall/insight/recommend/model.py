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
from unwall.insight.recommend.fitting import Floats, Ints, Neighbours, Steps
from unwall.insight.recommend.values import Pick, PickSource
from unwall.journal.values import Trail
from unwall.kernel.errors import UnwallError

VERSION = 1
"""Of the file and of the rules; part of the policy's name. Raise it when either changes."""
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
        self, ids: Sequence[UUID], merchants: Sequence[UUID], owner: Ints, near: Neighbours, popularity: Floats
    ) -> None:
        self.ids = ids
        self.merchants = merchants
        self.owner = owner
        self.near = near
        self.popularity = popularity
        self._number = {item: n for n, item in enumerate(ids)}
        self._merchant_number = {merchant: n for n, merchant in enumerate(merchants)}
        self._popular = {n: self._by_popularity(np.flatnonzero(owner == n)) for n in range(len(merchants))}
        self._popular_anywhere = _round_robin(list(self._popular.values()), popularity)

    @classmethod
    def empty(cls) -> Self:
        nothing = np.zeros(0, np.int64)
        return cls([], [], nothing, Neighbours(np.zeros(1, np.int64), nothing, np.zeros(0)), np.zeros(0))

    @classmethod
    def fit(cls, ids: Sequence[UUID], merchants: Sequence[UUID], owner: Ints, steps: Steps) -> Self:
        steps = fitting.merged(steps)
        near = fitting.transitions(steps, len(ids))
        return cls(ids, merchants, owner, near, fitting.popularity(steps, owner))

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
        starts, ends = self.near.indptr[:-1], self.near.indptr[1:]
        parts = [slice(starts[number], ends[number]) for number, _ in known]
        reached = np.concatenate([self.near.indices[part] for part in parts])
        votes = np.concatenate([self.near.scores[part] * HISTORY_DECAY**n for n, part in enumerate(parts)])
        voter = np.repeat(np.arange(len(known)), [part.stop - part.start for part in parts])
        items, inverse, counts = np.unique(reached, return_inverse=True, return_counts=True)
        scores = np.bincount(inverse, votes, minlength=len(items))
        strongest = voter[
            np.lexsort((votes, inverse))[np.cumsum(counts) - 1]
        ]  # the last entry of each item has its largest score
        allowed = ~np.isin(items, barred)
        if merchant is not None:
            allowed &= self.owner[items] == merchant
        items, scores, strongest = items[allowed], scores[allowed], strongest[allowed]
        best = np.lexsort((items, -scores))[:limit]
        return [self._pick(int(items[n]), float(scores[n]), known[strongest[n]][1]) for n in best]

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
            merchant_id=self.merchants[self.owner[item]],
            score=score,
            source=source,
            policy=f"{source}-{VERSION}",
            anchor_id=anchor.product_id if anchor else None,
            anchor_kind=anchor.kind if anchor else None,
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
                file["popularity"],
            )


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
