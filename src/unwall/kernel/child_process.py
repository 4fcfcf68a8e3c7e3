"""Keep a child process running: restart it when it ends, with a backoff that doubles while it keeps ending early."""

import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A child that ran at least this long resets the backoff."""
STOP_SECONDS = 15.0
"""How long the child may take to exit after SIGTERM before it is killed."""

log = structlog.get_logger()


class ChildProcess:
    """Runs `command` while the context lasts. It runs in its own session, so that Ctrl+C is delivered to the parent
    only.

    The first start happens in the calling thread: the watching thread only waits, so a fork of this process is safe.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = self._start()
        threading.Thread(target=self._keep_running, args=(self._process,), daemon=True, name=self._name).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("child process killed: it did not end", process=self._name)
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 (our own program)

    def _keep_running(self, process: "subprocess.Popen[bytes]") -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            code = process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.error("child process ended", process=self._name, reason=_reason(code), restart_seconds=pause)
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, MAX_PAUSE_SECONDS)
            process = self._process = self._start()


def _reason(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
