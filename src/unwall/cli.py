"""`unwall`: run it, fill it, look after it. Commands print what they did and what to do next."""

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
stock = typer.Typer(help="Look after the stock.", no_args_is_help=True)
journal = typer.Typer(help="Look after the journal.", no_args_is_help=True)
bring = typer.Typer(help="Bring data in.", no_args_is_help=True)
send = typer.Typer(help="Take data out.", no_args_is_help=True)
member = typer.Typer(help="Members.", no_args_is_help=True)
staff = typer.Typer(help="Staff of merchants.", no_args_is_help=True)
merchant = typer.Typer(help="Merchants.", no_args_is_help=True)
for name, group in {
    "stock": stock,
    "journal": journal,
    "import": bring,
    "export": send,
    "member": member,
    "staff": staff,
    "merchant": merchant,
}.items():
    app.add_typer(group, name=name)

out = Console()
err = Console(stderr=True)


def main() -> None:
    os.umask(0o077)  # what is written here is for its owner only
    try:
        app()
    except Invalid as error:
        for field in error.errors:
            err.print(f"[red]{field.field}[/]: {escape(field.message)}", highlight=False)
        sys.exit(2)
    except UnwallError as error:
        err.print(f"[red]{escape(error.message)}[/]", highlight=False)
        sys.exit(1)


# --- the ground under every command -----------------------------------------------------------------------------------


def prepared() -> Settings:
    """The settings with a database that runs and is up to date; the environment then tells it to child processes."""
    config = settings.load()
    url = config.database_url or embedded_url(config.data / "postgres")
    config.data.mkdir(parents=True, exist_ok=True)
    fresh = asyncio.run(bring_up_to_date(url))
    if fresh:
        err.print(f"Database brought up to date: {', '.join(fresh)}", style="dim")
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
    """Serve what the database holds."""
    run_server(prepared())


def run_server(config: Settings) -> None:
    telemetry.configure(config.log_format, config.log_level)
    check_port(config)
    if config.workers > 1:
        shared = tempfile.mkdtemp(prefix="unwall-figures-")
        os.environ.update(PROMETHEUS_MULTIPROC_DIR=shared, UNWALL_METRICS_DIRECTORY=shared)
    out.print(
        f"Unwall {__version__} on [bold]http://{config.host}:{config.port}[/]  (stop with Ctrl+C)", highlight=False
    )
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
    parent: Annotated[int, typer.Option(hidden=True, help="The process with which this one ends.")] = 0,
) -> None:
    """Run jobs, and what runs by the clock; `unwall serve` starts one by itself unless UNWALL_START_WORKER=0."""
    if not parent:
        prepared()
    worker.main(parent or None)


def check_port(config: Settings) -> None:
    """Tell a port in use in plain words before the server's own traceback does."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise Invalid.one("UNWALL_PORT", f"{config.host}:{config.port} cannot be used: {error.strerror}.") from None


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="The same seed makes the same market.")] = 1,
    load_only: Annotated[bool, typer.Option("--load-only", help="Load, but do not serve.")] = False,
) -> None:
    """Load the demo market (once) and serve it."""
    environment = dict(os.environ)
    generator = find_generator("demo")
    if not load_only:
        check_port(settings.load())

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_generated(db, files, generator, seed, now(), progress)
        show_log_ins(report.log_ins, "Log-ins of the demo market")

    config = with_database(work)
    url = f"http://{config.host}:{config.port}"
    for door, path in (("Shop", "/"), ("Console", "/console"), ("Counter", "/counter")):
        out.print(f"{door:8} {url}{path}", highlight=False)
    if not load_only:
        serve_anew(environment)


def show_log_ins(log_ins: Iterable[LogIn], title: str) -> None:
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("store", "role", "e-mail", "password"):
        table.add_column(heading, no_wrap=True)
    for login in log_ins:
        table.add_row(login.store, login.role, login.email, login.password)
    out.print(table)


def serve_anew(environment: dict[str, str]) -> NoReturn:
    """Become `unwall serve`: the server forks its workers, and this process has threads by now that a fork would lose.
    The embedded database stays up: what keeps it open is inherited."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, "-m", "unwall", "serve"], environment)  # noqa: S606


@app.command()
def migrate() -> None:
    """Bring the database up to date (serve and demo do it too)."""
    config = prepared()
    out.print(f"The database is up to date. Next: unwall serve  (data in {config.data})", highlight=False)


@app.command("settings")
def show_settings() -> None:
    """Print what may be set, and what is."""
    config = settings.load()
    table = Table(box=None)
    for heading in ("variable", "value"):
        table.add_column(heading)
    for name in Settings.__struct_fields__:
        shown = "(set)" if name == "database_url" and config.database_url else str(getattr(config, name))
        table.add_row(f"UNWALL_{name.upper()}", shown)
    out.print(table)


# --- bringing in ------------------------------------------------------------------------------------------------------


@bring.command("online-retail")
def online_retail(file: Path) -> None:
    """The UCI Online Retail file (.csv or .csv.gz), as a merchant with catalogue, members and dated orders."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_online_retail(db, files, file, progress)
        table = Table(title="Where the lines went", title_justify="left", box=None)
        for heading in report.headings:
            table.add_column(heading, justify="right" if heading != report.headings[0] else "left")
        for row in report.rows():
            table.add_row(*row)
        out.print(table)
        for line in report.closing():
            out.print(line, highlight=False)

    with_database(work)


@bring.command("dataset")
def bring_dataset(folder: Path) -> None:
    """A data set (docs/dataset.md): the whole data of one or more merchants. Doing it again changes nothing."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            report = await import_dataset(db, files, folder, progress)
        show_import(report)

    with_database(work)


def show_import(report: DatasetReport) -> None:
    for name, count in report.written.items():
        if count:
            out.print(f"{count:>12,} {name.replace('_', ' ')}", highlight=False)
    out.print("Imported." if report.changed else "Everything was there already: nothing was changed.")
    for slug in report.merchants:
        out.print(f"The store is at /m/{slug}.", highlight=False)
    if report.log_ins:
        show_log_ins(report.log_ins, "Log-ins of the data set")
    elif report.changed:
        out.print("Staff need a new password each: unwall staff password EMAIL", highlight=False)


@send.command("dataset")
def send_dataset(folder: Path, merchant_slug: Annotated[str, typer.Option("--merchant")]) -> None:
    """A merchant's whole data as a data set (docs/dataset.md), without passwords. It holds personal data."""

    async def work(db: Database, files: Files) -> None:
        with Progress(err) as progress:
            written = await export_dataset(db, files, merchant_slug, folder, progress)
        out.print(f"{sum(written.values()):,} records written to {folder}.", highlight=False)

    with_database(work)


@member.command("claim")
def claim_member(
    merchant_slug: Annotated[str, typer.Option("--merchant")],
    code: Annotated[str, typer.Option(help="What the merchant calls the member: a customer number.")],
    email: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
) -> None:
    """Give an imported member an e-mail and a password, so that they can sign in and see their own page."""
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
    """Give somebody on a merchant's staff a new password, and sign them out everywhere."""
    check_person(email, email, password)

    async def work(db: Database, _: Files) -> None:
        hashed = await sessions.hash_password(password)
        async with db.transaction() as conn:
            await sessions.set_staff_password(conn, email, hashed)
        out.print(f"{email} signs in at /console or /counter with the new password.", highlight=False)

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
    """Open a store: its address, its account, which people follow, and its owner's log-in."""

    async def work(db: Database, _: Files) -> None:
        await open_store(db, StoreDraft(slug, name, currency, timezone, owner_email, owner_name, password))
        out.print(f"{name} is open at /m/{slug}. {owner_name} signs in at /console.", highlight=False)

    with_database(work)


# --- looking after ----------------------------------------------------------------------------------------------------


@stock.command()
def audit() -> None:
    """Prove that ledger, levels and open holds agree, and say where they do not (exit code 1)."""

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
    until: Annotated[str, typer.Option(help="Days before this one (YYYY-MM-DD); today if not given.")] = "",
) -> None:
    """Write finished days to Parquet, each once; drop from the database what is older than UNWALL_JOURNAL_DAYS."""

    async def work(db: Database, _: Files) -> None:
        config = settings.load()
        done = await journal_jobs.export(db, config.data, until or None)
        for day in done:
            out.print(f"{day.day}  {day.rows:>9,} rows  {day.file}", highlight=False)
        dropped = await journal_jobs.drop(db, config.data, config.journal_days)
        out.print(f"{len(done)} days written under {journal_jobs.parquet_folder(config.data)}.", highlight=False)
        if dropped:
            out.print(f"{len(dropped)} days are in Parquet only from now on.")

    with_database(work)


@app.command()
def train() -> None:
    """Learn the recommender from the journal and put the new model to use."""

    async def work(db: Database, files: Files) -> None:
        begin = now()
        facts = await train_model(db, files, journal_jobs.parquet_folder(settings.load().data))
        out.print(f"Trained in {(now() - begin) / timedelta(seconds=1):.1f} s: {facts}", highlight=False)

    with_database(work)
