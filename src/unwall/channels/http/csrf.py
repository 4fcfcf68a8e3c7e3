"""The CSRF token as pages contain it: masked, so that it differs in every response and compressing a page that repeats
what somebody sent does not give it away (BREACH). The cookie keeps the token itself.
"""

from secrets import compare_digest, token_bytes

from litestar.middleware.csrf import CSRF_SECRET_BYTES, CSRF_SECRET_LENGTH, CSRFMiddleware
from litestar.utils.scope.state import ScopeState

from unwall.channels.http.context import CSRF, AnyRequest

MASKED_BYTES = 2 * CSRF_SECRET_BYTES


class MaskedCSRFMiddleware(CSRFMiddleware):
    """Accepts masked tokens, and the cookie's own as programs send it."""

    def _csrf_tokens_match(self, request_csrf_token: str, cookie_csrf_token: str) -> bool:
        if super()._csrf_tokens_match(request_csrf_token, cookie_csrf_token):
            return True
        secret = self._decode_csrf_token(cookie_csrf_token)
        return secret is not None and compare_digest(unmasked(request_csrf_token), secret)


def masked_token(request: AnyRequest) -> str:
    """For the forms of a page; empty where the address takes none."""
    token = request.cookies.get(CSRF) or ScopeState.from_scope(request.scope).csrf_token
    return masked(token) if isinstance(token, str) else ""


def masked(token: str) -> str:
    """Of the cookie's token (a secret and its signature): a random mask, then the secret under that mask."""
    mask = token_bytes(CSRF_SECRET_BYTES)
    try:
        secret = bytes.fromhex(token[:CSRF_SECRET_LENGTH])
    except ValueError:  # a cookie that is none of ours; its forms are refused
        return ""
    return (mask + _xor(mask, secret)).hex()


def unmasked(token: str) -> str:
    """The secret as the cookie has it; empty where the token is none of ours."""
    try:
        sent = bytes.fromhex(token)
    except ValueError:
        return ""
    return _xor(sent[:CSRF_SECRET_BYTES], sent[CSRF_SECRET_BYTES:]).hex() if len(sent) == MASKED_BYTES else ""


def _xor(mask: bytes, text: bytes) -> bytes:
    return (int.from_bytes(mask) ^ int.from_bytes(text)).to_bytes(CSRF_SECRET_BYTES)
