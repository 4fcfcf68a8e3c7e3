"""The composer: text, pictures and the products in them, with a preview beside it. Every button sends the whole
form; only saving and publishing change anything but the page."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.catalogue import reads as catalogue
from unwall.channels.console import views
from unwall.channels.console.content.post_forms import read_draft
from unwall.channels.console.content.posts import PATH, own
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm, form_of, number_of
from unwall.channels.console.product_finder import FoundProduct, find_products
from unwall.channels.console.translations import TranslationGroup, other_languages, own_language, translation_groups
from unwall.channels.console.versions import FIELD, LABELS, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.files import check_stored
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import PREVIEW_WIDTH, frame_of, picture_url, thumbnail_url
from unwall.channels.http.post_changes import (
    with_film,
    with_picture_earlier,
    with_tag,
    without_picture,
    without_tag,
)
from unwall.content.accounts.reads import accounts_of
from unwall.content.accounts.rules import staff_actor
from unwall.content.moderation.values import Visibility
from unwall.content.posts import reads, rules
from unwall.content.posts.scheduling import LATE
from unwall.content.posts.values import EditablePost, Media, PostDraft, PostEdit, PostState, PostTranslation
from unwall.kernel.clock import local
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.media import reads as video_reads
from unwall.media.values import Video
from unwall.people.values import Permission
from unwall.usecases.publish_post import Then, save_post

NOTES = {LATE: N_("More than an hour late")}
"""Of the history."""


@get(f"{PATH}/new", permission=Permission.PUBLISH, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    """The post's id is the form's from the start: saving twice makes one post."""
    async with ctx.confined() as conn:
        accounts = await accounts_of(conn, staff_actor(ctx.staff), ctx.lang)
        draft = PostDraft(accounts[0].id if accounts else new_id(), id=new_id())
        return await _page(conn, ctx, draft, None)


@get(f"{PATH}/{{post_id:uuid}}", permission=Permission.PUBLISH, include_in_schema=False)
async def edit(ctx: ConsoleContext, post_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        known = await own(conn, ctx, post_id)
        return await _page(conn, ctx, known.draft, known)


@post(
    f"{PATH}/new",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def compose(ctx: ConsoleContext) -> Response[Any]:
    form = await form_of(ctx.request)
    return await _compose(ctx, form, known_id(form.text("id")))


@post(
    f"{PATH}/{{post_id:uuid}}",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def compose_known(ctx: ConsoleContext, post_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        await own(conn, ctx, post_id)
    return await _compose(ctx, await form_of(ctx.request), post_id)


async def _compose(ctx: ConsoleContext, form: SubmittedForm, post_id: UUID) -> Response[Any]:
    doing, _, which = form.text("do").partition(":")
    async with ctx.confined() as conn:
        known = await reads.editable_post(conn, staff_actor(ctx.staff).owner, post_id)
    draft = read_draft(form, post_id, other_languages(ctx.merchant), known.draft if known else None)
    try:
        draft = await _with_uploads(ctx, form, draft)
        if doing in {"save", "publish", "schedule"}:
            form.check()
            stored = {f"media.{n}.file": m.file for n, m in enumerate(draft.media) if m.file}
            await check_stored(ctx.services, stored)
            return await _save(ctx, draft, form.text(FIELD) if known else None, _then(ctx, form, doing))
        error: Invalid | ChangedMeanwhile | None = None
    except (Invalid, ChangedMeanwhile) as wrong:
        error = wrong
    async with ctx.confined() as conn:
        return await _page(conn, ctx, _changed(draft, doing, which), known, error=error, form=form)


async def _with_uploads(ctx: ConsoleContext, form: SubmittedForm, draft: PostDraft) -> PostDraft:
    added = []
    for upload in form.uploads:
        image = await picture_uploads.keep(ctx.services.db, ctx.services.files, upload.file, field="pictures")
        added.append(Media(image.file, image.alt, image.width, image.height))
    return replace(draft, media=(*draft.media, *added))


def _changed(draft: PostDraft, doing: str, which: str) -> PostDraft:
    if doing == "film":
        return with_film(draft, known_id(which))
    if doing == "tag":
        return with_tag(draft, known_id(which))
    if doing == "untag":
        return without_tag(draft, number_of(which))
    if doing == "earlier":
        return with_picture_earlier(draft, number_of(which))
    if doing == "unpicture":
        return without_picture(draft, number_of(which))
    return draft


def _then(ctx: ConsoleContext, form: SubmittedForm, doing: str) -> Then:
    """Raises `Invalid` for a time that is none."""
    if doing != "schedule":
        return Then(publish=doing == "publish")
    return Then(scheduled_at=rules.wall_time(form.text("scheduled_at"), ctx.merchant.timezone))


async def _save(ctx: ConsoleContext, draft: PostDraft, version: str | None, then: Then) -> Response[Any]:
    """`version`: of what the form was opened with; None for a new post."""
    check = None if version is None else partial(check_version, version, typed=draft)
    post_id = await save_post(ctx.services.db, staff_actor(ctx.staff), draft, ctx.now, then=then, check=check)
    if then.scheduled_at:
        said = ctx.words(N_("The post will be published on {moment}."), moment=views.moment(ctx, then.scheduled_at))
    else:
        said = ctx.words(N_("The post is live.") if then.publish else N_("The post is saved."))
    ctx.flash(said)
    return see_other(views.post_url(post_id))


# --- the page ---------------------------------------------------------------------------------------------------------


async def _page(
    conn: Connection,
    ctx: ConsoleContext,
    draft: PostDraft,
    known: EditablePost | None,
    *,
    error: Invalid | ChangedMeanwhile | None = None,
    form: SubmittedForm | None = None,
) -> Response[Any]:
    find = form.text("find") if form else ""
    films = await video_reads.shown(conn, [m.video_id for m in draft.media if m.video_id])
    edits = await reads.edits(conn, staff_actor(ctx.staff).owner, draft.id) if known and draft.id else []
    translations = translation_groups(ctx, draft.translations, PostTranslation())
    names = {item.product_id: item.title for item in await catalogue.items_of(conn, _products(draft), ctx.lang)}
    accounts = await accounts_of(conn, staff_actor(ctx.staff), ctx.lang)
    account = next((a for a in accounts if a.id == draft.account_id), None)
    return ctx.page(
        ComposerPage(
            version=form.text(FIELD) if form else version_of(draft),
            title=ctx.words(N_("Edit the post") if known else N_("Write a post")),
            draft=draft,
            action=views.post_url(draft.id) if known else f"{PATH}/new",
            errors=ctx.field_errors(error),
            translations=translations,
            own_language=own_language(ctx.merchant).name_in(ctx.lang),
            accounts=[Option(str(a.id), a.name) for a in accounts],
            account=account.name if account else "",
            account_avatar=thumbnail_url(account.avatar) if account else None,
            kinds=[Option(kind.value, ctx.words(label)) for kind, label in views.POST_KINDS.items()],
            formats=[Option(written_in.value, ctx.words(label)) for written_in, label in views.POST_FORMATS.items()],
            pictures=[_picture(draft, n, names, translations, films) for n in range(len(draft.media))],
            tags=_tags(ctx, draft, names),
            find=find,
            matches=await find_products(conn, ctx, find, _products(draft)),
            body_html=await _body_html(draft),
            post=_state(ctx, known),
            scheduled_at=form.text("scheduled_at") if form else _wall_time(ctx, known),
            zone_name=ctx.merchant.timezone,
            history=[_edit(ctx, edit) for edit in edits],
        ),
        error=error,
    )


class PostStatus(msgspec.Struct, frozen=True):
    label: str
    tone: str
    live: bool
    removed: bool
    scheduled: bool
    missed: bool
    dropped: bool
    known: bool


class PointView(msgspec.Struct, frozen=True):
    """A tag in a picture; `x` and `y` in per cent."""

    number: int
    x: str
    y: str
    label: str


class AltFields(msgspec.Struct, frozen=True):
    """The description of a picture in one other language."""

    code: str
    language: str
    text: str


class PostPictureFields(msgspec.Struct, frozen=True):
    media: Media
    src: str | None
    shape: str
    points: list[PointView]
    alts: list[AltFields]
    film: str | None
    """The address of the film, as soon as it plays."""
    captions: list[str]
    """The languages in which the film has some."""


class TagFields(msgspec.Struct, frozen=True):
    """`media` is the number of the picture; "" for a tag of the whole post."""

    product_id: str
    title: str
    media: str
    x: str
    y: str
    t0: str
    t1: str


class HistoryEntry(msgspec.Struct, frozen=True):
    at: str
    actor: str
    note: str
    changes: list[tuple[str, str, str]]
    """The field, what was before and what was after."""


class ComposerPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/composer.html"

    draft: PostDraft
    action: str
    errors: FieldTexts
    translations: list[TranslationGroup[PostTranslation]]
    own_language: str
    accounts: list[Option]
    account: str
    account_avatar: str | None
    kinds: list[Option]
    formats: list[Option]
    pictures: list[PostPictureFields]
    tags: list[TagFields]
    find: str
    matches: list[FoundProduct]
    body_html: str
    post: PostStatus
    scheduled_at: str
    zone_name: str
    history: list[HistoryEntry]


def _state(ctx: ConsoleContext, known: EditablePost | None) -> PostStatus:
    state = known.state if known else PostState.DRAFT
    return PostStatus(
        label=ctx.words(views.POST_STATES[state]),
        tone=views.POST_TONES[state],
        live=state is PostState.LIVE,
        removed=state is PostState.REMOVED,
        scheduled=state is PostState.SCHEDULED,
        missed=state is PostState.MISSED,
        dropped=known is not None and known.visibility is Visibility.DROP,
        known=known is not None,
    )


async def _body_html(draft: PostDraft) -> str:
    if rules.check_sizes(draft):
        return ""
    return await asyncio.to_thread(rules.render, draft.body, draft.format)


def _products(draft: PostDraft) -> list[UUID]:
    return [tag.product_id for tag in draft.tags]


def _picture(
    draft: PostDraft,
    number: int,
    names: dict[UUID, str],
    translations: Sequence[TranslationGroup[PostTranslation]],
    films: dict[UUID, Video],
) -> PostPictureFields:
    media = draft.media[number]
    film = films.get(media.video_id) if media.video_id else None
    points = [
        PointView(n, _percent(tag.x), _percent(tag.y), names.get(tag.product_id, ""))
        for n, tag in enumerate(draft.tags)
        if tag.media == number and tag.x is not None
    ]
    return PostPictureFields(
        media=media,
        src=picture_url(media.file, PREVIEW_WIDTH),
        shape=frame_of(media.width, media.height),
        points=points,
        alts=[AltFields(t.code, t.language, "".join(t.words.alts[number : number + 1])) for t in translations],
        film=f"/files/{film.renditions[-1].file}" if film and film.playable else None,
        captions=film.captions if film else [],
    )


def _tags(ctx: ConsoleContext, draft: PostDraft, names: dict[UUID, str]) -> list[TagFields]:
    return [
        TagFields(
            product_id=str(tag.product_id),
            title=names.get(tag.product_id, ctx.words(N_("A product of another store"))),
            media="" if tag.media is None else str(tag.media),
            x=_percent(tag.x),
            y=_percent(tag.y),
            t0="" if tag.t0 is None else f"{tag.t0:g}",
            t1="" if tag.t1 is None else f"{tag.t1:g}",
        )
        for tag in draft.tags
    ]


def _wall_time(ctx: ConsoleContext, known: EditablePost | None) -> str:
    """As a field for a day and a time takes it; that of the address for a new post."""
    if known and known.scheduled_at:
        return local(known.scheduled_at, ctx.merchant.timezone).strftime("%Y-%m-%dT%H:%M")
    return ctx.query.get("at", "")[:16]


def _edit(ctx: ConsoleContext, edit: PostEdit) -> HistoryEntry:
    return HistoryEntry(
        at=views.moment(ctx, edit.at),
        actor=edit.actor,
        note=ctx.words(NOTES.get(edit.note, edit.note)),
        changes=[
            (ctx.words(LABELS.get(name, name)), _told(ctx, name, before), _told(ctx, name, after))
            for name, (before, after) in edit.changes.items()
        ],
    )


def _told(ctx: ConsoleContext, name: str, value: object) -> str:
    """A value of the history in words; of lists how many there are."""
    if name == "state" and value in set(PostState):
        return ctx.words(views.POST_STATES[PostState(str(value))])
    if name == "scheduled_at" and isinstance(value, str):
        return views.moment(ctx, datetime.fromisoformat(value))
    if isinstance(value, (list, dict)):
        return views.number(ctx, len(value))
    return "–" if value in (None, "") else str(value)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}".removesuffix(".0")


HANDLERS: list[Any] = [new, compose, edit, compose_known]
