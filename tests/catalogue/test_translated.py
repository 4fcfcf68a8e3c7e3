"""`translated` in SQL: the one way to read a text in a language."""

import pytest

from unwall.kernel.database import Database


@pytest.mark.parametrize(
    ("translations", "lang", "text"),
    [
        ({"zh": {"title": "茶"}}, "zh", "茶"),
        ({"zh": {"title": "茶"}}, "en", "Tea"),
        ({"zh": {"title": ""}}, "zh", "Tea"),
        ({"zh": {}}, "zh", "Tea"),
        ({}, "zh", "Tea"),
    ],
)
async def test_a_missing_or_empty_translation_falls_back(db: Database, translations, lang: str, text: str) -> None:
    async with db.read() as conn:
        assert await conn.fetchval("SELECT translated($1, $2, 'title', 'Tea')", translations, lang) == text


async def test_words_are_translated_one_by_one_in_their_order(db: Database) -> None:
    sql = "SELECT translated_words($1, 'zh', $2), translated($1, 'zh', 'words', 'Red', 'Red')"
    async with db.read() as conn:
        found = await conn.fetchrow(sql, {"zh": {"words": {"Red": "红"}}}, ["Blue", "Red"])
        assert tuple(found) == (["Blue", "红"], "红")
        assert await conn.fetchval("SELECT translated_words('{}', 'zh', '{}')") == []


async def test_the_planner_puts_the_expression_in_place_of_the_call(db: Database) -> None:
    sql = """EXPLAIN (VERBOSE) SELECT translated(translations, 'zh', 'title', title),
        translated(translations, 'zh', 'words', slug, slug) FROM product"""
    async with db.read() as conn:
        plan = "\n".join(record[0] for record in await conn.fetch(sql))
    assert plan.count("#>>") == 2
    assert "translated(" not in plan
