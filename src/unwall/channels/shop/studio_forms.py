"""A member's post as a form, and what the form's buttons do to it. Pure."""

from collections.abc import Callable, Mapping
from uuid import UUID
from zoneinfo import available_timezones

from unwall.channels.http.page_context import known_id
from unwall.channels.http.post_changes import (
    MIDDLE,
    seconds_of,
    share_of,
    with_cover,
    with_film,
    with_tag,
    without_picture,
    without_tag,
)
from unwall.content.posts.values import Media, PostDraft, PostKind, Tag
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.ids import new_id, parse_id
from unwall.kernel.text import N_

POINT = N_("Write a number from 0 to 100.")
SECONDS = N_("Write seconds, such as 12.5 or 1:05.")


def read_draft(fields: Mapping[str, str]) -> tuple[PostDraft, list[FieldError]]:
    """With what could not be read of it. Ids and sizes that are none count as left out: no person types them."""
    kind, media = fields.get("kind", ""), []
    for n in _parts(fields, "media"):
        width, height = (_side(fields.get(f"media.{n}.{side}", "")) for side in ("width", "height"))
        video = parse_id(fields.get(f"media.{n}.video_id", ""))
        media.append(Media(fields.get(f"media.{n}.file", ""), fields.get(f"media.{n}.alt", ""), width, height, video))
    errors: list[FieldError] = []
    products = [(n, parse_id(fields.get(f"tags.{n}.product_id", ""))) for n in _parts(fields, "tags")]
    known = [(n, product) for n, product in products if product]
    draft = PostDraft(
        account_id=parse_id(fields.get("account_id", "")) or new_id(),
        kind=PostKind(kind) if kind in set(PostKind) else PostKind.NOTE,
        title=fields.get("title", ""),
        body=fields.get("body", ""),
        media=tuple(media),
        tags=tuple(
            _tag(_Fields(fields, f"tags.{n}.", f"tags.{at}.", errors), product) for at, (n, product) in enumerate(known)
        ),
        id=known_id(fields.get("id", "")),
    )
    return draft, errors


class _Fields:
    """Those of one tag as they were sent; what cannot be read is noted under its place in the draft."""

    def __init__(self, fields: Mapping[str, str], sent: str, named: str, errors: list[FieldError]) -> None:
        self._fields, self._sent, self._named, self._errors = fields, sent, named, errors

    def text(self, name: str) -> str:
        return self._fields.get(self._sent + name, "").strip()

    def read(self, name: str, parse: Callable[[str], float], default: float, message: str) -> float:
        try:
            return parse(self.text(name)) if self.text(name) else default
        except ValueError:
            self._errors.append(FieldError(self._named + name, message))
            return default


def _tag(of: _Fields, product_id: UUID) -> Tag:
    """At a point where it has a picture, in its middle where none is given; or for some seconds of a film."""
    media = of.text("media")
    if not (media.isascii() and media.isdecimal() and len(media) < 5):
        return Tag(product_id)
    if of.text("t0") or of.text("t1"):
        t0, t1 = (of.read(end, seconds_of, 0.0, SECONDS) for end in ("t0", "t1"))
        return Tag(product_id, int(media), t0=t0, t1=t1)
    x, y = (of.read(axis, share_of, MIDDLE, POINT) for axis in ("x", "y"))
    return Tag(product_id, int(media), x, y)


def _side(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def _parts(fields: Mapping[str, str], name: str) -> list[int]:
    numbers = {field.split(".")[1] for field in fields if field.startswith(f"{name}.") and field.count(".") > 1}
    return sorted(int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) < 5)


def zone_of(fields: Mapping[str, str]) -> str:
    """Raises `Invalid` (zone)."""
    zone = fields.get("zone", "")
    if zone not in available_timezones():
        raise Invalid.one("zone", N_("Write a time zone such as Europe/Berlin or Asia/Shanghai."))
    return zone


def changed(draft: PostDraft, doing: str, which: str) -> PostDraft:
    identity, number = parse_id(which), int(which) if which.isascii() and which.isdecimal() and len(which) < 5 else -1
    if doing == "tag" and identity:
        return with_tag(draft, identity)
    if doing == "untag":
        return without_tag(draft, next((n for n, tag in enumerate(draft.tags) if tag.product_id == identity), -1))
    if doing == "film" and identity:
        return with_film(draft, identity)
    if doing == "unpicture" and 0 <= number < len(draft.media):
        return without_picture(draft, number)
    if doing == "cover":
        return with_cover(draft, number)
    return draft
