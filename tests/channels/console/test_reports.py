"""The console's reports."""

import csv
import io
from datetime import timedelta

from tests.channels.console.console_site import ConsoleSite
from unwall.channels.console import listing
from unwall.channels.console.insight.reports import KINDS
from unwall.journal.ingest import Ingest
from unwall.journal.values import Event, EventKind
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id


def test_every_kind_of_event_has_a_name() -> None:
    assert set(KINDS) == set(EventKind)


async def test_the_report_is_streamed_post_by_post(site: ConsoleSite, monkeypatch) -> None:
    """More rows than one part of the answer has, each of them once, and none of another store."""
    monkeypatch.setattr(listing, "EXPORT_ROWS", 3)
    async with site.db.transaction() as conn:
        sql = """
            INSERT INTO post (id, account_id, merchant_id, kind, title, state, published_at)
            SELECT gen_random_uuid(), account_id, merchant_id, kind, 'Post ' || n, state, published_at
            FROM post, generate_series(1, 10) n WHERE id = $1
            RETURNING id
        """
        posts = [row["id"] for row in await conn.fetch(sql, site.store.morning)]
    ingest = Ingest(site.db)
    at = now() - timedelta(minutes=1)
    own = [Event(new_id(), at, EventKind.VIEW, site.market.merchant, visitor_id=new_id(), post_id=one) for one in posts]
    theirs = Event(new_id(), at, EventKind.VIEW, site.rival.merchant, visitor_id=new_id(), post_id=site.rival.post)
    await ingest.add([*own, theirs])
    await ingest.close()

    answer = await site.get("/console/insight.csv?days=7")

    assert "content-length" not in answer.headers
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert sorted(line["id"] for line in lines if line["title"].startswith("Post ")) == sorted(map(str, posts))
    assert str(site.rival.post) not in answer.text
