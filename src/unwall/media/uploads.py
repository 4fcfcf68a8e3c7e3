"""Videos on their way in, by the tus protocol: a row says how much has come, a file of the data folder holds it.

A request writes while it holds the file's lock (flock), which the system takes back from a process that dies; what it
has written counts once the row says so. So two requests, in whatever processes, never write to one upload at a time,
and what a dead one left is written over.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

import msgspec
import structlog

from unwall.kernel.clock import now
from unwall.kernel.database import Connection, Database, Transaction, lock_subject, row, rows
from unwall.kernel.errors import Invalid, TooMany, Unavailable
from unwall.kernel.files import Files, key_for
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.media.upload_rules import (
    COMING,
    HEAD_BYTES,
    MIN_FREE_BYTES,
    NETWORK_LIMITS,
    TO_MAKE,
    UPLOAD_KEPT,
    VIDEOS,
    limits_of,
    video_format,
)
from unwall.media.values import (
    Checksum,
    MediaOwner,
    NewUpload,
    NoSuchUpload,
    TooLarge,
    Upload,
    UploadBusy,
    UploadLimits,
    WrongChecksum,
    WrongOffset,
)

SOURCE_ENDING = ".source"
"""Of the key of a video as it was sent. No route serves such a file."""
BUFFER_BYTES = 2**20
COUNTED_BYTES = 8 * 2**20
"""After so many bytes the row is updated, so that a process that dies loses no more than these."""
BUSY_SECONDS = 5
DAY = timedelta(days=1)
GIVEN_UP = N_("The upload was given up.")
NOT_A_VIDEO = N_("This is not a video we can read: use MP4, MOV, WebM or MKV.")

_UPLOAD = "SELECT id, bytes, received, metadata, expires_at, video_id FROM upload"
_OWNED = (
    "merchant_id IS NOT DISTINCT FROM $2 AND member_id IS NOT DISTINCT FROM $3 AND visitor_id IS NOT DISTINCT FROM $4"
)

log = structlog.get_logger()


class _Usage(msgspec.Struct, frozen=True):
    open: int
    bytes: int
    network_open: int
    network_bytes: int


class Uploads:
    """All uploads of this install. `folder` is shared by its server processes."""

    def __init__(self, db: Database, files: Files, folder: Path) -> None:
        self._db = db
        self._files = files
        self._folder = folder

    async def create(self, wanted: NewUpload) -> Upload:
        """Raises `TooLarge`, `TooMany` where the owner or the network has sent or is sending much, `Unavailable` where
        the disk is full."""
        limits = limits_of(wanted.owner)
        if wanted.bytes < 1:
            raise Invalid.one("file", N_("The file is empty."))
        if wanted.bytes < HEAD_BYTES:
            raise Invalid.one("file", NOT_A_VIDEO)
        if wanted.bytes > limits.bytes:
            raise TooLarge(N_("The video is too large to be sent. Make it shorter, or record it at a lower quality."))
        self._folder.mkdir(parents=True, exist_ok=True)
        _check_disk(self._folder, wanted.bytes)
        async with self._transaction(wanted.owner) as conn:
            await lock_subject(conn, "uploads", wanted.owner.id)
            if wanted.owner.merchant_id is None:  # many visitors at once are one network
                await lock_subject(conn, "uploads of a network", wanted.network)
            await self._check_usage(conn, wanted, limits)
            upload_id, expires = new_id(), now() + UPLOAD_KEPT
            await conn.execute(
                """
                INSERT INTO upload (id, merchant_id, member_id, visitor_id, network, bytes, metadata, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                upload_id,
                *_ids(wanted.owner),
                wanted.network,
                wanted.bytes,
                wanted.metadata,
                expires,
            )
            await conn.execute("SELECT pg_notify($1, $2)", VIDEOS, COMING)
        return Upload(upload_id, wanted.bytes, 0, wanted.metadata, expires, None)

    async def _check_usage(self, conn: Transaction, wanted: NewUpload, limits: UploadLimits) -> None:
        usage = await row(
            conn,
            _Usage,
            f"""
            SELECT count(*) FILTER (WHERE {_OWNED} AND video_id IS NULL AND expires_at > $1) AS open,
                coalesce(sum(bytes) FILTER (WHERE {_OWNED}), 0)::bigint AS bytes,
                count(*) FILTER (WHERE network = $5 AND merchant_id IS NULL AND video_id IS NULL AND expires_at > $1)
                    AS network_open,
                coalesce(sum(bytes) FILTER (WHERE network = $5 AND merchant_id IS NULL), 0)::bigint AS network_bytes
            FROM upload
            WHERE created_at > $6 AND (coalesce(merchant_id, member_id, visitor_id) = $7
                OR network = $5 AND merchant_id IS NULL)
            """,
            now(),
            *_ids(wanted.owner),
            wanted.network,
            now() - DAY,
            wanted.owner.id,
        )
        assert usage is not None
        counted = [(limits, usage.open, usage.bytes)]
        if wanted.owner.merchant_id is None:
            counted.append((NETWORK_LIMITS, usage.network_open, usage.network_bytes))
        for limit, sending, sent in counted:
            if sending >= limit.open:
                raise TooMany(N_("Too many videos are being sent at once. Let one arrive first."), wait_seconds=60)
            if sent + wanted.bytes > limit.bytes_a_day:
                raise TooMany(N_("That is more than can be sent in one day."), wait_seconds=3600)

    async def find(self, owner: MediaOwner, upload_id: UUID) -> Upload:
        """Raises `NoSuchUpload`, also for what belongs to another. An upload that is whole becomes a video at last, if
        the process died that should have made it one."""
        async with self._transaction(owner) as conn:
            upload = await _find(conn, owner, upload_id)
        if upload.received == upload.bytes and upload.video_id is None:
            with self._held(upload_id):
                await self._finish(owner, upload)
        return upload

    async def write(
        self, owner: MediaOwner, upload_id: UUID, offset: int, body: AsyncIterator[bytes], checksum: Checksum | None
    ) -> Upload:
        """Append what comes, up to where it breaks off; with a checksum all or nothing. The last byte makes the upload
        a video. Raises `WrongOffset`, `UploadBusy`, `TooLarge` or `WrongChecksum`, and then keeps nothing; and
        `Unavailable` where the disk has become full."""
        async with self._transaction(owner) as conn:
            await _find(conn, owner, upload_id)
        with self._held(upload_id) as file:
            upload = await self._at(owner, upload_id, offset, file)
            writing = _Writing(file, upload, checksum)
            try:
                async for chunk in body:
                    if await writing.take(chunk):
                        if checksum is None:
                            await self._count(owner, writing)
                        _check_disk(self._folder)  # others are sending too: what was free for each was not for all
                await writing.flush()
                writing.check()
            except BaseException as error:
                if checksum is None and not isinstance(error, (TooLarge, Invalid)):
                    await asyncio.shield(self._keep(owner, writing))
                raise
            upload = await self._count(owner, writing)
            if upload.received == upload.bytes:
                await self._finish(owner, upload)
        return upload

    async def _at(self, owner: MediaOwner, upload_id: UUID, offset: int, file: IO[bytes]) -> Upload:
        """The upload, if it stands at the offset. A file that a crash of the machine left shorter than the row says
        sets the row back."""
        async with self._transaction(owner) as conn:
            upload = await _find(conn, owner, upload_id)
            there = os.fstat(file.fileno()).st_size
            if there < upload.received:
                await conn.execute("UPDATE upload SET received = $2 WHERE id = $1", upload_id, there)
                upload = msgspec.structs.replace(upload, received=there)
        if upload.received != offset or upload.video_id is not None:
            raise WrongOffset(N_("The upload is at another offset. Ask for it, and continue there."))
        return upload

    async def _keep(self, owner: MediaOwner, writing: "_Writing") -> None:
        await writing.flush()
        await self._count(owner, writing)

    async def _count(self, owner: MediaOwner, writing: "_Writing") -> Upload:
        """Have what is written in the file count."""
        async with self._transaction(owner) as conn:
            upload = await row(
                conn,
                Upload,
                """
                UPDATE upload SET received = $3, expires_at = $4 WHERE id = $1 AND received = $2 AND video_id IS NULL
                RETURNING id, bytes, received, metadata, expires_at, video_id
                """,
                writing.upload.id,
                writing.counted,
                writing.written,
                now() + UPLOAD_KEPT,
            )
        if upload is None:
            raise NoSuchUpload(GIVEN_UP)
        writing.counted = upload.received
        return upload

    async def _finish(self, owner: MediaOwner, upload: Upload) -> None:
        """The caller holds the file. The bytes go where files are kept, under their hash."""
        path = self._path(upload.id)
        with path.open("rb") as file:
            key = await asyncio.to_thread(key_for, file, SOURCE_ENDING)
            await self._files.put(key, file)
        async with self._transaction(owner) as conn:
            if not await conn.fetchval("SELECT true FROM upload WHERE id = $1 FOR UPDATE", upload.id):
                raise NoSuchUpload(GIVEN_UP)
            await conn.execute(
                """
                INSERT INTO video (id, merchant_id, member_id, visitor_id, source, bytes)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING
                """,
                upload.id,
                *_ids(owner),
                key,
                upload.bytes,
            )
            await conn.execute("UPDATE upload SET video_id = id WHERE id = $1", upload.id)
            await conn.execute("SELECT pg_notify($1, $2)", VIDEOS, TO_MAKE)
        path.unlink(missing_ok=True)

    async def end(self, owner: MediaOwner, upload_id: UUID) -> None:
        """Give an upload up. Raises `NoSuchUpload`; a video stays, and counts for the day."""
        async with self._transaction(owner) as conn:
            await _find(conn, owner, upload_id)
            gone = await conn.fetchval(
                "DELETE FROM upload WHERE id = $1 AND video_id IS NULL RETURNING true", upload_id
            )
        if gone:
            self._path(upload_id).unlink(missing_ok=True)

    async def sweep(self, at: datetime) -> int:
        """Delete expired uploads, and files without an upload; finish what is whole. Returns how many were deleted."""
        async with self._db.transaction() as conn:
            gone = await conn.fetch("DELETE FROM upload WHERE expires_at <= $1 RETURNING id", at)
            whole = await rows(conn, _Whole, _WHOLE)
            known = {record["id"].hex for record in await conn.fetch("SELECT id FROM upload WHERE video_id IS NULL")}
        for one in whole:
            try:
                await self.find(MediaOwner(one.merchant_id, one.member_id, one.visitor_id), one.id)
            except (UploadBusy, OSError) as error:  # it is being finished, or its file is lost and it will expire
                log.warning("upload not finished", upload=str(one.id), error=repr(error))
        oldest = (at - UPLOAD_KEPT).timestamp()
        for path in self._folder.glob("*.part"):
            if path.stem not in known and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
        for record in gone:
            self._path(record["id"]).unlink(missing_ok=True)
        return len(gone)

    def _transaction(self, owner: MediaOwner) -> AbstractAsyncContextManager[Transaction]:
        return self._db.confined(owner.merchant_id) if owner.merchant_id else self._db.transaction()

    def _path(self, upload_id: UUID) -> Path:
        return self._folder / f"{upload_id.hex}.part"

    @contextmanager
    def _held(self, upload_id: UUID) -> Iterator[IO[bytes]]:
        """The file, while nobody else writes to it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path(upload_id), os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusy(N_("This video is being sent already."), wait_seconds=BUSY_SECONDS) from None
            yield file  # closing it gives the lock back


class _Writing:
    """One request's bytes on their way into the file."""

    def __init__(self, file: IO[bytes], upload: Upload, checksum: Checksum | None) -> None:
        self.upload = upload
        self.counted = self.written = upload.received
        self._file = file
        self._buffer = bytearray()
        self._checksum = checksum
        self._hash = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None

    async def take(self, chunk: bytes) -> bool:
        """Whether so much is written that it should be counted."""
        if self.written + len(self._buffer) + len(chunk) > self.upload.bytes:
            raise TooLarge(N_("The file is larger than was announced."))
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self.flush()
        return self.written - self.counted >= COUNTED_BYTES

    async def flush(self) -> None:
        if self._buffer:
            data, self._buffer = bytes(self._buffer), bytearray()
            if self.written < HEAD_BYTES:
                self._check_head(data)
            await asyncio.to_thread(self._write, data)
            self.written += len(data)

    def _check_head(self, data: bytes) -> None:
        """However few bytes came first."""
        head = os.pread(self._file.fileno(), self.written, 0) + data[:HEAD_BYTES]
        if len(head) >= HEAD_BYTES and video_format(head) is None:
            raise Invalid.one("file", NOT_A_VIDEO)

    def _write(self, data: bytes) -> None:
        if self._hash:
            self._hash.update(data)
        view, at = memoryview(data), self.written
        while view:
            done = os.pwrite(self._file.fileno(), view, at)
            view, at = view[done:], at + done

    def check(self) -> None:
        if self._hash and self._checksum and self._hash.digest() != self._checksum.digest:
            raise WrongChecksum(N_("The checksum does not match what arrived. Send it again."))


def _check_disk(folder: Path, more_bytes: int = 0) -> None:
    """Raises `Unavailable`."""
    if shutil.disk_usage(folder).free < more_bytes + MIN_FREE_BYTES:
        raise Unavailable(N_("The disk is too full for videos now. Try again later."), wait_seconds=600)


class _Whole(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    member_id: UUID | None
    visitor_id: UUID | None


_WHOLE = "SELECT id, merchant_id, member_id, visitor_id FROM upload WHERE received = bytes AND video_id IS NULL"


def _ids(owner: MediaOwner) -> tuple[UUID | None, UUID | None, UUID | None]:
    return owner.merchant_id, owner.member_id, owner.visitor_id


async def _find(conn: Connection, owner: MediaOwner, upload_id: UUID) -> Upload:
    upload = await row(
        conn, Upload, f"{_UPLOAD} WHERE id = $1 AND {_OWNED} AND expires_at > now()", upload_id, *_ids(owner)
    )
    if upload is None:
        raise NoSuchUpload(N_("There is no such upload, or it took too long."))
    return upload
