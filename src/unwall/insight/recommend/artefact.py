"""The file of a model: named arrays one after the other, so that processes map it and share its memory."""

import struct
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from unwall.kernel.errors import UnwallError

MAGIC = b"UNWALLMODEL\0"
ALIGNED = 64
Array = NDArray[Any]


class UnreadableModel(UnwallError):
    """The file is damaged, or was written by another version."""

    code = "unreadable-model"


class _Column(msgspec.Struct):
    dtype: str
    shape: list[int]
    start: int
    """from the end of the header, in bytes"""


class _Header(msgspec.Struct):
    version: int
    bytes: int
    columns: dict[str, _Column]


def write_arrays(version: int, named: Mapping[str, Array]) -> bytes:
    columns: dict[str, _Column] = {}
    parts: list[bytes] = []
    start = 0
    for name, array in named.items():
        data = np.ascontiguousarray(array).tobytes()
        columns[name] = _Column(array.dtype.str, list(array.shape), start)
        padding = -len(data) % ALIGNED
        parts.append(data + bytes(padding))
        start += len(data) + padding
    header = msgspec.json.encode(_Header(version, start, columns))
    header += b" " * (-(len(MAGIC) + 4 + len(header)) % ALIGNED)
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *parts])


def read_arrays(version: int, data: bytes | memoryview) -> dict[str, Array]:
    """Views of `data`, which is not copied. Raises `UnreadableModel`."""
    view = memoryview(data)
    first = len(MAGIC) + 4
    if bytes(view[: len(MAGIC)]) != MAGIC or len(view) < first:
        raise UnreadableModel("This is not the file of a model, or of an older version.")
    end = first + struct.unpack("<I", view[len(MAGIC) : first])[0]
    try:
        header = msgspec.json.decode(bytes(view[first:end]), type=_Header)
        if header.version != version:
            raise UnreadableModel(f"The model has version {header.version}; this program reads {version}.")
        if len(view) != end + header.bytes:
            raise UnreadableModel("The model's file is not whole.")
        return {name: _array(view[end:], column) for name, column in header.columns.items()}
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        raise UnreadableModel(f"The model's file cannot be read: {error!r}.") from error


def _array(view: memoryview, column: _Column) -> Array:
    count = int(np.prod(column.shape))
    return np.frombuffer(view, np.dtype(column.dtype), count, column.start).reshape(column.shape)


def packed_ids(ids: Sequence[UUID]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(item.bytes for item in ids), np.uint8).reshape(-1, 16)


def unpacked_ids(packed: Array) -> list[UUID]:
    return [UUID(bytes=row.tobytes()) for row in packed]
