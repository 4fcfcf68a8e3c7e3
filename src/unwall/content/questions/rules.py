"""Limits and validation of questions and answers."""

from uuid import UUID

from unwall.content.questions.values import Said
from unwall.kernel import typed
from unwall.kernel.errors import Invalid
from unwall.people.rules import check_author, check_words

MAX_WORDS_CHARACTERS = 1000
WRITES_PER_WINDOW = 2
"""Times `people.rules.ATTEMPTS_ALLOWED` questions and answers of one member in `ATTEMPT_WINDOW_MINUTES`."""


def writing_limits(member_id: UUID) -> dict[str, int]:
    """What a question or an answer is counted under, as `attempts.count_attempt` takes it."""
    return {f"question:{member_id}": WRITES_PER_WINDOW}


def checked(said: Said) -> Said:
    """As it is stored. Raises `Invalid` (words, author)."""
    errors = check_words(said.words, MAX_WORDS_CHARACTERS) + check_author(said.author)
    if errors:
        raise Invalid(errors)
    return Said(typed.paragraphs(said.words), typed.line(said.author))
