"""What the shopper was told: the list, live; what they want to be told of; and the browsers that take push messages."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect, ServerSentEvent

from unwall.channels.http.context import MEMBER
from unwall.channels.http.flash import Flash
from unwall.channels.http.formatters import formatters
from unwall.channels.http.push import push_subscription
from unwall.channels.http.routes import FormData
from unwall.channels.http.streams import news_events
from unwall.channels.shop.context import ShopContext, ShopPage
from unwall.kernel.clock import now
from unwall.kernel.errors import Invalid
from unwall.kernel.ids import parse_id
from unwall.kernel.text import N_
from unwall.messages import actions, reads, rules
from unwall.messages.actions import person_topic
from unwall.messages.values import Choice, Notification, NotificationChannel, QuietHours, Topic
from unwall.messages.vapid import public_key
from unwall.people.attempts import count_act, count_attempt

PATH, CHOICES = "/me/notifications", "/me/notifications/choices"
NOTIFICATIONS = 20
TOPICS = {
    Topic.ORDERS: N_("Your orders"),
    Topic.MESSAGES: N_("Messages from stores"),
    Topic.POSTS: N_("New posts of accounts you follow"),
    Topic.REVIEWS: N_("Reviews and answers"),
}
ICONS = {Topic.ORDERS: "box", Topic.MESSAGES: "comment", Topic.POSTS: "picture", Topic.REVIEWS: "star"}


class NotificationView(msgspec.Struct, frozen=True):
    url: str
    """of the form that reads it and leads to what it is about"""
    icon: str
    title: str
    text: str
    ago: str
    unread: bool


class ChoiceView(msgspec.Struct, frozen=True):
    topic: str
    label: str
    app: bool
    push: bool
    mail: bool


class NotificationsPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/notifications.html"

    rows: list[NotificationView]
    next_url: str | None
    events_url: str
    choices_url: str


class NotificationChoicesPage(ShopPage, frozen=True, kw_only=True):
    TEMPLATE = "shop/notification_choices.html"

    choices: list[ChoiceView]
    hours: list[str]
    start: str
    finish: str
    timezone: str
    key: str
    """of this install, for the browser's push service"""
    mails: bool
    """mails are sent, and the person has an address"""


@get(PATH, include_in_schema=False)
async def notifications(ctx: ShopContext) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        page = await reads.notifications(conn, ctx.visit, ctx.query.get("after"), NOTIFICATIONS * ctx.pages)
    return ctx.page(
        NotificationsPage(
            title=ctx.words(N_("Notifications")),
            rows=[_view(ctx, one) for one in page.rows],
            next_url=f"{PATH}?after={page.after}" if page.after else None,
            events_url="/me/events",
            choices_url=CHOICES,
        )
    )


def _view(ctx: ShopContext, one: Notification) -> NotificationView:
    return NotificationView(
        url=f"{PATH}/{one.id}",
        icon=ICONS[one.topic],
        title=ctx.words(rules.TITLES[one.kind]),
        text=ctx.words(one.text).format(**one.facts),
        ago=formatters(ctx.lang).ago(one.at),
        unread=one.read_at is None,
    )


@get("/me/events", include_in_schema=False)
async def events(ctx: ShopContext) -> ServerSentEvent:
    """An event each time something is new for this person; the page then loads its part anew."""
    topic, news = person_topic(ctx.visit.person_id), ctx.services.news
    return ServerSentEvent(news_events(news, topic, news.place(ctx.origin, topic)))


@post(PATH, include_in_schema=False, status_code=303)
async def read_all(ctx: ShopContext, data: FormData) -> Redirect:
    async with ctx.services.db.transaction() as conn:
        await actions.mark_read(conn, ctx.visit, None, now())
    return Redirect(PATH, status_code=303)


@get("/me/notifications/{notification:str}", include_in_schema=False)
async def follow_notification(ctx: ShopContext, notification: str) -> Redirect:
    """Reads it and leads to what it is about; one that is not there leads to the list."""
    notification_id = parse_id(notification)
    if notification_id is None:
        return Redirect(PATH)
    async with ctx.services.db.transaction() as conn:
        link = await reads.link_of(conn, ctx.visit, notification_id)
        await actions.mark_read(conn, ctx.visit, [notification_id], now())
    return Redirect(link or PATH)


# --- what they want ---------------------------------------------------------------------------------------------------


@get(CHOICES, include_in_schema=False)
async def choices(ctx: ShopContext) -> Response[Any]:
    async with ctx.services.db.read() as conn:
        chosen = rules.choices_of(await reads.choices(conn, ctx.visit))
        quiet = await reads.quiet_hours(conn, ctx.visit) or rules.DEFAULT_QUIET
    views = [
        ChoiceView(topic, ctx.words(label), *(chosen[topic, channel] for channel in NotificationChannel))
        for topic, label in TOPICS.items()
    ]
    hours = [f"{hour:02}:00" for hour in range(24)]
    return ctx.page(
        NotificationChoicesPage(
            title=ctx.words(N_("Notifications you get")),
            choices=views,
            hours=hours,
            start=hours[quiet.start],
            finish=hours[quiet.finish],
            timezone=quiet.timezone,
            key=public_key(ctx.services.secret),
            mails=_mails(ctx),
        )
    )


def _mails(ctx: ShopContext) -> bool:
    return bool(ctx.services.settings.mail_url) and ctx.member is not None


@post(CHOICES, include_in_schema=False, status_code=303)
async def choose(ctx: ShopContext, data: FormData) -> Redirect:
    await count_act(ctx.services.db, ctx.visit, now())
    asked = [one for one in NotificationChannel if one is not NotificationChannel.MAIL or _mails(ctx)]
    made = [Choice(topic, channel, f"{topic}.{channel}" in data) for topic in Topic for channel in asked]
    quiet = QuietHours(_hour(data, "start"), _hour(data, "finish"), data.get("timezone", "") or "UTC")
    async with ctx.services.db.transaction() as conn:
        await actions.choose(conn, ctx.visit, made)
        await actions.keep_quiet_hours(conn, ctx.visit, quiet)
    ctx.flash(Flash(ctx.words(N_("Your choice is saved."))))
    return Redirect(CHOICES, status_code=303)


def _hour(data: dict[str, str], field: str) -> int:
    hour = data.get(field, "")[:5].partition(":")[0]
    if not (hour.isascii() and hour.isdecimal()):
        raise Invalid.one(field, N_("Choose an hour of the day."))
    return int(hour)


@post("/me/push", include_in_schema=False, status_code=204)
async def subscribe(ctx: ShopContext, data: FormData) -> None:
    """By the script, once the person has allowed push messages in this browser."""
    limits = rules.push_limits(ctx.visit.person_id, ctx.origin)
    await count_attempt(ctx.services.db, limits, now(), rules.TOO_MANY_BROWSERS)
    given = push_subscription(data)
    person_id, token = ctx.visit.person_id, ctx.request.cookies.get(MEMBER, "") if ctx.member else ""
    async with ctx.services.db.transaction() as conn:
        await actions.subscribe(conn, person_id, token, given, ctx.lang)
        await actions.start_quiet_hours(conn, person_id, data.get("timezone", ""))


@post("/me/push/end", include_in_schema=False, status_code=204)
async def unsubscribe(ctx: ShopContext, data: FormData) -> None:
    async with ctx.services.db.transaction() as conn:
        await actions.unsubscribe(conn, ctx.visit.person_id, data.get("endpoint", ""))


HANDLERS: list[Any] = [
    notifications,
    events,
    read_all,
    choices,
    choose,
    follow_notification,
    subscribe,
    unsubscribe,
]
