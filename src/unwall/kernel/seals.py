"""Signed values for cookies and tokens: each is signed with the install's secret, for one purpose."""

import hashlib
import time
from functools import lru_cache
from typing import TypeVar

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer

Value = TypeVar("Value")

MAX_AHEAD_SECONDS = 24 * 3600
"""A clock that was set back, or another server's that is behind, meets seals of a later time: they stay good."""
MAX_OPENED = 5_000
"""Seals whose signature was checked, kept because browsers send the same ones with every request; half a kB each."""


def seal(secret: bytes, purpose: str, value: object) -> str:
    """The value with the time and its signature. It is signed, not encrypted: anybody can read it."""
    return str(_serializer(secret, purpose).dumps(msgspec.to_builtins(value)))


def unseal(
    secret: bytes, purpose: str, sealed: str, kind: type[Value], *, max_age_seconds: int | None = None
) -> Value | None:
    """None if the signature is wrong, too old or was made for another purpose, or the value is not of this kind."""
    try:
        value, sealed_at = _opened(secret, purpose, sealed)
        if max_age_seconds is not None and not -MAX_AHEAD_SECONDS <= time.time() - sealed_at <= max_age_seconds:
            return None
        return msgspec.convert(value, kind)
    except (BadData, msgspec.ValidationError):
        return None


@lru_cache(maxsize=MAX_OPENED)
def _opened(secret: bytes, purpose: str, sealed: str) -> tuple[object, float]:
    """The value and when it was sealed; only what is sealed rightly is kept. Raises `BadData`."""
    value, sealed_at = _serializer(secret, purpose).loads(sealed, return_timestamp=True)
    return value, sealed_at.timestamp()


@lru_cache
def _serializer(secret: bytes, purpose: str) -> URLSafeTimedSerializer:
    signer = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeTimedSerializer(secret, salt=purpose, signer_kwargs=signer)
