"""Decisions about accounts."""

import re
from collections.abc import Mapping

import msgspec

from unwall.content.accounts.values import AccountDraft, AccountTranslation
from unwall.kernel.errors import FieldError
from unwall.kernel.text import LANGS, N_

_HANDLE = re.compile(r"[a-z0-9_]{2,30}")
_FILE = re.compile(r"(?!/)(?!.*\.\.)[\w./-]{1,200}")
LONGEST_NAME = 100
LONGEST_BIO = 1000


def tidy(draft: AccountDraft) -> AccountDraft:
    words = {
        lang: AccountTranslation(_line(said.name), said.bio.replace("\x00", "").strip())
        for lang, said in draft.translations.items()
    }
    return msgspec.structs.replace(
        draft,
        handle=_line(draft.handle).removeprefix("@").lower(),
        name=_line(draft.name),
        bio=draft.bio.replace("\x00", "").strip(),
        translations={lang: said for lang, said in words.items() if said != AccountTranslation()},
    )


def _line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def check(draft: AccountDraft) -> list[FieldError]:
    """What is wrong with a tidied draft."""
    errors = []
    if not _HANDLE.fullmatch(draft.handle):
        errors.append(FieldError("handle", N_("Use 2 to 30 small letters, digits or underscores.")))
    if not draft.name:
        errors.append(FieldError("name", N_("Give the account a name.")))
    for field, file in (("avatar", draft.avatar), ("banner", draft.banner)):
        if file is not None and not _FILE.fullmatch(file):
            errors.append(FieldError(field, N_("Name an uploaded picture.")))
    return errors + _check_lengths("", draft.name, draft.bio) + _check_words(draft.translations)


def _check_words(translations: Mapping[str, AccountTranslation]) -> list[FieldError]:
    errors = []
    for lang, words in translations.items():
        if lang not in LANGS:
            errors.append(FieldError("translations", N_("We do not speak this language yet.")))
        errors += _check_lengths(f"translations.{lang}.", words.name, words.bio)
    return errors


def _check_lengths(field: str, name: str, bio: str) -> list[FieldError]:
    too_long = [(f"{field}name", len(name) > LONGEST_NAME), (f"{field}bio", len(bio) > LONGEST_BIO)]
    return [FieldError(name, N_("This is too long.")) for name, wrong in too_long if wrong]
