"""People and what they may do.

UnwallError
├── Invalid
├── SignInNeeded > BadCredentials   e-mail and password do not match; says nothing about which
├── Forbidden                       the role or the key's scopes do not allow it
└── TooMany                         too many attempts; carries the seconds to wait
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.addresses import country_of_timezone
from unwall.kernel.errors import SignInNeeded
from unwall.kernel.geo import Place


class Merchant(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str
    currency: str
    timezone: str
    locale: str
    country: str = ""
    """Where it sells first, as of ISO 3166; empty where that was not said."""

    @property
    def home_country(self) -> str:
        """That of its time zone, where none was said."""
        return self.country or country_of_timezone(self.timezone)


class Tagging(StrEnum):
    """Which accounts may tag a merchant's products in their posts, beside its own."""

    EVERYBODY = "everybody"
    COLLABORATORS = "collaborators"
    """Those that it listed (content.accounts)."""
    NOBODY = "nobody"


class Member(msgspec.Struct, frozen=True):
    id: UUID
    email: str | None
    name: str
    locale: str
    place: Place | None = None


class Audience(StrEnum):
    """The kind of person that a session belongs to."""

    MEMBER = "member"
    STAFF = "staff"


class PasswordChange(msgspec.Struct, frozen=True):
    """The form of a change, and the network address that it came from."""

    old: str
    new: str
    origin: str


class ResetTicket(msgspec.Struct, frozen=True, array_like=True):
    """Lets its holder choose a new password, once: `mark` is that of the password that it replaces."""

    audience: Audience
    person_id: UUID
    mark: str


class Role(StrEnum):
    OWNER = "owner"
    EDITOR = "editor"
    ANALYST = "analyst"
    STOCK = "stock"
    NODE = "node"
    """Staff of one warehouse or shop."""


class Permission(StrEnum):
    PUBLISH = "publish"
    CATALOGUE = "catalogue"
    STOCK = "stock"
    ORDERS = "orders"
    FULFIL = "fulfil"
    INSIGHT = "insight"
    PEOPLE = "people"
    CONVERSE = "converse"
    """Answer what shoppers write to the store."""
    REFUND = "refund"
    """Give customers their money back."""
    PAYOUTS = "payouts"
    """See what the gateway paid out and kept, and what banks dispute."""
    PRICES = "prices"
    """Taxes and promotions."""
    SEGMENTS = "segments"
    """Groups of customers, which promotions may be for."""
    MODERATE = "moderate"
    """To decide about what people reported."""


class Staff(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    email: str
    name: str
    role: Role
    node_id: UUID | None
    active: bool


class StaffDraft(msgspec.Struct, frozen=True):
    """`node_id` for the role NODE, and for it only."""

    email: str
    name: str
    role: Role
    node_id: UUID | None = None


class StaffChange(msgspec.Struct, frozen=True):
    """`node_id` for the role NODE, and for it only."""

    name: str
    role: Role
    node_id: UUID | None = None


class NewApiKey(msgspec.Struct, frozen=True):
    """`secret` is shown once; only its fingerprint is stored."""

    id: UUID
    secret: str


class ApiScope(StrEnum):
    CATALOGUE_READ = "catalogue:read"
    CATALOGUE_WRITE = "catalogue:write"
    CONTENT_READ = "content:read"
    CONTENT_WRITE = "content:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    INSIGHT_READ = "insight:read"
    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_WRITE = "conversations:write"


class ApiKey(msgspec.Struct, frozen=True):
    id: UUID
    merchant_id: UUID
    name: str
    hint: str
    scopes: frozenset[ApiScope]
    created_at: datetime
    revoked_at: datetime | None


class BadCredentials(SignInNeeded):
    code = "bad-credentials"
