"""An in-process cache of rows that are the same for every visitor, invalidated by PostgreSQL notifications.

Triggers notify the channel `changes` in the transaction that changes a row (`notify_changes` in the migrations), so a
process is notified as soon as it is committed; for a few milliseconds it may still return the old row. While the
listening connection is down, nothing is cached.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from typing import Generic, TypeVar

CHANNEL = "changes"

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RowCache(Generic[Key, Value]):
    """An LRU cache of at most `max_rows` rows by language and key. Disabled until `reset(listening=True)`."""

    def __init__(self, max_rows: int, tags: Callable[[Key, Value | None], Iterable[Hashable]] | None = None) -> None:
        """`tags` gives the tags under which `forget` finds a row; by default its key."""
        self._max_rows = max_rows
        self._tags = tags
        self._rows: OrderedDict[tuple[str, Key], Value | None] = OrderedDict()
        self._tagged: dict[Hashable, set[tuple[str, Key]]] = {}
        self._listening = False
        self._changes = 0

    def __len__(self) -> int:
        return len(self._rows)

    async def fetch(
        self, lang: str, keys: Collection[Key], load: Callable[[list[Key]], Awaitable[dict[Key, Value]]]
    ) -> dict[Key, Value]:
        """The rows that exist, by key. Rows that are not cached are read with `load`, which must not run in a
        transaction; a key that `load` does not return is cached as missing.
        """
        found: dict[Key, Value] = {}
        unknown = []
        for key in keys:
            if (lang, key) in self._rows:
                self._rows.move_to_end((lang, key))
                value = self._rows[lang, key]
                if value is not None:
                    found[key] = value
            else:
                unknown.append(key)
        if unknown:
            changes = self._changes
            loaded = await load(unknown)
            # otherwise the rows read may be older than the last change
            if self._listening and changes == self._changes:
                self._keep(lang, unknown, loaded)
            found |= loaded
        return found

    def _keep(self, lang: str, keys: Iterable[Key], loaded: dict[Key, Value]) -> None:
        for key in keys:
            value = loaded.get(key)
            self._rows[lang, key] = value
            for tag in self._tags_of(key, value):
                self._tagged.setdefault(tag, set()).add((lang, key))
        while len(self._rows) > self._max_rows:
            self._drop(next(iter(self._rows)))

    def _tags_of(self, key: Key, value: Value | None) -> Iterable[Hashable]:
        return self._tags(key, value) if self._tags else (key,)

    def _drop(self, row: tuple[str, Key]) -> None:
        for tag in self._tags_of(row[1], self._rows.pop(row)):
            rows = self._tagged.get(tag, set())
            rows.discard(row)
            if not rows:
                self._tagged.pop(tag, None)

    def forget(self, tag: Hashable) -> None:
        """Drop the rows with this tag, in every language."""
        self._changes += 1
        for row in list(self._tagged.get(tag, ())):
            self._drop(row)

    def clear(self) -> None:
        self._changes += 1
        self._rows.clear()
        self._tagged.clear()

    def reset(self, *, listening: bool) -> None:
        """The listening connection was opened, reopened or lost: start again with an empty cache."""
        self._listening = listening
        self.clear()
