"""Posts, their media and product tags, and the drafts that are written.

UnwallError
├── Invalid                   names the draft's field: account_id, title, tags.3.product_id, media.0.file, scheduled_at
├── NotFound > NoSuchPost     it does not exist, is not live, or the actor may not act for its account
└── Conflict > WrongState     the post's state does not allow it: a removed post cannot be edited or published
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from unwall.content.moderation.values import Visibility
from unwall.kernel.errors import Conflict, NotFound
from unwall.media.values import Video


class NoSuchPost(NotFound):
    code = "no-such-post"


class WrongState(Conflict):
    code = "wrong-state"


class PostKind(StrEnum):
    NOTE = "note"
    ARTICLE = "article"
    PHOTO_SET = "photo_set"
    LOOKBOOK = "lookbook"
    VIDEO = "video"
    QUESTION = "question"
    """Answered in its comments."""


class PostFormat(StrEnum):
    """How the text of a post is written, in all its languages."""

    PLAIN = "plain"
    """Lines and paragraphs as typed, nothing else has a meaning; web addresses become links."""
    MARKDOWN = "markdown"
    """CommonMark with tables and strikethrough; a line stays a line."""


class PostState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    """A moderator looks at it before it is live."""
    SCHEDULED = "scheduled"
    LIVE = "live"
    MISSED = "missed"
    """It was scheduled and could not be published in time: somebody decides anew."""
    REMOVED = "removed"


class Media(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files: of a picture, or of a video's cover, which is "" while there is none yet."""

    file: str
    alt: str
    width: int
    height: int
    video_id: UUID | None = None
    video: Video | None = None
    """the video; read only, and left out of drafts"""


class Tag(msgspec.Struct, frozen=True):
    """A product at a point of one picture (`media` counts from 0; x and y from 0 to 1), for some seconds of one video
    (t0 to t1), or in the post as a whole."""

    product_id: UUID
    media: int | None = None
    x: float | None = None
    y: float | None = None
    t0: float | None = None
    t1: float | None = None


class Post(msgspec.Struct, frozen=True):
    id: UUID
    account_id: UUID
    merchant_id: UUID | None
    """The account's."""
    kind: PostKind
    title: str
    body_html: str
    """Sanitised."""
    state: PostState
    likes: int
    published_at: datetime | None
    account_handle: str
    account_name: str
    account_avatar: str | None
    media: list[Media]
    tags: list[Tag]
    """The tags that the products' merchants currently permit the account."""
    entry: UUID
    """Its position in listings: the outbox entry of a live post, else its id."""
    scheduled_at: datetime | None = None
    edited_at: datetime | None = None
    """When it was changed last while it was live."""
    visibility: Visibility = Visibility.ALLOW


class PostTranslation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts in another language; an empty text falls back to the account's own language."""

    title: str = ""
    body: str = ""
    body_html: str = ""
    """Rendered from `body` when saved."""
    alts: tuple[str, ...] = ()
    """The descriptions of the pictures, in their order."""


class PostDraft(msgspec.Struct, frozen=True):
    """All fields of a post that an author may change."""

    account_id: UUID
    kind: PostKind = PostKind.NOTE
    title: str = ""
    body: str = ""
    format: PostFormat = PostFormat.PLAIN
    media: tuple[Media, ...] = ()
    tags: tuple[Tag, ...] = ()
    translations: dict[str, PostTranslation] = {}
    id: UUID | None = None
    """The post to change, or the id of a new one."""


class PostFilter(msgspec.Struct, frozen=True):
    """Which of an owner's posts a list has; the default is all. `words`: in the title or text of any language."""

    words: str = ""
    state: PostState | None = None
    staff_id: UUID | None = None
    """of the accounts that these staff may act for"""


class EditablePost(msgspec.Struct, frozen=True):
    """A post as shown in its editor."""

    draft: PostDraft
    """Including tags that are no longer permitted."""
    state: PostState
    author: str
    likes: int
    created_at: datetime
    published_at: datetime | None
    scheduled_at: datetime | None = None
    visibility: Visibility = Visibility.ALLOW


class PostEdit(msgspec.Struct, frozen=True):
    """An entry of a post's history."""

    at: datetime
    actor: str
    changes: dict[str, list[Any]]
    """By field: what was before and what was after, as in drafts; `state` too."""
    note: str
    """Why, where no person did it."""


class CalendarPost(msgspec.Struct, frozen=True):
    """A post in the calendar, at the time when it was or will be published."""

    id: UUID
    title: str
    excerpt: str
    kind: PostKind
    state: PostState
    at: datetime
    account_name: str
    image_file: str | None


class Due(StrEnum):
    """What happens to a scheduled post now."""

    WAIT = "wait"
    PUBLISH = "publish"
    MISS = "miss"


class TaggableProduct(msgspec.Struct, frozen=True):
    """A product that a post could tag; `allowed` says whether its merchant permits the post's account to tag it."""

    product_id: UUID
    merchant_id: UUID
    allowed: bool
