from datetime import timedelta
from uuid import uuid4

import pytest

from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from unwall.people import actions, reads, rules, sessions
from unwall.people.values import ApiKey, ApiScope, BadCredentials, Permission, Role, Staff, StaffDraft


async def test_a_new_member_has_a_session_and_can_sign_in_again(db: Database):
    signed = await sessions.sign_up(db, " Lin@Example.com ", "Lin", "tea and snow", "zh")
    async with db.read() as conn:
        member = await reads.session_member(conn, signed.token)
    assert member is not None
    assert (member.email, member.name, member.locale) == ("lin@example.com", "Lin", "zh")
    again = await sessions.sign_in_member(db, "LIN@example.com", "tea and snow", "127.0.0.1", now())
    assert again.person_id == signed.person_id
    assert again.token != signed.token


async def test_the_same_address_signs_up_once(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    with pytest.raises(Invalid) as caught:
        await sessions.sign_up(db, "lin@example.com", "Another", "tea and rain", "en")
    assert list(caught.value.by_field()) == ["email"]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM member") == 1
        assert await conn.fetchval("SELECT count(*) FROM session") == 1


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


async def test_members_do_not_sign_in_as_staff(db: Database):
    await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    with pytest.raises(BadCredentials):
        await sessions.sign_in_staff(db, "lin@example.com", "tea and snow", "127.0.0.1", now())


async def test_signing_out_ends_the_session(db: Database):
    signed = await sessions.sign_up(db, "lin@example.com", "Lin", "tea and snow", "en")
    async with db.transaction() as conn:
        await sessions.sign_out(conn, signed.token)
        assert await reads.session_member(conn, signed.token) is None


async def test_a_visitor_belongs_to_the_first_member_who_claims_it(db: Database):
    first = await sessions.sign_up(db, "a@example.com", "A", "tea and snow", "en")
    second = await sessions.sign_up(db, "b@example.com", "B", "tea and snow", "en")
    visitor = uuid4()
    async with db.transaction() as conn:
        assert await actions.claim_visitor(conn, visitor, first.person_id) is True
        assert await actions.claim_visitor(conn, visitor, first.person_id) is True
        assert await actions.claim_visitor(conn, visitor, second.person_id) is False
        assert await conn.fetchval("SELECT member_id FROM visitor WHERE id = $1", visitor) == first.person_id


async def test_staff_lose_their_session_when_they_are_made_inactive(db: Database):
    async with db.transaction() as conn:
        merchant = await actions.add_merchant(conn, "tea", "Tea", "CNY", "Asia/Shanghai")
        hashed = await sessions.hash_password("tea and snow")
        staff = await actions.add_staff(conn, merchant, StaffDraft("o@example.com", "O", Role.OWNER), hashed)
    signed = await sessions.sign_in_staff(db, "o@example.com", "tea and snow", "127.0.0.1", now())
    async with db.transaction() as conn:
        assert (await reads.session_staff(conn, signed.token)) is not None
        await actions.set_active(conn, merchant, staff, active=False)
        assert (await reads.session_staff(conn, signed.token)) is None


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


async def test_a_new_password_ends_every_session_of_the_staff_and_of_nobody_else(db: Database):
    async with db.transaction() as conn:
        merchant_id = await actions.add_merchant(conn, "shop", "Shop", "EUR", "Europe/Paris")
        for email in ("one@example.com", "two@example.com"):
            draft = StaffDraft(email, "N", Role.OWNER)
            await actions.add_staff(conn, merchant_id, draft, await sessions.hash_password("the old one"))
    for email in ("one@example.com", "two@example.com"):
        await sessions.sign_in_staff(db, email, "the old one", "here", now())
    async with db.transaction() as conn:
        await sessions.set_staff_password(conn, "one@example.com", await sessions.hash_password("the new one"))
    async with db.read() as conn:
        left = await conn.fetch("SELECT s.email FROM session JOIN staff s ON s.id = person_id")
    assert [record["email"] for record in left] == ["two@example.com"]
    with pytest.raises(BadCredentials):
        await sessions.sign_in_staff(db, "one@example.com", "the old one", "here", now())
    await sessions.sign_in_staff(db, "one@example.com", "the new one", "here", now())
    with pytest.raises(NotFound):
        async with db.transaction() as conn:
            await sessions.set_staff_password(conn, "nobody@example.com", "hash")
