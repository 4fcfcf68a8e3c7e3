"""The JSON API, and the journal's door for browsers."""

from typing import Any

from unwall.channels.api import journal

HANDLERS: list[Any] = [*journal.HANDLERS]
