"""Commands that import and export data sets and other files."""

import asyncio
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from unwall import settings
from unwall.catalogue import picture_fetch
from unwall.catalogue.picture_fetch import FetchProgress
from unwall.catalogue.values import ProductImportReport
from unwall.cli.base import with_database
from unwall.cli.consoles import err, out
from unwall.cli.running import check_port, making_kept, serve_anew
from unwall.commerce.orders.values import SYSTEM
from unwall.commerce.stock import reads as stock
from unwall.intake.dataset.actions import DatasetReport, import_dataset
from unwall.intake.dataset.export import export_dataset
from unwall.intake.dataset.generators import find_generator, import_generated
from unwall.intake.dataset.values import LogIn
from unwall.intake.online_retail.actions import import_online_retail
from unwall.intake.progress import Progress
from unwall.kernel.clock import now
from unwall.kernel.database import EXPORT, Connection, Database
from unwall.kernel.errors import NotFound
from unwall.kernel.files import Files
from unwall.kernel.text import gettext
from unwall.people import reads as people
from unwall.people.values import Merchant
from unwall.usecases.export_products import export_products
from unwall.usecases.import_products import ImportOptions, decode_product_file, import_products

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

    with nullcontext() if load_only else making_kept(settings.load().data):  # so that the server listens at once
        config = with_database(work)
    url = f"http://{config.host}:{config.port}"
    for channel, path in (("Shop", "/"), ("Console", "/console"), ("Counter", "/counter")):
        out.print(f"{channel:8} {url}{path}", highlight=False)
    mails = config.data / "mail"
    if environment.setdefault("UNWALL_MAIL_URL", f"file://{mails}") == f"file://{mails}":
        out.print(f"{'Mails':8} {mails}", highlight=False)
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
        out.print("Each member of staff chooses a password by a link: unwall staff reset EMAIL", highlight=False)


@export_commands.command("dataset")
def export_dataset_command(folder: Path, merchant_slug: Annotated[str, typer.Option("--merchant")]) -> None:
    """Export a merchant's whole data as a data set (docs/dataset.md), without passwords. It contains personal data."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            written = await export_dataset(db, files, merchant_slug, folder, progress)
        out.print(f"{sum(written.values()):,} records written to {folder}.", highlight=False)

    with_database(work)


@import_commands.command("products")
def import_products_command(
    file: Path,
    merchant_slug: Annotated[str, typer.Option("--merchant")],
    node: Annotated[str, typer.Option(help="Code of the shop or warehouse that has the quantities of the file.")] = "",
    encoding: Annotated[str, typer.Option(help="Of the file, such as gb18030; found out where none is named.")] = "",
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Change nothing where the file cannot be taken as is.")
    ] = False,
) -> None:
    """Import a product file (.csv) of Shopify's layout, as the console does; ends with 1 if products were left out."""

    async def work(db: Database, _: Files) -> None:
        with Progress(err) as progress:
            progress.step(f"Reading {file.name}")
            merchant = await _merchant(db, merchant_slug)
            data = await asyncio.to_thread(file.read_bytes)
            read = await decode_product_file(data, merchant.home_country, encoding=encoding)
            async with db.confined(merchant.id, EXPORT) as conn:
                at = await _node(conn, merchant, node) if node else None
                progress.step("Importing products")
                options = ImportOptions(SYSTEM, at, strict)
                report = await import_products(conn, merchant, read.text, options, files_url=_files_url())
                pictures = await picture_fetch.progress(conn, merchant.id)
        failed.extend(_print_products(report, read.encoding, pictures))

    failed: list[str] = []
    with_database(work)
    if failed:
        raise typer.Exit(1)


def _print_products(report: ProductImportReport, encoding: str, pictures: FetchProgress) -> Iterable[str]:
    """Print each cell that was not imported or was changed, with its line, and the products that were left out."""
    for title, cells in (("not imported", report.errors), ("changed", report.changes)):
        for cell in cells:
            where = " ".join(word for word in (f"line {cell.line}", cell.sku, cell.column) if word)
            out.print(f"{title:12} {where}: {gettext('en', cell.message)}", highlight=False, markup=False)
    if report.ignored_columns:
        out.print(f"Columns that we do not know: {', '.join(report.ignored_columns)}", highlight=False, markup=False)
    if encoding != "utf-8":
        out.print(f"Read as {encoding}.", highlight=False)
    counts = ("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged)
    for name, count in (*counts, ("left out", len(report.left_out))):
        out.print(f"{count:>12,} {name}", highlight=False)
    if pictures.waiting:
        out.print(f"{pictures.waiting:>12,} pictures are fetched by the worker", highlight=False)
    return report.left_out or [cell.message for cell in report.errors]


@export_commands.command("products")
def export_products_command(
    merchant_slug: Annotated[str, typer.Option("--merchant")],
    file: Annotated[Path | None, typer.Argument(help="Where to write it; without, to standard output.")] = None,
) -> None:
    """Export a merchant's products with their stock as a file (.csv) of Shopify's layout. Addresses of pictures begin
    with UNWALL_BASE_URL."""

    async def work(db: Database, _: Files) -> None:
        merchant = await _merchant(db, merchant_slug)
        opened = partial(db.confined, merchant.id, EXPORT)
        with file.open("w", encoding="utf-8-sig", newline="") if file else nullcontext(sys.stdout) as target:
            async for part in export_products(opened, merchant, files_url=_files_url()):
                target.write(part)

    with_database(work)


async def _merchant(db: Database, slug: str) -> Merchant:
    async with db.read() as conn:
        merchant = await people.merchant_by_slug(conn, slug, "")
    if merchant is None:
        raise NotFound(f"There is no store {slug!r}.")
    return merchant


async def _node(conn: Connection, merchant: Merchant, code: str) -> UUID:
    for node in await stock.nodes(conn, [merchant.id], "en"):
        if node.code == code:
            return node.id
    raise NotFound(f"{merchant.name} has no shop or warehouse with the code {code!r}.")


def _files_url() -> str:
    """As the server writes the addresses of pictures."""
    config = settings.load()
    return f"{config.base_url or f'http://{config.host}:{config.port}'}/files/"
