"""The files of the embedded PostgreSQL: created by `initdb`, tuned for this machine, not accessible to its other users.

DIRECTORY/             ours; as root the server's group may enter it
    data/              the cluster, of the server's user, with the socket
    log  holders  supervisor  server  starting
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import msgspec

from unwall.kernel.embedded.account import SystemUser, check_reach, server_account
from unwall.kernel.embedded.binaries import MAJOR, program_folder
from unwall.kernel.embedded.supervisor import SOCKET_NAME
from unwall.kernel.errors import Invalid

SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
SUPERUSER = "postgres"
LOG_BYTES = 10_000_000
MEGABYTE = 2**20
SYNC_METHOD = "syncfs" if sys.platform == "linux" else "fsync"
"""How `initdb` and recovery sync the whole cluster to the disk: with one call if the platform has it."""


class Cluster(msgspec.Struct, frozen=True):
    directory: Path
    account: SystemUser
    socket_directory: Path

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(self.socket_directory))}&port=5432"


def open_cluster(directory: Path) -> Cluster:
    """Creates the directory if it is missing. Raises `Invalid` if the server could not use it."""
    directory = directory.expanduser().resolve()
    socket_directory = _socket_directory(directory)
    account = server_account()
    _make_folder(directory, account)
    _check_owner(directory)
    if account.uid == os.geteuid():
        directory.chmod(0o700)
    else:
        os.chown(directory, 0, account.gid)
        directory.chmod(0o710)
    check_reach(account, directory)
    return Cluster(directory, account, socket_directory)


def _make_folder(directory: Path, account: SystemUser) -> None:
    """Only the folders created here get permissions for the server's user; existing ones keep theirs."""
    missing = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid.one("UNWALL_DATA", f"{directory} cannot be created: {error.strerror}.") from None
    for folder in missing if account.run_as() else []:
        folder.chmod(0o711)


def _check_owner(path: Path) -> None:
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise Invalid.one("UNWALL_DATA", f"{path} belongs to another user ({owner}). Run Unwall as that user.")


# --- the socket -------------------------------------------------------------------------------------------------------


def _socket_directory(directory: Path) -> Path:
    """The data folder, which only its owner can enter. Raises `Invalid` if its path is too long for a socket, or
    contains the comma that separates hosts in a connection string: a folder elsewhere would have a name that others
    could take first.
    """
    data = directory / "data"
    if "," in str(data):
        raise Invalid.one("UNWALL_DATA", f"The path {data} contains a comma, so it cannot name the database's socket.")
    if len(os.fsencode(data / SOCKET_NAME)) > SOCKET_PATH_BYTES:
        most = SOCKET_PATH_BYTES - len(f"/{SOCKET_NAME}")
        message = f"The path {data} is too long for the database's socket: it may have {most} bytes."
        raise Invalid.one("UNWALL_DATA", message)
    return data


# --- made once --------------------------------------------------------------------------------------------------------


def prepare(cluster: Cluster, starting: int, *, durable: bool) -> list[str]:
    """Creates the cluster if there is none, writes its settings, and returns the command that runs the server.
    `starting` is the lock that the caller holds; `initdb` inherits it, in case the caller is killed.
    """
    programs = program_folder(cluster.account, cluster.directory)
    if not (cluster.data / "PG_VERSION").exists():
        _initialize(cluster, programs, starting, durable=durable)
    made_by = (cluster.data / "PG_VERSION").read_text().strip()
    if made_by != MAJOR:
        message = f"{cluster.data} was made by PostgreSQL {made_by}, and this is {MAJOR}. Use pg_upgrade first."
        raise Invalid.one("UNWALL_DATA", message)
    _write(cluster, "unwall.conf", _settings(durable=durable))
    # peer authentication: the operating system identifies the client, and only our user may connect
    _write(cluster, "pg_hba.conf", "local all all peer map=unwall\n")
    _write(cluster, "pg_ident.conf", f'unwall "{_our_name(cluster)}" {SUPERUSER}\n')
    _rotate(cluster.log)
    return [str(programs / "postgres"), "-D", str(cluster.data), "-k", str(cluster.socket_directory), "-p", "5432"]


def _our_name(cluster: Cluster) -> str:
    return "root" if cluster.account.run_as() else cluster.account.name


def _initialize(cluster: Cluster, programs: Path, starting: int, *, durable: bool) -> None:
    """In a temporary folder that is renamed when it is complete, so that a killed `initdb` leaves no partial
    cluster.
    """
    unfinished = cluster.directory / "data.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if cluster.account.run_as():
        os.chown(unfinished, cluster.account.uid, cluster.account.gid)
    command = [str(programs / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "--auth=reject", "--encoding=UTF8"]
    # the same collation on every machine
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    command += [f"--sync-method={SYNC_METHOD}"] if durable else ["--no-sync"]
    done = subprocess.run(  # noqa: S603
        command,
        cwd=cluster.directory,
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        pass_fds=[starting],
        **cluster.account.run_as(),
    )
    if done.returncode != 0:
        message = f"The database could not be made in {cluster.directory}:\n{done.stderr.strip()}"
        raise Invalid.one("UNWALL_DATA", message)
    with (unfinished / "postgresql.conf").open("a") as conf:
        conf.write("include_if_exists = 'unwall.conf'\n")
    unfinished.rename(cluster.data)


def server_environment() -> dict[str, str]:
    """A clean environment: variables such as PGPORT would change the server's behaviour."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"}


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(log.with_suffix(".old"))


# --- settings ---------------------------------------------------------------------------------------------------------


def _write(cluster: Cluster, name: str, text: str) -> None:
    """When we are root, the folder belongs to the server's user: a symbolic link there must not make us write
    elsewhere.
    """
    file, new = cluster.data / name, cluster.data / f"{name}.new"
    if file.exists() and file.read_text() == text:
        return
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
        if cluster.account.run_as():
            os.fchown(descriptor, cluster.account.uid, cluster.account.gid)
    new.rename(file)


def _settings(*, durable: bool) -> str:
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEGABYTE
    settings = {
        "listen_addresses": "''",
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{max(64, min(1024, memory_mb // 8))}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "256MB",
        "max_connections": "100",
        "max_wal_size": "4GB",
        "recovery_init_sync_method": SYNC_METHOD,
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
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
