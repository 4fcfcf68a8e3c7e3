"""Who may decide, what a decision leads to, and when reports count by themselves."""

from datetime import timedelta

import msgspec

from unwall.content.moderation.values import (
    Action,
    AlreadyDecided,
    Case,
    CaseState,
    Moderator,
    ReportDraft,
    SomebodyElse,
    SubjectKind,
    Verdict,
    Visibility,
)
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_
from unwall.people.rules import permit
from unwall.people.values import Permission, Staff

MAX_REPORTS_PER_HOUR = 20
"""By one person."""
MAX_REPORT_CHARACTERS = 1000
MAX_EXCERPT_CHARACTERS = 500
MEMBERSHIP = timedelta(days=3)
"""How long somebody must have been a member for their reports to count by themselves."""
MEMBER_REPORTS_TO_WARN = 5
"""Reports of such members after which what another member made stands behind a warning, until somebody decides."""
MEMBER_REPORTS_TO_DROP = 10
"""The same, after which it is not shown at all."""
REPORTS_TO_REOPEN = 3
"""How many new reports bring a subject that was decided about into the queue again."""
MAX_BATCH_CASES = 100

OUTCOME = {
    Action.ALLOW: Visibility.ALLOW,
    Action.RESTORE: Visibility.ALLOW,
    Action.WARN: Visibility.WARN,
    Action.DROP: Visibility.DROP,
    Action.BLOCK: Visibility.DROP,
}
_NEED_REASON = frozenset({Action.WARN, Action.DROP, Action.BLOCK})
_ONLY_BY_PEOPLE = frozenset({SubjectKind.PRODUCT, SubjectKind.BUNDLE})
"""Of which reports decide nothing by themselves: rivals would take goods off sale."""
_BY_ANOTHER = frozenset({CaseState.SECOND_OPINION, CaseState.APPEALED})


def staff_moderator(staff: Staff, *, install: bool) -> Moderator:
    """`install`: of the merchant whose staff moderate the install. Raises `Forbidden`."""
    permit(staff, Permission.MODERATE)
    return Moderator(f"staff:{staff.email}", staff.merchant_id, install=install)


def operator(name: str) -> Moderator:
    """Who runs the install, at its command line."""
    return Moderator(f"operator:{name}", install=True, operator=True)


def may_judge(moderator: Moderator, case: Case) -> bool:
    if moderator.operator:
        return True
    return moderator.install if case.merchant_id is None else case.merchant_id == moderator.merchant_id


def may_block(moderator: Moderator) -> bool:
    """Pictures and videos are blocked for everybody on the install, so no single merchant's moderators do it."""
    return moderator.install or moderator.operator


def check_report(draft: ReportDraft) -> ReportDraft:
    """The report as it is stored. Raises `Invalid`."""
    if len(draft.words) > MAX_REPORT_CHARACTERS:
        raise Invalid.one("words", N_("This is too long."))
    return ReportDraft(draft.reason, typed.paragraphs(draft.words))


def check_verdict(verdict: Verdict) -> Verdict:
    """The verdict as it is stored. Raises `Invalid`."""
    errors = []
    if verdict.action is Action.APPEAL:
        errors.append(FieldError("action", N_("Choose one of the answers offered.")))
    if verdict.action in _NEED_REASON and verdict.reason is None:
        errors.append(FieldError("reason", N_("Choose a reason.")))
    if len(verdict.words) > MAX_REPORT_CHARACTERS:
        errors.append(FieldError("words", N_("This is too long.")))
    if errors:
        raise Invalid(errors)
    return msgspec.structs.replace(verdict, words=typed.paragraphs(verdict.words))


def reported(case: Case, *, by_member: bool) -> Case:
    """The case after one more report. What a moderator has decided stands; it is looked at again after some more."""
    undecided, members = case.undecided_reports + 1, case.member_reports + by_member
    state, visibility = case.state, case.visibility
    needed = REPORTS_TO_REOPEN if case.decided_by else 1
    if state is CaseState.CLOSED and visibility is not Visibility.DROP and undecided >= needed:
        state = CaseState.OPEN
    if case.merchant_id is None and not case.decided_by and case.kind not in _ONLY_BY_PEOPLE:
        if members >= MEMBER_REPORTS_TO_DROP:
            visibility = Visibility.DROP
        elif members >= MEMBER_REPORTS_TO_WARN and visibility is Visibility.ALLOW:
            visibility = Visibility.WARN
    return msgspec.structs.replace(
        case,
        state=state,
        visibility=visibility,
        reports=case.reports + 1,
        member_reports=members,
        undecided_reports=undecided,
    )


def judged(case: Case, moderator: Moderator, action: Action) -> Case:
    """The case after a moderator's action. Raises `SomebodyElse`, or `AlreadyDecided` where it is as the action wants
    it already."""
    if case.state in _BY_ANOTHER and case.decided_by == moderator.name:
        raise SomebodyElse(N_("Somebody else decides this: you were the first to look at it."))
    if action is Action.SECOND_OPINION:
        if case.state is not CaseState.OPEN:
            raise AlreadyDecided(N_("This was decided meanwhile."))
        return msgspec.structs.replace(case, state=CaseState.SECOND_OPINION, decided_by=moderator.name)
    if action is Action.BLOCK and not may_block(moderator):
        raise Invalid.one("action", N_("Choose one of the answers offered."))
    wanted = OUTCOME[action]
    if case.state is CaseState.CLOSED and case.visibility is wanted and action is not Action.BLOCK:
        raise AlreadyDecided(N_("This was decided meanwhile."))
    return msgspec.structs.replace(
        case, state=CaseState.CLOSED, visibility=wanted, decided_by=moderator.name, undecided_reports=0
    )


def appealed(case: Case) -> Case:
    """Raises `AlreadyDecided` where there is nothing to appeal against, or an appeal waits."""
    if case.state is not CaseState.CLOSED or case.visibility is Visibility.ALLOW:
        raise AlreadyDecided(N_("There is nothing to appeal against, or your appeal is waiting."))
    return msgspec.structs.replace(case, state=CaseState.APPEALED)
