"""Reviews, questions and comments in the console: found, answered, removed, and nobody else's."""

from uuid import UUID

from tests.channels.console.console_site import ConsoleSite
from tests.channels.shop.test_videos import MADE
from tests.content.helpers import START, a_live_post, a_visitor, an_account, signed_in
from tests.content.test_video_posts import a_video
from tests.html import every, texts, values
from unwall.content.accounts.reads import blocked_by
from unwall.content.accounts.values import Owner
from unwall.content.comments.actions import comment
from unwall.content.comments.values import CommentDraft
from unwall.content.moderation.reads import case_of
from unwall.content.moderation.values import (
    Action,
    Moderator,
    ReportDraft,
    Reported,
    ReportReason,
    Subject,
    SubjectKind,
    Verdict,
)
from unwall.content.questions.actions import answer_as_buyer, ask
from unwall.content.questions.values import Said
from unwall.content.reviews.actions import write
from unwall.content.reviews.values import ProofOfPurchase, ReviewDraft
from unwall.kernel.ids import new_id
from unwall.usecases.moderate import decide, report

REVIEWS, QUESTIONS, COMMENTS = "/console/reviews", "/console/questions", "/console/comments"
EVIL = "</textarea><script>alert(1)</script>"


async def reviewed(site: ConsoleSite, stars: int, words: str, *, rival: bool = False) -> UUID:
    merchant, product = (
        (site.rival.merchant, site.rival.product) if rival else (site.market.merchant, site.market.scarf)
    )
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        proof = ProofOfPurchase(new_id(), 1, merchant, product)
        return await write(conn, visit, proof, ReviewDraft(stars, words, "Ann"), START)


async def test_reviews_are_filtered_searched_and_answered(site: ConsoleSite) -> None:
    good, bad = await reviewed(site, 5, "Soft."), await reviewed(site, 1, f"Scratchy {EVIL}")
    await reviewed(site, 1, "Another store's", rival=True)
    page = (await site.get(REVIEWS)).text
    assert texts(page, ".opinion .said") == [f"Scratchy {EVIL}", "Soft."]
    assert "<script>alert" not in page
    await site.post(f"{REVIEWS}/{good}/answer", {"answer": f"Thank you {EVIL}", "next": REVIEWS})
    found = {
        query: texts((await site.get(f"{REVIEWS}?{query}")).text, ".opinion .said")
        for query in ("unanswered=1", "stars=5", "q=scratch", f"product={site.store.tea}", "stars=x&product=y")
    }
    assert found == {
        "unanswered=1": [f"Scratchy {EVIL}"],
        "stars=5": ["Soft."],
        "q=scratch": [f"Scratchy {EVIL}"],
        f"product={site.store.tea}": [],
        "stars=x&product=y": [f"Scratchy {EVIL}", "Soft."],
    }
    assert texts((await site.get("/m/liu-yun/p/scarf")).text, "#reviews .reply .said") == [f"Thank you {EVIL}"]
    sheet = (await site.get(f"{REVIEWS}.csv")).text
    assert [line.split(",")[4] for line in sheet.splitlines()[1:]] == ["1", "5"]
    assert (await site.get(f"{REVIEWS}/{bad}")).status_code == 200


async def test_nobody_answers_for_another_store(site: ConsoleSite) -> None:
    theirs = await reviewed(site, 1, "Another store's", rival=True)
    assert (await site.get(f"{REVIEWS}/{theirs}")).status_code == 404
    assert (await site.post(f"{REVIEWS}/{theirs}/answer", {"answer": "Hello"})).status_code == 404
    assert (
        await site.post(f"{REVIEWS}/{await reviewed(site, 1, 'x')}/answer", {"answer": "x" * 2001})
    ).status_code == 422
    async with site.db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM review WHERE answer <> ''") == 0


async def test_questions_wait_for_an_answer(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        question = await ask(conn, visit, site.market.scarf, Said("Warm?", "Bob"), START)
    assert texts((await site.get(f"{QUESTIONS}?unanswered=1")).text, ".opinion .said") == ["Warm?"]
    await site.post(f"{QUESTIONS}/{question}/answer", {"answer": "Very."})
    assert every((await site.get(f"{QUESTIONS}?unanswered=1")).text, ".opinion") == []
    page = (await site.get("/m/liu-yun/p/scarf/questions")).text
    assert (texts(page, ".reply .badge"), texts(page, ".reply .said")) == (["Store"], ["Very."])


async def test_a_dropped_answer_of_the_store_is_appealed_against_once_and_by_the_store_only(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        question = await ask(conn, visit, site.market.scarf, Said("Warm?", "Bob"), START)
        wei = await signed_in(conn, await a_visitor(conn))
        await answer_as_buyer(conn, wei.member_id, question, Said("No.", "Wei"), bought=True)
    await site.post(f"{QUESTIONS}/{question}/answer", {"answer": f"Very {EVIL}"})
    appeal = f"{QUESTIONS}/{question}/appeal"
    assert (await site.post(appeal, {"words": "It is true."})).status_code == 404  # nothing is dropped
    async with site.db.read() as conn:
        own = await conn.fetchval("SELECT id FROM answer WHERE member_id IS NULL")
        bought = await conn.fetchval("SELECT id FROM answer WHERE member_id IS NOT NULL")
    answer = Reported(Subject(SubjectKind.ANSWER, own), site.market.merchant, "Very", "/m/liu-yun/p/scarf/questions")
    await report(site.db, visit, answer, ReportDraft(ReportReason.FALSE), START)
    async with site.db.read() as conn:
        case = await case_of(conn, answer.subject)
    await decide(
        site.db, Moderator("operator:root", operator=True), [case.id], Verdict(Action.DROP, ReportReason.FALSE), START
    )

    page = (await site.get(QUESTIONS)).text
    assert "Moderators have taken your answer down" in page
    assert every(page, f"form[action='{QUESTIONS}/{question}/answer']") == []
    assert (await site.post(appeal, {"words": " "})).status_code == 422
    sent = await site.post(appeal, {"words": "It is true."})
    assert (sent.status_code, sent.headers["location"]) == (303, QUESTIONS)
    page = (await site.get(QUESTIONS)).text
    assert "Your appeal is waiting" in page
    assert every(page, f"form[action='{appeal}']") == []
    assert (await site.post(appeal, {"words": "Again."})).status_code == 409

    assert every(page, f"a[href='/report/answer/{bought}']") != []
    assert (await site.post(f"/console/blocked/answer/{own}", {})).status_code == 404  # the store itself
    assert (await site.post(f"/console/blocked/answer/{bought}", {})).status_code == 303
    async with site.db.read() as conn:
        assert [one.person_id for one in await blocked_by(conn, Owner(site.market.merchant))] == [wei.member_id]


async def test_a_comment_is_removed_and_put_back(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        said = await comment(conn, visit, site.store.morning, CommentDraft("Rude", "Bob"), START)
    await site.post(f"{COMMENTS}/{said}/remove")
    assert every((await site.get(COMMENTS)).text, ".opinion") == []
    assert every((await site.get(f"/post/{site.store.morning}/comments")).text, ".opinion") == []
    await site.post(f"{COMMENTS}/{said}/again")
    assert texts((await site.get(COMMENTS)).text, ".opinion .said") == ["Rude"]


async def test_staff_block_who_wrote_and_take_it_back_and_no_other_store_does(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        written = await comment(conn, visit, site.store.morning, CommentDraft(f"Bad {EVIL}", "<b>Rude</b>"), START)
    theirs = await reviewed(site, 1, "Another store's", rival=True)
    assert (await site.post(f"/console/blocked/review/{theirs}", {})).status_code == 404
    assert (await site.post(f"/console/blocked/order/{theirs}", {})).status_code == 404
    await site.post(f"/console/blocked/comment/{written}", {"next": COMMENTS})
    page = (await site.get("/console/blocked")).text
    assert texts(page, ".panel li b") == ["<b>Rude</b>"]
    assert texts((await site.get(COMMENTS)).text, ".opinion") == []
    await site.post(f"/console/blocked/{visit.member_id}/undo", {})
    assert "Nobody is blocked" in (await site.get("/console/blocked")).text
    assert len(texts((await site.get(COMMENTS)).text, ".opinion")) == 1


async def test_the_video_of_a_review_plays_in_the_console_once_it_is_made(site: ConsoleSite) -> None:
    review_id = await reviewed(site, 5, "Soft.")
    video_id = await a_video(site.db, member_id=await site.value("SELECT member_id FROM review"))
    async with site.db.transaction() as conn:
        sql = "INSERT INTO review_video (review_id, merchant_id, video_id) VALUES ($1, $2, $3)"
        await conn.execute(sql, review_id, site.market.merchant, video_id)
    assert every((await site.get(REVIEWS)).text, ".opinion video") == []
    async with site.db.transaction() as conn:
        await conn.execute("UPDATE video SET state = 'ready', renditions = $1", MADE)
    for url in (REVIEWS, f"{REVIEWS}/{review_id}"):
        assert values((await site.get(url)).text, ".opinion video", "src") == [f"/files/{MADE[0]['file']}"]


async def test_staff_reply_to_a_comment_in_the_console_and_on_the_shops_page(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        asked = await comment(conn, visit, site.store.morning, CommentDraft("Is it warm?", "Bo"), START)
    shop = f"/post/{site.store.morning}/comments"
    assert (await site.post(f"{COMMENTS}/{asked}/reply", {"answer": " "})).status_code == 422
    sent = await site.post(f"{COMMENTS}/{asked}/reply", {"answer": f"Yes {EVIL}", "next": COMMENTS})
    assert (sent.status_code, sent.headers["location"]) == (303, COMMENTS)
    assert "You write as" in (await site.get(shop)).text
    assert (await site.post(shop, {"words": "And soft", "reply_to": str(asked), "as_account": "1"})).status_code == 303
    page = (await site.get(shop)).text
    assert texts(page, ".reply .said") == [f"Yes {EVIL}", "And soft"]
    assert len(every(page, ".reply .badge")) == 2
    assert texts((await site.get(COMMENTS)).text, ".opinion .badge") == ["Author", "Author", "Answered"]
    assert "Is it warm?" not in (await site.get("/console/inbox")).text
    assert await site.value("SELECT count(*) FROM comment WHERE account_id IS NOT NULL AND member_id IS NULL") == 2


async def test_nobody_speaks_for_anothers_account(site: ConsoleSite) -> None:
    async with site.db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "silk")
        post_id = await a_live_post(conn, merchant_id, account_id)
        visit = await signed_in(conn, await a_visitor(conn))
        asked = await comment(conn, visit, post_id, CommentDraft("Is it warm?", "Bo"), START)
    sent = {"words": "Yes", "as_account": "1", "reply_to": str(asked)}
    assert (await site.post(f"/post/{post_id}/comments", sent)).status_code == 403
    assert (await site.post(f"{COMMENTS}/{asked}/reply", {"answer": "Yes"})).status_code == 404
    assert await site.value("SELECT count(*) FROM comment WHERE account_id IS NOT NULL") == 0
