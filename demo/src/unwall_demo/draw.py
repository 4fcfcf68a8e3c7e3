"""Drawing products by taste and season."""

import numpy as np

from unwall_demo.crowd import Crowd
from unwall_demo.stage import SPANS, Floats, Ints, Stage


class Draw:
    """Draws products by taste and season."""

    def __init__(self, stage: Stage, crowd: Crowd, rng: np.random.Generator) -> None:
        self._stage, self._crowd, self._rng = stage, crowd, rng
        categories = len(stage.category_owner)
        self._mass = np.zeros((SPANS, categories))
        self._order = np.argsort(stage.category, kind="stable")
        self._starts = np.searchsorted(stage.category[self._order], np.arange(categories + 1))
        ladder = []
        for span in range(SPANS):
            appeal = stage.appeal[span, self._order]
            for c in range(categories):
                part = np.cumsum(appeal[self._starts[c] : self._starts[c + 1]])
                self._mass[span, c] = part[-1] if len(part) else 0.0
                ladder.append(span * categories + c + part / max(self._mass[span, c], 1e-9))
        self._ladder = np.concatenate(ladder)
        self._categories = categories

    def products(self, person: Ints, merchant: Ints, at: Ints) -> Ints:
        span = self._stage.span(at)
        weights = self._crowd.taste[person] * self._mass[span]
        weights[self._stage.category_owner[None, :] != merchant[:, None]] = 0.0
        category = pick(np.cumsum(weights, axis=1), self._rng)
        rung = span * self._categories + category + self._rng.random(len(at)) * 0.999999
        place = np.searchsorted(self._ladder, rung) - span * len(self._order)
        chosen: Ints = self._order[np.clip(place, self._starts[category], self._starts[category + 1] - 1)]
        return chosen


def pick(cumulated: Floats, rng: np.random.Generator) -> Ints:
    """One column for each row, by its cumulated weights."""
    drawn = rng.random(len(cumulated)) * cumulated[:, -1]
    picked: Ints = np.minimum((cumulated < drawn[:, None]).sum(axis=1), cumulated.shape[1] - 1)
    return picked
