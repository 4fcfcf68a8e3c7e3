"""Sign a shopper up or in: what the visitor did becomes the member's, and the device goes on as a new visitor."""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.commerce.orders.merge_carts import merge_carts
from unwall.content.accounts.actions import merge_followers
from unwall.content.conversations.actions import merge_conversations
from unwall.content.discovery.actions import merge_hidden
from unwall.content.feed.actions import merge_seen
from unwall.content.posts.actions import merge_likes
from unwall.content.reviews.asking import merge_requests
from unwall.content.saves.actions import merge_saves
from unwall.journal.actions import merge_trail
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
    """`visitor_id` is new and replaces the visit's, so that a copy of the old cookie gives no access to the member's
    data."""

    visitor_id: UUID
    token: str


class SignInRequest(msgspec.Struct, frozen=True):
    """The form of a sign-in or sign-up; `origin` is the shopper's network address, `name` is for signing up only,
    `ends` the token of the session that the device has so far.
    """

    email: str
    password: str
    origin: str
    name: str = ""
    ends: str = ""


async def sign_in(db: Database, visit: Visit, entry: SignInRequest, now: datetime) -> MemberSession:
    """Raises `Invalid` for an empty field, `BadCredentials`, `TooMany`."""
    signed = await sessions.sign_in_member(db, entry.email, entry.password, entry.origin, now)
    return await _claim(db, visit, signed, entry.ends)


async def sign_up(db: Database, visit: Visit, entry: SignInRequest, now: datetime) -> None:
    """The caller then signs in, which is where the password tells a member who signs up again from a new one. Raises
    `Invalid`, `TooMany`."""
    await count_attempt(db, {f"sign-up@{entry.origin}": PEOPLE_PER_NETWORK}, now, TOO_MANY_SIGN_UPS)
    await sessions.sign_up(db, entry.email, entry.name, entry.password, visit.lang)


async def _claim(db: Database, visit: Visit, signed: SignedIn, ends: str) -> MemberSession:
    """Nothing is merged where the visitor is another member's: the device is shared, or its cookie was copied."""
    old, fresh, member_id = visit.visitor_id, new_id(), signed.person_id
    async with db.transaction() as conn:
        if ends:
            await sessions.sign_out(conn, ends)
        if await people.claim_visitor(conn, old, member_id):
            await merge_carts(conn, old, member_id)
            await merge_followers(conn, old, member_id)
            await merge_hidden(conn, old, member_id)
            await merge_seen(conn, old, member_id)
            await merge_likes(conn, old, member_id)
            await merge_conversations(conn, old, member_id)
            await merge_saves(conn, old, member_id)
            await merge_requests(conn, old, member_id)
            await merge_trail(conn, old, member_id)
        if visit.place:
            await people.take_place(conn, member_id, visit.place)
        await people.claim_visitor(conn, fresh, member_id)
    return MemberSession(fresh, signed.token)
