"""Signed values for cookies and tokens: each is signed with the install's secret, for one purpose."""

import hashlib
from functools import lru_cache
from typing import TypeVar

import msgspec
from itsdangerous import BadData, URLSafeSerializer

Value = TypeVar("Value")


def seal(secret: bytes, purpose: str, value: object) -> str:
    """The value with its signature. It is signed, not encrypted: anybody can read it."""
    return str(_serializer(secret, purpose).dumps(msgspec.to_builtins(value)))


def unseal(secret: bytes, purpose: str, sealed: str, kind: type[Value]) -> Value | None:
    """None if the signature is wrong, was made for another purpose, or the value is not of this kind."""
    try:
        return msgspec.convert(_serializer(secret, purpose).loads(sealed), kind)
    except (BadData, msgspec.ValidationError):
        return None


@lru_cache
def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    signer = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(secret, salt=purpose, signer_kwargs=signer)
