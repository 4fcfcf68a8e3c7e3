"""Merchants, their staff, and shoppers."""

from uuid import UUID

import msgspec

from unwall.intake.dataset.records.base import Email, Record, Translations, When
from unwall.people.values import Role, Tagging


class MerchantRecord(Record, frozen=True, kw_only=True):
    id: UUID
    slug: str
    name: str
    currency: str
    timezone: str
    country: str = ""
    """where it sells first, as of ISO 3166"""
    locale: str = "en"
    translations: Translations = msgspec.field(default_factory=dict)
    tagging: Tagging = Tagging.COLLABORATORS
    created_at: When


class StaffRecord(Record, frozen=True, kw_only=True):
    id: UUID
    merchant_id: UUID
    email: Email
    name: str
    role: Role
    node_id: UUID | None = None
    active: bool = True
    password: str | None = None
    """In plain, for demonstrations only; hashed by the import, never exported."""
    created_at: When


class MemberRecord(Record, frozen=True, kw_only=True):
    """A shopper with an account. If the install already has a member with this e-mail address, the two are merged."""

    id: UUID
    email: Email | None = None
    name: str
    locale: str = "en"
    password: str | None = None
    """In plain, for demonstrations only; hashed by the import, never exported."""
    profiled: bool = True
    """Whether stores may keep a profile of what the member does there."""
    created_at: When


class VisitorRecord(Record, frozen=True, kw_only=True):
    """A browser, and the member who signed in with it."""

    id: UUID
    member_id: UUID | None = None
    created_at: When


class MemberCodeRecord(Record, frozen=True, kw_only=True):
    """The merchant's own customer number of a member."""

    merchant_id: UUID
    code: str
    member_id: UUID
