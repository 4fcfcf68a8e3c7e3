"""Who may speak for the account of a post on the shop's pages: the member who owns it, or staff of its store who are
signed in to the console in the same browser."""

from uuid import UUID

import msgspec

from unwall.channels.http.context import STAFF
from unwall.channels.shop.context import ShopContext
from unwall.content.accounts.reads import account
from unwall.content.accounts.rules import may_act, member_actor, staff_actor
from unwall.content.accounts.values import AccountOwner, Actor
from unwall.content.comments.reads import post_owner
from unwall.kernel.database import Connection
from unwall.kernel.errors import Forbidden
from unwall.people.reads import session_staff


class Speaker(msgspec.Struct, frozen=True):
    actor: Actor
    name: str
    """of the account"""


async def speaker_of(conn: Connection, ctx: ShopContext, post_id: UUID) -> Speaker | None:
    owner = await post_owner(conn, post_id)
    if owner is None:
        return None
    actor = await _actor(conn, ctx, owner)
    profile = await account(conn, owner.id, ctx.lang) if actor else None
    return Speaker(actor, profile.name) if actor and profile else None


async def _actor(conn: Connection, ctx: ShopContext, owner: AccountOwner) -> Actor | None:
    if ctx.member and may_act(member_actor(ctx.member), owner):
        return member_actor(ctx.member)
    token = ctx.request.cookies.get(STAFF)
    staff = await session_staff(conn, token) if token and owner.merchant_id else None
    try:
        actor = staff_actor(staff) if staff else None
    except Forbidden:
        return None
    return actor if actor and may_act(actor, owner) else None
