"""Blocking who wrote something: across the owner's accounts, with what they wrote, and back."""

import pytest

from tests.content.helpers import START, a_live_post, a_visitor, an_account, signed_in, staff
from unwall.content.accounts import actions as accounts
from unwall.content.accounts.reads import blocked_by
from unwall.content.accounts.values import AccountDraft, Blocked
from unwall.content.comments import actions as comments
from unwall.content.comments.reads import audit, counts, post_comments
from unwall.content.comments.values import CommentDraft, NoSuchComment
from unwall.content.conversations.actions import write
from unwall.content.conversations.values import MessageDraft, NoSuchConversation
from unwall.usecases.block_person import Wrote, block_author, block_writer, unblock


async def test_a_blocked_author_is_hidden_refused_and_comes_back(db) -> None:
    async with db.transaction() as conn:
        merchant_id, first = await an_account(conn, "tea")
        second = await accounts.save_account(conn, staff(merchant_id), AccountDraft("cups", "Cups"))
        post_id = await a_live_post(conn, merchant_id, first, 1)
        other, _ = await an_account(conn, "silk")
        rude, kind = [await signed_in(conn, await a_visitor(conn)) for _ in range(2)]
        await accounts.follow(conn, rude, second)
        written = await comments.comment(conn, rude, post_id, CommentDraft("Bad!", "Rude"), START)
        await comments.comment(conn, kind, post_id, CommentDraft("Good", "Kind"), START)

    with pytest.raises(NoSuchComment):
        await block_author(db, staff(other), Wrote.COMMENT, written)
    for _ in range(2):
        assert await block_author(db, staff(merchant_id), Wrote.COMMENT, written) == rude.member_id
    async with db.read() as conn:
        assert [one.words for one in (await post_comments(conn, post_id)).rows] == ["Good"]
        assert await counts(conn, [post_id]) == {post_id: 1}
        people = await blocked_by(conn, staff(merchant_id).owner)
        assert [(one.person_id, one.name) for one in people] == [(rude.member_id, "Rude")]
        assert await conn.fetchval("SELECT sum(followers) FROM account") == 0
    async with db.transaction() as conn:
        for account_id in (first, second):
            with pytest.raises(Blocked):
                await accounts.follow(conn, rude, account_id)

    await unblock(db, staff(merchant_id), rude.member_id)
    async with db.transaction() as conn:
        assert [one.words for one in (await post_comments(conn, post_id)).rows] == ["Good", "Bad!"]
        assert await counts(conn, [post_id]) == {post_id: 2}
        assert await audit(conn) == []
        assert await blocked_by(conn, staff(merchant_id).owner) == []
        assert await accounts.follow(conn, rude, first)


async def test_who_is_blocked_in_a_conversation_does_not_comment_either(db) -> None:
    async with db.transaction() as conn:
        merchant_id, account_id = await an_account(conn, "tea")
        post_id = await a_live_post(conn, merchant_id, account_id, 1)
        rude = await signed_in(conn, await a_visitor(conn))
        await comments.comment(conn, rude, post_id, CommentDraft("Bad!", "Rude"), START)
        sent = await write(conn, rude, "Rude", account_id, MessageDraft("one", "You!"), START)
        other, _ = await an_account(conn, "silk")
    with pytest.raises(NoSuchConversation):
        await block_writer(db, staff(other), sent.conversation_id)
    for undo, words, state in ((False, [], "closed"), (True, ["Bad!"], "open")):
        await block_writer(db, staff(merchant_id), sent.conversation_id, undo=undo)
        async with db.read() as conn:
            assert [one.words for one in (await post_comments(conn, post_id)).rows] == words
            assert await audit(conn) == []
            assert await conn.fetchval("SELECT state FROM conversation") == state
