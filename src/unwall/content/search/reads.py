"""Finding posts and accounts by words in English and Chinese, as products are found (docs/decisions/0004-search.md)."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from msgspec.structs import astuple

from unwall.catalogue.terms import TSQUERY, SearchPosition, decode_position, encode_position, parse_query
from unwall.content.search.values import FoundKind, Words
from unwall.kernel.cursors import ResultPage
from unwall.kernel.database import Connection, rows


class Asked(msgspec.Struct, frozen=True):
    """What is looked for, by whom, and at which page; of one merchant's accounts where one is named."""

    query: str
    person_ids: list[UUID] = []
    merchant_id: UUID | None = None
    after: str | None = None
    limit: int = 12


async def search(conn: Connection, kind: FoundKind, asked: Asked) -> ResultPage[UUID]:
    """The ids of live posts, or of accounts, that have all the words, best first: without what moderation drops, and
    accounts that the person mutes or blocks.
    """
    parsed, position, limit = parse_query(asked.query), decode_position(asked.after), asked.limit
    if parsed.empty:
        return ResultPage([], None)
    matches = await conn.fetch(
        f"""
        WITH hit AS (
            SELECT e.id, e.account_id, ts_rank(e.search, parsed.query) AS rank
            FROM search_entry e, (SELECT {TSQUERY} AS query) parsed
            WHERE e.search @@ parsed.query AND e.kind = $1 AND ($7::uuid IS NULL OR e.merchant_id = $7)
                AND $6::text IS NOT NULL
        )
        SELECT id, rank FROM hit
        WHERE (rank, id) < ($8::real, $9::uuid)
            AND NOT EXISTS (SELECT FROM moderated m WHERE m.kind = $1 AND m.subject_id = hit.id AND visibility = 'drop')
            AND account_id NOT IN (SELECT account_id FROM hidden_account WHERE person_id = ANY($10::uuid[]))
        ORDER BY rank DESC, id DESC LIMIT $11
        """,
        kind,
        *astuple(parsed),
        asked.merchant_id,
        position.rank,
        position.product_id,
        asked.person_ids,
        limit + 1,
    )
    last = matches[limit - 1] if len(matches) > limit else None
    after = encode_position(SearchPosition(False, last["rank"], last["id"])) if last else None
    return ResultPage([record["id"] for record in matches[:limit]], after)


async def words_of_posts(conn: Connection, post_ids: Collection[UUID]) -> list[Words]:
    """Of those that are live: titles, then the accounts and the products they show, then the texts."""
    return await rows(
        conn,
        Words,
        """
        SELECT p.id, p.account_id, p.merchant_id, p.titles AS first,
            ARRAY[a.name, a.handle] || ARRAY(SELECT s.title FROM post_product t
                JOIN product_summary s ON s.id = t.product_id WHERE t.post_id = p.id) AS second,
            p.texts AS third
        FROM post_words p JOIN account_profile a ON a.id = p.account_id WHERE p.id = ANY($1::uuid[])
        """,
        list(post_ids),
    )


async def words_of_accounts(conn: Connection, account_ids: Collection[UUID]) -> list[Words]:
    """Names and handles, then what they say of themselves."""
    return await rows(
        conn,
        Words,
        """
        SELECT id, id AS account_id, merchant_id,
            ARRAY[name, handle] || ARRAY(SELECT jsonb_path_query(translations, '$.*.name') #>> '{}') AS first,
            '{}'::text[] AS second,
            ARRAY[bio] || ARRAY(SELECT jsonb_path_query(translations, '$.*.bio') #>> '{}') AS third
        FROM account_profile WHERE id = ANY($1::uuid[])
        """,
        list(account_ids),
    )
