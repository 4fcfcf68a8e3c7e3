"""Rows are kept until a change is heard, and never longer."""

from unwall.kernel.row_cache import RowCache


class Table:
    """Rows by key, and which of them were asked for."""

    def __init__(self, **rows: str) -> None:
        self.rows = rows
        self.asked: list[list[str]] = []

    async def load(self, keys: list[str]) -> dict[str, str]:
        self.asked.append(keys)
        return {key: self.rows[key] for key in keys if key in self.rows}


def listening(max_rows: int = 10, **more) -> RowCache[str, str]:
    cache: RowCache[str, str] = RowCache(max_rows, **more)
    cache.reset(listening=True)
    return cache


async def test_what_is_kept_is_not_asked_for_again_nor_what_is_missing() -> None:
    cache, table = listening(), Table(a="A", b="B")
    assert await cache.fetch("en", ["a", "x"], table.load) == {"a": "A"}
    assert await cache.fetch("en", ["a", "b", "x"], table.load) == {"a": "A", "b": "B"}
    assert table.asked == [["a", "x"], ["b"]]


async def test_a_changed_row_is_read_again_in_every_language() -> None:
    cache, table = listening(), Table(a="A", b="B")
    for lang in ("en", "zh"):
        await cache.fetch(lang, ["a", "b"], table.load)
    table.rows["a"] = "A2"
    cache.forget("a")
    for lang in ("en", "zh"):
        assert await cache.fetch(lang, ["a", "b"], table.load) == {"a": "A2", "b": "B"}
    assert table.asked == [["a", "b"], ["a", "b"], ["a"], ["a"]]


async def test_languages_are_kept_apart() -> None:
    cache = listening()
    assert await cache.fetch("en", ["a"], Table(a="tea").load) == {"a": "tea"}
    assert await cache.fetch("zh", ["a"], Table(a="茶").load) == {"a": "茶"}
    assert await cache.fetch("en", ["a"], Table().load) == {"a": "tea"}


async def test_what_was_read_before_a_change_was_heard_is_not_kept() -> None:
    cache, table = listening(), Table(a="old")

    async def overtaken(keys: list[str]) -> dict[str, str]:
        found = await table.load(keys)
        table.rows["a"] = "new"
        cache.forget("a")
        return found

    assert await cache.fetch("en", ["a"], overtaken) == {"a": "old"}
    assert await cache.fetch("en", ["a"], table.load) == {"a": "new"}


async def test_nothing_is_kept_while_nothing_can_be_heard() -> None:
    cache, table = RowCache[str, str](10), Table(a="A")
    for listens, asked in ((None, 2), (True, 3), (False, 5), (True, 6)):
        if listens is not None:
            cache.reset(listening=listens)
        for _ in range(2):
            assert await cache.fetch("en", ["a"], table.load) == {"a": "A"}
        assert len(table.asked) == asked


async def test_the_oldest_go_first() -> None:
    cache, table = listening(3), Table(a="A", b="B", c="C", d="D")
    await cache.fetch("en", ["a", "b", "c"], table.load)
    await cache.fetch("en", ["d"], table.load)
    assert len(cache) == 3
    await cache.fetch("en", ["b", "c", "d", "a"], table.load)
    assert table.asked[-1] == ["a"]


async def test_rows_are_forgotten_by_their_tags() -> None:
    cache, table = listening(tags=lambda value: [value]), Table(a="red", b="blue", c="red")
    await cache.fetch("en", ["a", "b", "c", "x"], table.load)
    cache.forget("red")
    cache.forget("x")
    await cache.fetch("en", ["a", "b", "c", "x"], table.load)
    assert table.asked[-1] == ["a", "c", "x"]


async def test_missing_keys_need_not_be_kept() -> None:
    cache, table = listening(keep_missing=False), Table(a="A")
    for _ in range(2):
        assert await cache.fetch("en", ["a", "x"], table.load) == {"a": "A"}
    assert table.asked == [["a", "x"], ["x"]]


async def test_a_row_that_is_read_twice_at_once_is_kept_once() -> None:
    cache, table = listening(tags=lambda value: [value]), Table(a="red")

    async def slow(keys: list[str]) -> dict[str, str]:
        found = await table.load(keys)
        table.rows["a"] = "blue"
        assert await cache.fetch("en", ["a"], table.load) == {"a": "blue"}
        return found

    await cache.fetch("en", ["a"], slow)
    for tag in ("blue", "red", "red"):
        cache.forget(tag)
    assert len(cache) == 0
    assert await cache.fetch("en", ["a"], table.load) == {"a": "blue"}
