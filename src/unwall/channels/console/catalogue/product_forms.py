"""A product's editor as a form: variants are numbered `variants.N`, pictures `images.N`; the form holds the whole
product, so that adding a row needs no script. Pure."""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from unwall.catalogue.rules import MAX_OPTIONS
from unwall.catalogue.values import ProductDraft, ProductStatus, ProductTranslation, VariantDraft
from unwall.channels.console.forms import SubmittedForm, whole
from unwall.kernel.ids import parse_id
from unwall.kernel.money import parse_money
from unwall.kernel.text import N_
from unwall.media.values import Image


def read_product(form: SubmittedForm, before: ProductDraft, currency: str, languages: Iterable[str]) -> ProductDraft:
    """Fields that cannot be read are added to the form's errors; what the form does not show stays as in `before`."""
    names = tuple(name for n in range(MAX_OPTIONS) if (name := form.text(f"option_names.{n}.name")))
    return replace(
        before,
        title=form.text("title"),
        description=form.text("description"),
        vendor=form.text("vendor"),
        tax_class=form.text("tax_class"),
        category=form.text("category"),
        tags=tuple(form.text("tags").split(",")),
        status=form.read("status", ProductStatus, before.status, N_("Choose one of the states.")),
        option_names=names,
        variants=tuple(_variant(form, n, len(names), currency) for n in form.parts("variants")),
        images=tuple(_image(form, n) for n in form.parts("images")),
        translations=read_translations(form, before.translations, languages),
    )


def read_translations(
    form: SubmittedForm, before: Mapping[str, ProductTranslation], languages: Iterable[str]
) -> dict[str, ProductTranslation]:
    """Words that the form does not show (of options and pictures, in languages no longer there) stay as they were."""
    read = dict(before)
    for code in languages:
        title, description = (form.text(f"translations.{code}.{name}") for name in ("title", "description"))
        read[code] = replace(before.get(code, ProductTranslation()), title=title, description=description)
    return read


def _variant(form: SubmittedForm, number: int, options: int, currency: str) -> VariantDraft:
    name = f"variants.{number}"
    compare_at = f"{name}.compare_at"
    return VariantDraft(
        id=parse_id(form.text(f"{name}.id")),
        sku=form.text(f"{name}.sku"),
        options=tuple(form.text(f"{name}.option{n}") for n in range(options)),
        price=form.read(f"{name}.price", partial(_amount, currency, f"{name}.price"), 0),
        compare_at=form.read(compare_at, partial(_amount, currency, compare_at), 0) if form.text(compare_at) else None,
        barcode=form.text(f"{name}.barcode") or None,
        weight_g=form.read(f"{name}.weight_g", whole, 0),
        active=form.has(f"{name}.active"),
    )


def _amount(currency: str, field: str, text: str) -> int:
    return parse_money(text, currency, field=field).amount


def _image(form: SubmittedForm, number: int) -> Image:
    name = f"images.{number}"
    width, height = (form.read(f"{name}.{side}", int, 1) for side in ("width", "height"))
    return Image(form.text(f"{name}.file"), form.text(f"{name}.alt"), width, height, form.text(f"{name}.shows"))


# --- what the buttons do ----------------------------------------------------------------------------------------------


def with_variant(draft: ProductDraft, variant_id: UUID) -> ProductDraft:
    """With one more variant, priced like the last."""
    price = draft.variants[-1].price if draft.variants else 0
    empty = VariantDraft(id=variant_id, sku="", price=price, options=("",) * len(draft.option_names))
    return replace(draft, variants=(*draft.variants, empty))


def without_variant(draft: ProductDraft, number: int) -> ProductDraft:
    return replace(draft, variants=tuple(v for n, v in enumerate(draft.variants) if n != number))


def without_image(draft: ProductDraft, number: int) -> ProductDraft:
    return replace(draft, images=tuple(image for n, image in enumerate(draft.images) if n != number))


def first_image(draft: ProductDraft, number: int) -> ProductDraft:
    chosen = draft.images[number : number + 1]
    return replace(draft, images=(*chosen, *(image for n, image in enumerate(draft.images) if n != number)))
