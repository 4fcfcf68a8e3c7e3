"""Segments are saved in versions, and the worker keeps who is in them."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from tests.commerce.market import open_market
from tests.insight.segments.people import NOW, Act, Person, write_people
from unwall.commerce.pricing.reads import BuyerAsked
from unwall.insight.profiles.values import Lifecycle
from unwall.insight.segments import actions, reads, rules
from unwall.insight.segments.actions import SegmentChanged
from unwall.insight.segments.jobs import Materialiser
from unwall.insight.segments.values import Deed, Did, Everyone, InLifecycle, SegmentDraft
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, NotFound
from unwall.kernel.ids import new_id

LOYAL = InLifecycle((Lifecycle.LOYAL,))
JOBS = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'segments.materialise'"


async def add_members(db: Database, count: int) -> list[UUID]:
    ids = sorted(new_id() for _ in range(count))
    async with db.transaction() as conn:
        await conn.execute(
            "INSERT INTO member (id, email, name, password_hash) SELECT id, id || '@example.org', 'A', ''"
            " FROM unnest($1::uuid[]) AS new (id)",
            ids,
        )
    return ids


async def save(db: Database, merchant_id: UUID, draft: SegmentDraft) -> int:
    async with db.confined(merchant_id) as conn:
        return await actions.save_segment(conn, merchant_id, draft, "staff:ann", NOW)


async def in_segment(db: Database, segment_id: UUID) -> list[UUID]:
    async with db.read() as conn:
        sql = "SELECT member_id FROM segment_member WHERE segment_id = $1 ORDER BY member_id"
        return [row["member_id"] for row in await conn.fetch(sql, segment_id)]


async def test_a_segment_is_saved_in_versions(db: Database) -> None:
    market, id_ = await open_market(db), new_id()
    assert await save(db, market.merchant, SegmentDraft(id_, "Loyal", LOYAL)) == 1
    # the same request once more
    assert await save(db, market.merchant, SegmentDraft(id_, "Loyal", LOYAL)) == 1
    assert await save(db, market.merchant, SegmentDraft(id_, "Everybody", Everyone(), 1)) == 2
    with pytest.raises(SegmentChanged):
        await save(db, market.merchant, SegmentDraft(id_, "Mine", LOYAL, 1))
    with pytest.raises(Invalid):
        await save(db, market.merchant, SegmentDraft(id_, "", LOYAL, 2))
    async with db.confined(market.merchant) as conn:
        for archived in (True, True, False):
            await actions.archive_segment(conn, market.merchant, id_, "staff:bo", NOW, archived=archived)
        versions = await reads.versions(conn, market.merchant, id_)
        kept = await reads.segment(conn, market.merchant, id_)
    told = [(one.version, one.name, one.archived, one.saved_by) for one in versions]
    assert told == [
        (4, "Everybody", False, "staff:bo"),
        (3, "Everybody", True, "staff:bo"),
        (2, "Everybody", False, "staff:ann"),
        (1, "Loyal", False, "staff:ann"),
    ]
    assert (kept.version, kept.definition, kept.archived, kept.people) == (4, Everyone(), False, None)
    async with db.read() as conn:
        assert await conn.fetchval(JOBS) == 4


async def test_nobody_saves_another_merchants_segment(db: Database) -> None:
    market, id_ = await open_market(db), new_id()
    await save(db, market.merchant, SegmentDraft(id_, "Loyal", LOYAL))
    async with db.transaction() as conn:
        rival = await conn.fetchval(
            "INSERT INTO merchant (id, slug, name, currency, timezone)"
            " VALUES (gen_random_uuid(), 'rival', 'Rival', 'CNY', 'Asia/Shanghai') RETURNING id"
        )
    for version in (0, 1):
        with pytest.raises(NotFound):
            await save(db, rival, SegmentDraft(id_, "Stolen", Everyone(), version))
    async with db.confined(rival) as conn:
        assert await reads.segment(conn, market.merchant, id_) is None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("DELETE FROM segment_member")
    async with db.read() as conn:
        assert [one.name for one in await reads.versions(conn, market.merchant, id_)] == ["Loyal"]


async def test_there_are_not_more_segments_than_may_be(db: Database, monkeypatch) -> None:
    monkeypatch.setattr("unwall.insight.segments.actions.MAX_SEGMENTS", 1)
    market = await open_market(db)
    await save(db, market.merchant, SegmentDraft(new_id(), "Loyal", LOYAL))
    with pytest.raises(Invalid):
        await save(db, market.merchant, SegmentDraft(new_id(), "Loyal too", LOYAL))
    assert rules.MAX_SEGMENTS == 200


async def test_the_worker_writes_who_is_in_a_segment_and_only_what_changes(db: Database, tmp_path) -> None:
    market, id_ = await open_market(db), new_id()
    ann, bo, cai, dan = ids = await add_members(db, 4)
    await save(db, market.merchant, SegmentDraft(id_, "Loyal", LOYAL))
    job = Materialiser(db, tmp_path)
    await job.of_merchant(str(market.merchant).encode())  # before the first profiles
    assert await in_segment(db, id_) == []

    loyal = [Person(one, Lifecycle.LOYAL, acts=[Act(Deed.BOUGHT, 3)]) for one in ids[:3]]
    write_people(tmp_path, [*loyal, Person(dan)], market.merchant)
    async with db.transaction() as conn:  # who does not want to be profiled since, is in none
        await conn.execute("UPDATE member SET profiled = false WHERE id = $1", cai)
    await job.refresh(NOW)
    assert await in_segment(db, id_) == [ann, bo]
    async with db.read() as conn:
        before = dict(await conn.fetch("SELECT member_id, xmin::text FROM segment_member"))
        assert (await reads.segment(conn, market.merchant, id_)).people == 2

    write_people(tmp_path, [loyal[1], Person(dan, Lifecycle.LOYAL)], market.merchant)
    await job.refresh(NOW)
    async with db.read() as conn:
        after = dict(await conn.fetch("SELECT member_id, xmin::text FROM segment_member"))
    assert (set(after), after[bo]) == ({bo, dan}, before[bo])

    # by the definition that is there when it is written
    await save(db, market.merchant, SegmentDraft(id_, "Buyers", Did(Deed.BOUGHT, days=4), 1))
    await job.refresh(NOW)
    assert await in_segment(db, id_) == [bo]
    await job.refresh(NOW + timedelta(days=1))
    assert await in_segment(db, id_) == []


async def test_a_definition_that_was_replaced_meanwhile_writes_nothing(db: Database) -> None:
    market, id_ = await open_market(db), new_id()
    (ann,) = await add_members(db, 1)
    await save(db, market.merchant, SegmentDraft(id_, "Loyal", LOYAL))
    async with db.read() as conn:
        (counted,) = (await reads.to_count(conn, market.merchant))[0].segments
    await save(db, market.merchant, SegmentDraft(id_, "Everybody", Everyone(), 1))
    async with db.transaction() as conn:
        assert not await actions.set_members(conn, counted, [ann], "x", NOW)
    assert await in_segment(db, id_) == []


async def test_whose_segments_are_told(db: Database, tmp_path) -> None:
    market, loyal, all_ = await open_market(db), new_id(), new_id()
    ann, bo = await add_members(db, 2)
    await save(db, market.merchant, SegmentDraft(loyal, "Loyal", LOYAL))
    await save(db, market.merchant, SegmentDraft(all_, "All", Everyone()))
    write_people(tmp_path, [Person(ann, Lifecycle.LOYAL), Person(bo)], market.merchant)
    await Materialiser(db, tmp_path).refresh(NOW)
    asked = [BuyerAsked(market.merchant, one) for one in (ann, bo, ann, new_id())]
    async with db.confined(market.merchant) as conn:
        assert await reads.segments_of(conn, ann, market.merchant) == {loyal, all_}
        told = await reads.segments_of_buyers(conn, asked)
        lines = await reads.members(conn, market.merchant, all_, None, 1)
        assert [one.member_id for one in lines] == [ann]
        assert [one.member_id for one in await reads.members(conn, market.merchant, all_, ann, 9)] == [bo]
        await actions.archive_segment(conn, market.merchant, all_, "staff:ann", NOW)
        assert await reads.segments_of(conn, bo, market.merchant) == frozenset()
    assert told == {(market.merchant, ann): tuple(sorted((loyal, all_))), (market.merchant, bo): (all_,)}
    async with db.transaction() as conn:
        await actions.forget_memberships(conn, ann)
    assert await in_segment(db, loyal) == []
