"""New passwords: one's own, and those that an operator lets somebody choose."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.people.members import PASSWORD, new_member
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Invalid, NotFound, TooMany
from unwall.kernel.seals import seal
from unwall.people import actions, passwords, reads, sessions
from unwall.people.reset_links import reset_path, ticket_of
from unwall.people.sessions import SignedIn
from unwall.people.values import Audience, BadCredentials, PasswordChange, ResetTicket, Role, StaffDraft

SECRET = b"a secret of the tests, thirty-two"
NEW = "rain and coffee"
MEMBER, STAFF = Audience.MEMBER, Audience.STAFF


async def new_owner(db: Database, email: str = "lin@example.com") -> SignedIn:
    hashed = await passwords.hash_password(PASSWORD)
    async with db.transaction() as conn:
        merchant_id = await actions.add_merchant(conn, f"m{uuid4().hex[:8]}", "Shop", "EUR", "Europe/Paris")
        await actions.add_staff(conn, merchant_id, StaffDraft(email, "Lin", Role.OWNER), hashed)
    return await sessions.sign_in_staff(db, email, PASSWORD, "here", now())


PEOPLE = pytest.mark.parametrize(
    ("audience", "new_person", "enter"),
    [(MEMBER, new_member, sessions.sign_in_member), (STAFF, new_owner, sessions.sign_in_staff)],
)


async def with_session(db: Database) -> list[UUID]:
    async with db.read() as conn:
        return [one["person_id"] for one in await conn.fetch("SELECT person_id FROM session")]


@PEOPLE
async def test_changing_it_ends_every_other_session_of_this_person_and_of_nobody_else(
    db: Database, audience, new_person, enter
):
    lin, other = await new_person(db), await new_person(db, "mei@example.com")
    await enter(db, "lin@example.com", PASSWORD, "elsewhere", now())
    left = await sessions.change_password(db, audience, lin.person_id, PasswordChange(PASSWORD, NEW, "here"), now())
    assert sorted(await with_session(db)) == sorted([lin.person_id, other.person_id])
    find = reads.session_member if audience is MEMBER else reads.session_staff
    async with db.read() as conn:
        assert await find(conn, lin.token) is None
        assert (await find(conn, left.token)).email == "lin@example.com"
        assert await conn.fetchval("SELECT count(*) FROM attempt") == 0
    with pytest.raises(BadCredentials):
        await enter(db, "lin@example.com", PASSWORD, "here", now())
    await enter(db, "lin@example.com", NEW, "here", now())


@PEOPLE
@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("", NEW, "old_password"), ("guess", NEW, "old_password"), (PASSWORD, "short", "password")],
)
async def test_a_wrong_field_is_named_and_nothing_changed(db: Database, audience, new_person, enter, old, new, field):
    lin = await new_person(db)
    with pytest.raises(Invalid) as caught:
        await sessions.change_password(db, audience, lin.person_id, PasswordChange(old, new, "here"), now())
    assert list(caught.value.by_field()) == [field]
    assert await with_session(db) == [lin.person_id]
    await enter(db, "lin@example.com", PASSWORD, "here", now())


async def test_whoever_finds_a_device_signed_in_cannot_guess_the_password(db: Database):
    lin, at = await new_member(db), now()
    for _ in range(5):
        with pytest.raises(Invalid):
            await sessions.change_password(db, MEMBER, lin.person_id, PasswordChange("guess", NEW, "here"), at)
    with pytest.raises(TooMany):
        await sessions.change_password(db, MEMBER, lin.person_id, PasswordChange(PASSWORD, NEW, "here"), at)
    later = at + timedelta(minutes=15)
    await sessions.change_password(db, MEMBER, lin.person_id, PasswordChange(PASSWORD, NEW, "here"), later)


async def test_two_changes_at_once_leave_one(db: Database):
    lin = await new_member(db)
    news = ["the first one", "the second one"]
    done = await asyncio.gather(
        *(
            sessions.change_password(db, MEMBER, lin.person_id, PasswordChange(PASSWORD, new, "here"), now())
            for new in news
        ),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, SignedIn) for one in done) == [False, True]
    [kept] = [new for new, one in zip(news, done, strict=True) if isinstance(one, SignedIn)]
    await sessions.sign_in_member(db, "lin@example.com", kept, "here", now())


async def reset(db: Database, audience: Audience, email: str = " Lin@example.com") -> ResetTicket:
    unusable = await passwords.unusable_password()
    async with db.transaction() as conn:
        return await passwords.reset_password(conn, audience, email, unusable)


@PEOPLE
async def test_a_reset_ends_the_old_password_and_its_link_sets_one_once(db: Database, audience, new_person, enter):
    lin = await new_person(db)
    ticket = await reset(db, audience)
    assert (ticket.person_id, await with_session(db)) == (lin.person_id, [])
    with pytest.raises(BadCredentials):
        await enter(db, "lin@example.com", PASSWORD, "here", now())
    with pytest.raises(Invalid):
        await passwords.redeem(db, ticket, "short")
    await passwords.redeem(db, ticket, NEW)
    await enter(db, "lin@example.com", NEW, "here", now())
    for ask in (passwords.check_ticket(db, ticket), passwords.redeem(db, ticket, "another one")):
        with pytest.raises(NotFound):
            await ask
    assert await with_session(db) == [lin.person_id]


async def test_a_second_reset_ends_the_link_of_the_first(db: Database):
    await new_member(db)
    first, second = await reset(db, MEMBER), await reset(db, MEMBER)
    with pytest.raises(NotFound):
        await passwords.redeem(db, first, NEW)
    await passwords.redeem(db, second, NEW)


async def test_an_imported_member_without_a_password_gets_one(db: Database):
    member_id = uuid4()
    async with db.transaction() as conn:
        await conn.execute("INSERT INTO member (id, email, name) VALUES ($1, 'lin@example.com', 'Lin')", member_id)
    await passwords.redeem(db, await reset(db, MEMBER), NEW)
    assert (await sessions.sign_in_member(db, "lin@example.com", NEW, "here", now())).person_id == member_id


async def test_members_and_staff_of_one_address_are_reset_apart(db: Database):
    await new_member(db)
    owner = await new_owner(db)
    await reset(db, MEMBER)
    assert await with_session(db) == [owner.person_id]
    with pytest.raises(NotFound):
        await reset(db, STAFF, "nobody@example.com")


def test_a_link_is_for_this_purpose_and_this_install():
    ticket = ResetTicket(MEMBER, uuid4(), "0" * 16)
    sealed = reset_path(SECRET, ticket).removeprefix("/password/")
    assert ticket_of(SECRET, sealed) == ticket
    assert len(sealed) < 255
    for forged in (
        seal(SECRET, "unwall-visit", ticket),
        seal(b"another secret", "password-reset", ticket),
        "",
        "x.y.z",
    ):
        assert ticket_of(SECRET, forged) is None
