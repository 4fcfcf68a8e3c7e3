"""Reviews, the figures of a product's stars, and what is written.

UnwallError
├── Invalid                      names the field: stars, words, author, pictures, video_id, licence, answer
├── NotFound > NoSuchReview      it does not exist, is not shown, or is not the caller's
└── Forbidden > NotBought        no order line that was handed over proves the purchase
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from unwall.kernel.errors import Forbidden, NotFound


class NoSuchReview(NotFound):
    code = "no-such-review"


class NotBought(Forbidden):
    code = "not-bought"


class ReviewState(StrEnum):
    SHOWN = "shown"
    WITHDRAWN = "withdrawn"
    """By its author."""
    DROPPED = "dropped"
    """By moderation."""


class LicenceScope(StrEnum):
    """What may be done with the pictures of a review."""

    SHOP = "shop"
    """They are shown with the review."""
    MARKETING = "marketing"
    """The store may also show them in its posts and elsewhere, and says whose they are."""


class ReviewSort(StrEnum):
    HELPFUL = "helpful"
    """Those with pictures or a video first, then by helpful votes."""
    NEWEST = "newest"
    LOW = "low"
    """The fewest stars first."""
    HIGH = "high"


class ReviewPicture(msgspec.Struct, frozen=True):
    """`file` is a key of kernel.files."""

    file: str
    width: int
    height: int


class ProofOfPurchase(msgspec.Struct, frozen=True):
    """A line of an order of the author's that was handed over."""

    order_id: UUID
    line: int
    merchant_id: UUID
    product_id: UUID


class ReviewDraft(msgspec.Struct, frozen=True):
    """What an author may say."""

    stars: int
    words: str = ""
    author: str = ""
    """The name that is shown."""
    pictures: tuple[ReviewPicture, ...] = ()
    licence: LicenceScope | None = None
    """Needed where there are pictures or a video."""
    video_id: UUID | None = None
    """A video that the author has sent."""


class Review(msgspec.Struct, frozen=True):
    """As everybody sees it."""

    id: UUID
    product_id: UUID
    merchant_id: UUID
    author: str
    stars: int
    words: str
    helpful: int
    answer: str
    answered_at: datetime | None
    created_at: datetime
    edited_at: datetime | None
    warned: bool
    """Moderators warn of it."""
    pictures: list[ReviewPicture]
    video_id: UUID | None


class OwnReview(msgspec.Struct, frozen=True):
    """As its author sees it."""

    id: UUID
    product_id: UUID
    state: ReviewState
    draft: ReviewDraft
    created_at: datetime
    answer: str


class MerchantReview(msgspec.Struct, frozen=True):
    """As the merchant's staff see it."""

    id: UUID
    product_id: UUID
    product_title: str
    product_image: str | None
    order_id: UUID
    author: str
    stars: int
    words: str
    state: ReviewState
    helpful: int
    answer: str
    answered_by: str
    answered_at: datetime | None
    created_at: datetime
    edited_at: datetime | None
    pictures: list[ReviewPicture]
    video_id: UUID | None


class ReviewVersion(msgspec.Struct, frozen=True):
    """What a review said before it was edited."""

    written_at: datetime
    stars: int
    words: str


class ReviewFilter(msgspec.Struct, frozen=True):
    """Of the merchant's list; what is empty does not filter."""

    unanswered: bool = False
    stars: int | None = None
    product_id: UUID | None = None
    words: str = ""


class Rating(msgspec.Struct, frozen=True):
    """How many shown reviews of a product give each number of stars."""

    product_id: UUID
    stars_1: int
    stars_2: int
    stars_3: int
    stars_4: int
    stars_5: int

    @property
    def by_stars(self) -> tuple[int, ...]:
        """From one star to five."""
        return self.stars_1, self.stars_2, self.stars_3, self.stars_4, self.stars_5

    @property
    def reviews(self) -> int:
        return sum(self.by_stars)

    @property
    def total(self) -> int:
        """All stars that were given."""
        return sum(stars * count for stars, count in enumerate(self.by_stars, 1))

    @property
    def average(self) -> float:
        """0 where there is no review."""
        return self.total / self.reviews if self.reviews else 0.0


class AskedOrder(msgspec.Struct, frozen=True):
    """An order whose buyer was asked for a review."""

    order_id: UUID
    asked_at: datetime
