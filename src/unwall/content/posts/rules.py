"""Limits, validation and states of posts."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import nh3
from markdown_it import MarkdownIt

from unwall.content.posts.hashtags import hashtags_in, link_hashtags
from unwall.content.posts.values import (
    Due,
    Media,
    PostDraft,
    PostFormat,
    PostKind,
    PostState,
    PostTranslation,
    Tag,
    TaggableProduct,
    WrongState,
)
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.files import is_key
from unwall.kernel.text import LANGUAGES, N_
from unwall.media.rules import MAX_STATED_SIDE_PIXELS

MAX_TAGS = 20
"""SQL repeats it: the CHECK of post_tag.position."""
MAX_PICTURES = 20
MAX_TITLE_CHARACTERS = 200
MAX_BODY_CHARACTERS = 50_000
MAX_ALT_CHARACTERS = 1000
MAX_TABLE_CELLS = 2000
"""Of all tables in a text. A row gets the cells that it lacks: 5 kB could become 2 MB of HTML."""

MAX_LATE_MINUTES = 60
"""After which a scheduled post is missed: it is not published without anybody's knowing."""
MAX_AHEAD_DAYS = 366
MAX_FILM_SECONDS = 24 * 3600

_S = PostState
MEMBER_SAVES = 20
"""How many times the limit on attempts a member may save posts or send pictures for them: a hundred times in a quarter
of an hour. What was changed of a post is kept for good."""
NEXT_STATES: dict[PostState, frozenset[PostState]] = {
    _S.DRAFT: frozenset({_S.IN_REVIEW, _S.SCHEDULED, _S.LIVE, _S.REMOVED}),
    _S.IN_REVIEW: frozenset({_S.DRAFT, _S.LIVE, _S.REMOVED}),
    _S.SCHEDULED: frozenset({_S.DRAFT, _S.LIVE, _S.MISSED, _S.REMOVED}),
    _S.LIVE: frozenset({_S.REMOVED}),
    _S.MISSED: frozenset({_S.DRAFT, _S.IN_REVIEW, _S.SCHEDULED, _S.LIVE, _S.REMOVED}),
    _S.REMOVED: frozenset({_S.DRAFT}),
}
"""The states that follow each state. A draft may be removed without having been live; undoing a removal goes back to
where it came from."""
_REFUSED = {
    _S.REMOVED: N_("Make the removed post a draft first."),
    _S.LIVE: N_("The post is live."),
    _S.IN_REVIEW: N_("The post waits for review: take it back first."),
    _S.SCHEDULED: N_("The post is scheduled: take it out of the calendar first."),
}

_HTML = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
    *("a", "strong", "em", "s", "table", "thead", "tbody", "tr", "th", "td"),
}
_TABLE_HEAD = re.compile(r"[-|:\s>*+0-9.)]*-[-|:\s]*")
"""The line below the headings of a table, perhaps within lists and quotations."""
_ENDINGS = ["com", "org", "net", "edu", "gov", "info", "cn", "hk", "tw", "jp", "kr", "uk", "eu"]
"""Of host names that become links without https:// before them: no words, which may follow a full stop by mistake."""


def _renderer(preset: str, rules: list[str]) -> MarkdownIt:
    """Lines stay lines and web addresses become links, whatever else it does."""
    renderer = MarkdownIt(preset, {"html": False, "breaks": True, "linkify": True}).enable([*rules, "linkify"])
    assert renderer.linkify is not None
    renderer.linkify.tlds(_ENDINGS)
    return link_hashtags(renderer)


_RENDERERS = {
    PostFormat.PLAIN: _renderer("zero", ["newline"]),
    PostFormat.MARKDOWN: _renderer("commonmark", ["table", "strikethrough"]),
}


def render(body: str, written_in: PostFormat) -> str:
    """Render a text as safe HTML: no scripts, styles, external pictures or raw HTML; only web links. It may take two
    seconds for a text of the greatest length: call it in a thread, after `check_sizes`."""
    html: str = _RENDERERS[written_in].render(body)
    return nh3.clean(html, tags=_HTML, attributes={"a": {"href", "title"}}, url_schemes={"https", "http", "mailto"})


def hashtags(draft: PostDraft, body_html: str) -> list[str]:
    """Those of a tidied draft in all its languages; `body_html` is its rendered text."""
    translated = ((words.title, words.body_html) for words in draft.translations.values())
    return hashtags_in((draft.title, body_html), *translated)


def check_sizes(draft: PostDraft) -> list[FieldError]:
    """What is too long or too many in a draft as it was sent: before it is normalized, rendered or looked up."""
    errors = [*_check_numbers(draft), *_check_words("", draft.title, draft.body)]
    for lang, words in draft.translations.items():
        errors += _check_translation(lang, words)
    return errors + [
        FieldError(f"media.{n}.alt", N_("This is too long."))
        for n, media in enumerate(draft.media)
        if len(media.alt) > MAX_ALT_CHARACTERS
    ]


def _table_cells(markdown: str) -> int:
    """At least as many as all tables of the text have together: a table ends at an empty line."""
    cells, columns = 0, 0
    for row in markdown.split("\n"):
        if _TABLE_HEAD.fullmatch(row) and "|" in row:
            columns += row.count("|") + 1
        elif not row or row.isspace():
            columns = 0
        cells += columns
    return cells


def moves_to(state: PostState, wanted: PostState) -> bool:
    """Whether the state changes to `wanted` (False if it is already); raises `WrongState` if that is not allowed."""
    if state is wanted:
        return False
    if wanted not in NEXT_STATES[state]:
        raise WrongState(_REFUSED.get(state, N_("The post is a draft.")))
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
        title=typed.line(draft.title),
        body=typed.paragraphs(draft.body),
        media=tuple(msgspec.structs.replace(media, alt=typed.line(media.alt)) for media in draft.media),
        translations=_tidy_words(draft),
    )


def _tidy_words(draft: PostDraft) -> dict[str, PostTranslation]:
    tidied = {}
    for lang, translation in draft.translations.items():
        body = typed.paragraphs(translation.body)
        alts = tuple(typed.line(alt) for alt in translation.alts[: len(draft.media)])
        html = render(body, draft.format) if body else ""
        words = PostTranslation(typed.line(translation.title), body, html, alts if any(alts) else ())
        if words != PostTranslation():
            tidied[lang] = words
    return tidied


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
    """What a post lacks of what its kind is."""
    if not (draft.title or draft.body or draft.media):
        return [FieldError("body", N_("Write something or add a picture before publishing."))]
    needed = {
        PostKind.PHOTO_SET: ("media", bool(draft.media), N_("A photo set has at least one picture.")),
        PostKind.LOOKBOOK: ("tags", bool(draft.tags), N_("A lookbook shows products: add at least one.")),
        PostKind.VIDEO: ("media", any(m.video_id for m in draft.media), N_("Add a video.")),
        PostKind.QUESTION: ("title", bool(draft.title or draft.body), N_("Write your question.")),
    }
    field, there, message = needed.get(draft.kind, ("", True, ""))
    return [] if there else [FieldError(field, message)]


def _check_words(field: str, title: str, body: str) -> list[FieldError]:
    too_long = [(f"{field}title", len(title) > MAX_TITLE_CHARACTERS), (f"{field}body", len(body) > MAX_BODY_CHARACTERS)]
    errors = [FieldError(name, N_("This is too long.")) for name, wrong in too_long if wrong]
    if not errors and _table_cells(body) > MAX_TABLE_CELLS:
        errors.append(FieldError(f"{field}body", N_("The tables have more than {limit} cells.", limit=MAX_TABLE_CELLS)))
    return errors


def _check_translation(lang: str, words: PostTranslation) -> list[FieldError]:
    errors = _check_words(f"translations.{lang}.", words.title, words.body)
    if lang not in LANGUAGES:
        errors.append(FieldError("translations", N_("This language is not available.")))
    if any(len(alt) > MAX_ALT_CHARACTERS for alt in words.alts):
        errors.append(FieldError(f"translations.{lang}.alts", N_("This is too long.")))
    return errors


def _check_media(field: str, media: Media) -> list[FieldError]:
    errors = []
    named = is_key(media.file) or (media.video_id is not None and not media.file)
    if not named or not all(0 < side <= MAX_STATED_SIDE_PIXELS for side in (media.width, media.height)):
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
    if (tag.x is None) != (tag.y is None) or (tag.t0 is None) != (tag.t1 is None):
        return [
            FieldError(
                f"{field}.media", N_("Give both coordinates of a tag's point and both ends of its time, or neither.")
            )
        ]
    if (tag.media is not None) != (tag.x is not None or tag.t0 is not None):
        return [FieldError(f"{field}.media", N_("A tag has a picture and a point on it, or neither."))]
    if tag.media is not None and not 0 <= tag.media < len(draft.media):
        return [FieldError(f"{field}.media", N_("There is no such picture."))]
    return _check_point(field, tag) + _check_span(field, tag, draft)


def _check_point(field: str, tag: Tag) -> list[FieldError]:
    return [
        FieldError(f"{field}.{name}", N_("A point lies between 0 and 1."))
        for name, at in (("x", tag.x), ("y", tag.y))
        if at is not None and not 0 <= at <= 1
    ]


def _check_span(field: str, tag: Tag, draft: PostDraft) -> list[FieldError]:
    if tag.t0 is None or tag.t1 is None or tag.media is None:
        return []
    if draft.media[tag.media].video_id is None:
        return [FieldError(f"{field}.t0", N_("Only a video has times."))]
    if not 0 <= tag.t0 <= MAX_FILM_SECONDS:
        return [FieldError(f"{field}.t0", N_("This time is not in the video."))]
    if not tag.t0 < tag.t1 <= MAX_FILM_SECONDS:
        return [FieldError(f"{field}.t1", N_("It ends after it begins."))]
    return []


def check_spans(draft: PostDraft, seconds: Mapping[UUID, float]) -> list[FieldError]:
    """Tags that end after their film does; `seconds`: how long the films are, as far as that is known."""
    return [
        FieldError(f"tags.{n}.t1", N_("This time is not in the video."))
        for n, tag in enumerate(draft.tags)
        if tag.t1 is not None
        and tag.media is not None
        and tag.media < len(draft.media)
        and (video_id := draft.media[tag.media].video_id)
        and tag.t1 > seconds.get(video_id, MAX_FILM_SECONDS)
    ]


def _check_numbers(draft: PostDraft) -> list[FieldError]:
    errors = []
    if len(draft.tags) > MAX_TAGS:
        errors.append(FieldError("tags", N_("At most {limit} products can be tagged.", limit=MAX_TAGS)))
    if len(draft.media) > MAX_PICTURES:
        errors.append(FieldError("media", N_("At most {limit} pictures.", limit=MAX_PICTURES)))
    return errors


# --- when it is published ---------------------------------------------------------------------------------------------


def wall_time(text: str, timezone: str) -> datetime:
    """The moment that a clock of the time zone shows as `2026-03-29T09:30`; the first of two where clocks go back.
    Raises `Invalid` (scheduled_at) for what is no time, and for one that clocks going forward leave out."""
    zone = ZoneInfo(timezone)
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.one("scheduled_at", N_("Write a day and a time.")) from None
    moment = local.replace(tzinfo=local.tzinfo or zone).astimezone(UTC)
    if local.tzinfo is None and moment.astimezone(zone).replace(tzinfo=None) != local:
        raise Invalid.one("scheduled_at", N_("This hour does not exist: the clocks go forward that day."))
    return moment


def check_schedule(at: datetime, now: datetime) -> None:
    """Raises `Invalid` (scheduled_at)."""
    if at <= now:
        raise Invalid.one("scheduled_at", N_("This time has passed."))
    if at > now + timedelta(days=MAX_AHEAD_DAYS):
        raise Invalid.one("scheduled_at", N_("Choose a time within {limit} days.", limit=MAX_AHEAD_DAYS))


def due(state: PostState, scheduled_at: datetime | None, now: datetime) -> Due:
    if state is not PostState.SCHEDULED or scheduled_at is None or scheduled_at > now:
        return Due.WAIT
    return Due.MISS if now > scheduled_at + timedelta(minutes=MAX_LATE_MINUTES) else Due.PUBLISH


# --- history ----------------------------------------------------------------------------------------------------------


def changes(before: PostDraft, after: PostDraft) -> dict[str, tuple[object, object]]:
    """The fields that differ, with both values as JSON has them."""
    old, new = _for_history(before), _for_history(after)
    return {name: (old[name], new[name]) for name in new if old[name] != new[name]}


def _for_history(draft: PostDraft) -> dict[str, object]:
    fields = [name for name in draft.__struct_fields__ if name != "id"]
    plain: dict[str, object] = {name: msgspec.to_builtins(getattr(draft, name)) for name in fields}
    plain["media"] = [{"file": m.file, "alt": m.alt, "video_id": msgspec.to_builtins(m.video_id)} for m in draft.media]
    plain["translations"] = {
        lang: {name: text for name, text in msgspec.to_builtins(words).items() if name != "body_html"}
        for lang, words in draft.translations.items()
    }
    return plain
