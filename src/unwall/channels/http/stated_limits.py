"""The limits that templates state: `_("At most %(limit)s MB", limit=limits.upload_mb)`."""

from unwall.channels.http.body_sizes import MAX_UPLOAD_BYTES
from unwall.commerce.fulfilment.rules import PICKUP_CODE_DIGITS
from unwall.content.accounts.rules import HANDLE_CHARACTERS
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
    "listed_posts": MAX_LISTED,
}
