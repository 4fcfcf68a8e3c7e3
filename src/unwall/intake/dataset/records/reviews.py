"""What people say of products and below posts, and what they save."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from unwall.content.comments.values import CommentState
from unwall.content.reviews.rules import STARS
from unwall.content.reviews.values import LicenceScope, ReviewState
from unwall.content.saves.values import SavedKind
from unwall.intake.dataset.records.base import Pixels, Position, Record, When

Stars = Annotated[int, Meta(ge=min(STARS), le=max(STARS))]


class ReviewRecord(Record, frozen=True, kw_only=True):
    """A member's review of a product; the order's line proves that they bought it."""

    id: UUID
    merchant_id: UUID
    product_id: UUID
    member_id: UUID
    order_id: UUID
    order_line: Position
    author: str
    """the name that is shown"""
    stars: Stars
    words: str = ""
    state: ReviewState = ReviewState.SHOWN
    answer: str = ""
    """the merchant's"""
    answered_by: str = ""
    answered_at: When | None = None
    created_at: When
    edited_at: When | None = None


class ReviewVersionRecord(Record, frozen=True, kw_only=True):
    """What a review said before it was edited."""

    review_id: UUID
    written_at: When
    merchant_id: UUID
    stars: Stars
    words: str = ""


class ReviewPictureRecord(Record, frozen=True, kw_only=True):
    review_id: UUID
    position: Position
    merchant_id: UUID
    file: str
    """a file of the media folder"""
    width: Pixels
    height: Pixels


class ReviewLicenceRecord(Record, frozen=True, kw_only=True):
    """What the author of a review allowed to be done with its pictures, by which version of the wording."""

    review_id: UUID
    granted_at: When
    merchant_id: UUID
    member_id: UUID
    scope: LicenceScope
    text_version: str
    revoked_at: When | None = None


class ReviewVoteRecord(Record, frozen=True, kw_only=True):
    """A member finds a review helpful."""

    review_id: UUID
    member_id: UUID
    merchant_id: UUID
    created_at: When


class ReviewRequestRecord(Record, frozen=True, kw_only=True):
    """The buyer of an order is asked for a review when it is due, once."""

    order_id: UUID
    merchant_id: UUID
    person_id: UUID
    """a member, or a visitor who is none"""
    due_at: When
    asked_at: When | None = None


class QuestionRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    product_id: UUID
    member_id: UUID
    author: str
    words: str
    state: ReviewState = ReviewState.SHOWN
    created_at: When


class AnswerRecord(Record, frozen=True, kw_only=True):
    """An answer to a question: of a buyer, or without a member the merchant's own."""

    id: UUID
    question_id: UUID
    merchant_id: UUID
    member_id: UUID | None = None
    author: str
    words: str
    state: ReviewState = ReviewState.SHOWN
    created_at: When


class CommentRecord(Record, frozen=True, kw_only=True):
    """A comment below a post, or a reply to one, which stands before it in the file."""

    id: UUID
    merchant_id: UUID
    post_id: UUID
    parent_id: UUID | None = None
    member_id: UUID | None = None
    """null: staff spoke for the account"""
    account_id: UUID | None = None
    """the post's account, where it is the account that speaks"""
    author: str
    words: str
    state: CommentState = CommentState.SHOWN
    created_at: When


class SaveRecord(Record, frozen=True, kw_only=True):
    """A post, product or set that somebody saved; `entry` is a time-ordered UUID (version 7)."""

    person_id: UUID
    """a member, or a visitor who is none"""
    kind: SavedKind
    subject_id: UUID
    entry: UUID
    merchant_id: UUID
    created_at: When
