"""Commands by which the operator decides about what was reported: of every merchant, and of none."""

import getpass
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from unwall.cli.base import with_database
from unwall.cli.consoles import out
from unwall.content.moderation import reads, rules
from unwall.content.moderation.actions import NO_SUCH_CASE
from unwall.content.moderation.values import Action, NoSuchCase, QueuedCase, ReportReason, Verdict
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files
from unwall.usecases import moderate

moderation = typer.Typer(help="Decide about what people reported.", no_args_is_help=True)
LISTED = 50


@moderation.command("list")
def list_cases() -> None:
    """Print what waits for a decision, what was reported most first."""

    async def work(db: Database, _: Files) -> None:
        async with db.read() as conn:
            cases = await reads.queue(conn, rules.operator(getpass.getuser()), None, LISTED)
        for one in cases:
            out.print(escape(_line(one)), highlight=False, soft_wrap=True)
        if not cases:
            out.print("Nothing is waiting.", highlight=False)

    with_database(work)


def _line(one: QueuedCase) -> str:
    reasons = ", ".join(f"{each.reason} ({each.reports})" for each in one.reasons) or "not reported"
    excerpt = " ".join(one.case.excerpt.split())[:80]
    return f"{one.case.id}  {one.case.kind}  {one.case.state}  {one.case.visibility}  {reasons}  {excerpt}"


@moderation.command("audit")
def audit(case_id: UUID) -> None:
    """Print who decided what about a case, and why."""

    async def work(db: Database, _: Files) -> None:
        async with db.read() as conn:
            if await reads.queued_case(conn, rules.operator(getpass.getuser()), case_id) is None:
                raise NoSuchCase(NO_SUCH_CASE)
            entries = await reads.decisions(conn, case_id)
        for entry in entries:
            reason, words = entry.reason or "-", " ".join(entry.words.split())
            told = f"{entry.at:%Y-%m-%d %H:%M}  {entry.actor}  {entry.action}  {reason}  {words}"
            out.print(escape(told), highlight=False, soft_wrap=True)

    with_database(work)


@moderation.command("decide")
def decide(
    action: Action,
    case_ids: list[UUID],
    reason: Annotated[ReportReason | None, typer.Option(help="Needed to warn and to drop.")] = None,
    words: Annotated[str, typer.Option(help="For the audit.")] = "",
) -> None:
    """Decide about one or several cases, all or none."""

    async def work(db: Database, _: Files) -> None:
        verdict = Verdict(action, reason, words)
        await moderate.decide(db, rules.operator(getpass.getuser()), case_ids, verdict, now())
        out.print(f"{len(case_ids)} decided: {action}.", highlight=False)

    with_database(work)
