"""An owner wants nothing to do with a person, who does not follow, comment or write to any of their accounts any more;
what they wrote below the posts is hidden until that is undone. What buyers say of goods stays: a store does not choose
its reviews."""

from enum import StrEnum
from uuid import UUID

from unwall.content.accounts.actions import block_person, unblock_person
from unwall.content.accounts.reads import own_accounts
from unwall.content.accounts.values import Actor, MemberAuthor
from unwall.content.comments import actions as comments
from unwall.content.conversations import actions as conversations
from unwall.content.conversations.reads import conversation
from unwall.content.conversations.values import NoSuchConversation
from unwall.content.questions.reads import author_of as author_of_question
from unwall.content.questions.reads import author_of_answer
from unwall.content.reviews.reads import author_of as author_of_review
from unwall.kernel.database import Database, Transaction
from unwall.kernel.errors import NotFound, existing
from unwall.kernel.text import N_
from unwall.usecases.publish_post import acting


class Wrote(StrEnum):
    """By what somebody is known who is blocked."""

    COMMENT = "comment"
    REVIEW = "review"
    QUESTION = "question"
    ANSWER = "answer"


_READS = {Wrote.REVIEW: author_of_review, Wrote.QUESTION: author_of_question, Wrote.ANSWER: author_of_answer}


async def block_author(db: Database, actor: Actor, wrote: Wrote, subject_id: UUID) -> UUID:
    """Returns the person. Idempotent. Raises `NotFound` for what is not below the actor's own posts and products."""
    async with acting(db, actor) as conn:
        written = await _author(conn, actor, wrote, subject_id)
        for account in await own_accounts(conn, actor.owner, "en"):
            await block_person(conn, actor, account.id, written.member_id, written.author)
            await comments.hide_of(conn, account.id, written.member_id)
    return written.member_id


async def _author(conn: Transaction, actor: Actor, wrote: Wrote, subject_id: UUID) -> MemberAuthor:
    if wrote is Wrote.COMMENT:
        return await comments.author_of(conn, actor, subject_id)
    author = await _READS[wrote](conn, actor.owner.merchant_id, subject_id) if actor.owner.merchant_id else None
    return existing(author, N_("This is not there, or not any more."))


async def block_writer(db: Database, actor: Actor, conversation_id: UUID, *, undo: bool = False) -> None:
    """Whoever wrote in the conversation with one of the actor's accounts: it is closed, and their comments below the
    account's posts are hidden. `undo` takes both back. Raises `NoSuchConversation`."""
    async with acting(db, actor) as conn:
        known = await conversation(conn, conversation_id)
        if known is None:
            raise NoSuchConversation(conversations.NO_SUCH_CONVERSATION)
        await conversations.block_writer(conn, actor, conversation_id, undo=undo)
        change = comments.show_of if undo else comments.hide_of
        await change(conn, known.account_id, known.person_id)


async def unblock(db: Database, actor: Actor, person_id: UUID) -> None:
    """Raises `NotFound` for a person who is not blocked."""
    async with acting(db, actor) as conn:
        blocked = False
        for account in await own_accounts(conn, actor.owner, "en"):
            if await unblock_person(conn, actor, account.id, person_id):
                blocked = True
                await comments.show_of(conn, account.id, person_id)
        if not blocked:
            raise NotFound(N_("This person is not blocked, or not any more."))
