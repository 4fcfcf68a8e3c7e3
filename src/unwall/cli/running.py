"""Commands that run Unwall and prepare its database."""

import gc
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from rich.table import Table

from unwall import __version__, settings
from unwall.cli.base import prepared
from unwall.cli.consoles import out
from unwall.kernel import logs
from unwall.kernel.child_process import ChildProcess
from unwall.kernel.errors import Invalid
from unwall.settings import Settings

HEAD_MILLISECONDS = 10_000
"""How long a connection may wait with its first byte, with the rest of a head, and between two requests."""
MAX_HEAD_BYTES = 65_536
MAX_CONNECTIONS = 8192
"""Of each server process; where they are used up, others wait until one of them has been silent for too long."""
FILES_BESIDES = 256
WITH_PASSWORD = ("database_url", "mail_url", "stripe_secret_key", "stripe_webhook_secret")
"""Settings that are not shown."""

commands = typer.Typer()


@commands.command()
def serve() -> None:
    """Start the web server, and a worker unless UNWALL_START_WORKER=0."""
    with making_kept(settings.load().data):
        config = prepared()
    run_server(config)


@contextmanager
def making_kept(data: Path) -> Iterator[None]:
    """At the first start in a data folder, what servers keep there is made beside what the context does, and is there
    when it ends."""
    if (data / "templates").exists():
        yield
        return
    process = subprocess.Popen([sys.executable, "-m", "unwall.app"], env=os.environ | {"UNWALL_DATA": str(data)})
    try:
        yield
    finally:
        process.wait()


def run_server(config: Settings) -> None:
    logs.configure(config.log_format, config.log_level)
    check_port(config)
    out.print(
        f"Unwall {__version__} on [bold]http://{config.host}:{config.port}[/]  (stop with Ctrl+C)", highlight=False
    )
    with (
        shared_figures(config.workers),
        ChildProcess("worker", worker_command()) if config.start_worker else nullcontext(),
    ):
        run_web(config)


@contextmanager
def shared_figures(processes: int) -> Iterator[None]:
    """Where several server processes keep their figures, so that any of them tells those of all."""
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="unwall-figures-", ignore_cleanup_errors=True) as shared:
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=shared, UNWALL_METRICS_DIRECTORY=shared)
        yield


def worker_command() -> list[str]:
    return [sys.executable, "-m", "unwall", "worker", "--parent", str(os.getpid())]


def run_web(config: Settings) -> None:
    with uncollected():
        import_module("unwall.app").create_app()  # before its processes are forked, which then share it
    Granian(
        "unwall.app:create_app",
        factory=True,
        address=config.host,
        port=config.port,
        workers=config.workers,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # of both kinds, the first bytes of a connection may be awaited for ever
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_MILLISECONDS, max_buffer_size=MAX_HEAD_BYTES),
        backlog=MAX_CONNECTIONS,
        backpressure=open_connections(),
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels.warning,  # says that a server process ended, and that it stops when they keep ending
        respawn_failed_workers=True,
        workers_kill_timeout=15,
    ).serve()


@commands.command("worker")
def run_worker(
    parent: Annotated[int, typer.Option(hidden=True, help="Process id of the parent: this process ends with it.")] = 0,
) -> None:
    """Run background jobs and scheduled tasks. `unwall serve` starts a worker itself unless UNWALL_START_WORKER=0."""
    if not parent:
        prepared()
    with uncollected():
        worker = import_module("unwall.worker")
    worker.main(parent or None)


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing of what is imported is garbage, and to look for it takes a sixth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def open_connections() -> int:
    """How many connections a process takes, after it asked for as many open files as it may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + FILES_BESIDES
    files = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max(128, files - FILES_BESIDES)


def check_port(config: Settings) -> None:
    """Check the port first, since the server would only print a traceback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise Invalid.one("UNWALL_PORT", f"{config.host}:{config.port} cannot be used: {error.strerror}.") from None


def serve_anew(environment: dict[str, str]) -> NoReturn:
    """Replace this process by `unwall serve`, since the server forks and threads do not survive that. The lock that
    keeps the embedded database running is inherited."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", "unwall", "serve"], environment)  # noqa: S606


@commands.command()
def migrate() -> None:
    """Migrate the database to this version (serve and demo do it too)."""
    config = prepared()
    out.print(f"The database is up to date. Next: unwall serve  (data in {config.data})", highlight=False)


@commands.command("settings")
def show_settings() -> None:
    """Print all settings with their current values."""
    config = settings.load()
    table = Table(box=None)
    for heading in ("variable", "value"):
        table.add_column(heading)
    for name in Settings.__struct_fields__:
        value = str(getattr(config, name))
        shown = "(set)" if value and name in WITH_PASSWORD else value
        table.add_row(f"UNWALL_{name.upper()}", shown)
    out.print(table)
