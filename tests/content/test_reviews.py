"""Reviews: one a person and product, proven by an order line, counted exactly, answered, and withdrawn everywhere."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import START, a_merchant, a_product, a_visitor, signed_in
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, Reported, ReportReason, Subject, SubjectKind, Verdict
from unwall.content.reviews import actions, asking, reads, rules
from unwall.content.reviews.values import (
    LicenceScope,
    NoSuchReview,
    NotBought,
    ProofOfPurchase,
    Rating,
    ReviewDraft,
    ReviewFilter,
    ReviewPicture,
    ReviewSort,
    ReviewVersion,
)
from unwall.kernel.errors import Invalid, SignInNeeded
from unwall.kernel.ids import new_id
from unwall.usecases import moderate

PICTURE = ReviewPicture("ab/" + "c" * 40 + "-800x600.webp", 800, 600)
GOOD = ReviewDraft(5, "Warm and light.", "Li")


@pytest.fixture
async def shop(db):
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        return merchant, await a_product(conn, merchant, "Longjing")


async def a_member(db):
    async with db.transaction() as conn:
        return await signed_in(conn, await a_visitor(conn))


def proof(shop, order_id=None):
    return ProofOfPurchase(order_id or new_id(), 1, *shop)


async def written(db, shop, draft=GOOD, visit=None, at=START):
    visit = visit or await a_member(db)
    async with db.transaction() as conn:
        return visit, await actions.write(conn, visit, proof(shop), draft, at)


async def stars_of(db, product_id):
    async with db.read() as conn:
        found = await reads.ratings(conn, [product_id])
        assert await reads.audit(conn) == []
        stars = await conn.fetchrow("SELECT total, reviews FROM product_stars WHERE product_id = $1", product_id)
    counted = found.get(product_id)
    assert (stars or (0, 0)) == ((counted.total, counted.reviews) if counted else (0, 0))  # what cards show
    return found[product_id].by_stars if found else None


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (ReviewDraft(0, "", "Li"), "stars"),
        (ReviewDraft(6, "", "Li"), "stars"),
        (ReviewDraft(5, "x" * 2001, "Li"), "words"),
        (ReviewDraft(5, "", " \u200b "), "author"),
        (ReviewDraft(5, "", "x" * 41), "author"),
        (ReviewDraft(5, "", "Li", (PICTURE,)), "licence"),
        (ReviewDraft(5, "", "Li", (PICTURE,) * 7, LicenceScope.SHOP), "pictures"),
        (ReviewDraft(5, "", "Li", (ReviewPicture("../etc/passwd", 1, 1),), LicenceScope.SHOP), "pictures"),
        (ReviewDraft(5, "", "Li", (ReviewPicture(PICTURE.file, 1, 1),), LicenceScope.SHOP), "pictures"),
    ],
)
def test_a_wrong_draft_names_its_field(draft, field):
    with pytest.raises(Invalid) as wrong:
        rules.check(draft)
    assert list(wrong.value.by_field()) == [field]


# --- writing ----------------------------------------------------------------------------------------------------------


async def test_a_review_needs_a_member_and_a_proof(db, shop):
    async with db.transaction() as conn:
        visitor = await a_visitor(conn)
        with pytest.raises(SignInNeeded):
            await actions.write(conn, visitor, proof(shop), GOOD, START)
        with pytest.raises(NotBought):
            await actions.write(conn, await signed_in(conn, visitor), None, GOOD, START)
        assert await conn.fetchval("SELECT count(*) FROM review") == 0
        assert await conn.fetchval("SELECT count(*) FROM journal") == 0


async def test_a_second_review_changes_the_first_and_keeps_what_it_said(db, shop):
    visit, first = await written(db, shop)
    _, second = await written(db, shop, ReviewDraft(2, "It shrank.", "Li"), visit, START + timedelta(days=1))
    assert second == first
    assert await stars_of(db, shop[1]) == (0, 1, 0, 0, 0)
    async with db.read() as conn:
        assert await reads.versions(conn, first) == [ReviewVersion(START, 5, "Warm and light.")]
        [shown] = (await reads.product_reviews(conn, shop[1], ReviewSort.NEWEST)).rows
        assert (shown.stars, shown.words, shown.edited_at) == (2, "It shrank.", START + timedelta(days=1))
        kinds = await conn.fetch("SELECT kind, product_id, post_id FROM journal")
    assert [tuple(one) for one in kinds] == [("review", shop[1], None)]


async def test_the_same_review_twice_is_no_edit(db, shop):
    visit, review_id = await written(db, shop)
    await written(db, shop, GOOD, visit, START + timedelta(days=1))
    async with db.read() as conn:
        assert await reads.versions(conn, review_id) == []
        assert (await reads.review(conn, review_id)).edited_at is None


async def test_counts_are_exact_when_many_write_vote_and_withdraw_at_once(db, shop):
    members = [await a_member(db) for _ in range(6)]

    async def live(n, visit):
        for turn in range(4):
            await written(db, shop, ReviewDraft(1 + (n + turn) % 5, f"{turn}", "Li"), visit)
            if turn == n % 4:
                async with db.transaction() as conn:
                    await actions.withdraw(conn, visit.member_id, shop[1])

    twice = [(n, visit) for n, visit in enumerate(members)] * 2
    await asyncio.gather(*(live(n, visit) for n, visit in twice))
    assert sum(await stars_of(db, shop[1])) <= len(members)


async def test_the_first_review_of_a_product_pressed_twice_at_once_is_one(db, shop):
    visit = await a_member(db)
    await asyncio.gather(*(written(db, shop, GOOD, visit) for _ in range(4)))
    assert await stars_of(db, shop[1]) == (0, 0, 0, 0, 1)


# --- pictures and their licence ---------------------------------------------------------------------------------------


async def test_the_licence_of_pictures_is_recorded_and_revoking_it_takes_them_away(db, shop):
    draft = ReviewDraft(5, "", "Li", (PICTURE,), LicenceScope.MARKETING)
    visit, review_id = await written(db, shop, draft)
    async with db.transaction() as conn:
        assert (await reads.review(conn, review_id)).pictures == [PICTURE]
        gone = await actions.withdraw_pictures(conn, visit.member_id, shop[1], START + timedelta(hours=1))
        assert gone == [PICTURE.file]
        assert (await reads.review(conn, review_id)).pictures == []
        record = await conn.fetchrow(
            "SELECT member_id, scope, text_version, granted_at, revoked_at FROM review_licence"
        )
    assert tuple(record) == (visit.member_id, "marketing", rules.LICENCE_VERSION, START, START + timedelta(hours=1))


async def test_another_scope_is_another_licence_and_no_pictures_need_none(db, shop):
    visit, _ = await written(db, shop, ReviewDraft(5, "", "Li", (PICTURE,), LicenceScope.MARKETING))
    await written(db, shop, ReviewDraft(5, "", "Li", (PICTURE,), LicenceScope.SHOP), visit, START + timedelta(hours=1))
    await written(db, shop, ReviewDraft(5, "", "Li"), visit, START + timedelta(hours=2))
    async with db.read() as conn:
        found = await conn.fetch("SELECT scope, revoked_at FROM review_licence ORDER BY granted_at")
    assert [tuple(one) for one in found] == [
        ("marketing", START + timedelta(hours=1)),
        ("shop", START + timedelta(hours=2)),
    ]


# --- votes, answers, moderation ---------------------------------------------------------------------------------------


async def test_a_vote_counts_once_and_nobody_votes_for_their_own(db, shop):
    author, review_id = await written(db, shop)
    reader = await a_member(db)

    async def vote(member_id):
        async with db.transaction() as conn:
            return await actions.vote(conn, member_id, review_id)

    assert sorted(await asyncio.gather(*(vote(reader.member_id) for _ in range(5)))) == [False] * 4 + [True]
    assert not await vote(author.member_id)
    async with db.transaction() as conn:
        assert (await reads.review(conn, review_id)).helpful == 1
        assert await reads.voted(conn, reader.member_id, [review_id]) == {review_id}
        assert await actions.unvote(conn, reader.member_id, review_id)
        assert not await actions.unvote(conn, reader.member_id, review_id)
        assert (await reads.review(conn, review_id)).helpful == 0
        assert await reads.audit(conn) == []


async def test_only_its_merchant_answers_a_review(db, shop):
    _, review_id = await written(db, shop)
    async with db.transaction() as conn:
        other = await a_merchant(conn, "silk")
    with pytest.raises(NoSuchReview):
        async with db.confined(other) as conn:
            await actions.answer(conn, other, review_id, "Thanks", "staff:x", START)
    async with db.confined(shop[0]) as conn:
        assert await reads.unanswered(conn, shop[0]) == 1
        await actions.answer(conn, shop[0], review_id, "  Thank you\n<b>Li</b> ", "staff:mei", START)
        assert await reads.unanswered(conn, shop[0]) == 0
        assert (await reads.review(conn, review_id)).answer == "Thank you\n<b>Li</b>"
        await actions.answer(conn, shop[0], review_id, "", "staff:mei", START)
        assert await reads.unanswered(conn, shop[0]) == 1
        with pytest.raises(Invalid):
            await actions.answer(conn, shop[0], review_id, "x" * 2001, "staff:mei", START)


async def test_what_moderation_drops_is_neither_shown_nor_counted_nor_rewritten(db, shop):
    visit, review_id = await written(db, shop)
    async with db.confined(shop[0]) as conn:
        assert await actions.drop(conn, review_id)
        assert not await actions.drop(conn, review_id)
    assert await stars_of(db, shop[1]) == (0, 0, 0, 0, 0)
    with pytest.raises(NoSuchReview):
        await written(db, shop, ReviewDraft(1, "again", "Li"), visit)
    async with db.transaction() as conn:
        assert await reads.review(conn, review_id) is None
        assert not await actions.withdraw(conn, visit.member_id, shop[1])
        assert await actions.restore(conn, review_id)
    assert await stars_of(db, shop[1]) == (0, 0, 0, 0, 1)


async def test_a_withdrawn_review_is_gone_until_it_is_written_again(db, shop):
    visit, review_id = await written(db, shop)
    async with db.transaction() as conn:
        assert await actions.withdraw(conn, visit.member_id, shop[1])
        assert (await reads.product_reviews(conn, shop[1], ReviewSort.HELPFUL)).rows == []
        assert (await reads.merchant_reviews(conn, shop[0], ReviewFilter(), "en", None, 10)).rows == []
    assert await stars_of(db, shop[1]) == (0, 0, 0, 0, 0)
    assert (await written(db, shop, GOOD, visit))[1] == review_id
    assert await stars_of(db, shop[1]) == (0, 0, 0, 0, 1)


# --- lists ------------------------------------------------------------------------------------------------------------


async def test_lists_are_sorted_filtered_and_paged_without_gap_or_duplicate(db, shop):
    by_stars = {}
    for n, stars in enumerate([5, 1, 3, 5, 2, 4, 1]):
        pictures = (PICTURE,) if n == 4 else ()
        draft = ReviewDraft(stars, f"{n}", "Li", pictures, LicenceScope.SHOP if pictures else None)
        by_stars[(await written(db, shop, draft, at=START + timedelta(minutes=n)))[1]] = (n, stars)
    popular = next(review_id for review_id, (n, _) in by_stars.items() if n == 2)
    async with db.transaction() as conn:
        await actions.vote(conn, (await signed_in(conn, await a_visitor(conn))).member_id, popular)

    async def listed(sort, **more):
        found, after = [], None
        async with db.read() as conn:
            while True:
                page = await reads.product_reviews(conn, shop[1], sort, after=after, limit=2, **more)
                found += [by_stars[one.id] for one in page.rows]
                if not (after := page.after):
                    return found

    assert [n for n, _ in await listed(ReviewSort.NEWEST)] == [6, 5, 4, 3, 2, 1, 0]
    assert [stars for _, stars in await listed(ReviewSort.LOW)] == [1, 1, 2, 3, 4, 5, 5]
    assert [stars for _, stars in await listed(ReviewSort.HIGH)] == [5, 5, 4, 3, 2, 1, 1]
    assert [n for n, _ in await listed(ReviewSort.HELPFUL)] == [4, 2, 6, 5, 3, 1, 0]
    assert [n for n, _ in await listed(ReviewSort.NEWEST, stars=5)] == [3, 0]
    async with db.confined(shop[0]) as conn:
        found = await reads.merchant_reviews(conn, shop[0], ReviewFilter(stars=1, words="longj"), "en", None, 10)
    assert [by_stars[one.id][0] for one in found.rows] == [6, 1]


@given(st.lists(st.integers(0, 40), min_size=5, max_size=5))
def test_the_average_lies_between_the_least_and_the_most(counts):
    rating = Rating(new_id(), *counts)
    given_stars = [stars for stars, count in enumerate(counts, 1) if count]
    if given_stars:
        assert min(given_stars) <= rating.average <= max(given_stars)
    else:
        assert rating.average == 0


# --- asking -----------------------------------------------------------------------------------------------------------


async def test_an_order_is_asked_for_once_also_after_a_sign_in(db, shop):
    order_id = new_id()
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        assert await asking.plan_request(conn, order_id, shop[0], visit.visitor_id, START)
        assert not await asking.plan_request(conn, order_id, shop[0], visit.visitor_id, START)
        assert await reads.asked_orders(conn, visit.person_ids, 10) == []
        member = await signed_in(conn, visit)
        await asking.merge_requests(conn, visit.visitor_id, member.member_id)
        assert await asking.ask(conn, order_id, START) == member.member_id
        assert await asking.ask(conn, order_id, START) is None
        assert [one.order_id for one in await reads.asked_orders(conn, [member.member_id], 10)] == [order_id]


# --- a video ----------------------------------------------------------------------------------------------------------


async def a_video(db, member_id, state: str = "ready"):
    video_id = new_id()
    async with db.transaction() as conn:
        await conn.execute(
            f"INSERT INTO video (id, member_id, state, source, bytes) VALUES ($1, $2, $3, 'ab/{'d' * 40}.mp4', 1)",
            video_id,
            member_id,
            state,
        )
    return video_id


async def test_a_video_of_the_author_stands_under_the_licence_and_goes_with_it(db, shop):
    visit = await a_member(db)
    video_id = await a_video(db, visit.member_id)
    draft = ReviewDraft(5, "", "Li", video_id=video_id, licence=LicenceScope.SHOP)
    await written(db, shop, draft, visit)
    await written(db, shop, draft, visit)  # again, it changes nothing
    async with db.transaction() as conn:
        [shown] = (await reads.product_reviews(conn, shop[1], ReviewSort.HELPFUL)).rows
        assert shown.video_id == video_id
        assert (await reads.own_review(conn, visit.member_id, shop[1])).draft == draft
        await actions.withdraw_pictures(conn, visit.member_id, shop[1], START + timedelta(hours=1))
        assert (await reads.review(conn, shown.id)).video_id is None
        assert await conn.fetchval("SELECT count(*) FROM review_licence WHERE revoked_at IS NULL") == 0


async def test_the_video_and_the_pictures_of_a_review_are_blocked_with_it_until_that_is_undone(db, shop):
    visit = await a_member(db)
    video_id = await a_video(db, visit.member_id)
    draft = ReviewDraft(5, "", "Li", pictures=(PICTURE,), video_id=video_id, licence=LicenceScope.SHOP)
    _, review_id = await written(db, shop, draft, visit)
    async with db.transaction() as conn:
        await moderation.submit(conn, Reported(Subject(SubjectKind.REVIEW, review_id), shop[0]), START)
        case = await case_of(conn, Subject(SubjectKind.REVIEW, review_id))
    await moderate.decide(db, operator("root"), [case.id], Verdict(Action.BLOCK, ReportReason.RIGHTS), START)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT state FROM video") == "blocked"
        blocked = await conn.fetch("SELECT DISTINCT media FROM blocked_file WHERE subject_id = $1", review_id)
    assert {record["media"] for record in blocked} == {PICTURE.file, str(video_id)}
    await moderate.decide(db, operator("mei"), [case.id], Verdict(Action.RESTORE), START)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT state FROM video") == "uploaded"  # it is made anew
        assert await conn.fetchval("SELECT count(*) FROM blocked_file") == 0


async def test_a_video_of_another_one_that_failed_or_none_is_refused(db, shop):
    visit, other = await a_member(db), await a_member(db)
    wrong = [new_id(), await a_video(db, other.member_id), await a_video(db, visit.member_id, "blocked")]
    for video_id in wrong:
        with pytest.raises(Invalid) as refused:
            await written(db, shop, ReviewDraft(5, "", "Li", video_id=video_id, licence=LicenceScope.SHOP), visit)
        assert list(refused.value.by_field()) == ["video_id"]
    with pytest.raises(Invalid) as unlicensed:
        await written(db, shop, ReviewDraft(5, "", "Li", video_id=wrong[0]), visit)
    assert list(unlicensed.value.by_field()) == ["licence"]
    assert await stars_of(db, shop[1]) is None
