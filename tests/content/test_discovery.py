"""Discovery: the ranking as a pure function, its cursors, what is counted and what a person hides."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import START, a_live_post, a_visitor, an_account, facts, signed_in
from unwall.content.accounts import actions as accounts
from unwall.content.discovery import actions, jobs, reads, rules
from unwall.content.discovery.reads import Ask, DiscoveryPool, Hidden
from unwall.content.discovery.values import Candidate, Counts, ItemKind, Lane, Weights
from unwall.content.discovery.weights import reset_weights, save_weights
from unwall.content.moderation.values import Visibility
from unwall.journal import actions as journal
from unwall.journal.values import DwellBody, Event, EventKind
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import id_at, new_id

NOW = START + timedelta(days=10)
OLD = NOW - timedelta(days=8)
NOBODY = Hidden([], [], [])


def candidate(n: int, author: int = 0, *, old: bool = True, **counts: int) -> Candidate:
    return Candidate(UUID(int=n), UUID(int=author or n), OLD if old else NOW, Counts(**counts))


def numbers(stream) -> list[int]:
    return [one.candidate.post_id.int for one in stream.posts]


# --- the ranking ------------------------------------------------------------------------------------------------------


def scored(one: Candidate, **weights: float) -> float:
    return rules.CountScorer(Weights(**weights))([one], NOW)[0]


def test_what_people_do_more_often_is_worth_more_and_hiding_and_reporting_much_less():
    shown = {"impressions": 1000}
    plain = scored(candidate(1, **shown))
    for action in ("opens", "dwells", "likes", "saves", "shares", "clicks", "adds", "orders"):
        assert scored(candidate(1, **shown, **{action: 100})) > plain, action
    assert scored(candidate(1, **shown, hides=20)) < plain
    assert scored(candidate(1, **shown, reports=10)) < 0
    assert scored(candidate(1, **shown, orders=10)) > scored(candidate(1, **shown, opens=100))
    assert scored(candidate(1, **shown, opens=100), open=100) > scored(candidate(1, **shown, orders=10), open=100)


def test_a_post_that_few_have_seen_is_neither_lost_nor_first():
    """One order of three views says little."""
    lucky, good = candidate(1, impressions=3, orders=1), candidate(2, impressions=10_000, orders=300, opens=1500)
    assert scored(candidate(3)) < scored(lucky) < scored(good)


def test_an_older_post_is_worth_half_after_the_half_life():
    one = candidate(1)
    later = rules.CountScorer(Weights())([one], NOW + timedelta(days=rules.HALF_LIFE_DAYS))[0]
    assert later == pytest.approx(scored(one) / 2)


def test_an_account_does_not_fill_the_page():
    candidates = [candidate(n, author=100) for n in range(1, 6)] + [candidate(6, author=200), candidate(7, author=300)]
    stream = rules.page(candidates, [10, 9, 8, 7, 6, 5.5, 2], [], 5, NOW, "x")
    assert numbers(stream) == [1, 6, 2, 3, 7]  # worth 10, 5.5, 4.5, 2 (the floor) and 2


def test_every_fourth_place_is_for_a_post_that_few_have_seen():
    ranked = [candidate(n, impressions=5000) for n in range(1, 20)]
    fresh = [candidate(n, old=False, impressions=n % 2) for n in range(50, 60)]
    scores = [float(100 - n) for n in range(19)] + [0.001] * 10
    stream = rules.page([*ranked, *fresh], scores, [], 8, NOW, "anna")
    lanes = [one.lane for one in stream.posts]
    assert [n for n, lane in enumerate(lanes) if lane is Lane.FRESH] == [3, 7]
    lucky = [one for one in stream.posts if one.lane is Lane.FRESH]
    assert all(one.candidate.counts.impressions == 0 for one in lucky)  # the fewest first
    assert [one.propensity for one in lucky] == [1 / 5, 1 / 4]
    assert rules.page([*ranked, *fresh], scores, [], 8, NOW, "anna") == stream  # the same for the same person
    chosen = {numbers(rules.page([*ranked, *fresh], scores, [], 4, NOW, f"person {n}"))[3] for n in range(60)}
    assert chosen == {50, 52, 54, 56, 58}  # each of them has its chance


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(0, 40), st.integers(1, 12))
def test_every_fresh_post_is_shown_before_any_other_is_shown_twice_in_its_lane(seed, fresh, ranked, limit):
    """However many readers with however long pages, and whatever is ranked above: while counts keep pace, all fresh
    posts have been shown once after as many places of the lane as there are fresh posts."""
    seen = dict.fromkeys(range(1, fresh + 1), 0)
    others = [candidate(1000 + n, impressions=5000, orders=50) for n in range(ranked)]
    places, reader = 0, 0
    while min(seen.values()) == 0:
        reader += 1
        candidates = [*others, *(candidate(n, old=False, impressions=shown) for n, shown in seen.items())]
        scores = [100.0] * ranked + [1.0] * fresh
        after = None
        while True:  # one reader goes on and on
            stream = rules.page(candidates, scores, rules.decode(after), limit, NOW, f"{seed} {reader}")
            after = stream.after
            lane = [one.candidate.post_id.int for one in stream.posts if one.lane is Lane.FRESH]
            places += len(lane)
            for n in numbers(stream):
                if n in seen:
                    seen[n] += 1
            if lane or after is None:
                break
        assert places <= 3 * fresh
        if not places and after is None:  # too few posts for a fourth place: then all are shown
            assert min(seen.values()) > 0


def test_what_is_worth_less_than_nothing_is_not_shown():
    stream = rules.page([candidate(1), candidate(2, old=False)], [-1.0, -0.1], [], 5, NOW, "x")
    assert (stream.posts, stream.after) == ([], None)


@given(
    scores=st.lists(st.integers(1, 50), max_size=30),
    limit=st.integers(1, 7),
    changes=st.lists(st.tuples(st.sampled_from(["add", "drop", "rank"]), st.integers(0, 29)), max_size=30),
)
def test_paging_repeats_nothing_and_loses_nothing_whatever_is_published_removed_and_ranked_anew(scores, limit, changes):
    live = {n + 1: float(score) for n, score in enumerate(scores)}
    steady, seen, after, number = set(live), [], None, 1000
    while True:
        candidates = [candidate(n, author=n % 4 + 1, old=n % 3 > 0) for n in live]
        stream = rules.page(candidates, list(live.values()), rules.decode(after), limit, NOW, "x")
        seen += numbers(stream)
        if stream.after is None:
            break
        after = stream.after
        for what, n in [changes.pop() for _ in changes[:3]]:
            if what == "add":
                number += 1
                live[number] = float(n + 1)
            elif what == "drop" and live:
                gone = sorted(live)[n % len(live)]
                del live[gone]
                steady.discard(gone)
            else:
                live = {one: live[one] * (1 + (one * 7 + n) % 5) for one in live}
    assert len(seen) == len(set(seen))
    assert steady <= set(seen)


def test_the_stream_ends_before_its_cursor_grows_long():
    live = [candidate(n) for n in range(1, 2 * rules.MAX_SHOWN)]
    after, seen = None, 0
    while True:
        stream = rules.page(live, [1.0] * len(live), rules.decode(after), 50, NOW, "x")
        seen += len(stream.posts)
        if stream.after is None:
            break
        after = stream.after
        assert len(after) < 1300
    assert seen == rules.MAX_SHOWN


@pytest.mark.parametrize("cursor", ["x", "abc", "!!!!", "A" * 5000])
def test_a_foreign_cursor_is_refused(cursor):
    with pytest.raises(Invalid) as refused:
        rules.decode(cursor)
    assert set(refused.value.by_field()) == {"after"}


def test_weights_are_read_from_a_setting():
    assert rules.parse_weights("") == Weights()
    assert rules.parse_weights("order=30, hide=-60") == Weights(order=30, hide=-60)
    for wrong in ("order", "order=x", "orders=1"):
        with pytest.raises(Invalid, match="UNWALL_DISCOVERY_WEIGHTS"):
            rules.parse_weights(wrong)


# --- with the database ------------------------------------------------------------------------------------------------


async def discovered(conn, unwanted: Hidden = NOBODY) -> list[UUID]:
    stream = await reads.discover(conn, DiscoveryPool(), unwanted, Ask(NOW, "x"))
    return [one.candidate.post_id for one in stream.posts]


async def test_what_people_did_is_counted_once_however_often_the_job_runs(db):
    at = NOW - timedelta(minutes=10)
    async with db.transaction() as conn:
        post_id, product_id = new_id(), new_id()

        def did(kind: EventKind, body=None, product: UUID | None = None) -> Event:
            return Event(
                id=new_id(), at=at, kind=kind, post_id=post_id, product_id=product, visitor_id=new_id(), body=body
            )

        events = [
            *(did(EventKind.IMPRESSION) for _ in range(5)),
            did(EventKind.IMPRESSION, product=product_id),
            did(EventKind.VIEW),
            did(EventKind.DWELL, DwellBody(rules.DWELL_SECONDS)),
            did(EventKind.DWELL, DwellBody(1)),
            did(EventKind.VIEW, product=product_id),
            did(EventKind.ADD_TO_CART, product=product_id),
            did(EventKind.PURCHASE, product=product_id),
            did(EventKind.SHARE),
            did(EventKind.HIDE),
        ]
        await journal.record(conn, events)
    for _ in range(2):
        await jobs.count_activity(db, Weights(), at=NOW)
    async with db.read() as conn:
        expected = Counts(impressions=5, opens=1, dwells=1, shares=1, clicks=1, adds=1, orders=1, hides=1)
        assert await actions.counted(conn, NOW - timedelta(days=1)) == {post_id: expected}
        assert await conn.fetchval("SELECT count(*) FROM discovery_candidate") == 1
    await jobs.count_activity(db, Weights(order=-1000), at=NOW)  # what is worth nothing is no candidate
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM discovery_candidate") == 0


async def test_the_stream_leaves_out_what_moderation_drops_and_what_a_person_mutes_or_hides(db):
    async with db.transaction() as conn:
        owners = [await an_account(conn, name) for name in ("tea", "label", "skin")]
        made = [await a_live_post(conn, *owner, minute=60 * 24 * 9) for owner in owners]
        visit = await a_visitor(conn)
        assert set(await discovered(conn)) == set(made)
        for visibility in (Visibility.WARN, Visibility.DROP):
            await conn.execute(
                """
                INSERT INTO moderation_case (id, entry, kind, subject_id, state, visibility, opened_at)
                VALUES ($1, $1, 'post', $2, 'closed', $3, now())
                ON CONFLICT (kind, subject_id) DO UPDATE SET visibility = $3
                """,
                new_id(),
                made[0],
                visibility,
            )
            assert set(await discovered(conn)) == set(made[1:])
        await accounts.mute(conn, visit, owners[1][1])
    async with db.transaction() as conn:
        assert await actions.hide(conn, visit, ItemKind.POST, made[2])
    async with db.transaction() as conn:
        assert not await actions.hide(conn, visit, ItemKind.POST, made[2])
        unwanted = await reads.hidden(conn, visit.person_ids)
        assert unwanted == Hidden([owners[1][1]], [made[2]], [])
        assert await discovered(conn, unwanted) == []
        assert await facts(conn, "hide") == [(visit.visitor_id, None, None, made[2])]


async def test_what_nobody_has_seen_waits_for_its_chance_however_many_newer_posts_there_are(db, monkeypatch):
    """Of thousands of videos that arrive for a campaign the first are not lost behind the newest."""
    monkeypatch.setattr(rules, "MAX_FRESH", 2)
    async with db.transaction() as conn:
        owner = await an_account(conn, "tea")
        made = [await a_live_post(conn, *owner, minute=60 * 24 * 9 + n) for n in range(6)]
        stale = await a_live_post(conn, *owner, minute=60)
    chances = []
    for _ in range(3):
        await jobs.count_activity(db, Weights(), at=NOW)
        async with db.transaction() as conn:
            waiting = await actions.least_seen(conn, id_at(NOW - timedelta(days=3), 0), rules.FRESH_IMPRESSIONS, 2)
            assert {*waiting, *made[-2:]} <= {
                one.post_id for one in await DiscoveryPool().candidates(conn, NOW)
            }  # the newest have theirs at once
            chances.append(waiting)
            shown = [
                Event(id=new_id(), at=NOW - timedelta(minutes=5), kind=EventKind.IMPRESSION, post_id=post_id)
                for post_id in waiting
            ]
            await journal.record(conn, shown)
    assert chances == [made[:2], made[2:4], made[4:]]
    assert stale not in {post_id for pair in chances for post_id in pair}


async def test_a_post_beyond_its_age_is_not_discovered_whatever_people_did_with_it(db):
    async with db.transaction() as conn:
        owner = await an_account(conn, "tea")
        old, young = [await a_live_post(conn, *owner, minute=minute) for minute in (0, 60 * 24 * 9)]
        await actions.keep_candidates(conn, [old, young])
        for days, seen in ((rules.AGE_DAYS - 1, {old, young}), (rules.AGE_DAYS + 1, {young})):
            ask = Ask(START + timedelta(days=days), "x")
            stream = await reads.discover(conn, DiscoveryPool(), NOBODY, ask)
            assert {one.candidate.post_id for one in stream.posts} == seen


async def test_the_scorer_is_an_argument_which_is_asked_of_what_may_be_shown_and_decides_the_order(db):
    asked = []

    def scorer(candidates, at):
        asked.append([one.post_id for one in candidates])
        return [float(order.index(one.post_id) + 1) for one in candidates]

    async with db.transaction() as conn:
        made = [
            await a_live_post(conn, *await an_account(conn, name), minute=60 * 24 * 9)
            for name in ("tea", "label", "skin", "lamp")
        ]
        ask, order = Ask(NOW, "x", limit=2), [made[1], made[3], made[0]]
        unwanted = Hidden([], [made[2]], [])
        first = await reads.discover(conn, DiscoveryPool(), unwanted, ask, scorer)
        assert [one.candidate.post_id for one in first.posts] == [made[0], made[3]]
        assert sorted(asked[0]) == sorted(order)  # what is hidden is no matter of ranking
        again = await reads.discover(conn, DiscoveryPool(), unwanted, Ask(NOW, "x", first.after, 2), scorer)
        assert [one.candidate.post_id for one in again.posts] == [made[1]]


async def test_what_a_visitor_hid_stays_hidden_when_they_sign_in(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        member = await signed_in(conn, visit)
        product = new_id()
        await actions.hide(conn, visit, ItemKind.PRODUCT, product)
        for _ in range(2):
            await actions.merge_hidden(conn, visit.visitor_id, member.person_id)
        assert (await reads.hidden(conn, [member.person_id])).products == [product]
        assert (await reads.hidden(conn, [visit.visitor_id])).products == []
        assert await actions.show_again(conn, member, ItemKind.PRODUCT, product)
        assert not await actions.show_again(conn, member, ItemKind.PRODUCT, product)


# --- weights that moderators set --------------------------------------------------------------------------------------


async def test_processes_rank_by_the_weights_that_moderators_set_within_a_minute_and_the_job_chooses_by_them(db):
    one = Candidate(new_id(), new_id(), NOW, Counts(impressions=100, orders=10))
    pool = DiscoveryPool()
    scorer = reads.PoolScorer(pool, Weights(order=1))
    async with db.transaction() as conn:
        await pool.candidates(conn, NOW)
        assert scorer([one], NOW) == rules.CountScorer(Weights(order=1))([one], NOW)
        await save_weights(conn, Weights(order=100), "staff:mei", NOW)
        await pool.candidates(conn, NOW + timedelta(seconds=59))
        assert scorer([one], NOW) == rules.CountScorer(Weights(order=100))([one], NOW)
        await reset_weights(conn)
        await pool.candidates(conn, NOW + timedelta(seconds=118))
        assert scorer([one], NOW) == rules.CountScorer(Weights(order=1))([one], NOW)


@pytest.mark.parametrize(
    ("weights", "wrong"),
    [
        (Weights(order=1001), ["order"]),
        (Weights(open=-1, hide=1), ["open", "hide"]),
        (Weights(**dict.fromkeys(Weights.__struct_fields__, 0.0)), ["open"]),
    ],
)
async def test_weights_out_of_their_limits_are_named_and_change_nothing(db, weights, wrong):
    async with db.transaction() as conn:
        with pytest.raises(Invalid) as refused:
            await save_weights(conn, weights, "staff:mei", NOW)
        assert list(refused.value.by_field()) == wrong
        assert await reads.stored_weights(conn) is None
