"""What a merchant may set of a promotion, and its codes."""

import re
import secrets

from unwall.commerce.pricing.values import WHOLE, Promotion, PromotionKind
from unwall.kernel import typed
from unwall.kernel.errors import FieldError, Invalid
from unwall.kernel.text import LANGUAGES, N_

MAX_TITLE_CHARACTERS = 60
MAX_PROMOTIONS = 1000
MAX_CODES_AT_ONCE = 10_000
MAX_CODES_PER_PROMOTION = 100_000
MAX_SUBJECTS = 500
"""Products or categories of a promotion."""
MAX_CODES_PER_CART = 5
CODE_CHARACTERS = 8
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters and digits that look alike."""
CODE_LENGTHS = range(3, 41)
"""SQL repeats it: the CHECK of promotion_code.code (0010_pricing.sql)."""
_CODE = re.compile(r"[A-Z0-9-]+")
WRONG_CODE = N_(
    "A code has {least} to {most} letters, digits and hyphens.", least=min(CODE_LENGTHS), most=max(CODE_LENGTHS)
)
_K = PromotionKind


def tidy_code(text: str) -> str:
    """As it is stored."""
    return typed.code(text[:200]).replace(" ", "").upper()


def check_code(code: str, field: str = "code") -> None:
    """Raises `Invalid`."""
    if len(code) not in CODE_LENGTHS or not _CODE.fullmatch(code):
        raise Invalid.one(field, WRONG_CODE)


def check_promotion(promotion: Promotion) -> None:
    """Raises `Invalid` naming every wrong field."""
    errors = _value_errors(promotion)
    if not 0 < len(promotion.title) <= MAX_TITLE_CHARACTERS:
        errors.append(FieldError("title", N_("Name the promotion.")))
    asked = promotion.conditions
    if asked.starts_at and asked.ends_at and asked.ends_at <= asked.starts_at:
        errors.append(FieldError("ends_at", N_("It must end after it starts.")))
    for name in ("max_uses", "max_uses_per_customer"):
        limit = getattr(asked, name)
        if limit is not None and not 0 < limit < 2**31:
            errors.append(FieldError(name, N_("Write a whole number above zero.")))
    if asked.minimum < 0:
        errors.append(FieldError("minimum", N_("Write an amount of zero or more.")))
    if any(
        len(title) > MAX_TITLE_CHARACTERS or lang not in LANGUAGES for lang, title in promotion.translations.items()
    ):
        errors.append(FieldError("translations", N_("This is too long.")))
    subjects = (asked.products, asked.categories, asked.segments, asked.channels, promotion.parts)
    if any(len(one) > MAX_SUBJECTS for one in subjects):
        errors.append(FieldError("products", N_("At most {limit} products or categories.", limit=MAX_SUBJECTS)))
    if errors:
        raise Invalid(errors)


def _value_errors(promotion: Promotion) -> list[FieldError]:
    kind, value = promotion.kind, promotion.value
    if kind in {_K.PER_CENT, _K.BUY_GET} and not 0 < value <= WHOLE:
        return [FieldError("value", N_("Write a percentage above zero."))]
    if kind is _K.AMOUNT and value <= 0:
        return [FieldError("value", N_("Write an amount above zero."))]
    if value < 0:
        return [FieldError("value", N_("Write an amount of zero or more."))]
    if kind is _K.BUY_GET and not (0 <= promotion.buy < 100 and 0 < promotion.get < 100):
        return [FieldError("buy", N_("Write how many to buy, and how many of them are reduced."))]
    if kind is _K.BUNDLE_PRICE and (
        len(promotion.parts) < 1
        or any(part.quantity < 1 for part in promotion.parts)
        or len({part.variant_id for part in promotion.parts}) < len(promotion.parts)
    ):
        return [FieldError("parts", N_("Name each part of the bundle once, by its SKU."))]
    return []


def new_codes(count: int, prefix: str = "") -> list[str]:
    """As many different ones, which nobody can guess."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(prefix + "".join(secrets.choice(_ALPHABET) for _ in range(CODE_CHARACTERS)))
    return sorted(codes)
