"""Whom readers follow, kept in a process's memory until PostgreSQL notifies that they follow or unfollow somebody
(`kernel.row_cache`). Whom they mute and block is not kept: it counts at once, and is asked at every read.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from unwall.content.feed.rules import MAX_FOLLOWS, MAX_READERS
from unwall.kernel.row_cache import RowCache

Person = tuple[UUID, ...]
"""The ids of one person (`Visit.person_ids`)."""


class Following(NamedTuple):
    person_ids: Person
    account_ids: frozenset[UUID]


class Followings(RowCache[Person, Following]):
    """At most `max_follows` of all readers together; the oldest readers are dropped."""

    def __init__(self, max_follows: int = MAX_FOLLOWS) -> None:
        super().__init__(MAX_READERS, lambda following: following.person_ids)
        self._max_follows = max_follows
        self._follows = 0

    async def of(
        self, person_ids: Collection[UUID], load: Callable[[], Awaitable[Collection[UUID]]]
    ) -> frozenset[UUID]:
        """`load` is asked where nothing is kept, outside any transaction."""
        person = tuple(person_ids)

        async def loaded(_: list[Person]) -> dict[Person, Following]:
            return {person: Following(person, frozenset(await load()))}

        return (await self.fetch("", [person], loaded))[person].account_ids

    def _keep(self, lang: str, keys: Iterable[Person], loaded: dict[Person, Following]) -> None:
        self._follows += sum(len(following.account_ids) for following in loaded.values())
        super()._keep(lang, keys, loaded)
        kept = self._rows[lang]
        while self._follows > self._max_follows:
            self._drop(lang, next(iter(kept)))

    def _drop(self, lang: str, key: Person) -> None:
        following = self._rows[lang][key]
        self._follows -= len(following.account_ids) if following else 0
        super()._drop(lang, key)

    def clear(self) -> None:
        super().clear()
        self._follows = 0
