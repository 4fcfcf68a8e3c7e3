"""Names that members give: none of them passes for a store or for somebody who is verified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.content.helpers import START, a_live_post, a_members_account, a_product, a_visitor, an_account, signed_in
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.values import AccountDraft, AccountKind, AccountTranslation, Actor, Owner
from unwall.content.comments.actions import comment
from unwall.content.comments.values import CommentDraft
from unwall.content.questions.actions import answer_as_buyer, answer_as_merchant, ask
from unwall.content.questions.values import Said
from unwall.content.reviews.actions import write
from unwall.content.reviews.values import ProofOfPurchase, ReviewDraft
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.people.rules import is_alike, look

STORE = "Mill & Loom 10"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "mill & loom 10",
            "MILL AND LOOM 10".replace(" AND", ""),
            "Mill&Loom10",
            "  Mill\u3000 &\u2003Loom 10",
            "Mill-Loom l0",
        ),
        *(
            "\uff2d\uff49\uff4c\uff4c Loom 10",
            "Mi\u200bll Loom 10",
            "M\u0456ll L\u043eom 10",
            "\u039cill L\u03bf\u03bfm 10",
        ),
        *("M\u00edll L\u00f6om 10", "MiII Loom IO", "rnill loorn 10", "\u2b50 Mill Loom 10 \u2713", "M1ll L00m 10"),
    ],
)
def test_a_name_that_looks_the_same_is_the_same(name: str):
    assert is_alike(name, [STORE])


@pytest.mark.parametrize("name", ["Mila Loom", "Mill Loom", "Mill Loom 11", "Lin", "\u4e91\u5357\u8336", "\u2b50"])
def test_other_names_are_others(name: str):
    assert not is_alike(name, [STORE, "\u4e91\u5357\u8336\u53f6"])


@given(st.text(max_size=40))
def test_every_name_has_a_look_that_case_and_spaces_do_not_change(name: str):
    assert look(f" {name} ") == look(name)
    assert look(look(name)) == look(name)


@pytest.fixture
async def shop(db):
    """(merchant, account, product), the store called "Tea", in Chinese "\u8336\u53f6\u94fa"."""
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        await conn.execute('UPDATE merchant SET translations = \'{"zh": {"name": "\u8336\u53f6\u94fa"}}\'')
        return merchant, account, await a_product(conn, merchant, "Longjing")


@pytest.mark.parametrize("name", ["T\u0435a", "tea ", "\u8336 \u53f6 \u94fa"])
async def test_no_member_writes_under_the_name_of_a_store(db, shop, name):
    merchant, account, product = shop
    async with db.transaction() as conn:
        visit, post = await signed_in(conn, await a_visitor(conn)), await a_live_post(conn, merchant, account)
        question = await ask(conn, visit, product, Said("Warm?", "Li"), START)
    proof = ProofOfPurchase(new_id(), 1, merchant, product)
    for writes in (
        lambda conn: comment(conn, visit, post, CommentDraft("Hi", name), START),
        lambda conn: ask(conn, visit, product, Said("Warm?", name), START),
        lambda conn: answer_as_buyer(conn, visit.member_id, question, Said("Yes", name), bought=True),
        lambda conn: write(conn, visit, proof, ReviewDraft(5, "Good", name), START),
    ):
        with pytest.raises(Invalid) as refused:
            async with db.transaction() as conn:
                await writes(conn)
        assert list(refused.value.by_field()) == ["author"]
    async with db.transaction() as conn:
        counts = "SELECT (SELECT count(*) FROM comment), (SELECT count(*) FROM question), (SELECT count(*) FROM review)"
        assert tuple(await conn.fetchrow(counts)) == (0, 1, 0)
        await answer_as_merchant(conn, merchant, question, Said("Yes", name))  # it is the store


async def test_no_member_has_an_account_of_a_stores_name(db, shop):
    async with db.transaction() as conn:
        visit = await signed_in(conn, await a_visitor(conn))
        actor = Actor("member", Owner(member_id=visit.member_id))
        for draft in (
            AccountDraft("teahouse", "TEA", AccountKind.CREATOR),
            AccountDraft(
                "teahouse", "Lin", AccountKind.CREATOR, translations={"zh": AccountTranslation("\u8336\u53f6\u94fa")}
            ),
        ):
            with pytest.raises(Invalid) as refused:
                await accounts.save_account(conn, actor, draft)
            assert list(refused.value.by_field()) == ["name"]
        assert await conn.fetchval("SELECT count(*) FROM account WHERE member_id IS NOT NULL") == 0


async def test_the_name_of_a_verified_account_is_its_owners(db, shop):
    merchant, account, _ = shop
    async with db.transaction() as conn:
        post = await a_live_post(conn, merchant, account)
        actor, _ = await a_members_account(conn, "lin")
        owner = replace(await a_visitor(conn), member_id=actor.owner.member_id)
        other = await signed_in(conn, await a_visitor(conn))
        await comment(conn, other, post, CommentDraft("Hi", "L\u0456n"), START)
        await accounts.verify(conn, "lin", verified=True)
        await comment(conn, owner, post, CommentDraft("It is me", "Lin"), START)
        with pytest.raises(Invalid):
            await comment(conn, other, post, CommentDraft("Hi", "L\u0456n"), START)
