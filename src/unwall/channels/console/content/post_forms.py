"""A post's composer as a form: what it holds is the whole draft, so nothing is kept between two presses but the form
itself. Pictures are numbered `media.N`, tags `tags.N` with their points in per cent. Pure."""

from collections.abc import Iterable
from uuid import UUID

from unwall.channels.console.forms import SubmittedForm
from unwall.channels.http.post_changes import MIDDLE, seconds_of, share_of
from unwall.content.posts.values import Media, PostDraft, PostFormat, PostKind, PostTranslation, Tag
from unwall.kernel.errors import FieldError
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_

POINT = N_("Write a number from 0 to 100.")
SECONDS = N_("Write seconds, such as 12.5 or 1:05.")


def read_draft(form: SubmittedForm, post_id: UUID, languages: Iterable[str], before: PostDraft | None) -> PostDraft:
    """What is unreadable is marked in the form. Words in languages that the form does not show stay as they were."""
    media = [_media(form, number) for number in form.parts("media")]
    translations = {code: _translation(form, code) for code in languages}
    return PostDraft(
        account_id=parse_id(form.text("account_id")) or new_id(),
        kind=form.read("kind", PostKind, PostKind.NOTE, N_("Choose one of the kinds.")),
        title=form.text("title"),
        body=form.text("body"),
        format=form.read("format", PostFormat, PostFormat.PLAIN, N_("Choose one of the formats.")),
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
    return Media(file, alt, side("width"), side("height"), parse_id(form.text(f"media.{number}.video_id")))


def _tag(form: SubmittedForm, number: int) -> Tag | None:
    name = f"tags.{number}"
    product_id = parse_id(form.text(f"{name}.product_id"))
    if product_id is None:
        form.errors.append(FieldError(f"{name}.product_id", N_("There is no such product.")))
        return None
    if not form.text(f"{name}.media"):
        return Tag(product_id)
    picture = form.read(f"{name}.media", int, 0)
    timed = any(form.text(f"{name}.{end}") for end in ("t0", "t1"))
    pointed = not timed or any(form.text(f"{name}.{axis}") for axis in ("x", "y"))
    x, y = (form.read(f"{name}.{axis}", share_of, MIDDLE, POINT) if pointed else None for axis in ("x", "y"))
    t0, t1 = (form.read(f"{name}.{end}", seconds_of, 0.0, SECONDS) if timed else None for end in ("t0", "t1"))
    return Tag(product_id, picture, x, y, t0, t1)
