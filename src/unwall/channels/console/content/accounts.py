"""The accounts that the store publishes under: its own, its brands, its magazines; and which staff act for each."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile

from unwall.channels.console.content.posts import PATH as POSTS
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.translations import TranslationGroup, other_languages, translation_groups
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.files import check_stored
from unwall.channels.http.follower_lists import FollowerView, follower_views, followers_words
from unwall.channels.http.menus import ROLES
from unwall.channels.http.page_context import FieldTexts, known_id, see_other, with_query
from unwall.channels.http.pictures import picture_url, thumbnail_url
from unwall.content.accounts import reads
from unwall.content.accounts.rules import staff_actor
from unwall.content.accounts.values import Account, AccountDraft, AccountKind, AccountTranslation
from unwall.kernel.database import Connection
from unwall.kernel.errors import Forbidden, Invalid, existing
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.people.reads import staff_list
from unwall.people.rules import ROLE_PERMISSIONS
from unwall.people.values import Permission, Role
from unwall.usecases.save_profile import NOT_YOURS, save_profile

PATH = f"{POSTS}/accounts"
KINDS = {
    AccountKind.BRAND: N_("A brand"),
    AccountKind.PUBLISHER: N_("A magazine, a paper or a blog"),
    AccountKind.CREATOR: N_("A person who makes things"),
}
"""What a new account may be: each store has its own account from the start."""
KIND_NAMES = {**KINDS, AccountKind.STORE: N_("A store")}
PICTURES = ("avatar", "banner")
EVERYBODY, CHOSEN = "everybody", "chosen"
CHOSEN_PREFIX = "staff."


class AccountRow(msgspec.Struct, frozen=True):
    name: str
    handle: str
    avatar: str | None
    kind: str
    verified: bool
    followers: str
    url: str | None
    """of its editor, for who may act for it"""
    shop_url: str


class AccountsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/accounts.html"

    posts_url: str
    rows: list[AccountRow]
    new_url: str | None


class StaffChoice(msgspec.Struct, frozen=True):
    id: str
    name: str
    detail: str
    chosen: bool


class AccountEditorPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/account.html"

    path: str
    draft: AccountDraft
    action: str
    errors: FieldTexts
    kinds: list[Option]
    pictures: list[tuple[str, str, str]]
    """a field, what is there now, and its address"""
    translations: list[TranslationGroup[AccountTranslation]]
    choices: list[StaffChoice] | None
    """None for who may not choose"""
    limited: bool


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def accounts(ctx: ConsoleContext) -> Response[str]:
    actor = staff_actor(ctx.staff)
    async with ctx.confined() as conn:
        own = await reads.own_accounts(conn, actor.owner, ctx.lang)
        acting = {one.id for one in await reads.accounts_of(conn, actor, ctx.lang)}
    return ctx.page(
        AccountsPage(
            title=ctx.words(N_("Accounts")),
            posts_url=POSTS,
            rows=[_row(ctx, one, acting=one.id in acting) for one in own],
            new_url=f"{PATH}/new" if ctx.may(Permission.PEOPLE) else None,
        )
    )


def _row(ctx: ConsoleContext, one: Account, *, acting: bool) -> AccountRow:
    return AccountRow(
        name=one.name,
        handle=one.handle,
        avatar=thumbnail_url(one.avatar),
        kind=ctx.words(KIND_NAMES[one.kind]),
        verified=one.verified,
        followers=followers_words(one.followers, ctx.lang),
        url=f"{PATH}/{one.id}" if acting else None,
        shop_url=f"/a/{one.handle}",
    )


class AccountFollowersPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/account_followers.html"

    path: str
    counted: str
    rows: list[FollowerView]
    next_url: str | None


@get(f"{PATH}/{{account_id:uuid}}/followers", permission=Permission.PUBLISH, include_in_schema=False)
async def followers(ctx: ConsoleContext, account_id: UUID) -> Response[str]:
    """Those who publish; their accounts are public, and no row of the merchant's."""
    actor = staff_actor(ctx.staff)
    async with ctx.confined() as conn:
        await _own(conn, ctx, account_id)
        own = existing(await reads.account(conn, account_id, ctx.lang), NOT_YOURS)
    async with ctx.services.db.read() as conn:
        page = await reads.followers(conn, actor.owner, account_id, ctx.lang, after=ctx.query.get("after"))
    return ctx.page(
        AccountFollowersPage(
            title=ctx.words(N_("Followers of {name}"), name=own.name),
            path=PATH,
            counted=followers_words(own.followers, ctx.lang),
            rows=follower_views(page.rows, ctx.lang),
            next_url=with_query(f"{PATH}/{account_id}/followers", {"after": page.after}) if page.after else None,
        )
    )


# --- the editor -------------------------------------------------------------------------------------------------------


@get(f"{PATH}/new", permission=Permission.PEOPLE, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    """The account's id is the form's from the start: saving twice makes one account."""
    return await _page(ctx, AccountDraft("", "", AccountKind.BRAND, id=new_id()), known=False)


@get(f"{PATH}/{{account_id:uuid}}", permission=Permission.PUBLISH, include_in_schema=False)
async def edit(ctx: ConsoleContext, account_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        draft = await _own(conn, ctx, account_id)
    return await _page(ctx, draft, known=True)


@post(
    f"{PATH}/new",
    permission=Permission.PEOPLE,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def save_new(ctx: ConsoleContext) -> Response[Any]:
    """One that is there already is changed in its own form, which has a version."""
    form, uploads = await _sent(ctx)
    account_id = known_id(form.text("id")) or new_id()
    async with ctx.confined() as conn:
        if await reads.draft(conn, staff_actor(ctx.staff).owner, account_id):
            return see_other(f"{PATH}/{account_id}")
    return await _save(ctx, form, uploads, AccountDraft("", "", AccountKind.BRAND, id=account_id), known=False)


@post(
    f"{PATH}/{{account_id:uuid}}",
    permission=Permission.PUBLISH,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
)
async def save(ctx: ConsoleContext, account_id: UUID) -> Response[Any]:
    form, uploads = await _sent(ctx)
    async with ctx.confined() as conn:
        before = await _own(conn, ctx, account_id)
    return await _save(ctx, form, uploads, before, known=True)


async def _own(conn: Connection, ctx: ConsoleContext, account_id: UUID) -> AccountDraft:
    """Raises `NotFound` for an account that the member of staff may not act for."""
    actor = staff_actor(ctx.staff)
    acting = {one.id for one in await reads.accounts_of(conn, actor, ctx.lang)}
    return existing(await reads.draft(conn, actor.owner, account_id) if account_id in acting else None, NOT_YOURS)


async def _sent(ctx: ConsoleContext) -> tuple[SubmittedForm, dict[str, UploadFile]]:
    sent = await ctx.request.form()
    fields = {name: value for name, value in sent.multi_items() if isinstance(value, str)}
    uploads = {name: value for name, value in sent.multi_items() if isinstance(value, UploadFile) and value.filename}
    return SubmittedForm(fields, []), uploads


async def _save(
    ctx: ConsoleContext, form: SubmittedForm, uploads: dict[str, UploadFile], before: AccountDraft, *, known: bool
) -> Response[Any]:
    draft = _read(ctx, form, before)
    try:
        draft = await _with_pictures(ctx, uploads, draft)
        form.check()
        await check_stored(ctx.services, {name: file for name in PICTURES if (file := getattr(draft, name))})
        check = partial(check_version, form.text(FIELD), typed=draft) if known else None
        await save_profile(ctx.services.db, staff_actor(ctx.staff), draft, check)
    except (Invalid, ChangedMeanwhile) as error:
        return await _page(ctx, draft, known=known, error=error, form=form)
    ctx.flash(
        ctx.words(N_("The account is saved.") if known else N_("The account is made. You can publish as it now."))
    )
    return see_other(PATH)


def _read(ctx: ConsoleContext, form: SubmittedForm, before: AccountDraft) -> AccountDraft:
    """The kind of a store's own account stays, as does who acts for an account where the sender may not choose."""
    words = {code: _translation(form, code) for code in other_languages(ctx.merchant)}
    kind = before.kind
    if kind is not AccountKind.STORE:
        kind = form.read("kind", _kind, before.kind, N_("Choose one of the kinds."))
    return msgspec.structs.replace(
        before,
        handle=form.text("handle"),
        name=form.text("name"),
        kind=kind,
        bio=form.text("bio"),
        translations={**before.translations, **words},
        staff_ids=_staff(form) if ctx.may(Permission.PEOPLE) else before.staff_ids,
        **{name: form.text(name) or None for name in PICTURES},
    )


def _kind(text: str) -> AccountKind:
    """Raises `ValueError`."""
    kind = AccountKind(text)
    if kind not in KINDS:
        raise ValueError(text)
    return kind


def _translation(form: SubmittedForm, code: str) -> AccountTranslation:
    return AccountTranslation(form.text(f"translations.{code}.name"), form.text(f"translations.{code}.bio"))


def _staff(form: SubmittedForm) -> list[UUID] | None:
    if form.text("acting") != CHOSEN:
        return None
    chosen = (parse_id(name.removeprefix(CHOSEN_PREFIX)) for name in form.fields if name.startswith(CHOSEN_PREFIX))
    return sorted(one for one in chosen if one)


async def _with_pictures(ctx: ConsoleContext, uploads: dict[str, UploadFile], draft: AccountDraft) -> AccountDraft:
    kept = {}
    for name in PICTURES:
        if upload := uploads.get(f"new_{name}"):
            kept[name] = (await picture_uploads.keep(ctx.services.db, ctx.services.files, upload.file, field=name)).file
    return msgspec.structs.replace(draft, **kept)


async def _page(
    ctx: ConsoleContext,
    draft: AccountDraft,
    *,
    known: bool,
    error: Invalid | ChangedMeanwhile | None = None,
    form: SubmittedForm | None = None,
) -> Response[Any]:
    if ctx.staff.role is not Role.OWNER and not known:
        raise Forbidden(N_("Your role does not allow this. Ask an owner of your store."))
    kinds = {draft.kind: KIND_NAMES[draft.kind]} if draft.kind is AccountKind.STORE else KINDS
    return ctx.page(
        AccountEditorPage(
            title=draft.name or ctx.words(N_("New account")),
            version=form.text(FIELD) if form else version_of(draft),
            path=PATH,
            draft=draft,
            action=f"{PATH}/{draft.id}" if known else f"{PATH}/new",
            errors=ctx.field_errors(error),
            kinds=[Option(kind.value, ctx.words(label)) for kind, label in kinds.items()],
            pictures=[(name, key, picture_url(key) or "") for name in PICTURES if (key := getattr(draft, name))],
            translations=translation_groups(ctx, draft.translations, AccountTranslation()),
            choices=await _choices(ctx, draft) if ctx.may(Permission.PEOPLE) else None,
            limited=draft.staff_ids is not None,
        ),
        error=error,
    )


async def _choices(ctx: ConsoleContext, draft: AccountDraft) -> list[StaffChoice]:
    """Who may publish but is no owner: owners act for every account."""
    async with ctx.confined() as conn:
        staff = await staff_list(conn, ctx.merchant_id)
    return [
        StaffChoice(
            str(one.id), one.name, f"{one.email} · {ctx.words(ROLES[one.role])}", one.id in (draft.staff_ids or ())
        )
        for one in staff
        if one.active and one.role is not Role.OWNER and Permission.PUBLISH in ROLE_PERMISSIONS[one.role]
    ]


HANDLERS: list[Any] = [accounts, followers, new, save_new, edit, save]
