"""What is searched beside products."""

from enum import StrEnum
from uuid import UUID

import msgspec


class FoundKind(StrEnum):
    POST = "post"
    ACCOUNT = "account"


class DueIndexing(msgspec.Struct, frozen=True):
    """A post or account whose words have changed."""

    kind: FoundKind
    id: UUID


class Words(msgspec.Struct, frozen=True):
    """The words of a post or account, by weight; texts of the third weight are HTML."""

    id: UUID
    account_id: UUID
    merchant_id: UUID | None
    first: list[str]
    second: list[str]
    third: list[str]
