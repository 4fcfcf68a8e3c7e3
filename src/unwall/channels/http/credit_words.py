"""How gift cards and store credit are called on pages."""

from unwall.commerce.credit.values import CreditKind
from unwall.kernel.text import N_, gettext

GIFT_CARD = N_("Gift card ending in {digits}")
STORE_CREDIT = N_("Store credit")


def account_words(kind: CreditKind, last4: str, lang: str) -> str:
    return gettext(lang, GIFT_CARD, digits=last4) if kind is CreditKind.GIFT_CARD else gettext(lang, STORE_CREDIT)
