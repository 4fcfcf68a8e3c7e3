"""Reads of saved posts and products."""

from collections.abc import Collection, Sequence
from uuid import UUID

from unwall.content.saves.values import Saved, SavedKind
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, rows

PAGE = 24
"""Of what a person saved."""


async def saved(
    conn: Connection, person_ids: Sequence[UUID], kind: SavedKind, after: str | None, limit: int = PAGE
) -> ResultPage[Saved]:
    """What a person saved, the latest first."""
    sql = """
        SELECT kind, subject_id, entry FROM save
        WHERE person_id = ANY($1::uuid[]) AND kind = $2 AND entry < $3 ORDER BY entry DESC LIMIT $4
    """
    saves = await rows(conn, Saved, sql, list(person_ids), kind, decode(after), limit + 1)
    return page_of(saves, limit, lambda one: one.entry)


async def counts(conn: Connection, kind: SavedKind, subject_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many people saved each; what nobody saved may be left out."""
    sql = "SELECT subject_id, saves FROM save_count WHERE kind = $1 AND subject_id = ANY($2::uuid[])"
    return {counted["subject_id"]: counted["saves"] for counted in await conn.fetch(sql, kind, list(subject_ids))}


async def audit(conn: Connection) -> list[UUID]:
    """The posts and products whose count differs from the rows."""
    sql = """
        SELECT coalesce(c.subject_id, r.subject_id) AS id
        FROM save_count c FULL JOIN (SELECT kind, subject_id, count(*) AS saves FROM save GROUP BY 1, 2) r
            USING (kind, subject_id)
        WHERE coalesce(c.saves, 0) <> coalesce(r.saves, 0) ORDER BY 1
    """
    return [wrong["id"] for wrong in await conn.fetch(sql)]
