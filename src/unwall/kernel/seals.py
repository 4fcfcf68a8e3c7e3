"""Values that go out and come back unforged, as cookies and tokens: signed with the install's secret, for one purpose
each."""

import hashlib
from functools import lru_cache
from typing import TypeVar

import msgspec
from itsdangerous import BadData, URLSafeSerializer

Value = TypeVar("Value")


def seal(secret: bytes, purpose: str, value: object) -> str:
    """The value, readable by everybody, with a signature that only this install can make."""
    return str(_serializer(secret, purpose).dumps(msgspec.to_builtins(value)))


def unseal(secret: bytes, purpose: str, sealed: str, kind: type[Value]) -> Value | None:
    """None where this install did not seal it, or sealed it for another purpose, or it is not of this kind."""
    try:
        return msgspec.convert(_serializer(secret, purpose).loads(sealed), kind)
    except (BadData, msgspec.ValidationError):
        return None


@lru_cache
def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    signer = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(secret, salt=purpose, signer_kwargs=signer)
