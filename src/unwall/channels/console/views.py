"""Words, money, times and addresses as the console's templates show them. Pure."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from babel.dates import format_date
from babel.numbers import format_percent

from unwall.catalogue.values import ProductStatus
from unwall.channels.console.context import ConsoleContext
from unwall.channels.design.values import Cell, Tab
from unwall.channels.http.formatters import formatters
from unwall.commerce.fulfilment.values import ShipmentState
from unwall.commerce.orders.values import Channel, OrderStage, OrderState
from unwall.commerce.sourcing.values import DeliveryMethod
from unwall.commerce.stock.values import Reason, StockBucket
from unwall.content.posts.values import PostFormat, PostKind, PostState
from unwall.kernel.clock import local
from unwall.kernel.money import Money
from unwall.kernel.text import N_, locale_of
from unwall.people.values import Permission

ORDER_STATES = {
    OrderState.PREPARED: N_("Not paid yet"),
    OrderState.PAID: N_("Paid"),
    OrderState.FULFILLED: N_("Done"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Expired unpaid"),
}
ORDER_STAGES = {
    OrderStage.UNPAID: N_("Not paid yet"),
    OrderStage.TO_PICK: N_("To pick"),
    OrderStage.PICKING: N_("Picking"),
    OrderStage.READY: N_("Ready"),
    OrderStage.ON_ITS_WAY: N_("On its way"),
    OrderStage.DONE: N_("Done"),
    OrderStage.CANCELLED: N_("Cancelled"),
    OrderStage.EXPIRED: N_("Expired unpaid"),
}
STAGE_TONES = {
    OrderStage.DONE: "good",
    OrderStage.UNPAID: "soon",
    OrderStage.TO_PICK: "soon",
    OrderStage.CANCELLED: "bad",
}
ORDER_TONES = {OrderState.FULFILLED: "good", OrderState.PREPARED: "soon", OrderState.CANCELLED: "bad"}
POST_STATES = {
    PostState.DRAFT: N_("Draft"),
    PostState.IN_REVIEW: N_("In review"),
    PostState.SCHEDULED: N_("Scheduled"),
    PostState.LIVE: N_("Live"),
    PostState.MISSED: N_("Missed"),
    PostState.REMOVED: N_("Removed"),
}
POST_TONES = {
    PostState.DRAFT: "soon",
    PostState.IN_REVIEW: "soon",
    PostState.SCHEDULED: "soon",
    PostState.LIVE: "good",
    PostState.MISSED: "bad",
    PostState.REMOVED: "",
}
POST_KINDS = {
    PostKind.NOTE: N_("Note"),
    PostKind.ARTICLE: N_("Article"),
    PostKind.PHOTO_SET: N_("Photo set"),
    PostKind.LOOKBOOK: N_("Lookbook"),
    PostKind.VIDEO: N_("Video"),
    PostKind.QUESTION: N_("Question"),
}
POST_FORMATS = {PostFormat.PLAIN: N_("Plain text"), PostFormat.MARKDOWN: N_("Markdown")}
STATUSES = {
    ProductStatus.ACTIVE: N_("On sale"),
    ProductStatus.DRAFT: N_("Draft"),
    ProductStatus.ARCHIVED: N_("Archived"),
}
STATUS_TONES = {ProductStatus.ACTIVE: "good", ProductStatus.DRAFT: "soon", ProductStatus.ARCHIVED: ""}
CHANNELS = {Channel.ONLINE: N_("Online"), Channel.COUNTER: N_("Counter"), Channel.IMPORT: N_("Imported")}
METHODS = {
    DeliveryMethod.SHIP: N_("By post"),
    DeliveryMethod.COURIER: N_("By courier"),
    DeliveryMethod.PICKUP: N_("Pickup"),
    DeliveryMethod.TAKEN: N_("Taken at the counter"),
}
BUCKETS = {
    StockBucket.AVAILABLE: N_("available"),
    StockBucket.HELD: N_("held"),
    StockBucket.ALLOCATED: N_("allocated"),
    StockBucket.OUTSIDE: N_("outside"),
}
REASONS = {
    Reason.HOLD: N_("Held for an order"),
    Reason.RELEASE: N_("Released"),
    Reason.EXPIRE: N_("Hold expired"),
    Reason.ALLOCATE: N_("Paid"),
    Reason.DEALLOCATE: N_("Allocation undone"),
    Reason.ISSUE: N_("Issued to the customer"),
    Reason.RECEIPT: N_("Goods received"),
    Reason.RETURN: N_("Returned"),
    Reason.COUNTER_SALE: N_("Sold at the counter"),
    Reason.ADJUSTMENT: N_("Corrected"),
    Reason.COUNT: N_("Counted"),
    Reason.DAMAGE: N_("Damaged"),
}
MOMENTS = {
    "placed": N_("Ordered"),
    "paid": N_("Paid"),
    ShipmentState.ROUTED: N_("Routed to a shop or warehouse"),
    ShipmentState.PICKING: N_("Being picked"),
    ShipmentState.READY: N_("Ready"),
    ShipmentState.HANDED_OVER: N_("Handed over"),
    ShipmentState.COLLECTED: N_("Collected"),
    OrderState.CANCELLED: N_("Cancelled"),
    OrderState.EXPIRED: N_("Expired unpaid"),
}


ACTORS = {
    "visitor": N_("A shopper"),
    "shopper": N_("A shopper"),
    "system": N_("Unwall"),
    "clock": N_("Unwall, scheduled"),
}
PAGES = {
    "home": N_("Home page"),
    "store": N_("Store front"),
    "product": N_("Product page"),
    "post": N_("A post"),
    "search": N_("Search"),
    "account": N_("An account's page"),
    "bag": N_("The bag"),
    "order": N_("An earlier order"),
}


def actor(ctx: ConsoleContext, who: str) -> str:
    """Staff by their e-mail address; a shopper is not named."""
    kind, _, name = who.partition(":")
    return name if kind == "staff" and name else ctx.words(ACTORS.get(kind, who))


def page_words(ctx: ConsoleContext, page: str | None) -> str:
    """`page` is stored as page/module, such as `home/for-you`."""
    name = (page or "").partition("/")[0]
    return ctx.words(PAGES.get(name, name)) or "–"


def money(ctx: ConsoleContext, amount: int) -> str:
    return Money(amount, ctx.merchant.currency).text(locale_of(ctx.lang))


def price_span(ctx: ConsoleContext, lowest: int | None, highest: int | None) -> str:
    if lowest is None or highest is None:
        return "–"
    return money(ctx, lowest) if lowest == highest else f"{money(ctx, lowest)} – {money(ctx, highest)}"


def major(ctx: ConsoleContext, amount: int) -> float:
    """For plots: 12.5 for 1250 cents."""
    return float(Money(amount, ctx.merchant.currency).decimal())


def number(ctx: ConsoleContext, value: float) -> str:
    return formatters(ctx.lang).number(value)


def moment(ctx: ConsoleContext, at: datetime | None) -> str:
    """In the merchant's time zone; a dash where there is none."""
    return formatters(ctx.lang).moment(at, ctx.merchant.timezone) if at else "–"


def clock(ctx: ConsoleContext, at: datetime) -> str:
    return formatters(ctx.lang).clock(at, ctx.merchant.timezone)


def ago(ctx: ConsoleContext, at: datetime) -> str:
    return formatters(ctx.lang).ago(at)


def iso(ctx: ConsoleContext, at: datetime | None) -> str:
    """For files: local time with its offset."""
    return local(at, ctx.merchant.timezone).isoformat(timespec="seconds") if at else ""


def weekday(ctx: ConsoleContext) -> str:
    return format_date(local(ctx.now, ctx.merchant.timezone), "EEEE", locale=locale_of(ctx.lang))


class FigureChange(msgspec.Struct, frozen=True):
    """How much more or less than before; `trend` is up | down | ""."""

    text: str = ""
    trend: str = ""


def change(ctx: ConsoleContext, value: int, before: int) -> FigureChange:
    if not before:
        return FigureChange()
    share = round((value - before) / before, 2) or 0.0  # no "-0%"
    sign = "+" if share > 0 else ""
    text = sign + format_percent(share, locale=locale_of(ctx.lang))
    return FigureChange(text, "up" if share > 0 else "down" if share else "")


def options_words(options: Iterable[str]) -> str:
    return " / ".join(options)


def item_name(title: str, options: Iterable[str]) -> str:
    chosen = options_words(options)
    return f"{title} · {chosen}" if chosen else title


def post_url(post_id: object) -> str:
    return f"/console/posts/{post_id}"


def order_url(order_id: object) -> str:
    return f"/console/orders/{order_id}"


def product_url(product_id: object) -> str:
    return f"/console/products/{product_id}"


def linked(ctx: ConsoleContext, permission: Permission, text: str, url: str) -> Cell:
    """A link where the role may follow it."""
    return Cell(text, url if ctx.may(permission) else None)


SAID = (
    ("/console/reviews", N_("Reviews")),
    ("/console/questions", N_("Questions")),
    ("/console/comments", N_("Comments")),
    ("/console/blocked", N_("Blocked people")),
)
"""The pages of what people say."""


def said_tabs(ctx: ConsoleContext, path: str) -> list[Tab]:
    return [Tab(url, ctx.words(label), url == path) for url, label in SAID]
