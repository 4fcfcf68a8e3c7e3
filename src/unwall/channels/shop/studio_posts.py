"""The composer of a member's studio: pictures with products at their points, films with products at their seconds, when
it is published. Moderators look at a member's first posts; what a store sells is tagged where the store allows it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.catalogue import reads as catalogue
from unwall.channels.design.values import Option
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.errors import status_of
from unwall.channels.http.files import check_stored
from unwall.channels.http.flash import Flash
from unwall.channels.http.page_context import FieldTexts, see_other
from unwall.channels.http.pictures import PREVIEW_WIDTH, frame_of, picture_url, thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.channels.shop.conversations import likely_zone
from unwall.channels.shop.studio import PATH, actor_of, state_words
from unwall.channels.shop.studio_forms import changed, read_draft, zone_of
from unwall.content.accounts import reads as accounts
from unwall.content.accounts.values import Actor
from unwall.content.moderation import actions as moderation
from unwall.content.moderation.values import Subject, SubjectKind, Visibility
from unwall.content.posts import actions, reads, rules
from unwall.content.posts.locks import NO_SUCH_POST
from unwall.content.posts.values import (
    EditablePost,
    Media,
    NoSuchPost,
    PostDraft,
    PostKind,
    PostState,
    TaggableProduct,
    WrongState,
)
from unwall.kernel.clock import local, now
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid, TooMany, UnwallError
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.media import reads as video_reads
from unwall.media.values import Video
from unwall.people.attempts import count_attempt
from unwall.usecases.publish_post import Then, save_post

FOUND = 6
SAVING = frozenset({"save", "publish", "schedule"})
TOO_MANY = N_("You have saved very often just now.")
KINDS = {
    PostKind.NOTE: N_("Note"),
    PostKind.PHOTO_SET: N_("Photo set"),
    PostKind.QUESTION: N_("Question"),
    PostKind.ARTICLE: N_("Article"),
    PostKind.LOOKBOOK: N_("Lookbook"),
    PostKind.VIDEO: N_("Video"),
}
SAID = {
    PostState.LIVE: N_("Your post is live."),
    PostState.IN_REVIEW: N_("A moderator looks at your post; then it is live."),
    PostState.SCHEDULED: N_("Your post is scheduled."),
    PostState.DRAFT: N_("Your draft is saved."),
}


class StudioTag(msgspec.Struct, frozen=True):
    """`media` is the number of the picture; "" for a tag of the whole post. Points in per cent, times in seconds."""

    product_id: str
    title: str
    media: str
    x: str
    y: str
    t0: str
    t1: str
    timed: bool
    error: str


class StudioPoint(msgspec.Struct, frozen=True):
    number: int
    x: str
    y: str
    label: str


class StudioPicture(msgspec.Struct, frozen=True):
    media: Media
    src: str | None
    shape: str
    error: str
    points: list[StudioPoint]
    film: str | None
    """the address of the film, as soon as it plays"""
    captions: list[str]
    """the languages that the film has captions in"""


class FoundTag(msgspec.Struct, frozen=True):
    """A product that may be tagged, or one whose store does not allow it."""

    product_id: str
    title: str
    merchant: str
    image: str | None
    allowed: bool


class StudioComposerPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/studio_post.html"

    action: str
    draft: PostDraft
    accounts: list[Option]
    kinds: list[Option]
    pictures: list[StudioPicture]
    tags: list[StudioTag]
    find: str
    matches: list[FoundTag]
    errors: FieldTexts
    problem: str | None
    state: str
    tone: str
    known: bool
    live: bool
    removed: bool
    in_review: bool
    scheduled: bool
    missed: bool
    scheduled_at: str
    zone: str
    dropped: bool


# --- one post ---------------------------------------------------------------------------------------------------------


@get(f"{PATH}/new", include_in_schema=False)
async def new(ctx: ShopContext) -> Response[Any]:
    """The post's id is the form's from the start: sending twice makes one post."""
    actor = actor_of(ctx)
    async with ctx.services.db.read() as conn:
        own = await accounts.own_accounts(conn, actor.owner, ctx.lang)
        if not own:
            return see_other(PATH)
        return await _page(conn, ctx, PostDraft(own[0].id, id=new_id()), None, {})


@get(f"{PATH}/{{own_post_id:uuid}}", include_in_schema=False)
async def edit(ctx: ShopContext, own_post_id: UUID) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        known = await _own(conn, ctx, own_post_id)
        return await _page(conn, ctx, known.draft, known, {})


async def _own(conn: Connection, ctx: ShopContext, post_id: UUID) -> EditablePost:
    editable = await reads.editable_post(conn, actor_of(ctx).owner, post_id)
    if editable is None:
        raise NoSuchPost(NO_SUCH_POST)
    return editable


@post(PATH, include_in_schema=False, status_code=303, request_max_body_size=MAX_UPLOAD_BYTES)
async def compose(ctx: ShopContext) -> Response[Any]:
    """Every button sends the whole form; only saving and sending change anything but the page."""
    actor = actor_of(ctx)
    sent = await ctx.request.form()
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    uploads = [value for _, value in sent.multi_items() if isinstance(value, UploadFile) and value.filename]
    doing, _, which = fields.get("do", "").partition(":")
    draft, unread = read_draft(fields)
    async with ctx.services.db.read() as conn:
        known = await reads.editable_post(conn, actor.owner, draft.id) if draft.id else None
    error: UnwallError | None = None
    try:
        if uploads or doing in SAVING:
            subject = {f"post:{ctx.visit.person_id}": rules.MEMBER_SAVES}
            await count_attempt(ctx.services.db, subject, now(), TOO_MANY)
        draft = await _with_uploads(ctx, draft, uploads)
        if doing in SAVING:
            if unread:
                raise Invalid(unread)
            await check_stored(ctx.services, {f"media.{n}.file": m.file for n, m in enumerate(draft.media) if m.file})
            return await _save(ctx, actor, draft, _then(ctx, fields, doing))
    except (Invalid, WrongState, TooMany) as wrong:
        error = wrong
    async with ctx.services.db.read() as conn:
        return await _page(conn, ctx, changed(draft, doing, which), known, fields, error)


async def _with_uploads(ctx: ShopContext, draft: PostDraft, uploads: list[UploadFile]) -> PostDraft:
    added = []
    for upload in uploads:
        image = await picture_uploads.keep(ctx.services.db, ctx.services.files, upload.file, field="pictures")
        added.append(Media(image.file, image.alt, image.width, image.height))
    return replace(draft, media=(*draft.media, *added))


def _then(ctx: ShopContext, fields: dict[str, str], doing: str) -> Then:
    """Raises `Invalid` for a time that is none."""
    reviewed = ctx.services.settings.reviewed_posts
    if doing != "schedule":
        return Then(publish=doing == "publish", reviewed_posts=reviewed)
    at = rules.wall_time(fields.get("scheduled_at", ""), zone_of(fields))
    rules.check_schedule(at, now())
    return Then(scheduled_at=at, reviewed_posts=reviewed)


async def _save(ctx: ShopContext, actor: Actor, draft: PostDraft, then: Then) -> Response[Any]:
    post_id = await save_post(ctx.services.db, actor, draft, now(), then=then)
    async with ctx.services.db.read() as conn:
        state = (await _own(conn, ctx, post_id)).state
    ctx.flash(Flash(ctx.words(SAID.get(state, SAID[PostState.DRAFT]))))
    return see_other(PATH)


@post(f"{PATH}/{{own_post_id:uuid}}/remove", include_in_schema=False, status_code=303)
async def remove(ctx: ShopContext, own_post_id: UUID, data: FormData) -> Redirect:
    async with ctx.services.db.transaction() as conn:
        await actions.remove(conn, actor_of(ctx), own_post_id)
    ctx.flash(Flash(ctx.words(N_("The post is removed.")), f"{PATH}/{own_post_id}/again", {"undo": "1"}))
    return see_other(PATH)


@post(f"{PATH}/{{own_post_id:uuid}}/again", include_in_schema=False, status_code=303)
async def again(ctx: ShopContext, own_post_id: UUID, data: FormData) -> Redirect:
    """`undo`: as if it had not been removed; else it is a draft."""
    async with ctx.services.db.transaction() as conn:
        if data.get("undo"):
            await actions.undo_remove(conn, actor_of(ctx), own_post_id)
        else:
            await actions.restore(conn, actor_of(ctx), own_post_id)
    return see_other(f"{PATH}/{own_post_id}")


@post(f"{PATH}/{{own_post_id:uuid}}/appeal", include_in_schema=False, status_code=303)
async def appeal(ctx: ShopContext, own_post_id: UUID, data: FormData) -> Response[Any]:
    actor = actor_of(ctx)
    async with ctx.services.db.read() as conn:
        known = await _own(conn, ctx, own_post_id)
    try:
        async with ctx.services.db.transaction() as conn:
            subject = Subject(SubjectKind.POST, own_post_id)
            await moderation.appeal(conn, subject, actor.name, data.get("words", ""), now())
    except UnwallError as error:
        async with ctx.services.db.read() as conn:
            return await _page(conn, ctx, known.draft, known, {}, error)
    ctx.flash(Flash(ctx.words(N_("Another moderator looks at it."))))
    return see_other(PATH)


# --- the page ---------------------------------------------------------------------------------------------------------


async def _page(
    conn: Connection,
    ctx: ShopContext,
    draft: PostDraft,
    known: EditablePost | None,
    fields: Mapping[str, str],
    error: UnwallError | None = None,
) -> Response[Any]:
    own = await accounts.own_accounts(conn, actor_of(ctx).owner, ctx.lang)
    ids = [tag.product_id for tag in draft.tags]
    titles = {item.product_id: item.title for item in await catalogue.items_of(conn, ids, ctx.lang)}
    films = await video_reads.shown(conn, [media.video_id for media in draft.media if media.video_id])
    errors, find = ctx.field_errors(error), fields.get("find", "")
    state = known.state if known else PostState.DRAFT
    label, tone = state_words(state, known.visibility if known else Visibility.ALLOW)
    zone = fields.get("zone") or await likely_zone(ctx.visit)
    page = StudioComposerPage(
        title=ctx.words(N_("Edit the post") if known else N_("Write a post")),
        action=PATH,
        draft=draft,
        accounts=[Option(str(one.id), one.name) for one in own],
        kinds=[Option(kind.value, ctx.words(name)) for kind, name in KINDS.items()],
        pictures=[_picture(draft, n, errors, titles, films) for n in range(len(draft.media))],
        tags=[_tag(draft, n, errors, titles.get(tag.product_id)) for n, tag in enumerate(draft.tags)],
        find=find,
        matches=await _found(conn, ctx, draft, find),
        errors=errors,
        problem=ctx.problem(error),
        state=ctx.words(label),
        tone=tone,
        known=known is not None,
        live=state is PostState.LIVE,
        removed=state is PostState.REMOVED,
        in_review=state is PostState.IN_REVIEW,
        scheduled=state is PostState.SCHEDULED,
        missed=state is PostState.MISSED,
        scheduled_at=fields.get("scheduled_at") or _wall_time(known, zone),
        zone=zone,
        dropped=known is not None and known.visibility is Visibility.DROP,
    )
    return ctx.page(page, status=status_of(error, in_form=True))


def _wall_time(known: EditablePost | None, zone: str) -> str:
    """As a field for a day and a time takes it."""
    if known is None or known.scheduled_at is None:
        return ""
    return local(known.scheduled_at, zone if zone in available_timezones() else "UTC").strftime("%Y-%m-%dT%H:%M")


def _picture(
    draft: PostDraft, n: int, errors: FieldTexts, titles: Mapping[UUID, str], films: Mapping[UUID, Video]
) -> StudioPicture:
    media = draft.media[n]
    film = films.get(media.video_id) if media.video_id else None
    return StudioPicture(
        media=media,
        src=picture_url(media.file, PREVIEW_WIDTH),
        shape=frame_of(media.width, media.height),
        error=errors[f"media.{n}.file"] or errors[f"media.{n}.alt"] or errors[f"media.{n}.video_id"],
        points=[
            StudioPoint(number, _percent(tag.x), _percent(tag.y), titles.get(tag.product_id, ""))
            for number, tag in enumerate(draft.tags)
            if tag.media == n and tag.x is not None
        ],
        film=f"/files/{film.renditions[-1].file}" if film and film.playable else None,
        captions=film.captions if film else [],
    )


def _tag(draft: PostDraft, n: int, errors: FieldTexts, title: str | None) -> StudioTag:
    tag = draft.tags[n]
    wrong = [errors[f"tags.{n}.{name}"] for name in ("product_id", "media", "x", "y", "t0", "t1")]
    film = tag.media is not None and tag.media < len(draft.media) and draft.media[tag.media].video_id is not None
    return StudioTag(
        product_id=str(tag.product_id),
        title=title or str(tag.product_id),
        media="" if tag.media is None else str(tag.media),
        x=_percent(tag.x),
        y=_percent(tag.y),
        t0="" if tag.t0 is None else f"{tag.t0:g}",
        t1="" if tag.t1 is None else f"{tag.t1:g}",
        timed=film,
        error=next((error for error in wrong if error), ""),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}".removesuffix(".0")


async def _found(conn: Connection, ctx: ShopContext, draft: PostDraft, words: str) -> list[FoundTag]:
    """Products of every store that match, those that may be tagged first."""
    if not words.strip():
        return []
    cards = (await catalogue.search(conn, words, ctx.lang, limit=FOUND * 2)).rows
    may = await reads.taggable_products(conn, draft.account_id, [card.product_id for card in cards])
    tagged = {tag.product_id for tag in draft.tags}
    rows = [
        FoundTag(
            str(card.product_id),
            card.title,
            card.merchant_name,
            thumbnail_url(card.image_file),
            _allowed(may, card.product_id),
        )
        for card in cards
        if card.product_id not in tagged
    ]
    return sorted(rows, key=lambda row: not row.allowed)[:FOUND]


def _allowed(may: dict[UUID, TaggableProduct], product_id: UUID) -> bool:
    allowed = may.get(product_id)
    return allowed is not None and allowed.allowed


HANDLERS: list[Any] = [new, edit, compose, remove, again, appeal]
