"""`kill -9` in the middle of the bench, of a process or of PostgreSQL: what was acknowledged is there, once (S6)."""

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import msgspec
import psutil
import pytest

from unwall.commerce.stock import reads
from unwall.kernel import embedded
from unwall.kernel.database import connect

ROOT = Path(__file__).parents[3]
PATIENCE = 180.0


def until(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for it, while the process lives, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, "the bench ended by itself"
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class Scene(msgspec.Struct):
    """A database directory, the file of acknowledgements, and the benches that were started on them."""

    home: Path
    started: list[subprocess.Popen[bytes]] = []

    @property
    def directory(self) -> Path:
        return self.home / "postgres"

    @property
    def acks(self) -> Path:
        return self.home / "acks"

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "bench", "reserve", "--seconds", "1000", "--json"]
        command += ["--acks", str(self.acks), "--database-dir", str(self.directory)]
        self.started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True))
        return self.started[-1]

    def acknowledged(self) -> int:
        return self.acks.stat().st_size // 37 if self.acks.exists() else 0

    def more(self, process: subprocess.Popen[bytes], count: int = 2000) -> None:
        wanted = self.acknowledged() + count
        until(lambda: self.acknowledged() >= wanted, process)

    def postgres(self) -> psutil.Process | None:
        file = self.directory / "data" / "postmaster.pid"
        pid = int(file.read_text().split("\n")[0]) if file.exists() else 0
        return psutil.Process(pid) if pid and psutil.pid_exists(pid) else None

    def kill_postgres(self) -> None:
        """The postmaster first, so that it cannot tell its children to tidy up."""
        postmaster = self.postgres()
        assert postmaster is not None
        children = postmaster.children(recursive=True)
        for process in (postmaster, *children):
            process.kill()
        psutil.wait_procs([postmaster, *children], timeout=PATIENCE)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene(Path(tempfile.mkdtemp(prefix="unwall-kill-")))
    scene.home.chmod(0o711)  # as root the database runs as another user
    yield scene
    for process in scene.started:
        process.kill()
        process.wait()
    embedded.start(scene.directory).stop()
    shutil.rmtree(scene.home, ignore_errors=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def assert_nothing_lost_and_nothing_twice(scene: Scene) -> None:
    asyncio.run(_assert_nothing_lost_and_nothing_twice(scene))


async def _assert_nothing_lost_and_nothing_twice(scene: Scene) -> None:
    acknowledged = [UUID(line) for line in scene.acks.read_text().splitlines() if len(line) == 36]
    server = embedded.start(scene.directory)
    async with connect(server.url, size=1) as db, db.read() as conn:
        times = "SELECT count(*) FROM stock_ledger WHERE reason = 'hold' GROUP BY cause_id"
        held = {record[0] for record in await conn.fetch("SELECT request_id FROM stock_hold")}
        booked = [record[0] for record in await conn.fetch(times)]
        assert await reads.audit(conn) == []
    server.release()
    assert len(set(acknowledged)) == len(acknowledged) > 0
    assert set(acknowledged) <= held
    assert booked == [1] * len(held)


def test_s6_a_process_is_killed_and_started_again(scene):
    for _ in range(2):
        process = scene.start()
        scene.more(process)
        kill(process)
        assert_nothing_lost_and_nothing_twice(scene)


def test_s6_postgresql_is_killed_and_comes_back_under_a_process_that_lives_on(scene):
    process = scene.start()
    scene.more(process)

    scene.kill_postgres()
    scene.more(process)

    kill(process)
    assert_nothing_lost_and_nothing_twice(scene)
