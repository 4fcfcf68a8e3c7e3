"""Scheduling in the composer, moving in the calendar, and the history of a post."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.channels.console.console_site import ConsoleSite, errors, form
from tests.html import every, values
from unwall.content.posts.jobs import Publisher
from unwall.kernel.clock import now

CALENDAR = "/console/posts/calendar"
FIELD = "%Y-%m-%dT%H:%M"
SHANGHAI = ZoneInfo("Asia/Shanghai")


TOMORROW = (now().astimezone(SHANGHAI) + timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)
"""As the store's clocks show it; the same day throughout a test that midnight passes."""


async def scheduled(site: ConsoleSite, at: datetime, title: str = "New tea") -> UUID:
    fields = form((await site.get("/console/posts/new")).text, 'id="composer"')
    sent = fields | {"title": title, "do": "schedule", "scheduled_at": at.strftime(FIELD)}
    answer = await site.post("/console/posts/new", sent)
    assert answer.status_code == 303, errors(answer.text)
    return UUID(fields["id"])


async def test_a_post_is_scheduled_by_the_clock_of_the_store(site: ConsoleSite) -> None:
    post_id = await scheduled(site, TOMORROW)
    sql = "SELECT state || ' ' || scheduled_at::text FROM post WHERE id = $1"
    stored = await site.value("SELECT scheduled_at FROM post WHERE id = $1", post_id)
    assert (await site.value(sql, post_id)).startswith("scheduled")
    assert stored == TOMORROW.astimezone(UTC)
    page = (await site.get(f"/console/posts/{post_id}")).text
    assert values(page, "[name=scheduled_at]", "value") == [TOMORROW.strftime(FIELD)]
    assert "This post is scheduled" in page
    assert (await site.get(f"/post/{post_id}")).status_code == 404


async def test_a_time_that_is_none_or_has_passed_is_named_and_nothing_is_saved(site: ConsoleSite) -> None:
    fields = form((await site.get("/console/posts/new")).text, 'id="composer"')
    before = await site.value("SELECT count(*) FROM post")
    for wrong in ("", "soon", "2020-01-01T10:00"):
        sent = fields | {"title": "New tea", "do": "schedule", "scheduled_at": wrong}
        answer = await site.post("/console/posts/new", sent)
        assert answer.status_code == 422
        assert set(errors(answer.text)) == {"f-scheduled_at"}
    assert await site.value("SELECT count(*) FROM post") == before


async def test_the_calendar_moves_a_post_and_tells_the_second_of_two(site: ConsoleSite) -> None:
    post_id = await scheduled(site, TOMORROW)
    url = f"/console/posts/{post_id}/schedule"
    week = f"{CALENDAR}?week={TOMORROW.date()}"
    page = (await site.get(week)).text
    assert len(every(page, ".day")) == 7
    assert values(page, f'[data-day="{TOMORROW.date()}"] [data-move] a', "href") == [f"/console/posts/{post_id}"]
    fields = form(page, f'action="{url}"')
    later = TOMORROW + timedelta(days=2)
    assert (await site.post(url, fields | {"scheduled_at": later.strftime(FIELD)})).status_code == 303
    assert await site.value("SELECT scheduled_at FROM post WHERE id = $1", post_id) == later.astimezone(UTC)
    second = await site.post(url, fields | {"scheduled_at": (later + timedelta(days=1)).strftime(FIELD)})
    assert second.status_code == 409
    assert await site.value("SELECT scheduled_at FROM post WHERE id = $1", post_id) == later.astimezone(UTC)
    wrong = await site.post(url, fields | {"scheduled_at": "2020-01-01T10:00"})
    assert wrong.status_code in {409, 422}


async def test_of_a_rivals_post_nothing_is_moved(site: ConsoleSite) -> None:
    url = f"/console/posts/{site.rival.post}/schedule"
    assert (await site.post(url, {"scheduled_at": TOMORROW.strftime(FIELD)})).status_code == 404


async def test_a_missed_post_is_told_on_the_first_page_and_given_a_new_time(site: ConsoleSite) -> None:
    post_id = await scheduled(site, TOMORROW)
    assert "Missed posts" not in (await site.get("/console")).text
    await Publisher(site.db, lambda: TOMORROW.astimezone(UTC) + timedelta(hours=2)).sweep()
    assert "Missed posts" in (await site.get("/console")).text
    assert f"/console/posts/{post_id}" in values(
        (await site.get("/console/posts?state=missed")).text, "#posts a", "href"
    )
    page = (await site.get(f"/console/posts/{post_id}")).text
    assert "More than an hour late" in page
    fields = form(page, 'id="composer"')
    later = TOMORROW + timedelta(days=1)
    sent = fields | {"do": "schedule", "scheduled_at": later.strftime(FIELD)}
    assert (await site.post(f"/console/posts/{post_id}", sent)).status_code == 303
    assert await site.value("SELECT state FROM post WHERE id = $1", post_id) == "scheduled"


async def test_the_history_shows_what_was_written_as_text(site: ConsoleSite) -> None:
    post_id = await scheduled(site, TOMORROW, title="<script>alert(1)</script>")
    fields = form((await site.get(f"/console/posts/{post_id}")).text, 'id="composer"')
    assert (await site.post(f"/console/posts/{post_id}", fields | {"title": "Tea", "do": "save"})).status_code == 303
    page = (await site.get(f"/console/posts/{post_id}")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert await site.value("SELECT state FROM post WHERE id = $1", post_id) == "scheduled"
