"""The shop."""

from typing import Any

HANDLERS: list[Any] = []
