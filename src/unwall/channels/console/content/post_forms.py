"""A post's composer as a form: what it holds is the whole draft, so nothing is kept between two presses but the form
itself. Pictures are numbered `media.N`, tags `tags.N` with their points in per cent. Pure."""

from collections.abc import Iterable
from uuid import UUID

from msgspec.structs import replace

from unwall.channels.console.forms import SubmittedForm
from unwall.content.posts.values import Media, PostDraft, PostKind, PostTranslation, Tag
from unwall.kernel.errors import FieldError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_

POINT = N_("Write a number from 0 to 100.")
MIDDLE = 0.5


def read_draft(form: SubmittedForm, post_id: UUID, languages: Iterable[str], before: PostDraft | None) -> PostDraft:
    """What is unreadable is marked in the form. Words in languages that the form does not show stay as they were."""
    media = [_media(form, number) for number in form.parts("media")]
    translations = {code: _translation(form, code) for code in languages}
    return PostDraft(
        account_id=parse_id(form.text("account_id")) or new_id(),
        kind=form.read("kind", PostKind, PostKind.NOTE, N_("Choose one of the kinds.")),
        title=form.text("title"),
        body=form.text("body"),
        media=tuple(media),
        tags=tuple(tag for number in form.parts("tags") if (tag := _tag(form, number))),
        translations={**(before.translations if before else {}), **translations},
        id=post_id,
    )


def _translation(form: SubmittedForm, code: str) -> PostTranslation:
    alts = tuple(form.text(f"media.{number}.alts.{code}") for number in form.parts("media"))
    return PostTranslation(form.text(f"translations.{code}.title"), form.text(f"translations.{code}.body"), alts=alts)


def _media(form: SubmittedForm, number: int) -> Media:
    def side(name: str) -> int:
        return form.read(f"media.{number}.{name}", int, 1)

    file, alt = form.text(f"media.{number}.file"), form.text(f"media.{number}.alt")
    return Media(file, alt, side("width"), side("height"))


def _tag(form: SubmittedForm, number: int) -> Tag | None:
    name = f"tags.{number}"
    product_id = parse_id(form.text(f"{name}.product_id"))
    if product_id is None:
        form.errors.append(FieldError(f"{name}.product_id", N_("There is no such product.")))
        return None
    if not form.text(f"{name}.media"):
        return Tag(product_id)
    picture = form.read(f"{name}.media", int, 0)
    x, y = (form.read(f"{name}.{axis}", _share, MIDDLE, POINT) for axis in ("x", "y"))
    return Tag(product_id, picture, x, y)


def _share(percent: str) -> float:
    value = float(percent) / 100
    if not 0 <= value <= 1:
        raise ValueError(percent)
    return round(value, 4)


# --- what the buttons do to a draft -----------------------------------------------------------------------------------


def with_tag(draft: PostDraft, product_id: UUID) -> PostDraft:
    """In the middle of the last picture, or of the post as a whole where it has none. Tagging twice changes nothing."""
    if any(tag.product_id == product_id for tag in draft.tags):
        return draft
    last = len(draft.media) - 1
    tag = Tag(product_id, last, MIDDLE, MIDDLE) if draft.media else Tag(product_id)
    return replace(draft, tags=(*draft.tags, tag))


def without_tag(draft: PostDraft, number: int) -> PostDraft:
    return replace(draft, tags=tuple(tag for n, tag in enumerate(draft.tags) if n != number))


def without_picture(draft: PostDraft, number: int) -> PostDraft:
    """Its tags become tags of the whole post."""
    tags = (_after_removal(tag, number) for tag in draft.tags)
    words = {lang: replace(text, alts=_without(text.alts, number)) for lang, text in draft.translations.items()}
    return replace(draft, media=_without(draft.media, number), tags=tuple(tags), translations=words)


def _without(items: tuple, number: int) -> tuple:  # type: ignore[type-arg]
    return tuple(item for n, item in enumerate(items) if n != number)


def _after_removal(tag: Tag, number: int) -> Tag:
    if tag.media is None or tag.media < number:
        return tag
    return Tag(tag.product_id) if tag.media == number else replace(tag, media=tag.media - 1)
