"""Every configuration that was tried, printed."""

from collections.abc import Sequence

import msgspec

from bench.frame import Bench
from unwall.insight.recommend.settings import ModelSettings
from unwall.insight.recommend.tuning import Tried


def print_tried(bench: Bench, name: str, tried: Sequence[Tried], start: ModelSettings) -> None:
    """With what differs from `start`."""
    usual = _flat(start)
    chosen = max(tried, key=lambda one: one.score)
    for one in tried:
        differs = [f"{field}={value:g}" for field, value in _flat(one.settings).items() if value != usual[field]]
        mark = " <- chosen" if one is chosen else ""
        bench.progress(f"{name}: validation {one.score:.4f} with {', '.join(differs) or 'the defaults'}{mark}")


def _flat(settings: ModelSettings) -> dict[str, float]:
    groups = msgspec.to_builtins(settings)
    return {f"{group}.{field}": value for group, fields in groups.items() for field, value in fields.items()}
