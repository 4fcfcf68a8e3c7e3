"""The `unwall` command. Each command prints what it did and the next step."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from granian import Granian
from granian.constants import Interfaces, Loops
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from unwall import __version__, settings, worker
from unwall.commerce.stock import reads as stock_reads
from unwall.insight.recommend.actions import train as train_model
from unwall.intake.dataset.actions import DatasetReport, import_dataset
from unwall.intake.dataset.export import export_dataset
from unwall.intake.dataset.generators import find_generator, import_generated
from unwall.intake.dataset.values import LogIn
from unwall.intake.online_retail.actions import import_online_retail
from unwall.intake.progress import Progress
from unwall.journal import jobs as journal_jobs
from unwall.kernel import telemetry
from unwall.kernel.child_process import ChildProcess
from unwall.kernel.clock import now
from unwall.kernel.database import Database, connect, embedded_url
from unwall.kernel.errors import Invalid, UnwallError
from unwall.kernel.files import Files, open_files
from unwall.kernel.migrate import migrate as bring_up_to_date
from unwall.people import actions as people
from unwall.people import reads as people_reads
from unwall.people import sessions
from unwall.people.rules import check_person
from unwall.settings import Settings
from unwall.usecases.open_store import StoreDraft, open_store

app = typer.Typer(help="Unwall: content, data and omnichannel in one program.", no_args_is_help=True)
stock = typer.Typer(help="Check the stock.", no_args_is_help=True)
journal = typer.Typer(help="Export the journal.", no_args_is_help=True)
import_commands = typer.Typer(help="Import data.", no_args_is_help=True)
export_commands = typer.Typer(help="Export data.", no_args_is_help=True)
member = typer.Typer(help="Manage members.", no_args_is_help=True)
staff = typer.Typer(help="Manage the staff of merchants.", no_args_is_help=True)
merchant = typer.Typer(help="Manage merchants.", no_args_is_help=True)
for name, group in {
    "stock": stock,
    "journal": journal,
    "import": import_commands,
    "export": export_commands,
    "member": member,
    "staff": staff,
    "merchant": merchant,
}.items():
    app.add_typer(group, name=name)

out = Console()
err = Console(stderr=True)


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


# --- what every command needs -----------------------------------------------------------------------------------------


def prepared() -> Settings:
    """Start the database if needed and migrate it; exports its URL to child processes."""
    config = settings.load()
    url = config.database_url or embedded_url(config.data / "postgres")
    config.data.mkdir(parents=True, exist_ok=True)
    migrated = asyncio.run(bring_up_to_date(url))
    if migrated:
        err.print(f"Database migrated: {', '.join(migrated)}", style="dim")
    os.environ.update(DATABASE_URL=url, UNWALL_DATA=str(config.data))
    return msgspec.structs.replace(config, database_url=url)


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[tuple[Database, Files]]:
    async with connect(config.database_url, size=config.pool_size) as db:
        yield db, open_files(config.files_url, config.data)


def with_database(work: Callable[[Database, Files], Awaitable[None]]) -> Settings:
    async def run() -> None:
        async with opened(config) as (db, files):
            await work(db, files)

    config = prepared()
    asyncio.run(run())
    return config


# --- running ----------------------------------------------------------------------------------------------------------


@app.command()
def serve() -> None:
    """Start the web server, and a worker unless UNWALL_START_WORKER=0."""
    run_server(prepared())


def run_server(config: Settings) -> None:
    telemetry.configure(config.log_format, config.log_level)
    check_port(config)
    if config.workers > 1:
        shared = tempfile.mkdtemp(prefix="unwall-figures-")
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=shared, UNWALL_METRICS_DIRECTORY=shared)
    url = f"http://{config.host}:{config.port}"
    out.print(f"Unwall {__version__} on [bold]{url}[/]  (stop with Ctrl+C)", highlight=False)
    with ChildProcess("worker", worker_command()) if config.start_worker else nullcontext():
        run_web(config)


def worker_command() -> list[str]:
    return [sys.executable, "-m", "unwall", "worker", "--parent", str(os.getpid())]


def run_web(config: Settings) -> None:
    Granian(
        "unwall.app:create_app",
        factory=True,
        address=config.host,
        port=config.port,
        workers=config.workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
    ).serve()


@app.command("worker")
def run_worker(
    parent: Annotated[int, typer.Option(hidden=True, help="Process id of the parent: this process ends with it.")] = 0,
) -> None:
    """Run background jobs and scheduled tasks. `unwall serve` starts a worker itself unless UNWALL_START_WORKER=0."""
    if not parent:
        prepared()
    worker.main(parent or None)


def check_port(config: Settings) -> None:
    """Check the port first, since the server would only print a traceback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise Invalid.one("UNWALL_PORT", f"{config.host}:{config.port} cannot be used: {error.strerror}.") from None


@app.command()
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


def serve_anew(environment: dict[str, str]) -> NoReturn:
    """Replace this process by `unwall serve`, since the server forks and threads do not survive that. The lock that
    keeps the embedded database running is inherited."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", "unwall", "serve"], environment)  # noqa: S606


@app.command()
def migrate() -> None:
    """Migrate the database to this version (serve and demo do it too)."""
    config = prepared()
    out.print(f"The database is up to date. Next: unwall serve  (data in {config.data})", highlight=False)


@app.command("settings")
def show_settings() -> None:
    """Print all settings with their current values."""
    config = settings.load()
    table = Table(box=None)
    for heading in ("variable", "value"):
        table.add_column(heading)
    for name in Settings.__struct_fields__:
        shown = "(set)" if name == "database_url" and config.database_url else str(getattr(config, name))
        table.add_row(f"UNWALL_{name.upper()}", shown)
    out.print(table)


# --- import and export ------------------------------------------------------------------------------------------------


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


@member.command("claim")
def claim_member(
    merchant_slug: Annotated[str, typer.Option("--merchant")],
    code: Annotated[str, typer.Option(help="The merchant's customer number of the member.")],
    email: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
) -> None:
    """Set the e-mail address and password of an imported member, so that they can sign in."""
    check_person(email, code, password)

    async def work(db: Database, _: Files) -> None:
        hashed = await sessions.hash_password(password)
        async with db.transaction() as conn:
            found = await people_reads.merchant_by_slug(conn, merchant_slug, "en")
            if found is None:
                raise Invalid.one("--merchant", f"There is no merchant {merchant_slug}.")
            await people.claim_member(conn, found.id, code, email, hashed)
        out.print(f"Customer {code} can now sign in as {email}.", highlight=False)

    with_database(work)


@staff.command("password")
def set_staff_password(
    email: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Set a new password for a member of staff, and sign them out everywhere."""
    check_person(email, email, password)

    async def work(db: Database, _: Files) -> None:
        hashed = await sessions.hash_password(password)
        async with db.transaction() as conn:
            await sessions.set_staff_password(conn, email, hashed)
        out.print(f"{email} can now sign in at /console or /counter with the new password.", highlight=False)

    with_database(work)


@merchant.command("add")
def add_merchant(
    slug: str,
    name: str,
    owner_email: Annotated[str, typer.Option()],
    owner_name: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    currency: str = "CNY",
    timezone: str = "Asia/Shanghai",
) -> None:
    """Open a store at /m/SLUG, with an account that people can follow and a login for its owner."""

    async def work(db: Database, _: Files) -> None:
        await open_store(db, StoreDraft(slug, name, currency, timezone, owner_email, owner_name, password))
        out.print(f"{name} is open at /m/{slug}. {owner_name} can sign in at /console.", highlight=False)

    with_database(work)


# --- maintenance ------------------------------------------------------------------------------------------------------


@stock.command()
def audit() -> None:
    """Check that the stock ledger, levels and open holds agree; print the differences (exit code 1)."""

    async def work(db: Database, _: Files) -> None:
        async with db.read() as conn:
            wrong = await stock_reads.audit(conn)
        for discrepancy in wrong[:50]:
            out.print(str(discrepancy), highlight=False)
        if wrong:
            out.print(f"[red]{len(wrong)} levels do not agree with their ledger.[/]")
            raise typer.Exit(1)
        out.print("Ledger, levels and open holds agree.")

    with_database(work)


@journal.command()
def export(
    until: Annotated[str, typer.Option(help="Export days before this one (YYYY-MM-DD); default: today.")] = "",
) -> None:
    """Write past days to Parquet, and drop days older than UNWALL_JOURNAL_DAYS from the database."""

    async def work(db: Database, _: Files) -> None:
        config = settings.load()
        done = await journal_jobs.export(db, config.data, until or None)
        for day in done:
            out.print(f"{day.day}  {day.rows:>9,} rows  {day.file}", highlight=False)
        dropped = await journal_jobs.drop(db, config.data, config.journal_days)
        out.print(f"{len(done)} days written under {journal_jobs.parquet_folder(config.data)}.", highlight=False)
        if dropped:
            out.print(f"{len(dropped)} days dropped from the database; they are in Parquet only.")

    with_database(work)


@app.command()
def train() -> None:
    """Train the recommender on the journal and activate the new model."""

    async def work(db: Database, files: Files) -> None:
        begin = now()
        model_facts = await train_model(db, files, journal_jobs.parquet_folder(settings.load().data))
        out.print(f"Trained in {(now() - begin) / timedelta(seconds=1):.1f} s: {model_facts}", highlight=False)

    with_database(work)
