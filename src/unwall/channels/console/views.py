"""Values of the rooms as the console's templates want them: addresses, words, money and times written out. Pure."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_percent

from unwall.catalogue.values import Status
from unwall.channels.console.frame import Seat
from unwall.channels.pages import filters as pens_of
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.values import Channel, OrderState
from unwall.commerce.sourcing.values import Method
from unwall.commerce.stock.values import Bucket, Reason
from unwall.content.posts.values import PostKind, State
from unwall.kernel.clock import local
from unwall.kernel.files import Files
from unwall.kernel.money import Money
from unwall.kernel.text import LOCALES, N_
from unwall.people.values import Permission

View = dict[str, Any]
pens = lru_cache(pens_of)

ORDER_STATES = {
    OrderState.PREPARED: N_("Not paid yet"),
    OrderState.PAID: N_("Paid"),
    OrderState.FULFILLED: N_("Done"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Ran out unpaid"),
}
ORDER_TONES = {OrderState.FULFILLED: "good", OrderState.PREPARED: "soon", OrderState.CANCELLED: "bad"}
POST_STATES = {State.DRAFT: N_("Draft"), State.LIVE: N_("Live"), State.REMOVED: N_("Removed")}
POST_TONES = {State.LIVE: "good", State.DRAFT: "soon", State.REMOVED: ""}
POST_KINDS = {
    PostKind.NOTE: N_("Note"),
    PostKind.ARTICLE: N_("Article"),
    PostKind.PHOTO_SET: N_("Photo set"),
    PostKind.LOOKBOOK: N_("Lookbook"),
}
STATUSES = {Status.ACTIVE: N_("On sale"), Status.DRAFT: N_("Draft"), Status.ARCHIVED: N_("Archived")}
STATUS_TONES = {Status.ACTIVE: "good", Status.DRAFT: "soon", Status.ARCHIVED: ""}
CHANNELS = {Channel.ONLINE: N_("Online"), Channel.COUNTER: N_("Counter"), Channel.IMPORT: N_("Imported")}
METHODS = {
    Method.SHIP: N_("By post"),
    Method.COURIER: N_("By courier"),
    Method.PICKUP: N_("Pickup"),
    Method.TAKEN: N_("Taken along"),
}
BUCKETS = {
    Bucket.AVAILABLE: N_("available"),
    Bucket.HELD: N_("held"),
    Bucket.ALLOCATED: N_("allocated"),
    Bucket.OUTSIDE: N_("outside"),
}
REASONS = {
    Reason.HOLD: N_("Held for an order"),
    Reason.RELEASE: N_("Released"),
    Reason.EXPIRE: N_("Hold ran out"),
    Reason.ALLOCATE: N_("Paid"),
    Reason.DEALLOCATE: N_("Allocation undone"),
    Reason.ISSUE: N_("Left for the customer"),
    Reason.RECEIPT: N_("Goods arrived"),
    Reason.RETURN: N_("Came back"),
    Reason.COUNTER_SALE: N_("Sold at the counter"),
    Reason.ADJUSTMENT: N_("Corrected"),
    Reason.COUNT: N_("Counted"),
    Reason.DAMAGE: N_("Damaged"),
}
MOMENTS = {
    "placed": N_("Ordered"),
    "paid": N_("Paid"),
    ShipmentState.ROUTED: N_("Sent to the place that packs it"),
    ShipmentState.PICKING: N_("Being picked"),
    ShipmentState.READY: N_("Ready"),
    ShipmentState.HANDED_OVER: N_("Handed over"),
    ShipmentState.COLLECTED: N_("Collected"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Ran out unpaid"),
}


ACTORS = {"visitor": N_("A shopper"), "house": N_("Unwall"), "clock": N_("Unwall, by the clock")}
PAGES = {
    "home": N_("Home page"),
    "store": N_("Store front"),
    "product": N_("Product page"),
    "post": N_("A post"),
    "search": N_("Search"),
    "account": N_("An account's page"),
}


def actor(seat: Seat, who: str) -> str:
    """Staff by their address; shoppers have no name here."""
    kind, _, name = who.partition(":")
    return name if kind == "staff" and name else seat.words(ACTORS.get(kind, who))


def page_words(seat: Seat, page: str | None) -> str:
    """`home/for-you` is the home page."""
    name = (page or "").partition("/")[0]
    return seat.words(PAGES.get(name, name)) or "–"


def picture_of(file: str | None) -> str | None:
    """A key of ours, or an address that came with an import."""
    if not file:
        return None
    return file if file.startswith("https://") else Files.url(file)


def shape(width: int, height: int) -> str:
    """The frame that crops the picture least, as the shop frames it."""
    ratios = {"portrait": 4 / 5, "square": 1.0, "wide": 3 / 2, "film": 16 / 9}
    return min(ratios, key=lambda name: abs(ratios[name] - width / height))


def money(seat: Seat, amount: int) -> str:
    return Money(amount, seat.merchant.currency).text(LOCALES[seat.lang])


def price_span(seat: Seat, lowest: int | None, highest: int | None) -> str:
    if lowest is None or highest is None:
        return "–"
    return money(seat, lowest) if lowest == highest else f"{money(seat, lowest)} – {money(seat, highest)}"


def major(seat: Seat, amount: int) -> float:
    """For plots: 12.5 for 1250 cents."""
    return float(Money(amount, seat.merchant.currency).decimal())


def number(seat: Seat, value: float) -> str:
    words: str = pens(seat.lang)["number"](value)
    return words


def moment(seat: Seat, at: datetime | None) -> str:
    """In the merchant's time zone; a dash where there is none."""
    words: str = pens(seat.lang)["moment"](at, seat.merchant.timezone) if at else "–"
    return words


def clock(seat: Seat, at: datetime) -> str:
    words: str = pens(seat.lang)["clock"](at, seat.merchant.timezone)
    return words


def ago(seat: Seat, at: datetime) -> str:
    words: str = pens(seat.lang)["ago"](at)
    return words


def iso(seat: Seat, at: datetime | None) -> str:
    """For files: local time with its offset."""
    return local(at, seat.merchant.timezone).isoformat(timespec="seconds") if at else ""


def weekday(seat: Seat) -> str:
    return format_date(local(seat.now, seat.merchant.timezone), "EEEE", locale=LOCALES[seat.lang])


def change(seat: Seat, value: int, before: int) -> tuple[str, str]:
    """(how much more or less than before, in words; up | down | "")."""
    if not before:
        return "", ""
    share = round((value - before) / before, 2) or 0.0  # no "-0%"
    sign = "+" if share > 0 else ""
    said = sign + format_percent(share, locale=LOCALES[seat.lang])
    return said, "up" if share > 0 else "down" if share else ""


def options_words(options: Iterable[str]) -> str:
    return " / ".join(options)


def thing(title: str, options: Iterable[str]) -> str:
    said = options_words(options)
    return f"{title} · {said}" if said else title


def post_url(post_id: object) -> str:
    return f"/console/posts/{post_id}"


def order_url(order_id: object) -> str:
    return f"/console/orders/{order_id}"


def linked(seat: Seat, permission: Permission, text: str, url: str) -> View | str:
    """A table's cell: a link where the role may follow it."""
    return {"text": text, "url": url} if seat.may(permission) else text
