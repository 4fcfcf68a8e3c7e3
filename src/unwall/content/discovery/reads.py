"""The stream of discovery: the posts that are ranked, kept in memory for some seconds, and a page of them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from unwall.content.discovery import rules
from unwall.content.discovery.values import Candidate, Discovered, HiddenThing, ItemKind, Scorer, StoredWeights, Weights
from unwall.kernel.cursors import ResultPage, decode, page_of
from unwall.kernel.database import Connection, row, rows
from unwall.kernel.ids import id_at

KEPT_SECONDS = 30


class DiscoveryPool:
    """The posts that may be discovered, the same for everybody: those with the best scores and the fresh ones that the
    fewest have seen, which a job finds (`jobs.count_activity`), and the newest. Read at most every `KEPT_SECONDS`, and
    when moderation has decided.
    """

    def __init__(self) -> None:
        self._kept: list[Candidate] = []
        self._until: datetime | None = None
        self.weights: Weights | None = None
        """Those that moderators have set, if any; read with the posts."""

    def clear(self) -> None:
        self._until = None

    async def candidates(self, conn: Connection, at: datetime) -> list[Candidate]:
        if self._until is None or not self._until - timedelta(seconds=KEPT_SECONDS) <= at < self._until:
            until = at + timedelta(seconds=KEPT_SECONDS)
            self._until = until
            self._kept = await _load(conn, at)
            stored = await stored_weights(conn)
            self.weights = stored.weights if stored else None
        return self._kept


class PoolScorer:
    """The weights that moderators have set over the counts, else `otherwise`. Asked after the pool's candidates."""

    def __init__(self, pool: DiscoveryPool, otherwise: Weights) -> None:
        self._pool, self._otherwise = pool, otherwise

    def __call__(self, candidates: Sequence[Candidate], at: datetime) -> list[float]:
        return rules.CountScorer(self._pool.weights or self._otherwise)(candidates, at)


async def stored_weights(conn: Connection) -> StoredWeights | None:
    return await row(conn, StoredWeights, "SELECT weights, changed_by, changed_at FROM discovery_weights")


async def _load(conn: Connection, at: datetime) -> list[Candidate]:
    """Without what moderation warns of or drops: nobody is shown that who did not ask for it."""
    return await rows(
        conn,
        Candidate,
        """
        WITH chosen AS (
            SELECT post_id FROM discovery_candidate
            UNION
            (SELECT post_id FROM published_post WHERE entry > $1 ORDER BY entry DESC LIMIT $2)
        )
        SELECT o.post_id, o.account_id, p.published_at,
            coalesce((SELECT jsonb_build_object('impressions', sum(impressions), 'opens', sum(opens),
                'dwells', sum(dwells), 'likes', sum(likes), 'saves', sum(saves), 'shares', sum(shares),
                'clicks', sum(clicks), 'adds', sum(adds), 'orders', sum(orders), 'hides', sum(hides),
                'reports', coalesce((SELECT reports FROM reported WHERE kind = 'post' AND subject_id = o.post_id), 0))
                FROM post_activity a WHERE a.post_id = o.post_id HAVING count(*) > 0), '{}') AS counts
        FROM chosen JOIN published_post o USING (post_id) JOIN post_summary p ON p.id = o.post_id
        WHERE o.entry > $3 AND NOT EXISTS (SELECT FROM moderated m
            WHERE m.kind = 'post' AND m.subject_id = o.post_id OR m.kind = 'account' AND m.subject_id = o.account_id)
        ORDER BY o.entry DESC
        """,
        id_at(at - timedelta(hours=rules.FRESH_HOURS), 0),
        rules.MAX_FRESH,
        id_at(at - timedelta(days=rules.AGE_DAYS), 0),
    )


class Hidden(msgspec.Struct, frozen=True):
    """What a person does not want to see."""

    accounts: list[UUID]
    posts: list[UUID]
    products: list[UUID]
    bundles: list[UUID] = []


HIDDEN_POSTS = "SELECT item_id FROM hidden_thing WHERE kind = 'post' AND person_id = ANY($1::uuid[])"
HIDDEN = f"""
    ARRAY(SELECT account_id FROM hidden_account WHERE person_id = ANY($1::uuid[])) AS accounts,
    ARRAY({HIDDEN_POSTS}) AS posts,
    ARRAY(SELECT item_id FROM hidden_thing WHERE kind = 'product' AND person_id = ANY($1::uuid[])) AS products,
    ARRAY(SELECT item_id FROM hidden_thing WHERE kind = 'bundle' AND person_id = ANY($1::uuid[])) AS bundles
"""
"""The columns of `Hidden`; the person's ids are $1."""


async def hidden(conn: Connection, person_ids: Collection[UUID]) -> Hidden:
    subjects = await row(conn, Hidden, f"SELECT {HIDDEN}", list(person_ids))
    assert subjects is not None  # one row by its nature
    return subjects


class Ask(msgspec.Struct, frozen=True):
    """A request for a page; `seed` is the same for all pages of one person, and another for other people."""

    at: datetime
    seed: str
    after: str | None = None
    limit: int = 12


async def discover(
    conn: Connection, pool: DiscoveryPool, unwanted: Hidden, ask: Ask, scorer: Scorer | None = None
) -> Discovered:
    """A page of the stream, for a person who does not want to see what is `unwanted`. No statement but the pool's."""
    shown = rules.decode(ask.after)
    candidates: Sequence[Candidate] = rules.visible(
        await pool.candidates(conn, ask.at), set(unwanted.accounts), set(unwanted.posts)
    )
    scores = (scorer or rules.CountScorer(Weights()))(candidates, ask.at)
    return rules.page(candidates, scores, shown, ask.limit, ask.at, ask.seed)


async def hidden_things(
    conn: Connection, person_ids: Collection[UUID], kind: ItemKind, after: str | None, limit: int
) -> ResultPage[HiddenThing]:
    """The posts, products or bundles that a person hid, the latest first."""
    sql = """
        SELECT kind, item_id, entry FROM hidden_item
        WHERE person_id = ANY($1::uuid[]) AND kind = $2 AND entry < $3 ORDER BY entry DESC LIMIT $4
    """
    things = await rows(conn, HiddenThing, sql, list(person_ids), kind, decode(after), limit + 1)
    return page_of(things, limit, lambda one: one.entry)
