"""Mutes, blocks, verification and how many accounts a member may own."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.content.helpers import a_members_account, a_visitor, an_account, facts, signed_in, staff
from tests.content.test_accounts import count
from unwall.content.accounts import actions, reads, rules
from unwall.content.accounts.values import (
    AccountDraft,
    AccountKind,
    Blocked,
    NoSuchAccount,
    Owner,
    Standing,
    TooManyAccounts,
)
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id


async def test_who_mutes_follows_on_and_is_recorded_once(db):
    async with db.transaction() as conn:
        _, account_id = await an_account(conn, "tea")
        visit = await a_visitor(conn)
        await actions.follow(conn, visit, account_id)
    for new in (True, False):
        async with db.transaction() as conn:
            assert await actions.mute(conn, visit, account_id) is new
    async with db.transaction() as conn:
        assert await reads.standing(conn, visit.person_ids, account_id) == Standing(followed=True, muted=True)
        assert await reads.hidden(conn, visit.person_ids) == {account_id}
        assert [a.handle for a in await reads.hidden_accounts(conn, visit.person_ids, "en")] == ["tea"]
        assert await reads.may_interact(conn, account_id, visit.person_ids)
        assert await facts(conn, "mute") == [(visit.visitor_id, None, account_id, None)]
        assert await count(conn, account_id) == 1
        assert [await actions.unmute(conn, visit, account_id) for _ in range(2)] == [True, False]
        assert await reads.hidden(conn, visit.person_ids) == set()


async def test_who_blocks_stops_following_and_cannot_follow_again_until_unblocked(db):
    async with db.transaction() as conn:
        _, account_id = await an_account(conn, "tea")
        visit = await a_visitor(conn)
        await actions.follow(conn, visit, account_id)
    async with db.transaction() as conn:
        assert await actions.block(conn, visit, account_id)
        assert await actions.block(conn, visit, account_id) is False
    async with db.transaction() as conn:
        assert await reads.standing(conn, visit.person_ids, account_id) == Standing(muted=True, blocked=True)
        assert await count(conn, account_id) == 0
        assert not await reads.may_interact(conn, account_id, visit.person_ids)
        assert await facts(conn, "block") == [(visit.visitor_id, None, account_id, None)]
        with pytest.raises(Blocked):
            await actions.follow(conn, visit, account_id)
        assert not await actions.unmute(conn, visit, account_id)  # a block is ended as a block
        assert await actions.unblock(conn, visit, account_id)
        assert await actions.follow(conn, visit, account_id)
        assert await count(conn, account_id) == 1


async def test_a_mute_becomes_a_block_and_not_the_other_way_round(db):
    async with db.transaction() as conn:
        _, account_id = await an_account(conn, "tea")
        visit = await a_visitor(conn)
        await actions.mute(conn, visit, account_id)
    async with db.transaction() as conn:
        assert await actions.block(conn, visit, account_id)
    async with db.transaction() as conn:
        assert not await actions.mute(conn, visit, account_id)
        assert (await reads.standing(conn, visit.person_ids, account_id)).blocked


@pytest.mark.parametrize("confined", [True, False])
async def test_an_account_blocks_a_person_who_is_no_follower_then(db, confined):
    async with db.transaction() as conn:
        mine, account_id = await an_account(conn, "mine")
        theirs, other = await an_account(conn, "theirs")
        visit = await a_visitor(conn)
        await actions.follow(conn, visit, account_id)
    async with db.transaction() as conn:
        await actions.follow(conn, visit, other)
    async with db.confined(mine) if confined else db.transaction() as conn:
        with pytest.raises(NoSuchAccount):
            await actions.block_person(conn, staff(mine), other, visit.person_id)
        assert await actions.block_person(conn, staff(mine), account_id, visit.person_id)
        assert not await actions.block_person(conn, staff(mine), account_id, visit.person_id)
        assert await reads.blocked_people(conn, account_id) == [visit.person_id]
        assert not await reads.may_interact(conn, account_id, visit.person_ids)
    async with db.transaction() as conn:
        assert [await count(conn, one) for one in (account_id, other)] == [0, 1]
        assert await reads.standing(conn, visit.person_ids, account_id) == Standing(refused=True)
        with pytest.raises(Blocked):
            await actions.follow(conn, visit, account_id)
        with pytest.raises(NoSuchAccount):
            await actions.unblock_person(conn, staff(theirs), account_id, visit.person_id)
        assert await actions.unblock_person(conn, staff(mine), account_id, visit.person_id)
        assert await actions.follow(conn, visit, account_id)


async def test_a_confined_merchant_learns_that_it_is_blocked_but_not_whom_anybody_mutes(db):
    async with db.transaction() as conn:
        mine, account_id = await an_account(conn, "mine")
        visit = await a_visitor(conn)
        await actions.block(conn, visit, account_id)
    async with db.confined(mine) as conn:
        assert not await reads.may_interact(conn, account_id, visit.person_ids)
        assert not await conn.fetchval("SELECT has_table_privilege('muted_account', 'SELECT')")


async def test_signing_in_takes_mutes_and_blocks_along_and_ends_what_is_blocked(db):
    async with db.transaction() as conn:
        accounts = {name: (await an_account(conn, name))[1] for name in ("muted", "blocked", "refusing", "fine")}
        before = await a_visitor(conn)
        member = await signed_in(conn, before)
        earlier = await a_visitor(conn)
    # given a member who blocked one account, and whom another blocked
    async with db.transaction() as conn:
        await actions.block(conn, member, accounts["blocked"])
        await actions.mute(conn, earlier, accounts["muted"])
        owner = (await reads.owner_of(conn, accounts["refusing"])).merchant_id
        await actions.block_person(conn, staff(owner), accounts["refusing"], member.person_id)
    # when the visitor who follows them all signs in as the member
    for account_id in accounts.values():
        async with db.transaction() as conn:
            await actions.follow(conn, earlier, account_id)
    for _ in range(2):
        async with db.transaction() as conn:
            await actions.merge_followers(conn, earlier.visitor_id, member.member_id)
    # then
    async with db.read() as conn:
        mine = [member.member_id]
        assert await reads.following(conn, mine) == {accounts["muted"], accounts["fine"]}
        assert await reads.hidden(conn, mine) == {accounts["muted"], accounts["blocked"]}
        assert [await count(conn, one) for one in accounts.values()] == [1, 0, 0, 1]
        assert await conn.fetchval("SELECT count(*) FROM muted_account WHERE person_id = $1", earlier.visitor_id) == 0


@given(seed=st.integers(0, 10**6))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_follower_count_is_exact_while_people_follow_mute_and_block_at_once(db, seed):
    chance = random.Random(seed)
    async with db.transaction() as conn:
        owned = [await an_account(conn, f"a{new_id().hex[-12:]}") for _ in range(3)]
        visits = [await a_visitor(conn) for _ in range(4)]
        member = (await signed_in(conn, visits[0])).member_id

    async def one_change() -> None:
        visit, (merchant_id, account_id) = chance.choice(visits), chance.choice(owned)
        what = chance.randrange(7)
        async with db.transaction() as conn:
            try:
                if what < 5:
                    acts = (actions.follow, actions.unfollow, actions.mute, actions.block, actions.unblock)
                    await acts[what](conn, visit, account_id)
                elif what == 5:
                    await actions.block_person(conn, staff(merchant_id), account_id, visit.person_id)
                    await actions.unblock_person(conn, staff(merchant_id), account_id, visits[1].person_id)
                else:
                    await actions.merge_followers(conn, visits[0].visitor_id, member)
            except Blocked:
                pass

    await asyncio.gather(*(one_change() for _ in range(40)))
    async with db.read() as conn:
        for _, account_id in owned:
            await count(conn, account_id)
            assert not await conn.fetchval(
                "SELECT count(*) FROM follow f WHERE account_id = $1 AND NOT may_interact($1, ARRAY[f.follower_id])",
                account_id,
            )


# --- verification and limits ------------------------------------------------------------------------------------------


async def test_a_verification_ends_with_the_name_and_not_with_the_bio(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        await actions.verify(conn, "@TEA", verified=True)

        async def saved(**changes: str) -> bool:
            draft = AccountDraft(**{"handle": "tea", "name": "Tea", "id": account_id, **changes})
            await actions.save_account(conn, staff(merchant_id), draft)
            found = await reads.account(conn, account_id, "en")
            return found.verified

        assert await saved(bio="Leaves")
        assert not await saved(name="Tea of the Palace")
        assert not await saved()  # the old name does not bring it back
        await actions.verify(conn, "tea", verified=True)
        assert not await saved(handle="tea2")
        await actions.verify(conn, "tea2", verified=True)
        await actions.verify(conn, "tea2", verified=False)
        assert not (await reads.account(conn, account_id, "en")).verified
        with pytest.raises(Invalid) as refused:
            await actions.verify(conn, "nobody", verified=True)
        assert set(refused.value.by_field()) == {"handle"}


async def test_a_member_owns_several_accounts_up_to_the_limit_even_at_once(db):
    async with db.transaction() as conn:
        actor, first = await a_members_account(conn, "first")

    async def one_more(n: int) -> bool:
        try:
            async with db.transaction() as conn:
                await actions.save_account(conn, actor, AccountDraft(f"more{n}", "More", AccountKind.PUBLISHER))
        except TooManyAccounts:
            return False
        return True

    made = await asyncio.gather(*(one_more(n) for n in range(rules.MAX_MEMBER_ACCOUNTS + 2)))
    assert sum(made) == rules.MAX_MEMBER_ACCOUNTS - 1
    async with db.transaction() as conn:  # one that is there can still be changed
        await actions.save_account(conn, actor, AccountDraft("first", "Renamed", AccountKind.CREATOR, id=first))
        own = await reads.own_accounts(conn, Owner(member_id=actor.owner.member_id), "en")
        assert len(own) == rules.MAX_MEMBER_ACCOUNTS
        assert own[0].name == "Renamed"


async def test_an_owner_sees_the_followers_who_publish_in_pages_and_nobody_elses(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        owner, fans = Owner(merchant_id=merchant_id), []
        for name in ("lin", "wu"):
            _, fan = await a_members_account(conn, name)
            member_id = (await reads.owner_of(conn, fan)).member_id
            await conn.execute("INSERT INTO follow (account_id, follower_id) VALUES ($1, $2)", account_id, member_id)
            fans.append(name)
        await actions.follow(conn, await a_visitor(conn), account_id)
        first = await reads.followers(conn, owner, account_id, "en", limit=1)
        second = await reads.followers(conn, owner, account_id, "en", after=first.after, limit=1)
        other, _ = await an_account(conn, "label")
        nobody = await reads.followers(conn, Owner(merchant_id=other), account_id, "en")
    assert [one.handle for page in (first, second) for one in page.rows] == fans[::-1]
    assert (second.after, nobody.rows) == (None, [])
