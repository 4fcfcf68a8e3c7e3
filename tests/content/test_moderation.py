"""Reports, the queue, decisions and their audit, second opinions and appeals."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.content.helpers import a_members_account, a_merchant, a_visitor, signed_in
from tests.content.test_video_posts import a_video
from unwall.content.moderation import actions, reads, rules
from unwall.content.moderation.values import (
    Action,
    AlreadyDecided,
    CaseState,
    Moderator,
    NoSuchCase,
    ReportDraft,
    Reported,
    ReportReason,
    SomebodyElse,
    Subject,
    SubjectKind,
    Verdict,
    Visibility,
)
from unwall.content.posts import actions as posts
from unwall.content.posts.values import Media, PostDraft
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database, Transaction
from unwall.kernel.errors import Forbidden, Invalid, TooMany
from unwall.kernel.ids import new_id
from unwall.media import actions as media
from unwall.people.values import Role, Staff
from unwall.usecases import moderate

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SPAM = ReportDraft(ReportReason.SPAM, "Buy followers here")
DROP = Verdict(Action.DROP, ReportReason.SPAM, "Sells followers")
INSTALL = Moderator("operator:root", install=True, operator=True)


def members_post() -> Reported:
    return Reported(Subject(SubjectKind.POST, new_id()), None, "My walk", "/post/1")


async def reported_by(
    conn: Transaction, people: int, what: Reported, draft: ReportDraft = SPAM, *, members: bool = False
) -> None:
    """`members`: who have been so for long enough that their reports count by themselves."""
    for _ in range(people):
        visit = await a_visitor(conn)
        if members:
            visit = await signed_in(conn, visit)
            sql = "UPDATE member SET created_at = $2 WHERE id = $1"
            await conn.execute(sql, visit.member_id, AT - rules.MEMBERSHIP)
        await actions.report(conn, visit, what, draft, AT)


async def only_case(conn: Connection, what: Reported):
    case = await reads.case_of(conn, what.subject)
    assert case is not None
    return case


# --- reports ----------------------------------------------------------------------------------------------------------


async def test_a_report_opens_a_case_with_what_was_seen_and_why(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        await actions.report(conn, await a_visitor(conn), what, ReportDraft(ReportReason.SCAM), AT)
        await actions.report(conn, await a_visitor(conn), what, SPAM, AT + timedelta(seconds=1))
        await actions.report(conn, await a_visitor(conn), what, ReportDraft(ReportReason.SPAM), AT)
        [queued] = await reads.queue(conn, INSTALL, None, 10)
    assert queued.case == await _read(db, what)
    assert (queued.case.excerpt, queued.case.url, queued.case.reports) == ("My walk", "/post/1", 3)
    assert [(one.reason, one.reports) for one in queued.reasons] == [(ReportReason.SPAM, 2), (ReportReason.SCAM, 1)]
    assert queued.words == ("Buy followers here",)
    assert queued.case.visibility is Visibility.ALLOW


async def _read(db: Database, what: Reported):
    async with db.read() as conn:
        return await only_case(conn, what)


async def test_a_person_reports_a_subject_once_also_as_the_member_they_become(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        await actions.report(conn, visit, what, SPAM, AT)
        await actions.report(conn, visit, what, ReportDraft(ReportReason.HATE), AT)
        member = await signed_in(conn, visit)
        await actions.report(conn, member, what, SPAM, AT)
        case = await only_case(conn, what)
        assert (case.reports, case.member_reports) == (1, 0)
        assert await conn.fetchval("SELECT array_agg(reason) FROM moderation_report") == ["spam"]


async def test_somebody_who_reports_without_end_is_asked_to_wait(db: Database) -> None:
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        for _ in range(rules.MAX_REPORTS_PER_HOUR):
            await actions.report(conn, visit, members_post(), SPAM, AT)
        with pytest.raises(TooMany):
            await actions.report(conn, visit, members_post(), SPAM, AT + timedelta(minutes=59))
        assert await conn.fetchval("SELECT count(*) FROM moderation_case") == rules.MAX_REPORTS_PER_HOUR
        await actions.report(conn, visit, members_post(), SPAM, AT + timedelta(minutes=61))


async def test_a_report_that_is_too_long_is_refused_and_opens_nothing(db: Database) -> None:
    async with db.transaction() as conn:
        long = ReportDraft(ReportReason.OTHER, "x" * (rules.MAX_REPORT_CHARACTERS + 1))
        with pytest.raises(Invalid) as refused:
            await actions.report(conn, await a_visitor(conn), members_post(), long, AT)
        assert list(refused.value.by_field()) == ["words"]
        assert await conn.fetchval("SELECT count(*) FROM moderation_case") == 0


async def test_many_members_hide_what_a_member_made_until_somebody_decides(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        await reported_by(conn, rules.MEMBER_REPORTS_TO_WARN - 1, what, members=True)
        assert await reads.visibility(conn, what.subject) is Visibility.ALLOW
        await reported_by(conn, 1, what, members=True)
        assert await reads.visibility(conn, what.subject) is Visibility.WARN
        await reported_by(conn, rules.MEMBER_REPORTS_TO_DROP - rules.MEMBER_REPORTS_TO_WARN, what, members=True)
        assert await reads.visibility(conn, what.subject) is Visibility.DROP
        case = await only_case(conn, what)
        assert case.state is CaseState.OPEN
        audit = [(one.actor, one.action) for one in await reads.decisions(conn, case.id)]
        assert audit == [("reports", Action.WARN), ("reports", Action.DROP)]
        await actions.decide(conn, INSTALL, [case.id], Verdict(Action.ALLOW), AT)
        await reported_by(conn, rules.MEMBER_REPORTS_TO_DROP, what, members=True)
        assert await reads.visibility(conn, what.subject) is Visibility.ALLOW
        assert (await only_case(conn, what)).state is CaseState.OPEN


async def test_who_signs_up_ten_times_hides_nothing(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        for _ in range(rules.MEMBER_REPORTS_TO_DROP):
            await actions.report(conn, await signed_in(conn, await a_visitor(conn)), what, SPAM, AT)
        assert await reads.visibility(conn, what.subject) is Visibility.ALLOW
        assert (await only_case(conn, what)).state is CaseState.OPEN


async def test_neither_visitors_nor_reports_of_a_merchants_subject_hide_anything(db: Database) -> None:
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        theirs, ours = members_post(), Reported(Subject(SubjectKind.POST, new_id()), merchant)
        await reported_by(conn, rules.MEMBER_REPORTS_TO_DROP, theirs)
        await reported_by(conn, rules.MEMBER_REPORTS_TO_DROP, ours, members=True)
        for what in (theirs, ours):
            assert await reads.visibility(conn, what.subject) is Visibility.ALLOW


async def test_what_was_decided_comes_back_after_some_more_reports_and_not_once_it_is_dropped(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        await reported_by(conn, 1, what)
        case = await only_case(conn, what)
        await actions.decide(conn, INSTALL, [case.id], Verdict(Action.ALLOW), AT)
        await reported_by(conn, rules.REPORTS_TO_REOPEN - 1, what)
        assert (await only_case(conn, what)).state is CaseState.CLOSED
        await reported_by(conn, 1, what)
        assert (await only_case(conn, what)).state is CaseState.OPEN
        await actions.decide(conn, INSTALL, [case.id], DROP, AT)
        await reported_by(conn, rules.REPORTS_TO_REOPEN, what)
        assert (await only_case(conn, what)).state is CaseState.CLOSED


# --- decisions --------------------------------------------------------------------------------------------------------


async def test_several_are_decided_at_once_each_with_its_entry_in_the_audit(db: Database) -> None:
    first, second = members_post(), members_post()
    async with db.transaction() as conn:
        for what in (first, second):
            await reported_by(conn, 1, what)
        ids = [one.case.id for one in await reads.queue(conn, INSTALL, None, 10)]
    decided = await moderate.decide(db, INSTALL, ids, DROP, AT)
    assert {(one.subject, one.visibility) for one in decided} == {
        (first.subject, Visibility.DROP),
        (second.subject, Visibility.DROP),
    }
    async with db.read() as conn:
        assert await reads.visibilities(conn, SubjectKind.POST, [first.subject.id, second.subject.id, new_id()]) == {
            first.subject.id: Visibility.DROP,
            second.subject.id: Visibility.DROP,
        }
        assert await reads.visibilities(conn, SubjectKind.COMMENT, [first.subject.id]) == {}
        assert await reads.queue(conn, INSTALL, None, 10) == []
        for case_id in ids:
            [entry] = await reads.decisions(conn, case_id)
            assert (entry.actor, entry.action, entry.reason, entry.words) == (
                "operator:root",
                Action.DROP,
                ReportReason.SPAM,
                "Sells followers",
            )


async def test_nothing_is_decided_where_one_of_them_was_decided_meanwhile(db: Database) -> None:
    first, second = members_post(), members_post()
    async with db.transaction() as conn:
        for what in (first, second):
            await reported_by(conn, 1, what)
        ids = [(await only_case(conn, what)).id for what in (first, second)]
    await moderate.decide(db, INSTALL, ids[:1], DROP, AT)
    with pytest.raises(AlreadyDecided):
        await moderate.decide(db, INSTALL, ids, DROP, AT)
    async with db.read() as conn:
        assert await reads.visibility(conn, second.subject) is Visibility.ALLOW
        assert await reads.decisions(conn, ids[1]) == []


async def test_dropping_needs_a_reason_and_an_appeal_is_no_decision(db: Database) -> None:
    for verdict, field in (
        (Verdict(Action.DROP), "reason"),
        (Verdict(Action.WARN), "reason"),
        (Verdict(Action.APPEAL), "action"),
        (Verdict(Action.ALLOW, words="x" * 1001), "words"),
    ):
        with pytest.raises(Invalid) as refused:
            await moderate.decide(db, INSTALL, [new_id()], verdict, AT)
        assert list(refused.value.by_field()) == [field]
    for wrong in ([], [new_id() for _ in range(rules.MAX_BATCH_CASES + 1)]):
        with pytest.raises(Invalid) as refused:
            await moderate.decide(db, INSTALL, wrong, DROP, AT)
        assert list(refused.value.by_field()) == ["case"]


async def test_moderators_decide_about_their_merchants_subjects_and_the_installs_if_they_are_named(
    db: Database,
) -> None:
    async with db.transaction() as conn:
        tea, silk = await a_merchant(conn, "tea"), await a_merchant(conn, "silk")
        ours, members = Reported(Subject(SubjectKind.COMMENT, new_id()), tea), members_post()
        for what in (ours, members):
            await reported_by(conn, 1, what)
        our_case, members_case = (await only_case(conn, ours)).id, (await only_case(conn, members)).id
    mei, wu = Moderator("staff:mei@tea.example", tea), Moderator("staff:wu@silk.example", silk)
    named = Moderator("staff:wu@silk.example", silk, install=True)
    for moderator, sees in ((mei, [our_case]), (wu, []), (named, [members_case]), (INSTALL, [our_case, members_case])):
        async with moderate.moderating(db, moderator) as conn:
            assert {one.case.id for one in await reads.queue(conn, moderator, None, 10)} == set(sees)
            assert await reads.waiting(conn, moderator) == len(sees)
    for moderator, case_id in ((mei, members_case), (wu, our_case), (wu, members_case), (named, our_case)):
        with pytest.raises(NoSuchCase):
            await moderate.decide(db, moderator, [case_id], DROP, AT)
    await moderate.decide(db, mei, [our_case], DROP, AT)
    await moderate.decide(db, named, [members_case], DROP, AT)


def test_only_who_may_moderate_is_a_moderator() -> None:
    mei = Staff(new_id(), new_id(), "mei@tea.example", "Mei", Role.EDITOR, None, True)
    assert rules.staff_moderator(mei, install=False) == Moderator("staff:mei@tea.example", mei.merchant_id)
    for role in (Role.ANALYST, Role.STOCK, Role.NODE):
        with pytest.raises(Forbidden):
            rules.staff_moderator(Staff(mei.id, mei.merchant_id, mei.email, "Mei", role, None, True), install=False)


# --- second opinions, appeals, review ---------------------------------------------------------------------------------


async def test_a_second_opinion_is_somebody_elses(db: Database) -> None:
    what = members_post()
    other = Moderator("operator:wu", install=True, operator=True)
    async with db.transaction() as conn:
        await reported_by(conn, 1, what)
        case = await only_case(conn, what)
        doubt = Verdict(Action.SECOND_OPINION, words="Is this satire?")
        assert await actions.decide(conn, INSTALL, [case.id], doubt, AT) == []
        assert (await only_case(conn, what)).state is CaseState.SECOND_OPINION
        with pytest.raises(SomebodyElse):
            await actions.decide(conn, INSTALL, [case.id], DROP, AT)
        with pytest.raises(AlreadyDecided):
            await actions.decide(conn, other, [case.id], doubt, AT)
        await actions.decide(conn, other, [case.id], Verdict(Action.ALLOW), AT)
        audit = [(one.actor, one.action, one.words) for one in await reads.decisions(conn, case.id)]
        assert audit == [
            ("operator:root", Action.SECOND_OPINION, "Is this satire?"),
            ("operator:wu", Action.ALLOW, ""),
        ]


async def test_who_made_it_appeals_once_and_another_moderator_restores_it(db: Database) -> None:
    what = members_post()
    other = Moderator("operator:wu", install=True, operator=True)
    async with db.transaction() as conn:
        with pytest.raises(NoSuchCase):
            await actions.appeal(conn, what.subject, "member:lin", "It is mine", AT)
        await reported_by(conn, 1, what)
        case = await only_case(conn, what)
        with pytest.raises(AlreadyDecided):
            await actions.appeal(conn, what.subject, "member:lin", "It is mine", AT)
        await actions.decide(conn, INSTALL, [case.id], DROP, AT)
        with pytest.raises(Invalid):
            await actions.appeal(conn, what.subject, "member:lin", "  ", AT)
        await actions.appeal(conn, what.subject, "member:lin", "It is my own walk", AT)
        with pytest.raises(AlreadyDecided):
            await actions.appeal(conn, what.subject, "member:lin", "Again", AT)
        assert await reads.visibility(conn, what.subject) is Visibility.DROP
        with pytest.raises(SomebodyElse):
            await actions.decide(conn, INSTALL, [case.id], Verdict(Action.RESTORE), AT)
        [restored] = await actions.decide(conn, other, [case.id], Verdict(Action.RESTORE), AT)
        assert (restored.before, restored.visibility, restored.awaited) == (Visibility.DROP, Visibility.ALLOW, True)
        assert await reads.visibility(conn, what.subject) is Visibility.ALLOW


async def test_what_is_sent_in_waits_as_it_was_sent_last(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        await actions.submit(conn, what, AT)
        await actions.submit(conn, Reported(what.subject, None, "My other walk", "/post/1"), AT)
        [queued] = await reads.queue(conn, INSTALL, SubjectKind.POST, 10)
        assert (queued.case.excerpt, queued.case.reports, queued.reasons) == ("My other walk", 0, ())
        assert await reads.queue(conn, INSTALL, SubjectKind.COMMENT, 10) == []
        await actions.withdraw(conn, what.subject)
        assert await reads.queue(conn, INSTALL, None, 10) == []


async def test_the_audit_cannot_be_changed(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        await reported_by(conn, 1, what)
        await actions.decide(conn, INSTALL, [(await only_case(conn, what)).id], DROP, AT)
    for sql in ("UPDATE moderation_decision SET actor = 'nobody'", "DELETE FROM moderation_decision"):
        async with db.read() as conn:
            with pytest.raises(asyncpg.RaiseError):
                await conn.execute(sql)


async def test_two_who_report_at_once_are_both_counted(db: Database) -> None:
    what = members_post()
    async with db.transaction() as conn:
        visits: list[Visit] = [await a_visitor(conn) for _ in range(2)]
    async with db.transaction() as first:
        await actions.report(first, visits[0], what, SPAM, AT)
        async with db.transaction() as second:
            await second.execute("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(asyncpg.LockNotAvailableError):
                async with second.transaction():
                    await actions.report(second, visits[1], what, SPAM, AT)
    async with db.transaction() as second:
        await actions.report(second, visits[1], what, SPAM, AT)
        assert (await only_case(second, what)).reports == 2


async def test_what_is_blocked_is_dropped_and_its_media_are_refused_until_it_is_restored(db: Database) -> None:
    async with db.transaction() as conn:
        actor, account = await a_members_account(conn, "lin")
    video_id = await a_video(db, member_id=actor.owner.member_id, state="ready")
    hills = f"ab/{'a' * 40}-8x8.webp"
    looks = {hills: 0x1234, str(video_id): -0x77}
    async with db.transaction() as conn:
        for key, look in looks.items():
            await media.remember_looks(conn, key, [look], "pictures")
        shown = (Media(hills, "", 8, 8), Media("", "", 8, 8, video_id))
        draft = PostDraft(account, title="Hills", media=shown)
        post_id = await posts.save_draft(conn, actor, draft)
        await posts.publish(conn, actor, post_id, AT)
        await reported_by(conn, 1, Reported(Subject(SubjectKind.POST, post_id), None, "Hills"))
        [case] = await reads.queue(conn, INSTALL, None, 9)
    verdict = Verdict(Action.BLOCK, ReportReason.RIGHTS, "Stolen")
    [decided] = await moderate.decide(db, INSTALL, [case.case.id], verdict, AT)
    assert decided.visibility is Visibility.DROP
    async with db.read() as conn:
        assert {r["look"] for r in await conn.fetch("SELECT look FROM blocked_look")} == set(looks.values())
        assert await conn.fetchval("SELECT state FROM video") == "blocked"
        assert [one.action for one in await reads.decisions(conn, case.case.id)] == [Action.BLOCK]
    await moderate.decide(db, INSTALL, [case.case.id], Verdict(Action.RESTORE), AT)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM blocked_look") == 0
        assert await conn.fetchval("SELECT state FROM video") == "uploaded"  # it is made anew


async def test_the_moderators_of_one_merchant_block_nothing_for_everybody(db: Database) -> None:
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        await reported_by(conn, 1, Reported(Subject(SubjectKind.POST, new_id()), merchant, "Hills"))
    mei = Moderator("staff:mei", merchant)
    async with moderate.moderating(db, mei) as conn:
        [case] = await reads.queue(conn, mei, None, 9)
    with pytest.raises(Invalid):
        await moderate.decide(db, mei, [case.case.id], Verdict(Action.BLOCK, ReportReason.RIGHTS), AT)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM moderation_decision") == 0
