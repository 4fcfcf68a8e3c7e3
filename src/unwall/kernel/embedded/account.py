"""The system user under which PostgreSQL runs where we are root: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import msgspec

from unwall.kernel.errors import Invalid

NAME = "unwall-postgres"
ATTEMPTS = 20
ATTEMPT_SECONDS = 0.5
"""Another program may be writing the list of users just then."""


class Account(msgspec.Struct, frozen=True):
    name: str
    uid: int
    gid: int

    def run_as(self) -> dict[str, Any]:
        """Arguments of `subprocess.run`; none where it is who we are already."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> Account:
    """Who runs PostgreSQL: we ourselves, or as root a user of its own, made on first use.
    Raises `Invalid` where root cannot make one."""
    if os.geteuid() != 0:
        return Account(_name(os.geteuid()), os.geteuid(), os.getegid())
    said = ""
    for _ in range(ATTEMPTS):
        if (found := _find()) is not None:
            return found
        said = _create()
        if said:
            time.sleep(ATTEMPT_SECONDS)
    message = f"PostgreSQL cannot run as root, and its user {NAME} could not be made: {said}"
    raise Invalid.one("UNWALL_DATA", message)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise Invalid.one("UNWALL_DATA", f"PostgreSQL needs a user with a name, and {uid} has none.") from None


def _find() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(NAME, entry.pw_uid, entry.pw_gid)


def _create() -> str:
    """What the tool says went wrong; nothing where nothing did."""
    tool = shutil.which("useradd")
    if tool is None:
        raise Invalid.one("UNWALL_DATA", f"PostgreSQL cannot run as root: make a system user {NAME}, or be another.")
    command = [tool, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    shell = ["--shell", "/usr/sbin/nologin", NAME]
    return subprocess.run([*command, *shell], capture_output=True, text=True, check=False).stderr.strip()  # noqa: S603


def check_reach(account: Account, directory: Path) -> None:
    """Raises `Invalid` naming the first folder on the way to `directory` that the account cannot enter."""
    if can_enter(account, directory):
        return
    for folder in [*reversed(directory.parents), directory]:
        if not can_enter(account, folder):
            message = (
                f"PostgreSQL runs as the user {account.name} here, who cannot enter {folder}."
                " Choose a folder that this user can reach."
            )
            raise Invalid.one("UNWALL_DATA", message)


def can_enter(account: Account, folder: Path) -> bool:
    if account.uid == os.geteuid():
        return os.access(folder, os.X_OK)
    command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
    return subprocess.run(command, cwd="/", check=False, **account.run_as()).returncode == 0  # noqa: S603
