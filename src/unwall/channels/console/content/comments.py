"""Comments below posts: answered, removed and put back."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.console import listing, views
from unwall.channels.console.content.opinion_views import (
    COMMENTS,
    OpinionRow,
    OpinionsPage,
)
from unwall.channels.console.context import ConsoleContext
from unwall.channels.http.page_context import see_other
from unwall.channels.http.routes import FormData, own_path
from unwall.content.accounts.rules import staff_actor
from unwall.content.comments import actions as comment_actions
from unwall.content.comments import reads as comment_reads
from unwall.content.comments.values import PostComment
from unwall.kernel.errors import existing
from unwall.kernel.text import N_
from unwall.messages.hearing import Answered, answered
from unwall.people.values import Permission


@get(COMMENTS, permission=Permission.PUBLISH, include_in_schema=False)
async def comments(ctx: ConsoleContext) -> Response[str]:
    query = ctx.query.get("q") or ""
    async with ctx.confined() as conn:
        matches = await comment_reads.merchant_comments(
            conn, ctx.merchant_id, ctx.lang, query, ctx.query.get("after"), listing.ROWS
        )
    page = OpinionsPage(
        title=ctx.words(N_("Comments")),
        path=COMMENTS,
        subjects=views.said_tabs(ctx, COMMENTS),
        query=query,
        filters=[],
        stars=[],
        rows=[_comment_row(ctx, one) for one in matches.rows],
        next_url=listing.address(COMMENTS, after=matches.after, q=query) if matches.after else None,
        export_url=None,
        answerable=False,
        here=listing.address(COMMENTS, q=query),
        empty=ctx.words(N_("No comment is here. Members write them below your posts.")),
    )
    return ctx.page(page)


def _comment_row(ctx: ConsoleContext, one: PostComment) -> OpinionRow:
    return OpinionRow(
        id=str(one.id),
        kind="comment",
        about=one.post_title,
        about_url=views.post_url(one.post_id),
        image=None,
        author=one.author,
        words=one.words,
        said=views.moment(ctx, one.created_at),
        badge=ctx.words(N_("Author")) if one.by_account else ctx.words(N_("Answered")) if one.answered else "",
        tone="solid" if one.by_account else "good",
        own=one.by_account,
    )


@post(f"{COMMENTS}/{{comment_id:uuid}}/reply", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def reply_to_comment(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    """In the name of the post's account."""
    async with ctx.confined() as conn:
        replied = existing(await comment_reads.comment(conn, comment_id), comment_actions.NO_SUCH_COMMENT)
        words = data.get("answer", "")
        written = await comment_actions.speak(conn, staff_actor(ctx.staff), replied.post_id, words, comment_id, ctx.now)
        await answered(conn, Answered("comment", written))
    ctx.flash(ctx.words(N_("Your reply is shown below the comment.")))
    return see_other(own_path(data.get("next", COMMENTS), COMMENTS))


@post(f"{COMMENTS}/{{comment_id:uuid}}/remove", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def remove_comment(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await comment_actions.remove(conn, staff_actor(ctx.staff), comment_id)
    ctx.flash(ctx.words(N_("The comment is removed.")), f"{COMMENTS}/{comment_id}/again")
    return see_other(COMMENTS)


@post(f"{COMMENTS}/{{comment_id:uuid}}/again", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def comment_again(ctx: ConsoleContext, comment_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await comment_actions.undo_remove(conn, staff_actor(ctx.staff), comment_id)
    ctx.flash(ctx.words(N_("The comment is back.")))
    return see_other(COMMENTS)


HANDLERS: list[Any] = [comments, reply_to_comment, remove_comment, comment_again]
