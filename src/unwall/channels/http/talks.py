"""Views of messages, for the shop and the console."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from unwall.channels.http.formatters import formatters
from unwall.channels.http.pictures import PREVIEW_WIDTH, picture_url
from unwall.content.conversations.values import Author, Message
from unwall.kernel.clock import local, now
from unwall.kernel.text import N_, gettext

REMOVED = N_("This message was removed by moderators.")


class AboutView(msgspec.Struct, frozen=True):
    """What a message was written about: a product, an order or a post."""

    kind: str
    """words above the title"""
    title: str
    url: str
    image: str | None = None
    note: str = ""


class MessageView(msgspec.Struct, frozen=True):
    id: str
    side: str
    """mine | theirs | note"""
    author: str
    text: str
    picture: str | None
    width: int | None
    height: int | None
    about: list[AboutView]
    day: str
    """above it, where a new day begins"""
    at: str
    seen: bool
    """on the last of mine that the other side has read"""
    report_url: str | None = None


class ThreadReader(msgspec.Struct, frozen=True):
    """Who reads a thread, and what they know."""

    lang: str
    timezone: str
    mine: Author
    seen_id: UUID | None
    """the newest message that the other side has read"""
    dropped: frozenset[UUID] = frozenset()
    """by moderators"""
    report_url: str | None = None
    """where one of theirs is reported, with a {message}"""


def message_views(
    messages: Sequence[Message], reader: ThreadReader, abouts: Mapping[UUID, AboutView]
) -> list[MessageView]:
    """`messages` newest first; the views oldest first. `abouts` by the id of product, order or post."""
    views, day = [], ""
    ordered = list(reversed(messages))
    seen = _last_seen(ordered, reader)
    for one in ordered:
        its_day = day_words(one.created_at, reader.timezone, reader.lang)
        views.append(_view(one, reader, abouts, its_day if its_day != day else "", seen=one.id == seen))
        day = its_day
    return views


def _last_seen(ordered: Sequence[Message], reader: ThreadReader) -> UUID | None:
    read = [one.id for one in ordered if one.author is reader.mine and reader.seen_id and one.id <= reader.seen_id]
    return read[-1] if read else None


def _view(one: Message, reader: ThreadReader, abouts: Mapping[UUID, AboutView], day: str, *, seen: bool) -> MessageView:
    side = "mine" if one.author is reader.mine else "note" if one.author is Author.NOTE else "theirs"
    dropped = one.id in reader.dropped
    reportable = reader.report_url if side == "theirs" else None
    return MessageView(
        id=str(one.id),
        side=side,
        author=one.staff_name,
        text=gettext(reader.lang, REMOVED) if dropped else one.body,
        picture=None if dropped else picture_url(one.file, PREVIEW_WIDTH),
        width=one.width,
        height=one.height,
        about=[abouts[i] for i in (one.product_id, one.order_id, one.post_id) if i and i in abouts],
        day=day,
        at=formatters(reader.lang).clock(one.created_at, reader.timezone),
        seen=seen,
        report_url=reportable.format(message=one.id) if reportable else None,
    )


def day_words(at: datetime, timezone: str, lang: str) -> str:
    if local(at, timezone).date() == local(now(), timezone).date():
        return gettext(lang, N_("Today"))
    return formatters(lang).day(at, timezone)
