"""The ranking of discovery. Pure: time, scores and chance are arguments."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from math import isfinite
from random import Random
from uuid import UUID

import msgspec

from unwall.content.discovery.values import Candidate, Counts, Discovered, DiscoveredPost, Lane, Weights
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_

AGE_DAYS = 30
"""Older posts are not discovered."""
HALF_LIFE_DAYS = 7.0
"""After which a post is worth half as much."""
DWELL_SECONDS = 5
"""For how long a post is looked at, for it to count."""
FRESH_HOURS = 72
FRESH_IMPRESSIONS = 100
"""A post is fresh up to this age and this number of impressions: it has a chance whatever its score."""
FRESH_EVERY = 4
"""Every so many-th place is given to a fresh post."""
AUTHOR_DECAY, AUTHOR_FLOOR = 0.5, 0.25
"""How much less each further post of the same account counts on a page, and the least that it counts."""
MAX_ACTIVE, MAX_FRESH = 400, 200
"""How many posts are ranked: those that score most; and the newest, and the fresh ones that the fewest have seen, so
many of each."""
MAX_SHOWN = 240
"""After so many posts the stream ends."""
MARK_BYTES = 4
PRIOR_IMPRESSIONS = 200
PRIORS = Weights(
    open=0.05,
    dwell=0.05,
    like=0.01,
    save=0.005,
    share=0.003,
    click=0.02,
    add=0.005,
    order=0.001,
    hide=0.001,
    report=1e-4,
)
"""How often each action follows on an impression, as long as little is known: as though `PRIOR_IMPRESSIONS` had shown
it."""


def chances(counts: Counts) -> Weights:
    """How likely each action is when the post is shown."""
    shown = counts.impressions + PRIOR_IMPRESSIONS
    done = {name: getattr(counts, f"{name}s") for name in Weights.__struct_fields__}
    return Weights(
        **{
            name: min(1.0, (number + getattr(PRIORS, name) * PRIOR_IMPRESSIONS) / shown)
            for name, number in done.items()
        }
    )


class CountScorer:
    """The stated weights over the counts, less with age."""

    def __init__(self, weights: Weights) -> None:
        self._weights: tuple[float, ...] = msgspec.structs.astuple(weights)

    def __call__(self, candidates: Sequence[Candidate], at: datetime) -> list[float]:
        return [self._worth(one.counts) * _fading(at - one.published_at) for one in candidates]

    def _worth(self, counts: Counts) -> float:
        likely: tuple[float, ...] = msgspec.structs.astuple(chances(counts))
        return sum(w * p for w, p in zip(self._weights, likely, strict=True))


def _fading(age: timedelta) -> float:
    half_lives = max(age, timedelta()) / timedelta(days=HALF_LIFE_DAYS)
    return float(0.5**half_lives)


def parse_weights(text: str) -> Weights:
    """Of `open=1,order=30`; what is not named stays as it is."""
    changes: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        try:
            changes[name.strip()] = float(value)
        except ValueError:
            raise Invalid.one("UNWALL_DISCOVERY_WEIGHTS", f"{part!r} is not NAME=NUMBER.") from None
    unknown = sorted(set(changes) - set(Weights.__struct_fields__))
    if unknown:
        names = ", ".join(Weights.__struct_fields__)
        raise Invalid.one("UNWALL_DISCOVERY_WEIGHTS", f"There is no weight {unknown[0]!r}; there are {names}.")
    return Weights(**{**msgspec.structs.asdict(Weights()), **changes})


MAX_WEIGHT = 1000
BELOW_NOTHING = frozenset({"hide", "report"})
WEIGHT_LIMITS = {
    name: (-MAX_WEIGHT, 0) if name in BELOW_NOTHING else (0, MAX_WEIGHT) for name in Weights.__struct_fields__
}


def weight_of(text: str) -> float:
    """Raises `ValueError`."""
    value = float(text.replace(",", ".").replace("\N{MINUS SIGN}", "-"))
    if not isfinite(value):
        raise ValueError(text)
    return value


def check_weights(weights: Weights) -> None:
    """Raises `Invalid` naming each weight that is out of its limits; or `open`, where nothing would ever be shown."""
    errors = [
        FieldError(name, N_("Write a number from {least} to {most}.", least=least, most=most))
        for name, (least, most) in WEIGHT_LIMITS.items()
        if not least <= getattr(weights, name) <= most
    ]
    if not errors and not any(getattr(weights, name) > 0 for name in WEIGHT_LIMITS):
        errors.append(FieldError("open", N_("One weight must be above 0: otherwise nothing is shown.")))
    if errors:
        raise Invalid(errors)


# --- ranking ----------------------------------------------------------------------------------------------------------


def visible(
    candidates: Iterable[Candidate], hidden_accounts: Collection[UUID], hidden: Collection[UUID]
) -> list[Candidate]:
    """Without what the person does not want to see: accounts they mute or block, posts they hide. What moderation drops
    or warns of is no candidate.
    """
    return [one for one in candidates if one.account_id not in hidden_accounts and one.post_id not in hidden]


def page(
    candidates: Sequence[Candidate],
    scores: Sequence[float],
    shown: Collection[int],
    limit: int,
    at: datetime,
    seed: str,
) -> Discovered:
    """The next `limit` posts of those not shown yet: by score, each further post of an account counting less, and at
    each `FRESH_EVERY`-th place a fresh post, drawn from those with the fewest impressions."""
    left = [(score, one) for score, one in zip(scores, candidates, strict=True) if mark(one.post_id) not in shown]
    left.sort(key=lambda pair: (-pair[0], pair[1].post_id.int))
    chance, number = Random(f"{seed} {len(shown)}"), len(shown)
    authors: Counter[UUID] = Counter()
    placed: list[DiscoveredPost] = []
    while left and len(placed) < limit and number < MAX_SHOWN:
        number += 1
        next_one = (number % FRESH_EVERY == 0 and _fresh(left, at, chance)) or _best(left, authors)
        if next_one is None:
            break
        authors[next_one.candidate.account_id] += 1
        left = [pair for pair in left if pair[1] is not next_one.candidate]
        placed.append(next_one)
    marks = [*shown, *(mark(one.candidate.post_id) for one in placed)]
    more = placed and len(placed) == limit and number < MAX_SHOWN and any(score > 0 for score, _ in left)
    return Discovered(placed, encode(marks) if more else None)


def _best(left: Sequence[tuple[float, Candidate]], authors: Counter[UUID]) -> DiscoveredPost | None:
    """Of a list in the order of the scores; none that scores below nothing."""
    best: Candidate | None = None
    most = 0.0
    for score, one in left:
        if score <= most:  # no later one can be worth more
            break
        worth = score * max(AUTHOR_FLOOR, AUTHOR_DECAY ** authors[one.account_id])
        if worth > most:
            best, most = one, worth
    return DiscoveredPost(best, Lane.RANKED, 1.0) if best else None


def _fresh(left: Sequence[tuple[float, Candidate]], at: datetime, chance: Random) -> DiscoveredPost | None:
    since = at - timedelta(hours=FRESH_HOURS)
    fresh = [
        one
        for score, one in left
        if score > 0 and one.published_at >= since and one.counts.impressions < FRESH_IMPRESSIONS
    ]
    if not fresh:
        return None
    fewest = min(one.counts.impressions for one in fresh)
    lane = [one for one in fresh if one.counts.impressions <= 2 * fewest]
    return DiscoveredPost(chance.choice(lane), Lane.FRESH, 1 / len(lane))


# --- cursors: what was shown ------------------------------------------------------------------------------------------


def mark(post_id: UUID) -> int:
    """A short random name of a post: the random part of its id."""
    return post_id.int & 0xFFFF_FFFF


def encode(marks: Iterable[int]) -> str:
    return urlsafe_b64encode(b"".join(one.to_bytes(MARK_BYTES, "big") for one in marks)).decode().rstrip("=")


def decode(cursor: str | None) -> list[int]:
    """Raises `Invalid` naming `after`."""
    if not cursor:
        return []
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if len(cursor) <= 2 * MARK_BYTES * MAX_SHOWN else b""
    except (Base64Error, ValueError):
        raw = b""
    if not raw or len(raw) % MARK_BYTES:
        raise Invalid.one("after", N_("This is not a cursor of ours; start again without it."))
    return [int.from_bytes(raw[n : n + MARK_BYTES], "big") for n in range(0, len(raw), MARK_BYTES)]
