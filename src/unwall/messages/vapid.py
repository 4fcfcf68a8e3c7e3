"""The key by which push services know this install (VAPID, RFC 8292): derived from the install's secret, so that it is
made once, kept where the secret is, and shared by all servers that share it.
"""

import hashlib
import hmac
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from py_vapid.utils import b64urlencode

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256."""


@lru_cache(maxsize=4)
def vapid(secret: bytes) -> Vapid02:
    wide = int.from_bytes(hmac.digest(secret, b"vapid", hashlib.sha384))
    return Vapid02(ec.derive_private_key(wide % (_ORDER - 1) + 1, ec.SECP256R1()))


def public_key(secret: bytes) -> str:
    """As `PushManager.subscribe` takes it: `applicationServerKey`."""
    point: bytes = vapid(secret).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key: str = b64urlencode(point)
    return key


def authorization(secret: bytes, endpoint: str, contact: str, expires: int) -> dict[str, str]:
    """The header that signs a message to this push service. `contact` is a mailto: or https: address of the operator,
    `expires` seconds since 1970, at most a day from now."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": contact, "exp": expires}
    headers: dict[str, str] = vapid(secret).sign(claims)
    return headers
