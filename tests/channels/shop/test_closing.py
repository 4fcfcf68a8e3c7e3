"""A member who leaves is forgotten: what is kept of them is what stores need for their books."""

import asyncio
from uuid import UUID

import pytest

from tests.channels.conftest import Shopper
from tests.channels.shop.store import Store, another, join, put_into_bag
from tests.channels.shop.test_buying import BY_POST, order
from tests.channels.snapshots import BOOKKEEPING, snapshot
from tests.commerce.market import sound
from tests.content.helpers import published
from tests.people.members import PASSWORD, new_member
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.values import AccountDraft, AccountKind, Actor, Owner
from unwall.kernel.clock import now
from unwall.kernel.database import Database
from unwall.kernel.errors import NotFound
from unwall.messages.actions import forget_person
from unwall.people import sessions
from unwall.people.sessions import OwnPassword
from unwall.people.values import Audience, BadCredentials
from unwall.usecases import close_membership

ANN = {"email": "ann@example.org", "name": "Ann Lin", "password": "eight letters"}
BOOKS = {"sales_order", "shipment"}
"""Where the name of a customer stays."""
PSEUDONYMS = {
    "comment",
    "conversation",
    "attempt",
    "stock_ledger",
    "member",
    "visitor",
    "sales_order",
    "cart",
    "journal",
    "idempotency",
    "moderation_report",
}
"""Where ids stay that are nobody's any more; attempts for a day."""
DEALT_WITH = {
    *((table, "member") for table in ("account", "visitor", "member_code", "member_address")),
    *((table, "member") for table in ("review", "review_licence", "review_vote", "question", "answer", "comment")),
    *((table, "member") for table in ("video", "upload")),  # which no post shows any more
    ("post", "account"),
}
"""What refers to a member, or to what a member publishes, and does not go with it by itself."""


async def holding(db: Database, text: str) -> set[str]:
    """The tables in whose rows the text stands."""
    async with db.read() as conn:
        tables = await conn.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname NOT LIKE 'pgqueuer%'"
        )
        sql = "SELECT EXISTS (SELECT FROM {} t WHERE position($1 IN t::text) > 0)"
        return {name for (name,) in tables if await conn.fetchval(sql.format(name), text)}


async def account_of(db: Database, member_id: UUID) -> UUID:
    """With one post."""
    async with db.transaction() as conn:
        actor = Actor(f"member:{member_id}", Owner(member_id=member_id))
        account = await accounts.save_account(conn, actor, AccountDraft("annlin", "Ann Lin", AccountKind.CREATOR))
        await published(conn, actor, account, title="By Ann Lin")
        return account


async def test_who_leaves_is_forgotten_and_the_books_stay(browser: Shopper, db: Database, store: Store):
    await join(browser, ANN)
    await put_into_bag(browser, store.market.red)
    assert (await order(browser, db, **BY_POST)).status_code == 303
    for path, form in (
        ("/follow", {"account": str(store.account)}),
        (f"/post/{store.morning}/like", {}),
        ("/bag/add", {"variant": str(store.market.tea)}),
        (f"/saved/save/post/{store.morning}", {}),
        ("/hide", {"kind": "product", "id": str(store.tea)}),
        (f"/post/{store.morning}/comments", {"words": "How nice"}),
        ("/me/messages/liuyun", {"key": "first message", "body": "Is it open?"}),
        ("/me/notifications/choices", {"start": "22:00", "finish": "08:00"}),
    ):
        assert (await browser.post(path, form)).status_code == 303
    await browser.get(f"/post/{store.morning}")
    async with db.read() as conn:
        member = await conn.fetchval("SELECT id FROM member")
        visitors = [row[0] for row in await conn.fetch("SELECT id FROM visitor")]
        booked = await conn.fetchrow("SELECT state, total, contact FROM sales_order")
    await account_of(db, member)
    with pytest.raises(BadCredentials):
        await sessions.sign_in_member(db, ANN["email"], "a guess", "here", now())
    old_cookies = dict(browser.http.cookies)

    before = await snapshot(db)
    refused = await browser.post("/me/close", {"password": "seven letters"})
    assert refused.status_code == 422
    assert "This is not your password." in refused.text
    assert await snapshot(db) == before

    closed = await browser.post("/me/close", {"password": ANN["password"]})
    assert (closed.status_code, closed.headers["location"]) == (303, "/")
    assert not {"uw_member", "uw_visitor", "uw_visit"} & set(browser.http.cookies)
    assert await holding(db, ANN["email"]) == set()
    assert await holding(db, ANN["name"]) <= BOOKS
    assert await holding(db, "annlin") == set()
    for person in (member, *visitors):
        assert await holding(db, str(person)) <= PSEUDONYMS
    async with db.read() as conn:
        assert await conn.fetchrow("SELECT state, total, contact FROM sales_order") == booked
        assert await conn.fetchrow("SELECT followers FROM account") == (0,)
        assert await conn.fetchval("SELECT likes FROM post WHERE id = $1", store.morning) == 0
        assert await conn.fetchval("SELECT count(*) FROM session") == 0
    await sound(db)

    for cookie, value in old_cookies.items():  # of another device
        browser.http.cookies.set(cookie, value, domain="testserver.local", path="/")
    assert "Your orders and their progress are shown here." in (await browser.get("/me")).text
    signing_in = await browser.post("/sign-in", ANN)
    assert signing_in.status_code == 422
    await join(another(browser), ANN)
    assert "Your orders and their progress are shown here." in (await browser.get("/me")).text


async def test_only_who_is_signed_in_leaves(browser: Shopper, db: Database, store: Store):
    await new_member(db)
    before = await snapshot(db)
    assert (await browser.get("/me/close")).status_code == 302
    assert (await browser.post("/me/close", {"password": PASSWORD})).status_code == 401
    assert await snapshot(db) == before


async def test_guesses_at_the_password_come_to_an_end(browser: Shopper, db: Database, store: Store):
    await join(browser, ANN)
    statuses = [(await browser.post("/me/close", {"password": f"guess {n}"})).status_code for n in range(6)]
    assert statuses == [422] * 5 + [429]
    assert (await browser.post("/me/close", {"password": ANN["password"]})).status_code == 429


async def test_the_operator_closes_and_says_who_is_unknown(db: Database):
    lin, mei = await new_member(db), await new_member(db, "mei@example.com", "Mei")
    await close_membership.close_by_email(db, " Lin@example.com ", forget_person)
    async with db.read() as conn:
        rest = await conn.fetch("SELECT id, email, name FROM member ORDER BY email NULLS FIRST")
        assert [tuple(row) for row in rest] == [
            (lin.person_id, None, ""),
            (mei.person_id, "mei@example.com", "Mei"),
        ]
        assert [row[0] for row in await conn.fetch("SELECT person_id FROM session")] == [mei.person_id]
    before = await snapshot(db, without=frozenset())
    with pytest.raises(NotFound):
        await close_membership.close_by_email(db, "lin@example.com", forget_person)
    async with db.transaction() as conn:
        await close_membership.close(conn, lin.person_id, forget_person)
    assert await snapshot(db, without=frozenset()) == before


async def test_who_signs_in_at_this_very_moment_does_not_get_in(db: Database, monkeypatch: pytest.MonkeyPatch):
    await new_member(db)
    check = sessions.matches

    async def close_meanwhile(password: str, hashed: str) -> bool:
        right = await check(password, hashed)
        await close_membership.close_by_email(db, "lin@example.com", forget_person)
        return right

    monkeypatch.setattr(sessions, "matches", close_meanwhile)
    with pytest.raises(BadCredentials):
        await sessions.sign_in_member(db, "lin@example.com", PASSWORD, "here", now())
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM session") == 0


async def test_pressing_twice_leaves_once(db: Database):
    member = await new_member(db)
    own = OwnPassword(Audience.MEMBER, member.person_id, PASSWORD, "here")
    leaving = (close_membership.close_own(db, own, forget_person, now()) for _ in range(2))
    told = await asyncio.gather(*leaving, return_exceptions=True)
    assert None in told
    assert [str(one) for one in told if one] in ([], ["password: This is not your password."])
    assert set(await snapshot(db, without=BOOKKEEPING)) > {"member"}


async def test_what_refers_to_a_member_or_what_they_publish_goes_with_it(db: Database):
    """A table that is added makes up its mind: ON DELETE CASCADE, or DEALT_WITH by `close_membership`."""
    async with db.read() as conn:
        found = await conn.fetch(
            """
            SELECT conrelid::regclass::text, confrelid::regclass::text, bool_or(confdeltype = 'c') AS cascades
            FROM pg_constraint WHERE contype = 'f' AND confrelid = ANY('{member,account,post}'::regclass[])
            GROUP BY 1, 2
            """
        )
    assert {(table, of) for table, of, cascades in found if not cascades} == DEALT_WITH
