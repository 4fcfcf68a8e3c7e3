"""Updating the search terms of posts and accounts: a trigger records what has changed, and a job calls this."""

from unwall.catalogue.terms import terms
from unwall.content.search import reads
from unwall.content.search.values import DueIndexing, FoundKind, Words
from unwall.kernel.database import Transaction, rows


async def take_in(conn: Transaction, limit: int) -> int:
    """Process at most so many changes; returns how many there were. Those that another process works on are skipped."""
    due = await rows(
        conn,
        DueIndexing,
        """
        DELETE FROM search_due WHERE (kind, id) IN (
            SELECT kind, id FROM search_due ORDER BY kind, id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING kind, id
        """,
        limit,
    )
    for kind, read in ((FoundKind.POST, reads.words_of_posts), (FoundKind.ACCOUNT, reads.words_of_accounts)):
        ids = [one.id for one in due if one.kind is kind]
        if ids:
            texts = await read(conn, ids)
            gone = sorted(set(ids) - {one.id for one in texts})
            await conn.execute("DELETE FROM search_entry WHERE kind = $1 AND id = ANY($2::uuid[])", kind, gone)
            for words in texts:
                await _keep(conn, kind, words)
    return len(due)


async def _keep(conn: Transaction, kind: FoundKind, words: Words) -> None:
    words_of = terms(words.first, words.second, words.third)
    await conn.execute(
        """
        INSERT INTO search_entry (kind, id, account_id, merchant_id, search)
        VALUES ($1, $2, $3, $4, setweight(to_tsvector('english', $5), 'A') || setweight(to_tsvector('english', $6), 'B')
            || setweight(to_tsvector('english', $7), 'C') || $8::text::tsvector)
        ON CONFLICT (kind, id) DO UPDATE SET account_id = EXCLUDED.account_id, merchant_id = EXCLUDED.merchant_id,
            search = EXCLUDED.search
        """,
        kind,
        words.id,
        words.account_id,
        words.merchant_id,
        words_of.english_a,
        words_of.english_b,
        words_of.english_c,
        words_of.chinese,
    )
