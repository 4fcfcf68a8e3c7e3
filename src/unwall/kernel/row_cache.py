"""Rows that are the same for everybody, kept in a process's memory until PostgreSQL notifies that they changed.

Triggers notify the channel `changes` in the transaction that changes a row (`notify_changes` in the migrations), so a
process hears of it as soon as it is committed; until then, some milliseconds, it answers with the row as it was. While
nothing can be heard, nothing is kept.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from typing import Any, Generic, TypeVar

CHANNEL = "changes"

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_UNKNOWN: Any = object()


class RowCache(Generic[Key, Value]):
    """At most `max_rows` in each language; the oldest are dropped. Keeps nothing until `reset(listening=True)`."""

    def __init__(
        self, max_rows: int, tags: Callable[[Value], Iterable[Hashable]] | None = None, *, keep_missing: bool = True
    ) -> None:
        """`tags`: by what `forget` finds a row, other than its key. `keep_missing`: also that a key does not exist; not
        for keys that anybody can make up, who could push out every row with them."""
        self._max_rows = max_rows
        self._tags = tags
        self._keep_missing = keep_missing
        self._rows: dict[str, dict[Key, Value | None]] = {}
        self._tagged: dict[Hashable, set[tuple[str, Key]]] = {}
        self._listening = False
        self._changes = 0

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    async def fetch(
        self, lang: str, keys: Collection[Key], load: Callable[[list[Key]], Awaitable[dict[Key, Value]]]
    ) -> dict[Key, Value]:
        """Those of the keys that exist. `load` is asked for what is not kept, outside any transaction; a key that it
        does not give does not exist."""
        kept = self._rows.setdefault(lang, {})
        values: dict[Key, Value] = {}
        unknown = []
        for key in keys:
            value = kept.get(key, _UNKNOWN)
            if value is _UNKNOWN:
                unknown.append(key)
            elif value is not None:
                values[key] = value
        if unknown:
            changes = self._changes
            loaded = await load(unknown)
            if self._listening and changes == self._changes:  # else what was read may be older than what was heard
                self._keep(lang, unknown, loaded)
            values |= loaded
        return values

    def unknown(self, lang: str, keys: frozenset[Key]) -> frozenset[Key]:
        """Those of which nothing is kept, neither a row nor that there is none."""
        return keys.difference(self._rows.get(lang, ()))

    def kept(self, lang: str, keys: Iterable[Key]) -> list[Value]:
        """The rows of the keys, as far as they are kept."""
        rows = self._rows.get(lang, {})
        return [value for key in keys if (value := rows.get(key)) is not None]

    def _keep(self, lang: str, keys: Iterable[Key], loaded: dict[Key, Value]) -> None:
        kept = self._rows[lang]
        for key in keys:
            value = loaded.get(key)
            if value is None and not self._keep_missing:
                continue
            if key in kept:  # read twice at once
                self._drop(lang, key)
            kept[key] = value
            for tag in self._tags_of(key, value):
                self._tagged.setdefault(tag, set()).add((lang, key))
        while len(kept) > self._max_rows:
            self._drop(lang, next(iter(kept)))

    def _tags_of(self, key: Key, value: Value | None) -> Iterable[Hashable]:
        return self._tags(value) if self._tags and value is not None else (key,)

    def _drop(self, lang: str, key: Key) -> None:
        for tag in self._tags_of(key, self._rows[lang].pop(key)):
            rows = self._tagged.get(tag, set())
            rows.discard((lang, key))
            if not rows:
                self._tagged.pop(tag, None)

    def forget(self, tag: Hashable) -> None:
        """In every language: the row of this key, or where `tags` are given the rows that have this one."""
        self._changes += 1
        for lang, key in list(self._tagged.get(tag, ())):
            self._drop(lang, key)

    def clear(self) -> None:
        self._changes += 1
        for kept in self._rows.values():
            kept.clear()
        self._tagged.clear()

    def reset(self, *, listening: bool) -> None:
        """The connection that listens for changes was opened (again) or lost."""
        self._listening = listening
        self.clear()
