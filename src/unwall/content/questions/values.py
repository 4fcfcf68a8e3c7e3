"""Questions and their answers.

UnwallError
├── Invalid                       names the field: words, author
├── NotFound > NoSuchQuestion     it does not exist, or is not shown
└── Forbidden > NotABuyer         only who has the product, and its merchant, answer
"""

from datetime import datetime
from uuid import UUID

import msgspec

from unwall.kernel.errors import Forbidden, NotFound


class NoSuchQuestion(NotFound):
    code = "no-such-question"


class NotABuyer(Forbidden):
    code = "not-a-buyer"


class QuestionFilter(msgspec.Struct, frozen=True):
    """Which of the questions on a merchant's products a list has; the default is all that are shown."""

    words: str = ""
    unanswered: bool = False
    """those that the merchant has not answered"""


class Said(msgspec.Struct, frozen=True):
    """What somebody writes: the text, and the name that is shown with it."""

    words: str
    author: str


class Answer(msgspec.Struct, frozen=True):
    id: UUID
    author: str
    words: str
    by_merchant: bool
    """Else by a buyer."""
    warned: bool
    """whether moderation wants a warning before it"""
    created_at: datetime


class ReportedAnswer(msgspec.Struct, frozen=True):
    """A shown answer with the product that it is about."""

    id: UUID
    product_id: UUID
    merchant_id: UUID
    by_merchant: bool
    author: str
    words: str


class AnswerHead(msgspec.Struct, frozen=True):
    """A shown answer and whom it answers, for telling them."""

    product_id: UUID
    asked_by: UUID
    author: str
    words: str


class Question(msgspec.Struct, frozen=True):
    """A shown question with its shown answers, the merchant's first."""

    id: UUID
    product_id: UUID
    merchant_id: UUID
    author: str
    words: str
    created_at: datetime
    warned: bool
    """Moderators warn of it."""
    answers: list[Answer]


class DroppedAnswer(msgspec.Struct, frozen=True):
    id: UUID
    words: str


class MerchantQuestion(msgspec.Struct, frozen=True):
    """As the merchant's staff see it."""

    id: UUID
    product_id: UUID
    product_title: str
    product_image: str | None
    author: str
    words: str
    created_at: datetime
    answers: list[Answer]
    dropped_answer: DroppedAnswer | None
    """the merchant's, which moderation has taken down and nothing replaces"""

    @property
    def own_answer(self) -> str:
        """The merchant's; empty where there is none."""
        return next((answer.words for answer in self.answers if answer.by_merchant), "")
