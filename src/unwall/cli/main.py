"""The `unwall` command with its groups. A command's module is imported when it is called, so that none waits for what
another needs; the list of commands imports none of them.
"""

import os
import sys
from importlib import import_module
from typing import Any, NamedTuple

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from unwall.cli.consoles import err
from unwall.kernel.errors import Invalid, UnwallError


class Listed(NamedTuple):
    module: str
    """Of this package."""
    help: str
    """As the command says it itself."""
    group: str = ""
    """The name of its group in the module; empty: it is one of the module's `commands`."""


COMMANDS = {
    "serve": Listed("running", "Start the web server, and a worker unless UNWALL_START_WORKER=0."),
    "worker": Listed(
        "running",
        "Run background jobs and scheduled tasks. `unwall serve` starts a worker itself unless UNWALL_START_WORKER=0.",
    ),
    "migrate": Listed("running", "Migrate the database to this version (serve and demo do it too)."),
    "settings": Listed("running", "Print all settings with their current values."),
    "demo": Listed("data", "Load the demo market (only the first time) and start the server."),
    "train": Listed("maintenance", "Train the recommender on the journal and activate the new model."),
    "models": Listed("maintenance", "List the recommender's models, and go back to an earlier one.", "models"),
    "stock": Listed("maintenance", "Check the stock.", "stock"),
    "money": Listed("maintenance", "Check the money.", "money"),
    "journal": Listed("maintenance", "Export the journal.", "journal"),
    "import": Listed("data", "Import data.", "import_commands"),
    "export": Listed("data", "Export data.", "export_commands"),
    "member": Listed("people", "Manage members.", "member"),
    "staff": Listed("people", "Manage the staff of merchants.", "staff"),
    "merchant": Listed("people", "Manage merchants.", "merchant"),
    "moderation": Listed("moderation", "Decide about what people reported.", "moderation"),
    "account": Listed("people", "Manage accounts that publish.", "account"),
}
LISTING = "unwall.listing"


class Commands(TyperGroup):
    """What typer gives and takes has no public type: it brings its own click."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if LISTING in ctx.meta:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name].help)
        return load_command(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        ctx.meta[LISTING] = True
        super().format_help(ctx, formatter)


def load_command(name: str) -> Any:
    listed = COMMANDS[name]
    module = import_module(f"unwall.cli.{listed.module}")
    if listed.group:
        return get_group(getattr(module, listed.group))
    return get_group(module.commands).commands[name]


app = typer.Typer(cls=Commands, no_args_is_help=True)


@app.callback()
def unwall() -> None:
    """Unwall: content, data and omnichannel in one program."""


def main() -> None:
    os.umask(0o077)  # files are created readable by their owner only
    try:
        app()
    except Invalid as error:
        for field in error.errors:
            err.print(f"[red]{field.field}[/]: {escape(field.message)}", highlight=False)
        sys.exit(2)
    except UnwallError as error:
        err.print(f"[red]{escape(error.message)}[/]", highlight=False)
        sys.exit(1)
