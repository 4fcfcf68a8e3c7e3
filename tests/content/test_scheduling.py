"""The states of posts, the calendar, what the worker publishes, and the history."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import a_members_account, a_product, an_account, facts, staff
from unwall.content.accounts.values import Actor
from unwall.content.moderation.reads import queue
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportReason, SubjectKind, Verdict, Visibility
from unwall.content.posts import actions, reads, rules, scheduling
from unwall.content.posts.jobs import Publisher
from unwall.content.posts.review import look_again
from unwall.content.posts.values import (
    Due,
    EditablePost,
    Media,
    PostDraft,
    PostKind,
    PostState,
    Tag,
    WrongState,
)
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.people.actions import set_tagging
from unwall.people.values import Tagging
from unwall.usecases import moderate
from unwall.usecases.publish_post import PUBLISHED, Then, save_post

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
EVENING = NOW + timedelta(hours=10)
LATE = timedelta(minutes=rules.MAX_LATE_MINUTES)
OPERATOR = operator("root")


class Shop(msgspec.Struct):
    merchant: UUID
    account: UUID
    mei: Actor


@pytest.fixture
async def shop(db: Database) -> Shop:
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
    return Shop(merchant, account, staff(merchant, "staff:mei@tea.example"))


async def a_scheduled(db: Database, shop: Shop, at: datetime = EVENING, **fields: object) -> UUID:
    draft = PostDraft(shop.account, **{"title": "New tea", **fields})  # type: ignore[arg-type]
    return await save_post(db, shop.mei, draft, NOW, then=Then(scheduled_at=at))


async def stored(db: Database, shop: Shop, post_id: UUID) -> EditablePost:
    async with db.read() as conn:
        found = await reads.editable_post(conn, shop.mei.owner, post_id)
    assert found
    return found


async def outbox(db: Database) -> list[UUID]:
    async with db.read() as conn:
        return [record["post_id"] for record in await conn.fetch("SELECT post_id FROM outbox ORDER BY entry")]


# --- states -----------------------------------------------------------------------------------------------------------


def test_every_state_has_its_followers_and_a_removed_post_only_becomes_a_draft() -> None:
    assert set(rules.NEXT_STATES) == set(PostState)
    assert rules.NEXT_STATES[PostState.REMOVED] == {PostState.DRAFT}
    assert rules.NEXT_STATES[PostState.LIVE] == {PostState.REMOVED}
    for state, following in rules.NEXT_STATES.items():
        for wanted in set(PostState) - following - {state}:
            with pytest.raises(WrongState):
                rules.moves_to(state, wanted)
        assert all(rules.moves_to(state, wanted) for wanted in following)
        assert not rules.moves_to(state, state)


@pytest.mark.parametrize(
    ("kind", "field"),
    [(PostKind.PHOTO_SET, "media"), (PostKind.LOOKBOOK, "tags"), (PostKind.VIDEO, "media"), (PostKind.NOTE, None)],
)
def test_a_post_has_what_its_kind_is(kind: PostKind, field: str | None) -> None:
    errors = rules.check_publishable(PostDraft(new_id(), kind, "Spring"))
    assert [error.field for error in errors] == ([field] if field else [])


def test_a_question_has_words() -> None:
    picture = Media("ab/x.webp", "", 10, 10)
    asked = PostDraft(new_id(), PostKind.QUESTION, media=(picture,))
    assert [error.field for error in rules.check_publishable(asked)] == ["title"]
    assert rules.check_publishable(msgspec.structs.replace(asked, body="Which tea?")) == []


# --- times ------------------------------------------------------------------------------------------------------------


def test_a_time_is_the_stores_and_clocks_that_change_are_minded() -> None:
    assert rules.wall_time("2026-03-10T17:00", "Asia/Shanghai") == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert rules.wall_time("2026-03-28T09:30", "Europe/Berlin") == datetime(2026, 3, 28, 8, 30, tzinfo=UTC)
    assert rules.wall_time("2026-03-30T09:30", "Europe/Berlin") == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    # the first of the two
    assert rules.wall_time("2026-10-25T02:30", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for wrong in ("2026-03-29T02:30", "", "tomorrow", "2026-13-01T00:00"):
        with pytest.raises(Invalid) as refused:
            rules.wall_time(wrong, "Europe/Berlin")
        assert list(refused.value.by_field()) == ["scheduled_at"]


@given(
    st.integers(0, 800 * 24 * 60),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"]),
)
def test_what_is_accepted_is_what_the_clock_of_the_store_shows(minutes: int, timezone: str) -> None:
    typed = (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).replace(tzinfo=None)
    try:
        moment = rules.wall_time(typed.isoformat(), timezone)
    except Invalid:
        return
    assert moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None) == typed


@pytest.mark.parametrize(
    ("state", "seconds", "what"),
    [
        (PostState.SCHEDULED, -1, Due.WAIT),
        (PostState.SCHEDULED, 0, Due.PUBLISH),
        (PostState.SCHEDULED, 3600, Due.PUBLISH),
        (PostState.SCHEDULED, 3601, Due.MISS),
        (PostState.DRAFT, 10, Due.WAIT),
        (PostState.MISSED, 10, Due.WAIT),
        (PostState.LIVE, 10, Due.WAIT),
    ],
)
def test_what_is_due(state: PostState, seconds: int, what: Due) -> None:
    assert rules.due(state, EVENING, EVENING + timedelta(seconds=seconds)) is what


# --- scheduling -------------------------------------------------------------------------------------------------------


async def test_a_scheduled_post_is_seen_by_nobody_and_has_a_job_of_its_own(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    found = await stored(db, shop, post_id)
    assert (found.state, found.scheduled_at, found.published_at) == (PostState.SCHEDULED, EVENING, None)
    assert await outbox(db) == []
    async with db.read() as conn:
        assert await reads.post(conn, post_id, "en") is None
        [job] = await conn.fetch("SELECT entrypoint, payload FROM pgqueuer")
        assert (job["entrypoint"], UUID(bytes=job["payload"])) == (scheduling.PUBLISH, post_id)
        assert await facts(conn, "publish") == []


@pytest.mark.parametrize("at", [NOW, NOW - timedelta(days=1), NOW + timedelta(days=rules.MAX_AHEAD_DAYS, seconds=1)])
async def test_a_time_that_cannot_be_kept_is_refused_and_nothing_is_saved(
    db: Database, shop: Shop, at: datetime
) -> None:
    with pytest.raises(Invalid) as refused:
        await a_scheduled(db, shop, at)
    assert list(refused.value.by_field()) == ["scheduled_at"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM post") == 0


async def test_it_is_moved_taken_out_and_published_by_hand(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    later = EVENING + timedelta(days=1)
    async with db.confined(shop.merchant) as conn:
        await scheduling.schedule(conn, shop.mei, post_id, later, NOW)
        assert await scheduling.publish_due(conn, post_id, EVENING) is Due.WAIT
    assert (await stored(db, shop, post_id)).scheduled_at == later
    async with db.confined(shop.merchant) as conn:
        await actions.restore(conn, shop.mei, post_id)
    found = await stored(db, shop, post_id)
    assert (found.state, found.scheduled_at) == (PostState.DRAFT, None)
    async with db.confined(shop.merchant) as conn:
        assert await scheduling.publish_due(conn, post_id, later) is Due.WAIT
        await scheduling.schedule(conn, shop.mei, post_id, later, NOW)
        await actions.publish(conn, shop.mei, post_id, EVENING)
        with pytest.raises(WrongState):
            await scheduling.schedule(conn, shop.mei, post_id, later, NOW)
    assert await outbox(db) == [post_id]
    async with db.transaction() as conn:
        assert await scheduling.publish_due(conn, post_id, later) is Due.WAIT
        assert len(await facts(conn, "publish")) == 1


async def test_what_is_scheduled_stays_fit_to_be_published(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    with pytest.raises(Invalid) as refused:
        await save_post(db, shop.mei, PostDraft(shop.account, id=post_id), NOW)
    assert list(refused.value.by_field()) == ["body"]


# --- the worker -------------------------------------------------------------------------------------------------------


async def test_the_worker_publishes_once_at_its_time_however_often_it_is_asked(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    at = EVENING + timedelta(seconds=2)
    early, worker = Publisher(db, lambda: EVENING - timedelta(seconds=1)), Publisher(db, lambda: at)
    await early(post_id.bytes)
    await early.sweep()
    assert await outbox(db) == []
    await worker(post_id.bytes)
    await worker(post_id.bytes)
    await worker.sweep()
    found = await stored(db, shop, post_id)
    assert (found.state, found.published_at, found.scheduled_at) == (PostState.LIVE, at, EVENING)
    assert await outbox(db) == [post_id]
    async with db.read() as conn:
        assert await facts(conn, "publish") == [(None, None, shop.account, post_id)]


async def test_of_two_workers_one_publishes_and_the_other_goes_on(db: Database, db_url: str, shop: Shop) -> None:
    today = await save_post(db, shop.mei, PostDraft(shop.account, title="x"), NOW, then=PUBLISHED)  # the journal's day
    first_id, second_id = await a_scheduled(db, shop), await a_scheduled(db, shop)
    async with connect(db_url, size=2) as other, other.transaction() as theirs:
        assert await scheduling.publish_due(theirs, first_id, EVENING) is Due.PUBLISH
        await Publisher(db, lambda: EVENING).sweep()  # while the other has not committed
        assert await outbox(db) == [today, second_id]
    await Publisher(db, lambda: EVENING).sweep()
    assert set(await outbox(db)) == {today, first_id, second_id}
    async with db.read() as conn:
        assert len(await facts(conn, "publish")) == 3


async def test_a_worker_that_dies_leaves_the_post_to_the_next_sweep(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as conn:
            await scheduling.publish_due(conn, post_id, EVENING)
            raise ZeroDivisionError
    assert (await stored(db, shop, post_id)).state is PostState.SCHEDULED
    await Publisher(db, lambda: EVENING + LATE).sweep()
    assert await outbox(db) == [post_id]


async def test_what_is_more_than_an_hour_late_is_missed_and_never_posted_by_itself(db: Database, shop: Shop) -> None:
    post_id = await a_scheduled(db, shop)
    at = EVENING + LATE + timedelta(seconds=1)
    await Publisher(db, lambda: at).sweep()
    await Publisher(db, lambda: at).sweep()
    assert (await stored(db, shop, post_id)).state is PostState.MISSED
    assert await outbox(db) == []
    async with db.read() as conn:
        assert await reads.missed(conn, shop.mei.owner) == 1
        assert await facts(conn, "publish") == []
        newest = (await reads.edits(conn, shop.mei.owner, post_id))[0]
        assert (newest.actor, newest.changes, newest.note) == ("schedule", {"state": ["scheduled", "missed"]}, "late")
    async with db.confined(shop.merchant) as conn:
        await scheduling.schedule(conn, shop.mei, post_id, at + timedelta(hours=1), at)
    await Publisher(db, lambda: at + timedelta(hours=1)).sweep()
    assert await outbox(db) == [post_id]


async def test_a_product_that_may_not_be_tagged_any_more_makes_it_missed_with_the_reason(
    db: Database, shop: Shop
) -> None:
    async with db.transaction() as conn:
        silk, _ = await an_account(conn, "silk")
        scarf = await a_product(conn, silk, "Scarf")
        await set_tagging(conn, silk, Tagging.EVERYBODY)
    post_id = await a_scheduled(db, shop, tags=(Tag(scarf),))
    other = await a_scheduled(db, shop)
    async with db.transaction() as conn:
        await set_tagging(conn, silk, Tagging.NOBODY)
    await Publisher(db, lambda: EVENING).sweep()
    assert (await stored(db, shop, post_id)).state is PostState.MISSED
    assert await outbox(db) == [other]
    async with db.read() as conn:
        assert (await reads.edits(conn, shop.mei.owner, post_id))[0].note == (
            "The store that sells this does not let you tag it."
        )


async def test_the_calendar_shows_what_was_and_what_will_be(db: Database, shop: Shop) -> None:
    live = await save_post(db, shop.mei, PostDraft(shop.account, title="Live"), NOW, then=PUBLISHED)
    coming = await a_scheduled(db, shop)
    await save_post(db, shop.mei, PostDraft(shop.account, title="A draft"), NOW)
    await a_scheduled(db, shop, NOW + timedelta(days=8))
    async with db.confined(shop.merchant) as conn:
        week = await reads.calendar(conn, shop.merchant, "en", NOW, NOW + timedelta(days=7))
    assert [(one.id, one.state, one.at) for one in week] == [
        (live, PostState.LIVE, NOW),
        (coming, PostState.SCHEDULED, EVENING),
    ]


# --- history ----------------------------------------------------------------------------------------------------------


async def test_the_history_says_who_changed_what_and_shoppers_see_that_it_was_edited(db: Database, shop: Shop) -> None:
    draft = PostDraft(shop.account, title="New tea", body="Picked today", translations={})
    post_id = await save_post(db, shop.mei, draft, NOW, then=PUBLISHED)
    async with db.read() as conn:
        assert (await reads.posts(conn, [post_id], "en"))[post_id].edited_at is None
    wu = staff(shop.merchant, "staff:wu@tea.example")
    changed = msgspec.structs.replace(draft, id=post_id, title="Spring tea", body="Picked today\n")
    await save_post(db, wu, changed, NOW)
    await save_post(db, wu, changed, NOW)  # nothing is different
    async with db.read() as conn:
        history = await reads.edits(conn, shop.mei.owner, post_id)
        assert (await reads.posts(conn, [post_id], "en"))[post_id].edited_at == history[0].at
        assert await reads.edits(conn, staff(new_id()).owner, post_id) == []
    assert [(one.actor, one.changes) for one in history] == [
        ("staff:wu@tea.example", {"title": ["New tea", "Spring tea"]}),
        ("staff:mei@tea.example", {"state": ["draft", "live"]}),
    ]


# --- tags of videos ---------------------------------------------------------------------------------------------------

PICTURE, FILM = Media("ab/x.webp", "", 10, 10), Media("ab/x.webp", "", 10, 10, new_id())


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        (Tag(new_id(), 1, t0=0, t1=2.5), []),
        (Tag(new_id(), 1, 0.5, 0.5, 0, 2.5), []),
        (Tag(new_id(), 0, t0=0, t1=2), ["tags.0.t0"]),
        (Tag(new_id(), 1, t0=-1, t1=2), ["tags.0.t0"]),
        (Tag(new_id(), 1, t0=2, t1=2), ["tags.0.t1"]),
        (Tag(new_id(), 1, t0=2, t1=1e9), ["tags.0.t1"]),
        (Tag(new_id(), 1, t0=float("nan"), t1=2), ["tags.0.t0"]),
        (Tag(new_id(), 1, t0=2), ["tags.0.media"]),
        (Tag(new_id(), None, t0=2, t1=3), ["tags.0.media"]),
        (Tag(new_id(), 0, 1.1, 0.5), ["tags.0.x"]),
        (Tag(new_id(), 2, t0=2, t1=3), ["tags.0.media"]),
    ],
)
def test_a_tag_lies_within_its_picture_or_its_film(tag: Tag, wrong: list[str]) -> None:
    draft = PostDraft(new_id(), media=(PICTURE, FILM), tags=(tag,))
    assert [e.field for e in rules.check(draft, {}) if not e.field.endswith("product_id")] == wrong


async def test_a_tag_ends_before_its_film_does(db: Database, shop: Shop) -> None:
    async with db.transaction() as conn:
        scarf = await a_product(conn, shop.merchant, "Scarf")
        await conn.execute(
            "INSERT INTO video (id, merchant_id, source, bytes, duration_ms) VALUES ($1, $2, 'ab/x', 9, 20000)",
            FILM.video_id,
            shop.merchant,
        )
    draft = PostDraft(shop.account, PostKind.VIDEO, media=(FILM,), tags=(Tag(scarf, 0, t0=1.5, t1=20),))
    post_id = await save_post(db, shop.mei, draft, NOW, then=PUBLISHED)
    assert (await stored(db, shop, post_id)).draft.tags == draft.tags
    with pytest.raises(Invalid) as refused:
        await save_post(db, shop.mei, msgspec.structs.replace(draft, tags=(Tag(scarf, 0, t0=1.5, t1=20.5),)), NOW)
    assert list(refused.value.by_field()) == ["tags.0.t1"]


# --- members' posts, and what moderators do to posts ------------------------------------------------------------------


class Member(msgspec.Struct):
    lin: Actor
    account: UUID


@pytest.fixture
async def member(db: Database) -> Member:
    async with db.transaction() as conn:
        return Member(*await a_members_account(conn, "lin"))


WATCHED = Then(publish=True, reviewed_posts=2)


async def only_case(db: Database) -> UUID:
    async with db.read() as conn:
        [waiting] = await queue(conn, OPERATOR, None, 10)
    return waiting.case.id


async def member_state(db: Database, member: Member, post_id: UUID) -> tuple[PostState, Visibility]:
    async with db.read() as conn:
        found = await reads.editable_post(conn, member.lin.owner, post_id)
    assert found
    return found.state, found.visibility


async def test_a_members_first_posts_are_looked_at_and_later_ones_are_live_at_once(
    db: Database, member: Member
) -> None:
    for number in range(2):
        draft = PostDraft(member.account, title=f"My walk {number}")
        post_id = await save_post(db, member.lin, draft, NOW, then=WATCHED)
        assert await member_state(db, member, post_id) == (PostState.IN_REVIEW, Visibility.ALLOW)
        assert post_id not in await outbox(db)
        async with db.read() as conn:
            [waiting] = await queue(conn, OPERATOR, SubjectKind.POST, 10)
        assert (waiting.case.excerpt, waiting.case.subject_id) == (f"My walk {number}", post_id)
        await moderate.decide(db, OPERATOR, [waiting.case.id], Verdict(Action.ALLOW), NOW)
        assert await member_state(db, member, post_id) == (PostState.LIVE, Visibility.ALLOW)
    third = await save_post(db, member.lin, PostDraft(member.account, title="My walk"), NOW, then=WATCHED)
    assert third in await outbox(db)
    async with db.read() as conn:
        assert len(await facts(conn, "publish")) == 3


async def test_moderators_read_a_post_that_waits_as_it_was_saved_last(db: Database, member: Member) -> None:
    """Not the words that it was sent in with."""
    draft = PostDraft(member.account, title="My walk")
    post_id = await save_post(db, member.lin, draft, NOW, then=WATCHED)
    worse = msgspec.structs.replace(draft, id=post_id, title="Buy followers")
    await save_post(db, member.lin, worse, NOW, then=Then(reviewed_posts=2))
    async with db.read() as conn:
        [waiting] = await queue(conn, OPERATOR, SubjectKind.POST, 10)
    assert (waiting.case.excerpt, waiting.case.subject_id) == ("Buy followers", post_id)
    assert await member_state(db, member, post_id) == (PostState.IN_REVIEW, Visibility.ALLOW)


async def test_a_post_that_is_not_accepted_can_be_changed_and_sent_in_again(db: Database, member: Member) -> None:
    draft = PostDraft(member.account, title="Buy followers")
    post_id = await save_post(db, member.lin, draft, NOW, then=WATCHED)
    await moderate.decide(db, OPERATOR, [await only_case(db)], Verdict(Action.DROP, ReportReason.SPAM), NOW)
    assert await member_state(db, member, post_id) == (PostState.IN_REVIEW, Visibility.DROP)
    better = msgspec.structs.replace(draft, id=post_id, title="My walk")
    await save_post(db, member.lin, better, NOW, then=WATCHED)
    assert await outbox(db) == []
    await moderate.decide(db, OPERATOR, [await only_case(db)], Verdict(Action.ALLOW), NOW)
    assert await outbox(db) == [post_id]


async def test_a_dropped_post_leaves_every_listing_and_comes_back_to_its_place(db: Database, shop: Shop) -> None:
    first, second = [
        await save_post(db, shop.mei, PostDraft(shop.account, title="x"), NOW + timedelta(minutes=n), then=PUBLISHED)
        for n in range(2)
    ]
    async with db.transaction() as conn:
        await look_again(conn, first, NOW)
    case_id = await only_case(db)
    await moderate.decide(db, OPERATOR, [case_id], Verdict(Action.DROP, ReportReason.RIGHTS), NOW)
    assert await outbox(db) == [second]
    async with db.confined(shop.merchant) as conn:
        await actions.remove(conn, shop.mei, first)
        with pytest.raises(WrongState):
            await actions.undo_remove(conn, shop.mei, first)
        await actions.restore(conn, shop.mei, first)
        with pytest.raises(WrongState):
            await actions.publish(conn, shop.mei, first, NOW)
    assert await outbox(db) == [second]
    async with db.transaction() as conn:
        await conn.execute("UPDATE post SET state = 'live', published_at = $2 WHERE id = $1", first, NOW)
    await moderate.decide(db, OPERATOR, [case_id], Verdict(Action.RESTORE), NOW)
    assert await outbox(db) == [first, second]
    async with db.read() as conn:
        assert len(await facts(conn, "publish")) == 2


async def test_a_watched_members_change_of_a_live_post_is_looked_at(db: Database, member: Member) -> None:
    draft = PostDraft(member.account, title="My walk")
    post_id = await save_post(db, member.lin, draft, NOW, then=WATCHED)
    case_id = await only_case(db)
    await moderate.decide(db, OPERATOR, [case_id], Verdict(Action.ALLOW), NOW)
    await save_post(db, member.lin, msgspec.structs.replace(draft, id=post_id, title="Casino"), NOW, then=WATCHED)
    assert await only_case(db) == case_id
    assert await outbox(db) == [post_id]
