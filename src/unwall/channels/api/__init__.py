"""The api."""

from typing import Any

HANDLERS: list[Any] = []
