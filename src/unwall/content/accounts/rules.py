"""Who may act for an account, and the limits and validation of accounts."""

import re
from collections.abc import Mapping

import msgspec

from unwall.content.accounts.values import (
    AccountDraft,
    AccountKind,
    AccountOwner,
    AccountTranslation,
    Actor,
    Owner,
)
from unwall.kernel import typed
from unwall.kernel.errors import FieldError
from unwall.kernel.files import is_key
from unwall.kernel.text import LANGUAGES, N_
from unwall.people.rules import permit, permit_scope
from unwall.people.values import ApiKey, ApiScope, Member, Permission, Role, Staff

HANDLE_CHARACTERS = range(2, 31)
"""SQL repeats it: the CHECK of account.handle."""
WRONG_HANDLE = N_(
    "Use {least} to {most} letters of one script, digits or underscores.",
    least=min(HANDLE_CHARACTERS),
    most=max(HANDLE_CHARACTERS),
)
_LATIN_LIKE = re.compile(r"[\u0370-\u052f]")
MAX_NAME_CHARACTERS = 100
MAX_BIO_CHARACTERS = 1000
MAX_MEMBER_ACCOUNTS = 5
"""How many accounts one member may own. A merchant's are not limited."""
MERCHANT_KINDS = frozenset({AccountKind.STORE, AccountKind.BRAND})


# --- who may act ------------------------------------------------------------------------------------------------------


def staff_actor(staff: Staff) -> Actor:
    """An actor for the merchant's accounts: an owner for all, others for those that they may act for. Raises
    `Forbidden` if the role may not publish.
    """
    permit(staff, Permission.PUBLISH)
    limited = None if staff.role is Role.OWNER else staff.id
    return Actor(f"staff:{staff.email}", Owner(merchant_id=staff.merchant_id), limited)


def key_actor(key: ApiKey) -> Actor:
    """An actor for every account of the merchant; raises `Forbidden` if the API key lacks the scope."""
    permit_scope(key, ApiScope.CONTENT_WRITE)
    return Actor(f"key:{key.name}", Owner(merchant_id=key.merchant_id))


def member_actor(member: Member) -> Actor:
    """An actor for the accounts that the member owns."""
    return Actor(f"member:{member.id}", Owner(member_id=member.id))


def owns(actor: Actor, owner: Owner) -> bool:
    return actor.owner == owner != Owner()


def may_act(actor: Actor, account: AccountOwner) -> bool:
    chosen = account.staff_ids is None or actor.staff_id is None or actor.staff_id in account.staff_ids
    return owns(actor, account.owner) and chosen


# --- validation -------------------------------------------------------------------------------------------------------


def tidy(draft: AccountDraft) -> AccountDraft:
    words = {
        lang: AccountTranslation(typed.line(translation.name), typed.paragraphs(translation.bio))
        for lang, translation in draft.translations.items()
    }
    return msgspec.structs.replace(
        draft,
        handle=typed.handle(draft.handle),
        name=typed.line(draft.name),
        bio=typed.paragraphs(draft.bio),
        translations={lang: translation for lang, translation in words.items() if translation != AccountTranslation()},
    )


def check(draft: AccountDraft, owner: Owner) -> list[FieldError]:
    """What is wrong with a normalized draft."""
    errors = []
    if draft.kind in MERCHANT_KINDS and owner.merchant_id is None:
        errors.append(FieldError("kind", N_("Only a merchant has an account of a store or a brand.")))
    if not _is_handle(draft.handle):
        errors.append(FieldError("handle", WRONG_HANDLE))
    if not draft.name:
        errors.append(FieldError("name", N_("Give the account a name.")))
    for field, file in (("avatar", draft.avatar), ("banner", draft.banner)):
        if file is not None and not is_key(file):
            errors.append(FieldError(field, N_("Name an uploaded picture.")))
    return errors + _check_lengths("", draft.name, draft.bio) + _check_words(draft.translations)


def _is_handle(handle: str) -> bool:
    """Latin letters do not stand among Greek or Cyrillic ones, which look like them."""
    mixed = re.search(r"[a-z]", handle) and _LATIN_LIKE.search(handle)
    return len(handle) in HANDLE_CHARACTERS and typed.is_word(handle, also="_") and not mixed


def _check_words(translations: Mapping[str, AccountTranslation]) -> list[FieldError]:
    errors = []
    for lang, words in translations.items():
        if lang not in LANGUAGES:
            errors.append(FieldError("translations", N_("This language is not available.")))
        errors += _check_lengths(f"translations.{lang}.", words.name, words.bio)
    return errors


def _check_lengths(field: str, name: str, bio: str) -> list[FieldError]:
    too_long = [(f"{field}name", len(name) > MAX_NAME_CHARACTERS), (f"{field}bio", len(bio) > MAX_BIO_CHARACTERS)]
    return [FieldError(name, N_("This is too long.")) for name, wrong in too_long if wrong]
