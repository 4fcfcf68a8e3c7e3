"""The cities that have a node, from which shoppers choose their place."""

from unwall.kernel import typed
from unwall.kernel.database import Connection, rows
from unwall.kernel.geo import Place


async def places(conn: Connection, lang: str, query: str, limit: int = 40) -> list[Place]:
    """In alphabetical order; `query` is any part of a city's, shop's or street's name in either language."""
    return await rows(
        conn,
        Place,
        """
        SELECT min(translated(translations, $1, 'city', city)) AS label, avg(latitude) AS latitude,
            avg(longitude) AS longitude
        FROM node
        WHERE open AND ($2 = '' OR position(lower($2) IN lower(concat_ws(' ', city, name, address, translations))) > 0)
        GROUP BY city ORDER BY label LIMIT $3
        """,
        lang,
        typed.line(query),
        limit,
    )
