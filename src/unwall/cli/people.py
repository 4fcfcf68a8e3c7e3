"""Commands for merchants, their staff and members."""

from typing import Annotated

import typer

from unwall import settings
from unwall.cli.base import with_database
from unwall.cli.consoles import out
from unwall.content.accounts import actions as accounts
from unwall.kernel.addresses import country_of_timezone, currency_of
from unwall.kernel.clock import machine_timezone
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid
from unwall.kernel.files import Files
from unwall.kernel.secrets import install_secret
from unwall.messages.actions import forget_person
from unwall.people import actions as people
from unwall.people import passwords
from unwall.people import reads as people_reads
from unwall.people.reset_links import reset_path
from unwall.people.rules import RESET_HOURS, check_identity, check_person
from unwall.people.values import Audience, ResetTicket, Role, StaffDraft
from unwall.usecases.close_membership import close_by_email
from unwall.usecases.open_store import StoreDraft, open_store

member = typer.Typer(help="Manage members.", no_args_is_help=True)
staff = typer.Typer(help="Manage the staff of merchants.", no_args_is_help=True)
merchant = typer.Typer(help="Manage merchants.", no_args_is_help=True)
account = typer.Typer(help="Manage accounts that publish.", no_args_is_help=True)


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
        hashed = await passwords.hash_password(password)
        async with db.transaction() as conn:
            store = await people_reads.merchant_by_slug(conn, merchant_slug, "en")
            if store is None:
                raise Invalid.one("--merchant", f"There is no merchant {merchant_slug}.")
            await people.claim_member(conn, store.id, code, email, hashed)
        out.print(f"Customer {code} can now sign in as {email}.", highlight=False)

    with_database(work)


@member.command("reset")
def reset_member(email: str) -> None:
    """Print a link by which a member chooses a new password. The old one ends at once, and so does every sign-in."""
    with_database(lambda db, _: _reset(db, Audience.MEMBER, email))


@member.command("close")
def close_member(
    email: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Close a membership for good: who the member is gets deleted, with their own accounts and posts. Orders and
    payments stay."""
    if not yes:
        typer.confirm(f"Close the membership of {email}? This cannot be undone.", abort=True)

    async def work(db: Database, _: Files) -> None:
        await close_by_email(db, email, forget_person)
        out.print(f"The membership of {email} is closed.", highlight=False)

    with_database(work)


@staff.command("reset")
def reset_staff(email: str) -> None:
    """Print a link by which a member of staff chooses a new password. The old one ends at once, and so does every
    sign-in."""
    with_database(lambda db, _: _reset(db, Audience.STAFF, email))


async def _reset(db: Database, audience: Audience, email: str) -> None:
    unusable = await passwords.unusable_password()
    async with db.transaction() as conn:
        ticket = await passwords.reset_password(conn, audience, email, unusable)
    print_link(email, ticket)


def print_link(email: str, ticket: ResetTicket) -> None:
    config = settings.load()
    address = config.base_url or f"http://{config.host}:{config.port}"
    out.print(f"{email} chooses a new password here, once, within {RESET_HOURS} hours:", highlight=False)
    out.print(f"{address}{reset_path(install_secret(config.data), ticket)}", highlight=False, soft_wrap=True)


@staff.command("add")
def add_staff(
    merchant_slug: Annotated[str, typer.Option("--merchant")],
    email: str,
    name: str,
    role: Annotated[Role, typer.Option(help="Staff of one shop or warehouse are added in the console.")] = Role.OWNER,
) -> None:
    """Add somebody to a store, such as the owner of an imported one; prints a link by which they choose a password."""

    async def work(db: Database, _: Files) -> None:
        await add_with_link(db, merchant_slug, StaffDraft(email, name, role))

    with_database(work)


async def add_with_link(db: Database, merchant_slug: str, draft: StaffDraft) -> None:
    check_identity(draft.email, draft.name)
    unusable = await passwords.unusable_password()
    async with db.transaction() as conn:
        store = await people_reads.merchant_by_slug(conn, merchant_slug, "en")
        if store is None:
            raise Invalid.one("--merchant", f"There is no merchant {merchant_slug}.")
        await people.add_staff(conn, store.id, draft, unusable)
        ticket = await passwords.reset_password(conn, Audience.STAFF, draft.email, unusable)
    print_link(draft.email, ticket)


@merchant.command("add")
def add_merchant(
    slug: str,
    name: str,
    owner_email: Annotated[str, typer.Option()],
    owner_name: Annotated[str, typer.Option()],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    timezone: Annotated[str, typer.Option(help="Such as Europe/Berlin. Without it: this machine's.")] = "",
    currency: Annotated[str, typer.Option(help="Such as EUR. Without it: that of the time zone's country.")] = "",
) -> None:
    """Open a store at /m/SLUG, with an account that people can follow and a login for its owner."""
    zone = timezone or machine_timezone()
    money = currency.upper() or currency_of(country_of_timezone(zone))
    if not money:
        raise Invalid.one("currency", "Say --currency and --timezone: this machine's time zone is of no country.")
    store = StoreDraft(slug, name, money, zone, owner_email, owner_name, password)

    async def work(db: Database, _: Files) -> None:
        await open_store(db, store)
        out.print(f"{name} is open at /m/{slug}. {owner_name} can sign in at /console.", highlight=False)

    with_database(work)


@account.command("verify")
def verify_account(
    handle: str,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the verification back.")] = False,
) -> None:
    """Say that an account is who it says it is, once you have found out. Its page and posts then bear a mark. The
    verification ends when the account changes its name or handle."""

    async def work(db: Database, _: Files) -> None:
        async with db.transaction() as conn:
            await accounts.verify(conn, handle, verified=not revoke)
        out.print(f"{handle} is {'not verified any more' if revoke else 'verified'}.", highlight=False)

    with_database(work)
