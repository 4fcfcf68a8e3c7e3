"""Posts: what they may say, the ways they may go, and who may touch them."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import (
    START,
    a_live_post,
    a_product,
    a_visitor,
    an_account,
    facts,
    signed_in,
    staff,
)
from tests.html import html_text
from unwall.content.accounts.values import Owner
from unwall.content.posts import actions, reads, rules
from unwall.content.posts.values import (
    Media,
    NoSuchPost,
    PostDraft,
    PostFormat,
    PostKind,
    PostState,
    PostTranslation,
    Tag,
    TaggableProduct,
    WrongState,
)
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import derived_id, new_id

PRODUCTS = [derived_id("product", i) for i in range(25)]
TAGGABLE = {one: TaggableProduct(one, derived_id("merchant"), True) for one in PRODUCTS}
PICTURE = Media("ab/x.webp", "Tea", 800, 600)


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Spring\n\nTea *and* **rain**", "<h1>Spring</h1>\n<p>Tea <em>and</em> <strong>rain</strong></p>\n"),
        ("[go](javascript:alert(1))", "<p>[go](javascript:alert(1))</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("![pixel](https://spy.example/x.png)", "<p></p>\n"),
        ("[tea](https://tea.example)", '<p><a href="https://tea.example" rel="noopener noreferrer">tea</a></p>\n'),
    ],
)
def test_markdown_is_rendered_safe(markdown, html):
    assert rules.render(markdown, PostFormat.MARKDOWN) == html


HONEY = '<a href="/tag/honey" rel="noopener noreferrer">#honey</a>'
EXAMPLE = '<a href="https://example.org/tea" rel="noopener noreferrer">https://example.org/tea</a>'


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("One.\nTwo.\n\nThree.", "<p>One.<br>\nTwo.</p>\n<p>Three.</p>\n"),
        ("- milk\n- honey\n# honey day", "<p>- milk<br>\n- honey<br>\n# honey day</p>\n"),
        ("#honey day", f"<p>{HONEY} day</p>\n"),
        (
            "1. one\n    four spaces\n> so\n***\nso\n===",
            "<p>1. one<br>\nfour spaces<br>\n&gt; so<br>\n***<br>\nso<br>\n===</p>\n",
        ),
        ("Box 7*8*9 mm, 2*2*2", "<p>Box 7*8*9 mm, 2*2*2</p>\n"),
        (
            "_no_ **no** `no` \\* [no](https://) &amp; <b>",
            "<p>_no_ **no** `no` \\* [no](https://) &amp;amp; &lt;b&gt;</p>\n",
        ),
        ("See https://example.org/tea.", f"<p>See {EXAMPLE}.</p>\n"),
        ("看(https://example.org/tea)。", f"<p>看({EXAMPLE})。</p>\n"),
        (
            "www.example.org",
            '<p><a href="http://www.example.org" rel="noopener noreferrer">www.example.org</a></p>\n',
        ),
        (
            "tea@example.org",
            '<p><a href="mailto:tea@example.org" rel="noopener noreferrer">tea@example.org</a></p>\n',
        ),
        (
            "Come in.At ten, it is 4.5 cm. javascript:alert(1)",
            "<p>Come in.At ten, it is 4.5 cm. javascript:alert(1)</p>\n",
        ),
        ("", ""),
    ],
)
def test_plain_text_stays_as_it_was_typed(typed, html):
    assert rules.render(typed, PostFormat.PLAIN) == html


def test_markdown_keeps_lines_and_links_addresses_too():
    html = rules.render("*One*\nhttps://example.org/tea\n\n- milk\n\nafter", PostFormat.MARKDOWN)
    assert html == f"<p><em>One</em><br>\n{EXAMPLE}</p>\n<ul>\n<li>milk</li>\n</ul>\n<p>after</p>\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1))
def test_plain_text_loses_no_letter(typed):
    words = html_text(rules.render(typed, PostFormat.PLAIN))
    assert "".join(words.split()) == "".join(typed.split())


@given(
    st.text()
    | st.lists(
        st.sampled_from(["<script>", "<img src=x onerror=y>", "[a](", "data:text/html,x)", "`", "\n\n", "&lt;"])
    ).map("".join)
)
def test_no_text_makes_a_script(markdown):
    for written_in in PostFormat:
        html = rules.render(markdown, written_in).lower()
        bad = ("<script", "<img", "<iframe", "<style", 'href="javascript', 'href="data')
        assert [one for one in bad if one in html] == []


@pytest.mark.parametrize(
    ("state", "wanted", "goes"),
    [
        (PostState.DRAFT, PostState.LIVE, True),
        (PostState.LIVE, PostState.LIVE, False),
        (PostState.LIVE, PostState.REMOVED, True),
        (PostState.DRAFT, PostState.REMOVED, True),
        (PostState.REMOVED, PostState.REMOVED, False),
    ],
)
def test_the_states_of_a_post_follow_each_other_one_way(state, wanted, goes):
    assert rules.moves_to(state, wanted) is goes


def test_what_is_removed_does_not_come_back():
    with pytest.raises(WrongState):
        rules.moves_to(PostState.REMOVED, PostState.LIVE)
    with pytest.raises(WrongState):
        rules.check_edit(PostState.REMOVED, PRODUCTS[0], PostDraft(PRODUCTS[0]))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, set()),
        ({"title": "x" * 201, "body": "x" * 50_001}, {"title", "body"}),
        ({"tags": tuple(map(Tag, PRODUCTS[:20]))}, set()),
        ({"tags": tuple(map(Tag, PRODUCTS[:21]))}, {"tags"}),
        ({"tags": (Tag(PRODUCTS[0]), Tag(derived_id("another's")))}, {"tags.1.product_id"}),
        ({"tags": (Tag(PRODUCTS[0]), Tag(PRODUCTS[0]))}, {"tags.0.product_id", "tags.1.product_id"}),
        ({"tags": (Tag(PRODUCTS[0], 0, 0.5, 1.0),)}, set()),
        ({"tags": (Tag(PRODUCTS[0], 1, 0.5, 0.5),)}, {"tags.0.media"}),
        ({"tags": (Tag(PRODUCTS[0], 0),)}, {"tags.0.media"}),
        ({"tags": (Tag(PRODUCTS[0], 0, -0.1, 1.1),)}, {"tags.0.x", "tags.0.y"}),
        ({"tags": (Tag(PRODUCTS[0], 0, float("nan"), 1),)}, {"tags.0.x"}),
        ({"media": (Media("https://elsewhere/x.png", "", 1, 1),)}, {"media.0.file"}),
        (
            {"media": (Media("../x", "", 1, 1), Media("ab/x.webp", "x" * 1001, 1, 0))},
            {"media.0.file", "media.1.file", "media.1.alt"},
        ),
        ({"media": (PICTURE,) * 21}, {"media"}),
        ({"media": (Media("ab/x.webp", "", 10**12, 1),)}, {"media.0.file"}),
        ({"translations": {"zh": PostTranslation("x", alts=("x" * 1001,))}}, {"translations.zh.alts"}),
        ({"translations": {"xx": PostTranslation("x")}}, {"translations"}),
        ({"translations": {"zh": PostTranslation("x" * 201)}}, {"translations.zh.title"}),
    ],
)
def test_a_wrong_draft_names_its_fields(changes, fields):
    draft = PostDraft(**{"account_id": PRODUCTS[0], "title": "T", "media": (PICTURE,), **changes})
    assert {error.field for error in rules.check(rules.tidy(draft), TAGGABLE)} == fields


# --- from draft to removed --------------------------------------------------------------------------------------------


async def outbox(conn) -> list[tuple[object, ...]]:
    return [
        tuple(r) for r in await conn.fetch("SELECT account_id, entry, merchant_id, post_id FROM outbox ORDER BY entry")
    ]


async def test_a_post_is_read_in_either_language(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        product_id = await a_product(conn, merchant_id, "Leaf")
        post_id = await a_live_post(
            *(conn, merchant_id, account_id),
            kind=PostKind.LOOKBOOK,
            title="Spring",
            body="**Fresh**",
            format=PostFormat.MARKDOWN,
            media=(PICTURE,),
            tags=(Tag(product_id, 0, 0.25, 0.5),),
            translations={"zh": PostTranslation("春", "**新**", alts=("茶",))},
        )

        post = await reads.post(conn, post_id, "zh")
        assert post is not None
        assert (post.title, post.body_html, post.media[0].alt) == ("春", "<p><strong>新</strong></p>\n", "茶")
        assert (post.account_handle, post.account_name, post.account_id) == ("tea", "Tea", account_id)
        assert post.tags == [Tag(product_id, 0, 0.25, 0.5)]

        post = await reads.post(conn, post_id, "en")
        assert post is not None
        assert (post.title, post.body_html, post.media) == ("Spring", "<p><strong>Fresh</strong></p>\n", [PICTURE])
        assert (post.state, post.kind, post.likes, post.published_at) == (PostState.LIVE, PostKind.LOOKBOOK, 0, START)
        assert await reads.posts_with_product(conn, product_id) == [post_id]
        assert await reads.posts(conn, [post_id, new_id()], "en") == {post_id: post}


async def test_publishing_writes_one_row_and_is_idempotent(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await actions.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="Hi"))
        assert await reads.post(conn, post_id, "en") is None
        assert await outbox(conn) == []

        entry = await actions.publish(conn, staff(merchant_id), post_id, START)
        assert await actions.publish(conn, staff(merchant_id), post_id, START + timedelta(days=1)) == entry

        assert await outbox(conn) == [(account_id, entry, merchant_id, post_id)]
        post = await reads.post(conn, post_id, "en")
        assert post is not None
        assert (post.entry, post.published_at) == (entry, START)


async def test_publishing_at_once_writes_one_row(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await actions.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="Hi"))

    async def publish(minute: int):
        async with db.confined(merchant_id) as conn:
            return await actions.publish(conn, staff(merchant_id), post_id, START + timedelta(minutes=minute))

    entries = set(await asyncio.gather(*(publish(minute) for minute in range(6))))

    async with db.read() as conn:
        assert await outbox(conn) == [(account_id, entries.pop(), merchant_id, post_id)]
    assert entries == set()


async def test_an_empty_post_is_not_published(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await actions.save_draft(conn, staff(merchant_id), PostDraft(account_id))
        with pytest.raises(Invalid) as refused:
            await actions.publish(conn, staff(merchant_id), post_id, START)
        assert list(refused.value.by_field()) == ["body"]
        assert await outbox(conn) == []


async def test_editing_a_live_post_keeps_its_place(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        first, second = [await a_live_post(conn, merchant_id, account_id, minute) for minute in (1, 2)]
        before = await outbox(conn)
        stored = await reads.editable_post(conn, Owner(merchant_id=merchant_id), first)
        assert stored is not None
        assert (stored.state, stored.author, stored.draft.title) == (PostState.LIVE, "Mei", "Minute 1")

        edited = PostDraft(account_id, title="Edited", media=(PICTURE,), id=first)
        assert await actions.save_draft(conn, staff(merchant_id, "Wang"), edited) == first

        assert await outbox(conn) == before
        page = await reads.posts_of(conn, account_id, "en")
        assert [(p.id, p.title, len(p.media), p.published_at) for p in page.rows] == [
            (second, "Minute 2", 0, START + timedelta(minutes=2)),
            (first, "Edited", 1, START + timedelta(minutes=1)),
        ]
        stored = await reads.editable_post(conn, Owner(merchant_id=merchant_id), first)
        assert stored is not None
        assert stored.author == "Mei"


async def test_a_live_post_stays_with_its_account_and_says_something(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await a_live_post(conn, merchant_id, account_id)
        before = await reads.editable_post(conn, Owner(merchant_id=merchant_id), post_id)
        for draft, field in (
            (PostDraft(account_id, id=post_id), "body"),
            (PostDraft(new_id(), title="x", id=post_id), "account_id"),
        ):
            with pytest.raises(Invalid) as refused:
                await actions.save_draft(conn, staff(merchant_id), draft)
            assert list(refused.value.by_field()) == [field]
        assert await reads.editable_post(conn, Owner(merchant_id=merchant_id), post_id) == before


async def test_removing_takes_the_post_from_every_listing(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        product_id = await a_product(conn, merchant_id, "Leaf")
        post_id = await a_live_post(conn, merchant_id, account_id, tags=(Tag(product_id),))

        for _ in range(2):
            await actions.remove(conn, staff(merchant_id), post_id)

        assert await outbox(conn) == []
        assert await reads.post(conn, post_id, "en") is None
        assert await reads.posts_with_product(conn, product_id) == []
        assert (await reads.posts_of(conn, account_id, "en")).rows == []
        assert [p.state for p in (await reads.own_posts(conn, Owner(merchant_id=merchant_id), "en")).rows] == [
            PostState.REMOVED
        ]
        for change in (
            actions.publish(conn, staff(merchant_id), post_id, START),
            actions.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="x", id=post_id)),
        ):
            with pytest.raises(WrongState):
                await change
        with pytest.raises(NoSuchPost):
            await actions.like(conn, await a_visitor(conn), post_id)


async def test_a_draft_may_be_removed_unseen(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await actions.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="Hi"))
        await actions.remove(conn, staff(merchant_id), post_id)
        stored = await reads.editable_post(conn, Owner(merchant_id=merchant_id), post_id)
        assert stored is not None
        assert (stored.state, stored.published_at) == (PostState.REMOVED, None)


# --- another merchant's -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confined", [True, False])
async def test_another_merchants_things_cannot_be_touched(db, confined):
    # given a merchant with a product, a draft and a live post, and another one
    async with db.transaction() as conn:
        owner, account_id = await an_account(conn, "owner")
        thief, own_account = await an_account(conn, "thief")
        product_id = await a_product(conn, owner, "Leaf")
        draft_id = await actions.save_draft(conn, staff(owner), PostDraft(account_id, title="Draft"))
        live_id = await a_live_post(conn, owner, account_id)
        everything = (
            "SELECT (SELECT jsonb_agg(p ORDER BY id) FROM post p), (SELECT jsonb_agg(o) FROM outbox o),"
            " (SELECT count(*) FROM post_tag)"
        )
        before = tuple(await conn.fetchrow(everything))

    async def attempt(change):
        async with db.confined(thief) if confined else db.transaction() as conn:
            await change(conn)

    # when the other one tags the product, or posts for the account, the field is named
    for draft, field in (
        (PostDraft(own_account, title="x", tags=(Tag(product_id),)), "tags.0.product_id"),
        (PostDraft(account_id, title="x"), "account_id"),
    ):
        with pytest.raises(Invalid) as refused:
            await attempt(lambda conn, draft=draft: actions.save_draft(conn, staff(thief, "X"), draft))
        assert list(refused.value.by_field()) == [field]

    # and there is no such post to edit, publish or remove
    mine = PostDraft(own_account, title="Mine", id=live_id)
    for change in (
        lambda conn: actions.save_draft(conn, staff(thief, "X"), mine),
        lambda conn: actions.publish(conn, staff(thief), draft_id, START),
        lambda conn: actions.remove(conn, staff(thief), live_id),
    ):
        with pytest.raises(NoSuchPost):
            await attempt(change)

    # then nothing has changed
    async with db.transaction() as conn:
        assert tuple(await conn.fetchrow(everything)) == before


async def test_a_confined_merchant_works_with_its_own_posts_only(db):
    async with db.transaction() as conn:
        mine, account_id = await an_account(conn, "mine")
        product_id = await a_product(conn, mine, "Leaf")
        other, other_account = await an_account(conn, "other")
        other_post = await a_live_post(conn, other, other_account)
    async with db.confined(mine) as conn:
        post_id = await a_live_post(conn, mine, account_id, media=(PICTURE,), tags=(Tag(product_id),))
        await actions.save_draft(conn, staff(mine), PostDraft(account_id, title="Edited", id=post_id))
        assert [(p.id, p.title) for p in (await reads.own_posts(conn, Owner(merchant_id=mine), "en")).rows] == [
            (post_id, "Edited")
        ]
        assert await reads.post(conn, other_post, "en") is None
        await actions.remove(conn, staff(mine), post_id)
        assert (await reads.posts_of(conn, account_id, "en")).rows == []


# --- likes ------------------------------------------------------------------------------------------------------------


async def likes(conn, post_id) -> int:
    counted = await conn.fetchval("SELECT likes FROM post WHERE id = $1", post_id)
    assert counted == await conn.fetchval("SELECT count(*) FROM post_like WHERE post_id = $1", post_id)
    return counted


async def test_liking_twice_counts_once_and_is_one_fact(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await a_live_post(conn, merchant_id, account_id)
        visit = await a_visitor(conn)

        assert [await actions.like(conn, visit, post_id) for _ in range(2)] == [True, False]
        assert await likes(conn, post_id) == 1
        assert await reads.liked(conn, visit.person_ids, [post_id]) == {post_id}
        assert await facts(conn, "like") == [(visit.visitor_id, None, account_id, post_id)]

        assert [await actions.unlike(conn, visit, post_id) for _ in range(2)] == [True, False]
        assert await likes(conn, post_id) == 0


async def test_a_draft_cannot_be_liked(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await actions.save_draft(conn, staff(merchant_id), PostDraft(account_id, title="Hi"))
        visit = await a_visitor(conn)
        for change in (actions.like(conn, visit, post_id), actions.unlike(conn, visit, new_id())):
            with pytest.raises(NoSuchPost):
                await change


async def test_likes_are_exact_whatever_runs_at_once(db):
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_ids = [await a_live_post(conn, merchant_id, account_id, minute) for minute in range(2)]
        visits = [await a_visitor(conn) for _ in range(6)]
        members = [await signed_in(conn, visit) for visit in visits]

    async def step(n: int) -> None:
        visit, member, post_id = visits[n % 6], members[n % 6], post_ids[n % 2]
        assert member.member_id is not None
        async with db.transaction() as conn:
            if n % 7 == 0:
                await actions.merge_likes(conn, visit.visitor_id, member.member_id)
            elif n % 5 == 0:
                await actions.unlike(conn, member, post_id)
            else:
                await actions.like(conn, member if n % 3 else visit, post_id)

    await asyncio.gather(*(step(n) for n in range(200)))

    async with db.transaction() as conn:
        for member in members:
            assert member.member_id is not None
            await actions.merge_likes(conn, member.visitor_id, member.member_id)
        assert 0 < sum([await likes(conn, post_id) for post_id in post_ids]) <= 12
