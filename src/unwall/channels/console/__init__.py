"""The console."""

from typing import Any

HANDLERS: list[Any] = []
