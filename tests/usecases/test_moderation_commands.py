"""`unwall moderation`: an operator lists, decides and reads who decided, of every merchant's cases."""

import asyncio
import getpass
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.content.helpers import a_merchant, a_visitor
from unwall.content.moderation import actions, reads
from unwall.content.moderation.values import ReportDraft, Reported, ReportReason, Subject, SubjectKind
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id

ARTICLE = "My [red]walk[/]\nin the snow"


@pytest.fixture
async def cases(db: Database) -> list[UUID]:
    """Of a member's post, reported twice, and of a merchant's."""
    async with db.transaction() as conn:
        merchant = await a_merchant(conn, "tea")
        for owner, reports in ((None, 2), (merchant, 1)):
            subject = Subject(SubjectKind.POST, new_id())
            what = Reported(subject, owner, ARTICLE, "/post/1")
            for _ in range(reports):
                await actions.report(conn, await a_visitor(conn), what, ReportDraft(ReportReason.SPAM, "Ads"), now())
        return [record["id"] for record in await conn.fetch("SELECT id FROM moderation_case ORDER BY reports DESC")]


async def moderation(db: Database, data: Path, *words: str) -> tuple[int, list[str], str]:
    """The exit code, and what was written."""
    environment = {**os.environ, "DATABASE_URL": db.url, "UNWALL_DATA": str(data), "COLUMNS": "60"}
    command = [sys.executable, "-m", "unwall", "moderation", *words]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


async def state_of(db: Database, cases: list[UUID]) -> list[tuple[str, str]]:
    async with db.read() as conn:
        records = await conn.fetch("SELECT id, state, visibility FROM moderation_case")
    stored = {record["id"]: (record["state"], record["visibility"]) for record in records}
    return [stored[case] for case in cases]


async def test_what_waits_is_listed_one_a_line_as_it_was_written(db: Database, tmp_path: Path, cases: list[UUID]):
    code, lines, _ = await moderation(db, tmp_path, "list")
    assert code == 0
    assert lines == [
        f"{cases[0]}  post  open  allow  spam (2)  My [red]walk[/] in the snow",
        f"{cases[1]}  post  open  allow  spam (1)  My [red]walk[/] in the snow",
    ]


async def test_several_are_decided_at_once_and_the_audit_names_who_and_why(
    db: Database, tmp_path: Path, cases: list[UUID]
):
    words = ("--reason", "spam", "--words", "Sells [b]followers[/b]")
    told = await moderation(db, tmp_path, "decide", "drop", *map(str, cases), *words)
    assert told == (0, ["2 decided: drop."], "")
    assert await state_of(db, cases) == [("closed", "drop")] * 2
    assert (await moderation(db, tmp_path, "list"))[1] == ["Nothing is waiting."]
    code, [line], _ = await moderation(db, tmp_path, "audit", str(cases[0]))
    assert code == 0
    assert line.split("  ")[1:] == [f"operator:{getpass.getuser()}", "drop", "spam", "Sells [b]followers[/b]"]


async def test_what_is_wrong_is_told_and_decides_nothing(db: Database, tmp_path: Path, cases: list[UUID]):
    before = await state_of(db, cases)
    for code, words in (
        (2, ("decide", "drop", str(cases[0]))),  # without a reason
        (1, ("decide", "allow", str(cases[0]), str(new_id()))),  # all or none
        (1, ("audit", str(new_id()))),
        (2, ("decide", "hide", str(cases[0]))),
        (2, ("decide", "drop", "not-an-id", "--reason", "spam")),
        (2, ("decide", "drop", str(cases[0]), "--reason", "taste")),
    ):
        told = await moderation(db, tmp_path, *words)
        assert (told[0], told[1], bool(told[2]), "Traceback" in told[2]) == (code, [], True, False), words
    assert await state_of(db, cases) == before
    async with db.read() as conn:
        assert await reads.decisions(conn, cases[0]) == []
