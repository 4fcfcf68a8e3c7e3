"""Sign a shopper up or in, and merge the visitor's carts, likes and follows into the member's."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.content.accounts.actions import merge_followers
from unwall.content.posts.actions import merge_likes
from unwall.journal.values import Visit
from unwall.kernel.database import Database
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people import actions as people
from unwall.people import sessions
from unwall.people.attempts import count_attempt
from unwall.people.rules import PEOPLE_PER_NETWORK
from unwall.people.sessions import SignedIn

TOO_MANY_SIGN_UPS = N_("There were too many sign-ups from your network just now.")


class MemberSession(msgspec.Struct, frozen=True):
    """`visitor_id` is the visit's, or a new one if the visitor belongs to another member; it replaces the visit's."""

    visitor_id: UUID
    token: str


class Entry(msgspec.Struct, frozen=True):
    """The form of a sign-in or sign-up; `origin` is the shopper's network address, `name` is for signing up only."""

    email: str
    password: str
    origin: str
    name: str = ""


async def sign_in(db: Database, visit: Visit, entry: Entry, now: datetime) -> MemberSession:
    """Raises `BadCredentials`, `TooMany`."""
    signed = await sessions.sign_in_member(db, entry.email, entry.password, entry.origin, now)
    return await _claim(db, visit, signed)


async def sign_up(db: Database, visit: Visit, entry: Entry, now: datetime) -> MemberSession:
    """Raises `Invalid`, `TooMany`."""
    await count_attempt(db, {f"sign-up@{entry.origin}": PEOPLE_PER_NETWORK}, now, TOO_MANY_SIGN_UPS)
    signed = await sessions.sign_up(db, entry.email, entry.name, entry.password, visit.lang)
    return await _claim(db, visit, signed)


async def _claim(db: Database, visit: Visit, signed: SignedIn) -> MemberSession:
    visitor_id = visit.visitor_id
    async with db.transaction() as conn:
        if await people.claim_visitor(conn, visitor_id, signed.person_id):
            await merge_followers(conn, visitor_id, signed.person_id)
            await merge_likes(conn, visitor_id, signed.person_id)
        else:
            visitor_id = new_id()
            await people.claim_visitor(conn, visitor_id, signed.person_id)
    return MemberSession(visitor_id, signed.token)
