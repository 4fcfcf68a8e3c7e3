"""What waits for the store's words, in one list: conversations, reviews, questions; and the last comments."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Response, get

from unwall.channels.console import listing, views
from unwall.channels.console.content.conversation_views import PATH as CONVERSATIONS
from unwall.channels.console.content.conversation_views import name_of
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Tab
from unwall.channels.http.pictures import thumbnail_url
from unwall.content.comments import reads as comments
from unwall.content.comments.values import PostComment
from unwall.content.conversations import reads as conversations
from unwall.content.conversations.values import Conversation, ConversationFilter, ConversationView
from unwall.content.questions import reads as questions
from unwall.content.questions.values import MerchantQuestion, QuestionFilter
from unwall.content.reviews import reads as reviews
from unwall.content.reviews.values import MerchantReview, ReviewFilter
from unwall.kernel.database import Connection
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/inbox"
SHOWN = 30
"""Of each kind; each kind's own list has all."""
COMMENT_AGE = timedelta(days=7)


class InboxItem(msgspec.Struct, frozen=True):
    kind: str
    icon: str
    url: str
    author: str
    words: str
    about: str
    image: str | None
    said: str
    stars: int
    tone: str
    """of the kind's mark: soon for what waits, else empty"""


class WaitingPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/inbox.html"

    tabs: list[Tab]
    items: list[InboxItem]


class _Waiting(msgspec.Struct, frozen=True):
    conversations: list[Conversation] = []
    reviews: list[MerchantReview] = []
    questions: list[MerchantQuestion] = []
    comments: list[PostComment] = []
    unanswered_reviews: int = 0
    unanswered_questions: int = 0


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def inbox(ctx: ConsoleContext) -> Response[str]:
    """`kind`: one of them only."""
    async with ctx.confined() as conn:
        waiting = await _waiting(conn, ctx)
    kind = ctx.query.get("kind", "")
    dated = sorted(_dated(ctx, waiting), key=lambda one: one[0], reverse=True)
    counts = {
        "conversation": (N_("Conversations"), ctx.unanswered),
        "review": (N_("Reviews"), waiting.unanswered_reviews),
        "question": (N_("Questions"), waiting.unanswered_questions),
        "comment": (N_("Comments"), len(waiting.comments)),
    }
    tabs = [Tab(PATH, ctx.words(N_("All")), kind not in counts)]
    tabs += [
        Tab(listing.address(PATH, kind=name), f"{ctx.words(label)} {views.number(ctx, count)}", name == kind)
        for name, (label, count) in counts.items()
        if name != "conversation" or ctx.may(Permission.CONVERSE)
    ]
    items = [item for _, item in dated if kind not in counts or item.kind == kind]
    return ctx.page(WaitingPage(title=ctx.words(N_("Waiting for you")), tabs=tabs, items=items))


async def _waiting(conn: Connection, ctx: ConsoleContext) -> _Waiting:
    wanted = ConversationFilter(ConversationView.UNANSWERED, ctx.staff.id)
    talks = (
        (await conversations.merchant_conversations(conn, ctx.merchant_id, wanted, None, SHOWN)).rows
        if ctx.may(Permission.CONVERSE)
        else []
    )
    reviewed = await reviews.merchant_reviews(
        conn, ctx.merchant_id, ReviewFilter(unanswered=True), ctx.lang, None, SHOWN
    )
    asked = await questions.merchant_questions(
        conn, ctx.merchant_id, ctx.lang, QuestionFilter(unanswered=True), limit=SHOWN
    )
    said = await comments.merchant_comments(conn, ctx.merchant_id, ctx.lang, "", None, SHOWN)
    return _Waiting(
        talks,
        reviewed.rows,
        asked.rows,
        [one for one in said.rows if one.created_at > ctx.now - COMMENT_AGE and not (one.by_account or one.answered)],
        await reviews.unanswered(conn, ctx.merchant_id),
        await questions.unanswered(conn, ctx.merchant_id),
    )


def _dated(ctx: ConsoleContext, waiting: _Waiting) -> Iterable[tuple[datetime, InboxItem]]:
    for talk in waiting.conversations:
        yield (
            talk.last_at,
            _item(
                ctx,
                "conversation",
                "comment",
                talk.last_at,
                _Words(f"{CONVERSATIONS}/{talk.id}", name_of(ctx, talk), talk.excerpt or ctx.words(N_("A picture"))),
            ),
        )
    for review in waiting.reviews:
        words = _Words(
            f"/console/reviews/{review.id}",
            review.author,
            review.words,
            review.product_title,
            review.product_image,
            review.stars,
        )
        yield review.created_at, _item(ctx, "review", "star", review.created_at, words)
    for question in waiting.questions:
        words = _Words(
            listing.address("/console/questions", unanswered="1"),
            question.author,
            question.words,
            question.product_title,
            question.product_image,
        )
        yield question.created_at, _item(ctx, "question", "comment", question.created_at, words)
    for comment in waiting.comments:
        words = _Words(f"/post/{comment.post_id}/comments", comment.author, comment.words, comment.post_title)
        yield comment.created_at, _item(ctx, "comment", "comment", comment.created_at, words)


class _Words(msgspec.Struct, frozen=True):
    url: str
    author: str
    words: str
    about: str = ""
    image: str | None = None
    stars: int = 0


def _item(ctx: ConsoleContext, kind: str, icon: str, at: datetime, words: _Words) -> InboxItem:
    return InboxItem(
        kind=kind,
        icon=icon,
        url=words.url,
        author=words.author,
        words=words.words,
        about=words.about,
        image=thumbnail_url(words.image),
        said=views.ago(ctx, at),
        stars=words.stars,
        tone="" if kind == "comment" else "soon",
    )


HANDLERS: list[Any] = [inbox]
