"""The `unwall` command. Each command prints what it did and the next step."""

from unwall.cli.main import main

__all__ = ["main"]
