"""The moderators' queue: what it shows, decisions about several at once, and what follows in the shop."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from tests.channels.console.console_site import ConsoleSite, errors, form
from tests.content.helpers import a_visitor
from tests.html import every, values
from unwall.content.moderation.actions import report
from unwall.content.moderation.values import ReportDraft, Reported, ReportReason, Subject, SubjectKind
from unwall.kernel.clock import now
from unwall.kernel.ids import new_id
from unwall.people.values import Role
from unwall.services import Services

QUEUE = "/console/moderation"


async def reported(site: ConsoleSite, what: Reported, words: str = "") -> UUID:
    async with site.db.transaction() as conn:
        await report(conn, await a_visitor(conn), what, ReportDraft(ReportReason.SPAM, words), now())
        return await conn.fetchval("SELECT id FROM moderation_case WHERE subject_id = $1", what.subject.id)


@pytest.fixture
async def morning(site: ConsoleSite) -> Reported:
    return Reported(Subject(SubjectKind.POST, site.store.morning), site.market.merchant, "Morning", "/post/1")


async def test_what_was_reported_is_shown_with_what_was_said_of_it(site: ConsoleSite, morning: Reported) -> None:
    case_id = await reported(site, morning, "<script>alert(1)</script>")
    await reported(site, Reported(Subject(SubjectKind.POST, new_id()), None, "A member's post"))
    await reported(site, Reported(Subject(SubjectKind.POST, new_id()), site.rival.merchant, "The rival's post"))
    page = (await site.get(QUEUE)).text
    assert values(page, "li.case [type=checkbox]", "name") == [f"case.{case_id}"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Spam or advertising (1)" in page
    assert "The rival's post" not in page
    assert "A member's post" not in page


async def test_several_are_taken_down_at_once_and_leave_the_shop(site: ConsoleSite, morning: Reported) -> None:
    comment = Reported(Subject(SubjectKind.COMMENT, new_id()), site.market.merchant, "Casino")
    ids = [await reported(site, what) for what in (morning, comment)]
    fields = form((await site.get(QUEUE)).text, "data-queue")
    sent = {**fields, **{f"case.{one}": "1" for one in ids}, "action": "drop", "reason": "spam", "words": "Both"}
    assert (await site.post(QUEUE, sent)).status_code == 303
    assert every((await site.get(QUEUE)).text, "li.case") == []
    assert (
        await site.value("SELECT count(*) FROM moderation_decision WHERE actor LIKE 'staff:%' AND words = 'Both'") == 2
    )
    assert await site.value("SELECT count(*) FROM outbox WHERE post_id = $1", site.store.morning) == 0
    assert (await site.get(f"/post/{site.store.morning}")).status_code == 404
    again = await site.post(QUEUE, sent)
    assert again.status_code == 409
    assert await site.value("SELECT count(*) FROM moderation_decision") == 2


async def test_a_wrong_answer_is_named_and_the_choice_is_kept(site: ConsoleSite, morning: Reported) -> None:
    case_id = await reported(site, morning)
    sent = {f"case.{case_id}": "1", "action": "drop", "words": "Why not"}
    answer = await site.post(QUEUE, sent)
    assert answer.status_code == 422
    assert errors(answer.text) == {"f-reason": "Choose a reason."}
    assert values(answer.text, "li.case [checked]", "name") == [f"case.{case_id}"]
    assert values(answer.text, "[name=action][checked]", "value") == ["drop"]
    assert values(answer.text, "[name=words]", "value") == ["Why not"]
    assert (await site.post(QUEUE, {"action": "drop", "reason": "spam"})).status_code == 422
    assert (await site.post(QUEUE, sent | {"action": "appeal"})).status_code == 422
    assert await site.value("SELECT count(*) FROM moderation_decision") == 0


async def test_one_case_shows_its_audit_and_is_restored(site: ConsoleSite, morning: Reported) -> None:
    url = f"{QUEUE}/{await reported(site, morning)}"
    assert (await site.post(url, {"action": "warn", "reason": "false", "words": "Not from here"})).status_code == 303
    page = (await site.get(url)).text
    assert "Put behind a warning" in page
    assert "Not from here" in page
    shop = (await site.get(f"/post/{site.store.morning}")).text
    assert len(every(shop, "details > article")) == 1
    assert values(page, "[name=action]", "value") == ["restore", "drop"]
    assert (await site.post(url, {"action": "restore"})).status_code == 303
    assert every((await site.get(f"/post/{site.store.morning}")).text, "details > article") == []


async def test_what_was_changed_while_a_moderator_reads_it_is_not_decided(site: ConsoleSite, morning: Reported) -> None:
    """Its author could have it accepted with words that nobody has seen."""
    case_id = await reported(site, morning)
    url = f"{QUEUE}/{case_id}"
    listed = values((await site.get(QUEUE)).text, f"[name='case.{case_id}']", "value")[0]
    one = form((await site.get(url)).text, "data-queue")["version"]
    assert one == listed
    async with site.db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO post_edit (id, post_id, merchant_id, at, actor, changes)
            VALUES ($1, $2, $3, now(), 'staff:eve', '{"title": ["Morning", "Casino"]}')
            """,
            new_id(),
            site.store.morning,
            site.market.merchant,
        )
    for answer in (
        await site.post(url, {"action": "allow", "version": one}),
        await site.post(QUEUE, {"action": "allow", f"case.{case_id}": listed}),
    ):
        assert answer.status_code == 409
        assert "changed while you read it" in answer.text
    assert await site.value("SELECT count(*) FROM moderation_decision") == 0
    assert await site.value("SELECT state FROM moderation_case") == "open"
    again = form((await site.get(url)).text, "data-queue")["version"]
    assert (await site.post(url, {"action": "allow", "version": again})).status_code == 303


async def test_whose_second_opinion_is_asked_for_is_somebody_elses(site: ConsoleSite, morning: Reported) -> None:
    url = f"{QUEUE}/{await reported(site, morning)}"
    assert (await site.post(url, {"action": "second_opinion"})).status_code == 303
    refused = await site.post(url, {"action": "allow"})
    assert refused.status_code == 403
    assert "Somebody else decides this" in refused.text
    assert await site.value("SELECT state FROM moderation_case") == "second_opinion"


async def test_an_analyst_moderates_nothing(site: ConsoleSite, morning: Reported) -> None:
    case_id = await reported(site, morning)
    await site.sign_in_as(site.browser, Role.ANALYST)
    assert (await site.get(QUEUE)).status_code == 403
    assert (await site.post(f"{QUEUE}/{case_id}", {"action": "allow"})).status_code == 403


# --- reporting in the shop --------------------------------------------------------------------------------------------


async def test_a_shopper_reports_a_post_and_an_account_once(site: ConsoleSite) -> None:
    for kind, subject in (("post", site.store.morning), ("account", site.store.account)):
        url = f"/report/{kind}/{subject}"
        assert (await site.get(url)).status_code == 200
        wrong = await site.post(url, {"reason": "boring", "words": "Dull"})
        assert wrong.status_code == 422
        assert "Choose a reason." in wrong.text
        assert "Dull" in wrong.text
        for _ in range(2):
            assert (await site.post(url, {"reason": "scam", "words": "Dull"})).status_code == 303
    assert await site.value("SELECT count(*) FROM moderation_report WHERE reason = 'scam'") == 2
    assert await site.value("SELECT count(*) FROM moderation_case WHERE merchant_id = $1", site.market.merchant) == 2
    for wrong_url in (f"/report/post/{new_id()}", f"/report/order/{site.store.morning}", f"/report/comment/{new_id()}"):
        assert (await site.get(wrong_url)).status_code == 404
        assert (await site.post(wrong_url, {"reason": "scam"})).status_code == 404


# --- what discovery ranks by ------------------------------------------------------------------------------------------

WEIGHTS = f"{QUEUE}/discovery"


async def test_moderators_of_one_store_do_not_set_the_weights_of_the_install(site: ConsoleSite) -> None:
    assert (await site.get(WEIGHTS)).status_code == 403
    for url in (WEIGHTS, f"{WEIGHTS}/reset"):
        assert (await site.post(url, {"open": "1"})).status_code == 403
    assert WEIGHTS not in values((await site.get(QUEUE)).text, "a", "href")
    assert await site.value("SELECT count(*) FROM discovery_weights") == 0


async def test_the_installs_moderators_set_the_weights_and_go_back_to_those_of_the_start(
    site: ConsoleSite, services: Services
) -> None:
    object.__setattr__(services, "settings", replace(services.settings, moderator="liu-yun"))
    assert WEIGHTS in values((await site.get(QUEUE)).text, "a", "href")
    opened = form((await site.get(WEIGHTS)).text, 'name="order"')
    assert (opened["order"], opened["report"]) == ("20", "-230")

    # what is wrong is named, and nothing is saved
    answer = await site.post(WEIGHTS, opened | {"order": "1001", "hide": "5", "dwell": "nan"})
    assert answer.status_code == 422
    assert set(errors(answer.text)) == {"f-dwell"}
    answer = await site.post(WEIGHTS, opened | {"order": "1001", "hide": "5"})
    assert set(errors(answer.text)) == {"f-order", "f-hide"}
    assert await site.value("SELECT count(*) FROM discovery_weights") == 0

    # what is right holds; the second of two who saved is told
    assert (await site.post(WEIGHTS, opened | {"order": "30,5"})).status_code == 303
    assert await site.value("SELECT weights ->> 'order' FROM discovery_weights") == "30.5"
    assert (await site.post(WEIGHTS, opened | {"order": "40"})).status_code == 409
    page = (await site.get(WEIGHTS)).text
    assert form(page, 'name="order"')["order"] == "30.5"

    # and the start's are back, whoever asks twice
    for _ in range(2):
        assert (await site.post(f"{WEIGHTS}/reset")).status_code == 303
    assert form((await site.get(WEIGHTS)).text, 'name="order"') == opened
