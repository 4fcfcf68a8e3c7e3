"""Commands that check and maintain an install."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from unwall import settings
from unwall.cli.base import with_database
from unwall.cli.consoles import out
from unwall.commerce.orders.credit import audit_credit
from unwall.commerce.payments.reconcile import audit_money as money_discrepancies
from unwall.commerce.stock import reads as stock_reads
from unwall.insight.recommend import reads as recommend_reads
from unwall.insight.recommend.actions import roll_back
from unwall.insight.recommend.actions import train as train_model
from unwall.insight.recommend.recommender import WATCH_SECONDS
from unwall.insight.recommend.values import Fit
from unwall.journal import jobs as journal_jobs
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.files import Files
from unwall.kernel.secrets import install_secret
from unwall.services import gateway_of

MAX_SHOWN = 50
"""Differences that an audit prints; the others are counted."""

commands = typer.Typer()
models = typer.Typer(help="List the recommender's models, and go back to an earlier one.", no_args_is_help=True)
stock = typer.Typer(help="Check the stock.", no_args_is_help=True)
money = typer.Typer(help="Check the money.", no_args_is_help=True)
journal = typer.Typer(help="Export the journal.", no_args_is_help=True)


@stock.command("audit")
def audit_stock() -> None:
    """Check that the stock ledger, levels and open holds agree; print the differences (exit code 1)."""
    _audit(_stock, "levels do not agree with their ledger.", "Ledger, levels and open holds agree.")


@money.command("audit")
def audit_money() -> None:
    """Check that the ledger of money, payments and refunds agree, among themselves and with what the gateway knows,
    and that of credit with gift cards, store credit and orders; print the differences (exit code 1)."""
    _audit(
        _money, "payments or accounts do not agree with their ledger.", "Ledgers, payments, refunds and credit agree."
    )


async def _money(db: Database) -> Sequence[object]:
    config = settings.load()
    gateway = gateway_of(config, db, install_secret(config.data))
    async with db.read() as conn:
        of_credit = await audit_credit(conn)
    return [*await money_discrepancies(db, gateway, now()), *of_credit]


async def _stock(db: Database) -> Sequence[object]:
    async with db.read() as conn:
        return await stock_reads.audit(conn)


def _audit(read: Callable[[Database], Awaitable[Sequence[object]]], wrong: str, right: str) -> None:
    async def work(db: Database, _: Files) -> None:
        discrepancies = await read(db)
        for discrepancy in discrepancies[:MAX_SHOWN]:
            out.print(str(discrepancy), highlight=False)
        if discrepancies:
            out.print(f"[red]{len(discrepancies)} {wrong}[/]")
            raise typer.Exit(1)
        out.print(right)

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


@commands.command()
def train() -> None:
    """Train the recommender on the journal and activate the new model."""

    async def work(db: Database, files: Files) -> None:
        begin = now()
        model_facts = await train_model(db, files, journal_jobs.parquet_folder(settings.load().data))
        out.print(f"Trained in {(now() - begin) / timedelta(seconds=1):.1f} s: {model_facts}", highlight=False)
        if model_facts.judged.worse:
            out.print("[red]It guessed worse than the model that serves, which stays.[/]")

    with_database(work)


@models.command("list")
def list_models() -> None:
    """List the models, the newest first: which one serves, and how each guessed what people did next."""

    async def work(db: Database, _: Files) -> None:
        async with db.read() as conn:
            kept = await recommend_reads.models(conn)
        for model in kept:
            state = "serves" if model.active else "worse" if model.fit.judged.worse else ""
            out.print(f"{model.id}  {model.at:%Y-%m-%d %H:%M}  {state:7} {_judged(model.fit)}", highlight=False)
        if not kept:
            out.print("No model is trained yet.")

    with_database(work)


def _judged(fit: Fit) -> str:
    judged, size = fit.judged, f"{fit.events:,} events, {fit.items:,} products"
    if fit.trees:
        size += f", trees for {' and '.join(fit.trees)}"
    if judged.hit_20 is None:
        return f"{size}; not judged: only {judged.questions} people did something new lately"
    before = f", the one before it {judged.standing_hit_20:.1%}" if judged.standing_hit_20 is not None else ""
    return f"{size}; guessed {judged.hit_20:.1%} of {judged.questions:,} next products among 20{before}"


@models.command()
def rollback() -> None:
    """Go back to the model before the one that serves; the next training replaces it."""

    async def work(db: Database, _: Files) -> None:
        model_id = await roll_back(db)
        if model_id is None:
            out.print("[red]There is no earlier model.[/]")
            raise typer.Exit(1)
        out.print(f"Model {model_id} serves; running servers take it over within {WATCH_SECONDS} seconds.")

    with_database(work)
