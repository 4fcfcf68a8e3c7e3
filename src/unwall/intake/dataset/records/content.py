"""Accounts, their followers and their posts."""

from typing import Any
from uuid import UUID

import msgspec

from unwall.content.accounts.values import AccountKind
from unwall.content.moderation.values import Action, CaseState, ReportReason, SubjectKind, Visibility
from unwall.content.posts.values import PostFormat, PostKind, PostState
from unwall.intake.dataset.records.base import (
    Bytes,
    Milliseconds,
    Pixels,
    Position,
    Quantity,
    Record,
    Translations,
    When,
)


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
    staff_ids: tuple[UUID, ...] | None = None
    """the staff who act for it beside the store's owners; null: everybody who may publish"""
    created_at: When


class FollowRecord(Record, frozen=True, kw_only=True):
    account_id: UUID
    follower_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    created_at: When


class ModerationCaseRecord(Record, frozen=True, kw_only=True):
    """What was reported or waits to be looked at: a post, an account, a comment, a review."""

    id: UUID
    entry: UUID
    """a time-ordered UUID: when it came into the queue last"""
    kind: SubjectKind
    subject_id: UUID
    merchant_id: UUID
    excerpt: str = ""
    url: str = ""
    state: CaseState
    visibility: Visibility = Visibility.ALLOW
    decided_by: str = ""
    reports: int = 0
    member_reports: int = 0
    """those of people who were signed in"""
    undecided_reports: int = 0
    """those since the last decision"""
    opened_at: When


class ModerationReportRecord(Record, frozen=True, kw_only=True):
    case_id: UUID
    person_id: UUID
    """a member, or a visitor who is none"""
    merchant_id: UUID
    reason: ReportReason
    words: str = ""
    created_at: When


class ModerationDecisionRecord(Record, frozen=True, kw_only=True):
    """An entry of a case's audit."""

    id: UUID
    case_id: UUID
    merchant_id: UUID
    at: When
    actor: str
    action: Action
    reason: ReportReason | None = None
    words: str = ""


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
    """as written; the import makes the HTML of it"""
    format: PostFormat = PostFormat.PLAIN
    translations: dict[str, PostTranslationRecord] = msgspec.field(default_factory=dict)
    state: PostState
    author: str = ""
    created_at: When
    published_at: When | None = None
    scheduled_at: When | None = None
    edited_at: When | None = None
    """when it was changed last while it was live"""


class PostEditRecord(Record, frozen=True, kw_only=True):
    """What was changed of a post, by whom."""

    id: UUID
    post_id: UUID
    merchant_id: UUID
    at: When
    actor: str
    changes: dict[str, list[Any]]
    """by field: before and after"""
    note: str = ""
    """why, where no person did it"""


class VideoRecord(Record, frozen=True, kw_only=True):
    """A video as it was sent; the import's worker makes what is shown of it."""

    id: UUID
    merchant_id: UUID
    source: str
    """a file of the media folder"""
    bytes: Bytes
    duration_ms: Milliseconds = 0
    width: Quantity = 0
    height: Quantity = 0
    trim_start_ms: Milliseconds = 0
    trim_end_ms: Milliseconds | None = None
    cover_ms: Milliseconds = 0
    poster: str | None = None
    """a file of the media folder"""
    captions: dict[str, str] = msgspec.field(default_factory=dict)
    """WebVTT by language"""
    created_at: When


class PostMediaRecord(Record, frozen=True, kw_only=True):
    post_id: UUID
    position: Position
    merchant_id: UUID
    file: str
    """a file of the media folder"""
    alt: str = ""
    width: Pixels
    height: Pixels
    video_id: UUID | None = None
    """of a video, whose cover is `file`"""


class PostTagRecord(Record, frozen=True, kw_only=True):
    """A product shown in a post: at a point of one picture (x and y from 0 to 1), for a while of one video (t0 to
    t1), or in the post as a whole."""

    post_id: UUID
    position: Position
    merchant_id: UUID
    product_id: UUID
    media: Position | None = None
    x: float | None = None
    y: float | None = None
    t0: float | None = None
    """seconds of a video"""
    t1: float | None = None


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
