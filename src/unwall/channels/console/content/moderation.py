"""The queue of what was reported or waits to be looked at: decided about one by one or several at once, with the audit
of each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post

from unwall.channels.console import listing, views
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm, form_of
from unwall.channels.design.values import Option, Tab
from unwall.channels.http import context
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.report_words import REASONS
from unwall.content.moderation import reads
from unwall.content.moderation.actions import NO_SUCH_CASE
from unwall.content.moderation.rules import OUTCOME, may_block
from unwall.content.moderation.values import (
    Action,
    Case,
    CaseState,
    Decision,
    Moderator,
    NoSuchCase,
    QueuedCase,
    ReportReason,
    SubjectKind,
    Verdict,
    Visibility,
)
from unwall.content.posts.reads import posts_in_any_state
from unwall.content.posts.values import Post
from unwall.kernel.database import Connection
from unwall.kernel.errors import UnwallError
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.people.values import Permission
from unwall.usecases import moderate

PATH = "/console/moderation"
SHOWN = 50
CHOSEN = "case."
KINDS = {
    SubjectKind.POST: N_("Post"),
    SubjectKind.ACCOUNT: N_("Account"),
    SubjectKind.COMMENT: N_("Comment"),
    SubjectKind.REVIEW: N_("Review"),
    SubjectKind.QUESTION: N_("Question"),
    SubjectKind.ANSWER: N_("Answer to a question"),
    SubjectKind.MESSAGE: N_("Message"),
    SubjectKind.MEDIA: N_("Picture or video"),
    SubjectKind.PRODUCT: N_("Product"),
    SubjectKind.BUNDLE: N_("Bundle"),
}
ACTIONS = {
    Action.ALLOW: N_("Allow"),
    Action.WARN: N_("Show behind a warning"),
    Action.DROP: N_("Take down"),
    Action.BLOCK: N_("Take down and block its pictures and videos"),
    Action.SECOND_OPINION: N_("Ask for a second opinion"),
}
DONE = {
    **ACTIONS,
    Action.ALLOW: N_("Allowed"),
    Action.WARN: N_("Put behind a warning"),
    Action.DROP: N_("Taken down"),
    Action.BLOCK: N_("Taken down, its pictures and videos blocked"),
    Action.RESTORE: N_("Restored"),
    Action.SECOND_OPINION: N_("A second opinion was asked for"),
    Action.APPEAL: N_("Who made it appealed"),
}
STATES = {
    CaseState.OPEN: N_("Waiting"),
    CaseState.SECOND_OPINION: N_("Second opinion"),
    CaseState.APPEALED: N_("Appeal"),
    CaseState.CLOSED: N_("Decided"),
}
SEEN = {
    Visibility.ALLOW: (N_("Shown"), "good"),
    Visibility.WARN: (N_("Behind a warning"), "soon"),
    Visibility.DROP: (N_("Not shown"), "bad"),
}
KEYS = {Action.ALLOW: "a", Action.WARN: "w", Action.DROP: "d", Action.BLOCK: "b", Action.SECOND_OPINION: "s"}


class CaseRow(msgspec.Struct, frozen=True):
    id: str
    url: str
    kind: str
    text: str
    shop_url: str
    image: str | None
    author: str
    state: str
    seen: str
    tone: str
    reasons: list[str]
    words: Sequence[str]
    opened: str
    chosen: bool = False
    version: str = ""
    """of a post, as it is shown"""


class ActionChoice(msgspec.Struct, frozen=True):
    value: str
    label: str
    key: str


class VerdictForm(msgspec.Struct, frozen=True):
    """What was chosen, where the form is shown again."""

    action: str = ""
    reason: str = ""
    words: str = ""


class ModerationPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/moderation.html"

    path: str
    weights_url: str | None
    """for moderators of the install"""
    tabs: list[Tab]
    cases: list[CaseRow]
    decided: bool
    actions: list[ActionChoice]
    reasons: list[Option]
    verdict: VerdictForm
    errors: FieldTexts
    problem: str | None
    next_url: str | None


class AuditEntry(msgspec.Struct, frozen=True):
    at: str
    actor: str
    what: str
    reason: str
    words: str


class CasePage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/moderation_case.html"

    path: str
    case: CaseRow
    version: str
    """of a post, as it is shown"""
    body_html: str
    pictures: list[str]
    audit: list[AuditEntry]
    actions: list[ActionChoice]
    reasons: list[Option]
    verdict: VerdictForm
    errors: FieldTexts
    problem: str | None


def moderator_of(ctx: ConsoleContext) -> Moderator:
    return context.moderator_of(ctx.services, ctx.staff, ctx.merchant.slug)


@get(PATH, permission=Permission.MODERATE, include_in_schema=False)
async def queue(ctx: ConsoleContext) -> Response[str]:
    return await _queue(ctx)


async def _queue(
    ctx: ConsoleContext, form: SubmittedForm | None = None, error: UnwallError | None = None
) -> Response[str]:
    moderator, decided, asked = moderator_of(ctx), ctx.query.get("state") == "closed", ctx.query.get("kind", "")
    kind = SubjectKind(asked) if asked in set(SubjectKind) else None
    async with moderate.moderating(ctx.services.db, moderator) as conn:
        after = None
        if decided:
            page = await reads.decided(conn, moderator, after=ctx.query.get("after"), limit=SHOWN)
            cases, after = page.rows, page.after
        else:
            cases = await reads.queue(conn, moderator, kind, SHOWN)
        waiting = await reads.waiting(conn, moderator)
        rows = await _rows(conn, ctx, cases, form)
    tabs = [
        Tab(PATH, f"{ctx.words(STATES[CaseState.OPEN])} ({views.number(ctx, waiting)})", not decided and kind is None)
    ]
    if not decided:
        shown = {one.case.kind for one in cases} | ({kind} if kind else set())
        tabs += [
            Tab(listing.address(PATH, kind=one.value), ctx.words(KINDS[one]), kind is one)
            for one in SubjectKind
            if one in shown
        ]
    tabs.append(Tab(f"{PATH}?state=closed", ctx.words(STATES[CaseState.CLOSED]), decided))
    return ctx.page(
        ModerationPage(
            title=ctx.words(N_("Moderation")),
            path=PATH,
            weights_url=f"{PATH}/discovery" if may_block(moderator) else None,
            tabs=tabs,
            cases=rows,
            decided=decided,
            actions=_actions(ctx),
            reasons=_reasons(ctx),
            verdict=_verdict_form(form),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
            next_url=listing.address(PATH, state="closed", after=after) if after else None,
        ),
        error,
    )


@post(PATH, permission=Permission.MODERATE, include_in_schema=False, status_code=303)
async def decide(ctx: ConsoleContext) -> Response[Any]:
    """About all cases that are chosen, or about none of them."""
    form = await form_of(ctx.request)
    chosen = [parse_id(name.removeprefix(CHOSEN)) for name in form.fields if name.startswith(CHOSEN)]
    case_ids = [case_id for case_id in chosen if case_id]
    seen = [parse_id(form.text(f"{CHOSEN}{case_id}")) for case_id in case_ids]
    try:
        await _decide(ctx, form, case_ids, seen)
    except UnwallError as error:
        return await _queue(ctx, form, error)
    return see_other(PATH)


async def _decide(ctx: ConsoleContext, form: SubmittedForm, case_ids: list[UUID], seen: list[UUID | None]) -> None:
    """`seen`: the version of each, where it has one."""
    action = form.read("action", Action, Action.ALLOW, N_("Choose what to do."))
    reason = form.read("reason", ReportReason, ReportReason.OTHER) if form.text("reason") else None
    form.check()
    verdict = Verdict(action, reason, form.text("words"))
    versions = [one for one in seen if one]
    await moderate.decide(ctx.services.db, moderator_of(ctx), case_ids, verdict, ctx.now, seen=versions)
    ctx.flash(ctx.count("{n} is decided.", "{n} are decided.", len(case_ids)))


@get(f"{PATH}/{{case_id:uuid}}", permission=Permission.MODERATE, include_in_schema=False)
async def case(ctx: ConsoleContext, case_id: UUID) -> Response[str]:
    return await _case(ctx, case_id)


@post(f"{PATH}/{{case_id:uuid}}", permission=Permission.MODERATE, include_in_schema=False, status_code=303)
async def decide_one(ctx: ConsoleContext, case_id: UUID) -> Response[Any]:
    form = await form_of(ctx.request)
    try:
        await _decide(ctx, form, [case_id], [parse_id(form.text("version"))])
    except NoSuchCase:
        raise
    except UnwallError as error:
        return await _case(ctx, case_id, form, error)
    return see_other(PATH)


async def _case(
    ctx: ConsoleContext, case_id: UUID, form: SubmittedForm | None = None, error: UnwallError | None = None
) -> Response[str]:
    moderator = moderator_of(ctx)
    async with moderate.moderating(ctx.services.db, moderator) as conn:
        queued = await reads.queued_case(conn, moderator, case_id)
        if queued is None:
            raise NoSuchCase(NO_SUCH_CASE)
        versions = await moderate.versions_of(conn, [queued.case.subject])
        shown = await _posts(conn, ctx, [queued])
        audit = await reads.decisions(conn, case_id)
        pictures = await moderate.pictures_of(conn, queued.case.subject)
    one = shown.get(queued.case.subject_id)
    return ctx.page(
        CasePage(
            title=f"{ctx.words(KINDS[queued.case.kind])}: {queued.case.excerpt[:60]}",
            path=PATH,
            case=_row(ctx, queued, one, form),
            version=str(versions.get(queued.case.subject_id, "")),
            body_html=one.body_html if one else "",
            pictures=[url for file in (*pictures, *_files(one)) if (url := thumbnail_url(file))],
            audit=[_entry(ctx, entry) for entry in audit],
            actions=_actions(ctx, queued.case),
            reasons=_reasons(ctx),
            verdict=_verdict_form(form),
            errors=ctx.field_errors(error),
            problem=ctx.problem(error),
        ),
        error,
    )


def _files(one: Post | None) -> list[str]:
    return [media.file for media in one.media] if one else []


# --- what is shown ----------------------------------------------------------------------------------------------------


async def _rows(
    conn: Connection, ctx: ConsoleContext, cases: Sequence[QueuedCase], form: SubmittedForm | None
) -> list[CaseRow]:
    versions = await moderate.versions_of(conn, [one.case.subject for one in cases])
    shown = await _posts(conn, ctx, cases)
    rows = [_row(ctx, one, shown.get(one.case.subject_id), form) for one in cases]
    of = [str(versions.get(one.case.subject_id, "")) for one in cases]
    return [msgspec.structs.replace(row, version=version) for row, version in zip(rows, of, strict=True)]


async def _posts(conn: Connection, ctx: ConsoleContext, cases: Sequence[QueuedCase]) -> dict[UUID, Post]:
    ids = [one.case.subject_id for one in cases if one.case.kind is SubjectKind.POST]
    return await posts_in_any_state(conn, ids, ctx.lang) if ids else {}


def _row(ctx: ConsoleContext, queued: QueuedCase, shown: Post | None, form: SubmittedForm | None) -> CaseRow:
    one = queued.case
    seen, tone = SEEN[one.visibility]
    return CaseRow(
        id=str(one.id),
        url=f"{PATH}/{one.id}",
        kind=ctx.words(KINDS[one.kind]),
        text=one.excerpt or ctx.words(N_("Without words")),
        shop_url=one.url,
        image=thumbnail_url(shown.media[0].file) if shown and shown.media else None,
        author=shown.account_name if shown else "",
        state=ctx.words(STATES[one.state]),
        seen=ctx.words(seen),
        tone=tone,
        reasons=[f"{ctx.words(REASONS[each.reason])} ({views.number(ctx, each.reports)})" for each in queued.reasons],
        words=queued.words,
        opened=views.moment(ctx, one.opened_at),
        chosen=form is not None and form.has(f"{CHOSEN}{one.id}"),
    )


def _entry(ctx: ConsoleContext, entry: Decision) -> AuditEntry:
    return AuditEntry(
        at=views.moment(ctx, entry.at),
        actor=entry.actor,
        what=ctx.words(DONE[entry.action]),
        reason=ctx.words(REASONS[entry.reason]) if entry.reason else "",
        words=entry.words,
    )


def _actions(ctx: ConsoleContext, one: Case | None = None) -> list[ActionChoice]:
    """Those that would change the case, and that the moderator may choose."""
    choices = {action: label for action, label in ACTIONS.items() if action is not Action.BLOCK or _may_block(ctx, one)}
    if one and one.state is CaseState.CLOSED:
        choices = {
            action: label
            for action, label in choices.items()
            if action is Action.BLOCK or OUTCOME.get(action, one.visibility) is not one.visibility
        }
    if one and one.visibility is not Visibility.ALLOW:
        choices = {Action.RESTORE: N_("Show it again"), **choices}
        choices.pop(Action.ALLOW, None)
    return [ActionChoice(action.value, ctx.words(label), KEYS.get(action, "a")) for action, label in choices.items()]


def _may_block(ctx: ConsoleContext, one: Case | None) -> bool:
    return may_block(moderator_of(ctx)) and (one is None or one.kind in moderate.WITH_MEDIA)


def _reasons(ctx: ConsoleContext) -> list[Option]:
    return [Option("", "–"), *(Option(reason.value, ctx.words(label)) for reason, label in REASONS.items())]


def _verdict_form(form: SubmittedForm | None) -> VerdictForm:
    return VerdictForm(form.text("action"), form.text("reason"), form.text("words")) if form else VerdictForm()


HANDLERS: list[Any] = [queue, decide, case, decide_one]
