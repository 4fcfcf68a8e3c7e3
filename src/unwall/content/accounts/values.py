"""Accounts that publish, who may act for them, and who follows them.

UnwallError
├── Invalid                     names the draft's field: handle, name, kind, staff
├── NotFound > NoSuchAccount    it does not exist, or belongs to another owner
├── Conflict > TooManyAccounts  the member has as many accounts as one may have
└── Forbidden > Blocked         the account or the person has blocked the other
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict, Forbidden, NotFound


class NoSuchAccount(NotFound):
    code = "no-such-account"


class TooManyAccounts(Conflict):
    code = "too-many-accounts"


class Blocked(Forbidden):
    code = "blocked"


class AccountKind(StrEnum):
    STORE = "store"
    BRAND = "brand"
    CREATOR = "creator"
    PUBLISHER = "publisher"
    """A magazine, a newspaper, a blog."""


class Owner(msgspec.Struct, frozen=True):
    """The owner of an account: a merchant or a member, or neither (both None)."""

    merchant_id: UUID | None = None
    member_id: UUID | None = None


class MemberAuthor(msgspec.Struct, frozen=True):
    """Who wrote something, and under which name."""

    member_id: UUID
    author: str


class Actor(msgspec.Struct, frozen=True):
    """Who acts for the accounts of an owner. `accounts.rules` creates actors for staff, API keys and members, and
    refuses those who may not publish.
    """

    name: str
    """As recorded with changes: `staff:mei@tea.example`."""
    owner: Owner
    staff_id: UUID | None = None
    """Of staff who act for the accounts that they were chosen for; None for owners of a store, keys and members."""


class AccountOwner(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    member_id: UUID | None
    staff_ids: list[UUID] | None = None
    """The staff who were chosen to act for it; None: whoever may publish."""

    @property
    def owner(self) -> Owner:
        return Owner(self.merchant_id, self.member_id)


class Account(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID | None
    """The merchant whose staff act for the account; None for a member's account."""
    kind: AccountKind
    handle: str
    name: str
    bio: str
    avatar: str | None
    """A key of kernel.files, as is the banner."""
    banner: str | None
    followers: int
    verified: bool = False
    """An operator found that it is who it says it is."""


class Standing(msgspec.Struct, frozen=True):
    """The relation between a person and an account."""

    followed: bool = False
    muted: bool = False
    """The person is not shown its posts; also where they have blocked it."""
    blocked: bool = False
    """The person has blocked the account."""
    refused: bool = False
    """The account has blocked the person."""


class BlockedPerson(msgspec.Struct, frozen=True):
    """Somebody whom an owner has blocked; `name` as they wrote under, or empty."""

    person_id: UUID
    name: str
    at: datetime


class AccountTranslation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The texts in another language; an empty text falls back to the account's own language."""

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
    staff_ids: list[UUID] | None = None
    """As in `AccountOwner`."""
    id: UUID | None = None
    """The account to change, or the id of a new one."""
