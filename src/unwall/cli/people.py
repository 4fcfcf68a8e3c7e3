"""Commands for merchants, their staff and members."""

from typing import Annotated

import typer

from unwall.cli.base import out, with_database
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files
from unwall.people import actions as people
from unwall.people import reads as people_reads
from unwall.people import sessions
from unwall.people.rules import check_person
from unwall.usecases.open_store import StoreDraft, open_store

member = typer.Typer(help="Manage members.", no_args_is_help=True)
staff = typer.Typer(help="Manage the staff of merchants.", no_args_is_help=True)
merchant = typer.Typer(help="Manage merchants.", no_args_is_help=True)


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
