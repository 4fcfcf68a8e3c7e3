"""Limits and validation of comments."""

import msgspec

from unwall.content.comments.values import CommentDraft
from unwall.kernel import typed
from unwall.kernel.errors import Invalid
from unwall.people.rules import check_author, check_words

MAX_WORDS_CHARACTERS = 1000
MAX_REPLIES_SHOWN = 50
"""Of one comment."""
WRITES_PER_WINDOW = 4
"""Times `people.rules.ATTEMPTS_ALLOWED` comments of one writer in `ATTEMPT_WINDOW_MINUTES`."""


def writing_limits(writer: str) -> dict[str, int]:
    """What a comment is counted under, as `attempts.count_attempt` takes it. `writer` is a member's id, or the name of
    an actor who speaks for an account."""
    return {f"comment:{writer}": WRITES_PER_WINDOW}


def checked_words(words: str) -> str:
    """As they are stored. Raises `Invalid` (words)."""
    errors = check_words(words, MAX_WORDS_CHARACTERS)
    if errors:
        raise Invalid(errors)
    return typed.paragraphs(words)


def checked(draft: CommentDraft) -> CommentDraft:
    """As it is stored: plain text. Raises `Invalid` (words, author)."""
    errors = check_words(draft.words, MAX_WORDS_CHARACTERS) + check_author(draft.author)
    if errors:
        raise Invalid(errors)
    return msgspec.structs.replace(draft, words=typed.paragraphs(draft.words), author=typed.line(draft.author))
