"""Figures and segments for merchants' programs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import get

from unwall.channels.api.callers import lang
from unwall.channels.http.context import AnyRequest
from unwall.insight.attribution import reads
from unwall.insight.attribution.rules import MAX_REPORT_DAYS
from unwall.insight.attribution.values import PostSales, Span
from unwall.insight.segments.reads import segments
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid
from unwall.people.values import ApiKey, ApiScope
from unwall.services import Services

TAGS = ["merchant"]


class SegmentSummary(msgspec.Struct, frozen=True):
    """`people` and `counted_at` are null until the segment is counted for the first time."""

    id: UUID
    name: str
    version: int
    people: int | None
    counted_at: datetime | None
    changed_at: datetime


@get("/insight/posts", scope=ApiScope.INSIGHT_READ, tags=TAGS)
async def post_sales(request: AnyRequest, services: Services, key: ApiKey, days: int = 30) -> list[PostSales]:
    """What each post did in the last `days` days: how many people opened it, opened a product from it, put something
    from it into the bag and bought (who got further is counted in the steps before); the orders credited to it and
    their revenue in minor units."""
    if not 1 <= days <= MAX_REPORT_DAYS:
        raise Invalid.one("days", f"From 1 to {MAX_REPORT_DAYS}.")
    until = now()
    async with services.db.confined(key.merchant_id) as conn:
        return await reads.post_sales(
            conn, key.merchant_id, lang(request), Span(until - timedelta(days=days), until), limit=100
        )


@get("/segments", scope=ApiScope.INSIGHT_READ, tags=TAGS)
async def all_segments(services: Services, key: ApiKey) -> list[SegmentSummary]:
    """The segments in use, newest first, each with how many people were in it when it was counted last. Their ids are
    what a promotion's conditions name."""
    async with services.db.confined(key.merchant_id) as conn:
        known = await segments(conn, key.merchant_id, archived=False)
    return [SegmentSummary(one.id, one.name, one.version, one.people, one.counted_at, one.changed_at) for one in known]


HANDLERS: list[Any] = [post_sales, all_segments]
