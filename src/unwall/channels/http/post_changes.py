"""What the buttons of a composer do to a draft, and the numbers that are typed into one. Pure."""

from uuid import UUID

from msgspec.structs import replace

from unwall.content.posts.rules import MAX_FILM_SECONDS
from unwall.content.posts.values import Media, PostDraft, PostKind, Tag

MIDDLE = 0.5
FILM_SIDES = (720, 1280)
"""Of a film that nobody has looked at yet."""
FILM_TAG_SECONDS = 5.0


def seconds_of(text: str) -> float:
    """`12.5`, or minutes and seconds: `1:12.5`."""
    minutes, _, seconds = text.rpartition(":")
    value = int(minutes or "0") * 60 + float(seconds)
    if not 0 <= value <= MAX_FILM_SECONDS:
        raise ValueError(text)
    return round(value, 2)


def share_of(percent: str) -> float:
    value = float(percent) / 100
    if not 0 <= value <= 1:
        raise ValueError(percent)
    return round(value, 4)


def with_film(draft: PostDraft, video_id: UUID) -> PostDraft:
    """A film that was sent; its cover and sides follow when they are known. Twice changes nothing."""
    if any(media.video_id == video_id for media in draft.media):
        return draft
    kind = PostKind.VIDEO if draft.kind is PostKind.NOTE else draft.kind
    return replace(draft, kind=kind, media=(*draft.media, Media("", "", *FILM_SIDES, video_id)))


def with_tag(draft: PostDraft, product_id: UUID) -> PostDraft:
    """In the middle of the last picture, or of the post as a whole where it has none. Tagging twice changes nothing."""
    if any(tag.product_id == product_id for tag in draft.tags):
        return draft
    last = len(draft.media) - 1
    tag = Tag(product_id, last, MIDDLE, MIDDLE) if draft.media else Tag(product_id)
    if draft.media and draft.media[last].video_id:
        tag = Tag(product_id, last, t0=0.0, t1=FILM_TAG_SECONDS)
    return replace(draft, tags=(*draft.tags, tag))


def without_tag(draft: PostDraft, number: int) -> PostDraft:
    return replace(draft, tags=tuple(tag for n, tag in enumerate(draft.tags) if n != number))


def without_picture(draft: PostDraft, number: int) -> PostDraft:
    """Its tags become tags of the whole post."""
    tags = (_after_removal(tag, number) for tag in draft.tags)
    words = {lang: replace(text, alts=_without(text.alts, number)) for lang, text in draft.translations.items()}
    return replace(draft, media=_without(draft.media, number), tags=tuple(tags), translations=words)


def with_picture_earlier(draft: PostDraft, number: int) -> PostDraft:
    """The picture changes places with the one before it; its tags and words go with it."""
    if not 0 < number < len(draft.media):
        return draft
    places = {number: number - 1, number - 1: number}
    tags = (tag if tag.media is None else replace(tag, media=places.get(tag.media, tag.media)) for tag in draft.tags)
    padding = ("",) * len(draft.media)
    words = {
        lang: replace(text, alts=_exchanged((*text.alts, *padding)[: len(draft.media)], number))
        for lang, text in draft.translations.items()
    }
    return replace(draft, media=_exchanged(draft.media, number), tags=tuple(tags), translations=words)


def _exchanged(items: tuple, number: int) -> tuple:  # type: ignore[type-arg]
    return (*items[: number - 1], items[number], items[number - 1], *items[number + 1 :])


def _without(items: tuple, number: int) -> tuple:  # type: ignore[type-arg]
    return tuple(item for n, item in enumerate(items) if n != number)


def _after_removal(tag: Tag, number: int) -> Tag:
    if tag.media is None or tag.media < number:
        return tag
    return Tag(tag.product_id) if tag.media == number else replace(tag, media=tag.media - 1)


def with_cover(draft: PostDraft, number: int) -> PostDraft:
    """The picture or film becomes the first, which stands for the post in lists."""
    for place in range(min(number, len(draft.media) - 1), 0, -1):
        draft = with_picture_earlier(draft, place)
    return draft
