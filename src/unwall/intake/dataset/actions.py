"""Importing a data set: all of it in one transaction, or nothing."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from unwall import settings
from unwall.catalogue.actions import index_products
from unwall.insight.attribution.actions import attribute_since
from unwall.insight.profiles.jobs import enqueue_computing
from unwall.insight.recommend.jobs import enqueue_training
from unwall.intake.bulk import cycle_detection_paused
from unwall.intake.dataset.load import Loader, lock_merchants
from unwall.intake.dataset.reader import Dataset, check_media
from unwall.intake.dataset.records.people import MerchantRecord
from unwall.intake.dataset.tables import TABLES
from unwall.intake.dataset.values import MEDIA, LogIn
from unwall.intake.progress import Progress
from unwall.journal.partitions import ensure_days
from unwall.journal.values import TOUCH_KINDS, TRAIL_KINDS
from unwall.kernel.database import Database, Transaction, row_count
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files
from unwall.media.jobs import enqueue_avif
from unwall.media.pictures import derive
from unwall.media.rules import size_of


class DatasetReport(msgspec.Struct, frozen=True):
    """`written`: rows inserted from each file; all 0 if the data set had been imported before."""

    merchants: tuple[str, ...]
    """their addresses"""
    written: dict[str, int]
    log_ins: tuple[LogIn, ...]

    @property
    def changed(self) -> bool:
        return any(self.written.values())


async def import_dataset(
    db: Database, files: Files, folder: Path, progress: Progress, *, only_new: bool = False
) -> DatasetReport:
    """Idempotent: rows that exist already are kept as they are, including later changes. With `only_new`, nothing is
    written if one of the merchants exists.

    Raises `Invalid` and writes nothing if a line is wrong or conflicts with existing rows.
    """
    dataset = await asyncio.to_thread(Dataset, folder)
    merchants: list[MerchantRecord] = list(dataset.read("merchants"))
    if not merchants:
        raise Invalid.one("merchants.jsonl", "A data set holds at least one merchant.")
    progress.step("Copying media")
    media = dataset.media()
    await _put_media(files, media, progress)
    progress.step("Opening the journal's days")
    days = await asyncio.to_thread(dataset.journal_days)
    async with db.transaction() as conn:
        await ensure_days(conn, days)
    written: dict[str, int] = {}
    async with db.transaction() as conn:
        fresh = await lock_merchants(conn, {merchant.id: merchant.slug for merchant in merchants})
        if fresh or not only_new:
            loader = Loader(conn, [m.id for m in merchants], fresh=fresh, has_media=media.__contains__)
            with cycle_detection_paused():
                written = await _load(conn, loader, dataset, merchants, progress)
            if any(written.values()):
                await enqueue_avif(conn, media)
                await enqueue_training(conn)
                await enqueue_computing(conn)
    return DatasetReport(tuple(m.slug for m in merchants), written, dataset.manifest.log_ins)


async def _put_media(files: Files, media: dict[str, Path], progress: Progress) -> None:
    for n, (key, path) in enumerate(media.items()):
        with path.open("rb") as file:
            check_media(key, file)
            if size_of(key):
                await derive(files, key, file, field=f"{MEDIA}/{key}")
            await files.put(key, file)
        progress.share(n / len(media))


async def _load(
    conn: Transaction, loader: Loader, dataset: Dataset, merchants: list[MerchantRecord], progress: Progress
) -> dict[str, int]:
    written, done = {}, 0
    sizes = dataset.sizes()
    progress.step("Loading the records")
    for name, size in sizes.items():
        written[name] = await loader.add(name, dataset.read(name))
        done += size
        progress.share(done / sum(sizes.values()))
    await loader.check_references()
    if any(written.values()):
        progress.step("Counting and indexing")
        ids = [merchant.id for merchant in merchants]
        await complete(conn, ids)
        if "trails" not in sizes:
            written["trails"] = await derive_trails(conn, ids)
        written["touches"] = await derive_touches(conn, ids)
        if "attributions" not in sizes:
            since = min(merchant.created_at for merchant in merchants)
            written["attributions"] = await attribute_since(
                conn, since, timedelta(days=settings.load().attribution_days)
            )
    return written


async def complete(conn: Transaction, merchants: list[UUID]) -> None:
    """Compute derived columns that a data set does not contain: search terms and counts."""
    # not the journal: that would look at every partition, and autovacuum does so soon
    await conn.execute(f"ANALYZE {', '.join(table.name for name, table in TABLES.items() if name != 'journal')}")
    for merchant_id in merchants:
        # rows loaded by COPY have no search terms yet
        new = await conn.fetch("SELECT id FROM product WHERE merchant_id = $1 AND search = ''", merchant_id)
        await index_products(conn, merchant_id, [record["id"] for record in new])
    await conn.execute(
        """
        UPDATE account a SET followers = counted.n
        FROM (SELECT account_id, count(*) AS n FROM follow GROUP BY account_id) counted
        WHERE a.id = counted.account_id AND a.merchant_id = ANY($1) AND a.followers <> counted.n
        """,
        merchants,
    )
    await conn.execute(
        """
        UPDATE post p SET likes = counted.n
        FROM (SELECT post_id, count(*) AS n FROM post_like WHERE merchant_id = ANY($1) GROUP BY post_id) counted
        WHERE p.id = counted.post_id AND p.merchant_id = ANY($1) AND p.likes <> counted.n
        """,
        merchants,
    )
    for count in _COUNTS:
        await conn.execute(count, merchants)


# What is counted again for the merchants $1.
_COUNTS = (
    """
    UPDATE review r SET helpful = counted.n
    FROM (SELECT review_id, count(*) AS n FROM review_vote WHERE merchant_id = ANY($1) GROUP BY review_id) counted
    WHERE r.id = counted.review_id AND r.helpful <> counted.n
    """,
    """
    INSERT INTO product_rating (product_id, merchant_id, stars_1, stars_2, stars_3, stars_4, stars_5)
    SELECT product_id, merchant_id, count(*) FILTER (WHERE stars = 1), count(*) FILTER (WHERE stars = 2),
        count(*) FILTER (WHERE stars = 3), count(*) FILTER (WHERE stars = 4), count(*) FILTER (WHERE stars = 5)
    FROM review WHERE merchant_id = ANY($1) AND state = 'shown' GROUP BY product_id, merchant_id
    ON CONFLICT (product_id) DO UPDATE SET stars_1 = excluded.stars_1, stars_2 = excluded.stars_2,
        stars_3 = excluded.stars_3, stars_4 = excluded.stars_4, stars_5 = excluded.stars_5
    """,
    """
    INSERT INTO product_stars (product_id, merchant_id, total, reviews)
    SELECT product_id, merchant_id, sum(stars), count(*)
    FROM review WHERE merchant_id = ANY($1) AND state = 'shown' GROUP BY product_id, merchant_id
    ON CONFLICT (product_id) DO UPDATE SET total = excluded.total, reviews = excluded.reviews
    """,
    """
    INSERT INTO comment_count (post_id, merchant_id, comments)
    SELECT post_id, merchant_id, count(*) FROM comment WHERE merchant_id = ANY($1) AND state = 'shown'
    GROUP BY post_id, merchant_id
    ON CONFLICT (post_id) DO UPDATE SET comments = excluded.comments
    """,
    """
    INSERT INTO save_count (kind, subject_id, merchant_id, saves)
    SELECT kind, subject_id, merchant_id, count(*) FROM save WHERE merchant_id = ANY($1)
    GROUP BY kind, subject_id, merchant_id
    ON CONFLICT (kind, subject_id) DO UPDATE SET saves = excluded.saves
    """,
)


async def derive_trails(conn: Transaction, merchants: list[UUID]) -> int:
    """Update the trails from journal events about these merchants' products; returns how many trails changed."""
    status: str = await conn.execute(
        """
        INSERT INTO trail AS old (person_id, product_id, kind, at)
        SELECT coalesce(member_id, visitor_id), product_id,
            ($2::text[])[max(array_position($2, kind))], max(at)
        FROM journal WHERE merchant_id = ANY($1) AND kind = ANY($2) AND product_id IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (person_id, product_id) DO UPDATE SET kind = excluded.kind, at = excluded.at
        WHERE (old.kind, old.at) IS DISTINCT FROM (excluded.kind, excluded.at)
        """,
        merchants,
        list(TRAIL_KINDS),
    )
    return row_count(status)


async def derive_touches(conn: Transaction, merchants: list[UUID]) -> int:
    """Add the touches of posts from journal events of these merchants; returns how many were new."""
    status: str = await conn.execute(
        """
        INSERT INTO touch (person_id, at, post_id, merchant_id)
        SELECT coalesce(member_id, visitor_id), at, post_id, merchant_id
        FROM journal WHERE merchant_id = ANY($1) AND kind = ANY($2) AND kind <> 'impression' AND post_id IS NOT NULL
            AND coalesce(member_id, visitor_id) IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        merchants,
        list(TOUCH_KINDS),
    )
    return row_count(status)
