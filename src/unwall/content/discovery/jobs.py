"""Counting what people do with posts, in slices of an hour, and choosing what may be discovered."""

from datetime import datetime, timedelta
from heapq import nlargest

from unwall.content.discovery import actions, rules
from unwall.content.discovery.reads import stored_weights
from unwall.content.discovery.values import Candidate, Weights
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import id_at, new_id

RECENT_HOURS = 2
LATE_HOURS = 8 * 24
"""Browsers may send what happened a week ago: the night counts these hours again."""


async def count_activity(db: Database, weights: Weights, hours: int = RECENT_HOURS, at: datetime | None = None) -> None:
    """Each hour is a transaction: what ends in between goes on with the next run. `weights`: where moderators have set
    none."""
    end = at or now()
    this_hour = end.replace(minute=0, second=0, microsecond=0)
    for back in reversed(range(hours)):
        async with db.transaction() as conn:
            await actions.count_hour(conn, this_hour - timedelta(hours=back))
    async with db.transaction() as conn:
        counts = await actions.counted(conn, end - timedelta(days=rules.AGE_DAYS))
        stored = await stored_weights(conn)
        scorer, nobody = rules.CountScorer(stored.weights if stored else weights), new_id()
        candidates = [Candidate(post_id, nobody, end, seen) for post_id, seen in counts.items()]
        scores = scorer(candidates, end)
        best = nlargest(rules.MAX_ACTIVE, zip(scores, (one.post_id for one in candidates), strict=True))
        since = id_at(end - timedelta(hours=rules.FRESH_HOURS), 0)
        waiting = await actions.least_seen(conn, since, rules.FRESH_IMPRESSIONS, rules.MAX_FRESH)
        await actions.keep_candidates(conn, list({*waiting, *(post_id for score, post_id in best if score > 0)}))
