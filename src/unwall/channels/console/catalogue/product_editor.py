"""A product's editor. Every button sends the whole form; only saving changes anything but the page."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from msgspec.structs import replace

from unwall.catalogue import actions, reads
from unwall.catalogue.rules import MAX_OPTIONS
from unwall.catalogue.values import ProductDraft, ProductStatus, ProductTranslation, VariantDraft
from unwall.channels.console import views
from unwall.channels.console.appeals import DropState, drop_state
from unwall.channels.console.catalogue.product_forms import (
    first_image,
    read_product,
    with_variant,
    without_image,
    without_variant,
)
from unwall.channels.console.catalogue.products import PATH, own, subject_of
from unwall.channels.console.context import ConsoleContext, EditorPage
from unwall.channels.console.forms import SubmittedForm, form_of, number_of
from unwall.channels.console.translations import TranslationGroup, other_languages, translation_groups
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.design.values import Option
from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.channels.http.files import check_stored
from unwall.channels.http.page_context import FieldTexts, known_id, see_other
from unwall.channels.http.pictures import PREVIEW_WIDTH, frame_of, picture_url
from unwall.channels.http.request_limits import MAX_FORM_PARTS
from unwall.kernel.database import Connection, lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import new_id
from unwall.kernel.money import Money
from unwall.kernel.text import N_
from unwall.media import picture_uploads
from unwall.media.values import Image
from unwall.people.values import Permission


@get(f"{PATH}/new", permission=Permission.CATALOGUE, include_in_schema=False)
async def new(ctx: ConsoleContext) -> Response[Any]:
    """The product's id is the form's from the start: saving twice makes one product."""
    draft = ProductDraft("", (VariantDraft(id=new_id(), sku="", price=0),), status=ProductStatus.DRAFT, id=new_id())
    async with ctx.confined() as conn:
        return await _page(conn, ctx, draft, known=False)


@get(f"{PATH}/{{product_id:uuid}}", permission=Permission.CATALOGUE, include_in_schema=False)
async def edit(ctx: ConsoleContext, product_id: UUID) -> Response[Any]:
    async with ctx.confined() as conn:
        return await _page(conn, ctx, await own(conn, ctx, product_id), known=True)


@post(
    f"{PATH}/new",
    permission=Permission.CATALOGUE,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
    form_parts=MAX_FORM_PARTS,
)
async def save_new(ctx: ConsoleContext) -> Response[Any]:
    form = await form_of(ctx.request)
    return await _save(ctx, form, ProductDraft("", (), id=known_id(form.text("id"))), known=False)


@post(
    f"{PATH}/{{product_id:uuid}}",
    permission=Permission.CATALOGUE,
    include_in_schema=False,
    status_code=303,
    request_max_body_size=MAX_UPLOAD_BYTES,
    form_parts=MAX_FORM_PARTS,
)
async def save(ctx: ConsoleContext, product_id: UUID) -> Response[Any]:
    form = await form_of(ctx.request)
    async with ctx.confined() as conn:
        before = await own(conn, ctx, product_id)
    return await _save(ctx, form, before, known=True)


async def _save(ctx: ConsoleContext, form: SubmittedForm, before: ProductDraft, *, known: bool) -> Response[Any]:
    doing, _, which = form.text("do").partition(":")
    draft = read_product(form, before, ctx.merchant.currency, other_languages(ctx.merchant))
    error: Invalid | ChangedMeanwhile | None = None
    try:
        draft = await _with_uploads(ctx, form, draft)
        if doing == "save":
            form.check()
            await _check_images(ctx, draft, before)
            return await _keep(ctx, draft, form.text(FIELD) if known else None)
    except (Invalid, ChangedMeanwhile) as wrong:
        error = wrong
    async with ctx.confined() as conn:
        return await _page(conn, ctx, _changed(draft, doing, which), known=known, error=error, form=form)


async def _check_images(ctx: ConsoleContext, draft: ProductDraft, before: ProductDraft) -> None:
    """Hidden fields name the pictures: each is stored here, or was the product's before, such as one of an import."""
    known = {image.file for image in before.images}
    named = {f"images.{n}.file": image.file for n, image in enumerate(draft.images) if image.file not in known}
    await check_stored(ctx.services, named)


async def _keep(ctx: ConsoleContext, draft: ProductDraft, version: str | None) -> Response[Any]:
    """`version`: of what the form was opened with; None for a new product."""
    async with ctx.confined() as conn:
        if draft.id and version is not None:
            await lock_subject(conn, PATH, draft.id)
            check_version(version, await own(conn, ctx, draft.id), draft)
        product_id = await actions.save_product(conn, ctx.merchant_id, draft)
    ctx.flash(ctx.words(N_("The product is saved.")))
    return see_other(f"{PATH}/{product_id}")


async def _with_uploads(ctx: ConsoleContext, form: SubmittedForm, draft: ProductDraft) -> ProductDraft:
    db, files = ctx.services.db, ctx.services.files
    added = [
        await picture_uploads.keep(db, files, upload.file, alt=draft.title, field="pictures") for upload in form.uploads
    ]
    return replace(draft, images=(*draft.images, *added))


def _changed(draft: ProductDraft, doing: str, which: str) -> ProductDraft:
    changes = {"drop": without_variant, "unpicture": without_image, "first": first_image}
    if doing == "add":
        return with_variant(draft, new_id())
    return changes[doing](draft, number_of(which)) if doing in changes else draft


async def _page(  # a form that is shown again needs all it was sent with
    conn: Connection,
    ctx: ConsoleContext,
    draft: ProductDraft,
    *,
    known: bool,
    error: Invalid | ChangedMeanwhile | None = None,
    form: SubmittedForm | None = None,
) -> Response[Any]:
    names = [*draft.option_names, *[""] * MAX_OPTIONS][:MAX_OPTIONS]
    categories = await reads.categories(conn, ctx.merchant_id, "")
    return ctx.page(
        ProductEditorPage(
            title=draft.title or ctx.words(N_("New product")),
            version=form.text(FIELD) if form else version_of(draft),
            draft=draft,
            known=known,
            off_sale=await drop_state(ctx, subject_of(draft.id) if known and draft.id else None),
            action=f"{PATH}/{draft.id}" if known else f"{PATH}/new",
            errors=ctx.field_errors(error),
            translations=translation_groups(ctx, draft.translations, ProductTranslation()),
            option_names=names,
            used_options=[name for name in names if name],
            variants=[_variant(ctx, n, variant, form) for n, variant in enumerate(draft.variants)],
            pictures=[_picture(image) for image in draft.images],
            forms=_forms(ctx, draft),
            statuses=[Option(s.value, ctx.words(label)) for s, label in views.STATUSES.items()],
            categories=[category.title for category in categories],
            tags=", ".join(draft.tags),
            shop_url=f"/m/{ctx.merchant.slug}/p/{draft.slug}"
            if known and draft.status is ProductStatus.ACTIVE
            else None,
        ),
        error=error,
    )


def _forms(ctx: ConsoleContext, draft: ProductDraft) -> list[Option]:
    """What a picture can show: one value of an option, or all variants alike."""
    values = dict.fromkeys(value for variant in draft.variants for value in variant.options if value)
    return [Option("", ctx.words(N_("Every variant"))), *(Option(value, value) for value in values)]


class PictureFields(msgspec.Struct, frozen=True):
    image: Image
    src: str | None
    shape: str


class VariantFields(msgspec.Struct, frozen=True):
    """A variant with its numbers as the form shows them."""

    draft: VariantDraft
    price: str
    compare_at: str
    weight_g: str


class ProductEditorPage(EditorPage, frozen=True, kw_only=True):
    TEMPLATE = "console/product.html"

    draft: ProductDraft
    known: bool
    off_sale: DropState
    action: str
    errors: FieldTexts
    translations: list[TranslationGroup[ProductTranslation]]
    option_names: list[str]
    used_options: list[str]
    variants: list[VariantFields]
    pictures: list[PictureFields]
    forms: list[Option]
    statuses: list[Option]
    categories: list[str]
    tags: str
    shop_url: str | None


def _picture(image: Image) -> PictureFields:
    return PictureFields(image, picture_url(image.file, PREVIEW_WIDTH), frame_of(image.width, image.height))


def _variant(ctx: ConsoleContext, number: int, variant: VariantDraft, form: SubmittedForm | None) -> VariantFields:
    """Numbers that could not be read are shown as they were written."""

    def shown(name: str, value: object) -> str:
        field = f"variants.{number}.{name}"
        unread = form is not None and any(e.field == field for e in form.errors)
        return form.text(field) if form and unread else "" if value is None else str(value)

    def amount(value: int | None) -> object:
        return None if value is None else Money(value, ctx.merchant.currency).decimal()

    return VariantFields(
        draft=variant,
        price=shown("price", amount(variant.price)),
        compare_at=shown("compare_at", amount(variant.compare_at)),
        weight_g=shown("weight_g", variant.weight_g),
    )


HANDLERS: list[Any] = [new, save_new, edit, save]
