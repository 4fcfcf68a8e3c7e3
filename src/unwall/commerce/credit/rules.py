"""What may be spent of which account, and codes of gift cards (docs/rules/credit.md). Pure functions."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from unwall.commerce.credit.values import CreditAccount, CreditKind, CreditUse, GiftCardDraft
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.secrets import fingerprint
from unwall.kernel.text import N_

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of codes: without 0, 1, I and O, which are misread."""
CODE_CHARACTERS, CODE_GROUP = 16, 4
"""80 bits: codes cannot be found by trying."""
MAX_CARDS_PER_ORDER = 5
MAX_AMOUNT = 100_000_000
"""Of one card or grant, in minor units."""
MAX_NAME_CHARACTERS, MAX_MESSAGE_CHARACTERS, MAX_NOTE_CHARACTERS = 100, 500, 500
RENEWED_DAYS = 30
"""What comes back to a card that has expired meanwhile can be spent for so long."""
WRONG_AMOUNT = N_("Enter an amount above zero.")
TOO_MUCH = N_("This is more than a card can hold.")
NO_REASON = N_("Write why, in at most {limit} characters.", limit=MAX_NOTE_CHARACTERS)
EXPIRED = N_("This gift card has expired.")
VOIDED = N_("This gift card is no longer valid.")
EMPTY = N_("Nothing is left on this gift card.")
OTHER_CURRENCY = N_("This gift card is in another currency.")
NO_SUCH_CARD = N_("There is no gift card with this code. Check how it is written.")
CHANGED = N_("Less is left on the gift card or of your credit than you saw. Check what is to be paid.")


def code_of(secret: bytes, card_id: UUID) -> str:
    """Made of the install's secret, so that a mail can be written again without the code being stored anywhere."""
    digest = int.from_bytes(hmac.digest(secret, b"gift-card " + card_id.bytes, hashlib.sha256))
    return "".join(ALPHABET[(digest >> (5 * n)) & 31] for n in range(CODE_CHARACTERS))


def shown_code(code: str) -> str:
    """In groups, as it is printed."""
    return "-".join(code[n : n + CODE_GROUP] for n in range(0, len(code), CODE_GROUP))


def tidy_card_code(text: str) -> str:
    """Without what people put between the groups; empty where it cannot be a gift card's."""
    code = "".join(typed.code(text[:200]).replace("-", " ").split()).upper()
    return code if len(code) == CODE_CHARACTERS and set(code) <= set(ALPHABET) else ""


def code_hash(code: str) -> str:
    return fingerprint(code).hex()


def check_draft(draft: GiftCardDraft, now: datetime) -> None:
    """Raises `Invalid` (amount, expires_at, name, email, message, note)."""
    errors = amount_errors(draft.amount)
    recipient = draft.recipient
    if draft.expires_at is not None and draft.expires_at <= now:
        errors.append(FieldError("expires_at", N_("Choose a day that is still to come.")))
    for field, text, most in (
        ("name", recipient.name, MAX_NAME_CHARACTERS),
        ("message", recipient.message, MAX_MESSAGE_CHARACTERS),
        ("note", draft.note, MAX_NOTE_CHARACTERS),
    ):
        if len(text) > most:
            errors.append(FieldError(field, N_("This is too long.")))
    if recipient.email and not typed.is_email(recipient.email):
        errors.append(FieldError("email", N_("Check the e-mail address.")))
    if not draft.paid_by and not draft.note.strip():
        errors.append(FieldError("note", NO_REASON))
    if errors:
        raise Invalid(errors)


def amount_errors(amount: int) -> list[FieldError]:
    if amount <= 0:
        return [FieldError("amount", WRONG_AMOUNT)]
    return [FieldError("amount", TOO_MUCH)] if amount > MAX_AMOUNT else []


def check_note(note: str) -> str:
    """Tidied. Raises `Invalid` (note)."""
    tidied = note.strip()
    if not 0 < len(tidied) <= MAX_NOTE_CHARACTERS:
        raise Invalid.one("note", NO_REASON)
    return tidied


def why_not(account: CreditAccount, currency: str, now: datetime) -> str | None:
    """Why nothing can be spent of it; None where it can."""
    if account.voided_at is not None:
        return VOIDED
    if account.expires_at is not None and account.expires_at <= now:
        return EXPIRED
    if account.currency != currency:
        return OTHER_CURRENCY
    return None if account.available else EMPTY


def shares(accounts: Iterable[CreditAccount], due: int, currency: str, now: datetime) -> dict[UUID, int]:
    """What each account pays of `due`, in minor units: gift cards before store credit, those that expire first before
    others, each as far as it goes."""
    usable = sorted((one for one in accounts if why_not(one, currency, now) is None), key=_order)
    taken: dict[UUID, int] = {}
    for account in usable:
        part = min(account.available, due - sum(taken.values()))
        if part > 0:
            taken[account.id] = part
    return taken


def _order(account: CreditAccount) -> tuple[bool, bool, float, bytes]:
    expires = account.expires_at.timestamp() if account.expires_at else 0.0
    return account.kind is CreditKind.STORE_CREDIT, account.expires_at is None, expires, account.id.bytes


def back(uses: Sequence[CreditUse], amount: int) -> dict[UUID, int]:
    """What goes back to each use, by its id: to store credit first, then to the cards, never more than was taken."""
    parts: dict[UUID, int] = {}
    for use in sorted(uses, key=lambda one: (one.kind is CreditKind.GIFT_CARD, one.id.bytes)):
        part = min(use.amount - use.given_back, amount - sum(parts.values()))
        if part > 0:
            parts[use.id] = part
    return parts


def left_to_give_back(uses: Iterable[CreditUse]) -> int:
    """In minor units."""
    return sum(use.amount - use.given_back for use in uses)


def renewed(expires_at: datetime | None, now: datetime) -> datetime | None:
    """When an account expires after something came back to it."""
    return max(expires_at, now + timedelta(days=RENEWED_DAYS)) if expires_at else None
