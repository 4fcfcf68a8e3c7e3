import pytest
from asyncpg import UniqueViolationError

from unwall.kernel.statements import Part, execute, together


def test_parameters_are_numbered_on_and_arguments_follow_in_order():
    parts = [
        Part("a AS (DELETE FROM x WHERE y = $1 OR z = $2)", (1, 2)),
        Part("b AS (DELETE FROM z WHERE q = $1)", (3,)),
    ]
    sql, args = together(parts, "SELECT $2, $1, $11", 4, 5)
    assert sql == (
        "WITH a AS (DELETE FROM x WHERE y = $1 OR z = $2), b AS (DELETE FROM z WHERE q = $3) SELECT $5, $4, $14"
    )
    assert args == [1, 2, 3, 4, 5]


def test_without_parts_it_is_the_statement_itself():
    assert together([], "SELECT $1", 7) == ("SELECT $1", [7])


async def test_all_parts_are_written_or_none(db):
    async with db.transaction() as conn:
        await conn.execute("CREATE TABLE one (n int PRIMARY KEY)")
        await conn.execute("CREATE TABLE other (n int PRIMARY KEY)")
        await execute(
            conn, [Part("a AS (INSERT INTO one VALUES ($1))", (1,)), Part("b AS (INSERT INTO other VALUES ($1))", (2,))]
        )
        await execute(conn, [])
    with pytest.raises(UniqueViolationError):
        async with db.transaction() as conn:
            await execute(
                conn,
                [Part("a AS (INSERT INTO one VALUES ($1))", (3,)), Part("b AS (INSERT INTO other VALUES ($1))", (2,))],
            )
    async with db.read() as conn:
        assert await conn.fetchrow("SELECT (SELECT array_agg(n) FROM one), (SELECT array_agg(n) FROM other)") == (
            [1],
            [2],
        )
