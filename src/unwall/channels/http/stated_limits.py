"""The limits that templates state in words, `_("At most %(limit)s MB", limit=limits.upload_mb)`, and as `maxlength`."""

from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.commerce.fulfilment.rules import PICKUP_CODE_DIGITS
from unwall.content.accounts.rules import HANDLE_CHARACTERS, MAX_BIO_CHARACTERS, MAX_NAME_CHARACTERS
from unwall.content.comments import rules as comments
from unwall.content.conversations.rules import MAX_MESSAGE_CHARACTERS
from unwall.content.moderation.rules import MAX_REPORT_CHARACTERS
from unwall.content.posts.rules import MAX_ALT_CHARACTERS, MAX_TITLE_CHARACTERS
from unwall.content.reviews.rules import MAX_ANSWER_CHARACTERS
from unwall.insight.reports.reads import MAX_LISTED
from unwall.media.video_rules import MAX_DURATION_SECONDS
from unwall.people.rules import PASSWORD_CHARACTERS

LIMITS = {
    "upload_mb": MAX_UPLOAD_BYTES // 1_000_000,
    "video_minutes": MAX_DURATION_SECONDS // 60,
    "min_password_characters": min(PASSWORD_CHARACTERS),
    "min_handle_characters": min(HANDLE_CHARACTERS),
    "max_handle_characters": max(HANDLE_CHARACTERS),
    "pickup_code_digits": PICKUP_CODE_DIGITS,
    "account_name_characters": MAX_NAME_CHARACTERS,
    "bio_characters": MAX_BIO_CHARACTERS,
    "post_title_characters": MAX_TITLE_CHARACTERS,
    "alt_characters": MAX_ALT_CHARACTERS,
    "comment_characters": comments.MAX_WORDS_CHARACTERS,
    "answer_characters": MAX_ANSWER_CHARACTERS,
    "message_characters": MAX_MESSAGE_CHARACTERS,
    "report_characters": MAX_REPORT_CHARACTERS,
    "listed_posts": MAX_LISTED,
}
