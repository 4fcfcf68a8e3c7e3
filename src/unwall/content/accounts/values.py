"""Accounts that publish, and who follows them.

UnwallError
├── Invalid                     names the draft's field: handle, name
└── NotFound > NoSuchAccount    not there, or another merchant's
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import NotFound


class NoSuchAccount(NotFound):
    code = "no-such-account"


class AccountKind(StrEnum):
    STORE = "store"
    BRAND = "brand"
    CREATOR = "creator"
    MEDIA = "media"


class Account(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    """None for a creator or a medium"""
    kind: AccountKind
    handle: str
    name: str
    bio: str
    avatar: str | None
    """a key of kernel.files, as is the banner"""
    banner: str | None
    followers: int


class AccountTranslation(msgspec.Struct, frozen=True, omit_defaults=True):
    """In one other language; what is left empty is said in the merchant's own."""

    name: str = ""
    bio: str = ""


class AccountDraft(msgspec.Struct, frozen=True):
    handle: str
    name: str
    kind: AccountKind = AccountKind.STORE
    bio: str = ""
    avatar: str | None = None
    banner: str | None = None
    translations: dict[str, AccountTranslation] = {}
    id: UUID | None = None
    """the account to change, or the id that a new one shall have"""
