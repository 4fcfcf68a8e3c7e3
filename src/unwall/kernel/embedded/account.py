"""The system user that runs PostgreSQL when Unwall runs as root, since PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from typing import TypedDict

import msgspec

from unwall.kernel.errors import Invalid

NAME = "unwall-postgres"
ATTEMPTS = 20
ATTEMPT_SECONDS = 0.5
"""Another program may be writing the list of users just then."""


class RunAs(TypedDict, total=False):
    """Arguments for `subprocess.run`."""

    user: int
    group: int
    extra_groups: list[int]


class SystemUser(msgspec.Struct, frozen=True):
    name: str
    uid: int
    gid: int

    def run_as(self) -> RunAs:
        """Empty if this process already runs as the account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_account() -> SystemUser:
    """The current user, or for root a separate system user, created on first use. Raises `Invalid` if it cannot be
    created.
    """
    if os.geteuid() != 0:
        return SystemUser(_name(os.geteuid()), os.geteuid(), os.getegid())
    error = ""
    for _ in range(ATTEMPTS):
        if (user := _find()) is not None:
            return user
        error = _create()
        if error:
            time.sleep(ATTEMPT_SECONDS)
    message = f"PostgreSQL cannot run as root, and its user {NAME} could not be made: {error}"
    raise Invalid.one("UNWALL_DATA", message)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise Invalid.one("UNWALL_DATA", f"PostgreSQL needs a user with a name; user id {uid} has no name.") from None


def _find() -> SystemUser | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return SystemUser(NAME, entry.pw_uid, entry.pw_gid)


def _create() -> str:
    """The error message of the tool; empty if it succeeded."""
    tool = shutil.which("useradd")
    if tool is None:
        raise Invalid.one(
            "UNWALL_DATA", f"PostgreSQL cannot run as root: create a system user {NAME}, or run Unwall as another user."
        )
    command = [tool, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    shell = ["--shell", "/usr/sbin/nologin", NAME]
    return subprocess.run([*command, *shell], capture_output=True, text=True, check=False).stderr.strip()  # noqa: S603


def check_reach(account: SystemUser, directory: Path) -> None:
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


def can_enter(account: SystemUser, folder: Path) -> bool:
    if account.uid == os.geteuid():
        return os.access(folder, os.X_OK)
    command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)]
    return subprocess.run(command, cwd="/", check=False, **account.run_as()).returncode == 0  # noqa: S603
