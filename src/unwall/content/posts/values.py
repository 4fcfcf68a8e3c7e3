"""Posts, their media and product tags, and the drafts that are written.

UnwallError
├── Invalid                   names the draft's field: account_id, title, tags.3.product_id, media.0.file
├── NotFound > NoSuchPost     it does not exist, is not live, or the actor may not act for its account
└── Conflict > WrongState     a removed post cannot be edited or published
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict, NotFound


class NoSuchPost(NotFound):
    code = "no-such-post"


class WrongState(Conflict):
    code = "wrong-state"


class PostKind(StrEnum):
    NOTE = "note"
    ARTICLE = "article"
    PHOTO_SET = "photo_set"
    LOOKBOOK = "lookbook"


class PostState(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    REMOVED = "removed"


class Media(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files."""

    file: str
    alt: str
    width: int
    height: int


class Tag(msgspec.Struct, frozen=True):
    """A product at a point of one picture (`media` counts from 0; x and y from 0 to 1), or of the post as a whole."""

    product_id: UUID
    media: int | None = None
    x: float | None = None
    y: float | None = None


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
    """Markdown"""
    media: tuple[Media, ...] = ()
    tags: tuple[Tag, ...] = ()
    translations: dict[str, PostTranslation] = {}
    id: UUID | None = None
    """The post to change, or the id of a new one."""


class EditablePost(msgspec.Struct, frozen=True):
    """A post as shown in its editor."""

    draft: PostDraft
    """Including tags that are no longer permitted."""
    state: PostState
    author: str
    likes: int
    created_at: datetime
    published_at: datetime | None


class TaggableProduct(msgspec.Struct, frozen=True):
    """A product that a post could tag; `allowed` says whether its merchant permits the post's account to tag it."""

    product_id: UUID
    merchant_id: UUID
    allowed: bool
