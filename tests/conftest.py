"""One embedded PostgreSQL for the whole run; each test that asks for `db` gets a migrated database of its own."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import count
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import av
import msgspec
import psutil
import pytest
from hypothesis import settings
from pwdlib.hashers.argon2 import Argon2Hasher
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

import unwall_demo.films
from unwall.app import load_kept
from unwall.kernel import embedded
from unwall.kernel.database import PAGE, Database, connect
from unwall.kernel.migrate import migrate
from unwall.people.passwords import HASHER
from unwall_demo.filming import Filming

JOURNEYS = "tests/journeys/"
LONG = (
    JOURNEYS,
    "tests/demo/test_demo_market.py",
    "tests/intake/test_dataset.py",
    "tests/channels/api/test_contract.py",
    "tests/channels/test_hostile.py",
    "tests/usecases/test_two_installs.py",
    "tests/media/test_videos.py",
    "tests/intake/test_dataset_pages.py",
    "tests/channels/test_tus_clients.py",
    "tests/channels/test_floods.py",
)
"""Few tests, and half a minute or more: begun first, or one process would be at them when the other has ended."""
MEMORY = Path("/dev/shm")
MIN_MEMORY_BYTES = 6 * 2**30
NUMBERS = count(1)
TEARDOWN_SECONDS = 300
"""How long each step of a test's teardown may take."""
PATIENT = msgspec.structs.replace(PAGE, connection=180, lock=180, statement=600, idle=600)
"""For tests' own questions and imports, which a busy machine may make slow."""

settings.register_profile("unwall", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("unwall")

# the same algorithm, at the least cost: a real password takes 64 MB and a tenth of a second, at each of its checks
HASHER.hashers = (Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)
HASHER.current_hasher = HASHER.hashers[0]


class ByFile(LoadFileScheduling):
    """Each file's tests run in one process. So do all journeys: they share a market, and what one of them leaves behind
    is there for the next one in every run or in none."""

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else super()._split_scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        first = next((scope for scope in LONG if scope in self.workqueue), None)
        if first:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """pytest-timeout's alarm is off once a test has failed or hung: the closing of a pool whose connection the test has
    would then hang for ever."""
    signal.signal(signal.SIGALRM, fail_teardown)
    signal.setitimer(signal.ITIMER_REAL, TEARDOWN_SECONDS, TEARDOWN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def fail_teardown(_number: int, _frame: FrameType | None) -> None:
    pytest.fail(f"one step of the teardown took over {TEARDOWN_SECONDS} seconds")


def named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def database_home() -> Path:
    """In memory where there is room: a database has a thousand files, and each test's own is copied in a fifth of the
    time there. What a run that was killed has left there goes."""
    for left in MEMORY.glob("unwall-test-*"):
        if not psutil.pid_exists(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MIN_MEMORY_BYTES
    roomy = roomy and psutil.virtual_memory().available > MIN_MEMORY_BYTES
    return Path(tempfile.mkdtemp(prefix=f"unwall-test-{os.getpid()}-", dir=MEMORY if roomy else None))


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server with a migrated `template_unwall` to clone from; not durable, so that tests do not wait for the disk."""
    home = database_home()
    server = embedded.start(home, durable=False)
    asyncio.run(_administer(server.url, "CREATE DATABASE template_unwall"))
    asyncio.run(migrate(named(server.url, "template_unwall")))
    yield server.url
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def start_files(pytestconfig: pytest.Config) -> Path:
    """A data folder with what a server makes at its first start, made once for all processes and runs: compiled
    templates and the gazetteer's index, each named after what it was made of."""
    folder = pytestconfig.cache.mkdir("start")
    with (folder.parent / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        load_kept(folder)
    return folder


@pytest.fixture
def started_data(start_files: Path, tmp_path: Path) -> Path:
    """The test's own data folder, for a server that starts as if it had been started before."""
    return lend_start_files(start_files, tmp_path)


@pytest.fixture(scope="session")
def films(pytestconfig: pytest.Config) -> Iterator[None]:
    """The demo market's films are drawn once for all processes and runs, by the program that draws them; each market
    that is imported from then on gets them."""
    drawing = f"{av.__version__} {Path(unwall_demo.films.__file__).read_text()}"
    folder = pytestconfig.cache.mkdir("films") / blake2b(drawing.encode(), digest_size=8).hexdigest()
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = tempfile.mkdtemp(dir=folder.parent)
            subprocess.run([sys.executable, "-m", "unwall_demo.films", unfinished], check=True)
            Path(unfinished).rename(folder)

    @contextmanager
    def drawn_before() -> Iterator[Filming]:
        with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
            yield Filming(process, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unwall_demo.dataset.filming", drawn_before)
        yield


def lend_start_files(start_files: Path, data: Path) -> Path:
    for kept in start_files.iterdir():
        (data / kept.name).symlink_to(kept)
    return data


async def _administer(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture
async def db_url(server_url: str) -> AsyncIterator[str]:
    name = f"test_{next(NUMBERS)}"
    await _administer(server_url, f"CREATE DATABASE {name} TEMPLATE template_unwall STRATEGY FILE_COPY")
    yield named(server_url, name)
    await _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(db_url: str) -> AsyncIterator[Database]:
    async with connect(db_url, size=8, limits=PATIENT) as database:
        yield database
