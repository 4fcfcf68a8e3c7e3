"""Conversations, their messages, and what staff keep for answering.

UnwallError
├── Invalid                            names the field: body, picture, title, opening_hours
├── NotFound > NoSuchConversation      it does not exist, or belongs to others
├── Forbidden > MayNotWrite            one of the two has blocked the other
└── TooMany                            too many messages
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Forbidden, NotFound
from unwall.media.values import Image


class NoSuchConversation(NotFound):
    code = "no-such-conversation"


class MayNotWrite(Forbidden):
    code = "may-not-write"


class ConversationState(StrEnum):
    WAITING = "waiting"
    """For the store's answer."""
    OPEN = "open"
    CLOSED = "closed"


class Author(StrEnum):
    SHOPPER = "shopper"
    STAFF = "staff"
    """Whoever writes for the account: staff of its store, or its member."""
    NOTE = "note"
    """Of the staff, seen by staff only."""


class About(msgspec.Struct, frozen=True):
    """What a shopper looked at while writing; the caller has checked that it is the store's, and the order theirs."""

    product_id: UUID | None = None
    order_id: UUID | None = None
    post_id: UUID | None = None


class MessageDraft(msgspec.Struct, frozen=True):
    """`key` is the sender's own name for the message: sent again under it, it is there once."""

    key: str
    body: str = ""
    picture: Image | None = None
    about: About = About()


class Writer(msgspec.Struct, frozen=True):
    """Who answers for a store: one of the staff, or a program by the name of its API key."""

    staff_id: UUID | None
    name: str


class Message(msgspec.Struct, frozen=True):
    id: UUID
    author: Author
    staff_name: str
    """Empty of a shopper's."""
    body: str
    file: str | None
    width: int | None
    height: int | None
    product_id: UUID | None
    order_id: UUID | None
    post_id: UUID | None
    created_at: datetime
    removed: bool = False
    """By moderators: then its words and picture are left out, by who shows it."""


class Conversation(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    """None where the account is a member's."""
    account_id: UUID
    person_id: UUID
    name: str
    state: ConversationState
    assignee_id: UUID | None
    excerpt: str
    waiting_since: datetime | None
    last_id: UUID
    last_at: datetime
    last_shopper_id: UUID | None
    last_staff_id: UUID | None
    shopper_read_id: UUID | None
    staff_read_id: UUID | None

    @property
    def new_for_shopper(self) -> bool:
        return _is_new(self.last_staff_id, self.shopper_read_id)

    @property
    def new_for_staff(self) -> bool:
        return _is_new(self.last_shopper_id, self.staff_read_id)


def _is_new(last: UUID | None, read: UUID | None) -> bool:
    return last is not None and (read is None or read < last)


class AccountConversation(msgspec.Struct, frozen=True):
    """In the list of the member whose accounts are written to."""

    conversation: Conversation
    handle: str
    account_name: str


class OwnConversation(msgspec.Struct, frozen=True):
    """In the shopper's list."""

    conversation: Conversation
    handle: str
    account_name: str
    avatar: str | None


class Sent(msgspec.Struct, frozen=True):
    conversation_id: UUID
    message_id: UUID
    new: bool
    """False where it was sent before under its key."""


class ConversationView(StrEnum):
    """A list of the console."""

    UNANSWERED = "unanswered"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    OPEN = "open"
    """Whatever is not closed."""
    CLOSED = "closed"


class ConversationFilter(msgspec.Struct, frozen=True):
    view: ConversationView
    staff_id: UUID
    words: str = ""


class QuickReply(msgspec.Struct, frozen=True):
    id: UUID
    title: str
    body: str


class AnsweringHours(msgspec.Struct, frozen=True):
    """`opening_hours` as OpenStreetMap writes them, on the store's clock; empty: always."""

    opening_hours: str = ""
    away_text: str = ""


class ResponseTimes(msgspec.Struct, frozen=True):
    """Of the answers of the last thirty days."""

    answers: int
    median_seconds: int | None


class MessageHead(msgspec.Struct, frozen=True):
    """A message and its conversation, for telling people of it."""

    id: UUID
    author: Author
    body: str
    conversation_id: UUID
    merchant_id: UUID | None
    owner_id: UUID | None
    """The member whose account it is."""
    person_id: UUID
    name: str
    assignee_id: UUID | None
    seen: bool
    """By the other side."""
    first: bool
    """The shopper has waited since this one."""
    handle: str
    account_name: str
