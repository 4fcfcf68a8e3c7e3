"""Staff answer shoppers: the list, one conversation, notes, hand-over, quick replies, hours."""

from uuid import uuid4

import msgspec
import pytest

from tests.channels.console.console_site import ConsoleSite, form
from tests.channels.test_route_access import key_of
from tests.commerce.market import visitor
from tests.content.helpers import signed_in
from tests.html import every, texts, words
from unwall.content.conversations import actions
from unwall.content.conversations.values import About, MessageDraft
from unwall.content.moderation.values import Action, Moderator, ReportReason, Verdict
from unwall.content.questions.actions import ask
from unwall.content.questions.values import Said
from unwall.content.reviews.actions import write
from unwall.content.reviews.values import ProofOfPurchase, ReviewDraft
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.kernel.notices import MAX_STREAMS
from unwall.messages.hearing import ANSWER, Answered, tell_of_answer
from unwall.people.values import ApiScope, Role
from unwall.services import Services
from unwall.usecases.moderate import decide

LIST = "/console/conversations"
ANSWERING = f"{LIST}/answering"


@pytest.fixture
async def asked(site: ConsoleSite) -> str:
    """The address of a conversation in which Lin asks about the scarf."""
    async with site.db.transaction() as conn:
        draft = MessageDraft("k", "Is it <b>warm</b>?", about=About(product_id=site.market.scarf))
        sent = await actions.write(conn, visitor(), "Lin", site.store.account, draft, now())
    return f"{LIST}/{sent.conversation_id}"


def answer(text: str, **more: str) -> dict[str, str]:
    return {"key": str(uuid4()), "body": text, "do": "answer", **more}


async def test_who_asks_stands_in_the_list_and_is_counted(site: ConsoleSite, asked: str):
    page = (await site.get(f"{LIST}?view=unanswered")).text
    assert "Is it &lt;b&gt;warm&lt;/b&gt;?" in page
    assert "Lin" in page
    today = (await site.get("/console")).text
    assert f'href="{LIST}?view=unanswered"' in today
    assert "1 waits" in today


async def test_the_page_is_headed_by_who_is_answered(site: ConsoleSite, asked: str):
    assert texts((await site.get(LIST)).text, "h1") == ["Conversations"]
    assert texts((await site.get(asked)).text, "h1") == ["Lin"]


async def test_the_product_stands_beside_the_words(site: ConsoleSite, asked: str):
    page = (await site.get(asked)).text
    assert "Silk scarf" in "".join(words(one) for one in every(page, ".about-card"))
    assert await site.value("SELECT staff_read_id = last_id FROM conversation")


async def test_an_answer_a_note_and_a_double_press(site: ConsoleSite, asked: str):
    twice = answer("Very")
    for _ in range(2):
        assert (await site.post(asked, twice)).status_code == 303
    assert (await site.post(asked, answer("Ask Bo", do="note"))).status_code == 303
    assert await site.value("SELECT count(*) FROM message") == 3
    assert await site.value("SELECT state FROM conversation") == "open"
    assert "Note, seen by staff only" in (await site.get(asked)).text
    wrong = await site.post(asked, answer("x" * 2001))
    assert wrong.status_code == 422
    assert "Write at most 2,000 characters." in wrong.text
    assert await site.value("SELECT count(*) FROM message") == 3


async def test_handing_over_closing_and_blocking(site: ConsoleSite, asked: str):
    me = await site.value("SELECT id FROM staff WHERE role = 'owner' AND merchant_id = $1", site.market.merchant)
    assert (await site.post(f"{asked}/assign", {"staff": str(me)})).status_code == 303
    assert await site.value("SELECT assignee_id FROM conversation") == me
    assert (await site.post(f"{asked}/assign", {"staff": str(site.rival.staff)})).status_code == 422
    assert (await site.post(f"{asked}/assign", {"staff": ""})).status_code == 303
    assert await site.value("SELECT assignee_id FROM conversation") is None
    assert (await site.post(f"{asked}/close")).status_code == 303
    assert await site.value("SELECT state FROM conversation") == "closed"
    assert (await site.post(f"{asked}/close", {"undo": "1"})).status_code == 303
    assert (await site.post(f"{asked}/block")).status_code == 303
    assert await site.value("SELECT count(*) FROM blocked_person") == 1
    assert await site.value("SELECT state FROM conversation") == "closed"
    assert (await site.post(asked, answer("Hello?"))).status_code == 403
    assert (await site.post(f"{asked}/block", {"undo": "1"})).status_code == 303
    assert await site.value("SELECT count(*) FROM blocked_person") == 0
    assert await site.value("SELECT state FROM conversation") == "open"


async def test_quick_replies_are_kept_filled_in_and_removed(site: ConsoleSite, asked: str):
    reply_form = {"key": "k", "title": "Thanks", "body": "Thank you, {name}! {x}"}
    for _ in range(2):
        assert (await site.post(f"{ANSWERING}/replies", reply_form)).status_code == 303
    reply = await site.value("SELECT id FROM quick_reply")
    page = (await site.post(asked, answer("", do=f"reply:{reply}"))).text
    assert words(every(page, "textarea[name=body]")[0]) == "Thank you, Lin! {x}"
    wrong = await site.post(f"{ANSWERING}/replies", {"key": "j", "title": "", "body": "Kept words"})
    assert wrong.status_code == 422
    assert "Kept words" in wrong.text
    assert (await site.post(f"{ANSWERING}/replies/remove", {"reply": str(reply)})).status_code == 303
    assert await site.value("SELECT count(*) FROM quick_reply") == 0


async def test_wrong_hours_are_named(site: ConsoleSite):
    filled = form((await site.get(ANSWERING)).text, 'name="opening_hours"')
    wrong = await site.post(ANSWERING, filled | {"opening_hours": "whenever"})
    assert wrong.status_code == 422
    assert "whenever" in wrong.text
    assert await site.value("SELECT count(*) FROM answering_hours") == 0


@pytest.mark.parametrize("role", [Role.ANALYST, Role.NODE])
async def test_other_roles_do_not_answer(site: ConsoleSite, asked: str, role: Role):
    await site.sign_in_as(site.browser, role)
    assert (await site.get(asked)).status_code == 403
    assert (await site.post(asked, answer("Hi"))).status_code == 403
    assert await site.value("SELECT count(*) FROM message") == 1


# --- against abuse ----------------------------------------------------------------------------------------------------


async def test_staff_report_a_message_to_the_install_and_may_block_its_author(site: ConsoleSite, asked: str):
    message = await site.value("SELECT id FROM message")
    assert f"{asked}/report?message={message}" in (await site.get(asked)).text
    assert "Is it &lt;b&gt;warm&lt;/b&gt;?" in (await site.get(f"{asked}/report?message={message}")).text
    wrong = await site.post(f"{asked}/report", {"message": str(message), "reason": "x"})
    assert wrong.status_code == 422
    assert await site.value("SELECT count(*) FROM moderation_case") == 0
    data = {"message": str(message), "reason": "harassment", "words": "Rude", "block": "1"}
    assert (await site.post(f"{asked}/report", data)).status_code == 303
    assert await site.value("SELECT kind || coalesce(merchant_id::text, '') FROM moderation_case") == "message"
    assert await site.value("SELECT count(*) FROM blocked_person") == 1


async def test_only_what_the_shopper_said_is_reported(site: ConsoleSite, asked: str):
    await site.post(asked, answer("Very"))
    own = await site.value("SELECT id FROM message WHERE author = 'staff'")
    assert (await site.get(f"{asked}/report?message={own}")).status_code == 404
    assert (await site.post(f"{asked}/report", {"message": str(own), "reason": "spam"})).status_code == 404
    assert await site.value("SELECT count(*) FROM moderation_case") == 0


async def test_a_message_that_moderators_dropped_is_not_shown_to_staff(site: ConsoleSite, asked: str):
    message = await site.value("SELECT id FROM message")
    await site.post(f"{asked}/report", {"message": str(message), "reason": "hate"})
    case = await site.value("SELECT id FROM moderation_case")
    operator = Moderator("operator:root", operator=True)
    for action, shown in ((Action.DROP, False), (Action.RESTORE, True)):
        await decide(site.db, operator, [case], Verdict(action, ReportReason.HATE), now())
        page = (await site.get(asked)).text
        assert ("warm" in page) is shown
        assert ("This message was removed by moderators." in page) is not shown
        key = await key_of(site.db, site.market, frozenset({ApiScope.CONVERSATIONS_READ}))
        url = f"/api/v1/merchant/conversations/{asked.rsplit('/', 1)[1]}/messages"
        [said] = (await site.browser.http.get(url, headers=key)).json()["rows"]
        assert (said["removed"], "warm" in said["body"]) == (not shown, shown)


# --- what waits -------------------------------------------------------------------------------------------------------


async def test_what_waits_for_the_stores_words_stands_in_one_list(site: ConsoleSite, asked: str):
    async with site.db.transaction() as conn:
        visit = await signed_in(conn, visitor())
        proof = ProofOfPurchase(new_id(), 1, site.market.merchant, site.market.scarf)
        review = await write(conn, visit, proof, ReviewDraft(2, "It shrank.", "Ann"), now())
        question = await ask(conn, visit, site.market.scarf, Said("Does it itch?", "Bo"), now())
    page = (await site.get("/console/inbox")).text
    listed = texts(page, ".waits b")
    assert sorted(listed) == ["Ann", "Bo", "Lin"]
    assert texts(page, ".tabs a")[1:] == ["Conversations 1", "Reviews 1", "Questions 1", "Comments 0"]
    assert texts((await site.get("/console/inbox?kind=question")).text, ".waits b") == ["Bo"]
    await site.post(f"/console/reviews/{review}/answer", {"answer": "We are sorry."})
    await site.post(f"/console/questions/{question}/answer", {"answer": "No."})
    await site.post(asked, answer("Very"))
    assert "Nothing waits for you" in (await site.get("/console/inbox")).text
    async with site.db.transaction() as conn:  # and both are told, once
        for payload in await conn.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = $1", ANSWER) * 2:
            await tell_of_answer(conn, msgspec.json.decode(payload["payload"], type=Answered))
        told = await conn.fetch("SELECT person_id, facts->>'words' AS words FROM notification ORDER BY words")
    assert [tuple(one) for one in told] == [(visit.member_id, "No."), (visit.member_id, "We are sorry.")]


async def test_one_person_keeps_no_more_streams_of_news_open_than_a_network_may(site: ConsoleSite, services: Services):
    places = [services.news.place(f"staff {site.staff[Role.OWNER]}") for _ in range(MAX_STREAMS[1])]
    refused = await site.get("/console/events")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    services.news.place(f"staff {uuid4()}").leave()  # nobody else is refused
    for place in places:
        place.leave()
