"""What each role may do, and what a name, an address and a password must look like."""

import re
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID
from zoneinfo import available_timezones

from unwall.kernel import typed
from unwall.kernel.addresses import known_country
from unwall.kernel.errors import FieldError, Forbidden, Invalid
from unwall.kernel.money import known_currency
from unwall.kernel.text import N_
from unwall.kernel.typed import MAX_EMAIL_CHARACTERS
from unwall.people.values import ApiKey, ApiScope, Audience, Permission, Role, Staff

_P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.EDITOR: frozenset({_P.PUBLISH, _P.CATALOGUE, _P.PRICES, _P.INSIGHT, _P.SEGMENTS, _P.MODERATE, _P.CONVERSE}),
    Role.ANALYST: frozenset({_P.INSIGHT, _P.SEGMENTS, _P.ORDERS, _P.PAYOUTS}),
    Role.STOCK: frozenset({_P.STOCK, _P.ORDERS, _P.FULFIL, _P.CONVERSE}),
    Role.NODE: frozenset({_P.FULFIL}),
}

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
NAME_MAX_CHARACTERS = 100
MAX_AUTHOR_CHARACTERS = 40
"""Of the name that a member gives with what they write."""
WRONG_NAME = N_("Write a name of at most {limit} characters.", limit=NAME_MAX_CHARACTERS)
PASSWORD_CHARACTERS = range(8, 201)
WRONG_PASSWORD = N_(
    "Choose a password of {least} to {most} characters.",
    least=min(PASSWORD_CHARACTERS),
    most=max(PASSWORD_CHARACTERS),
)
NO_PASSWORD = N_("Write your password.")
PASSWORD_CHECKED_CHARACTERS = 1000
"""Of what is sent to sign in: hashing megabytes would block others."""
KEY_HINT_CHARACTERS = 8
"""Of an API key's secret, kept so that its owner can tell keys apart."""
RESET_HOURS = 24
"""How long an operator's link to choose a new password can be used."""
SESSION_DAYS = {Audience.MEMBER: 90, Audience.STAFF: 14}
NAMELESS = "\u2014"
"""Instead of the name of somebody who has left, where what they wrote stays."""
HASHES_AT_ONCE = 1
"""Of passwords, in one process; each is made by up to four threads."""
MAX_WAITING_HASHES, HASHES_WAIT_SECONDS = 300, 10
"""In one process; who comes then may come again after so many seconds."""
ATTEMPTS_ALLOWED = 5
ATTEMPT_WINDOW_MINUTES = 15
VISITORS_PER_NETWORK = 100
"""How many visitors who like, follow or save something are taken to stand behind one network address."""
PEOPLE_PER_NETWORK = 10
"""How many people are taken to stand behind one network address."""
NETWORKS_PER_PERSON = 4
"""From how many networks one person is taken to sign in for the first time."""
KNOWN_NETWORK_DAYS = 90
"""How long a network counts as one that a person signs in from."""


def permit(staff: Staff, permission: Permission) -> None:
    """Raises `Forbidden` where the role lacks the permission."""
    if not staff.active or permission not in ROLE_PERMISSIONS[staff.role]:
        raise Forbidden(N_("Your role does not allow this. Ask an owner of your store."))


def permit_scope(key: ApiKey, scope: ApiScope) -> None:
    if key.revoked_at is not None or scope not in key.scopes:
        raise Forbidden(f"This key lacks the scope {scope}.")


def check_credentials(email: str, password: str) -> None:
    """Raises `Invalid` for an empty field, before an attempt is counted."""
    empty = {"email": (email, N_("Write your e-mail address.")), "password": (password, NO_PASSWORD)}
    errors = [FieldError(field, message) for field, (text, message) in empty.items() if not text.strip()]
    if errors:
        raise Invalid(errors)


def check_password(password: str) -> None:
    """Raises `Invalid` (password)."""
    if len(password) not in PASSWORD_CHARACTERS:
        raise Invalid.one("password", WRONG_PASSWORD)


def check_person(email: str, name: str, password: str) -> None:
    """Raises `Invalid` with every field that is wrong."""
    errors = _identity_errors(email, name)
    if len(password) not in PASSWORD_CHARACTERS:
        errors.append(FieldError("password", WRONG_PASSWORD))
    if errors:
        raise Invalid(errors)


def check_name(name: str) -> None:
    """Raises `Invalid` (name)."""
    if len(name) > NAME_MAX_CHARACTERS or not typed.line(name):
        raise Invalid.one("name", WRONG_NAME)


def check_node(role: Role, node_id: UUID | None) -> None:
    """Raises `Invalid` (node)."""
    if (role is Role.NODE) != (node_id is not None):
        raise Invalid.one("node", N_("Staff of a shop or warehouse need one; other roles have none."))


def check_identity(email: str, name: str) -> None:
    """As `check_person`, for somebody who chooses a password later."""
    errors = _identity_errors(email, name)
    if errors:
        raise Invalid(errors)


def _identity_errors(email: str, name: str) -> list[FieldError]:
    errors = []
    if len(email) > MAX_EMAIL_CHARACTERS or not typed.is_email(typed.email(email)):
        errors.append(FieldError("email", N_("Write an e-mail address such as you@example.com.")))
    if len(name) > NAME_MAX_CHARACTERS or not typed.line(name):
        errors.append(FieldError("name", WRONG_NAME))
    return errors


def check_merchant(slug: str, name: str, currency: str, timezone: str, country: str = "") -> None:
    """Raises `Invalid` with every field that is wrong; a store is opened at the command line, in English."""
    wrong = {
        "slug": "Use 2 to 63 small letters, digits and dashes, and no dash first." if not _SLUG.fullmatch(slug) else "",
        "name": "Name the store." if not typed.line(name) else "",
        "currency": "Write an ISO 4217 code such as CNY." if not known_currency(currency) else "",
        "country": "Write an ISO 3166 code such as DE." if country and not known_country(country) else "",
        "timezone": "Write a zone such as Asia/Shanghai." if timezone not in available_timezones() else "",
    }
    errors = [FieldError(field, message) for field, message in wrong.items() if message]
    if errors:
        raise Invalid(errors)


def sign_in_limits(audience: Audience, email: str, network: str, *, known: bool) -> dict[str, int]:
    """What an attempt to sign in is counted under, as `attempts.count_attempt` takes it. Whoever guesses a person's
    password from elsewhere does not keep them out: for each network of theirs the guesses are counted apart, and those
    from all others together do not count where the person has signed in before (`known`)."""
    everywhere = f"{audience}:{email}"
    limits = {f"{everywhere} {network}": 1, f"{audience}@{network}": PEOPLE_PER_NETWORK}
    return limits if known else {**limits, everywhere: NETWORKS_PER_PERSON}


def wait_seconds(attempts: int, oldest_age_seconds: float) -> int:
    """How long to wait before another attempt; 0 while fewer than `ATTEMPTS_ALLOWED` were made within the window."""
    if attempts < ATTEMPTS_ALLOWED:
        return 0
    return max(1, int(ATTEMPT_WINDOW_MINUTES * 60 - oldest_age_seconds))


# --- what people write, and the name below it -------------------------------------------------------------------------


def check_author(author: str) -> list[FieldError]:
    """What is wrong with the name that is shown with a review, a question or a comment, as it was sent."""
    if len(author) > MAX_AUTHOR_CHARACTERS or not typed.line(author):
        message = N_("Write a name of at most {limit} characters.", limit=MAX_AUTHOR_CHARACTERS)
        return [FieldError("author", message)]
    return []


def check_words(words: str, limit: int) -> list[FieldError]:
    """What is wrong with a question, an answer or a comment, as it was sent."""
    if len(words) > limit or not typed.paragraphs(words):
        return [FieldError("words", N_("Write 1 to {limit} characters.", limit=limit))]
    return []


SAME_NAME = N_("A store or a verified account has this name. Write another one.")
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("абвгеёзіїјкмнопрстухцчѕԁԛԝһҽӏү", "a6bree3iijkmhonpctyxu4sdqwhely", strict=True)),
        **dict(zip("αβγεζηικμνορτυχωϲϳ", "abyeznikmvoptuxwcj", strict=True)),
        **{"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "$": "s", "m": "rn", "w": "vv", "@": "a"},
    }
)
"""Letters of other scripts, and digits, that look like small Latin ones; then those that look like two others."""


def look(name: str) -> str:
    """What people see of a name: two names with the same look are told apart by nobody. Case, width, accents, spaces
    and signs do not count."""
    seen = typed.folded(name).translate(_LOOKALIKES).translate(_LOOKALIKES)
    return "".join(filter(typed.is_letter, seen)) or seen


def is_alike(name: str, others: Iterable[str]) -> bool:
    seen = look(name)
    return any(_look(other) == seen for other in others)


_look = lru_cache(maxsize=20_000)(look)
"""Of the names of stores, which are compared again and again."""
