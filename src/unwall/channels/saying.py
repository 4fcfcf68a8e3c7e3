"""A word to a person on the next page: what was done, and how to undo it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from unwall.channels.house import House
from unwall.channels.visits import AnyRequest, drop_cookie, set_cookie
from unwall.kernel.secrets import sign, unsign

SAID = "uw_said"
SECONDS = 60


class Said(msgspec.Struct, frozen=True):
    text: str
    undo_url: str | None = None
    undo_fields: dict[str, str] = {}


def say(request: AnyRequest, house: House, said: Said) -> None:
    """On the next page."""
    text = urlsafe_b64encode(msgspec.json.encode(said)).decode()
    set_cookie(request, house, SAID, sign(house.secret, text), SECONDS)


def hear(request: AnyRequest, house: House) -> Said | None:
    """What was said on the page before, once."""
    sealed = request.cookies.get(SAID)
    if not sealed:
        return None
    drop_cookie(request, house, SAID)
    text = unsign(house.secret, sealed)
    return msgspec.json.decode(urlsafe_b64decode(text), type=Said) if text else None
