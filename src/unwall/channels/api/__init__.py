"""The api."""

from typing import Any

from unwall.channels.api import journal

HANDLERS: list[Any] = [*journal.HANDLERS]
