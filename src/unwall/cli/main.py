"""The `unwall` command with its groups."""

import os
import sys

import typer
from rich.markup import escape

from unwall.cli import data, maintenance, moderation, people, running
from unwall.cli.base import err
from unwall.kernel.errors import Invalid, UnwallError

app = typer.Typer(help="Unwall: content, data and omnichannel in one program.", no_args_is_help=True)
for commands in (running.commands, data.commands, maintenance.commands):
    app.add_typer(commands)
for name, group in {
    "stock": maintenance.stock,
    "money": maintenance.money,
    "journal": maintenance.journal,
    "import": data.import_commands,
    "export": data.export_commands,
    "member": people.member,
    "staff": people.staff,
    "merchant": people.merchant,
    "moderation": moderation.moderation,
    "account": people.account,
}.items():
    app.add_typer(group, name=name)


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
