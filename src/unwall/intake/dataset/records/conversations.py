"""What shoppers and stores write to each other, and what staff keep for answering."""

from uuid import UUID

from unwall.content.conversations.values import Author, ConversationState
from unwall.intake.dataset.records.base import Pixels, Quantity, Record, When


class ConversationRecord(Record, frozen=True, kw_only=True):
    """Of one person with one account."""

    id: UUID
    merchant_id: UUID
    account_id: UUID
    person_id: UUID
    """a member, or a visitor who is none"""
    name: str = ""
    """the member's"""
    state: ConversationState = ConversationState.OPEN
    assignee_id: UUID | None = None
    """of the staff"""
    excerpt: str = ""
    waiting_since: When | None = None
    """where it waits for the store: since the first message that nobody answered"""
    last_id: UUID
    """the newest message, by which lists are in order"""
    last_at: When
    last_shopper_id: UUID | None = None
    last_staff_id: UUID | None = None
    shopper_read_id: UUID | None = None
    staff_read_id: UUID | None = None
    created_at: When


class MessageRecord(Record, frozen=True, kw_only=True):
    id: UUID
    """time-ordered: messages are shown in the order of their ids"""
    conversation_id: UUID
    merchant_id: UUID
    author: Author
    staff_id: UUID | None = None
    staff_name: str = ""
    key: str
    """the sender's own name for it, unique in the conversation"""
    body: str = ""
    file: str | None = None
    """a file of the media folder"""
    width: Pixels | None = None
    height: Pixels | None = None
    product_id: UUID | None = None
    order_id: UUID | None = None
    post_id: UUID | None = None
    waited_seconds: Quantity | None = None
    """of an answer: how long the shopper had waited for it"""
    created_at: When


class QuickReplyRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    title: str
    body: str
    """{name}, {store} and {order} are filled in"""
    created_at: When


class AnsweringHoursRecord(Record, frozen=True, kw_only=True):
    """When a store answers, and what shoppers read meanwhile."""

    merchant_id: UUID
    opening_hours: str = ""
    away_text: str = ""
