"""What can be reported, reports, cases and decisions.

UnwallError
├── Invalid                       names the field: reason, words, action
├── NotFound > NoSuchCase         it does not exist, or another merchant's moderators decide about it
├── Conflict > AlreadyDecided     somebody else has decided meanwhile
├── Conflict > ChangedSinceSeen   it is not what the moderator has seen any more
├── Forbidden > SomebodyElse      a second opinion and an appeal are decided by another moderator
└── TooMany                       too many reports by one person
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict, Forbidden, NotFound


class NoSuchCase(NotFound):
    code = "no-such-case"


class AlreadyDecided(Conflict):
    code = "already-decided"


class ChangedSinceSeen(Conflict):
    code = "changed-since-seen"


class SomebodyElse(Forbidden):
    code = "somebody-else"


class SubjectKind(StrEnum):
    POST = "post"
    ACCOUNT = "account"
    COMMENT = "comment"
    REVIEW = "review"
    QUESTION = "question"
    ANSWER = "answer"
    """To a question. The store's own are decided by the install's moderators."""
    MESSAGE = "message"
    MEDIA = "media"
    PRODUCT = "product"
    BUNDLE = "bundle"
    """Products and bundles are decided by the install's moderators, not by those of their store."""


class Subject(msgspec.Struct, frozen=True):
    """What is reported and decided about."""

    kind: SubjectKind
    id: UUID


class Reported(msgspec.Struct, frozen=True):
    """A subject as it was when it was reported or sent in for review: what moderators see of it."""

    subject: Subject
    merchant_id: UUID | None = None
    """Whose moderators decide; None: those of the install."""
    excerpt: str = ""
    url: str = ""
    """Its page in the shop."""


class ReportReason(StrEnum):
    SPAM = "spam"
    SCAM = "scam"
    FALSE = "false"
    COUNTERFEIT = "counterfeit"
    RIGHTS = "rights"
    """It uses pictures or words of others."""
    HATE = "hate"
    HARASSMENT = "harassment"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    PRIVACY = "privacy"
    OTHER = "other"


class ReportDraft(msgspec.Struct, frozen=True):
    reason: ReportReason
    words: str = ""


class Visibility(StrEnum):
    ALLOW = "allow"
    WARN = "warn"
    """Shown behind a warning, and not recommended."""
    DROP = "drop"
    """Shown to nobody but who made it and moderators."""


class CaseState(StrEnum):
    OPEN = "open"
    SECOND_OPINION = "second_opinion"
    APPEALED = "appealed"
    CLOSED = "closed"


class Action(StrEnum):
    """What is done to a case; each is an entry of its audit."""

    ALLOW = "allow"
    WARN = "warn"
    DROP = "drop"
    BLOCK = "block"
    """Drop it, and refuse its pictures and videos whenever somebody sends them again."""
    RESTORE = "restore"
    """Show again what was dropped or stood behind a warning."""
    SECOND_OPINION = "second_opinion"
    """Leave it to another moderator."""
    APPEAL = "appeal"
    """By who made it."""


class Verdict(msgspec.Struct, frozen=True):
    action: Action
    reason: ReportReason | None = None
    """Needed to warn, to drop and to block."""
    words: str = ""


class Moderator(msgspec.Struct, frozen=True):
    name: str
    """As recorded with decisions: `staff:mei@tea.example`, `operator:root`."""
    merchant_id: UUID | None = None
    install: bool = False
    """Whether they decide about what belongs to no merchant."""
    operator: bool = False
    """Whether they decide about everything."""


class Case(msgspec.Struct, frozen=True):
    """One subject that was reported or sent in."""

    id: UUID
    kind: SubjectKind
    subject_id: UUID
    merchant_id: UUID | None
    excerpt: str
    url: str
    state: CaseState
    visibility: Visibility
    decided_by: str
    """Who decided or asked for a second opinion last; empty: nobody yet."""
    reports: int
    member_reports: int
    """Those of people who were signed in."""
    undecided_reports: int
    """Those since the last decision."""
    opened_at: datetime

    @property
    def subject(self) -> Subject:
        return Subject(self.kind, self.subject_id)


class ReasonCount(msgspec.Struct, frozen=True):
    reason: ReportReason
    reports: int


class QueuedCase(msgspec.Struct, frozen=True):
    case: Case
    reasons: tuple[ReasonCount, ...]
    """The most frequent first."""
    words: tuple[str, ...]
    """What the reporters wrote, the newest first."""


class Decision(msgspec.Struct, frozen=True):
    """An entry of a case's audit."""

    at: datetime
    actor: str
    action: Action
    reason: ReportReason | None
    words: str


class Decided(msgspec.Struct, frozen=True):
    """A subject whose visibility changed."""

    subject: Subject
    visibility: Visibility
    before: Visibility
    awaited: bool
    """Whether the case was open: a post that waits for review goes live when it is allowed."""


class TakenDown(msgspec.Struct, frozen=True):
    """What a member wrote and moderation has dropped, for its author."""

    id: UUID
    words: str
