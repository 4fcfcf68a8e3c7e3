"""Whose account one may act for, and whose products a post may show."""

import asyncpg
import pytest

from tests.content.helpers import (
    START,
    a_live_post,
    a_members_account,
    a_merchant,
    a_product,
    an_account,
    facts,
    published,
    signed_in,
    staff,
)
from unwall.content.accounts import actions as accounts
from unwall.content.accounts import reads as account_reads
from unwall.content.accounts import rules as account_rules
from unwall.content.accounts.values import AccountDraft, AccountKind, Actor, Owner
from unwall.content.posts import actions, reads
from unwall.content.posts.values import NoSuchPost, PostDraft, PostState, Tag
from unwall.journal.values import Visit
from unwall.kernel.database import Connection, Database
from unwall.kernel.errors import Forbidden, Invalid
from unwall.kernel.ids import new_id
from unwall.people.actions import set_tagging
from unwall.people.values import ApiKey, ApiScope, Member, Role, Staff, Tagging
from unwall.usecases.publish_post import PUBLISHED, save_post

NOT_ALLOWED = "The store that sells this does not let you tag it."


# --- who may act ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.EDITOR, True), (Role.ANALYST, False)])
def test_staff_act_for_their_merchants_accounts_where_their_role_publishes(role: Role, may: bool) -> None:
    mei = Staff(new_id(), new_id(), "mei@tea.example", "Mei", role, None, True)
    if may:
        limited = None if role is Role.OWNER else mei.id
        expected = Actor("staff:mei@tea.example", Owner(merchant_id=mei.merchant_id), limited)
        assert account_rules.staff_actor(mei) == expected
    else:
        with pytest.raises(Forbidden):
            account_rules.staff_actor(mei)


def test_an_api_key_acts_where_its_scope_writes_content() -> None:
    reader = ApiKey(new_id(), new_id(), "till", "uw_", frozenset({ApiScope.CONTENT_READ}), START, None)
    with pytest.raises(Forbidden):
        account_rules.key_actor(reader)


def test_a_member_acts_for_their_own_accounts_only() -> None:
    lin, wu = (account_rules.member_actor(Member(new_id(), None, name, "en")) for name in ("Lin", "Wu"))
    assert account_rules.owns(lin, lin.owner)
    assert not account_rules.owns(lin, wu.owner)
    assert not account_rules.owns(lin, Owner(merchant_id=lin.owner.member_id))
    assert not account_rules.owns(Actor("nobody", Owner()), Owner())


async def test_a_member_has_no_account_of_a_store(db: Database) -> None:
    async with db.transaction() as conn:
        lin, _ = await a_members_account(conn, "lin")
        for kind in (AccountKind.STORE, AccountKind.BRAND):
            with pytest.raises(Invalid) as refused:
                await accounts.save_account(conn, lin, AccountDraft("lins", "Lin's", kind))
            assert list(refused.value.by_field()) == ["kind"]


async def test_a_member_publishes_and_followers_of_the_account_read_it(db: Database) -> None:
    # given a member with an account of their own
    async with db.transaction() as conn:
        lin, account_id = await a_members_account(conn, "lin")

    # when they save and publish
    post_id = await save_post(db, lin, PostDraft(account_id, title="Hello"), START, then=PUBLISHED)

    # then the post is live, nobody's merchant's, and a fact of the journal
    async with db.transaction() as conn:
        post = await reads.post(conn, post_id, "en")
        assert post is not None
        assert (post.account_handle, post.merchant_id, post.state) == ("lin", None, PostState.LIVE)
        assert await facts(conn, "publish") == [(None, lin.owner.member_id, account_id, post_id)]
        assert [a.id for a in await account_reads.own_accounts(conn, lin.owner, "en")] == [account_id]
        kept = await reads.editable_post(conn, lin.owner, post_id)
        assert kept is not None
        assert kept.author == lin.name
        assert [p.id for p in (await reads.own_posts(conn, lin.owner, "en")).rows] == [post_id]

        # and may be changed and removed by them
        assert await actions.save_draft(conn, lin, PostDraft(account_id, title="Hi", id=post_id)) == post_id
        await actions.remove(conn, lin, post_id)
        assert await reads.post(conn, post_id, "en") is None


async def test_nothing_is_saved_where_publishing_is_refused(db: Database) -> None:
    async with db.transaction() as conn:
        lin, account_id = await a_members_account(conn, "lin")
    with pytest.raises(Invalid):
        await save_post(db, lin, PostDraft(account_id), START, then=PUBLISHED)
    async with db.read() as conn:
        assert await conn.fetchval("SELECT count(*) FROM post") == 0
        assert await facts(conn, "publish") == []


async def test_a_members_posts_are_not_anothers(db: Database) -> None:
    # given a member with a draft and a live post, another member, and a merchant
    async with db.transaction() as conn:
        lin, account_id = await a_members_account(conn, "lin")
        wu, wus_account = await a_members_account(conn, "wu")
        merchant_id, stores_account = await an_account(conn, "tea")
        draft_id = await actions.save_draft(conn, lin, PostDraft(account_id, title="Draft"))
        live_id = await published(conn, lin, account_id)
        before = await conn.fetch("SELECT p FROM post p ORDER BY id")

    for actor, own_account in ((wu, wus_account), (staff(merchant_id), stores_account)):
        # when they post for the account, the field is named
        with pytest.raises(Invalid) as refused:
            await save_post(db, actor, PostDraft(account_id, title="x"), START)
        assert list(refused.value.by_field()) == ["account_id"]

        # and there is no such post to edit, publish, remove or open
        with pytest.raises(NoSuchPost):
            await save_post(db, actor, PostDraft(own_account, title="x", id=live_id), START)
        async with db.transaction() as conn:
            for change in (actions.publish(conn, actor, draft_id, START), actions.remove(conn, actor, live_id)):
                with pytest.raises(NoSuchPost):
                    await change
            assert await reads.editable_post(conn, actor.owner, draft_id) is None
            assert await account_reads.draft(conn, actor.owner, account_id) is None

    async with db.read() as conn:
        assert await conn.fetch("SELECT p FROM post p ORDER BY id") == before


# --- row-level security -----------------------------------------------------------------------------------------------


async def test_a_merchant_cannot_write_under_another_owners_account_whatever_the_statement_says(db: Database) -> None:
    async with db.transaction() as conn:
        ours, own_account = await an_account(conn, "ours")
        own_post = await actions.save_draft(conn, staff(ours), PostDraft(own_account, title="Ours"))
        theirs, their_account = await an_account(conn, "theirs")
        their_post = await actions.save_draft(conn, staff(theirs), PostDraft(their_account, title="Theirs"))
        lin, lins_account = await a_members_account(conn, "lin")
        lins_post = await actions.save_draft(conn, lin, PostDraft(lins_account, title="Lin's"))
        product_id = await a_product(conn, theirs, "Leaf")

    post = "INSERT INTO post (id, merchant_id, account_id, kind) VALUES (gen_random_uuid(), $1, $2, 'note')"
    outbox = "INSERT INTO outbox (merchant_id, account_id, entry, post_id) VALUES ($1, $2, gen_random_uuid(), $3)"
    media = "INSERT INTO post_media (post_id, position, merchant_id, file, width, height) VALUES ($2, 0, $1, 'x', 1, 1)"
    tag = (
        "INSERT INTO post_tag (post_id, position, merchant_id, product_id, product_merchant_id)"
        " VALUES ($2, 0, $1, $3, $1)"
    )
    for statement, *ids in (
        *((post, account) for account in (their_account, lins_account)),
        *((outbox, account, own_post) for account in (their_account, lins_account)),
        *((outbox, own_account, post_id) for post_id in (their_post, lins_post)),
        *((media, post_id) for post_id in (their_post, lins_post)),
        (tag, own_post, product_id),
    ):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with db.confined(ours) as conn:
                await conn.execute(statement, ours, *ids)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.confined(ours) as conn:
            await conn.execute(post, None, lins_account)
    async with db.confined(ours) as conn:
        assert await conn.execute("UPDATE post SET title = 'x' WHERE id = $1", lins_post) == "UPDATE 0"
        assert await conn.fetchval("SELECT count(*) FROM post") == 1
        assert await conn.fetchval("SELECT count(*) FROM account") == 1


async def test_a_merchant_reads_what_others_published_about_its_products_and_nothing_else(db: Database) -> None:
    async with db.transaction() as conn:
        merchant_id, _ = await an_account(conn, "tea")
        await set_tagging(conn, merchant_id, Tagging.EVERYBODY)
        product_id = await a_product(conn, merchant_id, "Leaf")
        lin, account_id = await a_members_account(conn, "lin")
        about = await published(conn, lin, account_id, tags=(Tag(product_id),))
        await published(conn, lin, account_id, 1)
        await actions.save_draft(conn, lin, PostDraft(account_id, title="Draft", tags=(Tag(product_id),)))
    async with db.confined(merchant_id) as conn:
        assert [r["id"] for r in await conn.fetch("SELECT id FROM post")] == [about]
        assert {r["handle"] for r in await conn.fetch("SELECT handle FROM account_profile")} == {"tea", "lin"}
        assert await conn.execute("UPDATE post SET title = 'x'") == "UPDATE 0"
        assert await conn.execute("DELETE FROM post_tag WHERE post_id = $1", about) == "DELETE 0"


# --- tagging ----------------------------------------------------------------------------------------------------------


async def shown(conn: Connection, post_id, product_id) -> tuple[bool, bool]:
    """Whether the post shows the product, and whether the product's page shows the post."""
    post = await reads.post(conn, post_id, "en")
    assert post is not None
    with_product = await reads.posts_with_product(conn, product_id)
    return [tag.product_id for tag in post.tags] == [product_id], with_product == [post_id]


@pytest.mark.parametrize(
    ("tagging", "collaborator", "allowed"),
    [
        (Tagging.EVERYBODY, False, True),
        (Tagging.COLLABORATORS, True, True),
        (Tagging.COLLABORATORS, False, False),
        (Tagging.NOBODY, True, False),
        (None, False, False),
    ],
)
@pytest.mark.parametrize("kind", ["member", "merchant"])
async def test_a_merchant_says_who_may_tag_its_products(
    db: Database, kind: str, tagging: Tagging | None, collaborator: bool, allowed: bool
) -> None:
    # given a merchant's product, and an account that is not the merchant's
    async with db.transaction() as conn:
        merchant_id, _ = await an_account(conn, "tea")
        product_id = await a_product(conn, merchant_id, "Leaf")
        if kind == "member":
            actor, account_id = await a_members_account(conn, "lin")
        else:
            other, account_id = await an_account(conn, "lin")
            actor = staff(other)
    async with db.confined(merchant_id) as conn:
        if tagging:
            await set_tagging(conn, merchant_id, tagging)
        if collaborator:
            assert await accounts.add_collaborator(conn, merchant_id, "@Lin") == account_id
            assert [a.id for a in await account_reads.collaborators(conn, merchant_id, "en")] == [account_id]

    # when the account publishes a post that tags it, then it is shown, or the field is named
    draft = PostDraft(account_id, title="Tea", tags=(Tag(product_id),))
    if allowed:
        post_id = await save_post(db, actor, draft, START, then=PUBLISHED)
        async with db.read() as conn:
            assert await shown(conn, post_id, product_id) == (True, True)
    else:
        with pytest.raises(Invalid) as refused:
            await save_post(db, actor, draft, START, then=PUBLISHED)
        assert refused.value.by_field() == {"tags.0.product_id": NOT_ALLOWED}


@pytest.mark.parametrize("tagging", list(Tagging))
async def test_a_merchants_own_accounts_may_always_tag(db: Database, tagging: Tagging) -> None:
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        await set_tagging(conn, merchant_id, tagging)
        product_id = await a_product(conn, merchant_id, "Leaf")
        post_id = await a_live_post(conn, merchant_id, account_id, tags=(Tag(product_id),))
        assert await shown(conn, post_id, product_id) == (True, True)


async def test_a_tag_that_is_no_longer_allowed_is_not_shown(db: Database) -> None:
    # given a live post and a draft of a collaborator with a tag
    async with db.transaction() as conn:
        merchant_id, _ = await an_account(conn, "tea")
        product_id = await a_product(conn, merchant_id, "Leaf")
        lin, account_id = await a_members_account(conn, "lin")
        await accounts.add_collaborator(conn, merchant_id, "lin")
        post_id = await published(conn, lin, account_id, tags=(Tag(product_id),))
        draft_id = await actions.save_draft(conn, lin, PostDraft(account_id, title="x", tags=(Tag(product_id),)))

        # when the merchant takes the collaborator off its list
        await accounts.remove_collaborator(conn, merchant_id, account_id)

        # then the post shows it no more, its author still sees it, and the draft is refused, naming it
        assert await shown(conn, post_id, product_id) == (False, False)
        kept = await reads.editable_post(conn, lin.owner, post_id)
        assert kept is not None
        assert kept.draft.tags == (Tag(product_id),)
        with pytest.raises(Invalid) as refused:
            await actions.publish(conn, lin, draft_id, START)
        assert refused.value.by_field() == {"tags.0.product_id": NOT_ALLOWED}

        # and shows it again once it is allowed
        await set_tagging(conn, merchant_id, Tagging.EVERYBODY)
        assert await shown(conn, post_id, product_id) == (True, True)


async def test_what_is_not_on_sale_is_tagged_by_nobody_else(db: Database) -> None:
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        await set_tagging(conn, merchant_id, Tagging.EVERYBODY)
        product_id = await a_product(conn, merchant_id, "Leaf")
        await conn.execute("UPDATE product SET status = 'draft' WHERE id = $1", product_id)
        lin, lins_account = await a_members_account(conn, "lin")
        with pytest.raises(Invalid) as refused:
            await actions.save_draft(conn, lin, PostDraft(lins_account, title="x", tags=(Tag(product_id),)))
        assert refused.value.by_field() == {"tags.0.product_id": "There is no such product."}
        await a_live_post(conn, merchant_id, account_id, tags=(Tag(product_id),))


async def test_a_collaborator_is_named_by_a_handle_that_is_there(db: Database) -> None:
    async with db.transaction() as conn:
        merchant_id = await a_merchant(conn, "tea")
        with pytest.raises(Invalid) as refused:
            await accounts.add_collaborator(conn, merchant_id, "nobody")
        assert list(refused.value.by_field()) == ["handle"]


# --- the fact ---------------------------------------------------------------------------------------------------------


async def test_subscribers_hear_of_a_publication_once(db: Database) -> None:
    # given a subscriber to published posts
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        await conn.execute("INSERT INTO subscription (kind, entrypoint) VALUES ('publish', 'test.heard')")

    # when a post is published twice
    draft = PostDraft(account_id, title="x")
    post_id = await save_post(db, staff(merchant_id), draft, START, then=PUBLISHED)
    async with db.confined(merchant_id) as conn:
        await actions.publish(conn, staff(merchant_id), post_id, START)

    # then there is one fact and one job
    async with db.read() as conn:
        assert await facts(conn, "publish") == [(None, None, account_id, post_id)]
        assert await conn.fetchval("SELECT merchant_id FROM journal WHERE kind = 'publish'") == merchant_id
        assert await conn.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'test.heard'") == 1


async def test_who_follows_a_members_account_is_counted(db: Database) -> None:
    async with db.transaction() as conn:
        _, account_id = await a_members_account(conn, "lin")
        visit = await signed_in(conn, Visit(new_id(), new_id(), None, "en"))
        await accounts.follow(conn, visit, account_id)
        assert await conn.fetchval("SELECT followers FROM account WHERE id = $1", account_id) == 1
