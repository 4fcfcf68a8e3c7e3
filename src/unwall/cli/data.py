"""Commands that import and export data sets and other files."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from unwall import settings
from unwall.cli.base import err, out, with_database
from unwall.cli.running import check_port, serve_anew
from unwall.intake.dataset.actions import DatasetReport, import_dataset
from unwall.intake.dataset.export import export_dataset
from unwall.intake.dataset.generators import find_generator, import_generated
from unwall.intake.dataset.values import LogIn
from unwall.intake.online_retail.actions import import_online_retail
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files

commands = typer.Typer()
import_commands = typer.Typer(help="Import data.", no_args_is_help=True)
export_commands = typer.Typer(help="Export data.", no_args_is_help=True)


@commands.command()
def demo(
    seed: Annotated[int, typer.Option(help="Seed of the random data; the same seed gives the same market.")] = 1,
    load_only: Annotated[bool, typer.Option("--load-only", help="Load the data without starting the server.")] = False,
) -> None:
    """Load the demo market (only the first time) and start the server."""
    environment = dict(os.environ)
    generator = find_generator("demo")
    if not load_only:
        check_port(settings.load())

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_generated(db, files, generator, seed, now(), progress)
        print_logins(report.log_ins, "Logins of the demo market")

    config = with_database(work)
    url = f"http://{config.host}:{config.port}"
    for channel, path in (("Shop", "/"), ("Console", "/console"), ("Counter", "/counter")):
        out.print(f"{channel:8} {url}{path}", highlight=False)
    if not load_only:
        serve_anew(environment)


def print_logins(log_ins: Iterable[LogIn], title: str) -> None:
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("store", "role", "e-mail", "password"):
        table.add_column(heading, no_wrap=True)
    for login in log_ins:
        table.add_row(login.store, login.role, login.email, login.password)
    out.print(table)


@import_commands.command("online-retail")
def online_retail(file: Path) -> None:
    """Import the UCI Online Retail file (.csv or .csv.gz) as a merchant with catalogue, members and orders."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_online_retail(db, files, file, progress)
        table = Table(title="Lines by result", title_justify="left", box=None)
        for heading in report.headings:
            table.add_column(heading, justify="right" if heading != report.headings[0] else "left")
        for row in report.rows():
            table.add_row(*row)
        out.print(table)
        for line in report.closing():
            out.print(line, highlight=False)

    with_database(work)


@import_commands.command("dataset")
def import_dataset_command(folder: Path) -> None:
    """Import a data set (docs/dataset.md): all data of one or more merchants. Repeating it changes nothing."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_dataset(db, files, folder, progress)
        print_import(report)

    with_database(work)


def print_import(report: DatasetReport) -> None:
    for name, count in report.written.items():
        if count:
            out.print(f"{count:>12,} {name.replace('_', ' ')}", highlight=False)
    out.print("Imported." if report.changed else "Nothing was changed: all of it had been imported before.")
    for slug in report.merchants:
        out.print(f"The store is at /m/{slug}.", highlight=False)
    if report.log_ins:
        print_logins(report.log_ins, "Logins of the data set")
    elif report.changed:
        out.print("Set a new password for each member of staff: unwall staff password EMAIL", highlight=False)


@export_commands.command("dataset")
def export_dataset_command(folder: Path, merchant_slug: Annotated[str, typer.Option("--merchant")]) -> None:
    """Export a merchant's whole data as a data set (docs/dataset.md), without passwords. It contains personal data."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            written = await export_dataset(db, files, merchant_slug, folder, progress)
        out.print(f"{sum(written.values()):,} records written to {folder}.", highlight=False)

    with_database(work)
