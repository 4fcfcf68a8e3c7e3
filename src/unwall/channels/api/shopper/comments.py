"""Comments below posts, for shoppers' apps."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import Parameter

from unwall.channels.api.callers import Made, json_answer, once
from unwall.channels.api.description import answers
from unwall.channels.http.context import AnyRequest
from unwall.content.comments import actions, reads
from unwall.content.comments.actions import SIGN_IN
from unwall.content.comments.rules import writing_limits
from unwall.content.comments.values import Comment, CommentDraft, Reply
from unwall.journal.values import Visit
from unwall.kernel.clock import now
from unwall.kernel.cursors import ResultPage
from unwall.kernel.errors import NotFound, SignInNeeded
from unwall.kernel.idempotency import StoredAnswer
from unwall.kernel.text import N_
from unwall.messages.hearing import Answered, answered
from unwall.people.attempts import count_attempt
from unwall.services import Services
from unwall.usecases.review_purchase import TOO_MANY

TAGS = ["shopper"]
AFTER = Parameter(description="The cursor that the page before gave; none for the first page.")


class PublicReply(msgspec.Struct, frozen=True):
    id: UUID
    author: str
    words: str
    created_at: datetime
    by_account: bool
    """the post's account speaks"""
    own: bool
    """the caller wrote it"""


class PublicComment(msgspec.Struct, frozen=True):
    """One that was taken away, and has replies, is empty."""

    id: UUID
    author: str
    words: str
    created_at: datetime
    by_account: bool
    own: bool
    warned: bool
    """moderators warn of it"""
    replies: list[PublicReply]


class Withdrawn(msgspec.Struct, frozen=True):
    post_id: UUID


@get("/posts/{post_id:uuid}/comments", tags=TAGS)
async def comments(
    services: Services, caller: Visit, post_id: UUID, after: str | None = AFTER
) -> ResultPage[PublicComment]:
    """Those that are shown, newest first, each with its replies."""
    async with services.db.read() as conn:
        if not await services.storefront.posts(conn, [post_id], caller.lang):
            raise NotFound(N_("This post is not there, or not any more."))
        page = await reads.post_comments(conn, post_id, after=after)
    return ResultPage([_public(one, caller) for one in page.rows], page.after)


def _public(one: Comment, caller: Visit) -> PublicComment:
    return PublicComment(
        id=one.id,
        author=one.author,
        words=one.words,
        created_at=one.created_at,
        by_account=one.by_account,
        own=_own(one, caller),
        warned=one.warned,
        replies=[
            PublicReply(reply.id, reply.author, reply.words, reply.created_at, reply.by_account, _own(reply, caller))
            for reply in one.replies
        ],
    )


def _own(one: Comment | Reply, caller: Visit) -> bool:
    return caller.member_id is not None and one.member_id == caller.member_id


@post("/posts/{post_id:uuid}/comments", tags=TAGS, repeatable=True, responses=answers(Made))
async def comment(
    request: AnyRequest, services: Services, caller: Visit, post_id: UUID, data: CommentDraft
) -> Response[bytes]:
    """A member comments, or replies to the comment `parent_id`. Needs an Idempotency-Key."""
    member_id = _member(caller)

    async def work(_: UUID) -> StoredAnswer:
        await count_attempt(services.db, writing_limits(str(member_id)), now(), TOO_MANY)
        async with services.db.transaction() as conn:
            written = await actions.comment(conn, caller, post_id, data, now())
            if data.parent_id:
                await answered(conn, Answered("comment", written))
            return json_answer(Made(written), 201)

    return await once(request, services, f"member {member_id}", work)


@delete("/comments/{comment_id:uuid}", status_code=200, tags=TAGS)
async def withdraw(services: Services, caller: Visit, comment_id: UUID) -> Withdrawn:
    """The member's own."""
    member_id = _member(caller)
    async with services.db.transaction() as conn:
        return Withdrawn(await actions.withdraw(conn, member_id, comment_id))


def _member(caller: Visit) -> UUID:
    if caller.member_id is None:
        raise SignInNeeded(SIGN_IN)
    return caller.member_id


HANDLERS: list[Any] = [comments, comment, withdraw]
