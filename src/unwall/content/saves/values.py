"""Saved posts, products and bundles.

UnwallError
├── NotFound > NoSuchSubject     the post is not live, the product or bundle not on sale
└── Conflict > TooManySaved      the person's list is full
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Conflict, NotFound


class NoSuchSubject(NotFound):
    code = "no-such-subject"


class TooManySaved(Conflict):
    code = "too-many-saved"


class SavedKind(StrEnum):
    POST = "post"
    PRODUCT = "product"
    BUNDLE = "bundle"


class SavedSubject(msgspec.Struct, frozen=True):
    kind: SavedKind
    id: UUID


class Saved(msgspec.Struct, frozen=True):
    """A saved post, product or bundle; `entry` is its position in the person's list."""

    kind: SavedKind
    subject_id: UUID
    entry: UUID
