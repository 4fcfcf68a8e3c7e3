"""A word to a person on the next page: what was done, and how to undo it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from unwall.channels.http.context import AnyRequest, drop_cookie, set_cookie
from unwall.kernel.secrets import sign, unsign
from unwall.services import Services

FLASH_COOKIE = "uw_said"
SECONDS = 60


class Flash(msgspec.Struct, frozen=True):
    text: str
    undo_url: str | None = None
    undo_fields: dict[str, str] = {}


def set_flash(request: AnyRequest, services: Services, said: Flash) -> None:
    """On the next page."""
    text = urlsafe_b64encode(msgspec.json.encode(said)).decode()
    set_cookie(request, services, FLASH_COOKIE, sign(services.secret, text), SECONDS)


def take_flash(request: AnyRequest, services: Services) -> Flash | None:
    """What was said on the page before, once."""
    sealed = request.cookies.get(FLASH_COOKIE)
    if not sealed:
        return None
    drop_cookie(request, services, FLASH_COOKIE)
    text = unsign(services.secret, sealed)
    return msgspec.json.decode(urlsafe_b64decode(text), type=Flash) if text else None
