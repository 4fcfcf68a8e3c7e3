"""Hashtags: what is one, the links of them, and the posts under each, counted as the outbox is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.content.helpers import START, a_live_post, a_members_account, a_visitor, an_account, published, staff
from unwall.content.accounts import actions as accounts
from unwall.content.moderation.rules import operator
from unwall.content.moderation.values import Action, ReportDraft, Reported, ReportReason, Subject, SubjectKind, Verdict
from unwall.content.posts import actions as posts
from unwall.content.posts.hashtag_reads import hashtags_like, posts_under, tagged_entries
from unwall.content.posts.hashtags import MAX_HASHTAG_CHARACTERS, MAX_HASHTAGS, hashtags_in, hashtags_of, name_of
from unwall.content.posts.rules import render
from unwall.content.posts.values import PostDraft, PostFormat, PostTranslation
from unwall.kernel.ids import new_id
from unwall.usecases import moderate


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("#Tea and #GREEN_tea2, #tea!", ["tea", "green_tea2", "tea"]),
        ("＃新茶 上市，#春茶#好喝", ["新茶", "春茶"]),
        ("写#茶山上的雪。完", []),  # a letter stands before it
        ("写 #茶山上的雪。完", ["茶山上的雪"]),
        ("(#café)", ["café"]),
        ("#ＴＥＡ", ["tea"]),
        ("a#b &#39; #1 #12 # ## #_ /#frag", []),
        ("#" + "a" * MAX_HASHTAG_CHARACTERS, ["a" * MAX_HASHTAG_CHARACTERS]),
        ("#" + "a" * (MAX_HASHTAG_CHARACTERS + 1), []),
        ("#" + "a" * 40_000, []),
    ],
)
def test_what_is_a_hashtag(text: str, names: list[str]) -> None:
    assert [tag.name for tag in hashtags_of(text)] == names


@given(st.text(alphabet="#＃ab茶_ 1\n&/é", max_size=60))
def test_tags_stand_in_order_and_are_named_as_they_are_compared(text: str) -> None:
    end = 0
    for tag in hashtags_of(text):
        assert end <= tag.begin < tag.end <= len(text)
        assert name_of(tag.name) == tag.name != ""
        end = tag.end


def test_tags_in_a_text_are_links_and_those_in_code_and_links_are_not() -> None:
    body = "A **#Bold** `#code` [#link](https://example.com/#frag) #茶"
    html = render(body, PostFormat.MARKDOWN)
    assert '<strong><a href="/tag/bold" rel="noopener noreferrer">#Bold</a></strong>' in html
    assert "<code>#code</code>" in html
    assert hashtags_in(("#Title", html)) == ["title", "bold", "茶"]
    assert "<script" not in render("#<script>alert(1)</script>", PostFormat.PLAIN)
    assert len(hashtags_in(("", render(" ".join(f"#t{n}" for n in range(99)), PostFormat.PLAIN)))) == MAX_HASHTAGS


async def under(conn, name: str, **more) -> list:
    asked = {"person_ids": [], "after": None, "limit": 50} | more
    return [one.post_id for one in (await tagged_entries(conn, name, **asked)).rows]


async def test_posts_are_under_their_tags_while_they_are_live(db) -> None:
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        first = await a_live_post(conn, merchant_id, account_id, 1, body="New #tea, #green")
        zh = {"zh": PostTranslation(title="#新茶", body="#茶 #tea")}
        second = await a_live_post(conn, merchant_id, account_id, 2, title="#Tea", translations=zh)
        await posts.save_draft(conn, staff(merchant_id), PostDraft(account_id, body="#tea"))
    async with db.read() as conn:
        assert await under(conn, "tea") == [second, first]
        assert await under(conn, "新茶") == await under(conn, "茶") == [second]
        counts = {name: await posts_under(conn, name) for name in ("tea", "green", "新茶", "茶", "none")}
    assert counts == {"tea": 2, "green": 1, "新茶": 1, "茶": 1, "none": 0}

    async with db.confined(merchant_id) as conn:  # as the console changes it
        await posts.save_draft(conn, staff(merchant_id), PostDraft(account_id, body="Only #green #tea2", id=first))
        await posts.remove(conn, staff(merchant_id), second)
    async with db.read() as conn:
        assert await under(conn, "tea") == []
        assert await under(conn, "green") == await under(conn, "tea2") == [first]
        assert [await posts_under(conn, name) for name in ("tea", "green", "tea2", "茶")] == [0, 1, 1, 0]
        assert [(one.name, one.posts) for one in await hashtags_like(conn, "te a", 5)] == [("tea2", 1)]
        assert await hashtags_like(conn, "%", 5) == await hashtags_like(conn, "", 5) == []
    async with db.transaction() as conn:
        await posts.undo_remove(conn, staff(merchant_id), second)
    async with db.read() as conn:
        assert await under(conn, "tea") == [second]


async def test_what_moderation_drops_and_who_is_muted_is_under_no_tag(db) -> None:
    async with db.transaction() as conn:
        actor, account_id = await a_members_account(conn, "lin")
        kept = await published(conn, actor, account_id, 1, body="#tea")
        bad = await published(conn, actor, account_id, 2, body="#tea")
        reader = await a_visitor(conn)
    subject = Reported(Subject(SubjectKind.POST, bad))
    await moderate.report(db, reader, subject, ReportDraft(ReportReason.SPAM), START)
    async with db.read() as conn:
        case_id = await conn.fetchval("SELECT id FROM moderation_case")
    verdict = Verdict(Action.DROP, ReportReason.SPAM)
    await moderate.decide(db, operator("op"), [case_id], verdict, START)
    async with db.read() as conn:
        assert await under(conn, "tea") == [kept]
        assert await posts_under(conn, "tea") == 1
    await moderate.decide(db, operator("op"), [case_id], Verdict(Action.RESTORE), START)
    async with db.transaction() as conn:
        assert await under(conn, "tea") == [bad, kept]
        await accounts.mute(conn, reader, account_id)
        assert await under(conn, "tea", person_ids=reader.person_ids) == []


async def test_pages_have_no_gap_and_no_duplicate_while_posts_come_and_go(db) -> None:
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        made = [await a_live_post(conn, merchant_id, account_id, n, body="#tea") for n in range(9)]
    seen: list = []
    after: str | None = None
    for turn in range(9):
        async with db.transaction() as conn:
            page = await tagged_entries(conn, "tea", [], after, 2)
            seen += [one.post_id for one in page.rows]
            await a_live_post(conn, merchant_id, account_id, 100 + turn, body="#tea")
            if turn == 1:
                await posts.remove(conn, staff(merchant_id), made[4])  # the next one
                await posts.remove(conn, staff(merchant_id), made[6])  # shown already
        after = page.after
        if after is None:
            break
    assert seen == [made[n] for n in (8, 7, 6, 5, 3, 2, 1, 0)]
    async with db.read() as conn:
        assert await conn.fetchval("SELECT posts FROM hashtag") == len(await under(conn, "tea"))


async def test_a_tag_of_nothing_is_none(db) -> None:
    async with db.read() as conn:
        assert await under(conn, str(new_id())) == []
