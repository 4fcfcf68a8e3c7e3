"""What commands print to."""

from rich.console import Console

out = Console()
err = Console(stderr=True)
