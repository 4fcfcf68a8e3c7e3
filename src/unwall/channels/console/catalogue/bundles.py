"""Sets: the list, and the editor, whose every button sends the whole form."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from msgspec.structs import replace

from unwall.catalogue import actions, reads
from unwall.catalogue import bundles as sets
from unwall.catalogue.bundle_rules import bundle_price
from unwall.catalogue.values import Bundle, BundleDraft, BundlePartDraft, ProductTranslation, VariantItem
from unwall.channels.console import views
from unwall.channels.console.appeals import DropState, appeal_against, drop_state
from unwall.channels.console.catalogue.product_forms import read_translations
from unwall.channels.console.context import ConsoleContext, ConsolePage, EditorPage
from unwall.channels.console.forms import SubmittedForm, form_of, number_of
from unwall.channels.console.translations import TranslationGroup, other_languages, translation_groups
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Cell
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.routes import FormData
from unwall.content.moderation.values import Subject, SubjectKind
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Invalid, existing
from unwall.kernel.ids import new_id
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = "/console/bundles"
NOTHING = UUID(int=0)
"""The id of no variant."""


@get(PATH, permission=Permission.CATALOGUE, include_in_schema=False)
async def bundles(ctx: ConsoleContext) -> Response[str]:
    async with ctx.confined() as conn:
        own_bundles = await sets.bundles(conn, ctx.merchant_id, ctx.lang)
    title = ctx.words(N_("Sets"))
    return ctx.page(
        BundlesPage(
            title=title,
            rows=[_row(ctx, bundle) for bundle in own_bundles],
        )
    )


class BundleRow(msgspec.Struct, frozen=True):
    title: Cell
    parts: str
    price: str
    state: Cell


class BundlesPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/bundles.html"

    rows: list[BundleRow]


def _row(ctx: ConsoleContext, bundle: Bundle) -> BundleRow:
    state, tone = (N_("On sale"), "good") if bundle.active else (N_("Not on sale"), "soon")
    if bundle.active and not all(part.item.sellable for part in bundle.parts):
        state, tone = N_("A part is no longer sold"), "bad"
    parts = (f"{part.quantity} × {views.item_name(part.item.title, part.item.options)}" for part in bundle.parts)
    return BundleRow(
        title=Cell(bundle.title, f"{PATH}/{bundle.id}"),
        parts=", ".join(parts),
        price=views.money(ctx, bundle_price(bundle.parts, ctx.merchant.currency).amount),
        state=Cell(ctx.words(state), tone=tone),
    )


# --- the editor -------------------------------------------------------------------------------------------------------


class _Line(msgspec.Struct, frozen=True):
    """One part as it was typed into the form."""

    sku: str
    quantity: str


class LineFields(msgspec.Struct, frozen=True):
    sku: str
    quantity: str
    item: str


class _Typed(msgspec.Struct, frozen=True):
    """A set as its form has it."""

    draft: BundleDraft
    lines: list[_Line]
    known: bool
    """whether it is stored already"""


@get(f"{PATH}/new", permission=Permission.CATALOGUE, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    """The set's id is the form's from the start: saving twice makes one set."""
    lines = [_Line("", "1"), _Line("", "1")]
    async with ctx.confined() as conn:
        return await _page(conn, ctx, _Typed(BundleDraft(title="", parts=(), id=new_id()), lines, known=False))


@get(f"{PATH}/{{bundle_id:uuid}}", permission=Permission.CATALOGUE, include_in_schema=False)
async def edit(ctx: ConsoleContext, bundle_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        draft = await _own(conn, ctx, bundle_id)
        items = await reads.items(conn, [part.variant_id for part in draft.parts], ctx.lang)
        lines = [_Line(items[part.variant_id].sku, str(part.quantity)) for part in draft.parts]
        return await _page(conn, ctx, _Typed(draft, lines, known=True))


@post(f"{PATH}/new", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def save_new(ctx: ConsoleContext) -> Response[Any]:
    form = await form_of(ctx.request)
    return await _save(ctx, form, BundleDraft(title="", parts=(), id=known_id(form.text("id"))), known=False)


@post(f"{PATH}/{{bundle_id:uuid}}", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def save(ctx: ConsoleContext, bundle_id: UUID) -> Response[Any]:
    form = await form_of(ctx.request)
    async with ctx.confined() as conn:
        before = await _own(conn, ctx, bundle_id)
    return await _save(ctx, form, before, known=True)


@post(f"{PATH}/{{bundle_id:uuid}}/appeal", permission=Permission.CATALOGUE, include_in_schema=False, status_code=303)
async def appeal(ctx: ConsoleContext, bundle_id: UUID, data: FormData) -> Redirect:
    async with ctx.confined() as conn:
        await _own(conn, ctx, bundle_id)
    await appeal_against(ctx, _subject(bundle_id), data.get("words", ""))
    return see_other(f"{PATH}/{bundle_id}")


def _subject(bundle_id: UUID) -> Subject:
    return Subject(SubjectKind.BUNDLE, bundle_id)


async def _own(conn: Connection, ctx: ConsoleContext, bundle_id: UUID) -> BundleDraft:
    return existing(await sets.bundle_draft(conn, ctx.merchant_id, bundle_id), N_("There is no such set."))


async def _save(ctx: ConsoleContext, form: SubmittedForm, before: BundleDraft, *, known: bool) -> Response[Any]:
    doing, _, which = form.text("do").partition(":")
    draft, lines = _read(form, before, other_languages(ctx.merchant)), _lines(form)
    error: Invalid | ChangedMeanwhile | None = None
    if doing == "save":
        lines = [line for line in lines if line.sku]
        try:
            return await _keep(ctx, draft, lines, form.text(FIELD) if known else None)
        except (Invalid, ChangedMeanwhile) as wrong:
            error = wrong
    elif doing == "add":
        lines.append(_Line("", "1"))
    elif doing == "drop":
        lines = [line for n, line in enumerate(lines) if n != number_of(which)]
    async with ctx.confined() as conn:
        return await _page(conn, ctx, _Typed(draft, lines, known=known), error=error, version=form.text(FIELD))


async def _keep(ctx: ConsoleContext, draft: BundleDraft, lines: Iterable[_Line], version: str | None) -> Response[Any]:
    """`version`: of what the form was opened with; None for a new set."""
    async with ctx.confined() as conn:
        items = await _items(conn, ctx, lines)
        whole = replace(draft, parts=tuple(_part(line, items) for line in lines))
        if draft.id and version is not None:
            await lock_subject(conn, PATH, draft.id)
            check_version(version, await _own(conn, ctx, draft.id), whole)
        await actions.save_bundle(conn, ctx.merchant_id, whole)
    ctx.flash(ctx.words(N_("The set is saved.")))
    return see_other(PATH)


def _read(form: SubmittedForm, before: BundleDraft, languages: Iterable[str]) -> BundleDraft:
    """Without its parts."""
    return replace(
        before,
        title=form.text("title"),
        description=form.text("description"),
        active=form.has("active"),
        translations=read_translations(form, before.translations, languages),
    )


def _lines(form: SubmittedForm) -> list[_Line]:
    return [_Line(form.text(f"parts.{n}.sku"), form.text(f"parts.{n}.quantity")) for n in form.parts("parts")]


def _part(line: _Line, items: Mapping[str, VariantItem]) -> BundlePartDraft:
    """What is no SKU of the merchant, or no number, is for the action to refuse."""
    item = items.get(line.sku)
    return BundlePartDraft(item.variant_id if item else NOTHING, number_of(line.quantity))


async def _items(conn: Connection, ctx: ConsoleContext, lines: Iterable[_Line]) -> dict[str, VariantItem]:
    return await reads.variants_by_sku(conn, ctx.merchant_id, [line.sku for line in lines], ctx.lang)


class BundleEditorPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/bundle.html"

    draft: BundleDraft
    off_sale: DropState
    action: str
    errors: FieldTexts
    translations: list[TranslationGroup[ProductTranslation]]
    lines: list[LineFields]


async def _page(
    conn: Connection,
    ctx: ConsoleContext,
    typed: _Typed,
    *,
    error: Invalid | ChangedMeanwhile | None = None,
    version: str | None = None,
) -> Response[Any]:
    draft = typed.draft
    items = await _items(conn, ctx, typed.lines)
    return ctx.page(
        BundleEditorPage(
            title=draft.title or ctx.words(N_("New set")),
            version=version_of(draft) if version is None else version,
            draft=draft,
            off_sale=await drop_state(ctx, _subject(draft.id) if typed.known and draft.id else None),
            action=f"{PATH}/{draft.id}" if typed.known else f"{PATH}/new",
            errors=ctx.field_errors(error),
            translations=translation_groups(ctx, draft.translations, ProductTranslation()),
            lines=[LineFields(line.sku, line.quantity, _item_name(items.get(line.sku))) for line in typed.lines],
        ),
        error=error,
    )


def _item_name(item: VariantItem | None) -> str:
    return views.item_name(item.title, item.options) if item else ""


HANDLERS: list[Any] = [bundles, new, save_new, edit, save, appeal]
