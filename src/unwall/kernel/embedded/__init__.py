"""The embedded PostgreSQL: started under a directory, joined by any number of processes, supervised while one of them
lives, stopped with the last (docs/decisions/0006-embedded-postgresql.md)."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from unwall.kernel.embedded import supervisor
from unwall.kernel.embedded.cluster import Cluster, open_cluster, prepare, server_environment
from unwall.kernel.embedded.supervisor import open_lock, read_pid_file, try_lock
from unwall.kernel.errors import Invalid

RECOVERY_SECONDS = 900
"""How long a start may take after a crash: the write-ahead log is replayed before the server answers."""
REFUSAL_SECONDS = 30
"""How long to wait for a server that does not begin to start."""
POLL_SECONDS = 0.01
LOG_LINES = 5

log = structlog.get_logger()


class Server:
    """This process's use of the server. It ends with the process, even if that is killed, unless `release` or `stop`
    ends it earlier.
    """

    def __init__(self, cluster: Cluster, holder: int, *, durable: bool) -> None:
        self.url = cluster.url
        self._cluster = cluster
        self._holder: int | None = holder
        self._durable = durable

    def release(self) -> None:
        """Stop using the server; it stops soon if no other process uses it."""
        if self._holder is not None:
            os.close(self._holder)
            self._holder = None

    def stop(self) -> None:
        """Wait until every other process has released the server and it has stopped."""
        self.release()
        with _opened(self._cluster, "supervisor") as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)

    def _keep_supervised(self) -> None:
        """Restart the supervisor and the server after the supervisor was killed, which stops the server too."""
        with _opened(self._cluster, "supervisor") as descriptor:
            while True:
                fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits for as long as it lives
                fcntl.flock(descriptor, fcntl.LOCK_UN)
                if self._holder is None:
                    return
                log.warning("the supervisor of the embedded PostgreSQL has ended and is started again")
                try:
                    _ensure_supervisor(self._cluster, durable=self._durable)
                except (Invalid, OSError) as error:
                    log.error("the embedded PostgreSQL cannot be started again", error=str(error))
                time.sleep(supervisor.RESTART_SECONDS)


def start(directory: Path, *, durable: bool = True) -> Server:
    """Start or join the server of `directory`. `durable=False` is for temporary test databases only. Raises `Invalid`
    with the end of the log if it does not start.
    """
    cluster = open_cluster(directory)
    holder = open_lock(cluster.directory / "holders")
    fcntl.flock(holder, fcntl.LOCK_SH)  # waits for a server that is being stopped
    # inherited across `os.exec`, so the command that replaces this process keeps the server
    os.set_inheritable(holder, True)
    try:
        _ensure_supervisor(cluster, durable=durable)
        _wait_until_ready(cluster, durable=durable)
    except BaseException:
        os.close(holder)
        raise
    server = Server(cluster, holder, durable=durable)
    threading.Thread(target=server._keep_supervised, name="embedded-postgresql", daemon=True).start()
    return server


def _ensure_supervisor(cluster: Cluster, *, durable: bool) -> None:
    with _opened(cluster, "starting") as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not _supervised(cluster):
            _start_supervisor(cluster, prepare(cluster, descriptor, durable=durable))


def _start_supervisor(cluster: Cluster, command: list[str]) -> None:
    """Returns once the supervisor holds its lock."""
    account = cluster.account
    ids = [str(account.uid), str(account.gid)] if account.run_as() else ["-1", "-1"]
    script = [sys.executable, "-I", "-S", supervisor.__file__, str(cluster.directory)]
    output = os.open(cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        subprocess.run(  # noqa: S603
            [*script, *ids, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=server_environment(),
            start_new_session=True,
            check=True,
        )
    except subprocess.CalledProcessError:
        raise _refused(cluster) from None
    finally:
        os.close(output)


def _wait_until_ready(cluster: Cluster, *, durable: bool) -> None:
    begun = time.monotonic()
    while True:
        if not _supervised(cluster):
            if _status(cluster) == supervisor.GIVEN_UP:
                raise _refused(cluster)
            _ensure_supervisor(cluster, durable=durable)  # it was killed meanwhile
        pid, state = read_pid_file(cluster.data)
        started = _status(cluster) == str(pid)
        if started and state == "ready":
            return
        if time.monotonic() - begun > (RECOVERY_SECONDS if started else REFUSAL_SECONDS):
            raise _refused(cluster)
        time.sleep(POLL_SECONDS)


def _supervised(cluster: Cluster) -> bool:
    with _opened(cluster, "supervisor") as descriptor:
        return not try_lock(descriptor, fcntl.LOCK_SH)


def _status(cluster: Cluster) -> str:
    """What the supervisor wrote: the process id of the postmaster, `GIVEN_UP`, or nothing yet."""
    return (cluster.directory / "supervisor").read_text()


def _refused(cluster: Cluster) -> Invalid:
    with suppress(FileNotFoundError):
        end = "\n".join(cluster.log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        message = f"The embedded PostgreSQL does not start. The end of {cluster.log}:\n{end}"
        return Invalid.one("UNWALL_DATA", message)
    return Invalid.one("UNWALL_DATA", "The embedded PostgreSQL does not start.")


@contextmanager
def _opened(cluster: Cluster, name: str) -> Iterator[int]:
    """A lock file; closing it releases the lock."""
    descriptor = open_lock(cluster.directory / name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
