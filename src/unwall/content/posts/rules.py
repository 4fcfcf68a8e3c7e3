"""Limits, validation and states of posts."""

import re
from collections.abc import Mapping
from uuid import UUID

import msgspec
import nh3
from markdown_it import MarkdownIt

from unwall.content.posts.values import (
    Media,
    PostDraft,
    PostState,
    PostTranslation,
    Tag,
    TaggableProduct,
    WrongState,
)
from unwall.kernel.errors import FieldError
from unwall.kernel.text import LANGUAGES, N_

MAX_TAGS = 20
"""SQL repeats it: the CHECK of post_tag.position."""
MAX_PICTURES = 20
MAX_TITLE_CHARACTERS = 200
MAX_BODY_CHARACTERS = 50_000
MAX_ALT_CHARACTERS = 1000
MAX_SIDE_PIXELS = 100_000

# The states from which each state is reached. There is no way back; a draft may be removed without having been live.
_REACHED_FROM = {PostState.LIVE: {PostState.DRAFT}, PostState.REMOVED: {PostState.DRAFT, PostState.LIVE}}

_FILE = re.compile(r"(?!/)(?!.*\.\.)[\w./-]{1,200}")
_HTML = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("a", "strong", "em", "s", "table", "thead", "tbody", "tr", "th", "td"),
}
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(markdown: str) -> str:
    """Render Markdown as safe HTML: no scripts, styles, external pictures or raw HTML; only web links."""
    html: str = _MARKDOWN.render(markdown)
    return nh3.clean(html, tags=_HTML, attributes={"a": {"href", "title"}}, url_schemes={"https", "http", "mailto"})


def moves_to(state: PostState, wanted: PostState) -> bool:
    """Whether the state changes to `wanted` (False if it is already); raises `WrongState` if that is not allowed."""
    if state is wanted:
        return False
    if state not in _REACHED_FROM.get(wanted, set()):
        raise WrongState(N_("A removed post does not come back."))
    return True


def check_edit(state: PostState, account_id: UUID, draft: PostDraft) -> list[FieldError]:
    """Check that a post in this state, of this account, may be changed to the draft; raises `WrongState`."""
    if state is PostState.REMOVED:
        raise WrongState(N_("A removed post cannot be edited."))
    if state is PostState.DRAFT:
        return []
    moved = (
        [FieldError("account_id", N_("A live post stays with its account."))] if draft.account_id != account_id else []
    )
    return moved + check_publishable(draft)


def tidy(draft: PostDraft) -> PostDraft:
    """The draft normalized as it is stored, its translations with their HTML."""
    return msgspec.structs.replace(
        draft,
        title=_line(draft.title),
        body=_text(draft.body),
        media=tuple(msgspec.structs.replace(media, alt=_line(media.alt)) for media in draft.media),
        translations=_tidy_words(draft.translations, len(draft.media)),
    )


def _tidy_words(translations: Mapping[str, PostTranslation], pictures: int) -> dict[str, PostTranslation]:
    tidied = {}
    for lang, translation in translations.items():
        body = _text(translation.body)
        alts = tuple(_line(alt) for alt in translation.alts[:pictures])
        html = render(body) if body else ""
        words = PostTranslation(_line(translation.title), body, html, alts if any(alts) else ())
        if words != PostTranslation():
            tidied[lang] = words
    return tidied


def _line(text: str) -> str:
    return " ".join(_text(text).split())


def _text(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def check(draft: PostDraft, taggable: Mapping[UUID, TaggableProduct]) -> list[FieldError]:
    """What is wrong with a normalized draft; `taggable` is the result of `reads.taggable_products` for the tagged
    products.
    """
    return [
        *_check_words("", draft.title, draft.body),
        *(e for lang, translation in draft.translations.items() for e in _check_translation(lang, translation)),
        *(e for i, media in enumerate(draft.media) for e in _check_media(f"media.{i}", media)),
        *(e for i, tag in enumerate(draft.tags) for e in _check_tag(f"tags.{i}", tag, draft)),
        *check_tags_allowed(draft, taggable),
        *_check_numbers(draft),
    ]


def check_publishable(draft: PostDraft) -> list[FieldError]:
    if draft.title or draft.body or draft.media:
        return []
    return [FieldError("body", N_("Write something or add a picture before publishing."))]


def _check_words(field: str, title: str, body: str) -> list[FieldError]:
    too_long = [(f"{field}title", len(title) > MAX_TITLE_CHARACTERS), (f"{field}body", len(body) > MAX_BODY_CHARACTERS)]
    return [FieldError(name, N_("This is too long.")) for name, wrong in too_long if wrong]


def _check_translation(lang: str, words: PostTranslation) -> list[FieldError]:
    errors = _check_words(f"translations.{lang}.", words.title, words.body)
    if lang not in LANGUAGES:
        errors.append(FieldError("translations", N_("This language is not available.")))
    if any(len(alt) > MAX_ALT_CHARACTERS for alt in words.alts):
        errors.append(FieldError(f"translations.{lang}.alts", N_("This is too long.")))
    return errors


def _check_media(field: str, media: Media) -> list[FieldError]:
    errors = []
    if not _FILE.fullmatch(media.file) or not all(0 < side <= MAX_SIDE_PIXELS for side in (media.width, media.height)):
        errors.append(FieldError(f"{field}.file", N_("Name an uploaded picture.")))
    if len(media.alt) > MAX_ALT_CHARACTERS:
        errors.append(FieldError(f"{field}.alt", N_("This is too long.")))
    return errors


def check_tags_allowed(draft: PostDraft, taggable: Mapping[UUID, TaggableProduct]) -> list[FieldError]:
    errors = []
    for number, tag in enumerate(draft.tags):
        product = taggable.get(tag.product_id)
        if product is None:
            errors.append(FieldError(f"tags.{number}.product_id", N_("There is no such product.")))
        elif not product.allowed:
            errors.append(
                FieldError(f"tags.{number}.product_id", N_("The store that sells this does not let you tag it."))
            )
    return errors


def _check_tag(field: str, tag: Tag, draft: PostDraft) -> list[FieldError]:
    if sum(tag.product_id == other.product_id for other in draft.tags) > 1:
        return [FieldError(f"{field}.product_id", N_("This product is tagged twice."))]
    placed = (tag.media is not None, tag.x is not None, tag.y is not None)
    if len(set(placed)) > 1:
        return [FieldError(f"{field}.media", N_("A tag has a picture and a point on it, or neither."))]
    if tag.media is not None and not 0 <= tag.media < len(draft.media):
        return [FieldError(f"{field}.media", N_("There is no such picture."))]
    return [
        FieldError(f"{field}.{name}", N_("A point lies between 0 and 1."))
        for name, at in (("x", tag.x), ("y", tag.y))
        if at is not None and not 0 <= at <= 1
    ]


def _check_numbers(draft: PostDraft) -> list[FieldError]:
    errors = []
    if len(draft.tags) > MAX_TAGS:
        errors.append(FieldError("tags", N_("At most 20 products can be tagged.")))
    if len(draft.media) > MAX_PICTURES:
        errors.append(FieldError("media", N_("At most 20 pictures.")))
    return errors
