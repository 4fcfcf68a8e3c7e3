"""What each role may do, and what a name, an address and a password must look like."""

import re
from zoneinfo import available_timezones

from unwall.kernel.errors import FieldError, Forbidden, Invalid
from unwall.kernel.money import known_currency
from unwall.kernel.text import N_
from unwall.people.values import ApiKey, ApiScope, Audience, Permission, Role, Staff

_P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.EDITOR: frozenset({_P.PUBLISH, _P.CATALOGUE, _P.INSIGHT}),
    Role.ANALYST: frozenset({_P.INSIGHT, _P.ORDERS}),
    Role.STOCK: frozenset({_P.STOCK, _P.ORDERS, _P.FULFIL}),
    Role.NODE: frozenset({_P.FULFIL}),
}

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
EMAIL_MAX_CHARACTERS = 254
NAME_MAX_CHARACTERS = 100
PASSWORD_CHARACTERS = range(8, 201)
PASSWORD_CHECKED_CHARACTERS = 1000
"""Of what is sent to sign in: hashing megabytes would block others."""
KEY_HINT_CHARACTERS = 8
"""Of an API key's secret, kept so that its owner can tell keys apart."""
SESSION_DAYS = {Audience.MEMBER: 90, Audience.STAFF: 14}
ATTEMPTS_ALLOWED = 5
ATTEMPT_WINDOW_MINUTES = 15
PEOPLE_PER_NETWORK = 10
"""How many people are taken to stand behind one network address."""


def permit(staff: Staff, permission: Permission) -> None:
    """Raises `Forbidden` where the role lacks the permission."""
    if not staff.active or permission not in ROLE_PERMISSIONS[staff.role]:
        raise Forbidden(N_("Your role does not allow this. Ask an owner of your store."))


def permit_scope(key: ApiKey, scope: ApiScope) -> None:
    if key.revoked_at is not None or scope not in key.scopes:
        raise Forbidden(f"This key lacks the scope {scope}.")


def clean_email(text: str) -> str:
    return text.strip().lower()


def check_person(email: str, name: str, password: str) -> None:
    """Raises `Invalid` with every field that is wrong."""
    errors = []
    if not _EMAIL.fullmatch(clean_email(email)) or len(email) > EMAIL_MAX_CHARACTERS:
        errors.append(FieldError("email", N_("Write an e-mail address such as you@example.com.")))
    if not 1 <= len(name.strip()) <= NAME_MAX_CHARACTERS:
        errors.append(FieldError("name", N_("Write a name of at most 100 characters.")))
    if len(password) not in PASSWORD_CHARACTERS:
        errors.append(FieldError("password", N_("Choose a password of 8 to 200 characters.")))
    if errors:
        raise Invalid(errors)


def check_merchant(slug: str, name: str, currency: str, timezone: str) -> None:
    """Raises `Invalid` with every field that is wrong; a store is opened at the command line, in English."""
    wrong = {
        "slug": "Use 2 to 63 small letters, digits and dashes, and no dash first." if not _SLUG.fullmatch(slug) else "",
        "name": "Name the store." if not name.strip() else "",
        "currency": "Write an ISO 4217 code such as CNY." if not known_currency(currency) else "",
        "timezone": "Write a zone such as Asia/Shanghai." if timezone not in available_timezones() else "",
    }
    errors = [FieldError(field, message) for field, message in wrong.items() if message]
    if errors:
        raise Invalid(errors)


def wait_seconds(attempts: int, oldest_age_seconds: float) -> int:
    """How long to wait before another attempt; 0 while fewer than `ATTEMPTS_ALLOWED` were made within the window."""
    if attempts < ATTEMPTS_ALLOWED:
        return 0
    return max(1, int(ATTEMPT_WINDOW_MINUTES * 60 - oldest_age_seconds))
