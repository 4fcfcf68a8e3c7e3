import os
import signal
import sys
import threading
from collections.abc import Callable

import structlog

from unwall.kernel.child_process import ChildProcess

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def until(true: Callable[[], bool]) -> None:
    for _ in range(18_000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_dies_is_started_again_and_its_end_explained():
    with structlog.testing.capture_logs() as logs, ChildProcess("worker", SLEEP) as child:
        first = child.pid
        os.kill(first, signal.SIGKILL)
        until(lambda: child.pid != first)
        assert alive(child.pid)
    assert [(entry["event"], entry["process"], entry["reason"]) for entry in logs] == [
        ("child process ended", "worker", "killed by SIGKILL")
    ]


def test_the_pause_grows_while_it_ends_at_once(monkeypatch):
    monkeypatch.setattr("unwall.kernel.child_process.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("unwall.kernel.child_process.MAX_PAUSE_SECONDS", 0.04)
    with (
        structlog.testing.capture_logs() as logs,
        ChildProcess("worker", [sys.executable, "-S", "-c", "raise SystemExit(3)"]),
    ):
        until(lambda: len(logs) >= 4)
    assert [entry["restart_seconds"] for entry in logs[:4]] == [0.01, 0.02, 0.04, 0.04]
    assert logs[0]["reason"] == "exit code 3"


def test_it_ends_with_the_context_and_is_not_started_again():
    with ChildProcess("worker", SLEEP) as child:
        pid = child.pid
        assert alive(pid)
    assert not alive(pid)
    until(lambda: "worker" not in {thread.name for thread in threading.enumerate()})


def test_one_that_ignores_the_signal_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr("unwall.kernel.child_process.STOP_SECONDS", 0.2)
    ready = tmp_path / "ready"
    program = "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    program += "; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
    with ChildProcess("worker", [sys.executable, "-c", program, str(ready)]) as child:
        until(ready.exists)
        pid = child.pid
    assert not alive(pid)
