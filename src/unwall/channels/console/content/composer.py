"""The composer: text, pictures and the products in them, with a preview beside it. Every button sends the whole
form; only saving and publishing change anything but the page."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.catalogue import reads as catalogue
from unwall.channels.console import views
from unwall.channels.console.content.post_forms import read_draft, with_tag, without_picture, without_tag
from unwall.channels.console.content.posts import PATH, own
from unwall.channels.console.context import ConsoleContext
from unwall.channels.console.forms import SubmittedForm, form_of, number_of
from unwall.channels.console.product_finder import find_products
from unwall.channels.console.translations import TranslationGroup, other_languages, own_language, translation_groups
from unwall.channels.design.values import Option
from unwall.channels.http.page_context import known_id, see_other
from unwall.channels.http.pictures import PREVIEW_WIDTH, frame_of, picture_url, thumbnail_url
from unwall.content.accounts.reads import own_accounts
from unwall.content.accounts.rules import staff_actor
from unwall.content.posts import reads
from unwall.content.posts.rules import render as as_html
from unwall.content.posts.values import EditablePost, Media, PostDraft, PostState, PostTranslation
from unwall.kernel.database import Connection
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.media import pictures as images
from unwall.people.values import Permission
from unwall.usecases.publish_post import save_post


@get(f"{PATH}/new", permission=Permission.PUBLISH, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    """The post's id is the form's from the start: saving twice makes one post."""
    async with ctx.confined() as conn:
        accounts = await own_accounts(conn, staff_actor(ctx.staff).owner, ctx.lang)
        draft = PostDraft(accounts[0].id if accounts else new_id(), id=new_id())
        return await _page(conn, ctx, draft, None)


@get(f"{PATH}/{{post_id:uuid}}", permission=Permission.PUBLISH, include_in_schema=False)
async def edit(ctx: ConsoleContext, post_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        known = await own(conn, ctx, post_id)
        return await _page(conn, ctx, known.draft, known)


@post(f"{PATH}/new", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def compose(ctx: ConsoleContext) -> Response[Any]:
    form = await form_of(ctx.request)
    return await _compose(ctx, form, known_id(form.text("id")))


@post(f"{PATH}/{{post_id:uuid}}", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
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
        if doing in {"save", "publish"}:
            form.check()
            return await _save(ctx, draft, publish=doing == "publish")
        error = None
    except Invalid as wrong:
        error = wrong
    async with ctx.confined() as conn:
        return await _page(conn, ctx, _changed(draft, doing, which), known, error=error, find=form.text("find"))


async def _with_uploads(ctx: ConsoleContext, form: SubmittedForm, draft: PostDraft) -> PostDraft:
    added = []
    for upload in form.uploads:
        image = await images.store(ctx.services.files, upload.file, field="pictures")
        added.append(Media(image.file, image.alt, image.width, image.height))
    return replace(draft, media=(*draft.media, *added))


def _changed(draft: PostDraft, doing: str, which: str) -> PostDraft:
    if doing == "tag":
        return with_tag(draft, known_id(which))
    if doing == "untag":
        return without_tag(draft, number_of(which))
    if doing == "unpicture":
        return without_picture(draft, number_of(which))
    return draft


async def _save(ctx: ConsoleContext, draft: PostDraft, *, publish: bool) -> Response[Any]:
    post_id = await save_post(ctx.services.db, staff_actor(ctx.staff), draft, ctx.now, publish=publish)
    ctx.flash(ctx.words(N_("The post is live.") if publish else N_("The post is saved.")))
    return see_other(views.post_url(post_id))


# --- the page ---------------------------------------------------------------------------------------------------------


async def _page(
    conn: Connection,
    ctx: ConsoleContext,
    draft: PostDraft,
    known: EditablePost | None,
    *,
    error: Invalid | None = None,
    find: str = "",
) -> Response[Any]:
    translations = translation_groups(ctx, draft.translations, PostTranslation())
    names = {item.product_id: item.title for item in await catalogue.items_of(conn, _products(draft), ctx.lang)}
    accounts = await own_accounts(conn, staff_actor(ctx.staff).owner, ctx.lang)
    account = next((a for a in accounts if a.id == draft.account_id), None)
    return ctx.page(
        "console/composer.html",
        error=error,
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
        pictures=[_picture(draft, n, names, translations) for n in range(len(draft.media))],
        tags=_tags(ctx, draft, names),
        find=find,
        found=await find_products(conn, ctx, find, _products(draft)),
        body_html=as_html(draft.body),
        post=_state(ctx, known),
    )


class PostStatus(msgspec.Struct, frozen=True):
    label: str
    tone: str
    live: bool
    removed: bool
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


class TagFields(msgspec.Struct, frozen=True):
    """`media` is the number of the picture; "" for a tag of the whole post."""

    product_id: str
    title: str
    media: str
    x: str
    y: str


def _state(ctx: ConsoleContext, known: EditablePost | None) -> PostStatus:
    state = known.state if known else PostState.DRAFT
    return PostStatus(
        label=ctx.words(views.POST_STATES[state]),
        tone=views.POST_TONES[state],
        live=state is PostState.LIVE,
        removed=state is PostState.REMOVED,
        known=known is not None,
    )


def _products(draft: PostDraft) -> list[UUID]:
    return [tag.product_id for tag in draft.tags]


def _picture(
    draft: PostDraft, number: int, names: dict[UUID, str], translations: Sequence[TranslationGroup[PostTranslation]]
) -> PostPictureFields:
    media = draft.media[number]
    points = [
        PointView(n, _percent(tag.x), _percent(tag.y), names.get(tag.product_id, ""))
        for n, tag in enumerate(draft.tags)
        if tag.media == number
    ]
    return PostPictureFields(
        media=media,
        src=picture_url(media.file, PREVIEW_WIDTH),
        shape=frame_of(media.width, media.height),
        points=points,
        alts=[AltFields(t.code, t.language, "".join(t.words.alts[number : number + 1])) for t in translations],
    )


def _tags(ctx: ConsoleContext, draft: PostDraft, names: dict[UUID, str]) -> list[TagFields]:
    return [
        TagFields(
            product_id=str(tag.product_id),
            title=names.get(tag.product_id, ctx.words(N_("A product of another store"))),
            media="" if tag.media is None else str(tag.media),
            x=_percent(tag.x),
            y=_percent(tag.y),
        )
        for tag in draft.tags
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share * 100:.1f}".removesuffix(".0")


HANDLERS: list[Any] = [new, compose, edit, compose_known]
