"""Comments below a post: its first ones on the post's page, all on a page of their own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, see_other, with_query
from unwall.channels.http.routes import FormData
from unwall.channels.shop import links
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.reviews import signed_in
from unwall.channels.shop.speaking import speaker_of
from unwall.channels.shop.views import title_of
from unwall.content.accounts.rules import member_actor
from unwall.content.accounts.values import Actor
from unwall.content.comments import actions, reads
from unwall.content.comments.rules import MAX_WORDS_CHARACTERS, writing_limits
from unwall.content.comments.values import Comment, CommentDraft, CommentState, NoSuchComment, Reply
from unwall.kernel.clock import now
from unwall.kernel.errors import Forbidden, Invalid, NotFound, TooMany, UnwallError
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.messages.hearing import Answered, answered
from unwall.people.attempts import count_attempt
from unwall.usecases.block_person import Wrote, block_author
from unwall.usecases.publish_post import acting
from unwall.usecases.review_purchase import TOO_MANY

COMMENTS = 20


class ReplyView(msgspec.Struct, frozen=True):
    id: str
    author: str
    words: str
    said: str
    own: bool
    by_account: bool
    """the post's account speaks"""


class CommentView(msgspec.Struct, frozen=True):
    """`words` is empty where only its replies are shown."""

    id: str
    author: str
    words: str
    said: str
    own: bool
    by_account: bool
    warned: bool
    """moderators warn of it"""
    replies: list[ReplyView]


class CommentsView(msgspec.Struct, frozen=True):
    """What a post's page shows of its comments."""

    count: str
    first: list[CommentView]
    url: str


class CommentsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/comments.html"

    post_url: str
    post_title: str
    action: str
    comments: list[CommentView]
    next_url: str | None
    may_remove: bool
    """the post is of the member's own account"""
    words: str
    author: str
    speaker: str
    """the name of the post's account, where the reader may speak for it"""
    as_account: bool
    reply_to: str
    max_characters: int
    errors: FieldTexts
    problem: str | None


def comments_url(post_id: UUID) -> str:
    return f"{links.post_url(post_id)}/comments"


def comments_view(ctx: ShopContext, post_id: UUID, comments: Sequence[Comment], count: int) -> CommentsView:
    return CommentsView(formatters(ctx.lang).number(count), comment_views(ctx, comments), comments_url(post_id))


def comment_views(ctx: ShopContext, comments: Sequence[Comment]) -> list[CommentView]:
    return [
        CommentView(
            id=str(one.id),
            author=one.author,
            words=one.words,
            said=formatters(ctx.lang).ago(one.created_at),
            own=_own(ctx, one) and one.state is CommentState.SHOWN,
            by_account=one.by_account and one.state is CommentState.SHOWN,
            warned=one.warned,
            replies=[_reply(ctx, reply) for reply in one.replies],
        )
        for one in comments
    ]


def _reply(ctx: ShopContext, reply: Reply) -> ReplyView:
    said = formatters(ctx.lang).ago(reply.created_at)
    own = _own(ctx, reply)
    return ReplyView(str(reply.id), reply.author, reply.words, said, own=own, by_account=reply.by_account)


def _own(ctx: ShopContext, one: Comment | Reply) -> bool:
    return ctx.member is not None and one.member_id == ctx.member.id


@get("/post/{post_id:uuid}/comments", include_in_schema=False)
async def comments_page(ctx: ShopContext, post_id: UUID) -> Response[str]:
    return await _page(ctx, post_id, {"reply_to": ctx.query.get("reply_to", "")})


@post("/post/{post_id:uuid}/comments", include_in_schema=False, status_code=303)
async def comment(ctx: ShopContext, post_id: UUID, data: FormData) -> Response[Any]:
    """`as_account`: in the name of the post's account, by who may."""
    parent_id = _id_or_none(data.get("reply_to", ""))
    try:
        if data.get("as_account"):
            await _speak(ctx, post_id, data.get("words", ""), parent_id)
        else:
            await _comment(ctx, post_id, data, parent_id)
    except (Invalid, TooMany) as error:
        return await _page(ctx, post_id, data, error)
    return see_other(comments_url(post_id))


async def _comment(ctx: ShopContext, post_id: UUID, data: dict[str, str], parent_id: UUID | None) -> None:
    member = signed_in(ctx, actions.SIGN_IN)
    draft = CommentDraft(data.get("words", ""), data.get("author", "") or member.name, parent_id)
    await count_attempt(ctx.services.db, writing_limits(str(member.id)), now(), TOO_MANY)
    async with ctx.services.db.transaction() as conn:
        written = await actions.comment(conn, ctx.visit, post_id, draft, now())
        if parent_id:
            await answered(conn, Answered("comment", written))


async def _speak(ctx: ShopContext, post_id: UUID, words: str, parent_id: UUID | None) -> None:
    async with ctx.services.db.read() as conn:
        speaker = await speaker_of(conn, ctx, post_id)
    if speaker is None:
        raise Forbidden(N_("You do not speak for this account."))
    await count_attempt(ctx.services.db, writing_limits(speaker.actor.name), now(), TOO_MANY)
    async with acting(ctx.services.db, speaker.actor) as conn:
        written = await actions.speak(conn, speaker.actor, post_id, words, parent_id, now())
        if parent_id:
            await answered(conn, Answered("comment", written))


def _id_or_none(text: str) -> UUID | None:
    parsed = parse_id(text) if text else None
    if text and parsed is None:
        raise NoSuchComment(actions.NO_SUCH_COMMENT)
    return parsed


@post("/comments/{comment_id:uuid}/{what:str}", include_in_schema=False, status_code=303)
async def remove(ctx: ShopContext, comment_id: UUID, what: str, data: FormData) -> Redirect:
    """`what`: withdraw one's own; remove another's below a post of one's own account, or block who wrote it."""
    member = signed_in(ctx, actions.SIGN_IN)
    if what == "block":
        return await _block(ctx, member_actor(member), comment_id)
    async with ctx.services.db.transaction() as conn:
        if what == "withdraw":
            post_id = await actions.withdraw(conn, member.id, comment_id)
        elif what == "remove":
            post_id = await actions.remove(conn, member_actor(member), comment_id)
        else:
            raise NotFound(actions.NO_SUCH_COMMENT)
    ctx.flash(Flash(ctx.words(N_("The comment is not shown any more."))))
    return see_other(comments_url(post_id))


async def _block(ctx: ShopContext, actor: Actor, comment_id: UUID) -> Redirect:
    async with ctx.services.db.read() as conn:
        written = await reads.comment(conn, comment_id)
    person_id = await block_author(ctx.services.db, actor, Wrote.COMMENT, comment_id)
    undo = f"/me/studio/blocked/{person_id}/undo"
    ctx.flash(Flash(ctx.words(N_("They do not comment on you any more, and what they wrote is hidden.")), undo, {}))
    return see_other(comments_url(written.post_id) if written else "/me/studio")


async def _page(
    ctx: ShopContext, post_id: UUID, data: dict[str, str], error: UnwallError | None = None
) -> Response[str]:
    async with ctx.services.db.read() as conn:
        shown = await ctx.services.storefront.posts(conn, [post_id], ctx.lang)
        if not shown:
            raise NotFound(N_("This post is not there, or not any more."))
        comments = await reads.post_comments(conn, post_id, after=ctx.query.get("after"), limit=COMMENTS * ctx.pages)
        speaker = await speaker_of(conn, ctx, post_id)
    title = title_of(shown[0])
    path = comments_url(post_id)
    page = CommentsPage(
        title=ctx.words(N_("Comments on {title}"), title=title),
        post_url=links.post_url(post_id),
        post_title=title,
        action=path,
        comments=comment_views(ctx, comments.rows),
        next_url=with_query(path, {"after": comments.after}) if comments.after else None,
        may_remove=speaker is not None and speaker.actor.owner.member_id is not None,
        words=data.get("words", ""),
        author=data.get("author", ctx.member.name if ctx.member else ""),
        speaker=speaker.name if speaker else "",
        as_account=bool(data.get("as_account")) or "words" not in data,
        reply_to=data.get("reply_to", ""),
        max_characters=MAX_WORDS_CHARACTERS,
        errors=ctx.field_errors(error),
        problem=ctx.problem(error),
        canonical=ctx.base_url + path,
    )
    return ctx.page(page, status=status_of(error, in_form=True))


HANDLERS: list[Any] = [comments_page, comment, remove]
