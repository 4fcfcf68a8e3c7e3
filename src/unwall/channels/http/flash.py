"""Flash messages: what was done, shown on the next page, and how to undo it."""

import msgspec

from unwall.channels.http.context import AnyRequest, drop_cookie, set_sealed_cookie
from unwall.kernel.seals import unseal
from unwall.services import Services

FLASH_COOKIE = "uw_flash"
SHOWN_WITHIN_SECONDS = 60


class Flash(msgspec.Struct, frozen=True):
    text: str
    undo_url: str | None = None
    undo_fields: dict[str, str] = {}


def set_flash(request: AnyRequest, services: Services, flash: Flash) -> None:
    """Shown on the next page."""
    set_sealed_cookie(request, services, FLASH_COOKIE, flash, SHOWN_WITHIN_SECONDS)


def take_flash(request: AnyRequest, services: Services) -> Flash | None:
    """The message that the request before left, once; None where there is none, or it is not ours."""
    sealed = request.cookies.get(FLASH_COOKIE)
    if not sealed:
        return None
    drop_cookie(request, services, FLASH_COOKIE)
    return unseal(services.secret, FLASH_COOKIE, sealed, Flash, max_age_seconds=SHOWN_WITHIN_SECONDS)
