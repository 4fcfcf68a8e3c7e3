import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.people.members import new_member
from tests.waiting import until
from unwall.kernel.clock import now
from unwall.kernel.database import Database, connect
from unwall.kernel.errors import Forbidden, Invalid, TooMany, Unavailable
from unwall.people import actions, passwords, reads, rules, sessions
from unwall.people.passwords import hash_password
from unwall.people.sessions import OwnPassword
from unwall.people.values import (
    ApiKey,
    ApiScope,
    Audience,
    BadCredentials,
    PasswordChange,
    Permission,
    Role,
    Staff,
    StaffDraft,
)


async def test_a_new_member_can_sign_in_again_and_again(db: Database):
    await sessions.sign_up(db, " Lin@Example.com ", "Lin", "tea and snow", "zh")
    signed = await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "127.0.0.1", now())
    async with db.read() as conn:
        member = await reads.session_member(conn, signed.token)
    assert member is not None
    assert (member.email, member.name, member.locale) == ("lin@example.com", "Lin", "zh")
    again = await sessions.sign_in_member(db, "LIN@example.com", "tea and snow", "127.0.0.1", now())
    assert again.person_id == signed.person_id
    assert again.token != signed.token


async def test_signing_up_twice_keeps_the_first_member_and_tells_nothing(db: Database):
    first = await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    second = await sessions.sign_up(db, "LIN@example.com", "Another", "tea and rain", "en")
    assert first is second is None
    async with db.read() as conn:
        assert [tuple(one) for one in await conn.fetch("SELECT name, email FROM member")] == [
            ("Lin", "lin@example.com")
        ]
        assert await conn.fetchval("SELECT count(*) FROM session") == 0
    await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "127.0.0.1", now())
    with pytest.raises(BadCredentials):
        await sessions.sign_in_member(db, "lin@example.com", "tea and rain", "127.0.0.1", now())


async def test_signing_up_again_takes_as_long_as_the_first_time(db: Database, monkeypatch):
    """What takes long is the hash of the password, which is made in either case."""
    made = []
    hasher = passwords.HASHER

    class Counting:
        def hash(self, password: str) -> str:
            made.append(password)
            return hasher.hash(password)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    for password in ("tea and snow", "tea and rain"):
        await sessions.sign_up(db, "lin@example.com", "Lin", password, "en")
    assert made == ["tea and snow", "tea and rain"]


@pytest.mark.parametrize(
    ("email", "password", "empty"),
    [("", "", ["email", "password"]), (" ", "x", ["email"]), ("a@b.example", "", ["password"])],
)
@pytest.mark.parametrize("enter", [sessions.sign_in_member, sessions.sign_in_staff])
async def test_empty_fields_are_told_as_empty_and_not_counted(db: Database, enter, email, password, empty):
    for _ in range(7):
        with pytest.raises(Invalid) as caught:
            await enter(db, email, password, "127.0.0.1", now())
        assert list(caught.value.by_field()) == empty
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM attempt") == 0


async def test_every_wrong_field_is_named_and_nothing_is_written(db: Database):
    with pytest.raises(Invalid) as caught:
        await sessions.sign_up(db, "no address", " ", "short", "en")
    assert list(caught.value.by_field()) == ["email", "name", "password"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM member") == 0


async def test_a_wrong_password_and_an_unknown_address_are_told_alike(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    words = set()
    for email in ("lin@example.com", "nobody@example.com"):
        with pytest.raises(BadCredentials) as caught:
            await sessions.sign_in_member(db, email, "wrong password", "127.0.0.1", now())
        words.add(caught.value.message)
    assert len(words) == 1


async def test_after_five_failures_the_address_must_wait_and_then_may_try_again(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    at = now()
    for _ in range(5):
        with pytest.raises(BadCredentials):
            await sessions.sign_in_member(db, "lin@example.com", "wrong password", "127.0.0.1", at)
    with pytest.raises(TooMany) as caught:
        await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "127.0.0.1", at)
    assert caught.value.wait_seconds == 15 * 60
    later = at + timedelta(minutes=15)
    signed = await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "127.0.0.1", later)
    assert signed.token


async def test_who_guesses_from_elsewhere_keeps_nobody_out_where_they_have_signed_in_before(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    at = now()
    await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "home", at)
    told = []
    for network in ("a", "b", "c", "d", "e"):
        for _ in range(6):
            with pytest.raises((BadCredentials, TooMany)) as caught:
                await sessions.sign_in_member(db, "lin@example.com", "wrong password", network, at)
            told.append(caught.type)
    assert told == [*4 * [*5 * [BadCredentials], TooMany], *6 * [TooMany]]
    with pytest.raises(TooMany) as refused:
        await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "a friend's", at)
    assert refused.value.wait_seconds == 15 * 60
    assert (await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "home", at)).token
    later = at + timedelta(minutes=15)
    assert (await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "a friend's", later)).token


async def test_a_network_is_known_for_one_person_and_for_ninety_days(db: Database):
    await new_member(db, "a@example.com")
    await new_member(db, "b@example.com")
    async with db.transaction() as conn:
        known = "SELECT count(*) FROM known_network"
        await sessions.forget_expired(conn, now() + timedelta(days=89))
        assert await conn.fetchval(known) == 2
        stored = [
            await reads.credentials(conn, Audience.MEMBER, f"{who}@example.com", network)
            for who, network in (("a", "127.0.0.1"), ("a", "192.0.2.1"), ("b", "127.0.0.1"))
        ]
        assert [one and one.known for one in stored] == [True, False, True]
        assert await reads.credentials(conn, Audience.STAFF, "a@example.com", "127.0.0.1") is None
        await sessions.forget_expired(conn, now() + timedelta(days=91))
        assert await conn.fetchval(known) == 0


class Hashing:
    """Instead of the hasher: hashes that go on until the test lets them, or that ask the database meanwhile."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.running, self.most, self.done = 0, 0, 0
        self.meanwhile = meanwhile

    def _work(self) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        self.meanwhile()
        self.running -= 1
        self.done += 1

    def hash(self, password: str) -> str:
        self._work()
        return f"hash of {password}"

    def verify(self, password: str, hashed: str) -> bool:
        self._work()
        return hashed == f"hash of {password}"


async def test_no_connection_is_held_while_a_password_is_hashed(db_url: str, monkeypatch):
    """The pool has one connection, which each hash takes for itself before it goes on."""
    loop, seconds = asyncio.get_running_loop(), 60
    async with connect(db_url, size=1) as db:

        async def take() -> None:
            async with db.read():
                pass

        hasher = Hashing(lambda: asyncio.run_coroutine_threadsafe(take(), loop).result(seconds))
        monkeypatch.setattr(passwords, "HASHER", hasher)
        await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
        signed = await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "here", now())
        for enter in (sessions.sign_in_member, sessions.sign_in_staff):
            with pytest.raises(BadCredentials):
                await enter(db, "nobody@example.com", "tea and snow", "here", now())
        change = PasswordChange("tea and snow", "tea and rain", "here")
        await sessions.change_password(db, Audience.MEMBER, signed.person_id, change, now())
        own = OwnPassword(Audience.MEMBER, signed.person_id, "tea and rain", "here")
        await sessions.check_own_password(db, own, now())
        async with db.transaction() as conn:
            ticket = await passwords.reset_password(conn, Audience.MEMBER, "lin@example.com", "none")
        await passwords.redeem(db, ticket, "tea and wind")
    assert hasher.done == 9


async def test_few_passwords_are_hashed_at_a_time_and_who_would_wait_long_is_told(db: Database, monkeypatch):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(16))
    monkeypatch.setattr(rules, "MAX_WAITING_HASHES", 8)
    go = threading.Event()
    hasher = Hashing(go.wait)
    monkeypatch.setattr(passwords, "HASHER", hasher)
    many = [asyncio.create_task(hash_password(f"password {n}")) for n in range(9)]
    try:
        await until(lambda: hasher.running >= rules.HASHES_AT_ONCE and many[-1].done())
        with pytest.raises(Unavailable):
            await sessions.sign_in_member(db, "lin@example.com", "tea and snow", "here", now())
        async with db.read() as conn:
            assert await conn.fetchval("SELECT count(*) FROM attempt") == 0
    finally:
        go.set()
    assert await asyncio.gather(*many[:8]) == [f"hash of password {n}" for n in range(8)]
    with pytest.raises(Unavailable):
        await many[8]
    assert hasher.most == rules.HASHES_AT_ONCE
    assert await hash_password("tea and snow") == "hash of tea and snow"


async def test_members_do_not_sign_in_as_staff(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    with pytest.raises(BadCredentials):
        await sessions.sign_in_staff(db, "lin@example.com", "tea and snow", "127.0.0.1", now())


async def test_signing_out_ends_the_session(db: Database):
    signed = await new_member(db)
    async with db.transaction() as conn:
        await sessions.sign_out(conn, signed.token)
        assert await reads.session_member(conn, signed.token) is None


async def test_a_visitor_belongs_to_the_first_member_who_claims_it(db: Database):
    first, second = await new_member(db, "a@example.com"), await new_member(db, "b@example.com")
    visitor = uuid4()
    async with db.transaction() as conn:
        assert await actions.claim_visitor(conn, visitor, first.person_id) is True
        assert await actions.claim_visitor(conn, visitor, first.person_id) is True
        assert await actions.claim_visitor(conn, visitor, second.person_id) is False
        assert await conn.fetchval("SELECT member_id FROM visitor WHERE id = $1", visitor) == first.person_id


async def test_staff_lose_their_session_for_good_when_they_are_made_inactive(db: Database):
    async with db.transaction() as conn:
        merchant = await actions.add_merchant(conn, "tea", "Tea", "CNY", "Asia/Shanghai")
        hashed = await hash_password("tea and snow")
        await actions.add_staff(conn, merchant, StaffDraft("owner@example.com", "Owner", Role.OWNER), hashed)
        staff = await actions.add_staff(conn, merchant, StaffDraft("o@example.com", "O", Role.EDITOR), hashed)
    signed = await sessions.sign_in_staff(db, "o@example.com", "tea and snow", "127.0.0.1", now())
    async with db.transaction() as conn:
        assert (await reads.session_staff(conn, signed.token)) is not None
    async with db.confined(merchant) as conn:
        await actions.set_active(conn, merchant, staff, active=False)
    async with db.confined(merchant) as conn:
        await actions.set_active(conn, merchant, staff, active=True)
    async with db.read() as conn:
        assert (await reads.session_staff(conn, signed.token)) is None
    await sessions.sign_in_staff(db, "o@example.com", "tea and snow", "127.0.0.1", now())


async def test_an_api_key_is_found_by_its_secret_until_it_is_revoked(db: Database):
    async with db.transaction() as conn:
        merchant = await actions.add_merchant(conn, "tea", "Tea", "CNY", "Asia/Shanghai")
        made = await actions.make_api_key(conn, merchant, "till", frozenset({ApiScope.STOCK_READ}))
        key_id, secret = made.id, made.secret
        found = await reads.api_key(conn, secret)
        assert found is not None
        assert (found.id, found.scopes) == (key_id, frozenset({ApiScope.STOCK_READ}))
        assert await conn.fetchval("SELECT count(*) FROM api_key WHERE secret_hash = $1", secret.encode()) == 0
        await actions.revoke_api_key(conn, merchant, key_id)
        assert await reads.api_key(conn, secret) is None


def staff_of(role: Role) -> Staff:
    return Staff(uuid4(), uuid4(), "s@example.com", "S", role, uuid4() if role is Role.NODE else None, active=True)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
def test_a_role_reaches_exactly_what_the_table_says(role: Role, permission: Permission):
    if permission in rules.ROLE_PERMISSIONS[role]:
        rules.permit(staff_of(role), permission)
    else:
        with pytest.raises(Forbidden):
            rules.permit(staff_of(role), permission)


def test_only_the_owner_looks_after_people():
    assert [role for role in Role if Permission.PEOPLE in rules.ROLE_PERMISSIONS[role]] == [Role.OWNER]


def test_a_key_does_only_what_its_scopes_say():
    key = ApiKey(uuid4(), uuid4(), "till", "uw_12345", frozenset({ApiScope.STOCK_READ}), now(), None)
    rules.permit_scope(key, ApiScope.STOCK_READ)
    with pytest.raises(Forbidden):
        rules.permit_scope(key, ApiScope.STOCK_WRITE)


async def test_a_store_with_wrong_fields_is_not_opened_and_each_is_named(db: Database):
    async with db.transaction() as conn:
        with pytest.raises(Invalid) as caught:
            await actions.add_merchant(conn, "-Tea", " ", "XYZ", "Mars/Olympus")
        assert list(caught.value.by_field()) == ["slug", "name", "currency", "timezone"]
        assert await conn.fetchval("SELECT count(*) FROM merchant") == 0


async def test_a_password_from_another_keyboard_is_the_same(db: Database):
    await sessions.sign_up(db, "ａna@example.com\u200b", "Ana\u00a0 Li\u202e", "pa\u0308ssword one", "en")
    signed = await sessions.sign_in_member(db, "ana@example.com", "p\u00e4ssword\u00a0one", "127.0.0.1", now())
    async with db.read() as conn:
        member = await reads.session_member(conn, signed.token)
    assert member is not None
    assert (member.email, member.name) == ("ana@example.com", "Ana Li")
