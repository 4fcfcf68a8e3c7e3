"""Translations in the console's editors: one group of fields, `translations.CODE.title` and so on, for each language
that the store does not write in itself."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from unwall.channels.console.context import ConsoleContext
from unwall.kernel.text import LANGUAGES, Language, best_language
from unwall.people.values import Merchant

Words = TypeVar("Words")


class TranslationGroup(msgspec.Struct, Generic[Words], frozen=True):
    """`code` names the fields, `language` is for people."""

    code: str
    language: str
    words: Words


def own_language(merchant: Merchant) -> Language:
    return best_language([merchant.locale])


def other_languages(merchant: Merchant) -> list[str]:
    """The codes of the languages that the merchant may translate into."""
    own = own_language(merchant)
    return [code for code in LANGUAGES if code != own.code]


def translation_groups(
    ctx: ConsoleContext, translations: Mapping[str, Words], empty: Words
) -> list[TranslationGroup[Words]]:
    return [
        TranslationGroup(code, LANGUAGES[code].name_in(ctx.lang), translations.get(code, empty))
        for code in other_languages(ctx.merchant)
    ]
