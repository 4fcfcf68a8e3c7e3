"""Accounts and their followers."""

import asyncio
import random

import pytest

from tests.content.helpers import a_merchant, a_visitor, an_account, facts, signed_in, staff
from unwall.content.accounts import actions, reads, rules
from unwall.content.accounts.values import AccountDraft, AccountKind, AccountTranslation, NoSuchAccount, Owner
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id


async def count(conn, account_id) -> int:
    """The stored count, which must be the number of rows."""
    counted = await conn.fetchval("SELECT followers FROM account WHERE id = $1", account_id)
    assert counted == await conn.fetchval("SELECT count(*) FROM follow WHERE account_id = $1", account_id)
    return counted


# --- accounts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draft", "fields"),
    [
        (AccountDraft("", ""), {"handle", "name"}),
        (AccountDraft("a b", "x"), {"handle"}),
        (AccountDraft("<script>", "x"), {"handle"}),
        (AccountDraft("ok", "x" * 101, bio="x" * 1001), {"name", "bio"}),
        (AccountDraft("ok", "x", translations={"xx": AccountTranslation("x")}), {"translations"}),
        (AccountDraft("ok", "x", translations={"zh": AccountTranslation("x" * 101)}), {"translations.zh.name"}),
        (AccountDraft("ok", "x", avatar="https://elsewhere/x.png", banner="../x"), {"avatar", "banner"}),
        (AccountDraft(" @Tea_House ", "x", avatar="ab/x.webp"), set()),
        (AccountDraft("茶馆", "x"), set()),
        (AccountDraft("चाय_घर", "x"), set()),
        (AccountDraft("شاي\u200f", "x"), set()),
        (AccountDraft("ｔｅａ７", "x"), set()),
        (AccountDraft("te\u0430", "x"), {"handle"}),
        (AccountDraft("☕☕", "x"), {"handle"}),
    ],
)
def test_a_wrong_account_names_its_fields(draft, fields):
    assert {error.field for error in rules.check(rules.tidy(draft), Owner(merchant_id=new_id()))} == fields


async def test_an_account_is_read_in_either_language(db):
    async with db.transaction() as conn:
        merchant_id = await a_merchant(conn, "tea")
        words = {"zh": AccountTranslation("茶馆")}
        draft = AccountDraft("Tea", "Tea House", AccountKind.BRAND, "Leaves", "ab/a.webp", translations=words)
        account_id = await actions.save_account(conn, staff(merchant_id), draft)

        found = await reads.account_by_handle(conn, "TEA", "zh")
        assert found == await reads.account(conn, account_id, "zh")
        assert found is not None
        assert (found.handle, found.name, found.bio, found.kind, found.followers) == (
            *("tea", "茶馆", "Leaves", AccountKind.BRAND, 0),
        )
        assert [a.name for a in await reads.own_accounts(conn, Owner(merchant_id=merchant_id), "en")] == ["Tea House"]
        again = await reads.draft(conn, Owner(merchant_id=merchant_id), account_id)
        assert again is not None
        assert await actions.save_account(conn, staff(merchant_id), again) == account_id
        assert await reads.draft(conn, Owner(merchant_id=merchant_id), account_id) == again


async def test_a_handle_is_one_accounts_only(db):
    async with db.transaction() as conn:
        await an_account(conn, "tea")
        other = await a_merchant(conn, "other")
        with pytest.raises(Invalid) as refused:
            await actions.save_account(conn, staff(other), AccountDraft("tea", "Mine"))
        assert refused.value.by_field() == {"handle": "This handle is taken."}
        assert await reads.own_accounts(conn, Owner(merchant_id=other), "en") == []


@pytest.mark.parametrize("confined", [True, False])
async def test_another_merchants_account_cannot_be_changed(db, confined):
    async with db.transaction() as conn:
        owner, account_id = await an_account(conn, "owner")
        thief = await a_merchant(conn, "thief")
        before = await reads.draft(conn, Owner(merchant_id=owner), account_id)
    with pytest.raises(NoSuchAccount):
        async with db.confined(thief) if confined else db.transaction() as conn:
            await actions.save_account(conn, staff(thief), AccountDraft("mine", "Mine", id=account_id))
    async with db.transaction() as conn:
        assert await reads.draft(conn, Owner(merchant_id=owner), account_id) == before


# --- followers --------------------------------------------------------------------------------------------------------


async def test_following_twice_counts_once_and_is_one_fact(db):
    async with db.transaction() as conn:
        _, account_id = await an_account(conn, "tea")
        visit = await a_visitor(conn)

        assert [await actions.follow(conn, visit, account_id) for _ in range(3)] == [True, False, False]

        assert await count(conn, account_id) == 1
        assert await reads.following(conn, visit.person_ids) == {account_id}
        assert [a.handle for a in await reads.followed(conn, visit.person_ids, "en")] == ["tea"]
        assert await facts(conn, "follow") == [(visit.visitor_id, None, account_id, None)]

        assert [await actions.unfollow(conn, visit, account_id) for _ in range(2)] == [True, False]
        assert await count(conn, account_id) == 0
        assert len(await facts(conn, "follow")) == 1


async def test_nobody_follows_what_is_not_there(db):
    async with db.transaction() as conn:
        visit = await a_visitor(conn)
        for change in (actions.follow, actions.unfollow):
            with pytest.raises(NoSuchAccount):
                await change(conn, visit, new_id())
        assert await reads.following(conn, visit.person_ids) == set()


async def test_signing_in_takes_the_follows_along_and_counts_each_account_once(db):
    async with db.transaction() as conn:
        accounts = [(await an_account(conn, name))[1] for name in ("both", "visitor", "member")]
        visit = await a_visitor(conn)
        member = await signed_in(conn, await a_visitor(conn))
        for account_id in accounts[:2]:
            await actions.follow(conn, visit, account_id)
        for account_id in (accounts[0], accounts[2]):
            await actions.follow(conn, member, account_id)
        assert member.member_id is not None

        for _ in range(2):
            await actions.merge_followers(conn, visit.visitor_id, member.member_id)

        assert [await count(conn, account_id) for account_id in accounts] == [1, 1, 1]
        assert await reads.following(conn, [member.member_id]) == set(accounts)
        assert await reads.following(conn, [visit.visitor_id]) == set()


async def test_a_member_is_not_counted_again_for_what_they_followed_before(db):
    async with db.transaction() as conn:
        _, account_id = await an_account(conn, "tea")
        visit = await a_visitor(conn)
        await actions.follow(conn, visit, account_id)
        member = await signed_in(conn, visit)

        assert await actions.follow(conn, member, account_id) is False
        assert await count(conn, account_id) == 1
        assert await actions.unfollow(conn, member, account_id) is True
        assert await count(conn, account_id) == 0


async def test_the_count_is_exact_whatever_runs_at_once(db):
    # given three accounts and ten people, half of whom will sign in
    async with db.transaction() as conn:
        accounts = [(await an_account(conn, f"account{i}"))[1] for i in range(3)]
        visits = [await a_visitor(conn) for _ in range(10)]
        members = [await signed_in(conn, visit) for visit in visits]
    dice = random.Random(7)

    async def step() -> None:
        i, account_id = dice.randrange(10), dice.choice(accounts)
        visit, member = visits[i], members[i]
        assert member.member_id is not None
        what = dice.choice(("follow", "follow", "unfollow", "as member", "merge"))
        async with db.transaction() as conn:
            if what == "merge":
                await actions.merge_followers(conn, visit.visitor_id, member.member_id)
            elif what == "unfollow":
                await actions.unfollow(conn, visit, account_id)
            else:
                await actions.follow(conn, member if what == "as member" else visit, account_id)

    # when they all do things at once
    await asyncio.gather(*(step() for _ in range(300)))

    # then every count is the number of rows
    async with db.read() as conn:
        assert sum([await count(conn, account_id) for account_id in accounts]) > 0


async def test_a_confined_merchant_reads_its_own_accounts(db):
    async with db.transaction() as conn:
        mine, account_id = await an_account(conn, "mine")
        _, other = await an_account(conn, "other")
    async with db.confined(mine) as conn:
        found = await reads.account(conn, account_id, "en")
        assert found is not None
        assert found.handle == "mine"
        assert await reads.account(conn, other, "en") is None
        assert await conn.fetch("SELECT id FROM account") == [(account_id,)]
