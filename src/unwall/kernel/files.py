"""Files by key, on the local disk or in any S3-like store (obstore). A key starts with its content's hash."""

import hashlib
import io
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import msgspec
import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from unwall.kernel.clock import now
from unwall.kernel.errors import NotFound

CHUNK_BYTES = 256 * 2**10
"""The smallest chunk of a long file; a shorter file is read at once."""
DIGEST_CHARACTERS = 40
AGE_COUNTS = timedelta(days=1)
MAX_KEY_CHARACTERS = 200
_DIGEST = re.compile(rf"(?:^|/)[0-9a-f]{{2}}/([0-9a-f]{{{DIGEST_CHARACTERS}}})")
_KEY = re.compile(r"(?!/)[\w./-]+")


class StoredFile(msgspec.Struct, frozen=True):
    """`etag` is quoted, as HTTP writes it."""

    bytes: int
    etag: str
    modified: datetime


class Files:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @staticmethod
    def url(key: str) -> str:
        return f"/files/{key}"

    async def put(self, key: str, content: bytes | IO[bytes]) -> None:
        """Idempotent and atomic. An open file is read from its start and uploaded in parts. What is there is written
        again once a day, so that its age says since when nobody has stored it."""
        if await self._has_since(key, now() - AGE_COUNTS):
            return
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        source.seek(0)
        await obstore.put_async(self._store, key, source)

    async def _has_since(self, key: str, earliest: datetime) -> bool:
        try:
            return (await self.describe(key)).modified > earliest
        except NotFound:
            return False

    async def listed(self) -> AsyncIterator[tuple[str, datetime]]:
        """Every key, and when it was written."""
        async for chunk in obstore.list(self._store):
            for meta in chunk:
                yield meta["path"], meta["last_modified"]

    async def move(self, key: str, target: str) -> bool:
        """Whether it was there."""
        try:
            await obstore.rename_async(self._store, key, target)
        except FileNotFoundError:
            return False
        return True

    async def delete(self, key: str) -> bool:
        """Whether it was there, as far as the store says."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def has(self, key: str) -> bool:
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True

    async def describe(self, key: str) -> StoredFile:
        """Raises `NotFound`."""
        try:
            meta = await obstore.head_async(self._store, key)
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {key}.") from error
        return StoredFile(meta["size"], meta["e_tag"] or f'"{key}"', meta["last_modified"])

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes [start, end) of an existing file, in chunks."""
        if start >= end:
            return
        answer = await obstore.get_async(self._store, key, options={"range": (start, end)})
        if end - start <= CHUNK_BYTES:
            yield bytes(await answer.bytes_async())
            return
        async for chunk in answer.stream(CHUNK_BYTES):
            yield chunk

    async def copy(self, key: str, target: IO[bytes]) -> None:
        """Copy a stored file into an open one, in chunks. Raises `NotFound`."""
        stored = await self.describe(key)
        async for chunk in self.read(key, 0, stored.bytes):
            target.write(chunk)

    async def get(self, key: str) -> bytes:
        """A whole file in memory: for models and other small ones. Raises `NotFound`."""
        try:
            answer = await obstore.get_async(self._store, key)
            return bytes(await answer.bytes_async())
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {key}.") from error


def open_files(url: str, data: Path) -> Files:
    if url:
        return Files(from_url(url))
    return Files(LocalStore(data / "files", mkdir=True))


def is_key(text: str) -> bool:
    """Whether a text can be the key of a stored file; whether there is one is for `Files.has`."""
    return len(text) <= MAX_KEY_CHARACTERS and ".." not in text and bool(_KEY.fullmatch(text))


def key_for(content: bytes | IO[bytes], ending: str) -> str:
    """Two levels of folders, so that none grows large: `3f/3fa2...e1.webp` for the ending `.webp`. An open file is read
    from its start.
    """
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()[:DIGEST_CHARACTERS]  # type: ignore[arg-type]
    return f"{digest[:2]}/{digest}{ending}"


def digest_of(key: str) -> bytes | None:
    """The hash in a key of ours, in whatever case it is written: some file systems do not tell them apart."""
    match = _DIGEST.search(key.lower())
    return bytes.fromhex(match[1]) if match else None


def ending_of(key: str) -> str:
    """The ending that `key_for` appended to the hash."""
    return key.rpartition("/")[2][DIGEST_CHARACTERS:]
