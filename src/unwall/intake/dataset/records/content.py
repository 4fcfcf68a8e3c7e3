"""Accounts, their followers and their posts."""

from uuid import UUID

import msgspec

from unwall.content.accounts.values import AccountKind
from unwall.content.posts.values import PostKind, PostState
from unwall.intake.dataset.records.base import Pixels, Position, Record, Translations, When


class AccountRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    kind: AccountKind
    handle: str
    name: str
    bio: str = ""
    translations: Translations = msgspec.field(default_factory=dict)
    avatar: str | None = None
    """a file of the media folder"""
    banner: str | None = None
    created_at: When


class FollowRecord(Record, frozen=True, kw_only=True):
    account_id: UUID
    follower_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    created_at: When


class PostTranslationRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    title: str = ""
    body: str = ""
    alts: tuple[str, ...] = ()
    """the descriptions of the pictures, in their order"""


class PostRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    account_id: UUID
    kind: PostKind
    title: str = ""
    body: str = ""
    """Markdown; the import makes the HTML of it"""
    translations: dict[str, PostTranslationRecord] = msgspec.field(default_factory=dict)
    state: PostState
    author: str = ""
    created_at: When
    published_at: When | None = None


class PostMediaRecord(Record, frozen=True, kw_only=True):
    post_id: UUID
    position: Position
    merchant_id: UUID
    file: str
    """a file of the media folder"""
    alt: str = ""
    width: Pixels
    height: Pixels


class PostTagRecord(Record, frozen=True, kw_only=True):
    """A product shown in a post: at a point of one picture (x and y from 0 to 1), or in the post as a whole."""

    post_id: UUID
    position: Position
    merchant_id: UUID
    product_id: UUID
    media: Position | None = None
    x: float | None = None
    y: float | None = None


class OutboxRecord(Record, frozen=True, kw_only=True):
    """The outbox entry of a published post; `entry` is a time-ordered UUID (version 7)."""

    account_id: UUID
    entry: UUID
    merchant_id: UUID
    post_id: UUID


class PostLikeRecord(Record, frozen=True, kw_only=True):
    post_id: UUID
    person_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    created_at: When
