"""Files that are two things at once: a picture or video that is a web page, a program or an archive as well. What is
shown is encoded or packed anew, so nothing of it would come along; but whoever sends such a file means no good, and is
told.
"""

import os
import re
import struct
from typing import IO

SCANNED_BYTES = 2**20
"""Of each end of the file."""
_PAGE = re.compile(rb"<(?:script|iframe|html|!doctype\s+html|\?php)[\s>]", re.IGNORECASE)
_LARGE_BOXES = (b"mdat", b"moov", b"moof", b"free", b"skip", b"wide")
"""Of the MP4 family; one that is longer than the file was cut off, and hides nothing."""
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22


def is_two_things(file: IO[bytes]) -> bool:
    """Whether a page or script is written at either end of the file, or an archive ends where it ends."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if _PAGE.search(file.read(SCANNED_BYTES)):
        return True
    file.seek(max(0, size - SCANNED_BYTES))
    tail = file.read(SCANNED_BYTES)
    return bool(_PAGE.search(tail)) or _is_zip(tail)


def _is_zip(tail: bytes) -> bool:
    """An archive's last record says how long the comment behind it is, up to the end of the file."""
    at = tail.rfind(_ZIP_END)
    while at >= 0:
        if len(tail) - at >= _ZIP_END_BYTES:
            (comment,) = struct.unpack_from("<H", tail, at + _ZIP_END_BYTES - 2)
            if at + _ZIP_END_BYTES + comment == len(tail):
                return True
        at = tail.rfind(_ZIP_END, 0, at)
    return False


def bytes_behind(file: IO[bytes], kind: str) -> int:
    """How many bytes follow the parts of a video, in FFmpeg's name of its format. Zeros do not count, and what says no
    end has nothing behind it."""
    size = file.seek(0, os.SEEK_END)
    end = _end_of_boxes(file, size) if kind == "mov" else _end_of_segment(file, size)
    file.seek(end)
    while chunk := file.read(SCANNED_BYTES):
        if chunk.strip(b"\0"):
            return size - end
    return 0


def _end_of_boxes(file: IO[bytes], size: int) -> int:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
        if length == 0:  # to the end of the file
            return size if name.isalnum() else at
        if length >= 8 and at + length > size and name in _LARGE_BOXES:
            return size
        if length < 8 or at + length > size:
            break
        at += length
    return at


def _end_of_segment(file: IO[bytes], size: int) -> int:
    """Of Matroska: its head, then one segment, whose length may be unknown."""
    at = 0
    for _ in range(2):
        file.seek(at)
        head = file.read(12)
        if len(head) < 5:
            return size
        length, width = _number(head[4:])
        if length is None:
            return size
        at += 4 + width + length
    return min(at, size)


def _number(data: bytes) -> tuple[int | None, int]:
    """A number of EBML, None where it says that it is unknown, and how many bytes it takes."""
    width = 9 - data[0].bit_length() if data[0] else 9
    if width > 8:
        return None, width
    value = int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), width
