"""Merchants, members, accounts, visits and posts for the tests of content."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from unwall.catalogue import actions as catalogue
from unwall.catalogue.values import ProductDraft, VariantDraft
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.values import AccountDraft, AccountKind, Actor, Owner
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.journal.values import Visit
from unwall.kernel.database import Connection
from unwall.kernel.ids import new_id
from unwall.people.values import Member

START = datetime(2025, 3, 1, tzinfo=UTC)


def staff(merchant_id: UUID, name: str = "Mei") -> Actor:
    return Actor(name, Owner(merchant_id=merchant_id))


async def a_merchant(conn: Connection, slug: str) -> UUID:
    merchant_id = new_id()
    await conn.execute(
        "INSERT INTO merchant (id, slug, name, currency, timezone) VALUES ($1, $2, $2, 'CNY', 'Asia/Shanghai')",
        merchant_id,
        slug,
    )
    return merchant_id


async def an_account(conn: Connection, slug: str) -> tuple[UUID, UUID]:
    """A merchant and its account, both called `slug`."""
    merchant_id = await a_merchant(conn, slug)
    return merchant_id, await accounts.save_account(conn, staff(merchant_id), AccountDraft(slug, slug.title()))


async def a_members_account(conn: Connection, handle: str) -> tuple[Actor, UUID]:
    """A member with an account of a creator."""
    visit = await signed_in(conn, await a_visitor(conn))
    actor = Actor(f"member:{visit.member_id}", Owner(member_id=visit.member_id))
    draft = AccountDraft(handle, handle.title(), AccountKind.CREATOR)
    return actor, await accounts.save_account(conn, actor, draft)


async def a_product(conn: Connection, merchant_id: UUID, title: str) -> UUID:
    draft = ProductDraft(title, (VariantDraft(sku=title, price=100),))
    return await catalogue.save_product(conn, merchant_id, draft)


async def a_live_post(conn: Connection, merchant_id: UUID, account_id: UUID, minute: int = 0, **facts: object) -> UUID:
    return await published(conn, staff(merchant_id), account_id, minute, **facts)


async def published(conn: Connection, actor: Actor, account_id: UUID, minute: int = 0, **facts: object) -> UUID:
    draft = PostDraft(account_id, **{"title": f"Minute {minute}", **facts})  # type: ignore[arg-type]
    post_id = await posts.save_draft(conn, actor, draft)
    await posts.publish(conn, actor, post_id, START + timedelta(minutes=minute))
    return post_id


async def a_visitor(conn: Connection) -> Visit:
    visit = Visit(new_id(), new_id(), None, "en")
    await conn.execute("INSERT INTO visitor (id) VALUES ($1)", visit.visitor_id)
    return visit


async def signed_in(conn: Connection, visit: Visit) -> Visit:
    member = Member(new_id(), f"{new_id()}@example.com", "Li", "en")
    await conn.execute("INSERT INTO member (id, email, name) VALUES ($1, $2, $3)", member.id, member.email, member.name)
    return Visit(visit.visitor_id, visit.session_id, member.id, "en")


async def facts(conn: Connection, kind: str) -> list[tuple[UUID, UUID | None, UUID | None, UUID | None]]:
    """(visitor, member, account, post) of the journal's entries of a kind, oldest first."""
    found = await conn.fetch(
        "SELECT visitor_id, member_id, account_id, post_id FROM journal WHERE kind = $1 ORDER BY at, id", kind
    )
    return [tuple(record) for record in found]
