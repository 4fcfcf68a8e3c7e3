"""The calendar of posts: a week of what was and what will be published. A post is moved by dragging it to another day,
or by its form; a missed one is put at a new time the same way."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post

from unwall.channels.console import views
from unwall.channels.console.content.posts import PATH as POSTS
from unwall.channels.console.content.posts import own
from unwall.channels.console.context import ConsoleContext, ConsolePage
from unwall.channels.console.forms import SubmittedForm
from unwall.channels.console.versions import FIELD, ChangedMeanwhile, check_version, version_of
from unwall.channels.http.formatters import formatters
from unwall.channels.http.page_context import FieldTexts, see_other, with_query
from unwall.channels.http.pictures import thumbnail_url
from unwall.channels.http.routes import FormData
from unwall.content.accounts.rules import staff_actor
from unwall.content.posts.reads import calendar
from unwall.content.posts.rules import wall_time
from unwall.content.posts.scheduling import schedule
from unwall.content.posts.values import CalendarPost, PostState, WrongState
from unwall.kernel.clock import local
from unwall.kernel.database import lock_subject
from unwall.kernel.errors import Invalid
from unwall.kernel.text import N_
from unwall.people.values import Permission

PATH = f"{POSTS}/calendar"
DAYS = 7
FIELD_FORM = "%Y-%m-%dT%H:%M"
MOVABLE = frozenset({PostState.SCHEDULED, PostState.MISSED})


class CalendarEntry(msgspec.Struct, frozen=True):
    id: str
    url: str
    title: str
    account: str
    image: str | None
    clock: str
    state: str
    tone: str
    movable: bool
    move_url: str
    scheduled_at: str
    version: str
    error: str = ""


class CalendarDay(msgspec.Struct, frozen=True):
    day: str
    label: str
    today: bool
    write_url: str
    """Of the composer with this day; empty for a day that has passed."""
    entries: list[CalendarEntry]


class CalendarPage(ConsolePage, frozen=True, kw_only=True):
    TEMPLATE = "console/calendar.html"

    days: list[CalendarDay]
    earlier_url: str
    later_url: str
    this_week_url: str
    posts_url: str
    zone_name: str
    week: str
    errors: FieldTexts
    problem: str | None


@get(PATH, permission=Permission.PUBLISH, include_in_schema=False)
async def week(ctx: ConsoleContext) -> Response[str]:
    return await _page(ctx, _monday(ctx, ctx.query.get("week", "")))


@post(f"{POSTS}/{{post_id:uuid}}/schedule", permission=Permission.PUBLISH, include_in_schema=False, status_code=303)
async def move(ctx: ConsoleContext, post_id: UUID, data: FormData) -> Response[Any]:
    form = SubmittedForm(data, [])
    monday = _monday(ctx, form.text("week"))
    try:
        at = wall_time(form.text("scheduled_at"), ctx.merchant.timezone)
        async with ctx.confined() as conn:
            await lock_subject(conn, "post", post_id)
            known = await own(conn, ctx, post_id)
            check_version(form.text(FIELD), _fields(known.scheduled_at), _fields(at))
            await schedule(conn, staff_actor(ctx.staff), post_id, at, ctx.now)
    except (Invalid, ChangedMeanwhile, WrongState) as error:
        return await _page(ctx, monday, error=error, wrong=post_id)
    ctx.flash(ctx.words(N_("The post will be published on {moment}."), moment=views.moment(ctx, at)))
    return see_other(with_query(PATH, {"week": monday.isoformat()}))


def _fields(at: datetime | None) -> dict[str, object]:
    return {"scheduled_at": at.isoformat() if at else None}


def _monday(ctx: ConsoleContext, text: str) -> date:
    """Of the week of a day; of this week where it is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = local(ctx.now, ctx.merchant.timezone).date()
    if not 1970 < day.year < 9000:
        day = local(ctx.now, ctx.merchant.timezone).date()
    return day - timedelta(days=day.weekday())


async def _page(
    ctx: ConsoleContext,
    monday: date,
    *,
    error: Invalid | ChangedMeanwhile | WrongState | None = None,
    wrong: UUID | None = None,
) -> Response[str]:
    zone = ZoneInfo(ctx.merchant.timezone)
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (monday, monday + timedelta(days=DAYS)))
    async with ctx.confined() as conn:
        entries = await calendar(conn, ctx.merchant_id, ctx.lang, begin, end, staff_actor(ctx.staff).staff_id)
    errors = ctx.field_errors(error)
    rows = [_entry(ctx, one, errors["scheduled_at"] if one.id == wrong else "") for one in entries]
    days = [monday + timedelta(days=n) for n in range(DAYS)]

    def address(day: date) -> str:
        return with_query(PATH, {"week": day.isoformat()})

    return ctx.page(
        CalendarPage(
            title=ctx.words(N_("Calendar")),
            days=[_day(ctx, day, rows) for day in days],
            earlier_url=address(monday - timedelta(days=DAYS)),
            later_url=address(monday + timedelta(days=DAYS)),
            this_week_url=PATH,
            posts_url=POSTS,
            zone_name=ctx.merchant.timezone,
            week=monday.isoformat(),
            errors=errors,
            problem=ctx.problem(error),
        ),
        error,
    )


def _day(ctx: ConsoleContext, day: date, entries: list[CalendarEntry]) -> CalendarDay:
    today = local(ctx.now, ctx.merchant.timezone).date()
    return CalendarDay(
        day=day.isoformat(),
        label=formatters(ctx.lang).weekday(day),
        today=day == today,
        write_url=with_query(f"{POSTS}/new", {"at": f"{day.isoformat()}T09:00"}) if day > today else "",
        entries=[entry for entry in entries if entry.scheduled_at[:10] == day.isoformat()],
    )


def _entry(ctx: ConsoleContext, one: CalendarPost, error: str) -> CalendarEntry:
    return CalendarEntry(
        id=str(one.id),
        url=views.post_url(one.id),
        title=one.title or one.excerpt or ctx.words(N_("Without a title")),
        account=one.account_name,
        image=thumbnail_url(one.image_file),
        clock=formatters(ctx.lang).clock(one.at, ctx.merchant.timezone),
        state=ctx.words(views.POST_STATES[one.state]),
        tone=views.POST_TONES[one.state],
        movable=one.state in MOVABLE,
        move_url=f"{views.post_url(one.id)}/schedule",
        scheduled_at=local(one.at, ctx.merchant.timezone).strftime(FIELD_FORM),
        version=version_of(_fields(one.at)),
        error=error,
    )


HANDLERS: list[Any] = [week, move]
