"""A member's studio: their accounts, and their posts with what each has done. `studio_posts` has the composer."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from unwall.channels.design.values import Option
from unwall.channels.http.errors import status_of
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.channels.shop.comments import comments_url
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.links import post_url
from unwall.channels.shop.views import AccountView, account_view, money, title_of
from unwall.content.accounts import reads as accounts
from unwall.content.accounts.actions import save_account
from unwall.content.accounts.rules import member_actor
from unwall.content.accounts.values import AccountDraft, AccountKind, Actor
from unwall.content.comments.reads import counts
from unwall.content.moderation.values import Visibility
from unwall.content.posts import reads
from unwall.content.posts.values import (
    Post,
    PostState,
)
from unwall.insight.reports.reads import results
from unwall.insight.reports.values import PostResults
from unwall.kernel.errors import Invalid, SignInNeeded
from unwall.kernel.text import N_
from unwall.usecases.block_person import unblock

PATH = "/me/studio"
POSTS = 24
STATES = {
    PostState.DRAFT: (N_("Draft"), "soon"),
    PostState.IN_REVIEW: (N_("In review"), "soon"),
    PostState.SCHEDULED: (N_("Scheduled"), "soon"),
    PostState.LIVE: (N_("Live"), "good"),
    PostState.MISSED: (N_("Missed"), "bad"),
    PostState.REMOVED: (N_("Removed"), ""),
}
TAKEN_DOWN = N_("Taken down")


class StudioPost(msgspec.Struct, frozen=True):
    url: str
    title: str
    image: str | None
    state: str
    tone: str
    detail: str
    shop_url: str | None
    figures: list[str]
    """what it has done: people, likes, orders, what was sold"""
    comments: str
    comments_url: str | None


class BlockedView(msgspec.Struct, frozen=True):
    id: str
    name: str


class StudioPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/studio.html"

    accounts: list[AccountView]
    posts: list[StudioPost]
    next_url: str | None
    handle: str
    name: str
    bio: str
    kind: str
    kinds: list[Option]
    blocked: list[BlockedView]
    errors: FieldTexts


KINDS = {
    AccountKind.CREATOR: N_("A person who makes things"),
    AccountKind.PUBLISHER: N_("A magazine, a paper or a blog"),
}
"""Those that a member can have."""


def actor_of(ctx: ShopContext) -> Actor:
    """Raises `SignInNeeded`."""
    if ctx.member is None:
        raise SignInNeeded(N_("Sign in to go on."))
    return member_actor(ctx.member)


# --- the list ---------------------------------------------------------------------------------------------------------


@get(PATH, include_in_schema=False)
async def studio(ctx: ShopContext) -> Response[Any]:
    return await _studio(ctx, {})


async def _studio(ctx: ShopContext, data: dict[str, str], error: Invalid | None = None) -> Response[Any]:
    actor = actor_of(ctx)
    async with ctx.services.db.read() as conn:
        own = await accounts.own_accounts(conn, actor.owner, ctx.lang)
        posts = await reads.own_posts(
            conn, actor.owner, ctx.lang, after=ctx.query.get("after"), limit=POSTS * ctx.pages
        )
        live = [one.id for one in posts.rows if one.published_at]
        people = await accounts.blocked_by(conn, actor.owner)
        done, said = await results(conn, live), await counts(conn, live)
    page = StudioPage(
        title=ctx.words(N_("Your studio")),
        accounts=[account_view(one, ctx.lang, followed=False) for one in own],
        posts=[_row(ctx, one, done.get(one.id), said.get(one.id, 0)) for one in posts.rows],
        next_url=f"{PATH}?after={posts.after}" if posts.after else None,
        handle=data.get("handle", ""),
        name=data.get("name", ctx.member.name if ctx.member else ""),
        bio=data.get("bio", ""),
        kind=data.get("kind", AccountKind.CREATOR.value),
        kinds=[Option(kind.value, ctx.words(label)) for kind, label in KINDS.items()],
        blocked=[BlockedView(str(one.person_id), one.name) for one in people],
        errors=ctx.field_errors(error),
    )
    return ctx.page(page, status=status_of(error, in_form=True))


def _row(ctx: ShopContext, one: Post, done: PostResults | None, comments: int) -> StudioPost:
    state, tone = state_words(one.state, one.visibility)
    shown = one.state is PostState.LIVE and one.visibility is not Visibility.DROP
    return StudioPost(
        url=f"{PATH}/{one.id}",
        title=title_of(one) or ctx.words(N_("Without a title")),
        image=thumbnail_url(one.media[0].file) if one.media else None,
        state=ctx.words(state),
        tone=tone,
        detail=" · ".join(part for part in (one.account_name, _when(ctx, one)) if part),
        shop_url=post_url(one.id) if shown else None,
        figures=_figures(ctx, done) if done else [],
        comments=ctx.count("{n} comment", "{n} comments", comments),
        comments_url=comments_url(one.id) if shown else None,
    )


def _when(ctx: ShopContext, one: Post) -> str:
    if one.published_at:
        return formatters(ctx.lang).ago(one.published_at)
    return f"{formatters(ctx.lang).moment(one.scheduled_at, 'UTC')} UTC" if one.scheduled_at else ""


def _figures(ctx: ShopContext, done: PostResults) -> list[str]:
    sold = [money(amount, currency, ctx.lang) for currency, amount in sorted(done.revenue.items())]
    return [
        ctx.count("{n} person saw it", "{n} people saw it", done.reach),
        ctx.count("{n} like", "{n} likes", done.likes),
        ctx.count("{n} product opened", "{n} products opened", done.product_opens),
        *([ctx.count("{n} order", "{n} orders", done.orders), " + ".join(sold)] if done.orders else []),
    ]


def state_words(state: PostState, visibility: Visibility) -> tuple[str, str]:
    return (TAKEN_DOWN, "bad") if visibility is Visibility.DROP else STATES[state]


@post(f"{PATH}/accounts", include_in_schema=False, status_code=303)
async def make_account(ctx: ShopContext, data: FormData) -> Response[Any]:
    actor = actor_of(ctx)
    kind = data.get("kind", AccountKind.CREATOR.value)
    try:
        if kind not in KINDS:
            raise Invalid.one("kind", N_("Choose who publishes."))
        draft = AccountDraft(data.get("handle", ""), data.get("name", ""), AccountKind(kind), data.get("bio", ""))
        async with ctx.services.db.transaction() as conn:
            await save_account(conn, actor, draft)
    except Invalid as error:
        return await _studio(ctx, data, error)
    ctx.flash(Flash(ctx.words(N_("Your account is made: write your first post."))))
    return see_other(f"{PATH}/new")


@post(f"{PATH}/blocked/{{person_id:uuid}}/undo", include_in_schema=False, status_code=303)
async def unblock_person(ctx: ShopContext, person_id: UUID, data: FormData) -> Redirect:
    await unblock(ctx.services.db, actor_of(ctx), person_id)
    ctx.flash(Flash(ctx.words(N_("They are not blocked any more."))))
    return Redirect(PATH, status_code=303)


HANDLERS: list[Any] = [studio, make_account, unblock_person]
