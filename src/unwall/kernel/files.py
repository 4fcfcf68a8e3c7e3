"""Files by key, on the local disk or in any S3-like store (obstore). A key holds its content's hash."""

import hashlib
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, from_url

from unwall.kernel.errors import NotFound


class Files:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @staticmethod
    def url(key: str) -> str:
        return f"/files/{key}"

    async def put(self, key: str, data: bytes) -> None:
        """Idempotent; the file is there whole or not at all."""
        try:
            await obstore.put_async(self._store, key, data, mode="create")
        except AlreadyExistsError:
            return

    async def get(self, key: str) -> bytes:
        """Raises `NotFound`."""
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {key}.") from error


def open_files(url: str, data: Path) -> Files:
    if url:
        return Files(from_url(url))
    return Files(LocalStore(data / "files", mkdir=True))


def key_for(data: bytes, extension: str) -> str:
    """Two levels of folders, so that none grows long: `3f/3fa2...e1.webp`."""
    digest = hashlib.sha256(data).hexdigest()[:40]
    return f"{digest[:2]}/{digest}.{extension}"
