"""Limits and validation of reviews."""

from datetime import timedelta
from uuid import UUID

import msgspec

from unwall.content.reviews.values import LicenceScope, ReviewDraft
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import N_
from unwall.media.reads import OwnedVideo
from unwall.media.rules import size_of
from unwall.media.values import VideoState
from unwall.people.rules import check_author

STARS = range(1, 6)
MAX_WORDS_CHARACTERS = 2000
MAX_ANSWER_CHARACTERS = 2000
MAX_PICTURES = 6
"""SQL repeats it: the CHECK of review_picture.position."""
LICENCE_VERSION = "2026-11-28"
"""Of the words below; recorded with each licence."""
LICENCE_WORDS = {
    LicenceScope.SHOP: N_(
        "Show my pictures and my video with this review. I took them myself, and can withdraw them at any time."
    ),
    LicenceScope.MARKETING: N_(
        "The store may also show my pictures and my video in its posts and advertising, with my name. I can withdraw"
        " them at any time."
    ),
}
REQUEST_PAUSE = timedelta(hours=24)
"""Who was told to review something is not told of another order within this; its goods are listed all the same."""
REVIEWS_PER_WINDOW, VOTES_PER_WINDOW = 4, 12
"""Times `people.rules.ATTEMPTS_ALLOWED` writes, or votes, of one member in `ATTEMPT_WINDOW_MINUTES`."""
TOO_MANY_VOTES = N_("You have voted a lot just now.")


def voting_limits(member_id: UUID) -> dict[str, int]:
    """What a vote is counted under, as `attempts.count_attempt` takes it."""
    return {f"vote:{member_id}": VOTES_PER_WINDOW}


def tidy(draft: ReviewDraft) -> ReviewDraft:
    return msgspec.structs.replace(draft, words=typed.paragraphs(draft.words), author=typed.line(draft.author))


def check(draft: ReviewDraft) -> None:
    """Raises `Invalid` with every field that is wrong in a draft as it was sent."""
    wrong = {
        "stars": N_("Give one to five stars.") if draft.stars not in STARS else "",
        "words": N_("Write at most {limit} characters.", limit=MAX_WORDS_CHARACTERS)
        if len(draft.words) > MAX_WORDS_CHARACTERS
        else "",
        "pictures": _pictures_error(draft),
        "licence": N_("Allow your pictures to be shown, or leave them out.")
        if (draft.pictures or draft.video_id) and draft.licence is None
        else "",
    }
    errors = [FieldError(field, message) for field, message in wrong.items() if message]
    errors += check_author(draft.author)
    if errors:
        raise Invalid(errors)


def check_video(video: OwnedVideo | None, member_id: UUID) -> None:
    """Whether the member may show it with a review. Raises `Invalid` (video_id)."""
    if video is None or video.member_id != member_id:
        raise Invalid.one("video_id", N_("Name a video that you have sent."))
    if video.state in (VideoState.FAILED, VideoState.BLOCKED):
        raise Invalid.one("video_id", N_("This video cannot be shown. Send another one."))


def _pictures_error(draft: ReviewDraft) -> str:
    if len(draft.pictures) > MAX_PICTURES:
        return N_("At most {limit} pictures.", limit=MAX_PICTURES)
    if any(size_of(picture.file) != (picture.width, picture.height) for picture in draft.pictures):
        return N_("Name an uploaded picture.")
    return ""


def checked_answer(words: str) -> str:
    """The answer as it is stored; empty takes it back. Raises `Invalid` (answer)."""
    if len(words) > MAX_ANSWER_CHARACTERS:
        raise Invalid.one("answer", N_("Write at most {limit} characters.", limit=MAX_ANSWER_CHARACTERS))
    return typed.paragraphs(words)
