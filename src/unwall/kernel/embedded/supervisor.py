"""Runs one PostgreSQL for as long as some process uses it. A separate script that needs the standard library only.

Its files in the server's directory are locked with flock, so the operating system releases them however a process ends:

    holders     shared, by each process that uses the server; the supervisor stops it once it can lock this alone
    supervisor  exclusive, by the supervisor; contains the postmaster's process id, or `given up`
    server      exclusive, inherited by every process of the server, so also by those that outlive their postmaster
    starting    exclusive, by the process that makes the cluster or starts the supervisor
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

POLL_SECONDS = 0.05
RESTART_SECONDS = 1.0
LEFTOVER_SECONDS = 8.0
"""How long a first start waits for processes of an earlier server, before it is given up."""
MAX_REFUSALS = 2
"""One failed start may be caused by what a killed server left behind."""
STOP_SECONDS = 60.0
"""How long a shutdown with a checkpoint may take before the server is stopped without one."""
PR_SET_PDEATHSIG = 1
SOCKET_NAME = ".s.PGSQL.5432"
GIVEN_UP = "given up"


def open_lock(file: Path) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_pid_file(data: Path) -> tuple[int, str]:
    """The postmaster's process id and its state ("starting", "ready", "stopping"); (0, "") where there is none."""
    try:
        lines = (data / "postmaster.pid").read_text().split("\n")
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError):
        return 0, ""


class Supervisor:
    """`lock` is an open, locked descriptor; `ids` are the server's user and group id, None to keep the current ones."""

    def __init__(self, directory: Path, lock: int, command: list[str], ids: tuple[int, int] | None) -> None:
        self.data = directory / "data"
        self.socket_directory = Path(command[command.index("-k") + 1])
        self.lock = lock
        self.holders = open_lock(directory / "holders")
        self.server_lock = directory / "server"
        self.command = command
        self.user: int | None
        self.group: int | None
        self.user, self.group = ids or (None, None)
        self.ready_once = False
        self.refusals = 0

    def run(self) -> None:
        """Returns when no process uses the server, or when the first starts fail; waiting processes then read the log.
        A server that was ready once is restarted without limit, since a full disk may get space again.
        """
        while (process := self._start()) is not None:
            ready = False
            while process.poll() is None:
                if self._unused():
                    _stop(process)
                    return
                ready = ready or read_pid_file(self.data) == (process.pid, "ready")
                time.sleep(POLL_SECONDS)
            self.ready_once = self.ready_once or ready
            if not self.ready_once and process.returncode > 0:  # it exited by itself and was not killed
                self.refusals += 1
            given_up = self.refusals == MAX_REFUSALS
            self._publish(GIVEN_UP if given_up else "")
            if given_up:
                return
            _say(f"PostgreSQL ended with {process.returncode} and is started again")
            time.sleep(0 if ready else RESTART_SECONDS)

    def _start(self) -> "subprocess.Popen[bytes] | None":
        inherited = self._lock_server()
        if inherited is None:
            return None
        try:
            # every server process has ended: the process id in these files belongs to another program or a zombie
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self.socket_directory / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
            process = subprocess.Popen(  # noqa: S603
                self.command,
                stdin=subprocess.DEVNULL,
                pass_fds=[inherited],
                preexec_fn=_stop_with_parent(),  # noqa: PLW1509 (there are no threads here)
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
            )
        finally:
            os.close(inherited)
        self._publish(str(process.pid))
        return process

    def _lock_server(self) -> int | None:
        """Waits for every process of an earlier server to end; asks a server whose supervisor was killed to stop."""
        descriptor, deadline = open_lock(self.server_lock), time.monotonic() + LEFTOVER_SECONDS
        while not try_lock(descriptor, fcntl.LOCK_EX):
            late = not self.ready_once and time.monotonic() > deadline
            if late:
                _say("processes of an earlier server are still running")
                self._publish(GIVEN_UP)
            if late or self._unused():
                os.close(descriptor)
                return None
            pid, _ = read_pid_file(self.data)
            if pid > 1 and not self.ready_once:
                with suppress(OSError):
                    os.kill(pid, signal.SIGINT)
            time.sleep(POLL_SECONDS)
        return descriptor

    def _unused(self) -> bool:
        return try_lock(self.holders, fcntl.LOCK_EX)

    def _publish(self, text: str) -> None:
        os.ftruncate(self.lock, 0)
        os.pwrite(self.lock, text.encode(), 0)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)  # fast shutdown: sessions are ended, everything is written
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def _stop_with_parent() -> Callable[[], None] | None:
    """On Linux a server whose supervisor was killed is asked to stop; elsewhere the next supervisor asks it."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S %Z')} supervisor: {text}", file=sys.stderr, flush=True)  # noqa: T201


def main(arguments: list[str]) -> None:
    """Arguments: `DIRECTORY UID GID COMMAND...`, with UID -1 to keep the current user. The process exits once it holds
    the lock and has forked the supervisor.
    """
    directory, uid, gid, command = Path(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3:]
    # Ctrl+C and SIGTERM are for the processes that use the server, which may need it until they end
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    os.umask(0o077)
    os.chdir(directory)
    lock = open_lock(directory / "supervisor")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.ftruncate(lock, 0)
    if os.fork():
        os._exit(0)  # the lock stays with the other process
    supervisor = Supervisor(directory, lock, command, None if uid < 0 else (uid, gid))
    supervisor.run()
    with suppress(OSError):  # rmdir leaves the data folder alone, since it is not empty
        supervisor.socket_directory.rmdir()
    os.close(lock)  # released before `holders`, for which the next process waits first


if __name__ == "__main__":
    main(sys.argv[1:])
