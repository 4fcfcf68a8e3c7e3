"""The embedded PostgreSQL: shared, supervised, stopped with its last user, closed to other users of the machine."""

import asyncio
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from unwall.kernel import embedded
from unwall.kernel.embedded import account, binaries, cluster
from unwall.kernel.embedded.supervisor import open_lock, read_pid_file
from unwall.kernel.errors import Invalid

USE = """
import sys
from pathlib import Path
from unwall.kernel import embedded
print(embedded.start(Path(sys.argv[1]), durable=False).url, flush=True)
sys.stdin.read()
"""
FILL_LOG = "SELECT count(pg_logical_emit_message(false, '', repeat('x', 1000000))) FROM generate_series(1, 50)"
PATIENCE_SECONDS = 180

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")


class User:
    """Another process that uses the server of a directory, until it is ended or killed."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-c", USE, str(directory)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def url(self) -> str:
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def directory() -> Iterator[Path]:
    """One that the server's user can reach; pytest's own are closed to it."""
    home = Path(tempfile.mkdtemp(prefix="unwall-embedded-"))
    home.chmod(0o711)
    yield home / "postgres"
    shutil.rmtree(home)


@pytest.fixture
def server(directory: Path) -> Iterator[embedded.Server]:
    server = embedded.start(directory, durable=False)
    yield server
    server.stop()


def ask(url: str, sql: str, *args: object) -> object:
    async def query() -> object:
        conn = await asyncpg.connect(url)
        try:
            return await conn.fetchval(sql, *args)
        finally:
            await conn.close()

    return asyncio.run(query())


def started_at(url: str) -> object:
    return ask(url, "SELECT pg_postmaster_start_time()")


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def answers(url: str, sql: str = "SELECT true", *args: object) -> bool:
    """Whether it says yes; not while it cannot be asked."""
    try:
        return ask(url, sql, *args) is True
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return False


def wait_until_stopped(directory: Path) -> None:
    descriptor = open_lock(directory / "supervisor")
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.close(descriptor)
    assert read_pid_file(directory / "data") == (0, "")


def supervisor_pid(directory: Path) -> int:
    """The parent of the postmaster."""
    pid, _ = read_pid_file(directory / "data")
    return psutil.Process(pid).ppid()


# --- shared -----------------------------------------------------------------------------------------------------------


def test_processes_that_start_at_once_share_one_server(directory):
    users = [User(directory) for _ in range(4)]

    urls = [user.url() for user in users]

    assert len({started_at(url) for url in urls}) == 1
    for user in users:
        user.end()
    wait_until_stopped(directory)


def test_the_last_one_out_stops_it_and_those_that_were_killed_do_not_count(directory):
    first, second = User(directory), User(directory)
    url = first.url()
    assert second.url() == url
    begun = started_at(url)

    first.kill()
    assert started_at(url) == begun

    second.end()
    wait_until_stopped(directory)


def test_it_stops_when_the_only_one_is_killed(directory):
    user = User(directory)
    assert answers(user.url())

    user.kill()

    wait_until_stopped(directory)


def test_it_outlives_the_first_user_and_its_own_release_of_several_uses(server, directory):
    begun = started_at(server.url)
    embedded.start(directory).release()

    assert started_at(server.url) == begun


def test_a_command_that_replaces_its_process_keeps_the_server(directory):
    script = f"{USE.replace('sys.stdin.read()', '')}import os; os.execvp('cat', ['cat'])"
    command = [sys.executable, "-c", script, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        begun = started_at(url)
        process.stdin.write("now it is cat\n")
        process.stdin.flush()
        assert process.stdout.readline() == "now it is cat\n"

        server = embedded.start(directory)

        assert started_at(server.url) == begun
        process.stdin.close()
    server.stop()


# --- supervised -------------------------------------------------------------------------------------------------------


def test_a_killed_postmaster_is_started_again_with_its_data(server, directory):
    ask(server.url, "CREATE TABLE kept AS SELECT 7 AS n")
    ask(server.url, "CHECKPOINT")
    begun, (pid, _) = started_at(server.url), read_pid_file(directory / "data")

    os.kill(pid, signal.SIGKILL)

    eventually(lambda: answers(server.url, "SELECT pg_postmaster_start_time() > $1", begun))
    assert ask(server.url, "SELECT n FROM kept") == 7


def test_a_killed_supervisor_takes_the_server_along_and_both_are_started_again(server, directory):
    begun, supervisor = started_at(server.url), supervisor_pid(directory)

    os.kill(supervisor, signal.SIGKILL)

    eventually(lambda: answers(server.url, "SELECT pg_postmaster_start_time() > $1", begun))
    assert supervisor_pid(directory) != supervisor


def test_nothing_is_left_running_when_supervisor_and_user_are_killed(directory):
    user = User(directory)
    url = user.url()
    os.kill(user.process.pid, signal.SIGSTOP)
    os.kill(supervisor_pid(directory), signal.SIGKILL)
    user.kill()

    if sys.platform == "linux":
        eventually(lambda: not answers(url) and read_pid_file(directory / "data") == (0, ""))
    server = embedded.start(directory)
    assert answers(server.url)
    server.stop()


@as_root
def test_after_a_full_disk_it_comes_back_once_there_is_room():
    disk = Path(tempfile.mkdtemp(prefix="unwall-disk-"))
    mounting = ["mount", "-t", "tmpfs", "-o", "size=150m,mode=711", "tmpfs", str(disk)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        fill_and_free(disk)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def fill_and_free(disk: Path) -> None:
    server = embedded.start(disk / "postgres")
    ask(server.url, "CREATE TABLE kept AS SELECT 7 AS n")
    pid, _ = read_pid_file(disk / "postgres" / "data")
    room = os.statvfs(disk)
    (disk / "filler").write_bytes(b"x" * (room.f_bavail * room.f_frsize))
    with pytest.raises((OSError, asyncpg.PostgresError)):
        ask(server.url, FILL_LOG)
    eventually(lambda: "supervisor: PostgreSQL ended" in (disk / "postgres" / "log").read_text())

    (disk / "filler").unlink()

    eventually(lambda: answers(server.url))
    assert ask(server.url, "SELECT n FROM kept") == 7
    assert read_pid_file(disk / "postgres" / "data")[0] != pid
    server.stop()


# --- started, or refused ----------------------------------------------------------------------------------------------


def test_a_refused_start_says_why_and_does_not_wait(directory, monkeypatch):
    embedded.start(directory, durable=False).stop()
    with (directory / "data" / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    monkeypatch.setattr(embedded, "REFUSAL_SECONDS", 2 * PATIENCE_SECONDS)
    begun = time.monotonic()

    with pytest.raises(Invalid) as caught:
        embedded.start(directory)

    assert time.monotonic() - begun < PATIENCE_SECONDS, "it waited for a server that had given up"
    said = caught.value.by_field()["UNWALL_DATA"]
    assert said.startswith(f"The embedded PostgreSQL does not start. The end of {directory / 'log'}:\n")
    assert 'unrecognized configuration parameter "no_such_setting"' in said


def test_a_cluster_of_another_version_is_refused(directory):
    embedded.start(directory, durable=False).stop()
    (directory / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(Invalid, match=r"was made by PostgreSQL 17, and this is 18"):
        embedded.start(directory)


def test_a_start_that_replays_its_log_is_waited_for(directory, monkeypatch):
    # given a postmaster that is "starting" for longer than one that does nothing would be waited for
    monkeypatch.setattr(embedded, "REFUSAL_SECONDS", 0)
    found = embedded.open_cluster(directory)
    found.data.mkdir()
    lock = open_lock(directory / "supervisor")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, b"4711")
    state = "4711\n{data}\n1\n5432\n{data}\n\n1 1\n{state}\n"
    (found.data / "postmaster.pid").write_text(state.format(data=found.data, state="starting"))

    waiting = threading.Thread(target=embedded._wait_until_ready, args=[found], kwargs={"durable": False})
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()

    (found.data / "postmaster.pid").write_text(state.format(data=found.data, state="ready   "))
    waiting.join(PATIENCE_SECONDS)
    assert not waiting.is_alive()
    os.close(lock)


def test_what_killed_processes_left_behind_stops_no_start(directory):
    # given half a cluster of an initdb, and later the number of a postmaster that is now another program's
    directory.mkdir(mode=0o700)
    (directory / "data.unfinished").mkdir()
    (directory / "data.unfinished" / "PG_VERSION").write_text("18\n")
    embedded.start(directory, durable=False).stop()
    (directory / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{directory}\n1\n5432\n\n\n1 1\nready\n")

    server = embedded.start(directory)

    assert answers(server.url)
    server.stop()


def test_the_environment_does_not_change_where_it_listens(directory, monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")

    server = embedded.start(directory, durable=False)

    assert answers(server.url)
    server.stop()


# --- closed to others -------------------------------------------------------------------------------------------------


def test_no_file_can_be_read_by_others(server, directory):
    for path in [directory, *directory.rglob("*")]:
        assert path.lstat().st_mode & stat.S_IRWXO == 0, path


def test_what_the_command_makes_is_closed_to_others(directory):
    data = directory.parent / "new" / "data"
    environment = {**os.environ, "UNWALL_DATA": str(data), "DATABASE_URL": ""}

    subprocess.run([sys.executable, "-m", "unwall", "migrate"], env=environment, umask=0o022, check=True)

    on_the_way = {data.parent, data} if os.geteuid() == 0 else set()
    for path in [data.parent, *data.parent.rglob("*")]:
        with suppress(FileNotFoundError):  # temporary files of a checkpoint
            assert path.lstat().st_mode & stat.S_IRWXO == (stat.S_IXOTH if path in on_the_way else 0), path
    wait_until_stopped(data / "postgres")


def test_a_directory_that_cannot_be_made_is_refused_by_name(directory):
    directory.write_text("a file")

    with pytest.raises(Invalid, match=f"{directory / 'postgres'} cannot be created: Not a directory"):
        embedded.start(directory / "postgres")


@pytest.mark.parametrize(("name", "why"), [("x" * 100, "is too long"), ("a,b", "contains a comma")])
def test_a_path_that_cannot_name_a_socket_is_refused(directory, name, why):
    with pytest.raises(Invalid, match=f"{name}/data {why}"):
        embedded.start(directory / name, durable=False)


def psql(user: str, url: str) -> subprocess.CompletedProcess[str]:
    programs = binaries.packaged() / "bin" / "psql"
    return subprocess.run(
        [programs, url, "-c", "SELECT 1"],
        user=user,
        group=pwd.getpwnam(user).pw_gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@as_root
def test_another_user_of_the_machine_is_refused(server, directory):
    assert answers(server.url)
    assert "Permission denied" in psql("nobody", server.url).stderr

    # when the way to the socket is opened too, then the server itself still refuses
    directory.chmod(0o755)
    (directory / "data").chmod(0o755)
    (directory / "data" / cluster.SOCKET_NAME).chmod(0o777)
    assert 'Peer authentication failed for user "postgres"' in psql("nobody", server.url).stderr
    assert 'Peer authentication failed for user "postgres"' in psql(account.NAME, server.url).stderr


@as_root
def test_a_directory_that_the_servers_user_cannot_reach_is_refused_by_name_and_stays_closed(directory):
    home = directory.parent / "closed"
    home.mkdir(mode=0o700)

    with pytest.raises(Invalid) as caught:
        embedded.start(home / "unwall" / "postgres")

    assert caught.value.by_field() == {
        "UNWALL_DATA": f"PostgreSQL runs as the user {account.NAME} here, who cannot enter {home}."
        " Choose a folder that this user can reach."
    }
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@as_root
def test_a_directory_of_another_user_is_refused(directory):
    directory.mkdir()
    os.chown(directory, 12345, 12345)

    with pytest.raises(Invalid, match=r"belongs to another user \(12345\)"):
        embedded.start(directory)


@as_root
def test_programs_that_the_servers_user_cannot_reach_are_copied(directory, monkeypatch):
    closed = directory.parent / "environment"
    closed.mkdir(mode=0o700)
    (closed / "lib").symlink_to(binaries.packaged().parent.parent)
    unreachable = closed / "lib" / binaries.PACKAGE / binaries.INSTALLED
    monkeypatch.setattr(binaries, "packaged", lambda: unreachable)

    server = embedded.start(directory, durable=False)

    assert answers(server.url)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    server.stop()
