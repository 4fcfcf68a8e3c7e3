"""A list of reviews, questions or comments, as the console shows them."""

from collections.abc import Iterable

import msgspec

from unwall.channels.console import listing
from unwall.channels.console.appeals import DropState
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.design.values import Tab
from unwall.kernel.text import N_

REVIEWS, QUESTIONS, COMMENTS = "/console/reviews", "/console/questions", "/console/comments"
UNANSWERED = (("", N_("All")), ("1", N_("Unanswered")))


class PictureLink(msgspec.Struct, frozen=True):
    src: str
    url: str


class BuyersAnswer(msgspec.Struct, frozen=True):
    id: str
    author: str
    words: str


class OpinionRow(msgspec.Struct, frozen=True):
    """A review, question or comment in a list."""

    id: str
    about: str
    about_url: str
    image: str | None
    author: str
    words: str
    said: str
    kind: str
    """as /report/KIND/ID names it"""
    stars: int = 0
    badge: str = ""
    tone: str = ""
    note: str = ""
    url: str = ""
    answer: str = ""
    answered: str = ""
    own: bool = False
    """the store's own words"""
    others: list[BuyersAnswer] = []
    dropped: DropState = DropState()
    dropped_words: str = ""
    """the store's answer that moderators have taken down"""
    pictures: list[PictureLink] = []
    film: str | None = None
    """the address of its video, as soon as it plays"""


class OpinionsPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/opinions.html"

    path: str
    subjects: list[Tab]
    query: str
    filters: list[Tab]
    stars: list[Tab]
    rows: list[OpinionRow]
    next_url: str | None
    export_url: str | None
    answerable: bool
    here: str
    empty: str


def filter_tabs(
    ctx: ConsoleContext, path: str, name: str, options: Iterable[tuple[str, str]], asked: dict[str, str | None]
) -> list[Tab]:
    """The other filters stay."""
    chosen = asked.get(name) or ""
    return [
        Tab(listing.address(path, **{**asked, name: value}), ctx.words(label), value == chosen)
        for value, label in options
    ]
