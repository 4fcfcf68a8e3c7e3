"""Comments.

UnwallError
├── Invalid                      names the field: words, author
├── NotFound > NoSuchComment     the post or comment does not exist, is not shown, or is not the caller's
└── Forbidden                    the account's owner has blocked the member
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import NotFound


class NoSuchComment(NotFound):
    code = "no-such-comment"


class CommentState(StrEnum):
    SHOWN = "shown"
    WITHDRAWN = "withdrawn"
    """By its author."""
    REMOVED = "removed"
    """By the owner of the post's account."""
    BLOCKED = "blocked"
    """Its author is blocked by the post's account."""
    DROPPED = "dropped"
    """By moderation."""


class CommentDraft(msgspec.Struct, frozen=True):
    words: str
    author: str
    """The name that is shown."""
    parent_id: UUID | None = None
    """The comment that is replied to; a reply to a reply stands below the same comment."""


class Reply(msgspec.Struct, frozen=True):
    id: UUID
    member_id: UUID | None
    """None where staff spoke for the post's account."""
    author: str
    words: str
    state: CommentState
    """Shown."""
    created_at: datetime
    by_account: bool
    """It is the post's account that speaks."""


class Comment(msgspec.Struct, frozen=True):
    """A comment with its shown replies, oldest first. One that is not shown stands, without words and author, as long
    as it has replies.
    """

    id: UUID
    member_id: UUID | None
    author: str
    words: str
    state: CommentState
    created_at: datetime
    by_account: bool
    warned: bool
    """Moderators warn of it."""
    replies: list[Reply]


class ShownComment(msgspec.Struct, frozen=True):
    """One comment by itself."""

    post_id: UUID
    merchant_id: UUID | None
    author: str
    words: str


class PostComment(msgspec.Struct, frozen=True):
    """As the staff of the post's merchant see it."""

    id: UUID
    post_id: UUID
    post_title: str
    author: str
    words: str
    state: CommentState
    created_at: datetime
    by_account: bool
    """The account's own words."""
    answered: bool
    """The account has replied below it."""


class ReplyHead(msgspec.Struct, frozen=True):
    """A shown reply and whom it answers, for telling them."""

    post_id: UUID
    asked_by: UUID
    author: str
    words: str
