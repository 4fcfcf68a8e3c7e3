"""Comments below posts and saved things: who may, two levels, exact counts, and what a sign-in takes along."""

import asyncio

import pytest

from tests.content.helpers import (
    START,
    a_live_post,
    a_members_account,
    a_product,
    a_visitor,
    an_account,
    facts,
    published,
    signed_in,
    staff,
)
from unwall.content.accounts import actions as accounts
from unwall.content.comments import actions, reads
from unwall.content.comments.values import CommentDraft, CommentState, NoSuchComment
from unwall.content.posts import actions as posts
from unwall.content.posts.values import PostDraft
from unwall.content.saves import actions as saving
from unwall.content.saves import reads as saves
from unwall.content.saves.values import NoSuchSubject, SavedKind, SavedSubject, TooManySaved
from unwall.kernel.errors import Forbidden, Invalid, SignInNeeded
from unwall.kernel.ids import new_id
from unwall.messages.hearing import Answered, tell_of_answer

HELLO = CommentDraft("Lovely <script>alert(1)</script>", "Li")


@pytest.fixture
async def tea(db):
    """(merchant, account, live post)."""
    async with db.transaction() as conn:
        merchant, account = await an_account(conn, "tea")
        return merchant, account, await a_live_post(conn, merchant, account)


async def a_member(db):
    async with db.transaction() as conn:
        return await signed_in(conn, await a_visitor(conn))


async def said(db, post_id, visit, draft=HELLO):
    async with db.transaction() as conn:
        return await actions.comment(conn, visit, post_id, draft, START)


async def shown(db, post_id):
    """[(words, [replies])], and the count."""
    async with db.read() as conn:
        assert await reads.audit(conn) == []
        found = (await reads.post_comments(conn, post_id)).rows
        count = (await reads.counts(conn, [post_id])).get(post_id, 0)
    return [(one.words, [reply.words for reply in one.replies]) for one in found], count


async def test_comments_and_replies_stand_two_levels_deep(db, tea):
    visit = await a_member(db)
    first = await said(db, tea[2], visit)
    reply = await said(db, tea[2], visit, CommentDraft("a reply", "Li", first))
    await said(db, tea[2], visit, CommentDraft("a reply to it", "Li", reply))
    assert await shown(db, tea[2]) == ([(HELLO.words, ["a reply", "a reply to it"])], 3)
    async with db.read() as conn:
        assert await facts(conn, "comment") == [(visit.visitor_id, visit.member_id, tea[1], tea[2])] * 3
        assert await conn.fetchval("SELECT count(*) FROM touch") == 0


async def test_who_may_comment_on_what(db, tea):
    visit = await a_member(db)
    elsewhere = await said(db, tea[2], visit)
    async with db.transaction() as conn:
        draft_id = await posts.save_draft(conn, staff(tea[0]), PostDraft(tea[1], title="Draft"))
        other = await a_live_post(conn, tea[0], tea[1], 5)
        visitor = await a_visitor(conn)
    for post_id, who, draft, error in (
        (tea[2], visitor, HELLO, SignInNeeded),
        (draft_id, visit, HELLO, NoSuchComment),
        (new_id(), visit, HELLO, NoSuchComment),
        (other, visit, CommentDraft("to another post's", "Li", elsewhere), NoSuchComment),
        (tea[2], visit, CommentDraft(" \n", "Li"), Invalid),
        (tea[2], visit, CommentDraft("x" * 1001, "Li"), Invalid),
        (tea[2], visit, CommentDraft("x", ""), Invalid),
    ):
        with pytest.raises(error):
            await said(db, post_id, who, draft)
    assert (await shown(db, tea[2]))[1] == 1


async def test_who_is_blocked_by_the_account_does_not_comment(db, tea):
    visit = await a_member(db)
    async with db.transaction() as conn:
        await accounts.block_person(conn, staff(tea[0]), tea[1], visit.member_id)
    with pytest.raises(Forbidden):
        await said(db, tea[2], visit)
    assert await shown(db, tea[2]) == ([], 0)


async def test_authors_withdraw_and_owners_remove_and_replies_stay(db, tea):
    visit, other = await a_member(db), await a_member(db)
    first = await said(db, tea[2], visit)
    reply = await said(db, tea[2], other, CommentDraft("a reply", "Wei", first))
    async with db.transaction() as conn:
        with pytest.raises(NoSuchComment):
            await actions.withdraw(conn, other.member_id, first)
        assert await actions.withdraw(conn, visit.member_id, first) == tea[2]
        with pytest.raises(NoSuchComment):
            await actions.withdraw(conn, visit.member_id, first)
        found = (await reads.post_comments(conn, tea[2])).rows
    assert [(one.author, one.words, one.state) for one in found] == [("", "", CommentState.WITHDRAWN)]
    async with db.transaction() as conn:
        _, stranger = await an_account(conn, "silk")
    with pytest.raises(NoSuchComment):
        async with db.transaction() as conn:
            await actions.remove(conn, staff(stranger), reply)
    async with db.confined(tea[0]) as conn:
        assert await actions.remove(conn, staff(tea[0]), reply) == tea[2]
    assert await shown(db, tea[2]) == ([], 0)
    async with db.confined(tea[0]) as conn:
        assert await actions.undo_remove(conn, staff(tea[0]), reply) == tea[2]
    assert await shown(db, tea[2]) == ([("", ["a reply"])], 1)


async def test_a_member_removes_comments_below_their_own_posts(db):
    async with db.transaction() as conn:
        actor, account = await a_members_account(conn, "mei")
        post_id = await published(conn, actor, account)
    comment_id = await said(db, post_id, await a_member(db))
    async with db.transaction() as conn:
        assert await actions.remove(conn, actor, comment_id) == post_id
    assert await shown(db, post_id) == ([], 0)


async def test_the_count_is_exact_when_many_comment_and_withdraw_at_once(db, tea):
    async def chat(visit):
        for n in range(4):
            comment_id = await said(db, tea[2], visit)
            if n % 2:
                async with db.transaction() as conn:
                    await actions.withdraw(conn, visit.member_id, comment_id)

    await asyncio.gather(*[chat(await a_member(db)) for _ in range(5)])
    assert (await shown(db, tea[2]))[1] == 10


async def test_moderation_drops_and_restores_a_comment(db, tea):
    comment_id = await said(db, tea[2], await a_member(db))
    async with db.confined(tea[0]) as conn:
        assert await actions.drop(conn, comment_id)
        assert not await actions.drop(conn, comment_id)
    assert await shown(db, tea[2]) == ([], 0)
    async with db.transaction() as conn:
        assert await actions.restore(conn, comment_id)
    assert (await shown(db, tea[2]))[1] == 1


# --- saves ------------------------------------------------------------------------------------------------------------


async def save(db, visit, subject):
    async with db.transaction() as conn:
        return await saving.save(conn, visit, subject, START)


async def saved(db, visit, kind=SavedKind.POST):
    async with db.read() as conn:
        assert await saves.audit(conn) == []
        return [one.subject_id for one in (await saves.saved(conn, visit.person_ids, kind, None, 10)).rows]


async def test_saving_is_counted_once_and_recorded_and_is_no_touch(db, tea):
    visit, subject = await a_member(db), SavedSubject(SavedKind.POST, tea[2])
    assert sorted(await asyncio.gather(*(save(db, visit, subject) for _ in range(4)))) == [False] * 3 + [True]
    assert await saved(db, visit) == [tea[2]]
    async with db.transaction() as conn:
        assert await facts(conn, "save") == [(visit.visitor_id, visit.member_id, tea[1], tea[2])]
        assert await conn.fetchval("SELECT count(*) FROM touch") == 0
        assert await saves.counts(conn, SavedKind.POST, [tea[2]]) == {tea[2]: 1}
        assert await saving.unsave(conn, visit, subject)
        assert not await saving.unsave(conn, visit, subject)
    assert await saved(db, visit) == []


async def test_a_sign_in_takes_saves_along_and_counts_both_once(db, tea):
    post = SavedSubject(SavedKind.POST, tea[2])
    async with db.transaction() as conn:
        again = SavedSubject(SavedKind.PRODUCT, await a_product(conn, tea[0], "Longjing"))
        visitor = await a_visitor(conn)
        elsewhere = await signed_in(conn, await a_visitor(conn))
    for visit, subject in ((visitor, post), (visitor, again), (elsewhere, post)):
        assert await save(db, visit, subject)
    async with db.transaction() as conn:
        await saving.merge_saves(conn, visitor.visitor_id, elsewhere.member_id)
        await saving.merge_saves(conn, visitor.visitor_id, elsewhere.member_id)
        assert await saves.counts(conn, SavedKind.POST, [post.id]) == {post.id: 1}
        assert await saves.counts(conn, SavedKind.PRODUCT, [again.id]) == {again.id: 1}
    assert await saved(db, elsewhere) == [post.id]
    assert await saved(db, elsewhere, SavedKind.PRODUCT) == [again.id]


async def test_what_is_not_there_is_not_saved_and_the_list_has_an_end(db, tea, monkeypatch):
    visit = await a_member(db)
    for kind in SavedKind:
        with pytest.raises(NoSuchSubject):
            await save(db, visit, SavedSubject(kind, new_id()))
    monkeypatch.setattr(saving, "MAX_SAVED", 0)
    with pytest.raises(TooManySaved):
        await save(db, visit, SavedSubject(SavedKind.POST, tea[2]))
    assert await saved(db, visit) == []


async def test_an_account_speaks_below_its_own_posts_only_and_the_commenter_is_told_once(db, tea):
    merchant, _, post_id = tea
    visit = await a_member(db)
    asked = await said(db, post_id, visit, CommentDraft("Is it fresh?", "Li"))
    async with db.transaction() as conn:
        other, _ = await an_account(conn, "silk")
        lin, _ = await a_members_account(conn, "lin")
    for actor in (staff(other), lin):
        with pytest.raises(NoSuchComment):
            async with db.transaction() as conn:
                await actions.speak(conn, actor, post_id, "Yes", asked, START)
    with pytest.raises(Invalid) as refused:
        async with db.confined(merchant) as conn:
            await actions.speak(conn, staff(merchant), post_id, " ", asked, START)
    assert [one.field for one in refused.value.errors] == ["words"]
    async with db.confined(merchant) as conn:
        reply = await actions.speak(conn, staff(merchant), post_id, "Picked today", asked, START)
    for _ in range(2):
        async with db.transaction() as conn:
            await tell_of_answer(conn, Answered("comment", reply))
            await tell_of_answer(conn, Answered("comment", asked))
    assert await shown(db, post_id) == ([("Is it fresh?", ["Picked today"])], 2)
    async with db.read() as conn:
        [comment] = (await reads.post_comments(conn, post_id)).rows
        assert (comment.by_account, [(one.by_account, one.member_id) for one in comment.replies]) == (
            False,
            [(True, None)],
        )
        assert [tuple(one) for one in await conn.fetch("SELECT person_id, subject_id FROM notification")] == [
            (visit.member_id, reply)
        ]
        assert await conn.fetchval("SELECT count(*) FROM journal WHERE kind = 'comment'") == 1
