"""Saving, publishing and scheduling a store page."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from unwall.catalogue.reads import categories
from unwall.insight.pages import page_reads, rules
from unwall.insight.pages.definition import OfCategory, PageDefinition
from unwall.insight.pages.definition_rules import Conflicting, Own, check, check_schedule, conflicts, facts_for_all
from unwall.insight.pages.page_rows import named_products
from unwall.insight.segments.reads import segments
from unwall.kernel.database import Connection, Transaction
from unwall.kernel.errors import Conflict, Invalid, NotFound
from unwall.kernel.jobs import NewJob, enqueue
from unwall.kernel.text import N_

PUBLISH_PAGE = "pages.publish"
"""The job; its payload is the merchant's id."""


class ConflictingGuarantees(Conflict):
    """The page cannot be published: these guarantees cannot hold together."""

    code = "conflicting-guarantees"

    def __init__(self, conflicting: list[Conflicting]) -> None:
        super().__init__(N_("These guarantees cannot hold together."))
        self.conflicting = conflicting


class NoSuchVersion(NotFound):
    code = "no-such-version"


class PageAuthor(NamedTuple):
    merchant_id: UUID
    name: str


async def save_draft(conn: Transaction, merchant_id: UUID, definition: PageDefinition) -> None:
    """Shoppers see nothing of it yet. Raises `Invalid`."""
    check(definition, await _own(conn, merchant_id, definition))
    sql = """
        INSERT INTO store_page (merchant_id, draft) VALUES ($1, $2)
        ON CONFLICT (merchant_id) DO UPDATE SET draft = excluded.draft
    """
    await conn.execute(sql, merchant_id, msgspec.to_builtins(definition))


async def is_valid(conn: Connection, merchant_id: UUID, definition: PageDefinition) -> bool:
    """Whether it could be saved."""
    try:
        check(definition, await _own(conn, merchant_id, definition))
    except Invalid:
        return False
    return True


async def _own(conn: Connection, merchant_id: UUID, definition: PageDefinition) -> Own:
    named = named_products(definition)
    products = await page_reads.page_products(conn, merchant_id, named, ())
    posts = [module.post_id for module in definition.modules if module.post_id]
    return Own(
        {one.id for one in products},
        {one.id for one in await categories(conn, merchant_id, "en")},
        await page_reads.live_posts(conn, merchant_id, posts),
        {one.id for one in await segments(conn, merchant_id, archived=False)},
    )


async def conflicts_of(
    conn: Connection, merchant_id: UUID, definition: PageDefinition, now: datetime
) -> list[Conflicting]:
    """The guarantees that cannot hold together with what is on sale now (P15)."""
    wanted = [module.source.category_id for module in definition.modules if isinstance(module.source, OfCategory)]
    products = await page_reads.page_products(conn, merchant_id, named_products(definition), wanted)
    facts = facts_for_all(
        [(one.id, one.category_id, one.created_at) for one in products],
        now - timedelta(days=rules.NEW_DAYS),
        rules.NEWEST_PRODUCTS,
    )
    return conflicts(definition, facts)


async def publish(conn: Transaction, author: PageAuthor, now: datetime) -> int:
    """Show the draft to shoppers from now on; answers its version. Raises `ConflictingGuarantees`, or `Invalid` for
    what is not on sale any more."""
    definition = await _publishable(conn, author.merchant_id, now)
    await _end_live(conn, author.merchant_id)
    return await _add_version(conn, author, "live", definition, now)


async def schedule(conn: Transaction, author: PageAuthor, at: datetime, now: datetime) -> int:
    """Show the draft, as it is now, from `at` on, in place of what was scheduled before. Raises as `publish`."""
    check_schedule(at, now)
    definition = await _publishable(conn, author.merchant_id, now)
    await withdraw(conn, author.merchant_id)
    version = await _add_version(conn, author, "scheduled", definition, at)
    await enqueue(conn, [NewJob(PUBLISH_PAGE, author.merchant_id.bytes, max(0, round((at - now).total_seconds())))])
    return version


async def withdraw(conn: Transaction, merchant_id: UUID) -> None:
    """Take the scheduled version, if there is one, out of the schedule."""
    sql = "UPDATE store_page_version SET state = 'withdrawn' WHERE merchant_id = $1 AND state = 'scheduled'"
    await conn.execute(sql, merchant_id)


async def restore(conn: Transaction, merchant_id: UUID, version: int) -> None:
    """The draft is as this version was; nothing is published. Raises `NoSuchVersion`."""
    sql = """
        UPDATE store_page p SET draft = v.definition FROM store_page_version v
        WHERE p.merchant_id = $1 AND v.merchant_id = $1 AND v.version = $2 RETURNING v.version
    """
    if await conn.fetchval(sql, merchant_id, version) is None:
        raise NoSuchVersion(N_("There is no such version."))


async def publish_due(conn: Transaction, merchant_id: UUID, now: datetime) -> bool:
    """Publish the scheduled version if its time has come, however late; what has become impossible since is given up
    while the page is shown (P16). May be called by many and more than once."""
    await _lock(conn, merchant_id)
    due = await conn.fetchval(
        "SELECT version FROM store_page_version WHERE merchant_id = $1 AND state = 'scheduled' AND publish_at <= $2",
        merchant_id,
        now,
    )
    if due is None:
        return False
    await _end_live(conn, merchant_id)
    sql = "UPDATE store_page_version SET state = 'live' WHERE merchant_id = $1 AND version = $2"
    await conn.execute(sql, merchant_id, due)
    return True


async def _lock(conn: Transaction, merchant_id: UUID) -> bool:
    """Whether there is a draft."""
    sql = "SELECT true FROM store_page WHERE merchant_id = $1 FOR UPDATE"
    return bool(await conn.fetchval(sql, merchant_id))


async def _publishable(conn: Transaction, merchant_id: UUID, now: datetime) -> PageDefinition:
    if not await _lock(conn, merchant_id):
        raise Invalid.one("modules", N_("Save the page first."))
    definition = await page_reads.draft(conn, merchant_id)
    check(definition, await _own(conn, merchant_id, definition))
    conflicting = await conflicts_of(conn, merchant_id, definition, now)
    if conflicting:
        raise ConflictingGuarantees(conflicting)
    return definition


async def _end_live(conn: Transaction, merchant_id: UUID) -> None:
    sql = "UPDATE store_page_version SET state = 'past' WHERE merchant_id = $1 AND state = 'live'"
    await conn.execute(sql, merchant_id)


async def _add_version(
    conn: Transaction, author: PageAuthor, state: str, definition: PageDefinition, publish_at: datetime
) -> int:
    sql = """
        INSERT INTO store_page_version (merchant_id, version, state, definition, publish_at, written_by)
        SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM store_page_version WHERE merchant_id = $1
        RETURNING version
    """
    given = msgspec.to_builtins(definition)
    version: int = await conn.fetchval(sql, author.merchant_id, state, given, publish_at, author.name)
    return version
