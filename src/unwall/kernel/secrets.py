"""The install's secret and what is derived from it. Made once, kept beside the data, readable by its owner only."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from unwall.kernel.errors import Invalid

SECRET_BYTES = 32


def install_secret(data: Path) -> bytes:
    """The secret of this data directory, made on first use. Servers that share a database must share it too.
    Raises `Invalid` where the file holds anything else."""
    file = data / "secret"
    if not file.exists():
        _make_secret(file)
    try:
        secret = bytes.fromhex(file.read_text(encoding="ascii"))
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        message = (
            f"{file} must hold {2 * SECRET_BYTES} hexadecimal digits. Restore it from a backup;"
            " a new one, made once the file is removed, signs everybody out and changes the pickup codes."
        )
        raise Invalid.one("UNWALL_DATA", message)
    return secret


def _make_secret(file: Path) -> None:
    """Atomic; if several processes start at once, only the first creates the file."""
    unfinished = file.with_name(f"secret.{secrets.token_hex(8)}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(SECRET_BYTES))
            out.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(unfinished, file)
    finally:
        unfinished.unlink()
    _sync_directory(file.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def token() -> str:
    """256 random bits, safe in addresses and headers."""
    return secrets.token_urlsafe(32)


def fingerprint(text: str) -> bytes:
    """The hash of a random token, which is stored instead of the token itself."""
    return hashlib.sha256(text.encode()).digest()


def same(a: str, b: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(a.encode(), b.encode())
